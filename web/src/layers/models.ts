// Makes and loads models that can be trained.
import { connect } from '../client.js';
import { fail } from '../errors.js';
import type { Inside } from '../insides.js';
import {
  type CheckedWhere,
  type LoadOptions,
  loadOptions,
  type Open,
  openModel,
  Session,
  type Where,
  whereOptions,
} from '../model.js';
import { absent, nearest, needed, readOptions } from '../options.js';
import type { ModelSource } from '../source.js';
import { isTensor, show, showShape, type Tensor, tensor } from '../tensor.js';
import type { WeightDescription } from '../training.js';
import { type Loading, usableAtOnce } from '../usable.js';
import { readRows, slice } from './data.js';
import { readCheckpoint, writeFiles } from './files.js';
import { Fitting } from './fitting.js';
import { text, whole } from './kinds.js';
import { Flow, type Layer } from './layer.js';
import type {
  Batches,
  LayersModel,
  ModelFiles,
  PredictOptions,
  Samples,
  SaveOptions,
  SaveTarget,
} from './layersModel.js';
import { store, stored } from './storage.js';
import { summaryOf } from './summary.js';
import { functionalTopology, sequentialTopology, type Topology } from './topology.js';
import { checkWhole, type FitOptions } from './trainingOptions.js';

/** How a model begins. */
export interface CreateOptions extends Where {
  /** Where its random numbers begin: equal seeds give equal weights on every machine. 0. */
  seed?: number;
  /** What the model is called in its file. */
  name?: string;
}

const createOptions = {
  seed: { ...whole(0, 1), example: 'seed: 1' },
  name: { ...text('digits'), example: "name: 'digits'" },
  ...whereOptions,
};

/**
 * A model of layers, one after the other.
 *
 *     const model = sequential([
 *       dense({ units: 16, activation: 'relu', inputShape: [4] }),
 *       dense({ units: 3, activation: 'softmax' }),
 *     ]);
 *     model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy' });
 *     await model.fit(x, y, { epochs: 20 });
 *
 * @throws MLError when an option is wrong; the promise rejects when layers do not fit together
 */
export function sequential(
  layers: readonly Layer[],
  options: CreateOptions = {},
): Loading<LayersModel> {
  const checked = readOptions('sequential', options, createOptions);
  return created('sequential', sequentialTopology(layers, checked.name ?? 'sequential'), checked);
}

/** Where a model of branches begins and ends. */
export interface ModelOptions extends CreateOptions {
  /** What `input` gave, one or several. */
  inputs: Flow | readonly Flow[];
  /** What layers gave, one or several. */
  outputs: Flow | readonly Flow[];
}

const isFlows = (value: unknown) =>
  value instanceof Flow || (Array.isArray(value) && value.length > 0);

const flows = (name: string) =>
  absent<Flow | readonly Flow[]>('what input() or a layer gave', `${name}: x`, isFlows);

const modelOptions = {
  inputs: needed(flows('inputs')),
  outputs: needed(flows('outputs')),
  ...createOptions,
};

/**
 * A model of layers that branch and join.
 *
 *     const x = input({ shape: [4] });
 *     const left = dense({ units: 8, activation: 'relu' }).apply(x);
 *     const right = dense({ units: 8, activation: 'tanh' }).apply(x);
 *     const y = dense({ units: 1 }).apply(concatenate().apply([left, right]));
 *     const net = model({ inputs: x, outputs: y });
 */
export function model(options: ModelOptions): Loading<LayersModel> {
  const { inputs, outputs, ...rest } = readOptions('model', options, modelOptions);
  const topology = functionalTopology(listed(inputs), listed(outputs), rest.name ?? 'model');
  return created('model', topology, rest);
}

function listed(given: Flow | readonly Flow[]): readonly Flow[] {
  return given instanceof Flow ? [given] : given;
}

