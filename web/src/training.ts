// Trains a model where WebAssembly lives: in slices, so that messages get through between them.
import { breath, sliceMilliseconds } from './breath.js';
import { type Core, type CoreModel, type CoreTrainer, guard, type Throwing } from './engine.js';
import { fail } from './errors.js';
import type { TrainerOptions } from './layers/trainingOptions.js';
import { type Measured, type MeasureRequest, measure, type StepDescription } from './profiling.js';
import type { PortDescription, ProgramMemory } from './runtime.js';
import { type DType, keep, type Tensor, type TypedArray } from './tensor.js';
import type { DeviceTraining } from './webgpu/training.js';
import type { Trial } from './webgpu/trials.js';

/** A weight, in the order of the core. */
export interface WeightDescription {
  name: string;
  shape: number[];
  dtype: DType;
  trainable: boolean;
}

/** What CoreTrainer.describe() says. */
export interface TrainingDescription {
  inputs: PortDescription[];
  targets: PortDescription[];
  /** For each target whose numbers name classes: how many there are; else 0. */
  classes: number[];
  /** `loss` first. */
  metrics: string[];
}

/** The samples of one set as they cross; the first axis of inputs and targets is theirs. */
export interface DataSet {
  samples: number;
  x: Tensor[];
  y: Tensor[];
  /** How much each sample counts, for each target; null: 1 each. */
  w: (Float32Array | null)[];
}

/** Which samples to go through, and how. */
export interface EpochRequest {
  set: number;
  train: boolean;
  batchSize: number;
  shuffle: boolean;
  /** The first sample, and how many. */
  first: number;
  count: number;
  /** Which order of the samples: each number gives another one. */
  epoch: number;
  /** Steps, if not all. */
  steps?: number;
  /** Whether it adds to the figures that the set has so far. */
  goesOn?: boolean;
  /** Whether it keeps on while training is paused. */
  keepsOn?: boolean;
  /** Whether stateful layers begin with nothing remembered; they always do where nothing is trained. */
  fresh?: boolean;
}

/** How far an epoch has come. What CoreTrainer.run() says. */
export interface Slice {
  done: boolean;
  /** Steps and samples of this epoch so far. */
  step: number;
  samples: number;
  /** What follows from all of them; NaN where a number is none. */
  metrics: Record<string, number>;
  /** The first loss or weight that is not finite. */
  bad: string | null;
}

/** Told of every slice. */
export type Told = (slice: Slice) => unknown;

/** What the optimizer remembers. */
export interface TrainingState {
  /** JSON of the core. */
  index: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** A model as it is at one moment. */
export interface Snapshot {
  /** JSON as model.json has it under modelTopology. */
  topology: string;
  weights: [name: string, weight: Tensor][];
  /** Null before compile(). */
  state: TrainingState | null;
}

/** What CoreTrainer.memory() says. */
export interface TrainingMemory {
  programs: { train: boolean; batch: number; memory: ProgramMemory }[];
  /** Bytes of all samples, and of what the optimizer remembers. */
  samples: number;
  optimizer: number;
}

/** What of the core training needs. */
export type TrainingCore = Throwing & Pick<Core, 'Trainer'>;

/** A graphics processor that steps may move to. */
export interface Acceleration {
  /** Opens it; what that gives moves a trainer's steps there. */
  open(): Promise<(trainer: CoreTrainer) => DeviceTraining>;
  /** What came of an earlier trial. */
  trial?: Trial | undefined;
  /** Told what came of a trial. Left out: there is none, and all steps are to move. */
  tried?: (trial: Trial) => void;
}

/** The slices of a trial: the first on each does not count. */
const trialSlices = ['processor', 'processor', 'device', 'device'] as const;

/** One model in training. Every method can be called from another thread. */
export class Training {
  readonly #core: TrainingCore;
  readonly #model: CoreModel;
  readonly #changed: () => void;
  #trainer: CoreTrainer | undefined;
  #running = false;
  #stopped = false;
  #paused: Promise<void> | undefined;
  #resume = () => {};
  #turned = 0;
  #kept: TypedArray[] = [];
  readonly #acceleration: Acceleration | undefined;
  #device: DeviceTraining | undefined;
  #trialSlice: number | undefined; // while a trial is under way
  #step = 0; // of the epoch
  #milliseconds = 0; // of a step on the processor, in the trial

