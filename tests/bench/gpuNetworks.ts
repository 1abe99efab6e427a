// The networks that are timed on the GPU, each in every library that can run it.
import type * as TF from '@tensorflow/tfjs';
import { type Backend, type Layer, loadModel, type Tensor, tensor } from 'gesso';
import { dense, lstm, sequential } from 'gesso/layers';
import type * as ORT from 'onnxruntime-web';
import { type Network, networks, numbers } from './networks.js';
import { pictureLayers } from './pictureLayers.js';

/** The other libraries, as far as they are here. */
export interface Peers {
  tf?: typeof TF;
  /** TF.js on any of its backends: it reads models for others. */
  reader?: typeof TF;
  ort?: typeof ORT;
  onnx?: typeof import('./gpuOnnx.js');
}

/** Numbers that libraries must agree on: the outputs of a network, or the losses of its training. */
export type Results = ArrayLike<number>[];

/** One piece of work in one library. */
export interface Task {
  /** Ends with the numbers in JavaScript's hands. */
  run(): Promise<unknown>;
  /** After some runs. */
  results(): Promise<Results>;
  /** How many inferences, or steps of training, one run is. */
  times: number;
}

export interface GpuWork {
  name: string;
  /** What gesso gets on the processor. */
  expected(): Promise<Results>;
  /** By library; each is prepared when it is asked for. */
  tasks: Record<string, () => Promise<Task>>;
}

/** Where the models are that networks.ts names. */
export interface Models {
  gesso(address: string): string;
  tfjs(address: string): string | TF.io.IOHandler;
}

/** A server has them under their own addresses. */
const served: Models = { gesso: (address) => address, tfjs: (address) => address };

function inference({ name, address, kind, shape }: Network, peers: Peers, models: Models): GpuWork {
  const { tf, reader, ort, onnx } = peers;
  const data = numbers(shape);
  const gesso = async (backend: Backend): Promise<Task> => {
    const model = await loadModel(models.gesso(address), { worker: false, backend });
    const [input] = model.inputs;
    if (!input) throw new Error('the model has no input');
    const inputs: Record<string, Tensor> = { [input.name]: tensor(data, shape) };
    let results = await model.run(inputs);
    return {
      times: 1,
      run: async () => {
        results = await model.run(inputs, { into: results });
      },
      results: async () => Object.values(results).map((each) => each.data),
    };
  };
  const load = async (library: typeof TF) => {
    const file = models.tfjs(address);
    return kind === 'layers' ? library.loadLayersModel(file) : library.loadGraphModel(file);
  };
  const tfjs = async (library: typeof TF): Promise<Task> => {
    const model = await load(library);
    const x = library.tensor4d(data, shape);
    const once = async () => {
      const outputs = library.tidy(() => model.predict(x));
      const list = outputs instanceof library.Tensor ? [outputs] : Object.values(outputs);
      const values = await Promise.all(list.map((each) => (each as TF.Tensor).data()));
      library.dispose(outputs);
      return values;
    };
    return { times: 1, run: once, results: once };
  };
  const runtime = async (library: typeof ORT, tfjs: typeof TF): Promise<Task> => {
    if (!onnx) throw new Error('nothing writes ONNX here');
    const model = await load(tfjs);
    const bytes =
      kind === 'layers'
        ? onnx.onnxOfLayers(model as TF.LayersModel, shape)
        : onnx.onnxOfGraph(model as TF.GraphModel, shape);
    model.dispose();
    const session = await library.InferenceSession.create(bytes, {
      executionProviders: ['webgpu'],
    });
    const x = new library.Tensor('float32', data, shape);
    const once = async () => {
      const outputs = Object.values(await session.run({ x }));
      return outputs.map((each) => each.data as Float32Array);
    };
    return { times: 1, run: once, results: once };
  };
  return {
    name,
    expected: async () => (await gesso('wasm')).results(),
    tasks: {
      gesso: () => gesso('webgpu'),
      ...(tf && { tfjs: () => tfjs(tf) }),
      ...(ort && reader && { ort: () => runtime(ort, reader) }),
    },
  };
}

