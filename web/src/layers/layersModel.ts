// The middle floor: a model made of layers, which can be trained.
import type { Input, LoadedModel } from '../model.js';
import type { Tensor } from '../tensor.js';
import type { CompileOptions, FitOptions, Logs } from './trainingOptions.js';

/**
 * Samples: nested arrays, a typed array that fills the model's shape, or a tensor; for a model with
 * several inputs or outputs an object by name, or a list in order.
 */
export type Samples = Input | Readonly<Record<string, Input>> | readonly Input[];

/** What goes in and what should come out, for one batch. */
export type Batch =
  | readonly [x: Samples, y: Samples]
  | { readonly x: Samples; readonly y: Samples };

/** Batches one after the other, or a function that begins anew for every epoch. */
export type Batches =
  | Iterator<Batch>
  | AsyncIterator<Batch>
  | (() => Iterator<Batch> | AsyncIterator<Batch>);

/** How a training went. */
export interface History {
  /** The number of every epoch, from `initialEpoch`. */
  epoch: number[];
  /** For every name one number for each epoch: `loss`, metrics, and validation as `val_loss` … */
  history: Record<string, number[]>;
  /** Why it ended: after all epochs, because nothing got better, or because of stop(). */
  ended: 'epochs' | 'earlyStopping' | 'stop';
}

/** A weight of a model. */
export interface WeightInfo {
  /** As files call it: `dense_1/kernel`. */
  name: string;
  shape: number[];
  trainable: boolean;
}

export interface PredictOptions {
  /** Samples to compute at once, from 1; 128 if left out. */
  batchSize?: number;
}

export interface EvaluateOptions {
  /** Samples to compute at once, from 1; 128 if left out. */
  batchSize?: number;
  /** How much each sample counts; 1 each if left out. */
  sampleWeight?: readonly number[] | Float32Array;
}

export interface SaveOptions {
  /** Whether what the optimizer remembers is saved too, so that training can go on; true. */
  optimizer?: boolean;
}

/** The files of a model by name: `model.json`, `weights.bin` and, once trained, `optimizer.bin`. */
export type ModelFiles = Map<string, Uint8Array<ArrayBuffer>>;

/**
 * Where models go: `'downloads://name'`, `'indexeddb://name'`, in Node the path of a folder, or
 * something of your own that takes the files.
 */
export type SaveTarget = string | { save(files: ModelFiles): unknown };

/** A model made of layers. Its methods wait for it to be ready by themselves. */
export interface LayersModel extends LoadedModel {
  /**
   * Says how to train: which loss to make small, and how.
   *
   *     model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
   *
   * What an optimizer remembers from earlier training is forgotten.
   */
  compile(options: CompileOptions): void;
  /**
   * Trains.
   *
   *     const { history } = await model.fit(x, y, { epochs: 10, validationSplit: 0.1 });
   *
   * @param x samples: see `Samples`; a row of numbers that is as long as the model wants is one
   * @param y what should come out for each
   * @throws MLError when the data does not fit, or when the loss is no longer a number
   */
  fit(x: Samples, y: Samples, options?: FitOptions): Promise<History>;
  /** Trains with batches that a generator makes; `stepsPerEpoch` tells how many make an epoch. */
  fit(batches: Batches, options?: FitOptions): Promise<History>;
  /** One step with one batch; its loss and metrics. */
  trainOnBatch(x: Samples, y: Samples): Promise<Logs>;
  /** Loss and metrics over samples, without training. */
  evaluate(x: Samples, y: Samples, options?: EvaluateOptions): Promise<Logs>;
  /** The output for samples; for a model with several outputs use `run`. */
  predict(x: Samples, options?: PredictOptions): Promise<Tensor>;
  /** Makes training wait after the step that runs, also one that begins later, until resume(). */
  pause(): void;
  /** Lets training that waits go on. */
  resume(): void;
  /** Ends training after the step that runs; fit() then gives its history. */
  stop(): void;
  /** Whether fit() is running, also while it waits. */
  readonly training: boolean;
  /** Makes recurrent layers that are `stateful` forget what they remember. */
  resetStates(): Promise<void>;
  /** The layers in a table: names, shapes, numbers of weights. */
  summary(): Promise<string>;
  /** Names and shapes of all weights. */
  weights(): Promise<WeightInfo[]>;
  /** Copies of all weights by name. */
  getWeights(): Promise<Record<string, Tensor>>;
  /** Replaces weights; those that are not named stay. */
  setWeights(weights: Readonly<Record<string, Tensor>>): Promise<void>;
  /**
   * Says whether training changes a layer; saved with the model. A batch normalization that it does
   * not change keeps to its moving averages, as in Keras.
   */
  setTrainable(layer: string, trainable: boolean): Promise<void>;
  /**
   * Saves the model in the format of TensorFlow.js, and what the optimizer remembers beside it.
   *
   *     await model.save('downloads://clouds');
   *
   * @param where see `SaveTarget`
   */
  save(where: SaveTarget, options?: SaveOptions): Promise<void>;
  /** The files that save() writes. `loadLayersModel` takes them as they are. */
  files(options?: SaveOptions): Promise<ModelFiles>;
}
