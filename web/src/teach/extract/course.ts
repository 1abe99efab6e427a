// One training from its beginning to its end, which may come early.
import type { TeachProgress } from './types.js';

/** What can be ended while it learns. */
interface Learner {
  stop(): void;
}

export class Course {
  readonly #controller = new AbortController();
  readonly #given: AbortSignal | undefined;
  readonly #aborted = () => this.#controller.abort(this.#given?.reason);
  #stopped = false;
  #learner: Learner | undefined;

  /** @param signal of the user: whatever runs rejects with its reason */
  constructor(signal: AbortSignal | undefined) {
    this.#given = signal;
    signal?.addEventListener('abort', this.#aborted);
    if (signal?.aborted) this.#aborted();
  }

  /** Of everything that belongs to this training. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether stop() has ended it. Throws what else has. */
  get stopped(): boolean {
    this.signal.throwIfAborted();
    return this.#stopped;
  }

  /** Ends it after the step that runs, with what there is. */
  stop(): void {
    this.#stopped = true;
    this.#learner?.stop();
  }

  /** Ends it with an error. */
  fail(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Lets stop() end a learner, too. */
  async during<T>(learner: Learner, work: () => Promise<T>): Promise<T> {
    this.#learner = learner;
    try {
      return await work();
    } finally {
      this.#learner = undefined;
    }
  }

  close(): void {
    this.#given?.removeEventListener('abort', this.#aborted);
  }
}

/** How far something that is no training has come. */
export function progressOf(
  phase: TeachProgress['phase'],
  step: number,
  steps: number,
  start: number,
): TeachProgress {
  const seconds = Math.max((performance.now() - start) / 1000, 1e-6);
  return {
    phase,
    ...{ epoch: 0, epochs: 1, step, steps, loss: Number.NaN, metrics: {} },
    samplesPerSecond: step / seconds,
    secondsLeft: step > 0 ? (seconds / step) * (steps - step) : undefined,
  };
}
