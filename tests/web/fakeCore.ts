// A core without WebAssembly that learns y = w x: so that the course of a training can be tested.
import type { Core, CoreModel, CoreTrainer } from '../../web/src/engine.js';
import type { EpochRequest, Slice } from '../../web/src/training.js';

/** What a fake trainer has been asked for. */
export interface Asked {
  epochs: EpochRequest[];
  rates: number[];
  steps: number;
}

/** @param pace milliseconds that a step takes */
export function fakeCore(pace = 0): { core: Core; model: CoreModel; asked: Asked } {
  const asked: Asked = { epochs: [], rates: [], steps: 0 };
  const weight = new Float32Array(1);
  const model = {
    describe: () =>
      JSON.stringify({
        format: 'tfjs-layers',
        parameters: 1,
        inputs: [{ name: 'x', shape: [-1, 1], dtype: 'float32' }],
        outputs: [{ name: 'y', shape: [-1, 1], dtype: 'float32' }],
      }),
    weights: () =>
      JSON.stringify([{ name: 'd/kernel', shape: [1, 1], dtype: 'float32', trainable: true }]),
    weight: () => weight,
    touch: () => {},
    setTrainable: () => {},
    topology: () => JSON.stringify({ class_name: 'Sequential', config: { layers: [] } }),
    delete: () => {},
  };

  class Trainer implements Partial<CoreTrainer> {
    #rate: number;
    #sets = new Map<string, Float32Array>();
    #epoch: EpochRequest | undefined;
    #slice: Slice = { done: true, step: 0, samples: 0, metrics: {}, bad: null };
    #sum = 0;
    #updates = new Float32Array(1);

    constructor(_model: CoreModel, options: string) {
      this.#rate = JSON.parse(options).optimizer.config.learningRate;
    }
    describe(): string {
      const port = (name: string) => [{ name, shape: [-1, 1], dtype: 'float32' }];
      return JSON.stringify({ inputs: port('x'), targets: port('y'), metrics: ['loss'] });
    }
    reserve(set: number, kind: string, index: number, samples: number): Float32Array {
      const room = new Float32Array(samples);
      this.#sets.set(`${set}${kind}${index}`, room);
      return room;
    }
    begin(text: string): number {
      const epoch = JSON.parse(text) as EpochRequest;
      asked.epochs.push(epoch);
      this.#epoch = epoch;
      this.#sum = 0;
      this.#slice = { done: false, step: 0, samples: 0, metrics: {}, bad: null };
      return Math.ceil(epoch.count / epoch.batchSize);
    }
    run(milliseconds: number): string {
      const start = performance.now();
      do this.#step();
      while (!this.#slice.done && performance.now() - start < milliseconds);
      return JSON.stringify(this.#slice);
    }
    #step(): void {
      const { set, batchSize, first, count, train, steps } = this.#epoch as EpochRequest;
      const until = performance.now() + pace;
      while (performance.now() < until);
      const x = this.#sets.get(`${set}x0`) as Float32Array;
      const y = this.#sets.get(`${set}y0`) as Float32Array;
      const counts = this.#sets.get(`${set}w0`);
      const slice = this.#slice;
      const end = Math.min(count, slice.samples + batchSize);
      let gradient = 0;
      for (let i = first + slice.samples; i < first + end; i++) {
        const error = (weight[0] as number) * (x[i] as number) - (y[i] as number);
        this.#sum += error ** 2 * (counts?.[i] ?? 1);
        gradient += (2 * error * (x[i] as number)) / batchSize;
      }
      slice.samples = end;
      slice.step++;
      asked.steps++;
      if (train) {
        weight[0] = (weight[0] as number) - this.#rate * gradient;
        this.#updates[0] = (this.#updates[0] as number) + 1;
      }
      slice.metrics = { loss: this.#sum / end };
      if (!Number.isFinite(this.#sum)) slice.bad = 'loss';
      slice.done = end === count || slice.step === steps || slice.bad !== null;
    }
    setLearningRate(rate: number): void {
      asked.rates.push(rate);
      this.#rate = rate;
    }
    saveState(): string {
      return JSON.stringify({ updates: [1] });
    }
    stateBytes(): Uint8Array {
      return new Uint8Array(this.#updates.buffer);
    }
    loadState(): Uint8Array {
      return new Uint8Array(this.#updates.buffer);
    }
    delete(): void {}
  }
  const core = { Trainer, stackSave: () => 0 } as unknown as Core;
  return { core, model: model as unknown as CoreModel, asked };
}
