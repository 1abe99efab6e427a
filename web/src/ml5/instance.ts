// What the functions of ml5 give: an object that can be used at once and awaited, with `ready`.
import { type Loading, usableAtOnce } from '../usable.js';
import { answer, answerErrorFirst, type Callback, type ErrorFirst } from './calls.js';

/** What a function of ml5 gives. */
export type Instance<T> = Loading<T & Ready<T>>;

interface Ready<T> {
  /** Settles when loading ends. */
  readonly ready: Promise<T & Ready<T>>;
}

/**
 * Makes the methods of a task what ml5's functions give.
 *
 * @param loading settles when the task can be used
 * @param methods all there is to call; they wait for loading by themselves
 * @param callback told of the object once it has loaded
 * @param errorFirst the same for tasks of ml5 0.12
 */
export function instance<T extends object>(
  loading: Promise<unknown>,
  methods: T,
  callback?: Callback<T>,
  errorFirst?: ErrorFirst<T>,
): Instance<T> {
  const settled = loading.then(() => {});
  const usable = Object.defineProperties({} as T & Ready<T>, {
    ...Object.getOwnPropertyDescriptors(methods),
    ready: { enumerable: true, get: () => ready },
  });
  const ready = usableAtOnce(settled, usable);
  if (callback) answer(Promise.resolve<T>(ready), callback);
  if (errorFirst) answerErrorFirst(Promise.resolve<T>(ready), errorFirst);
  return ready;
}
