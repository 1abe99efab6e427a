// What is behind neuralNetwork(): examples, and the model that learns from them.
import { fail } from '../errors.js';
import { gotOutOfHand } from '../layers/fitting.js';
import { Layer } from '../layers/layer.js';
import { conv2d, dense, flatten, maxPooling2d } from '../layers/layers.js';
import type { LayersModel } from '../layers/layersModel.js';
import { loadLayersModel, sequential } from '../layers/models.js';
import { store } from '../layers/storage.js';
import type {
  EarlyStopping,
  FitOptions,
  Optimizer,
  Schedule,
  TrainingProgress,
} from '../layers/trainingOptions.js';
import { type CheckedWhere, loadOptions, whereOf } from '../model.js';
import { absent, callback, isRecord, nearest, readOptions } from '../options.js';
import { Random } from '../random.js';
import type { ModelSource } from '../source.js';
import { show, showShape } from '../tensor.js';
import { type Loading, usableAtOnce } from '../usable.js';
import {
  type Cell,
  type Column,
  readMeta,
  unscaled,
  widthOf,
  widthOfAll,
  writeMeta,
} from './columns.js';
import { Examples, type Expectation, type Named } from './examples.js';
import { best, type Label } from './imageClassifier.js';
import type { EpochLogs, Estimate, NeuralNetwork, Row, TrainOptions } from './neuralNetwork.js';
import { readNetwork, readTable, readText, typed } from './tables.js';

/** The options of a network, checked. */
export interface NetworkOptions extends Expectation, CheckedWhere {
  layers: readonly Layer[] | undefined;
  /** Makes the last layer; a dense one with this activation if left out. */
  last?: (units: number, activation: 'linear' | 'sigmoid' | 'softmax') => Layer;
  hiddenUnits: number | undefined;
  optimizer: Optimizer | undefined;
  learningRate: number | undefined;
  neuroEvolution: boolean;
  seed: number;
}

/** Columns of a file. */
interface Names {
  inputs: readonly string[] | undefined;
  outputs: readonly string[] | undefined;
}

const isNames = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string');

const dataOptions = {
  inputs: absent<readonly string[]>('a list of names', "inputs: ['x', 'y']", isNames),
  outputs: absent<readonly string[]>('a list of names', "outputs: ['label']", isNames),
};

const trainOptions = {
  epochs: 10,
  batchSize: 32,
  validationSplit: 0,
  shuffle: true,
  learningRate: absent<Schedule>(
    'a number, a function of the epoch, or a schedule',
    'learningRate: 0.01',
    (value) => value !== null,
  ),
  earlyStopping: absent<EarlyStopping>('an object', 'earlyStopping: { patience: 3 }', isRecord),
  signal: loadOptions.signal,
  onProgress: callback<(progress: TrainingProgress) => unknown>('onProgress: ({ loss }) => {}'),
};

function readTrain(given: TrainOptions): FitOptions {
  const options = Object.entries(readOptions('train', given, trainOptions));
  return Object.fromEntries(options.filter(([, value]) => value !== undefined));
}

/** What goes in and comes out of a network, as it was when it learned. */
export interface Learned {
  inputs: Column[];
  outputs: Column[];
  isNormalized: boolean;
}

/** Networks made so far: each draws from random numbers of its own. */
let networks = 0;

