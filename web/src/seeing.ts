// Looks at pictures where WebAssembly lives: one message for each picture, however many models it takes.
import type { CoreProgram } from './engine.js';
import { find, type Square } from './people/find.js';
import { masks } from './people/masks.js';
import { faces } from './people/seeFaces.js';
import type { Preprocess } from './recipe.js';
import { examine } from './teach/examine.js';
import type { TypedArray } from './tensor.js';

/** What a look may use: the picture, and models. */
export interface Sight {
  /** Calls into C++, whose errors become ours. */
  guard<T>(call: () => T): T;
  /**
   * A model made ready to run.
   *
   * @param size of its picture, if the model leaves it open
   */
  program(model: number, size?: readonly [height: number, width: number]): Promise<CoreProgram>;
  /**
   * Makes the picture the input of a program for its next run, of which nothing may be waited for before.
   *
   * @param square the part of the picture to look at; all of it if left out
   */
  show(program: CoreProgram, preprocess: Preprocess, square?: Square): void;
  /** What show() would make of the picture. Valid until the next wait. */
  prepare(program: CoreProgram, preprocess: Preprocess): TypedArray;
  /**
   * Runs a program that program() gave, and then at once what reads its outputs. On a graphics processor
   * others may have their turn in between.
   */
  run<T>(program: CoreProgram, read: () => T): Promise<T>;
}

/** All looks. Each takes a sight and a request, and gives arrays that can move to another thread. */
export const looks = { examine, faces, find, masks };

export type LookMethod = keyof typeof looks;
/** What a look is asked: `model` names the first of its models. */
export type LookRequest<M extends LookMethod> = Parameters<(typeof looks)[M]>[1];
export type LookAnswer<M extends LookMethod> = Awaited<ReturnType<(typeof looks)[M]>>;