function created(
  who: string,
  topology: Topology,
  { seed, worker, backend }: { seed: number | undefined } & CheckedWhere,
): Loading<LayersModel> {
  const opening = (async (): Promise<Open> => {
    const client = connect(who, worker);
    const opened = await client.create(JSON.stringify(topology), seed ?? 0, backend);
    return { ...opened, client, location: { places: [] } };
  })();
  return layersModel(who, opening);
}

/**
 * Loads a layers model so that it can be trained further: with its weights, and where save() wrote
 * it, with what the optimizer remembers.
 *
 *     const model = await loadLayersModel('indexeddb://clouds');
 *     await model.fit(x, y, { epochs: 10 });
 *
 * @param source `'indexeddb://name'`, or what `loadModel` takes
 */
export function loadLayersModel(
  source: ModelSource,
  options: LoadOptions = {},
): Loading<LayersModel> {
  const opening = (async () => {
    const checked = readOptions('loadLayersModel', options, loadOptions);
    const open = await openModel('loadLayersModel', await stored(source), checked, true);
    if (open.description.format === 'tfjs-layers') return open;
    await open.client.close(open.model);
    fail(
      'loadLayersModel: this model is not made of layers, so it cannot be trained',
      { address: open.address, format: open.description.format },
      'loadModel() to run it',
    );
  })();
  return layersModel('loadLayersModel', opening);
}

/** The object that users hold, around a model that opens. */
function layersModel(who: string, opening: Promise<Open>): Loading<LayersModel> {
  const session = new Session(who, opening);
  const fitting = new Fitting(session);
  const ready = opening.then(({ saved }) => {
    const checkpoint = saved && readCheckpoint(saved);
    if (checkpoint) fitting.continueFrom(checkpoint);
  });
  const loaded = new Loaded(session, fitting, ready);
  const model: LayersModel = {
    get inputs() {
      return session.description('inputs');
    },
    get outputs() {
      return session.description('outputs');
    },
    get training() {
      return fitting.running;
    },
    layers: () => session.layers(),
    run: (inputs, options) => session.run(inputs, options),
    gradient: (inputs, options) => session.gradient(inputs, options),
    resetStates: () => loaded.resetStates(),
    about: () => session.about(),
    dispose: () => session.dispose(),
    compile: (options) => fitting.compile(options),
    async fit(given: Samples | Batches, more?: Samples | FitOptions, last?: FitOptions) {
      await ready;
      return fitting.fit(given, more, last);
    },
    async trainOnBatch(x, y) {
      await ready;
      return fitting.trainOnBatch(x, y);
    },
    async evaluate(x, y, options) {
      await ready;
      return fitting.evaluate(x, y, options);
    },
    pause: () => fitting.pause(),
    resume: () => fitting.resume(),
    stop: () => fitting.stop(),
    predict: (x, options) => loaded.predict(x, options),
    summary: () => loaded.summary(),
    weights: async () =>
      (await loaded.weights()).map(({ name, shape, trainable }) => ({ name, shape, trainable })),
    getWeights: () => loaded.getWeights(),
    setWeights: (weights) => loaded.setWeights(weights),
    setTrainable: (layer, trainable) => loaded.setTrainable(layer, trainable),
    save: (where, options) => loaded.save(where, options),
    files: (options) => loaded.files(options),
  };
  const training: Inside['training'] = async (x, y, use) => {
    await ready;
    return fitting.withSamples('profile', x, y, use);
  };
  return usableAtOnce(ready, model, { session, training });
}

const predictOptions = { batchSize: 128 };
const saveOptions = { optimizer: true };

/** What a model does beside training. */
class Loaded {
  readonly #session: Session;
  readonly #fitting: Fitting;
  readonly #ready: Promise<void>;

  constructor(session: Session, fitting: Fitting, ready: Promise<void>) {
    this.#session = session;
    this.#fitting = fitting;
    this.#ready = ready;
  }

