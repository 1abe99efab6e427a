// Runs one model on a picture and decodes what it found.
import type { Preprocess } from '../recipe.js';
import type { Sight } from '../seeing.js';

/** A square of a picture around a point, in pixels. */
export interface Square {
  x: number;
  y: number;
  size: number;
  /** Clockwise, in radians. */
  angle: number;
}

/** What to look for, as `decode` in wasm/decode.h takes it. */
export type Decode =
  | { kind: 'pose' }
  | { kind: 'poses'; most: number; part_score: number; radius: number }
  | { kind: 'movenet'; width: number; height: number }
  | { kind: 'faces'; most: number; score: number; overlap: number }
  | { kind: 'mesh' };

export interface FindRequest {
  model: number;
  /** Of the model's picture, if it leaves it open. */
  size?: readonly [height: number, width: number];
  preprocess: Preprocess;
  /** The part of the picture to look at; all of it if left out. */
  square?: Square;
  decode: Decode;
}

/** @returns what wasm/decode.h says for the kind */
export async function find(sight: Sight, request: FindRequest): Promise<Float32Array<ArrayBuffer>> {
  const { model, size, preprocess, square, decode } = request;
  const program = await sight.program(model, size);
  sight.show(program, preprocess, square);
  return sight.run(program, () => program.decode(JSON.stringify(decode)).slice());
}