export class Network {
  readonly #options: NetworkOptions;
  readonly #examples: Examples;
  readonly #random: Random;
  #model: Loading<LayersModel> | undefined;
  /** Examples that come later change the columns, but not what the model knows of them. */
  #learned: Learned = { inputs: [], outputs: [], isNormalized: false };
  #training = false;
  /** The sizes that the model was made for. */
  #sizes = '';
  /** Whether all examples are there: pictures and files take time. */
  #adding: Promise<void> = Promise.resolve();

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.#examples = new Examples(options);
    this.#random = new Random(options.seed, networks++);
    if (!options.neuroEvolution) return;
    this.#examples.declare();
    this.#learn();
    this.#begin();
  }

  /** What it knows of what goes in and comes out. */
  get learned(): Readonly<Learned> {
    return this.#learned;
  }

  /** The numbers of a row as the model takes them, at once. */
  numbersOf(caller: string, row: Row): Float32Array {
    const { inputs, isNormalized } = this.#learned;
    return this.#examples.numbersOf(caller, row, inputs, isNormalized);
  }

  /** The object that users hold. */
  face(): Loading<NeuralNetwork> {
    const examples = this.#examples;
    return usableAtOnce<NeuralNetwork>(this.#model ?? Promise.resolve(), {
      get size() {
        return examples.rows.length;
      },
      addData: (inputs, outputs) => this.addData(inputs, outputs),
      loadData: (source, options = {}) =>
        this.loadData(source, readOptions('loadData', options, dataOptions)),
      saveData: (where) => this.saveData(where),
      normalizeData: () => this.normalizeData(),
      train: async (options = {}, whileTraining, finished) =>
        this.train(readTrain(options), whileTraining, finished),
      classify: async (row) => (await this.classify([row]))[0] ?? [],
      classifyMultiple: (rows) => this.classify(rows),
      predict: async (row) => (await this.predict([row]))[0] ?? [],
      predictMultiple: (rows) => this.predict(rows),
      mutate: (rate) => this.mutate(rate),
      crossover: (other) => this.crossover(other),
      copy: async () => (await this.copy()).face(),
      save: (where) => this.save(where),
      load: (source) => this.load(source),
      model: () => this.#ready('model'),
      stop: () => this.#model?.stop(),
      dispose: () => this.#model?.dispose(),
    });
  }

  async addData(inputs: Row, outputs: Row): Promise<void> {
    const reading = this.#examples.add('addData', inputs, outputs);
    if (reading) await this.#wait(reading);
  }

  async loadData(
    source: string | URL | Blob | FileList,
    { inputs, outputs }: Names,
  ): Promise<void> {
    const reading = readText(source).then(({ name, text }) => {
      const { rows, lineOf } = readTable(name, text);
      const examples = this.#examples;
      const [first] = rows;
      if (first === undefined) fail(`${name}: there are no rows`, {}, 'a file with rows');
      const halves = rows.map(({ xs, ys, ...row }) =>
        isRecord(xs) && isRecord(ys) ? { xs, ys } : { xs: row, ys: row },
      );
      const columns = (half: 'xs' | 'ys', wanted: readonly string[], words: boolean) =>
        wanted.map((column) => {
          const cells = halves.map((parts) => (parts[half] as Record<string, unknown>)[column]);
          return { name: column, cells: typed(cells, words) };
        });
      const paired = isRecord(first.xs) && isRecord(first.ys);
      const known = (half: 'xs' | 'ys') => Object.keys(halves[0]?.[half] ?? {});
      const names = {
        xs: inputs ?? examples.inputNames() ?? (paired ? known('xs') : undefined),
        ys: outputs ?? (paired ? known('ys') : examples.outputNames()),
      };
      const xs = columns('xs', chosen(name, known('xs'), names.xs, 'inputs'), false);
      const words = this.#options.task !== 'regression';
      const ys = columns('ys', chosen(name, known('ys'), names.ys, 'outputs'), words);
      const cells = (of: typeof xs, row: number): Named<Cell>[] =>
        of.map((column) => ({ name: column.name, cell: column.cells[row] as Cell }));
      examples.wholly(() => {
        for (const row of rows.keys()) {
          examples.append(name, lineOf(row), cells(xs, row), cells(ys, row));
        }
      });
    });
    await this.#wait(reading);
  }

  async saveData(where = 'downloads://data'): Promise<void> {
    await this.#adding;
    const { rows, inputs, outputs } = this.#examples;
    const plain = (cell: Cell | undefined) =>
      cell instanceof Float32Array ? Array.from(cell) : cell;
    const named = (columns: readonly Column[], cells: readonly Cell[]) =>
      Object.fromEntries(columns.map(({ name }, i) => [name, plain(cells[i])]));
    const data = rows.map(({ xs, ys }) => ({ xs: named(inputs, xs), ys: named(outputs, ys) }));
    await store(where, new Map([['data.json', encoded({ data })]]));
  }

  async normalizeData(): Promise<void> {
    await this.#adding;
    this.#refuseEmpty('normalizeData');
    this.#examples.normalized = true;
  }

  async train(
    options: FitOptions,
    whileTraining?: (epoch: number, logs: EpochLogs) => unknown,
    finished?: () => unknown,
  ): Promise<void> {
    if (this.#training) {
      fail('train: this network is being trained', {}, 'await train(), or stop() it first');
    }
    this.#training = true;
    try {
      await this.#adding;
      await this.#fit(options, whileTraining);
    } finally {
      this.#training = false;
    }
    await finished?.();
  }

  async #fit(
    options: FitOptions,
    whileTraining?: (epoch: number, logs: EpochLogs) => unknown,
  ): Promise<void> {
    this.#refuseEmpty('train');
    const { inputs, outputs, rows } = this.#examples;
    const [output] = outputs;
    if (output?.kind === 'word' && output.words.length < 2) {
      fail(
        'train: all examples belong to the same class',
        { class: show(output.words[0]), examples: rows.length },
        'examples of at least two classes',
      );
    }
    const model = this.#begin();
    this.#learn();
    const tensor = (columns: readonly Column[], half: 'xs' | 'ys') =>
      this.#examples.tensor(
        'train',
        columns,
        rows.map((example) => example[half]),
      );
    const callbacks = whileTraining && { onEpochEnd: whileTraining };
    try {
      await model.fit(tensor(inputs, 'xs'), tensor(outputs, 'ys'), {
        ...options,
        ...(callbacks && { callbacks }),
      });
    } catch (error) {
      // The next training begins anew.
      if (gotOutOfHand(error) && this.#model === model) {
        this.#model = undefined;
        model.dispose();
      }
      throw error;
    }
  }

  /** Notes the columns as they are now. */
  #learn(): void {
    const { inputs, outputs, normalized } = this.#examples;
    this.#learned = structuredClone({ inputs, outputs, isNormalized: normalized });
  }

  async classify(rows: readonly Row[]): Promise<Label[][]> {
    const results = await this.#compute('classify', rows, 'classes');
    const [output] = this.#learned.outputs;
    const words = output?.kind === 'word' ? output.words : [];
    return results.map((row) => best(row, words, words.length));
  }

  async predict(rows: readonly Row[]): Promise<Estimate[][]> {
    const results = await this.#compute('predict', rows, 'numbers');
    const { outputs, isNormalized } = this.#learned;
    return results.map((row) =>
      outputs.map((column, i) => {
        const value = row[i] ?? Number.NaN;
        const back = isNormalized && column.kind === 'number' ? unscaled(column, value) : value;
        return { label: column.name, value: back };
      }),
    );
  }

  async mutate(rate = 0.1): Promise<void> {
    if (!(rate >= 0 && rate <= 1)) {
      fail('mutate: the rate must be a number from 0 to 1', { given: show(rate) }, 'mutate(0.1)');
    }
    const model = await this.#ready('mutate');
    const weights = await model.getWeights();
    for (const { data } of Object.values(weights)) {
      for (const [i, value] of data.entries()) {
        if (this.#random.uniform() < rate) data[i] = value + this.#random.normal();
      }
    }
    await model.setWeights(weights);
  }

  async crossover(other: NeuralNetwork): Promise<NeuralNetwork> {
    const child = await this.copy();
    const model = await child.#ready('crossover');
    const weights = await model.getWeights();
    const others = await (await other.model()).getWeights();
    for (const [name, { data, shape }] of Object.entries(weights)) {
      const from = others[name];
      if (from === undefined || showShape(from.shape) !== showShape(shape)) {
        fail(
          'crossover: the two networks are not built alike',
          { weight: name, here: showShape(shape), there: from ? showShape(from.shape) : 'none' },
          'two networks of the same options, or copies of one',
        );
      }
      for (const i of data.keys()) {
        if (this.#random.uniform() < 0.5) data[i] = from.data[i] ?? 0;
      }
    }
    await model.setWeights(weights);
    return child.face();
  }

  async copy(): Promise<Network> {
    const model = await this.#ready('copy');
    const files = await model.files({ optimizer: false });
    const copy = new Network({ ...this.#options, neuroEvolution: false });
    await copy.#take(files, structuredClone(this.#learned));
    return copy;
  }

  async save(where = 'downloads://model'): Promise<void> {
    const model = await this.#ready('save');
    const { inputs, outputs, isNormalized } = this.#learned;
    const files = await model.files();
    files.set('model_meta.json', encoded(writeMeta(inputs, outputs, isNormalized)));
    await store(where, files);
  }

  async load(source: ModelSource): Promise<void> {
    const { files, meta, name } = await readNetwork(source);
    await this.#wait(this.#take(files, readMeta(name, meta)));
  }

  /** Becomes the network of these files; the old one stays if they cannot be read. */
  async #take(files: ModelSource, meta: Learned): Promise<void> {
    const loading = loadLayersModel(files, whereOf(this.#options));
    await loading;
    this.#model?.dispose();
    this.#model = loading;
    const examples = this.#examples;
    examples.rows.length = 0; // they belonged to other columns
    examples.inputs = meta.inputs;
    examples.outputs = meta.outputs;
    examples.normalized = meta.isNormalized;
    this.#learn();
    this.#sizes = this.#sizesNow();
    this.#compile(loading);
  }

  /** Makes later calls wait for some reading; its error goes to whoever called. */
  #wait(reading: Promise<void>): Promise<void> {
    const before = this.#adding;
    this.#adding = Promise.allSettled([before, reading]).then(() => {});
    return reading;
  }

  /** The model, which must have been made. */
  async #ready(caller: string): Promise<LayersModel> {
    await this.#adding;
    if (this.#model) return this.#model;
    fail(
      `${caller}: the network has not learned anything yet`,
      { examples: this.#examples.rows.length },
      'await train() or load() first, or neuroEvolution: true for a network of random weights',
    );
  }

  #refuseEmpty(caller: string): void {
    if (this.#examples.rows.length > 0) return;
    fail(`${caller}: there are no examples`, {}, 'addData() or loadData() first');
  }

  #sizesNow(): string {
    const { inputs, outputs } = this.#examples;
    return JSON.stringify([inputs.map(widthOf), outputs.map(widthOf)]);
  }

  /** The model for the columns as they are now; another one when they have changed. */
  #begin(): Loading<LayersModel> {
    const sizes = this.#sizesNow();
    if (this.#model && this.#sizes === sizes) return this.#model;
    this.#model?.dispose();
    const { seed, neuroEvolution } = this.#options;
    this.#model = sequential(this.#layers(), {
      // The networks of a generation must differ.
      seed: neuroEvolution ? this.#random.bits() : seed,
      ...whereOf(this.#options),
    });
    this.#sizes = sizes;
    this.#compile(this.#model);
    return this.#model;
  }

  #compile(model: LayersModel): void {
    const { task, optimizer = 'adam', learningRate, seed } = this.#options;
    const named = typeof optimizer === 'string' ? { name: optimizer } : optimizer;
    const rate = learningRate ?? (optimizer === 'adam' ? 0.01 : undefined);
    model.compile({
      optimizer: { ...(rate !== undefined && { learningRate: rate }), ...named } as Optimizer,
      loss: task === 'regression' ? 'meanSquaredError' : 'categoricalCrossentropy',
      metrics: task === 'regression' ? [] : ['accuracy'],
      seed,
    });
  }

  /** The layers of the network, with a last one and the shape of the first. */
  #layers(): Layer[] {
    const { task, layers, last, hiddenUnits = 16, neuroEvolution } = this.#options;
    const { inputs, outputs, normalized } = this.#examples;
    const [column] = inputs;
    const seen = column?.kind === 'picture' ? column.shape : undefined;
    const plain = [dense({ units: hiddenUnits, activation: 'relu' })];
    const [first, ...rest] = (layers ?? (seen ? seeing() : plain)) as readonly [Layer, ...Layer[]];
    const inputShape = seen ? [seen[1], seen[0], seen[2]] : [widthOfAll(inputs)];
    const start = new Layer(first.className, first.config, { ...first.common, inputShape });
    // Numbers that are known to lie from 0 to 1 stay there; others must not be cut.
    const bounded = normalized || neuroEvolution ? 'sigmoid' : 'linear';
    const activation = task === 'regression' ? bounded : 'softmax';
    const units = widthOfAll(outputs);
    return [start, ...rest, last?.(units, activation) ?? dense({ units, activation })];
  }

  async #compute(
    caller: string,
    rows: readonly Row[],
    wanted: 'classes' | 'numbers',
  ): Promise<Float32Array[]> {
    const gives = this.#options.task === 'regression' ? 'numbers' : 'classes';
    if (gives !== wanted) {
      const other = gives === 'numbers' ? 'predict()' : 'classify()';
      fail(`${caller}: this network gives ${gives}, not ${wanted}`, {}, other);
    }
    if (!Array.isArray(rows)) {
      fail(`${caller}: it needs a list of rows`, { given: show(rows) }, '[[1, 2], [3, 4]]');
    }
    const model = await this.#ready(caller);
    if (rows.length === 0) return [];
    const cells = await this.#examples.cellsOf(caller, rows);
    const { inputs, isNormalized } = this.#learned;
    const given = this.#examples.tensor(caller, inputs, cells, isNormalized);
    const { data } = await model.predict(given);
    const each = data.length / rows.length;
    return rows.map((_, i) => Float32Array.from(data.subarray(i * each, (i + 1) * each)));
  }
}

/** The columns of a file that are taken. */
function chosen(
  file: string,
  known: readonly string[],
  names: readonly string[] | undefined,
  what: 'inputs' | 'outputs',
): readonly string[] {
  if (names === undefined) {
    fail(
      `${file}: it must be said which columns are ${what}`,
      { columns: known.join(', ') },
      `loadData(file, { inputs: ['${known[0]}'], outputs: ['${known.at(-1)}'] })`,
    );
  }
  for (const name of names) {
    if (known.includes(name)) continue;
    fail(
      `${file}: there is no column "${name}"`,
      { columns: known.join(', '), [what]: names.join(', ') },
      nearest(name, known),
    );
  }
  return names;
}

/** Two convolutions with pooling. */
function seeing(): Layer[] {
  return [
    conv2d({ filters: 8, kernelSize: 5, activation: 'relu' }),
    maxPooling2d({ poolSize: 2 }),
    conv2d({ filters: 16, kernelSize: 5, activation: 'relu' }),
    maxPooling2d({ poolSize: 2 }),
    flatten(),
  ];
}

function encoded(content: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(content));
}
