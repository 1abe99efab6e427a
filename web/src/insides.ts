// What the functions beside a model may know of it, without its being part of the model.
import type { Client } from './client.js';
import type { Samples } from './layers/layersModel.js';
import type { Session } from './model.js';
import type { Activation, Preprocess } from './recipe.js';
import type { TeachTask } from './tasks/featureExtractor.js';
import type { Graft } from './teach/graft.js';
import type { DataSet } from './training.js';

/** What has been taught, as it is at one moment: numbers of models hold until the next change. */
export interface Taught {
  client: Client;
  /** Picture → one output, [1, features], or [1, height, width, features] before their mean. */
  features: number;
  /** What the inputs of the two are called. */
  names: { picture: string; row: string };
  /** Features → scores of the classes, or a number; undefined where nothing has been learned. */
  head: number | undefined;
  /**
   * The classes in the order of the head's outputs; none for regression. Refuses where labels were
   * joined after the training.
   *
   * @param who to begin messages with
   */
  labels(who: string): string[];
  task: TeachTask;
  preprocess: Preprocess;
  /** Of the picture. */
  input: readonly [height: number, width: number, channels: number];
  /** Both as one layers model. */
  graft(): Promise<Graft>;
}

export interface Inside {
  session: Session;
  /** How a picture becomes numbers, where the model is given pictures. */
  preprocess?: () => Promise<Preprocess>;
  /** The names of its classes, and whether its outputs are confidences yet. */
  classes?: () => Promise<{ labels: readonly string[]; activation: Activation }>;
  /** What has been taught so far. */
  taught?: () => Promise<Taught>;
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
