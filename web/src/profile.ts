// Where the time of an answer goes: every operator of a model on the clock.
import type { BuildName } from './engine.js';
import { fail } from './errors.js';
import { type ImageSource, type Pixels, takePicture } from './image.js';
import { type Inside, insideOf } from './insides.js';
import type { Samples } from './layers/layersModel.js';
import { checkInputs, type Input, type LoadedModel, type Port } from './model.js';
import { absent, readOptions } from './options.js';
import type { Measured, Spread } from './profiling.js';
import type { Profiled, Tensors } from './runtime.js';
import type { ImageClassifier } from './tasks/imageClassifier.js';
import type { NeuralNetwork } from './tasks/neuralNetwork.js';
import { countOf, show, showShape, tensor } from './tensor.js';

/** Whatever has a model: what loadModel, layers, imageClassifier and neuralNetwork give. */
export type Profilable = LoadedModel | ImageClassifier | NeuralNetwork;

export interface ProfileOptions {
  /** What to run on, as the model takes it. If left out, numbers are made up, or a picture is. */
  input?: ImageSource | Input | Readonly<Record<string, Input>>;
  /** Samples: one step of training is timed with all of them, and nothing is learned from it. */
  training?: readonly [x: Samples, y: Samples];
  /** How often to run; as often as fits into a second if left out. */
  runs?: number;
  /** How often to run first, off the clock; 3 if left out. */
  warmup?: number;
}

/** One operator of a model. Times are in milliseconds. */
export interface OperatorTime {
  /** Of the node in the model's file. */
  name: string;
  /** What it computes: a name from the list of operators. */
  operator: string;
  /** What computes it: `xnnpack`, `simd` or `reference`. */
  kernel: string;
  /** Of its output. */
  shape: number[];
  /** For one run, on average. */
  mean: number;
  /** In the fastest run; null where the clock is too coarse to tell. */
  min: number | null;
  /** Of the time of all operators, 0 to 1. */
  share: number;
}

/** All operators of one kind together. */
export interface KindTime {
  operator: string;
  kernel: string;
  /** How many there are in one run. */
  calls: number;
  mean: number;
  share: number;
}

/** The stages of one answer, one after the other; each on average, in milliseconds. */
export interface StageTimes {
  /** Taking the pixels out of a picture; measured once. */
  picture: number;
  /** Copying inputs into the memory of WebAssembly. */
  upload: number;
  /** Making numbers of pixels: size, range, layout. */
  prepare: number;
  /** The model itself. */
  run: number;
  /** Copying the results out. */
  read: number;
}

/** What profile() found out: plain data, to keep, to send or to write as JSON. */
export interface Profile {
  /** The name of the model, as about() tells it. */
  model: string;
  /** What was timed: answers, or steps of training. */
  what: 'run' | 'training';
  build: BuildName;
  threads: number;
  version: string;
  /** Whether it ran in a worker. */
  worker: boolean;
  /** How many runs were timed. */
  runs: number;
  /** How many of them do not count, because something else on the machine came in between. */
  interrupted: number;
  /** The least time that the clock can tell here. */
  clock: number;
  /** All stages together. */
  total: number;
  stages: StageTimes;
  /** In the order in which they run. */
  operators: OperatorTime[];
  /** The costliest first. */
  kinds: KindTime[];
}

const who = 'profile';

const profileOptions = {
  input: absent<NonNullable<ProfileOptions['input']>>(
    'what the model takes',
    'input: image',
    (value) => value !== null,
  ),
  training: absent<readonly [Samples, Samples]>(
    'two sets of samples',
    'training: [x, y]',
    (value) => Array.isArray(value) && value.length === 2,
  ),
  runs: absent<number>('a number', 'runs: 100', (value) => typeof value === 'number'),
  warmup: 3,
};

/**
 * Tells how long each operator of a model takes, and how much comes on top.
 *
 *     const classifier = await imageClassifier('mobilenet');
 *     console.table(profileTable(await profile(classifier, { input: image })));
 *
 * Browsers make their clocks coarse, by 0.005 to 1 millisecond: a single operator is often over
 * before the clock has moved. So the model runs many times, and it is the averages that can be
 * trusted; `clock` tells how coarse the clock is. The clock is read before every operator, which a
 * run otherwise does not do. Other models get their turn between two runs.
 *
 * @param model what loadModel, a function of layers, imageClassifier or neuralNetwork gave
 */
