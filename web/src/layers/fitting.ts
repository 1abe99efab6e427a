// The course of a training, seen from the page: epochs, validation, callbacks, and when to stop.
import { fail } from '../errors.js';
import type { Session } from '../model.js';
import { absent, readOptions } from '../options.js';
import type { TrainingAnswer, TrainingMethod } from '../runtime.js';
import type {
  DataSet,
  Slice,
  Snapshot,
  Told,
  Training,
  TrainingDescription,
  TrainingState,
} from '../training.js';
import { dataSet, halvesOf, isBatches, type Rows, rangeOf, readRows } from './data.js';
import type { Batches, EvaluateOptions, History, Samples } from './layersModel.js';
import {
  type Callbacks,
  type CompileOptions,
  type FitOptions,
  type Logs,
  readCompile,
  readFit,
  readSchedule,
  type TrainerOptions,
  type TrainingProgress,
  Watcher,
} from './trainingOptions.js';

/** Sets of samples in the core. */
const sets = { training: 0, validation: 1, other: 2 };

/** What a saved training is continued from. */
export interface Checkpoint {
  compile: TrainerOptions;
  /** Epochs so far: the next one gets another order of the samples than any before. */
  epochs: number;
  /** Null before the first training. */
  state: TrainingState | null;
}

/** What fit() has checked. */
type Checked = ReturnType<typeof readFit>;

/** Goes through an epoch; null when it was stopped on the way. */
type Run = (epoch: number, told: Told | undefined) => Promise<Logs | null>;

/** Where samples come from, for training or validation. */
interface Source {
  /** Steps of an epoch; undefined where a generator does not tell. */
  steps: number | undefined;
  run: Run;
  /** Facts about the data, for the message of a loss that is not a number. */
  facts: () => Record<string, unknown>;
}