  async predict(given: Samples, options: PredictOptions = {}): Promise<Tensor> {
    const { batchSize } = readOptions('predict', options, predictOptions);
    checkWhole('predict', 'batchSize', batchSize, 1);
    const { client, model, description } = await this.#session.opened();
    const { inputs, outputs } = description;
    const [output, second] = outputs;
    if (output === undefined || second !== undefined) {
      fail(
        'predict: this model has several outputs',
        { outputs: outputs.map(({ name }) => name).join(', ') },
        'run(), which gives them by name',
      );
    }
    const rows = readRows('predict', 'x', inputs, given);
    const results: Tensor[] = [];
    for (let first = 0; first < rows.samples; first += batchSize) {
      const part = slice(rows, first, Math.min(batchSize, rows.samples - first));
      const named = inputs.map(({ name, dtype }, i) => {
        const { data, shape } = part[i] ?? tensor([]);
        return [name, tensor(data, shape, dtype)];
      });
      const { [output.name]: result } = await client.run(model, Object.fromEntries(named));
      if (result) results.push(result);
    }
    return joined(results);
  }

  async weights(): Promise<WeightDescription[]> {
    const { client, model } = await this.#session.opened();
    return client.train(model, 'weights', []);
  }

  async getWeights(): Promise<Record<string, Tensor>> {
    const { client, model } = await this.#session.opened();
    return client.train(model, 'getWeights', []);
  }

  async setWeights(given: Readonly<Record<string, Tensor>>): Promise<void> {
    const known = await this.weights();
    const names = known.map(({ name }) => name);
    for (const [name, weight] of Object.entries(given)) {
      const port = known.find((each) => each.name === name);
      if (port === undefined) {
        fail(
          `setWeights: there is no weight "${name}"`,
          { known: names.slice(0, 12).join(', ') },
          nearest(name, names),
        );
      }
      const wanted = `${port.dtype} ${showShape(port.shape)}`;
      const is = isTensor(weight) ? `${weight.dtype} ${showShape(weight.shape)}` : show(weight);
      if (is !== wanted) {
        fail(`setWeights: "${name}" does not fit`, { wanted, given: is }, `tensor(data, shape)`);
      }
    }
    const { client, model } = await this.#session.opened();
    await client.train(model, 'setWeights', [given]);
  }

  async setTrainable(layer: string, trainable: boolean): Promise<void> {
    const { client, model } = await this.#session.opened();
    const known = await this.weights();
    const layers = [...new Set(known.map(({ name }) => layerOf(name)))];
    if (!layers.includes(layer)) {
      fail(
        `setTrainable: there is no layer "${layer}" with weights`,
        { known: layers.join(', ') },
        nearest(layer, layers),
      );
    }
    await client.train(model, 'setTrainable', [layer, trainable]);
  }

  async resetStates(): Promise<void> {
    const { client, model } = await this.#session.opened();
    await client.train(model, 'resetStates', []);
  }

  async summary(): Promise<string> {
    await this.#ready;
    const { topology } = await this.#fitting.snapshot();
    return summaryOf(JSON.parse(topology), await this.weights());
  }

  async save(where: SaveTarget, options?: SaveOptions): Promise<void> {
    await store(where, await this.files(options));
  }

  async files(options: SaveOptions = {}): Promise<ModelFiles> {
    const { optimizer } = readOptions('save', options, saveOptions);
    await this.#ready;
    const { training, ...snapshot } = await this.#fitting.snapshot();
    if (!optimizer) snapshot.state = null;
    return writeFiles(snapshot, training);
  }
}

/** `dense_1/kernel` is of the layer `dense_1`. */
function layerOf(weight: string): string {
  return weight.split('/')[0] ?? weight;
}

/** Results of several batches as one. */
function joined(results: readonly Tensor[]): Tensor {
  const [first] = results;
  if (first === undefined || results.length === 1) return first ?? tensor([]);
  const total = results.reduce((sum, { data }) => sum + data.length, 0);
  const Kind = first.data.constructor as new (length: number) => Tensor['data'];
  const data = new Kind(total);
  let at = 0;
  for (const result of results) {
    data.set(result.data, at);
    at += result.data.length;
  }
  const samples = results.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  return { data, shape: [samples, ...first.shape.slice(1)], dtype: first.dtype };
}
