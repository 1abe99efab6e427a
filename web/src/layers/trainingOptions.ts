// What compile() and fit() take: optimizers, losses, metrics, schedules.
import { fail } from '../errors.js';
import {
  absent,
  callback,
  instance,
  isRecord,
  nearest,
  needed,
  readOptions,
  type Schema,
} from '../options.js';
import { show } from '../tensor.js';
import { flag, fraction, type NamedOf, natural, positive, schemaOf, whole } from './kinds.js';

const rate = {
  /** How far each step goes, above 0. */
  learningRate: positive(0.01),
};

const small = {
  /** A small number that keeps divisions finite, above 0; 1e-7 if left out. */
  epsilon: positive(1e-7),
};

const moments = schemaOf(
  rate,
  {
    /** How much of the mean of the gradients stays at each step, from 0 to below 1; 0.9 if left out. */
    beta1: fraction(0.9),
    /** The same for the mean of their squares; 0.999 if left out. */
    beta2: fraction(0.999),
  },
  small,
);

/** The ways to follow the gradient. */
const optimizers = {
  /** w −= rate × gradient; learning rate 0.01. */
  sgd: schemaOf(rate, {
    /** How much of the last step goes on, from 0 to below 1; 0 if left out. */
    momentum: fraction(0.9),
    /** Whether to look ahead by the momentum; false if left out. */
    nesterov: flag(true),
  }),
  /** Steps scaled by the mean and the spread of the gradients; learning rate 0.001. */
  adam: moments,
  /** Adam, with weights that shrink by themselves; learning rate 0.001. */
  adamW: schemaOf(moments, {
    /** Part of each weight that is taken away at each step, times the learning rate; 0.004. */
    weightDecay: natural(0.004),
  }),
  /** Adam with the largest gradient in place of the spread; learning rate 0.002. */
  adamax: moments,
  /** Steps scaled by the spread of the gradients; learning rate 0.001. */
  rmsprop: schemaOf(rate, small, {
    /** How much of the mean of the squares stays at each step, from 0 to below 1; 0.9. */
    decay: fraction(0.9),
    /** How much of the last step goes on, from 0 to below 1; 0 if left out. */
    momentum: fraction(0.9),
    /** Whether the mean of the gradients is taken off; false if left out. */
    centered: flag(true),
  }),
  /** Steps that get smaller the more a weight has moved; learning rate 0.01. */
  adagrad: schemaOf(rate, {
    /** What the sum of the squares begins with, above 0; 0.1 if left out. */
    initialAccumulatorValue: positive(0.1),
  }),
  /** Adagrad that forgets; learning rate 0.001. */
  adadelta: schemaOf(rate, small, {
    /** How much of the mean of the squares stays at each step, from 0 to below 1; 0.95. */
    rho: fraction(0.95),
  }),
} satisfies Record<string, Schema>;

/** How weights follow the gradient: a name, or a name with options. */
export type Optimizer = NamedOf<typeof optimizers>;

