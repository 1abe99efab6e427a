// ml5.featureExtractor, as 1.x has it and as 0.12 had it: teaches a MobileNet new classes or numbers.
import { fail } from '../errors.js';
import type { ImageSource } from '../image.js';
import { absent, readOptions } from '../options.js';
import type { ModelSource } from '../source.js';
import {
  type FeatureExtractor as Extractor,
  openProject,
  type TeachOptions,
  featureExtractor as task,
} from '../tasks/featureExtractor.js';
import { show, type Tensor } from '../tensor.js';
import type { Loading } from '../usable.js';
import {
  answer,
  answerErrorFirst,
  type Callback,
  type ErrorFirst,
  loopCallback,
  refuseMore,
  type Sorted,
  sortArguments,
  tellError,
} from './calls.js';
import { anything } from './detecting.js';
import type { Classification } from './imageClassifier.js';
import { type Instance, instance } from './instance.js';

export interface FeatureExtractorOptions {
  /** What is learned, in 1.x; in 0.12 `classification()` or `regression()` says it. */
  task?: 'classification' | 'regression';
  epochs?: number;
  hiddenUnits?: number;
  learningRate?: number;
  /** Examples of one step: below 1 a part of all, as in ml5; else so many. */
  batchSize?: number;
  /** The layer whose output is the features. */
  layer?: string;
  /** A model of your own: see `featureExtractor` of gesso. */
  modelUrl?: string;
  /** Taken, and change nothing: gesso has one MobileNet, and counts the labels by itself. */
  version?: 1 | 2;
  alpha?: number;
  topk?: number;
  numLabels?: number;
}

/** Where the options of train() may be given, too. */
export type FeatureTraining = Pick<
  FeatureExtractorOptions,
  'epochs' | 'hiddenUnits' | 'learningRate' | 'batchSize'
> & { debug?: boolean };

/** What ml5 says a feature extractor can do; callbacks as in 1.x, or after classification() as in 0.12. */
export interface FeatureExtractor {
  /** As in 0.12: from now on it classifies, and callbacks take the error first. */
  classification(
    ...args: readonly (ImageSource | FeatureExtractorOptions | (() => unknown))[]
  ): FeatureExtractor;
  /** As in 0.12: from now on it predicts numbers, and callbacks take the error first. */
  regression(...args: readonly (ImageSource | (() => unknown))[]): FeatureExtractor;
  /** Adds an example. In 0.12's way the picture may be left out where there is a video. */
  addImage(...args: readonly unknown[]): Promise<void>;
  /**
   * Learns from the examples.
   *
   * @param args in 1.x: options, a function told of `(epoch, logs)`, one told of the end. In 0.12: a
   *   function told of the loss after every epoch, as a text, and at the end of null
   */
  train(...args: readonly unknown[]): Promise<void>;
  /** The classes of a picture, the surest first. */
  classify(...args: readonly unknown[]): Promise<Classification[]>;
  classifyStart(image: ImageSource, callback: Callback<Classification[]>): void;
  classifyStop(): void;
  /** The number that belongs to a picture: in 1.x `[{ value }]`, in 0.12 `{ value }`. */
  predict(...args: readonly unknown[]): Promise<{ value: number }[] | { value: number }>;
  predictStart(image: ImageSource, callback: Callback<{ value: number }[]>): void;
  predictStop(): void;
  /** The features of a picture; a promise, unlike in 0.12: KNNClassifier takes it as it is. */
  infer(image: ImageSource, endpoint?: string): Promise<Tensor>;
  /** Downloads all of it as one file, which load() takes: `name.gesso.zip`. */
  save(...args: readonly unknown[]): Promise<void>;
  load(source: ModelSource, callback?: (...args: never[]) => unknown): Promise<void>;
  dispose(): void;
}

const who = 'ml5.featureExtractor';

const number = (name: string, example: number) =>
  absent<number>('a number above 0', `${name}: ${example}`, (value) => Number(value) > 0);