/** One model's training: what was compiled, and what runs. */
export class Fitting {
  readonly #session: Session;
  #options: TrainerOptions | undefined;
  #described: Promise<TrainingDescription> | undefined;
  #restored: Checkpoint | undefined;
  #epochs = 0;
  #running = false;
  #ends: 'stop' | { reason: unknown } | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  get running(): boolean {
    return this.#running;
  }

  compile(options: CompileOptions): void {
    this.#refuseRunning('compile');
    this.#options = readCompile(options);
    this.#described = undefined;
    this.#restored = undefined;
  }

  /** Goes on where a saved training ended, unless compile() has said otherwise by now. */
  continueFrom(checkpoint: Checkpoint): void {
    if (this.#options !== undefined) return;
    this.#options = checkpoint.compile;
    this.#epochs = checkpoint.epochs;
    this.#restored = checkpoint;
  }

  /** The model as it is, and what is known of its training; no `compile` before compile(). */
  async snapshot(): Promise<Snapshot & { training: Omit<Checkpoint, 'state'> | undefined }> {
    const snapshot = await this.#train('snapshot', []);
    const state = snapshot.state ?? this.#restored?.state ?? null;
    const compile = this.#options;
    return { ...snapshot, state, training: compile && { compile, epochs: this.#epochs } };
  }

  async fit(
    given: Samples | Batches,
    more: Samples | FitOptions | undefined,
    last: FitOptions | undefined,
  ): Promise<History> {
    const generated = isBatches(given);
    const options = readFit((generated ? (more as FitOptions | undefined) : last) ?? {});
    this.#refuseRunning('fit');
    options.signal?.throwIfAborted();
    this.#running = true;
    this.#ends = undefined;
    const aborted = () => this.#end({ reason: options.signal?.reason });
    options.signal?.addEventListener('abort', aborted);
    try {
      const { inputs, targets } = await this.#description();
      const [training, validation] = generated
        ? [this.#generated(given, options), await this.#validation(options)]
        : await this.#given(
            readRows('fit', 'x', inputs, given),
            readRows('fit', 'y', targets, more as Samples),
            options,
          );
      return await this.#course(training, validation, options);
    } finally {
      options.signal?.removeEventListener('abort', aborted);
      this.#running = false;
    }
  }

  async trainOnBatch(x: Samples, y: Samples): Promise<Logs> {
    this.#refuseRunning('trainOnBatch');
    const { inputs, targets } = await this.#description();
    const rows = [
      readRows('trainOnBatch', 'x', inputs, x),
      readRows('trainOnBatch', 'y', targets, y),
    ] as const;
    const data = dataSet('trainOnBatch', ...rows);
    const done = await this.#train('batch', [sets.other, data, true, this.#epochs]);
    if (done.bad !== null) this.#notANumber('trainOnBatch', done, {}, factsOf(...rows));
    return done.metrics;
  }

  async evaluate(x: Samples, y: Samples, given: EvaluateOptions = {}): Promise<Logs> {
    const { batchSize, sampleWeight } = readOptions('evaluate', given, evaluateOptions);
    const { inputs, targets } = await this.#description();
    const rows = [
      readRows('evaluate', 'x', inputs, x),
      readRows('evaluate', 'y', targets, y),
    ] as const;
    await this.#give(
      sets.other,
      dataSet('evaluate', ...rows, { classWeight: undefined, sampleWeight }),
    );
    const all = { set: sets.other, train: false, batchSize, shuffle: false, first: 0, epoch: 0 };
    const done = await this.#train('epoch', [{ ...all, count: rows[0].samples }, false]);
    return done.metrics;
  }

  pause(): void {
    this.#send('pause');
  }

  resume(): void {
    this.#send('resume');
  }

  stop(): void {
    if (this.#running) this.#end('stop');
  }

  /** Ends the training that runs; only the first reason counts. */
  #end(ends: 'stop' | { reason: unknown }): void {
    this.#ends ??= ends;
    this.#send('stop');
  }

  #send(method: 'pause' | 'resume' | 'stop'): void {
    this.#train(method, []).catch(() => {}); // a model that is gone has nothing to stop
  }

  #refuseRunning(who: string): void {
    if (!this.#running) return;
    fail(`${who}: this model is being trained`, {}, 'await fit(), or stop() it first');
  }

  /** What the core says of the training, which it prepares when it is first needed. */
  #description(): Promise<TrainingDescription> {
    const options = this.#options;
    if (options === undefined) {
      fail(
        'fit: the model does not know how to train yet',
        {},
        "model.compile({ optimizer: 'adam', loss: 'meanSquaredError' })",
      );
    }
    this.#described ??= this.#prepare(options).catch((error: unknown) => {
      this.#described = undefined;
      throw error;
    });
    return this.#described;
  }

  async #prepare(options: TrainerOptions): Promise<TrainingDescription> {
    const described = await this.#train('compile', [options]);
    const state = this.#restored?.state;
    if (state) await this.#train('restore', [state]);
    this.#restored = undefined;
    return described;
  }

  async #train<M extends TrainingMethod>(
    method: M,
    given: Parameters<Training[M]>,
    told?: Told,
  ): Promise<TrainingAnswer<M>> {
    const { client, model } = await this.#session.opened();
    return client.train(model, method, given, told);
  }

  #give(set: number, data: DataSet): Promise<void> {
    return this.#train('give', [set, data]);
  }

  /** Samples in hand, and those of them or beside them that are for validation. */
  async #given(x: Rows, y: Rows, options: Checked): Promise<[Source, Source | undefined]> {
    const { batchSize, shuffle, validationSplit = 0, stepsPerEpoch } = options;
    const data = dataSet('fit', x, y, options);
    const count = Math.floor(x.samples * (1 - validationSplit));
    if (count === 0) {
      fail(
        'fit: validation takes all samples',
        { samples: x.samples, validationSplit },
        'more samples, or a smaller validationSplit',
      );
    }
    await this.#give(sets.training, data);
    const all = Math.ceil(count / batchSize);
    const steps = Math.min(stepsPerEpoch ?? all, all);
    const request = { set: sets.training, train: true, batchSize, shuffle, first: 0, count };
    const each = options.callbacks?.onBatchEnd !== undefined;
    const facts = () => factsOf(x, y);
    const training: Source = {
      steps,
      run: async (_, told) => {
        const epoch = { ...request, epoch: this.#epochs, ...(stepsPerEpoch && { steps }) };
        return this.#done(await this.#train('epoch', [epoch, each], told), options, facts);
      },
      facts,
    };
    const left = x.samples - count;
    if (left === 0) return [training, await this.#validation(options)];
    return [training, this.#look(sets.training, count, left, options, facts)];
  }

  /** Validation with samples that the core has. */
  #look(
    set: number,
    first: number,
    count: number,
    options: Checked,
    facts: Source['facts'],
  ): Source {
    const { batchSize } = options;
    const request = { set, train: false, batchSize, shuffle: false, first, count, epoch: 0 };
    return {
      steps: Math.ceil(count / batchSize),
      run: async () => this.#done(await this.#train('epoch', [request, false]), options, facts),
      facts,
    };
  }

  async #validation(options: Checked): Promise<Source | undefined> {
    const { validationData, validationSteps } = options;
    if (validationData === undefined) return undefined;
    if (isBatches(validationData)) {
      return this.#generated(validationData, { ...options, stepsPerEpoch: validationSteps }, false);
    }
    const { inputs, targets } = await this.#description();
    const halves = halvesOf('fit: validationData', validationData);
    const x = readRows('fit: validationData', 'x', inputs, halves.x);
    const y = readRows('fit: validationData', 'y', targets, halves.y);
    await this.#give(sets.validation, dataSet('fit: validationData', x, y));
    return this.#look(sets.validation, 0, x.samples, options, () => factsOf(x, y));
  }

  /** Batches that a generator makes, one crossing for each. */
  #generated(batches: Batches, options: Checked, train = true): Source {
    const steps = options.stepsPerEpoch;
    const begin = typeof batches === 'function' ? batches : () => batches;
    if (typeof batches !== 'function' && steps === undefined && options.epochs > 1) {
      fail(
        'fit: a generator gives its batches only once',
        { epochs: options.epochs },
        'stepsPerEpoch, or the generator function itself, which begins anew for every epoch',
      );
    }
    let facts = () => ({});
    const who = train ? 'fit' : 'fit: validationData';
    const run: Run = async (_, told) => {
      const { inputs, targets } = await this.#description();
      const source = begin();
      const mean = new Mean();
      for (let step = 1; steps === undefined || step <= steps; step++) {
        const next = await source.next();
        if (next.done) {
          if (steps !== undefined) refuseShort(who, step - 1, steps);
          break;
        }
        const halves = halvesOf(who, next.value);
        const x = readRows(who, 'x', inputs, halves.x);
        const y = readRows(who, 'y', targets, halves.y);
        facts = () => factsOf(x, y);
        const set = train ? sets.training : sets.validation;
        const data = dataSet(who, x, y, train ? options : undefined);
        const done = await this.#train('batch', [set, data, train, this.#epochs]);
        if (this.#done(done, options, facts) === null) return null;
        mean.add(done);
        await told?.({ ...mean.slice(), step, done: false, bad: null });
        if (this.#ends) return null;
      }
      if (typeof batches === 'function') await source.return?.();
      return mean.slice().metrics;
    };
    return { steps, run, facts: () => facts() };
  }

  /** The means of an epoch; null when it was stopped; throws when a number is none. */
  #done(slice: Slice, options: Checked, facts: Source['facts']): Logs | null {
    if (slice.bad !== null) this.#notANumber('fit', slice, options, facts());
    return this.#ends ? null : slice.metrics;
  }

  #epoch = 0;
  #rate: number | undefined;

  async #course(
    training: Source,
    validation: Source | undefined,
    options: Checked,
  ): Promise<History> {
    const { epochs, initialEpoch, onProgress, earlyStopping } = options;
    const callbacks: Callbacks = options.callbacks ?? {};
    const rates =
      options.learningRate === undefined ? undefined : readSchedule(options.learningRate, epochs);
    const watcher = earlyStopping && new Watcher(earlyStopping, validation ? 'val_loss' : 'loss');
    const clock = new Clock(training.steps, initialEpoch, epochs);
    const history: History = { epoch: [], history: {}, ended: 'epochs' };
    const { onBatchEnd } = callbacks;
    let failed: { error: unknown } | undefined;
    const told = async (slice: Slice): Promise<void> => {
      try {
        onProgress?.(clock.progress(this.#epoch, slice));
        await onBatchEnd?.(slice.step - 1, slice.metrics);
      } catch (error) {
        failed ??= { error };
        this.#end('stop'); // wherever training happens, the user sees what the callback threw
      }
    };
    const listens = onProgress || onBatchEnd ? told : undefined;

    await callbacks.onTrainBegin?.();
    for (let epoch = initialEpoch; epoch < epochs && !this.#ends; epoch++) {
      this.#epoch = epoch;
      this.#rate = rates?.(epoch);
      if (this.#rate !== undefined) await this.#train('setLearningRate', [this.#rate]);
      await callbacks.onEpochBegin?.(epoch);
      const logs = this.#ends ? null : await training.run(epoch, listens);
      if (failed) throw failed.error;
      if (logs === null) break;
      this.#epochs++;
      const seen = await validation?.run(epoch, undefined);
      if (seen === null) break;
      for (const [name, value] of Object.entries(seen ?? {})) logs[`val_${name}`] = value;
      history.epoch.push(epoch);
      for (const [name, value] of Object.entries(logs)) {
        history.history[name] = [...(history.history[name] ?? []), value];
      }
      const { best, stop } = watcher?.look(logs) ?? { best: false, stop: false };
      if (best && watcher?.restoreBestWeights) await this.#train('keepWeights', []);
      await callbacks.onEpochEnd?.(epoch, logs);
      if (stop) {
        history.ended = 'earlyStopping';
        break;
      }
    }
    if (watcher?.restoreBestWeights) await this.#train('restoreWeights', []);
    if (this.#ends && this.#ends !== 'stop') throw this.#ends.reason;
    if (this.#ends) history.ended = 'stop';
    await callbacks.onTrainEnd?.();
    return history;
  }

  #notANumber(
    who: string,
    slice: Slice,
    options: Partial<Checked>,
    facts: Record<string, unknown>,
  ): never {
    const { learningRate } = this.#options?.optimizer.config ?? {};
    const rate = this.#rate ?? (typeof learningRate === 'number' ? learningRate : undefined);
    const { hint, ...others } = facts;
    fail(
      `${who}: the loss is no longer a number, so training has stopped`,
      {
        ...(options.epochs !== undefined && { epoch: this.#epoch }),
        step: slice.step,
        'first not a number': slice.bad,
        ...(rate !== undefined && { 'learning rate': rate }),
        ...others,
      },
      [
        ...(typeof hint === 'string' ? [hint] : []),
        rate === undefined
          ? 'a learning rate ten times smaller'
          : `learningRate: ${Number((rate / 10).toPrecision(3))}`,
        ...(this.#options?.globalClipNorm === undefined ? ['globalClipNorm: 1 in compile()'] : []),
      ].join('; or '),
    );
  }
}

const evaluateOptions = {
  batchSize: 128,
  sampleWeight: absent<readonly number[] | Float32Array>(
    'a number for each sample',
    'sampleWeight: [1, 1, 0.5]',
    (value) => Array.isArray(value) || value instanceof Float32Array,
  ),
};

/** What the data says about a loss that is not a number, with a hint where it is the cause. */
function factsOf(x: Rows, y: Rows): Record<string, unknown> {
  const facts: Record<string, unknown> = {};
  for (const [what, rows] of [
    ['x', x],
    ['y', y],
  ] as const) {
    const { least, largest, bad } = rangeOf(rows);
    facts[what] = `numbers from ${least} to ${largest}`;
    if (bad !== null) {
      facts[what] = `row ${bad} holds something that is not a number`;
      facts.hint ??= `leave row ${bad} of ${what} out, or put a number there`;
    } else if (Math.max(-least, largest) > 10) {
      facts.hint ??= `bring ${what} to numbers near −1 … 1, such as ${what} / ${Math.max(-least, largest)}`;
    }
  }
  return facts;
}

function refuseShort(who: string, steps: number, wanted: number): never {
  fail(
    `${who}: the generator ended too early`,
    { batches: steps, stepsPerEpoch: wanted },
    'a generator that does not end, or the generator function itself',
  );
}

/** Means over batches that come one by one. */
class Mean {
  #samples = 0;
  readonly #sums: Logs = {};

  add({ samples, metrics }: Slice): void {
    this.#samples += samples;
    for (const [name, value] of Object.entries(metrics)) {
      this.#sums[name] = (this.#sums[name] ?? 0) + value * samples;
    }
  }

  slice(): { samples: number; metrics: Logs } {
    const means = Object.entries(this.#sums).map(([name, sum]) => [name, sum / this.#samples]);
    return { samples: this.#samples, metrics: Object.fromEntries(means) };
  }
}

/** Tells how fast training goes, and how long it will take. */
class Clock {
  readonly #steps: number | undefined;
  readonly #first: number;
  readonly #epochs: number;
  readonly #start = performance.now();
  #samples = 0;
  #before = 0;
  #epoch = 0;

  constructor(steps: number | undefined, first: number, epochs: number) {
    this.#steps = steps;
    this.#first = first;
    this.#epochs = epochs;
    this.#epoch = first;
  }

  progress(epoch: number, { step, samples, metrics }: Slice): TrainingProgress {
    if (epoch !== this.#epoch) {
      this.#before += this.#samples;
      this.#epoch = epoch;
    }
    this.#samples = samples;
    const seconds = (performance.now() - this.#start) / 1000;
    const steps = this.#steps;
    const done = (epoch - this.#first) * (steps ?? 0) + step;
    const all = (this.#epochs - this.#first) * (steps ?? 0);
    return {
      epoch,
      epochs: this.#epochs,
      step,
      steps,
      loss: metrics.loss ?? Number.NaN,
      metrics,
      samplesPerSecond: (this.#before + samples) / Math.max(seconds, 1e-6),
      secondsLeft: steps === undefined ? undefined : (seconds / done) * (all - done),
    };
  }
}