/** What is left out. Written out in full, so that saved files mean the same for ever. */
const usual: Record<keyof typeof optimizers, Record<string, number | boolean>> = {
  sgd: { learningRate: 0.01, momentum: 0, nesterov: false },
  adam: { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  adamW: { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0.004 },
  adamax: { learningRate: 0.002, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  rmsprop: { learningRate: 0.001, decay: 0.9, momentum: 0, epsilon: 1e-7, centered: false },
  adagrad: { learningRate: 0.01, initialAccumulatorValue: 0.1 },
  adadelta: { learningRate: 0.001, rho: 0.95, epsilon: 1e-7 },
};

/** What the core and TensorFlow.js call an optimizer, and how it is set. */
function writeOptimizer(
  name: keyof typeof optimizers,
  given: Record<string, unknown>,
): TrainerOptions['optimizer'] {
  const config = { ...usual[name], ...given };
  if (name !== 'sgd') return { className: optimizerClasses[name], config };
  const { learningRate, momentum, nesterov } = config;
  if (momentum === 0) return { className: 'SGD', config: { learningRate } };
  return { className: 'Momentum', config: { learningRate, momentum, useNesterov: nesterov } };
}

const optimizerClasses = {
  adam: 'Adam',
  adamW: 'AdamW',
  adamax: 'Adamax',
  rmsprop: 'RMSProp',
  adagrad: 'Adagrad',
  adadelta: 'Adadelta',
};

const losses = [
  'meanSquaredError',
  'meanAbsoluteError',
  'meanAbsolutePercentageError',
  'meanSquaredLogarithmicError',
  'categoricalCrossentropy',
  'sparseCategoricalCrossentropy',
  'binaryCrossentropy',
  'kullbackLeiblerDivergence',
  'poisson',
  'cosineProximity',
  'hinge',
  'squaredHinge',
  'categoricalHinge',
  'logcosh',
] as const;

/** What training makes small. */
export type Loss = (typeof losses)[number];

const metrics = [
  'accuracy',
  'binaryAccuracy',
  'categoricalAccuracy',
  'sparseCategoricalAccuracy',
  'precision',
  'recall',
  'r2Score',
  ...losses,
] as const;

/** What is measured beside the loss. */
export type Metric = (typeof metrics)[number];

export interface CompileOptions {
  /** How weights follow the gradient: `'adam'`, or `{ name: 'sgd', learningRate: 0.1 }`. */
  optimizer: Optimizer;
  /** What training makes small: one loss for all outputs, or one for each in order or by name. */
  loss: Loss | readonly Loss[] | Readonly<Record<string, Loss>>;
  /** How much each output's loss counts, in order; 1 each if left out. */
  lossWeights?: readonly number[];
  /** What to measure beside the loss; nothing if left out. */
  metrics?: readonly Metric[];
  /** Longest gradient of one weight, above 0: a longer one is shortened. No limit if left out. */
  clipNorm?: number;
  /** Largest element of a gradient, above 0: larger ones are cut. No limit if left out. */
  clipValue?: number;
  /** Longest gradient of all weights together, above 0. No limit if left out. */
  globalClipNorm?: number;
  /** Where the random numbers of training begin: order of the samples, dropout. 0 if left out. */
  seed?: number;
}

/** What the core's Trainer is told. */
export interface TrainerOptions {
  optimizer: { className: string; config: Record<string, unknown> };
  loss: CompileOptions['loss'];
  lossWeights?: readonly number[];
  metrics: readonly Metric[];
  clipNorm?: number;
  clipValue?: number;
  globalClipNorm?: number;
  seed: number;
}

const isLoss = (value: unknown): boolean => losses.some((loss) => loss === value);
const numbers = (value: unknown): boolean => Array.isArray(value) && value.every(Number.isFinite);

/** Whether a value can say how much each sample counts. */
export function isWeights(value: unknown): boolean {
  return numbers(value) || (value instanceof Float32Array && value.every(Number.isFinite));
}

const compileOptions = {
  optimizer: needed(
    absent<Optimizer>(
      `one of ${Object.keys(optimizers).join(', ')}, or an object with such a name`,
      "optimizer: 'adam'",
      (value) => typeof value === 'string' || isRecord(value),
    ),
  ),
  loss: needed(
    absent<CompileOptions['loss']>(
      `one of ${losses.join(', ')}; or one for each output`,
      "loss: 'meanSquaredError'",
      (value) =>
        isLoss(value) ||
        (Array.isArray(value) && value.every(isLoss)) ||
        (isRecord(value) && Object.values(value).every(isLoss)),
    ),
  ),
  lossWeights: absent<readonly number[]>('a list of numbers', 'lossWeights: [1, 0.5]', numbers),
  metrics: absent<readonly Metric[]>(
    `a list of ${metrics.slice(0, 7).join(', ')} and losses`,
    "metrics: ['accuracy']",
    (value) => Array.isArray(value) && value.every((name) => metrics.includes(name)),
  ),
  clipNorm: { ...positive(1), example: 'clipNorm: 1' },
  clipValue: { ...positive(1), example: 'clipValue: 0.5' },
  globalClipNorm: { ...positive(1), example: 'globalClipNorm: 1' },
  seed: 0,
};

/** Checks what compile() was given, and says it as the core wants it. */
export function readCompile(given: CompileOptions): TrainerOptions {
  const options = readOptions('compile', given, compileOptions);
  const { optimizer, metrics, ...rest } = options;
  const { name, ...config } = isRecord(optimizer) ? optimizer : { name: optimizer };
  const names = Object.keys(optimizers) as (keyof typeof optimizers)[];
  const known = names.find((each) => each === name);
  if (known === undefined) {
    fail(
      `compile: there is no optimizer ${show(name)}`,
      { known: names.join(', ') },
      `optimizer: '${nearest(String(name), names)}'`,
    );
  }
  readOptions(`compile: ${known}`, config, optimizers[known]);
  const checked = Object.entries(rest).filter(([, value]) => value !== undefined);
  return {
    ...(Object.fromEntries(checked) as Pick<TrainerOptions, 'loss' | 'seed'>),
    optimizer: writeOptimizer(known, config),
    metrics: metrics ?? [],
  };
}

/** A learning rate for every epoch: a number, a function of the epoch, or one of three curves. */
export type Schedule = number | ((epoch: number) => number) | Curve;

/** A learning rate that falls from epoch to epoch. */
export type Curve =
  | {
      /** from × factor^epoch */
      type: 'exponential';
      /** The rate of epoch 0, above 0. */
      from: number;
      /** What each epoch multiplies it by, above 0. */
      factor: number;
    }
  | {
      /** Half a wave from `from` down to `to`. */
      type: 'cosine';
      /** The rate of epoch 0, above 0. */
      from: number;
      /** The rate at the end, from 0; 0 if left out. */
      to?: number;
      /** Epochs until then, from 1; all of this `fit` if left out. */
      epochs?: number;
    }
  | {
      /** from × factor^⌊epoch / every⌋ */
      type: 'step';
      /** The rate of epoch 0, above 0. */
      from: number;
      /** What each step multiplies it by, above 0. */
      factor: number;
      /** Epochs between steps, from 1. */
      every: number;
    };

const curves = {
  exponential: { from: needed(positive(0.01)), factor: needed(positive(0.9)) },
  cosine: { from: needed(positive(0.01)), to: natural(0), epochs: whole(1, 10) },
  step: { from: needed(positive(0.01)), factor: needed(positive(0.5)), every: needed(whole(1, 5)) },
};

/** A schedule as a function of the epoch; checks what it gives. */
export function readSchedule(given: Schedule, epochs: number): (epoch: number) => number {
  const rates = typeof given === 'function' ? given : curveOf(given, epochs);
  return (epoch) => {
    const value = rates(epoch);
    if (Number.isFinite(value) && value >= 0) return value;
    fail(
      'fit: the learning rate must be a number from 0',
      { epoch, given: show(value) },
      'learningRate: (epoch) => 0.01 * 0.9 ** epoch',
    );
  };
}

function curveOf(given: number | Curve, all: number): (epoch: number) => number {
  if (typeof given === 'number') return () => given;
  const { type, ...options } = given;
  const names = Object.keys(curves);
  if (!names.includes(type)) {
    fail(
      `fit: there is no learning rate schedule ${show(type)}`,
      { known: names.join(', ') },
      "learningRate: { type: 'exponential', from: 0.01, factor: 0.9 }",
    );
  }
  readOptions(`fit: learningRate ${type}`, options, curves[type]);
  if (given.type === 'exponential') return (epoch) => given.from * given.factor ** epoch;
  if (given.type === 'step') {
    return (epoch) => given.from * given.factor ** Math.floor(epoch / given.every);
  }
  const { from, to = 0, epochs = all } = given;
  const fallen = (epoch: number) =>
    (1 - Math.cos((Math.PI * Math.min(epoch, epochs)) / epochs)) / 2;
  return (epoch) => from + (to - from) * fallen(epoch);
}

/** Stops training when a number no longer gets better. */
export interface EarlyStopping {
  /** Which number: `val_loss` if there is validation, else `loss`, if left out. */
  monitor?: string;
  /** After how many epochs in a row without a better number it stops; 0, like 1, waits for none. */
  patience?: number;
  /** By how much a number must be better to count, from 0; 0 if left out. */
  minDelta?: number;
  /** Whether larger is better; if left out: for losses and errors no, for everything else yes. */
  larger?: boolean;
  /** Whether the weights of the best epoch come back, however it ends; false if left out. */
  restoreBestWeights?: boolean;
}

const earlyStoppingOptions = {
  monitor: absent<string>('a text', "monitor: 'val_loss'", (value) => typeof value === 'string'),
  patience: 0,
  minDelta: 0,
  larger: absent<boolean>('true or false', 'larger: true', (value) => typeof value === 'boolean'),
  restoreBestWeights: false,
};

/** Watches one number from epoch to epoch. */
export class Watcher {
  readonly monitor: string;
  readonly restoreBestWeights: boolean;
  readonly #patience: number;
  readonly #minDelta: number;
  readonly #sign: number;
  #best = Number.POSITIVE_INFINITY;
  #waited = 0;

  constructor(given: EarlyStopping, usual: string) {
    const options = readOptions('fit: earlyStopping', given, earlyStoppingOptions);
    this.monitor = options.monitor ?? usual;
    this.restoreBestWeights = options.restoreBestWeights;
    this.#patience = options.patience;
    this.#minDelta = Math.abs(options.minDelta);
    const larger = options.larger ?? /accuracy|precision|recall|r2Score/i.test(this.monitor);
    this.#sign = larger ? -1 : 1;
  }

  /** Takes in the numbers of an epoch: whether it is the best yet, and whether to stop. */
  look(logs: Logs): { best: boolean; stop: boolean } {
    const value = logs[this.monitor];
    if (value === undefined) {
      fail(
        'fit: earlyStopping watches a number that there is not',
        { monitor: this.monitor, known: Object.keys(logs).join(', ') },
        `monitor: '${nearest(this.monitor, Object.keys(logs))}'`,
      );
    }
    const best = this.#sign * value < this.#best - this.#minDelta;
    if (best) this.#best = this.#sign * value;
    this.#waited = best ? 0 : this.#waited + 1;
    return { best, stop: !best && this.#waited >= this.#patience };
  }
}

/** Numbers of a batch or an epoch by name: `loss`, `accuracy`, `val_loss` … */
export type Logs = Record<string, number>;

/** Functions to call on the way. Training waits for a promise that they give. */
export interface Callbacks {
  onTrainBegin?: () => unknown;
  onTrainEnd?: () => unknown;
  onEpochBegin?: (epoch: number) => unknown;
  /** `logs` are the means over the epoch, and those of the validation as `val_…`. */
  onEpochEnd?: (epoch: number, logs: Logs) => unknown;
  /** `logs` are the means over the epoch so far. Makes training stop at every batch: slower. */
  onBatchEnd?: (batch: number, logs: Logs) => unknown;
}

const callbackNames = {
  onTrainBegin: callback<() => unknown>('onTrainBegin: () => {}'),
  onTrainEnd: callback<() => unknown>('onTrainEnd: () => {}'),
  onEpochBegin: callback<(epoch: number) => unknown>('onEpochBegin: (epoch) => {}'),
  onEpochEnd: callback<(epoch: number, logs: Logs) => unknown>('onEpochEnd: (epoch, logs) => {}'),
  onBatchEnd: callback<(batch: number, logs: Logs) => unknown>('onBatchEnd: (batch, logs) => {}'),
};

/** How far training has come. */
export interface TrainingProgress {
  /** The epoch that runs, from 0. */
  epoch: number;
  /** One past the last epoch. */
  epochs: number;
  /** Steps of this epoch that are done. */
  step: number;
  /** Steps of this epoch; undefined where a generator does not tell. */
  steps: number | undefined;
  /** Mean loss of the epoch so far. */
  loss: number;
  /** Means of all metrics over the epoch so far, `loss` among them. */
  metrics: Logs;
  samplesPerSecond: number;
  /** Until the last epoch is done; undefined where a generator does not tell. */
  secondsLeft: number | undefined;
}

/** What fit() takes beside the data. */
export interface FitOptions {
  /** Samples of one step, from 1; 32 if left out. */
  batchSize?: number;
  /** How often to go through the data: up to this epoch, from 1; 1 if left out. */
  epochs?: number;
  /** The number of the first epoch, from 0; 0 if left out. */
  initialEpoch?: number;
  /** Whether samples come in another order in every epoch; true if left out. */
  shuffle?: boolean;
  /** Part of the samples, the last ones, that is kept for validation, from 0 to below 1. */
  validationSplit?: number;
  /** Samples to validate with after each epoch: `[x, y]` or `{ x, y }`, or a generator function. */
  validationData?: unknown;
  /** Batches of the validation, where its data comes from a generator. */
  validationSteps?: number;
  /** Batches of an epoch, from 1; all of the data if left out. */
  stepsPerEpoch?: number;
  /** How much samples of each class count in training: `{ 0: 1, 1: 5 }`; 1 each if left out. */
  classWeight?: Readonly<Record<number, number>>;
  /** How much each sample counts; 1 each if left out. */
  sampleWeight?: readonly number[] | Float32Array;
  callbacks?: Callbacks;
  earlyStopping?: EarlyStopping;
  /** The learning rate of every epoch; that of the optimizer if left out. */
  learningRate?: Schedule;
  /** Stops training, which then rejects with the signal's reason. The weights stay as they are. */
  signal?: AbortSignal;
  /** Told about thirty times a second how far training has come. */
  onProgress?: (progress: TrainingProgress) => unknown;
}

const partBelowOne = (example: string) => ({ ...fraction(0.2), example });

const fitOptions = {
  batchSize: 32,
  epochs: 1,
  initialEpoch: 0,
  shuffle: true,
  validationSplit: partBelowOne('validationSplit: 0.2'),
  validationData: absent<unknown>(
    '[x, y] or a generator function',
    'validationData: [x, y]',
    (value) => value !== null,
  ),
  validationSteps: { ...whole(1), example: 'validationSteps: 10' },
  stepsPerEpoch: { ...whole(1), example: 'stepsPerEpoch: 100' },
  classWeight: absent<Readonly<Record<number, number>>>(
    'an object: a number for each class',
    'classWeight: { 0: 1, 1: 5 }',
    (value) => isRecord(value) && Object.values(value).every(Number.isFinite),
  ),
  sampleWeight: absent<readonly number[] | Float32Array>(
    'a number for each sample',
    'sampleWeight: [1, 1, 0.5]',
    isWeights,
  ),
  callbacks: absent<Callbacks>(
    'an object of functions',
    'callbacks: { onEpochEnd: (epoch, { loss }) => {} }',
    isRecord,
  ),
  earlyStopping: absent<EarlyStopping>('an object', 'earlyStopping: { patience: 3 }', isRecord),
  learningRate: absent<Schedule>(
    'a number, a function of the epoch, or a schedule',
    "learningRate: { type: 'exponential', from: 0.01, factor: 0.9 }",
    (value) => typeof value === 'number' || typeof value === 'function' || isRecord(value),
  ),
  signal: instance(AbortSignal, 'signal: AbortSignal.timeout(60_000)'),
  onProgress: callback<(progress: TrainingProgress) => unknown>('onProgress: ({ loss }) => {}'),
};

/** Checks what fit() was given. */
export function readFit(given: FitOptions) {
  const options = readOptions('fit', given, fitOptions);
  for (const name of ['batchSize', 'epochs'] as const) checkWhole('fit', name, options[name], 1);
  checkWhole('fit', 'initialEpoch', options.initialEpoch, 0);
  readOptions('fit: callbacks', options.callbacks ?? {}, callbackNames);
  if (options.validationSplit !== undefined && options.validationData !== undefined) {
    fail('fit: validationSplit and validationData cannot be given together', {}, 'one of them');
  }
  return options;
}

/** Refuses a number that is not whole or too small. */
export function checkWhole(who: string, name: string, value: number, from: number): void {
  if (Number.isInteger(value) && value >= from) return;
  fail(`${who}: ${name} must be a whole number from ${from}`, { given: value }, `${name}: ${from}`);
}
