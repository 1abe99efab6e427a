// ml5.neuralNetwork: learns from examples, or evolves.
import { fail } from '../errors.js';
import { Layer } from '../layers/layer.js';
import * as layers from '../layers/layers.js';
import { absent, isRecord, nearest, readOptions } from '../options.js';
import type { ModelSource } from '../source.js';
import { isShape } from '../tasks/examples.js';
import type { EpochLogs, Row, TrainOptions } from '../tasks/neuralNetwork.js';
import { show } from '../tensor.js';
import { Brain, fitting } from './brain.js';
import { answer, type Callback, callbackOf, isPlain, sortArguments } from './calls.js';
import { type Instance, instance } from './instance.js';

/** A class and how sure the network is of it; the same number stands under the name of the class. */
export type Classified = { label: string; confidence: number } & Record<string, string | number>;

/** A number that the network gives; the same number stands under its own name. */
export type Predicted = { label: string; value: number } & Record<string, string | number>;

/** The task that a network is for. */
export type Task = 'classification' | 'regression' | 'imageClassification';

/** A layer as ml5 describes it: its kind, and the options of that kind. */
export type LayerDescription = { type: string } & Record<string, unknown>;

export interface NeuralNetworkOptions {
  /** If left out: `classification` where the first example has a word for its output. */
  task?: Task;
  /** How many numbers go in, their names, or [width, height, channels] of pictures. */
  inputs?: number | readonly string[];
  /** How many classes or numbers come out, or their names. */
  outputs?: number | readonly string[];
  /** All layers, the last one included; one hidden layer if left out. */
  layers?: readonly LayerDescription[];
  /** Units of the hidden layer; 16 if left out. */
  hiddenUnits?: number;
  /** How far each step goes; 0.2, for pictures 0.02, for regression 0.01 if left out. */
  learningRate?: number;
  /** Whether the network learns by `mutate()` and `crossover()` instead of `train()`. */
  neuroEvolution?: boolean;
  /** The same, as ml5 0.12 calls it. */
  noTraining?: boolean;
  /** The address of examples, CSV or JSON, to begin with. */
  dataUrl?: string;
  /** The address of a saved network to begin with. */
  modelUrl?: string;
  /** Whether training writes its losses to the console. */
  debug?: boolean;
  /** Where the random numbers begin; 0 if left out: not in ml5. */
  seed?: number;
}

/** Where a saved network is: its main file, files that somebody chose, or three addresses. */
export type NetworkSource =
  | ModelSource
  | { readonly model: string; readonly metadata: string; readonly weights: string };

type Training = Pick<TrainOptions, 'epochs' | 'batchSize' | 'validationSplit' | 'shuffle'>;
type WhileTraining = (epoch: number, logs: EpochLogs) => unknown;
type Finished = Callback<void>;

