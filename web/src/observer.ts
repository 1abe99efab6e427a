// Tells whoever looks what models do. While nobody looks, nothing is noted.

/** A model, to be told from others. */
export interface Observed {
  /** Where it came from; empty for a model that was made here. */
  address: string;
  /** Of its main file; empty for a model that was made here. */
  sha256: string;
  build: string;
  threads: number;
}

export interface Observer {
  /** A model has answered: milliseconds from the call to the answer. */
  answered?(model: Observed, time: number): void;
  /** A model has gone through samples: in so many steps and milliseconds. */
  trained?(model: Observed, steps: number, time: number): void;
  /** A model has been disposed of. */
  closed?(model: Observed): void;
  /** So many frames of a video came and went while its watcher was busy. */
  dropped?(frames: number): void;
}

const observers = new Set<Observer>();

/** @returns ends the observation */
export function observe(observer: Observer): () => void {
  observers.add(observer);
  return () => observers.delete(observer);
}

/** Tells every observer. */
export function tell(what: (observer: Observer) => void): void {
  for (const observer of observers) what(observer);
}

/** Waits for some work of a model and tells how long it took. */
export async function observed<T>(
  model: Observed | undefined,
  work: Promise<T>,
  what: (observer: Observer, model: Observed, time: number, result: T) => void,
): Promise<T> {
  if (observers.size === 0 || model === undefined) return work;
  const start = performance.now();
  const result = await work;
  const time = performance.now() - start;
  tell((observer) => what(observer, model, time, result));
  return result;
}
