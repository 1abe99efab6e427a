// What featureExtractor() takes and gives: examples, a training, answers and a project.
import type { ImageSource } from '../../image.js';
import type { ModelFiles, SaveTarget } from '../../layers/layersModel.js';
import type { TrainingProgress } from '../../layers/trainingOptions.js';
import type { About, LoadOptions } from '../../model.js';
import type { Preprocess } from '../../recipe.js';
import type { ModelSource } from '../../source.js';
import type { Label } from '../../tasks/imageClassifier.js';
import type { Estimate } from '../../tasks/neuralNetwork.js';
import type { Tensor } from '../../tensor.js';
import type { WatchOptions } from '../../watch.js';

/** What is learned: to which class a picture belongs, or a number that belongs to it. */
export type TeachTask = 'classification' | 'regression';

export interface FeatureExtractorOptions extends LoadOptions {
  /**
   * The layer whose output is the features: see {@link FeatureExtractor.layers}. If left out, the
   * layer that is known to be good for this model, or else the last one before its classes.
   */
  layer?: string;
  /** What is learned; `classification` if left out. */
  task?: TeachTask;
  /** How a picture becomes numbers; each part given wins over what is known of the model. */
  preprocess?: Partial<Preprocess>;
  /** Where random numbers begin: first weights, order, validation examples; 0 if left out. */
  seed?: number;
}

export interface OpenProjectOptions extends Omit<FeatureExtractorOptions, 'task' | 'seed'> {
  /**
   * The base, where the project names none: one that was given as files, or from a disk. It must be named
   * too where files in hand name a base elsewhere than at a known name or on this page's own site, because
   * such files may come from anybody. With another base than the project's, features are computed anew from
   * the kept pictures, and the head must be trained again.
   */
  model?: ModelSource;
}

/** A layer at which the base can be cut. */
export interface LayerChoice {
  /** What `layer` and `useLayer` call it. */
  name: string;
  /** What it does: `conv2d`, `relu` … */
  operator: string;
  /** The shape of its output; the first size, -1, is that of the batch. */
  shape: number[];
  /** How many features it gives: its channels, after the mean over height and width. */
  features: number;
  /** Whether it is the one that is used if none is named. */
  isDefault: boolean;
}

/** A picture that it learns from. */
export interface Example {
  /** Never given again, also after the example is gone. From 1. */
  id: number;
  /** A class, or for regression a number. */
  label: string | number;
}

/** A label and its examples. */
export interface LabelCount {
  label: string;
  count: number;
}

export interface CaptureOptions {
  /** Pictures a second at most, above 0 up to 60; 8 if left out. */
  perSecond?: number;
  /** Told of each picture that has become an example. */
  onExample?: (example: Example) => unknown;
  /** Told of the error that ended the capture; without it the error goes to the console. */
  onError?: (error: unknown) => void;
}

export interface AddImageOptions {
  /**
   * Any object: pictures that are added one after the other with the same one are taken back together.
   *
   *     const group = {};
   *     for (const file of files) await extractor.addImage(await createImageBitmap(file), 'fist', { group });
   */
  group?: object;
}

export interface UseLayerOptions {
  /** Stops the reading of pictures, which then rejects with the signal's reason; the layer stays. */
  signal?: AbortSignal;
  /** Told of how many examples the features are there. */
  onProgress?: (progress: { loaded: number; total: number }) => unknown;
}

/** Changed copies of each example that it learns from, too. They never count for validation. */
export interface Augment {
  /** Copies of each example, from 1 to 20; 2 if left out. */
  copies?: number;
  /** Whether half of the copies are mirrored left and right; true if left out. */
  flip?: boolean;
  /** How far copies are moved at most, as a part of the width and height, 0 to 0.5; 0.1. */
  shift?: number;
  /** By which part copies are brighter or darker at most, 0 to 1; 0.2. */
  brightness?: number;
}

/** How the base itself learns, after the head. */
export interface FineTune {
  /**
   * The first layer of the base that learns, with all that follow; `'all'`: every one. If left out,
   * its last two convolutions: the last block of a MobileNet.
   */
  from?: string;
  /** Times to go through the examples, from 1; 5 if left out. */
  epochs?: number;
  /** Examples of one step, from 1; 16 if left out. */
  batchSize?: number;
  /** How far each step goes, above 0; 0.0001 if left out: the base is good already. */
  learningRate?: number;
  /** How weights follow the gradient; `adam` if left out. */
  optimizer?: 'adam' | 'sgd';
  /**
   * `frozen`, the default: batch normalization keeps to the averages that it has learned before, as
   * is best for few examples. `learns`: it goes by each batch, and its averages move.
   */
  batchNormalization?: 'frozen' | 'learns';
}