/** What ml5 says a network can do. */
export interface NeuralNetwork {
  /**
   * Adds an example.
   *
   *     nn.addData({ r: 255, g: 0, b: 0 }, { color: 'red' });
   *     nn.addData([255, 0, 0], ['red'], { inputLabels: ['r', 'g', 'b'], outputLabels: ['color'] });
   */
  addData(
    xs: Row,
    ys: Row,
    labels?: {
      readonly inputLabels?: readonly string[];
      readonly outputLabels?: readonly string[];
    },
  ): Promise<void>;
  /** Brings all numbers to 0 … 1 by the least and the largest of each column. */
  normalizeData(): Promise<void>;
  /**
   * Learns from the examples.
   *
   *     nn.train({ epochs: 32 }, whileTraining, finishedTraining);
   */
  train(finished?: Finished): Promise<void>;
  train(whileTraining: WhileTraining, finished: Finished): Promise<void>;
  train(options: Training, finished?: Finished): Promise<void>;
  train(options: Training, whileTraining: WhileTraining, finished: Finished): Promise<void>;
  /** The classes of a row, the surest first. */
  classify(xs: Row, callback?: Callback<Classified[]>): Promise<Classified[]>;
  /** The classes of many rows. */
  classifyMultiple(
    xs: readonly Row[],
    callback?: Callback<Classified[][]>,
  ): Promise<Classified[][]>;
  /** The same at once, for networks of dense layers. */
  classifySync(xs: Row): Classified[];
  /** The numbers that belong to a row. */
  predict(xs: Row, callback?: Callback<Predicted[]>): Promise<Predicted[]>;
  /** The numbers that belong to many rows. */
  predictMultiple(xs: readonly Row[], callback?: Callback<Predicted[][]>): Promise<Predicted[][]>;
  /** The same at once, for networks of dense layers. */
  predictSync(xs: Row): Predicted[];
  /** Adds a layer before training begins: a description as in the option `layers`. */
  addLayer(layer: LayerDescription | Layer): void;
  /** Downloads the examples as `name.json`. */
  saveData(callback?: Callback<void>): Promise<void>;
  saveData(name: string, callback?: Callback<void>): Promise<void>;
  /** Adds the examples of a file that `saveData()` wrote, or of a table. */
  loadData(source: string | FileList | Blob, callback?: Callback<void>): Promise<void>;
  /** Downloads the network: `name.json`, `name.weights.bin` and `name_meta.json`. */
  save(callback?: Callback<void>): Promise<void>;
  save(name: string, callback?: Callback<void>): Promise<void>;
  /** Takes over a saved network. */
  load(source: NetworkSource, callback?: Callback<void>): Promise<void>;
  /** A network of its own with the same weights. */
  copy(): Instance<NeuralNetwork>;
  /**
   * Changes each weight with probability `rate`.
   *
   * @param rate from 0 to 1; 0.1 if left out
   * @param change the new weight for an old one; if left out, normal noise within −1 … 1
   */
  mutate(rate?: number, change?: (weight: number) => number): void;
  /** A child, each weight of which is from this network or the other, by chance. */
  crossover(other: NeuralNetwork): Instance<NeuralNetwork>;
  /** Frees the network. */
  dispose(): void;
}

const who = 'ml5.neuralNetwork';

const isCount = (value: unknown) => Number.isInteger(value) && Number(value) > 0;
const isNames = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string');
const isText = (value: unknown) => typeof value === 'string' && value !== '';
const isRate = (value: unknown) => typeof value === 'number' && value > 0;

const schema = {
  task: absent<Task>(
    "'classification', 'regression' or 'imageClassification'",
    "task: 'classification'",
    (value) => ['classification', 'regression', 'imageClassification'].includes(String(value)),
  ),
  inputs: absent<number | readonly string[]>(
    'a number, a list of names, or [width, height, channels]',
    "inputs: ['r', 'g', 'b']",
    (value) => isCount(value) || isNames(value) || isShape(value),
  ),
  outputs: absent<number | readonly string[]>(
    'a number or a list of names',
    "outputs: ['color']",
    (value) => isCount(value) || isNames(value),
  ),
  layers: absent<readonly LayerDescription[]>(
    'a list of at least two layers',
    "layers: [{ type: 'dense', units: 16, activation: 'relu' }, { type: 'dense' }]",
    (value) => Array.isArray(value) && value.length > 1,
  ),
  hiddenUnits: absent<number>('a whole number from 1', 'hiddenUnits: 16', isCount),
  learningRate: absent<number>('a number above 0', 'learningRate: 0.2', isRate),
  neuroEvolution: false,
  noTraining: false,
  dataUrl: absent<string>('an address', "dataUrl: 'data/colors.json'", isText),
  modelUrl: absent<string>('an address', "modelUrl: 'model/model.json'", isText),
  debug: false,
  seed: 0,
};

/**
 * A network that learns from examples, or evolves.
 *
 *     const nn = ml5.neuralNetwork({ task: 'classification', debug: true });
 *
 * @param args options, or how many numbers go in and come out, or their names; a callback
 */
