// What is behind ml5.neuralNetwork: a network in the worker that learns, or one at hand that evolves.
import { fail } from '../errors.js';
import { Layer } from '../layers/layer.js';
import type { ModelFiles } from '../layers/layersModel.js';
import { store } from '../layers/storage.js';
import { isRecord } from '../options.js';
import { platform } from '../platform.js';
import { Random } from '../random.js';
import type { ModelSource } from '../source.js';
import { unscaled, widthOfAll, writeMeta } from '../tasks/columns.js';
import { Examples } from '../tasks/examples.js';
import { best } from '../tasks/imageClassifier.js';
import { type Learned, Network, type NetworkOptions } from '../tasks/network.js';
import type {
  EpochLogs,
  Estimate,
  neuralNetwork,
  Row,
  TrainOptions,
} from '../tasks/neuralNetwork.js';
import { show } from '../tensor.js';
import { isPlain } from './calls.js';
import type { Classified, NetworkSource, Predicted, Task } from './neuralNetwork.js';
import { isActivation, Perceptron } from './perceptron.js';

/** The options of a network, checked. */
export interface Settings
  extends Pick<NetworkOptions, 'inputs' | 'outputs' | 'hiddenUnits' | 'learningRate' | 'seed'> {
  task: Task | undefined;
  /** All layers, the last one included; none: one hidden layer. */
  layers: readonly Layer[];
  neuroEvolution: boolean;
  debug: boolean;
}

/** Layers whose number of units follows from the outputs. */
const fits = new WeakSet<Layer>();

/** Marks a layer as one whose number of units follows from the outputs. */
export function fitting(layer: Layer): Layer {
  fits.add(layer);
  return layer;
}

/** Networks made so far: each draws from random numbers of its own. */
let brains = 0;

export class Brain {
  readonly #settings: Settings;
  readonly #random: Random;
  #layers: readonly Layer[];
  /** What learns, once it is known for which task. */
  #network: Network | undefined;
  #learner: ReturnType<typeof neuralNetwork> | undefined;
  /** The columns of a network that evolves. */
  #columns: Examples | undefined;
  /** The weights at hand: always for a network that evolves, else once it has learned. */
  #perceptron: Perceptron | undefined;
  /** Whether changed weights have arrived in the worker. */
  #changes: Promise<void> = Promise.resolve();

  /** @param parent what a copy or a child begins with */
  constructor(settings: Settings, parent?: { columns: Examples; perceptron: Perceptron }) {
    this.#settings = settings;
    this.#layers = settings.layers;
    this.#random = new Random(settings.seed, brains++);
    if (parent) {
      this.#columns = parent.columns;
      this.#perceptron = parent.perceptron;
    } else if (settings.neuroEvolution) {
      this.#columns = this.#declared();
      this.#perceptron = this.#born(this.#columns);
    }
  }

  /** Adds an example; what it holds also tells the task, where nothing has told it. */
  async addData(
    xs: Row,
    ys: Row,
    labels: { readonly inputLabels?: readonly string[]; readonly outputLabels?: readonly string[] },
  ): Promise<void> {
    const x = named(xs, labels.inputLabels);
    const y = named(ys, labels.outputLabels);
    const [answer] = isPlain(y) ? Object.values(y) : [y].flat();
    const task = typeof answer === 'string' ? 'classification' : 'regression';
    await this.#begin('addData', task, { x, y }).addData(x, y);
  }

  async normalizeData(): Promise<void> {
    await this.#begin('normalizeData').normalizeData();
  }

  async loadData(source: string | FileList | Blob): Promise<void> {
    await this.#begin('loadData', undefined, { x: {}, y: {} }).loadData(source);
  }

  async saveData(name: string): Promise<void> {
    await this.#begin('saveData').saveData(`downloads://${name}`);
  }