  /**
   * @param changed called when weights have other values
   * @param acceleration left out: training stays on the processor
   */
  constructor(
    core: TrainingCore,
    model: CoreModel,
    changed: () => void,
    acceleration?: Acceleration,
  ) {
    this.#core = core;
    this.#model = model;
    this.#changed = changed;
    this.#acceleration = acceleration;
  }

  /** Begins anew with an optimizer, a loss and metrics. */
  async compile(options: TrainerOptions): Promise<TrainingDescription> {
    this.#refuseRunning('compile');
    this.#forget();
    const trainer = this.#call(() => new this.#core.Trainer(this.#model, JSON.stringify(options)));
    this.#trainer = trainer;
    const { trial, tried } = this.#acceleration ?? {};
    if (tried && !trial) this.#trialSlice = 0;
    else if (!trial || trial.webgpu < trial.wasm) await this.#move(trainer);
    return JSON.parse(this.#call(() => trainer.describe())) as TrainingDescription;
  }

  /** Copies samples to where training reads them. */
  give(set: number, { samples, x, y, w }: DataSet): void {
    this.#refuseRunning('fit');
    const trainer = this.#ready();
    const fill = (kind: 'x' | 'y', tensors: readonly Tensor[]) => {
      for (const [i, { data, shape, dtype }] of tensors.entries()) {
        // Bytes stay bytes until a step needs them: pictures take a quarter of the memory.
        const bytes = dtype === 'uint8' || dtype === 'bool';
        const row = { shape: shape.slice(1), ...(bytes && { dtype: 'uint8' }) };
        const text = JSON.stringify(row);
        this.#call(() => trainer.reserve(set, kind, i, samples, text)).set(data);
      }
    };
    fill('x', x);
    fill('y', y);
    for (const [i, data] of w.entries()) {
      if (data) this.#call(() => trainer.reserve(set, 'w', i, samples)).set(data);
    }
  }

  /**
   * Goes through samples once.
   *
   * @param everyStep whether `told` is waited for after every step
   */
  async epoch(request: EpochRequest, everyStep: boolean, told?: Told): Promise<Slice> {
    this.#refuseRunning(request.train ? 'fit' : 'evaluate');
    const trainer = this.#ready();
    this.#running = true;
    this.#stopped = false;
    if (request.train && !request.goesOn) this.#step = 0;
    let slice: Slice = { done: false, step: 0, samples: 0, metrics: {}, bad: null };
    try {
      this.#call(() => trainer.begin(JSON.stringify(request)));
      for (let begins = true; ; begins = false) {
        await this.#turn();
        if (!request.keepsOn) await this.#paused;
        if (this.#stopped) return slice;
        const isTrial = request.train && this.#trialSlice !== undefined;
        const text = isTrial
          ? await this.#tried(trainer, begins, everyStep)
          : await this.#slice(trainer, begins, everyStep);
        if (text === undefined) return slice;
        slice = readSlice(text);
        if (request.train) {
          this.#changed();
          this.#step = slice.step;
        }
        const ends = slice.done || slice.bad !== null;
        const answered = told?.(slice);
        if (ends || everyStep) await answered; // no progress comes after the end
        if (ends) return slice;
      }
    } finally {
      this.#running = false;
    }
  }

  /** What computes the steps; undefined before compile(). */
  backend(): 'wasm' | 'webgpu' | undefined {
    if (!this.#trainer) return undefined;
    return this.#device ? 'webgpu' : 'wasm';
  }

  async #move(trainer: CoreTrainer): Promise<void> {
    const move = await this.#acceleration?.open();
    if (this.#trainer === trainer) this.#device = move?.(trainer);
  }

  /** A slice of the trial, whose steps count as all others do. */
  async #tried(trainer: CoreTrainer, begins: boolean, one: boolean): Promise<string | undefined> {
    const moves = trialSlices[this.#trialSlice ?? 0] === 'device' && !this.#device;
    if (moves) {
      try {
        await this.#move(trainer);
        if (this.#device) this.#call(() => trainer.mark());
      } catch (error) {
        if (this.#trainer === trainer) this.#stay(trainer, error);
      }
      if (this.#trainer !== trainer) return undefined;
    }
    const began = performance.now();
    const text = await this.#slice(trainer, begins || moves, one);
    if (text === undefined || this.#trialSlice === undefined) return text;
    const steps = readSlice(text).step - this.#step;
    const milliseconds = (performance.now() - began) / Math.max(1, steps);
    this.#trialSlice++;
    if (this.#trialSlice === trialSlices.indexOf('device')) this.#milliseconds = milliseconds;
    if (this.#trialSlice < trialSlices.length) return text;
    this.#trialSlice = undefined;
    const trial = { wasm: this.#milliseconds, webgpu: milliseconds };
    this.#acceleration?.tried?.(trial);
    if (trial.wasm <= trial.webgpu) this.#leaveDevice(trainer);
    return text;
  }

  /** Takes steps for about as long as a slice lasts, or one. */
  async #slice(trainer: CoreTrainer, begins: boolean, one: boolean): Promise<string | undefined> {
    const device = this.#device;
    if (device) {
      try {
        if (begins) device.begin();
        return await device.slice(one);
      } catch (error) {
        const stays = device.isLost || this.#trialSlice !== undefined;
        if (!stays || this.#trainer !== trainer) throw error;
        this.#call(() => trainer.rewind());
        this.#stay(trainer, error);
      }
    }
    return this.#call(() => trainer.run(one ? 0 : sliceMilliseconds));
  }

  /** From now on the processor takes all steps. */
  #stay(trainer: CoreTrainer, error: unknown): void {
    console.warn(`gesso: the processor takes over from the graphics processor. ${error}`);
    this.#trialSlice = undefined;
    this.#leaveDevice(trainer);
  }

  #leaveDevice(trainer: CoreTrainer): void {
    this.#device?.dispose();
    this.#device = undefined;
    this.#call(() => trainer.useProcessor());
  }

  /** Lets others have their turn where the last one was a slice ago. */
  async #turn(): Promise<void> {
    if (performance.now() - this.#turned < sliceMilliseconds) return;
    await breath();
    this.#turned = performance.now();
  }

  /** One step, or one look, with samples of its own; `goesOn` as in EpochRequest. */
  async batch(
    set: number,
    data: DataSet,
    train: boolean,
    epoch: number,
    goesOn: boolean,
  ): Promise<Slice> {
    this.give(set, data);
    const count = data.samples;
    const all = { batchSize: count, shuffle: false, first: 0, count };
    return this.epoch({ set, train, epoch, goesOn, ...all }, false);
  }

  /** Times steps with these samples; weights and optimizer are afterwards what they were before. */
  async profile(set: number, data: DataSet, request: MeasureRequest): Promise<Measured> {
    this.give(set, data);
    const trainer = this.#ready();
    const count = data.samples;
    const all = { set, train: true, shuffle: false, first: 0, count, batchSize: count, epoch: 0 };
    const state = this.#state(trainer);
    const weights = this.weights().map((_, i) => this.#call(() => this.#model.weight(i)).slice());
    this.#running = true;
    this.#stopped = false;
    try {
      return await measure(request, {
        upload: () => {
          if (this.#stopped) fail('profile: it was stopped before its end', {}, 'profile() again');
          this.#call(() => trainer.begin(JSON.stringify(all)));
        },
        run: () => this.#call(() => trainer.profile()),
        steps: () => JSON.parse(this.#call(() => trainer.steps())) as StepDescription[],
      });
    } finally {
      this.#running = false;
      if (this.#trainer) {
        this.#call(() => trainer.stop());
        for (const [i, weight] of weights.entries()) {
          this.#call(() => this.#model.weight(i)).set(weight);
        }
        this.#touch();
        this.restore(state);
      }
    }
  }

  /** Null before compile(). */
  memory(): TrainingMemory | null {
    const trainer = this.#trainer;
    return trainer ? (JSON.parse(this.#call(() => trainer.memory())) as TrainingMemory) : null;
  }

  pause(): void {
    this.#paused ??= new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  resume(): void {
    this.#resume();
    this.#paused = undefined;
  }

  /** Ends the epoch that runs. */
  stop(): void {
    this.#stopped = true;
    this.resume();
  }

  setLearningRate(rate: number): void {
    this.#ready().setLearningRate(rate);
  }

  /** Keeps a copy of the weights, for restoreWeights(). */
  keepWeights(): void {
    this.#kept = this.weights().map((_, i) => this.#call(() => this.#model.weight(i)).slice());
  }

  /** Brings back the weights that were kept, if any were. */
  restoreWeights(): void {
    if (this.#kept.length === 0) return;
    for (const [i, data] of this.#kept.entries()) this.#call(() => this.#model.weight(i)).set(data);
    this.#kept = [];
    this.#touch();
  }

  weights(): WeightDescription[] {
    return JSON.parse(this.#call(() => this.#model.weights())) as WeightDescription[];
  }

  getWeights(): Record<string, Tensor> {
    return Object.fromEntries(
      this.weights().map(({ name, shape, dtype }, i) => {
        const data = this.#call(() => this.#model.weight(i));
        return [name, keep(name, { data, shape, dtype }, undefined)];
      }),
    );
  }

  /** @param weights whose names, shapes and types fit */
  setWeights(weights: Readonly<Record<string, Tensor>>): void {
    for (const [i, { name }] of this.weights().entries()) {
      const given = weights[name];
      if (given) this.#call(() => this.#model.weight(i)).set(given.data);
    }
    this.#touch();
  }

  setTrainable(layer: string, trainable: boolean): void {
    this.#call(() => this.#model.setTrainable(layer, trainable));
  }

  resetStates(): void {
    this.#call(() => this.#model.resetStates());
  }

  /** Everything there is to save, of one moment. */
  snapshot(): Snapshot {
    const trainer = this.#trainer;
    return {
      topology: this.#call(() => this.#model.topology()),
      weights: Object.entries(this.getWeights()),
      state: trainer === undefined ? null : this.#state(trainer),
    };
  }

  #state(trainer: CoreTrainer): TrainingState {
    const index = this.#call(() => trainer.saveState());
    return { index, bytes: this.#call(() => trainer.stateBytes()).slice() };
  }

  restore({ index, bytes }: TrainingState): void {
    const trainer = this.#ready();
    const room = this.#call(() => trainer.loadState(index));
    if (room.length !== bytes.length) {
      fail(
        'fit: what was saved of the optimizer is not whole',
        { bytes: bytes.length, wanted: room.length },
        'the files that one save() wrote, or compile() to begin anew',
      );
    }
    room.set(bytes);
  }

  delete(): void {
    this.stop();
    this.#forget();
  }

  #forget(): void {
    this.#device?.dispose();
    this.#device = undefined;
    this.#trialSlice = undefined;
    this.#trainer?.delete();
    this.#trainer = undefined;
  }

  #ready(): CoreTrainer {
    if (this.#trainer) return this.#trainer;
    fail(
      'fit: the model does not know how to train yet',
      {},
      "model.compile({ optimizer: 'adam', loss: 'meanSquaredError' })",
    );
  }

  #refuseRunning(who: string): void {
    if (!this.#running) return;
    fail(
      `${who}: this model is in the middle of an epoch`,
      {},
      'await the call before, or use the callback onEpochEnd',
    );
  }

  #touch(): void {
    this.#call(() => this.#model.touch());
    this.#changed();
  }

  #call<T>(work: () => T): T {
    return guard(this.#core, work);
  }
}

/** JSON has no word for NaN: the core writes null. */
function readSlice(text: string): Slice {
  const slice = JSON.parse(text) as Slice;
  for (const [name, value] of Object.entries(slice.metrics)) {
    if (value === null) slice.metrics[name] = Number.NaN;
  }
  return slice;
}
