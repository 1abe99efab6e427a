// How ml5 is called: arguments in any order by their kind, and callbacks beside promises.
import { fail } from '../errors.js';
import { isPlainObject } from '../options.js';
import { show } from '../tensor.js';

/**
 * Told of a result, or of what went wrong: the result comes first, as in ml5 1.x.
 *
 *     function gotResults(results, error) { … }
 */
export type Callback<T> = (result: T, error?: Error) => unknown;

/** Told the other way round, as in ml5 0.12. */
export type ErrorFirst<T> = (error: unknown, result?: T) => unknown;

/** Arguments by their kind, each in the order in which they came. */
export interface Sorted {
  texts: string[];
  numbers: number[];
  callbacks: ((...args: never[]) => unknown)[];
  /** Plain objects: options. */
  options: Record<string, unknown>[];
  /** Everything else: pictures, lists, files. */
  others: unknown[];
}

/** Sorts the arguments of a call by their kind; those that are undefined or null are left out. */
export function sortArguments(args: readonly unknown[]): Sorted {
  const sorted: Sorted = { texts: [], numbers: [], callbacks: [], options: [], others: [] };
  for (const value of args) {
    if (value === undefined || value === null) continue;
    if (typeof value === 'string') sorted.texts.push(value);
    else if (typeof value === 'number') sorted.numbers.push(value);
    else if (typeof value === 'function') sorted.callbacks.push(value as () => unknown);
    else if (isPlain(value)) sorted.options.push(value);
    else sorted.others.push(value);
  }
  return sorted;
}

/** Whether a value was written as `{ … }`, and is no picture. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  return isPlainObject(value) && !('data' in value && 'width' in value) && !('elt' in value);
}

/** Refuses arguments that were given more than once, or that a call does not take. */
export function refuseMore(
  who: string,
  sorted: Sorted,
  most: Partial<Record<keyof Sorted, number>>,
  example: string,
): void {
  const words = {
    texts: 'texts',
    numbers: 'numbers',
    callbacks: 'functions',
    options: 'objects with options',
    others: 'other values',
  };
  for (const [kind, word] of Object.entries(words) as [keyof Sorted, string][]) {
    const taken = most[kind] ?? 0;
    if (sorted[kind].length <= taken) continue;
    const given = sorted[kind].map((value) => show(value)).join(', ');
    fail(`${who}: it takes ${taken || 'no'} ${word}`, { given }, example);
  }
}

/** The one function among sorted arguments, if there is one. */
export function callbackOf<T>({ callbacks }: Sorted): Callback<T> | undefined {
  return callbacks.at(-1) as Callback<T> | undefined;
}

/**
 * Answers a call both ways: by its promise, and by its callback where there is one.
 *
 * A callback that has a place for the error is told of it, and the promise then makes no noise. One
 * that has none is not called without a result; the error reaches the console through the promise.
 */
export function answer<T>(work: Promise<T>, callback: Callback<T> | undefined): Promise<T> {
  if (!callback) return work;
  const hears = takesError(callback);
  const tell = (error: Error) => hears && callLater(callback, undefined as T, error);
  return told(work, (result) => callLater(callback, result), tell, hears);
}

/** The same for callbacks that take the error first, as in ml5 0.12. */
export function answerErrorFirst<T>(
  work: Promise<T>,
  callback: ErrorFirst<T> | undefined,
): Promise<T> {
  if (!callback) return work;
  const tell = (error: Error) => callLater(callback, error);
  return told(work, (result) => callLater(callback, undefined, result), tell, true);
}

function told<T>(
  work: Promise<T>,
  onResult: (result: T) => void,
  onError: (error: Error) => void,
  quiet: boolean,
): Promise<T> {
  const answered = work.then(
    (result) => {
      onResult(result);
      return result;
    },
    (error: Error) => {
      onError(error);
      throw error;
    },
  );
  if (quiet) answered.catch(() => {});
  return answered;
}

/**
 * A callback of a loop, for the results: what it throws is an ordinary error of its own, and ends the
 * loop.
 */
export function loopCallback<T>(callback: Callback<T>, stop: () => void): (result: T) => void {
  return (result) => {
    try {
      callback(result);
    } catch (error) {
      stop();
      queueMicrotask(() => {
        throw error;
      });
    }
  };
}

/** Tells a callback of a loop about its error, or the console if it has no place for one. */
export function tellError<T>(callback: Callback<T>, error: unknown): void {
  if (takesError(callback)) callback(undefined as T, error as Error);
  else reportError(error);
}

function takesError(callback: (...args: never[]) => unknown): boolean {
  return callback.length > 1;
}

/** What a callback throws is an ordinary error of its own, and never makes it called again. */
function callLater<A extends unknown[]>(callback: (...args: A) => unknown, ...args: A): void {
  queueMicrotask(() => callback(...args));
}
