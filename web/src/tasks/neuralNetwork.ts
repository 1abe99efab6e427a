// A small network that learns from rows of numbers, words or pictures.
import { fail } from '../errors.js';
import type { ImageSource } from '../image.js';
import { choice, positive, whole } from '../layers/kinds.js';
import { Layer } from '../layers/layer.js';
import type { LayersModel } from '../layers/layersModel.js';
import type {
  EarlyStopping,
  Optimizer,
  Schedule,
  TrainingProgress,
} from '../layers/trainingOptions.js';
import { type Where, whereOptions } from '../model.js';
import { absent, isRecord, needed, readOptions } from '../options.js';
import type { ModelSource } from '../source.js';
import { show } from '../tensor.js';
import type { Loading } from '../usable.js';
import { isShape } from './examples.js';
import type { Label } from './imageClassifier.js';
import { Network } from './network.js';

/** What one example can hold under a name: a number, a word, or a picture. */
export type Value = number | string | ImageSource;

/** An example, or what is asked: values by name, in order, or a single one. */
export type Row =
  | Value
  | readonly Value[]
  | Float32Array
  | Float64Array
  | Readonly<Record<string, Value>>;

/** One number that a network for regression gives. */
export interface Estimate {
  /** What the number is called: the name in `outputs` or in the examples. */
  label: string;
  /** The number, in the units of the examples. */
  value: number;
}

export interface NeuralNetworkOptions extends Where {
  /**
   * `classification`: to which class does a row belong? `regression`: which numbers belong to a row?
   * `imageClassification`: what is in a picture?
   */
  task: 'classification' | 'regression' | 'imageClassification';
  /**
   * What goes in: how many numbers, their names, or [width, height, channels] of pictures. If left
   * out it follows from the examples.
   */
  inputs?: number | readonly string[] | readonly [width: number, height: number, channels: number];
  /** What comes out: how many classes or numbers, or their names; from the examples if left out. */
  outputs?: number | readonly string[];
  /** The layers before the last one, which is made to fit; a hidden dense one if left out. */
  layers?: readonly Layer[];
  /** Units of the hidden layer, from 1; 16 if left out. Not together with `layers`. */
  hiddenUnits?: number;
  /** How weights follow the gradient; `adam` if left out. */
  optimizer?: Optimizer;
  /** How far each step goes, above 0; if left out as usual for the optimizer, for adam 0.01. */
  learningRate?: number;
  /** Whether the network learns by mutate() and crossover() instead: it is then ready at once. */
  neuroEvolution?: boolean;
  /** Where the random numbers begin; 0 if left out. */
  seed?: number;
}

export interface TrainOptions {
  /** How often to go through the examples, from 1; 10 if left out. */
  epochs?: number;
  /** Examples of one step, from 1; 32 if left out. */
  batchSize?: number;
  /** Part of the examples that is kept for validation, from 0 to below 1; 0 if left out. */
  validationSplit?: number;
  /** Whether examples come in another order in every epoch; true if left out. */
  shuffle?: boolean;
  /** The learning rate of every epoch; that of the network if left out. */
  learningRate?: Schedule;
  earlyStopping?: EarlyStopping;
  /** Stops training, which then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Told about thirty times a second how far training has come. */
  onProgress?: (progress: TrainingProgress) => unknown;
}

/** Losses and metrics of an epoch: `loss`, `accuracy`, `val_loss` … */
export type EpochLogs = Record<string, number>;

/** What a row of a CSV or JSON file holds: columns that go in and columns that come out. */
export interface DataOptions {
  /** Columns that go in; those of the network if left out. */
  inputs?: readonly string[];
  /** Columns that come out; those of the network if left out. */
  outputs?: readonly string[];
}