interface Training {
  name: string;
  batch: number;
  input: number[];
  labels: number[];
  /** Steps in one run. */
  steps: number;
  gesso(): Layer[];
  tfjs(tf: typeof TF): TF.layers.Layer[];
}

const trainings: Training[] = [
  {
    name: 'train-cnn',
    batch: 64,
    input: [28, 28, 1],
    labels: [10],
    steps: 4,
    gesso: pictureLayers,
    tfjs: ({ layers }) => [
      layers.conv2d({ filters: 16, kernelSize: 3, activation: 'relu', inputShape: [28, 28, 1] }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 64, activation: 'relu' }),
      layers.dense({ units: 10, activation: 'softmax' }),
    ],
  },
  {
    name: 'train-charrnn',
    batch: 50,
    input: [50, 65],
    labels: [50, 65],
    steps: 2,
    gesso: () => [
      lstm({ units: 128, returnSequences: true, inputShape: [50, 65] }),
      lstm({ units: 128, returnSequences: true }),
      dense({ units: 65, activation: 'softmax' }),
    ],
    tfjs: ({ layers }) => [
      layers.lstm({ units: 128, returnSequences: true, inputShape: [50, 65] }),
      layers.lstm({ units: 128, returnSequences: true }),
      layers.dense({ units: 65, activation: 'softmax' }),
    ],
  },
];

/** Each is the mean of one run's steps. */
const comparedLosses = 3;

const training = { optimizer: 'adam', loss: 'categoricalCrossentropy' } as const;

/** Rows with a single 1 each, never in a pattern that a network could learn at once. */
function oneHots(shape: readonly number[]): Float32Array {
  const classes = shape.at(-1) ?? 1;
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let row = 0; row * classes < data.length; ++row) {
    data[row * classes + ((row * row * 31 + row * 7) % classes)] = 1;
  }
  return data;
}

function stepsOf(
  { name, batch, input, labels, steps, ...network }: Training,
  peers: Peers,
): GpuWork {
  const { tf } = peers;
  const [x, y] = [input, labels].map((row) => [batch * steps, ...row]) as [number[], number[]];
  const inputs = input.length === 2 ? oneHots(x) : numbers(x);
  const make = (backend: Backend) =>
    sequential(network.gesso(), { seed: 1, worker: false, backend });
  const task = (fit: () => Promise<{ history: Record<string, unknown> }>): Task => {
    const losses: number[] = [];
    const run = async () => {
      losses.push(...((await fit()).history.loss as number[]));
    };
    return { times: steps, run, results: async () => [losses.slice(0, comparedLosses)] };
  };
  const gesso = async (backend: Backend): Promise<Task> => {
    const model = await make(backend);
    model.compile(training);
    const samples = [tensor(inputs, x), tensor(oneHots(y), y)] as const;
    return task(() => model.fit(...samples, { batchSize: batch, epochs: 1, shuffle: false }));
  };
  const tfjs = async (library: typeof TF): Promise<Task> => {
    const model = library.sequential({ layers: network.tfjs(library) });
    const begin = await (await make('wasm')).getWeights(); // the same for both
    model.setWeights(
      Object.values(begin).map(({ data, shape }) => library.tensor(data as Float32Array, shape)),
    );
    model.compile(training);
    const samples = [library.tensor(inputs, x), library.tensor(oneHots(y), y)] as const;
    const quietly = { shuffle: false, verbose: 0, yieldEvery: 'never' } as const;
    return task(() => model.fit(...samples, { batchSize: batch, epochs: 1, ...quietly }));
  };
  const expected = async () => {
    const onProcessor = await gesso('wasm');
    for (let i = 0; i < comparedLosses; ++i) await onProcessor.run();
    return onProcessor.results();
  };
  return {
    name,
    expected,
    tasks: { gesso: () => gesso('webgpu'), ...(tf && { tfjs: () => tfjs(tf) }) },
  };
}

/** All work for which there are models and libraries. */
export function gpuWorks(peers: Peers, models = served): GpuWork[] {
  const wanted = networks.filter(({ name }) => name !== 'bodypix-050');
  return [
    ...wanted.map((network) => inference(network, peers, models)),
    ...trainings.map((each) => stepsOf(each, peers)),
  ];
}
