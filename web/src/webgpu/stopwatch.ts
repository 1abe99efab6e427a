// Measures on the device how long each step takes.
import { type Buffers, usage } from './buffers.js';
import type { Timing } from './encode.js';

const atMost = 4096; // queries in a set, by WebGPU's specification
const stepsInSet = atMost / 2;
const nanoseconds = 1e-6; // in milliseconds

/** Time stamps before and after every step of one run. */
export class Stopwatch {
  readonly #buffers: Buffers;
  readonly #steps: number;
  readonly #sets: GPUQuerySet[] = [];
  readonly #times: GPUBuffer;

  constructor(device: GPUDevice, buffers: Buffers, steps: number) {
    this.#buffers = buffers;
    this.#steps = steps;
    for (let first = 0; first < steps; first += stepsInSet) {
      const count = 2 * Math.min(stepsInSet, steps - first);
      this.#sets.push(device.createQuerySet({ type: 'timestamp', count }));
    }
    this.#times = buffers.create('times', this.#bytes, usage.queryResolve | usage.copyFrom);
  }

  get #bytes(): number {
    return Math.max(1, this.#steps) * 16; // two stamps of 8 bytes
  }

  readonly timing: Timing = (step) => ({
    querySet: this.#sets[Math.floor(step / stepsInSet)] as GPUQuerySet,
    beginningOfPassWriteIndex: (2 * step) % atMost,
    endOfPassWriteIndex: ((2 * step) % atMost) + 1,
  });

  /** Gathers the stamps; they are then read with the buffer and the words given. */
  resolve(encoder: GPUCommandEncoder): [GPUBuffer, number] {
    this.#sets.forEach((set, i) => {
      encoder.resolveQuerySet(set, 0, set.count, this.#times, i * atMost * 8);
    });
    return [this.#times, this.#bytes / 4];
  }

  /** Milliseconds of each step; 0 for those that run no shader. */
  milliseconds(words: ArrayBuffer, at: number): number[] {
    const stamps = new BigUint64Array(words.slice(at, at + this.#bytes));
    return Array.from({ length: this.#steps }, (_, i) => {
      const time = Number((stamps[2 * i + 1] ?? 0n) - (stamps[2 * i] ?? 0n));
      return Math.max(0, time) * nanoseconds;
    });
  }

  /** Milliseconds from the beginning of the first shader to the end of the last. */
  span(words: ArrayBuffer, at: number): number {
    const stamps = new BigUint64Array(words.slice(at, at + this.#bytes)).filter(
      (time) => time > 0n,
    );
    const [first = 0n] = stamps;
    return Math.max(0, Number((stamps.at(-1) ?? 0n) - first)) * nanoseconds;
  }

  dispose(): void {
    for (const set of this.#sets) set.destroy();
    this.#buffers.destroy(this.#times);
  }
}