export interface TeachOptions {
  /** Times to go through the examples, from 1; 50 if left out. */
  epochs?: number;
  /** How far each step goes, above 0; 0.001 if left out. */
  learningRate?: number;
  /** Units of the hidden layer of the head; 0: the head has none. 100 if left out. */
  hiddenUnits?: number;
  /** Examples of one step, from 1; 16 if left out. */
  batchSize?: number;
  /**
   * Part of the examples that is kept for validation, from 0 to below 1; 0.15 if left out. The same
   * part of every class, at least one of each class with four examples or more.
   */
  validationSplit?: number;
  /** Changed copies of the examples; none if left out. `true`: as `Augment` says. */
  augment?: boolean | Augment;
  /** Whether, and how, the base learns too, after the head; false if left out. */
  fineTune?: boolean | FineTune;
  /** Stops training, which then rejects with the signal's reason; the earlier head stays. */
  signal?: AbortSignal;
  /** Told how far it has come. */
  onProgress?: (progress: TeachProgress) => unknown;
}

/** How far teaching has come. */
export interface TeachProgress extends TrainingProgress {
  /** `features`: copies are computed; then the head learns; then the network, if it shall. */
  phase: 'features' | 'head' | 'network';
}

/** Numbers of an epoch: `loss`, `accuracy`, `val_loss` … */
export type TeachLogs = Record<string, number>;

/** How a training went. */
export interface TeachResult {
  /** The numbers of every epoch of the head, then of the network. */
  head: TeachLogs[];
  network: TeachLogs[];
  /** Examples that it learned from, without copies, and those kept for validation. */
  trained: number;
  validated: number;
  /** Why it ended. */
  ended: 'epochs' | 'stop';
}

/** How right the answers for examples of one class are. */
export interface ClassAccuracy {
  label: string;
  /** Right answers, and examples. */
  right: number;
  count: number;
  /** right / count, from 0 to 1; NaN where there is no example. */
  accuracy: number;
}

/** A wrong answer. */
export interface Mistake {
  /** The example, or the position among the pictures that were given. */
  id: number;
  label: string;
  answer: string;
  confidence: number;
}

/** How right the answers are. */
export interface Evaluation {
  /** Which pictures: those kept for validation, all examples (where none were kept), or given ones. */
  of: 'validation' | 'examples' | 'given';
  count: number;
  /** Part of the right answers, from 0 to 1; for regression NaN. */
  accuracy: number;
  /** For each class. */
  classes: ClassAccuracy[];
  /** The classes in the order of rows and columns of `confusion`. */
  labels: string[];
  /** `confusion[i][j]`: how many pictures of class i were answered with class j. */
  confusion: number[][];
  mistakes: Mistake[];
  /** For regression: mean absolute error, in units of the labels; else NaN. */
  meanAbsoluteError: number;
}

/** A picture to evaluate. */
export interface LabelledPicture {
  image: ImageSource;
  label: string | number;
}

/** An example that is like a picture. */
export interface NearestExample extends Example {
  /** How unlike: 1 - cosine of the features; 0 for the same, at most 2. */
  distance: number;
}

/** Something doubtful about the examples that is no error. */
export interface ExampleWarning {
  kind: 'few' | 'imbalance' | 'duplicates' | 'conflict';
  /** What it is, the facts, and what to try, as errors say it. */
  message: string;
  /** The labels, and the examples, that it is about. */
  labels: string[];
  ids: number[];
}

/** What one should know of a project, and of whom its pictures are. */
export interface ProjectCard {
  title: string;
  author: string;
  /** Who agreed that their pictures are used, and to what. */
  consent: string;
  notes: string;
  /** The day of the last change, as `2026-11-21`; filled in by itself. */
  date: string;
  /** Examples of each label; filled in by itself. */
  counts: LabelCount[];
}

export interface SaveProjectOptions {
  /**
   * Whether the pictures are saved, so that another layer or base can be used later; true. Without
   * them the project holds features, from which no picture can be made again exactly.
   */
  pictures?: boolean;
}

/**
 * Teaches a base new classes or numbers. Methods run one after the other, in the order of the calls,
 * and wait for loading by themselves; pictures are those of the moment of the call.
 */