export interface NeuralNetwork {
  /**
   * Adds an example.
   *
   *     network.addData([255, 0, 0], 'red');
   *     network.addData({ r: 255, g: 0, b: 0 }, { label: 'red' });
   *
   * @throws MLError when a value is missing, or another kind than in the examples before
   */
  addData(inputs: Row, outputs: Row): Promise<void>;
  /**
   * Adds the rows of a CSV or JSON file.
   *
   * @param source an address or path, a File, or the text itself
   * @throws MLError naming row and column of a value that is missing or not a number
   */
  loadData(source: string | URL | Blob | FileList, options?: DataOptions): Promise<void>;
  /** Saves the examples as JSON that loadData() and ml5 read. */
  saveData(where?: string): Promise<void>;
  /** The number of examples so far. */
  readonly size: number;
  /** Brings all numbers to 0 … 1, by the least and the largest of each column. Results come back. */
  normalizeData(): Promise<void>;
  /**
   * Learns from the examples. The promise, and `finished`, come at the end.
   *
   *     await network.train({ epochs: 50 }, (epoch, { loss }) => console.log(epoch, loss));
   */
  train(
    options?: TrainOptions,
    whileTraining?: (epoch: number, logs: EpochLogs) => unknown,
    finished?: () => unknown,
  ): Promise<void>;
  /** The classes of a row, the surest first. */
  classify(row: Row): Promise<Label[]>;
  /** The classes of many rows. */
  classifyMultiple(rows: readonly Row[]): Promise<Label[][]>;
  /** The numbers that belong to a row. */
  predict(row: Row): Promise<Estimate[]>;
  /** The numbers that belong to many rows. */
  predictMultiple(rows: readonly Row[]): Promise<Estimate[][]>;
  /** Changes each weight with probability `rate`, from 0 to 1, by normal noise; 0.1 if left out. */
  mutate(rate?: number): Promise<void>;
  /** A new network whose weights come from this one or the other, by chance. */
  crossover(other: NeuralNetwork): Promise<NeuralNetwork>;
  /** A new network with the same weights. */
  copy(): Promise<NeuralNetwork>;
  /**
   * Saves the network with what it knows of its columns, in files that ml5 reads too.
   *
   * @param where `'downloads://name'` in pages, `'indexeddb://name'`, or a folder in Node
   */
  save(where?: string): Promise<void>;
  /** Takes over a network that save() or ml5 saved. */
  load(source: ModelSource): Promise<void>;
  /** The model below, for everything that layers can. */
  model(): Promise<LayersModel>;
  /** Ends training after the step that runs. */
  stop(): void;
  /** Frees the network. */
  dispose(): void;
}

const who = 'neuralNetwork';

const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) > 0;
const isNames = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string');

const networkOptions = {
  task: needed({
    ...choice(['classification', 'regression', 'imageClassification']),
    example: "task: 'classification'",
  }),
  inputs: absent<number | readonly string[] | readonly [number, number, number]>(
    'a number, a list of names, or [width, height, channels]',
    "inputs: ['r', 'g', 'b']",
    (value) => isCount(value) || isNames(value) || isShape(value),
  ),
  outputs: absent<number | readonly string[]>(
    'a number or a list of names',
    "outputs: ['label']",
    (value) => isCount(value) || isNames(value),
  ),
  layers: absent<readonly Layer[]>(
    'a list of layers',
    'layers: [dense({ units: 16 })]',
    (value) =>
      Array.isArray(value) && value.length > 0 && value.every((each) => each instanceof Layer),
  ),
  hiddenUnits: { ...whole(1), example: 'hiddenUnits: 16' },
  optimizer: absent<Optimizer>(
    'the name of an optimizer, or an object with one',
    "optimizer: 'adam'",
    (value) => typeof value === 'string' || isRecord(value),
  ),
  learningRate: { ...positive(0.01), example: 'learningRate: 0.01' },
  neuroEvolution: false,
  seed: 0,
  ...whereOptions,
};

/**
 * A small network that learns from examples.
 *
 *     const network = neuralNetwork({ task: 'classification' });
 *     network.addData([255, 0, 0], 'red');
 *     network.addData([0, 0, 255], 'blue');
 *     await network.normalizeData();
 *     await network.train({ epochs: 50 });
 *     const [best] = await network.classify([250, 20, 10]); // { label: 'red', confidence: … }
 *
 * A classification calls its one output `label` and takes several names in `outputs` for those of
 * the classes.
 */
export function neuralNetwork(options: NeuralNetworkOptions): Loading<NeuralNetwork> {
  const checked = readOptions(who, options, networkOptions);
  const { task, inputs, layers, hiddenUnits } = checked;
  if (layers && hiddenUnits !== undefined) {
    fail(`${who}: layers and hiddenUnits cannot be given together`, {}, 'one of them');
  }
  const pictures = task === 'imageClassification';
  if (inputs !== undefined && pictures !== isShape(inputs)) {
    fail(
      pictures
        ? `${who}: for pictures, inputs must be [width, height, channels]`
        : `${who}: [width, height, channels] is for pictures only`,
      { task, given: show(inputs) },
      pictures ? 'inputs: [64, 64, 3]' : "task: 'imageClassification'",
    );
  }
  return new Network(checked).face();
}
