// Runs one model on a picture and tells of each pixel whether it is somebody.
import type { Preprocess } from '../recipe.js';
import type { Sight } from '../seeing.js';

/** What to tell pixels by, as `mask` in wasm/decode.h takes it. */
export type Mask =
  | { kind: 'person'; threshold: number; soft: boolean; probabilities: boolean }
  | { kind: 'parts'; threshold: number }
  | { kind: 'people'; threshold: number; most: number; score: number };

export interface MaskRequest {
  model: number;
  /** Of the model's picture, if it leaves it open. */
  size?: readonly [height: number, width: number];
  preprocess: Preprocess;
  mask: Mask;
  /** Whether to give the mirror image. */
  flip: boolean;
}

export interface Masks {
  /** A byte for each pixel of the picture, row by row: see models/segment/bodypix.h. */
  data: Uint8Array<ArrayBuffer>;
  /** Of `people`, the numbers of each: see `poses` in wasm/decode.h. */
  poses: Float32Array<ArrayBuffer>;
}

export async function masks(sight: Sight, request: MaskRequest): Promise<Masks> {
  const { model, size, preprocess, mask, flip } = request;
  const program = await sight.program(model, size);
  sight.show(program, preprocess);
  return sight.run(program, () => {
    const data = program.mask(JSON.stringify({ ...mask, flip })).slice();
    return { data, poses: program.found().slice() };
  });
}
