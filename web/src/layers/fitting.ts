// The course of a training, seen from the page: epochs, validation, callbacks, and when to stop.
import { fail, MLError } from '../errors.js';
import type { Session } from '../model.js';
import { absent, readOptions } from '../options.js';
import type { TrainingAnswer, TrainingMethod } from '../runtime.js';
import { show } from '../tensor.js';
import type {
  DataSet,
  Slice,
  Snapshot,
  Told,
  Training,
  TrainingDescription,
  TrainingState,
} from '../training.js';
import { dataSet, halvesOf, isBatches, type Rows, rangeOf, readRows, type Target } from './data.js';
import type { Batch, Batches, EvaluateOptions, History, Samples } from './layersModel.js';
import {
  type Callbacks,
  type CompileOptions,
  checkWhole,
  type FitOptions,
  isWeights,
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

/** What samples must be like. */
interface Ports {
  inputs: TrainingDescription['inputs'];
  targets: Target[];
}

/** One model's training: what was compiled, and what runs. */
export class Fitting {
  readonly #session: Session;
  #options: TrainerOptions | undefined;
  #described: Promise<Ports> | undefined;
  #restored: Checkpoint | undefined;
  #epochs = 0;
  #running = false;
  #ends: 'stop' | { reason: unknown } | undefined;
  /** The end of everything that uses the samples beside those of fit(). */
  #others: Promise<unknown> = Promise.resolve();

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
      await this.#others;
      const { inputs, targets } = await this.#ports('fit');
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
    const who = 'trainOnBatch';
    this.#refuseRunning(who);
    return this.#inTurn(async () => {
      const { inputs, targets } = await this.#ports(who);
      const rows = [readRows(who, 'x', inputs, x), readRows(who, 'y', targets, y)] as const;
      const data = dataSet(who, ...rows);
      const done = await this.#train('batch', [sets.other, data, true, this.#epochs, false]);
      if (done.bad !== null) this.#notANumber(who, done, {}, factsOf(...rows));
      return done.metrics;
    });
  }

  /** Lets something be done with samples for training, when nothing else is done with such. */
  async withSamples<T>(
    who: string,
    x: Samples,
    y: Samples,
    use: (set: number, data: DataSet) => Promise<T>,
  ): Promise<T> {
    this.#refuseRunning(who);
    return this.#inTurn(async () => {
      const { inputs, targets } = await this.#ports(who);
      const rows = [readRows(who, 'x', inputs, x), readRows(who, 'y', targets, y)] as const;
      return use(sets.other, dataSet(who, ...rows));
    });
  }

  async evaluate(x: Samples, y: Samples, given: EvaluateOptions = {}): Promise<Logs> {
    const who = 'evaluate';
    const { batchSize, sampleWeight } = readOptions(who, given, evaluateOptions);
    checkWhole(who, 'batchSize', batchSize, 1);
    return this.#inTurn(async () => {
      const { inputs, targets } = await this.#ports(who);
      const rows = [readRows(who, 'x', inputs, x), readRows(who, 'y', targets, y)] as const;
      await this.#give(sets.other, dataSet(who, ...rows, { sampleWeight }));
      const all = { set: sets.other, train: false, batchSize, shuffle: false, keepsOn: true };
      const done = await this.#train('epoch', [
        { ...all, first: 0, count: rows[0].samples, epoch: 0 },
        false,
      ]);
      return done.metrics;
    });
  }

  /** Does one thing after the other: two at once would see each other's samples. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#others.then(work);
    this.#others = done.catch(() => {});
    return done;
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

  /** What samples must be like; the core prepares the training when this is first asked. */
  #ports(who: string): Promise<Ports> {
    const options = this.#options;
    if (options === undefined) {
      fail(
        `${who}: the model does not know how to train yet`,
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

  async #prepare(options: TrainerOptions): Promise<Ports> {
    const { inputs, targets, classes } = await this.#train('compile', [options]);
    const state = this.#restored?.state;
    if (state) await this.#train('restore', [state]);
    this.#restored = undefined;
    const losses = lossesOf(options.loss, targets);
    return {
      inputs,
      targets: targets.map((target, i) => ({
        ...target,
        classes: classes[i] ?? 0,
        instead: otherLoss[losses[i] ?? ''],
      })),
    };
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
    const count = Math.floor(x.samples * (1 - validationSplit));
    const data = dataSet('fit', x, y, { ...options, trained: count });
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
    const who = 'fit: validationData';
    const { inputs, targets } = await this.#ports('fit');
    const halves = halvesOf(who, validationData);
    const x = readRows(who, 'x', inputs, halves.x);
    const y = readRows(who, 'y', targets, halves.y);
    await this.#give(sets.validation, dataSet(who, x, y));
    return this.#look(sets.validation, 0, x.samples, options, () => factsOf(x, y));
  }

  /** Batches that a generator makes, one crossing for each. */
  #generated(batches: Batches, options: Checked, train = true): Source {
    const steps = options.stepsPerEpoch;
    const who = train ? 'fit' : 'fit: validationData';
    if (typeof batches !== 'function' && steps === undefined && options.epochs > 1) {
      fail(
        `${who}: a generator gives its batches only once`,
        { epochs: options.epochs },
        `${train ? 'stepsPerEpoch' : 'validationSteps'}, or the generator function itself, which begins anew for every epoch`,
      );
    }
    let facts = () => ({});
    const set = train ? sets.training : sets.validation;
    const through = async (source: Iterator<Batch> | AsyncIterator<Batch>, told?: Told) => {
      const { inputs, targets } = await this.#ports('fit');
      let metrics: Logs | undefined;
      for (let step = 1; steps === undefined || step <= steps; step++) {
        const next = await source.next();
        if (next.done) {
          if (steps !== undefined || metrics === undefined) refuseShort(who, step - 1, steps);
          break;
        }
        const halves = halvesOf(who, next.value);
        const x = readRows(who, 'x', inputs, halves.x);
        const y = readRows(who, 'y', targets, halves.y);
        facts = () => factsOf(x, y);
        const data = dataSet(who, x, y, train ? options : undefined);
        const done = await this.#train('batch', [set, data, train, this.#epochs, step > 1]);
        if (this.#done(done, options, facts) === null) return null;
        metrics = done.metrics;
        await told?.({ ...done, done: false });
        if (this.#ends) return null;
      }
      return metrics ?? {};
    };
    const run: Run = async (_, told) => {
      if (typeof batches !== 'function') return through(batches, told);
      const source = batches();
      if (typeof source?.next !== 'function') {
        fail(
          `${who}: the function gives no generator`,
          { given: show(source) },
          'function* () { yield { x, y }; }',
        );
      }
      try {
        return await through(source, told);
      } finally {
        await source.return?.(); // also where a batch was refused, or training was stopped
      }
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

    try {
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
    } finally {
      if (watcher?.restoreBestWeights) await this.#restoreWeights();
    }
    if (this.#ends && this.#ends !== 'stop') throw this.#ends.reason;
    if (this.#ends) history.ended = 'stop';
    await callbacks.onTrainEnd?.();
    return history;
  }

  /** Brings back the best weights, also where training has failed; unless the model is gone. */
  #restoreWeights(): Promise<void> {
    return this.#train('restoreWeights', []).catch(() => {});
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
      `${who}: ${outOfHand}, so training has stopped`,
      {
        ...(options.epochs !== undefined && { epoch: this.#epoch }),
        step: slice.step,
        'first not a number': slice.bad,
        ...(rate !== undefined && { 'learning rate': rate }),
        ...others,
        weights: options.earlyStopping?.restoreBestWeights
          ? 'those of the best epoch, if there was one, come back; compile() before going on'
          : 'of no more use: begin again with a new model',
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

const outOfHand = 'the loss is no longer a number';

/** Whether training failed because its numbers got out of hand: its weights are of no more use. */
export function gotOutOfHand(error: unknown): boolean {
  return error instanceof MLError && error.message.includes(outOfHand);
}

/** For losses that want classes in another form: the loss for that form. */
const otherLoss: Readonly<Record<string, string | undefined>> = {
  categoricalCrossentropy: "loss: 'sparseCategoricalCrossentropy' for numbers of classes",
  sparseCategoricalCrossentropy: "loss: 'categoricalCrossentropy' for rows of 0 and 1",
};

/** The loss of each target. */
function lossesOf(loss: CompileOptions['loss'], targets: readonly { name: string }[]): string[] {
  return targets.map(({ name }, i) => {
    if (typeof loss === 'string') return loss;
    return (Array.isArray(loss) ? loss[i] : (loss as Record<string, string>)[name]) ?? '';
  });
}

const evaluateOptions = {
  batchSize: 128,
  sampleWeight: absent<readonly number[] | Float32Array>(
    'a number for each sample',
    'sampleWeight: [1, 1, 0.5]',
    isWeights,
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

function refuseShort(who: string, steps: number, wanted: number | undefined): never {
  if (wanted === undefined) {
    fail(`${who}: the generator gives no batch`, {}, 'yield { x, y } at least once');
  }
  fail(
    `${who}: the generator ended too early`,
    { batches: steps, [who === 'fit' ? 'stepsPerEpoch' : 'validationSteps']: wanted },
    'a generator that does not end, or the generator function itself',
  );
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
