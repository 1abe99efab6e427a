// A core without WebAssembly that learns y = w x: so that the course of a training can be tested.
import type { CoreModel, CoreTrainer } from '../../web/src/engine.js';
import type { EpochRequest, Slice, TrainingCore } from '../../web/src/training.js';

/** What a fake trainer has been asked for. */
export interface Asked {
  epochs: EpochRequest[];
  rates: number[];
  steps: number;
}

/** What a test has no use for. */
export function unused(): never {
  throw new Error('no part of this test');
}

/** @param pace milliseconds that a step takes */
export function fakeCore(pace = 0): { core: TrainingCore; model: CoreModel; asked: Asked } {
  const asked: Asked = { epochs: [], rates: [], steps: 0 };
  const weight = new Float32Array(1);
  const model: CoreModel = {
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
    version: () => 0,
    compile: unused,
    compileGradient: unused,
    compileForDevice: unused,
    compileGradientForDevice: unused,
    layers: unused,
    cut: unused,
    setTrainable: unused,
    resetStates: unused,
    topology: () => JSON.stringify({ class_name: 'Sequential', config: { layers: [] } }),
    delete: () => {},
  };

  class Trainer implements CoreTrainer {
    #rate: number;
    #sets = new Map<string, Float32Array>();
    #epoch: EpochRequest | undefined;
    #slice: Slice = { done: true, step: 0, samples: 0, metrics: {}, bad: null };
    /** Of the epochs before, which this one goes on from. */
    #before = { step: 0, samples: 0 };
    #sum = 0;
    #updates = new Float32Array(1);

    constructor(_model: CoreModel, options: string) {
      this.#rate = JSON.parse(options).optimizer.config.learningRate;
    }
    describe(): string {
      const port = (name: string) => [{ name, shape: [-1, 1], dtype: 'float32' }];
      return JSON.stringify({
        inputs: port('x'),
        targets: port('y'),
        classes: [0],
        metrics: ['loss'],
      });
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
      const { step, samples } = this.#slice;
      this.#before = epoch.goesOn ? { step, samples } : { step: 0, samples: 0 };
      if (!epoch.goesOn) this.#sum = 0;
      this.#slice = { done: false, ...this.#before, metrics: {}, bad: null };
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
      const begin = slice.samples - this.#before.samples;
      const end = Math.min(count, begin + batchSize);
      let gradient = 0;
      for (let i = first + begin; i < first + end; i++) {
        const error = (weight[0] as number) * (x[i] as number) - (y[i] as number);
        this.#sum += error ** 2 * (counts?.[i] ?? 1);
        gradient += (2 * error * (x[i] as number)) / batchSize;
      }
      slice.samples += end - begin;
      slice.step++;
      asked.steps++;
      if (train) {
        weight[0] = (weight[0] as number) - this.#rate * gradient;
        this.#updates[0] = (this.#updates[0] as number) + 1;
      }
      slice.metrics = { loss: this.#sum / slice.samples };
      if (train && !Number.isFinite(this.#sum)) slice.bad = 'loss';
      const done = slice.step - this.#before.step;
      slice.done = end === count || done === steps || slice.bad !== null;
    }
    stop(): void {
      this.#slice.done = true;
    }
    profile(): Float64Array {
      this.#step();
      return Float64Array.of(pace / 1000);
    }
    steps(): string {
      return JSON.stringify([{ operator: 'mul', kernel: 'simd', name: 'd', shape: [1] }]);
    }
    memory(): string {
      return JSON.stringify({ programs: [], samples: 0, optimizer: 0 });
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
    useDevice = unused;
    useProcessor = unused;
    stage = unused;
    plan = unused;
    stagedInput = unused;
    result = unused;
    settle = unused;
    mark = unused;
    rewind = unused;
    writtenByStage = unused;
    livePrograms = unused;
    delete(): void {}
  }
  const core: TrainingCore = {
    Trainer,
    stackSave: () => 0,
    stackRestore: unused,
    getExceptionMessage: unused,
    decrementExceptionRefcount: unused,
  };
  return { core, model, asked };
}
