// What the functions beside a model may know of it, without its being part of the model.
import type { Samples } from './layers/layersModel.js';
import type { Session } from './model.js';
import type { Activation, Preprocess } from './recipe.js';
import type { DataSet } from './training.js';

export interface Inside {
  session: Session;
  /** How a picture becomes numbers, where the model is given pictures. */
  preprocess?: () => Promise<Preprocess>;
  /** The names of its classes, and whether its outputs are confidences yet. */
  classes?: () => Promise<{ labels: readonly string[]; activation: Activation }>;
  /** Checks samples and lets them be used, where the model can be trained. */
  training?: <T>(
    x: Samples,
    y: Samples,
    use: (set: number, data: DataSet) => Promise<T>,
  ) => Promise<T>;
}

const insides = new WeakMap<object, Inside>();

/** @param faces the objects that users hold */
export function remember(inside: Inside, ...faces: object[]): void {
  for (const face of faces) insides.set(face, inside);
}

export function insideOf(face: object): Inside | undefined {
  return insides.get(face);
}