const training = {
  epochs: number('epochs', 20),
  hiddenUnits: number('hiddenUnits', 100),
  learningRate: number('learningRate', 0.001),
  batchSize: number('batchSize', 0.4),
};

const schema = {
  ...training,
  task: absent<'classification' | 'regression'>(
    "'classification' or 'regression'",
    "task: 'regression'",
    (value) => value === 'classification' || value === 'regression',
  ),
  layer: '',
  modelUrl: '',
  version: anything,
  alpha: anything,
  topk: anything,
  numLabels: anything,
  featureVectorURL: anything,
  mobilenetURL: anything,
  graphModelURL: anything,
};

/**
 * Loads a MobileNet that can be taught.
 *
 *     const extractor = ml5.featureExtractor('MobileNet', { task: 'classification' });   // 1.x
 *     const classifier = ml5.featureExtractor('MobileNet', ready).classification(video); // 0.12
 *
 * Where nothing else is said it learns as gesso does, which needs fewer examples than ml5's defaults.
 *
 * @param args the name of the model, options, a callback
 */
export function featureExtractor(
  ...args: readonly (string | FeatureExtractorOptions | Callback<FeatureExtractor>)[]
): Instance<FeatureExtractor> {
  const given = sortArguments(args);
  const example = "ml5.featureExtractor('MobileNet', { task: 'classification' }, modelLoaded)";
  refuseMore(who, given, { texts: 1, options: 1, callbacks: 1 }, example);
  const [name = 'MobileNet'] = given.texts;
  if (name.toLowerCase() !== 'mobilenet') {
    fail(`${who}: gesso does not have this model`, { given: name, known: 'MobileNet' }, example);
  }
  const options = readOptions(who, given.options[0] ?? {}, schema);
  const usual: FeatureTraining = pick(options);
  const made = (kind: 'classification' | 'regression') =>
    task(options.modelUrl || 'mobilenet', {
      task: kind,
      ...(options.layer && { layer: options.layer }),
    });
  let kind = options.task ?? 'classification';
  let extractor: Loading<Extractor> = made(kind);
  let examples = 0;
  let errorFirst = false;
  let video: ImageSource | undefined;
  let stop = () => {};

  /** From now on as 0.12 has it. */
  const become = (other: 'classification' | 'regression', args: readonly unknown[]) => {
    const { others, options: more, callbacks } = sortArguments(args);
    errorFirst = true;
    video = (others[0] as ImageSource | undefined) ?? video;
    Object.assign(usual, pick(readOptions(who, more[0] ?? {}, schema)));
    if (other !== kind) {
      extractor.dispose();
      kind = other;
      extractor = made(kind);
      examples = 0;
    }
    const [callback] = callbacks as (() => unknown)[];
    if (callback) told(extractor.about(), callback);
    return usable;
  };
  const pictureOf = (method: string, { others, options }: Sorted): ImageSource => {
    const image = others[0] ?? options[0] ?? video;
    if (image !== undefined) return image as ImageSource;
    return fail(`ml5 ${method}: there is nothing to look at`, {}, `${method}(video, …)`);
  };
  const replied = <T>(work: Promise<T>, { callbacks }: Sorted): Promise<T> => {
    const callback = callbacks.at(-1);
    return errorFirst
      ? answerErrorFirst(work, callback as ErrorFirst<T> | undefined)
      : answer(work, callback as Callback<T> | undefined);
  };
  const watch = <T>(
    method: string,
    image: ImageSource,
    callback: Callback<T>,
    plain: (results: never) => T,
  ) => {
    if (typeof callback !== 'function') {
      fail(
        `ml5 ${method}: it needs a function to call`,
        { given: show(callback) },
        `${method}(video, gotResults)`,
      );
    }
    stop();
    const told = loopCallback(callback, () => stop());
    stop = extractor.watch(image, (results) => told(plain(results as never)), {
      onError: (error) => tellError(callback, error),
    });
  };
  const methods: FeatureExtractor = {
    classification: (...args) => become('classification', args),
    regression: (...args) => become('regression', args),
    addImage(...args) {
      const sorted = sortArguments(args);
      const label = sorted.texts[0] ?? sorted.numbers[0];
      if (label === undefined) {
        fail('ml5 addImage: it needs a label', {}, "addImage(video, 'hand')");
      }
      const known = kind === 'regression' ? Number(label) : String(label);
      const added = extractor.addImage(pictureOf('addImage', sorted), known);
      examples++;
      return replied(
        added.then(() => {}),
        sorted,
      );
    },
    async train(...args) {
      const sorted = sortArguments(args);
      const { debug: _, ...own } = (sorted.options[0] ?? {}) as FeatureTraining;
      const settings = { ...usual, ...pick(readOptions('ml5 train', own, schema)) };
      const [whileTraining, finished] = sorted.callbacks as ((...news: unknown[]) => unknown)[];
      await extractor.train(teachOptions(settings, examples), (epoch, logs) =>
        errorFirst ? whileTraining?.(logs.loss?.toFixed(5)) : whileTraining?.(epoch, logs),
      );
      if (errorFirst) whileTraining?.(null);
      finished?.();
    },
    classify(...args) {
      const sorted = sortArguments(args);
      return replied(extractor.classify(pictureOf('classify', sorted)).then(plain), sorted);
    },
    classifyStart: (image, callback) => watch('classifyStart', image, callback, plain),
    classifyStop: () => stop(),
    predict(...args) {
      const sorted = sortArguments(args);
      const predicted = extractor.predict(pictureOf('predict', sorted)).then(valuesOf);
      const as = predicted.then((values) =>
        errorFirst ? (values[0] ?? { value: Number.NaN }) : values,
      );
      return replied<{ value: number } | { value: number }[]>(as, sorted);
    },
    predictStart: (image, callback) => watch('predictStart', image, callback, valuesOf),
    predictStop: () => stop(),
    infer: (image) => extractor.infer(image),
    save(...args) {
      const sorted = sortArguments(args);
      return replied(extractor.save(`downloads://${sorted.texts[0] ?? 'model'}`), sorted);
    },
    load(source, callback) {
      // A model of one's own may lie where a project file must not send anybody.
      const opened = openProject(source, options.modelUrl ? { model: options.modelUrl } : {});
      extractor.dispose();
      extractor = opened;
      examples = 0;
      const loading = opened.then(({ task, size }) => {
        kind = task;
        examples += size;
      });
      return replied(loading, sortArguments([callback]));
    },
    dispose() {
      stop();
      extractor.dispose();
    },
  };
  const usable = instance(
    extractor,
    methods,
    given.callbacks.at(-1) as Callback<FeatureExtractor> | undefined,
  );
  return usable;
}

/** A callback that is only told that something is ready. */
function told(work: Promise<unknown>, callback: () => unknown): void {
  work.then(
    () => queueMicrotask(callback),
    () => {}, // every method reports it
  );
}

function pick(
  options: Partial<Record<keyof typeof training, number | undefined>>,
): FeatureTraining {
  const names = Object.keys(training) as (keyof typeof training)[];
  return Object.fromEntries(
    names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  );
}

function teachOptions({ batchSize, ...others }: FeatureTraining, size: number): TeachOptions {
  if (batchSize === undefined) return others;
  const whole = batchSize < 1 ? Math.max(1, Math.round(batchSize * size)) : batchSize;
  return { ...others, batchSize: whole };
}

function plain(results: readonly Classification[]): Classification[] {
  return results.map(({ label, confidence }) => ({ label, confidence }));
}

function valuesOf(results: readonly { value: number }[]): { value: number }[] {
  return results.map(({ value }) => ({ value }));
}