  async train(
    options: TrainOptions,
    whileTraining?: (epoch: number, logs: EpochLogs) => unknown,
  ): Promise<void> {
    const learner = this.#begin('train');
    // Part of a handful of examples is none at all.
    const validationSplit = learner.size < 10 ? 0 : 0.1;
    await learner.train({ validationSplit, ...options }, (epoch, logs) => {
      const told = withShortNames(logs);
      if (this.#settings.debug) console.log(`epoch ${epoch}: ${lineOf(logs)}`);
      return whileTraining?.(epoch, told);
    });
    await this.#takeWeights();
  }

  async classify(caller: string, rows: readonly Row[]): Promise<Classified[][]> {
    if (this.#columns) {
      return listed(caller, rows).map((row) =>
        this.classified(this.compute(caller, 'classes', row)),
      );
    }
    await this.#changes;
    const results = await this.#begin(caller).classifyMultiple(rows);
    return results.map((labels) =>
      labels.map(({ label, confidence }) => ({ label, confidence, [label]: confidence })),
    );
  }

  async predict(caller: string, rows: readonly Row[]): Promise<Predicted[][]> {
    if (this.#columns) {
      return listed(caller, rows).map((row) =>
        this.predicted(this.compute(caller, 'numbers', row)),
      );
    }
    await this.#changes;
    const results = await this.#begin(caller).predictMultiple(rows);
    return results.map((estimates) => estimates.map((estimate) => this.#shaped(estimate)));
  }

  /** What comes out for a row, at once. */
  compute(caller: string, wanted: 'classes' | 'numbers', row: Row): Float32Array {
    const gives = this.#settings.task === 'regression' ? 'numbers' : 'classes';
    if (gives !== wanted) {
      const other = gives === 'numbers' ? 'predict' : 'classify';
      fail(
        `ml5 ${caller}: this network gives ${gives}, not ${wanted}`,
        { task: this.#settings.task },
        `${other}${caller.endsWith('Sync') ? 'Sync' : ''}()`,
      );
    }
    const perceptron = this.#atHand(caller);
    const numbers = (this.#columns ?? this.#network)?.numbersOf(caller, row);
    return perceptron.compute(numbers ?? new Float32Array());
  }

  classified(scores: Float32Array): Classified[] {
    const [output] = this.#learned.outputs;
    const words = output?.kind === 'word' ? output.words : [];
    return best(scores, words, words.length).map(({ label, confidence }) => {
      return { label, confidence, [label]: confidence };
    });
  }

  predicted(values: Float32Array): Predicted[] {
    const { outputs, isNormalized } = this.#learned;
    return outputs.map((column, i) => {
      const value = values[i] ?? Number.NaN;
      const back = isNormalized && column.kind === 'number' ? unscaled(column, value) : value;
      return this.#shaped({ label: column.name, value: back });
    });
  }

  addLayer(layer: Layer): void {
    if (this.#network || this.#columns) {
      fail('ml5 addLayer: the network has been made already', {}, 'addLayer() before addData()');
    }
    this.#layers = [...this.#layers, layer];
  }

  async save(name: string): Promise<void> {
    const where = `downloads://${name}`;
    if (this.#columns === undefined) {
      await this.#changes;
      return this.#begin('save').save(where);
    }
    const { inputs, outputs, isNormalized } = this.#learned;
    const model = await this.#atHand('save').toModel();
    const files = await model.files({ optimizer: false });
    const meta = JSON.stringify(writeMeta(inputs, outputs, isNormalized));
    files.set('model_meta.json', new TextEncoder().encode(meta));
    model.dispose();
    await store(where, files);
  }

  async load(source: NetworkSource): Promise<void> {
    const files = isThree(source) ? fetchThree(source) : source;
    const learner = this.#columns ? undefined : this.#begin('load', undefined, { x: {}, y: {} });
    if (learner) {
      await learner.load(await files);
      return this.#takeWeights();
    }
    const network = new Network(this.#optionsOf(this.#taskFor('load')));
    await network.load(await files);
    const model = await network.face().model();
    this.#perceptron = await Perceptron.from(model);
    model.dispose();
    this.#columns = columnsOf(network.learned, this.#taskFor('load'));
  }

  copy(): Brain {
    return this.#child('copy', this.#atHand('copy').copy());
  }

  crossover(other: Brain): Brain {
    const child = this.#atHand('crossover').crossover(other.#atHand('crossover'), this.#random);
    return this.#child('crossover', child);
  }

  mutate(rate = 0.1, change = (weight: number) => within(weight + this.#random.normal())): void {
    if (!(rate >= 0 && rate <= 1)) {
      fail(
        'ml5 mutate: the rate must be a number from 0 to 1',
        { given: show(rate) },
        'mutate(0.1)',
      );
    }
    const perceptron = this.#atHand('mutate');
    perceptron.mutate(rate, change, this.#random);
    const learner = this.#learner;
    if (learner) {
      const write = async () => perceptron.writeTo(await learner.model());
      this.#changes = this.#changes.then(write);
      this.#changes.catch(() => {}); // reported by the next call that needs the weights
    }
  }

  dispose(): void {
    this.#learner?.dispose();
  }

  /** What is known of what goes in and comes out. */
  get #learned(): Readonly<Learned> {
    if (!this.#columns) return this.#network?.learned ?? nothing;
    const { inputs, outputs, normalized } = this.#columns;
    return { inputs, outputs, isNormalized: normalized };
  }

  /** What learns; made by the first call, which also tells how the columns are called. */
  #begin(caller: string, guess?: Task, example?: { x: unknown; y: unknown }) {
    if (this.#learner) return this.#learner;
    if (this.#columns) {
      fail(
        `ml5 ${caller}: this network evolves, and does not learn from examples`,
        { neuroEvolution: true },
        'mutate() and crossover(), or neuroEvolution: false',
      );
    }
    const task = this.#taskFor(caller, guess);
    this.#settings.task = task;
    const options = this.#optionsOf(task);
    // Named values bring their own names; a number of columns, or a list of classes, has none.
    if (isPlain(example?.x) && typeof options.inputs === 'number') options.inputs = undefined;
    if (isPlain(example?.y) && namesOf(options.outputs).length !== 1) {
      const names = Object.keys(example.y);
      const listed = task === 'regression' && Array.isArray(options.outputs);
      if (!listed) options.outputs = names.length > 0 ? names : undefined;
    }
    this.#network = new Network(options);
    this.#learner = this.#network.face();
    return this.#learner;
  }

  #taskFor(caller: string, guess?: Task): Task {
    const { task = guess } = this.#settings;
    if (task !== undefined) return task;
    fail(
      `ml5 ${caller}: nothing tells what the network is for`,
      { known: 'classification, regression, imageClassification' },
      "ml5.neuralNetwork({ task: 'classification' })",
    );
  }

  #optionsOf(task: Task): NetworkOptions {
    const { inputs, outputs, hiddenUnits, learningRate, seed } = this.#settings;
    // Adam at the rate that suits plain descent does not arrive.
    const usual = { classification: 0.2, imageClassification: 0.02, regression: 0.01 };
    const last = this.#lastLayer();
    return {
      task,
      inputs,
      outputs,
      hiddenUnits,
      seed,
      layers: last ? this.#layers.slice(0, -1) : undefined,
      ...(last && { last }),
      optimizer: task === 'regression' ? 'adam' : 'sgd',
      learningRate: learningRate ?? usual[task],
      neuroEvolution: false,
      worker: undefined,
      backend: undefined,
    };
  }

  /** Makes the last of the layers that were described. */
  #lastLayer(): ((units: number, activation: string) => Layer) | undefined {
    const last = this.#layers.at(-1);
    if (last === undefined) return undefined;
    const { className, config, common } = last;
    if (this.#layers.length < 2 || className !== 'Dense') {
      fail(
        'ml5.neuralNetwork: there must be at least two layers, the last of them dense',
        { given: this.#layers.map((layer) => layer.className).join(', ') },
        "[{ type: 'dense', units: 16, activation: 'relu' }, { type: 'dense', activation: 'softmax' }]",
      );
    }
    return (units, activation) => {
      if (!fits.has(last) && config.units !== units) {
        fail(
          'ml5.neuralNetwork: the last layer gives another number of values than there are outputs',
          { units: config.units, outputs: units },
          `units: ${units}, or leave units out of the last layer`,
        );
      }
      return new Layer('Dense', { activation, ...config, units }, common);
    };
  }

  #declared(): Examples {
    const task = this.#taskFor('neuralNetwork');
    if (task === 'imageClassification') {
      fail(
        'ml5.neuralNetwork: a network for pictures cannot evolve',
        { task, neuroEvolution: true },
        "task: 'classification' with numbers that tell of the picture",
      );
    }
    const { inputs, outputs } = this.#settings;
    const examples = new Examples({ task, inputs, outputs });
    examples.declare();
    return examples;
  }

  /** A network of random weights. */
  #born({ inputs, outputs }: Examples): Perceptron {
    const { task, hiddenUnits = 16 } = this.#settings;
    const units = widthOfAll(outputs);
    const usual = task === 'regression' ? 'sigmoid' : 'softmax';
    const last = this.#lastLayer()?.(units, usual);
    const shape = last
      ? [...this.#layers.slice(0, -1), last].map((layer) => denseOf(layer))
      : [
          { units: hiddenUnits, activation: 'relu' } as const,
          { units, activation: usual } as const,
        ];
    return Perceptron.random(widthOfAll(inputs), shape, this.#random);
  }

  #child(caller: string, perceptron: Perceptron): Brain {
    const columns = columnsOf(this.#learned, this.#taskFor(caller));
    return new Brain({ ...this.#settings, neuroEvolution: true }, { columns, perceptron });
  }

  #atHand(caller: string): Perceptron {
    if (this.#perceptron) return this.#perceptron;
    if (this.#learner === undefined || this.#settings.task !== 'imageClassification') {
      fail(
        `ml5 ${caller}: the network has no weights yet, or other layers than dense ones`,
        { examples: this.#learner?.size ?? 0 },
        'await train() or load() first, or neuroEvolution: true; ' +
          'for other layers await classify() or predict()',
      );
    }
    fail(
      `ml5 ${caller}: a network for pictures computes in the worker only`,
      { task: this.#settings.task },
      `await ${caller.replace(/Sync$/, '')}()`,
    );
  }

  /** Copies the weights of a network that has learned, where it consists of dense layers. */
  async #takeWeights(): Promise<void> {
    const model = await this.#learner?.model();
    this.#perceptron = model && (await Perceptron.from(model));
  }

  #shaped({ label, value }: Estimate): Predicted {
    const { isNormalized } = this.#learned;
    return { label, value, [label]: value, ...(isNormalized && { unNormalizedValue: value }) };
  }
}

function namesOf(outputs: Settings['outputs']): readonly string[] {
  return typeof outputs === 'object' ? outputs : [];
}

const nothing: Learned = { inputs: [], outputs: [], isNormalized: false };

/** Columns like those that a network has learned, for another one. */
function columnsOf({ inputs, outputs, isNormalized }: Readonly<Learned>, task: Task): Examples {
  const columns = new Examples({ task, inputs: undefined, outputs: undefined });
  columns.inputs = structuredClone(inputs);
  columns.outputs = structuredClone(outputs);
  columns.normalized = isNormalized;
  return columns;
}

/** A row with names for its values, where they were given beside it. */
function named(row: Row, labels: readonly string[] | undefined): Row {
  if (!labels || isPlain(row)) return row;
  const values = ArrayBuffer.isView(row) ? Array.from(row as Float32Array) : [row].flat();
  if (values.length !== labels.length) {
    fail(
      'ml5 addData: there must be one label for each value',
      { values: values.length, labels: labels.join(', ') },
      `${values.length} labels`,
    );
  }
  return Object.fromEntries(labels.map((label, i) => [label, values[i]])) as Row;
}

function listed(caller: string, rows: readonly Row[]): readonly Row[] {
  if (Array.isArray(rows)) return rows;
  fail(`ml5 ${caller}: it needs a list of rows`, { given: show(rows) }, '[[1, 2], [3, 4]]');
}

function denseOf(layer: Layer) {
  const { units, activation = 'linear' } = layer.config;
  if (layer.className === 'Dense' && isActivation(activation)) {
    return { units: Number(units), activation };
  }
  fail(
    'ml5.neuralNetwork: a network that evolves consists of dense layers',
    { given: layer.className, activation },
    "{ type: 'dense', units: 16, activation: 'relu' }",
  );
}

function within(weight: number): number {
  return Math.min(Math.max(weight, -1), 1);
}

/** Accuracy also under the name that ml5's sketches know. */
function withShortNames(logs: EpochLogs): EpochLogs {
  const short = Object.entries(logs).filter(([name]) => name.endsWith('accuracy'));
  const named = short.map(([name, value]) => [name.replace('accuracy', 'acc'), value]);
  return { ...logs, ...Object.fromEntries(named) };
}

function lineOf(logs: EpochLogs): string {
  return Object.entries(logs)
    .map(([name, value]) => `${name} ${value.toPrecision(3)}`)
    .join(', ');
}

type Three = Extract<NetworkSource, { readonly metadata: string }>;

function isThree(source: NetworkSource): source is Three {
  return isPlain(source) && 'model' in source && 'metadata' in source && 'weights' in source;
}

/** Files at three addresses, under the names by which they know each other. */
async function fetchThree({ model, metadata, weights }: Three): Promise<ModelSource> {
  const read = async (address: string): Promise<Uint8Array<ArrayBuffer>> => {
    const response = await platform.fetch(platform.resolve(address));
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    const answer = `${response.status} ${response.statusText}`.trim();
    fail('ml5 load: the file is not there', { address, answer }, "load('model/model.json')");
  };
  const files: ModelFiles = new Map();
  const text = await read(model);
  files.set('model.json', text);
  files.set('model_meta.json', await read(metadata));
  files.set(weightsIn(text) ?? 'weights.bin', await read(weights));
  return files;
}

/** How a model.json calls its file of weights. */
function weightsIn(bytes: Uint8Array): string | undefined {
  const content: unknown = JSON.parse(new TextDecoder().decode(bytes));
  const groups = isRecord(content) ? content.weightsManifest : undefined;
  const [group] = Array.isArray(groups) ? groups : [];
  const [path] = isRecord(group) && Array.isArray(group.paths) ? group.paths : [];
  return typeof path === 'string' ? path : undefined;
}