export function neuralNetwork(...args: readonly unknown[]): Instance<NeuralNetwork> {
  const callback = callbackOf<NeuralNetwork>(sortArguments(args));
  const [options, outputs] = args.filter((value) => typeof value !== 'function');
  const given = isPlain(options) ? options : { inputs: options, outputs };
  const { noTraining, dataUrl, modelUrl, layers, ...rest } = readOptions(who, given, schema);
  const brain = new Brain({
    ...rest,
    neuroEvolution: rest.neuroEvolution || noTraining,
    layers: layers?.map((layer, i) => readLayer(who, layer, i === layers.length - 1)) ?? [],
  });
  const loading = (async () => {
    if (dataUrl !== undefined) await brain.loadData(dataUrl);
    if (modelUrl !== undefined) await brain.load(modelUrl);
  })();
  return face(brain, loading, callback);
}

/** Which network is behind an object: `crossover()` must look inside of the other one. */
const brains = new WeakMap<object, Brain>();

function face(
  brain: Brain,
  loading: Promise<unknown>,
  callback?: Callback<NeuralNetwork>,
): Instance<NeuralNetwork> {
  const methods: NeuralNetwork = {
    addData: (xs, ys, labels = {}) => brain.addData(xs, ys, labels),
    normalizeData: () => brain.normalizeData(),
    train(...args: readonly unknown[]) {
      const { options, callbacks } = sortArguments(args);
      const whileTraining = callbacks.length > 1 ? (callbacks[0] as WhileTraining) : undefined;
      const work = brain.train((options[0] ?? {}) as Training, whileTraining);
      return answer(work, callbacks.at(-1) as Finished | undefined);
    },
    classify: (xs, callback) => answer(brain.classify('classify', [xs]).then(first), callback),
    classifyMultiple: (xs, callback) => answer(brain.classify('classifyMultiple', xs), callback),
    classifySync: (xs) => brain.classified(brain.compute('classifySync', 'classes', xs)),
    predict: (xs, callback) => answer(brain.predict('predict', [xs]).then(first), callback),
    predictMultiple: (xs, callback) => answer(brain.predict('predictMultiple', xs), callback),
    predictSync: (xs) => brain.predicted(brain.compute('predictSync', 'numbers', xs)),
    addLayer: (layer) => brain.addLayer(readLayer('ml5 addLayer', layer, false)),
    saveData: (...args: readonly unknown[]) =>
      answer(brain.saveData(nameIn(args, 'data')), callbackOf<void>(sortArguments(args))),
    loadData: (source, callback) => answer(brain.loadData(source), callback),
    save: (...args: readonly unknown[]) =>
      answer(brain.save(nameIn(args, 'model')), callbackOf<void>(sortArguments(args))),
    load: (source, callback) => answer(brain.load(source), callback),
    copy: () => face(brain.copy(), Promise.resolve()),
    mutate: (rate, change) => brain.mutate(rate, change),
    crossover(other) {
      const parent = brains.get(other);
      if (!parent) {
        fail('ml5 crossover: this is no network', { given: show(other) }, 'a.crossover(b)');
      }
      return face(brain.crossover(parent), Promise.resolve());
    },
    dispose: () => brain.dispose(),
  };
  const made = instance(loading, methods, callback);
  brains.set(made, brain);
  made.then(
    (usable) => brains.set(usable, brain),
    () => {}, // reported by `ready`, and by every method
  );
  return made;
}

function first<T>(results: readonly T[][]): T[] {
  return results[0] ?? [];
}

function nameIn(args: readonly unknown[], usual: string): string {
  return sortArguments(args).texts[0] ?? usual;
}

/** What `type` can be. */
const kinds = { ...layers };

/** A layer as ml5 describes it; the number of its units follows from the outputs for the last. */
function readLayer(caller: string, given: LayerDescription | Layer, last: boolean): Layer {
  if (given instanceof Layer) return given;
  const { type, ...options }: Record<string, unknown> = isRecord(given) ? given : {};
  const known = Object.keys(kinds);
  if (typeof type !== 'string' || !known.includes(type)) {
    fail(
      `${caller}: there is no such layer`,
      { given: show(type ?? given), known: known.join(', ') },
      `{ type: '${nearest(String(type ?? 'dense'), known)}' }`,
    );
  }
  const make = kinds[type as keyof typeof kinds] as (options: object) => Layer;
  if (!last || type !== 'dense' || options.units !== undefined) return make(options);
  return fitting(make({ ...options, units: 1 }));
}