export async function profile(model: Profilable, options: ProfileOptions = {}): Promise<Profile> {
  const { input, training, runs, warmup } = readOptions(who, options, profileOptions);
  checkCount('runs', runs ?? 1, 1);
  checkCount('warmup', warmup, 0);
  const { session, preprocess, training: withSamples } = await inside(model);
  const { client, model: number, description, ...opened } = await session.opened();
  const often = { runs, warmup };

  let measured: Profiled;
  if (training !== undefined) {
    if (withSamples === undefined) {
      fail('profile: this model cannot be trained', {}, 'loadLayersModel(), or leave training out');
    }
    const [x, y] = training;
    measured = await withSamples(x, y, (set, data) =>
      client.profile(number, { ...often, set, training: data }),
    );
  } else if (preprocess !== undefined) {
    const given = (input as ImageSource | undefined) ?? madeUpPicture(description.inputs);
    const start = performance.now();
    const picture = await takePicture(who, given, client.takesBitmaps);
    const taken = performance.now() - start;
    const request = { ...often, picture, preprocess: await preprocess() };
    measured = await client.profile(number, request);
    measured.picture += taken;
  } else {
    const given =
      (input as Input | Record<string, Input> | undefined) ?? madeUp(description.inputs);
    const inputs = checkInputs(description.inputs, given);
    measured = await client.profile(number, { ...often, inputs });
  }
  const { name } = await session.about();
  const what = training === undefined ? 'run' : 'training';
  const { build, threads, version } = opened;
  return { model: name, what, build, threads, version, worker: client.far, ...report(measured) };
}

/** Rows for console.table: the costliest operator first. */
export function profileTable({ operators }: Profile): Record<string, string | number | null>[] {
  return [...operators]
    .sort((a, b) => b.mean - a.mean)
    .map(({ name, operator, kernel, shape, mean, min, share }) => ({
      name,
      operator,
      kernel,
      shape: showShape(shape),
      'mean ms': rounded(mean),
      'min ms': min === null ? null : rounded(min),
      '%': Number((share * 100).toFixed(1)),
    }));
}

async function inside(model: Profilable): Promise<Inside> {
  const isObject = typeof model === 'object' && model !== null;
  const found = isObject ? insideOf(model) : undefined;
  if (found) return found;
  // A network has no model before it has learned.
  if (isObject && 'model' in model && typeof model.model === 'function') {
    return inside(await model.model());
  }
  fail(
    'profile: this is not a model',
    { given: show(model) },
    'what loadModel(), imageClassifier(), neuralNetwork() or sequential() gave',
  );
}

function checkCount(name: string, count: number, least: number): void {
  if (Number.isInteger(count) && count >= least) return;
  fail(`profile: ${name} must be a whole number from ${least}`, { given: count }, `${name}: 50`);
}

function report(
  measured: Profiled,
): Omit<Profile, 'model' | 'what' | 'build' | 'threads' | 'version' | 'worker'> {
  const { runs, interrupted, clock, picture, stages, steps } = measured;
  const { upload, prepare, run, read } = stages;
  const times: StageTimes = {
    picture,
    upload: upload.mean,
    prepare: prepare.mean,
    run: run.mean,
    read: read.mean,
  };
  const total = Object.values(times).reduce((sum, time) => sum + time, 0);
  const operators = timesOf(steps, clock);
  return { runs, interrupted, clock, total, stages: times, operators, kinds: kindsOf(operators) };
}

function timesOf(steps: Measured['steps'], clock: number): OperatorTime[] {
  const sum = steps.reduce((sum, { mean }) => sum + mean, 0);
  return steps.map(({ name, operator, kernel, shape, mean, min }) => {
    const share = sum > 0 ? mean / sum : 0;
    return { name, operator, kernel, shape, mean, min: leastOf({ mean, min }, clock), share };
  });
}

/** A run that is not much longer than a tick of the clock can look as if it took no time. */
function leastOf({ mean, min }: Spread, clock: number): number | null {
  return mean < 5 * clock ? null : min;
}

function kindsOf(operators: readonly OperatorTime[]): KindTime[] {
  const kinds = new Map<string, KindTime>();
  for (const { operator, kernel, mean, share } of operators) {
    const key = `${operator} ${kernel}`;
    const kind = kinds.get(key) ?? { operator, kernel, calls: 0, mean: 0, share: 0 };
    kind.calls += 1;
    kind.mean += mean;
    kind.share += share;
    kinds.set(key, kind);
  }
  return [...kinds.values()].sort((a, b) => b.mean - a.mean);
}

/** A picture of noise, as large as the model takes it. */
function madeUpPicture([input]: readonly Port[]): Pixels {
  const [, height = 1, width = 1] = input?.shape ?? [];
  const data = Uint8ClampedArray.from({ length: width * height * 4 }, (_, i) => noise(i) * 256);
  return { width, height, data };
}

/** A tensor of made-up numbers for each input: zeros where they may be indices. */
function madeUp(ports: readonly Port[]): Tensors {
  return Object.fromEntries(
    ports.map(({ name, shape: declared, dtype }) => {
      const shape = declared.map((size, axis) => (axis === 0 && size < 0 ? 1 : size));
      if (shape.some((size) => size < 0)) {
        fail(
          'profile: the model leaves open how large its input is',
          { input: `${name} ${showShape(declared)}` },
          'input: a tensor of the size that you have',
        );
      }
      const zeros = new Float32Array(countOf(shape));
      const data = dtype === 'float32' ? zeros.map((_, i) => noise(i)) : zeros;
      return [name, tensor(data, shape, dtype)];
    }),
  );
}

/** 0 to 1, the same for the same number. */
function noise(i: number): number {
  const x = Math.sin(i * 12.9898) * 43758.5453;
  return x - Math.floor(x);
}

function rounded(milliseconds: number): number {
  return Number(milliseconds.toFixed(4));
}
