// The training that is timed: four networks, each in both libraries, on the same numbers.
import * as tf from '@tensorflow/tfjs';
import { dense, type Layer, lstm, sequential, tensor } from 'gesso';
import { pictureLayers } from './pictureLayers.js';

/** A network in training. Every function takes some steps and gives the milliseconds of one. */
export interface Training {
  name: string;
  /** How many times faster than TF.js gesso is to be. */
  bar: number;
  gesso(): Promise<number>;
  /** By backend of TF.js: those that can train this network. */
  peers: Record<string, () => Promise<number>>;
}

interface Network {
  name: string;
  bar: number;
  batch: number;
  /** Shapes of one sample. */
  input: number[];
  labels: number[];
  /** Steps in one timing: batches of different samples, and how often gesso goes through them. */
  batches: number;
  epochs: number;
  peerSteps: number;
  backends: string[];
  gesso(): Layer[];
  peer(): tf.layers.Layer[];
}

const networks: Network[] = [
  {
    name: 'train-dense',
    bar: 15,
    batch: 64,
    input: [2],
    labels: [4],
    batches: 20,
    epochs: 50,
    peerSteps: 30,
    backends: ['wasm'],
    gesso: () => [
      dense({ units: 32, activation: 'relu', inputShape: [2] }),
      dense({ units: 32, activation: 'relu' }),
      dense({ units: 4, activation: 'softmax' }),
    ],
    peer: () => [
      tf.layers.dense({ units: 32, activation: 'relu', inputShape: [2] }),
      tf.layers.dense({ units: 32, activation: 'relu' }),
      tf.layers.dense({ units: 4, activation: 'softmax' }),
    ],
  },
  {
    name: 'train-head',
    bar: 10,
    batch: 16,
    input: [1280],
    labels: [3],
    batches: 20,
    epochs: 5,
    peerSteps: 30,
    backends: ['wasm'],
    gesso: () => [
      dense({ units: 100, activation: 'relu', inputShape: [1280] }),
      dense({ units: 3, activation: 'softmax' }),
    ],
    peer: () => [
      tf.layers.dense({ units: 100, activation: 'relu', inputShape: [1280] }),
      tf.layers.dense({ units: 3, activation: 'softmax' }),
    ],
  },
  {
    name: 'train-cnn',
    bar: 30,
    batch: 64,
    input: [28, 28, 1],
    labels: [10],
    batches: 10,
    epochs: 1,
    peerSteps: 1,
    backends: ['cpu', 'webgl'], // the WASM backend has no gradient of a convolution
    gesso: pictureLayers,
    peer: () => [
      tf.layers.conv2d({
        filters: 16,
        kernelSize: 3,
        activation: 'relu',
        inputShape: [28, 28, 1],
      }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 64, activation: 'relu' }),
      tf.layers.dense({ units: 10, activation: 'softmax' }),
    ],
  },
  {
    name: 'train-lstm',
    bar: 15,
    batch: 32,
    input: [40, 64],
    labels: [40, 64],
    batches: 4,
    epochs: 1,
    peerSteps: 1,
    backends: ['wasm'],
    gesso: () => [
      lstm({ units: 128, returnSequences: true, inputShape: [40, 64] }),
      dense({ units: 64, activation: 'softmax' }),
    ],
    peer: () => [
      tf.layers.lstm({ units: 128, returnSequences: true, inputShape: [40, 64] }),
      tf.layers.dense({ units: 64, activation: 'softmax' }),
    ],
  },
  {
    name: 'train-charrnn',
    bar: 15,
    batch: 50,
    input: [50, 65],
    labels: [50, 65],
    batches: 4,
    epochs: 1,
    peerSteps: 1,
    backends: ['wasm'],
    gesso: () => [
      lstm({ units: 128, returnSequences: true, inputShape: [50, 65] }),
      lstm({ units: 128, returnSequences: true }),
      dense({ units: 65, activation: 'softmax' }),
    ],
    peer: () => [
      tf.layers.lstm({ units: 128, returnSequences: true, inputShape: [50, 65] }),
      tf.layers.lstm({ units: 128, returnSequences: true }),
      tf.layers.dense({ units: 65, activation: 'softmax' }),
    ],
  },
];

const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Rows with a single 1 each, never in a pattern that a network could learn at once. */
function oneHots(shape: readonly number[]): Float32Array {
  const classes = shape.at(-1) ?? 1;
  const data = new Float32Array(count(shape));
  for (let row = 0; row * classes < data.length; ++row) {
    data[row * classes + ((row * row * 31 + row * 7) % classes)] = 1;
  }
  return data;
}

/** Numbers for the inputs; a sequence is one of characters, one-hot. */
function numbers(shape: readonly number[]): Float32Array {
  if (shape.length === 3) return oneHots(shape);
  return Float32Array.from({ length: count(shape) }, (_, i) => Math.sin(i * i * 0.7));
}

async function gessoStep(network: Network): Promise<Training['gesso']> {
  const { batch, batches, epochs } = network;
  const model = await sequential(network.gesso(), { seed: 1, worker: false });
  model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy' });
  const [x, y] = [network.input, network.labels].map((row) => [batch * batches, ...row]) as [
    number[],
    number[],
  ];
  const [inputs, labels] = [tensor(numbers(x), x), tensor(oneHots(y), y)];
  return async () => {
    const start = performance.now();
    await model.fit(inputs, labels, { batchSize: batch, epochs });
    return (performance.now() - start) / (batches * epochs);
  };
}

function peerStep(network: Network, backend: string): () => Promise<number> {
  const { batch, peerSteps } = network;
  let model: tf.Sequential | undefined;
  let samples: [tf.Tensor, tf.Tensor] | undefined;
  return async () => {
    if (tf.getBackend() !== backend) await tf.setBackend(backend);
    if (model === undefined) {
      model = tf.sequential({ layers: network.peer() });
      model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy' });
    }
    const [x, y] = [
      [batch, ...network.input],
      [batch, ...network.labels],
    ];
    samples ??= [tf.tensor(numbers(x), x), tf.tensor(oneHots(y), y)];
    const start = performance.now();
    for (let i = 0; i < peerSteps; ++i) await model.trainOnBatch(...samples);
    return (performance.now() - start) / peerSteps;
  };
}

/** What the networks are called, in the order of `trainings`. */
export const trainingNames = networks.map(({ name }) => name);

/** Prepares each network when it is asked for, so that only one is in memory. */
export const trainings = networks.map((network) => async (): Promise<Training> => {
  const { name, bar, backends } = network;
  const peers = Object.fromEntries(backends.map((each) => [each, peerStep(network, each)]));
  return { name, bar, gesso: await gessoStep(network), peers };
});