export interface FeatureExtractor {
  /** What is learned. */
  readonly task: TeachTask;
  /** The layer whose output is the features. Known when it has loaded, as `preprocess`. */
  readonly layer: string;
  /** How a picture becomes the numbers of the base's input. */
  readonly preprocess: Preprocess;
  /** How many examples there are. */
  readonly size: number;
  /** Examples of each label, in the order in which labels came; for regression, of each number. */
  readonly counts: readonly LabelCount[];
  /** All examples, in the order in which they came. */
  readonly examples: readonly Example[];
  /** The classes that classify() tells apart: those of the last training. */
  readonly classes: readonly string[];
  /** Whether examples or labels have changed so that it should be trained again. */
  readonly stale: boolean;
  /** Whether train() is running. */
  readonly training: boolean;
  /**
   * The card of the project. Parts can be set: `extractor.card = { title: 'My cups' }`; date and
   * counts are filled in by themselves. What is no card throws an MLError at once.
   */
  get card(): ProjectCard;
  set card(card: Partial<ProjectCard>);
  /** The layers at which the base can be cut, in the order in which they are computed. */
  layers(): Promise<LayerChoice[]>;
  /**
   * Cuts at another layer: features of all examples are computed from the kept pictures, unless they
   * are known from before. The head must be trained again.
   *
   * @throws MLError when there is no such layer, or an example has no picture
   */
  useLayer(name: string, options?: UseLayerOptions): Promise<void>;
  /**
   * Adds an example.
   *
   *     await extractor.addImage(video, 'open hand');
   *
   * @param image anything that can be drawn; a small copy of it is kept
   * @param label a class; for regression a number
   * @returns the id of the example
   */
  addImage(image: ImageSource, label: string | number, options?: AddImageOptions): Promise<number>;
  /**
   * Adds a picture of a video or canvas again and again, as long as a button is held.
   *
   *     let stop;
   *     button.onpointerdown = () => { stop = extractor.capture(video, 'open hand'); };
   *     button.onpointerup = () => stop();
   *
   * @returns stops it; undo() takes back all of one capture at once
   */
  capture(source: ImageSource, label: string | number, options?: CaptureOptions): () => void;
  /** The kept picture of an example: a JPEG or PNG of the part that the base saw, in the size of its input. */
  picture(id: number): Promise<Blob>;
  /** Removes an example. */
  remove(id: number): Promise<void>;
  /** Removes a label and all of its examples. */
  removeLabel(label: string | number): Promise<void>;
  /** Gives an example another label. */
  relabel(id: number, label: string | number): Promise<void>;
  /**
   * Gives a label another name; the head keeps what it has learned. A known name joins the two: what the
   * head gives them counts together, and train() comes before anything is exported or explained.
   */
  rename(label: string, to: string): Promise<void>;
  /** Removes all examples. The head stays until it is trained again. */
  clear(): Promise<void>;
  /**
   * Takes back the last change of the examples: all pictures of a capture or group count as one. The last
   * 100 changes are known; false where there is none.
   */
  undo(): Promise<boolean>;
  /**
   * Learns from the examples: the head from their features, in milliseconds for each epoch; then the
   * base too, if `fineTune` says so.
   *
   *     await extractor.train({ epochs: 50 }, (epoch, { loss, val_accuracy }) => …);
   *
   * @throws MLError when there are too few examples; the head from before stays whenever it fails
   */
  train(
    options?: TeachOptions,
    whileTraining?: (epoch: number, logs: TeachLogs) => unknown,
  ): Promise<TeachResult>;
  /** Ends training after the step that runs; train() then gives what there is. */
  stop(): void;
  /** The classes of a picture, the surest first; all of them if `topK` is left out. */
  classify(image: ImageSource, topK?: number): Promise<Label[]>;
  /** The number that belongs to a picture, for regression: one, as a list. */
  predict(image: ImageSource): Promise<Estimate[]>;
  /** Classifies, or for regression predicts, every new frame until the returned function is called. */
  watch(
    source: ImageSource,
    onResult: (results: (Label & Estimate)[]) => unknown,
    options?: WatchOptions,
  ): () => void;
  /** The features of a picture: one row of numbers, for a classifier of your own. */
  infer(image: ImageSource): Promise<Tensor>;
  /** The examples that are most like a picture, the nearest first; 5 if `k` is left out. */
  nearest(image: ImageSource, k?: number): Promise<NearestExample[]>;
  /** How right the answers are: for the examples kept for validation, or for pictures given. */
  evaluate(pictures?: readonly LabelledPicture[]): Promise<Evaluation>;
  /** What is doubtful about the examples: too few, unbalanced, nearly the same, contradictory. */
  warnings(): Promise<ExampleWarning[]>;
  /**
   * Saves the whole project: examples, labels, head and card.
   *
   *     await extractor.save('downloads://cups');   // one file, cups.gesso.zip
   *     await extractor.save('indexeddb://cups');
   *
   * @param where `'downloads://name'` and `'indexeddb://name'` in pages, a folder in Node, or
   *   something of your own that takes the files
   */
  save(where: SaveTarget, options?: SaveProjectOptions): Promise<void>;
  /** The files that save() writes; openProject() takes them as they are. */
  files(options?: SaveProjectOptions): Promise<ModelFiles>;
  /**
   * Saves base and head as one layers model of TensorFlow.js: pictures in, classes out.
   *
   * @throws MLError for a base that is not made of layers, and where labels were joined since train()
   */
  saveModel(where: SaveTarget): Promise<void>;
  /** Where the base comes from, what it was trained on, and what it gets wrong. */
  about(): Promise<About>;
  /** Frees it. Whatever is called afterwards rejects. */
  dispose(): void;
}
