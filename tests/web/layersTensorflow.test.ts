// Every layer and optimizer, step by step beside TensorFlow.js.
import * as tf from '@tensorflow/tfjs';
import { describe, expect } from 'vitest';
import * as layers from '../../web/src/index.js';
import { type Optimizer, sequential, type Tensor, tensor } from '../../web/src/index.js';
import { activations } from '../../web/src/layers/kinds.js';
import { Random } from '../../web/src/random.js';
import { itNeeds, wasm } from './fixtures.js';

const { bidirectional, conv1d, conv2d, dense, embedding, flatten, gru, lstm } = layers;

function random(shape: readonly number[], seed = 1): Tensor {
  const numbers = new Random(seed);
  const count = shape.reduce((a, b) => a * b, 1);
  return tensor(
    Float32Array.from({ length: count }, () => numbers.normal()),
    shape,
  );
}

const rows = random([8, 4]);
const steps = random([8, 5, 3]);
const pictures = random([4, 6, 6, 2]);
const words = tensor(
  Float32Array.from({ length: 40 }, (_, i) => (i * 7) % 6),
  [8, 5],
);
const ofRow = { inputShape: [4] };
const ofSteps = { inputShape: [5, 3] };
const ofPicture = { inputShape: [6, 6, 2] };
const seen = () => conv2d({ filters: 3, kernelSize: 3, ...ofPicture });
const lookup = (maskZero = false) =>
  embedding({ inputDim: 6, outputDim: 4, inputLength: 5, maskZero });

/** Layers to train, on what, and the shape of what comes out for one sample. */
type Case = [name: string, make: () => layers.Layer[], x: Tensor, y: number[]];

const cases: Case[] = [
  ['dense', () => [dense({ units: 3, ...ofRow }), dense({ units: 2 })], rows, [2]],
  ...activations.map((activation): Case => {
    return [activation, () => [dense({ units: 3, activation, ...ofRow })], rows, [3]];
  }),
  ['embedding', () => [lookup(), flatten(), dense({ units: 2 })], words, [2]],
  ['simpleRNN', () => [layers.simpleRNN({ units: 4, ...ofSteps })], steps, [4]],
  ['gru', () => [gru({ units: 4, ...ofSteps })], steps, [4]],
  ['lstm', () => [lstm({ units: 4, ...ofSteps })], steps, [4]],
  [
    'lstm with hard gates, all steps',
    () => [
      lstm({ units: 4, returnSequences: true, recurrentActivation: 'hardSigmoid', ...ofSteps }),
    ],
    steps,
    [5, 4],
  ],
  ['masked lstm', () => [lookup(true), lstm({ units: 4 })], words, [4]],
  ['masked gru', () => [lookup(true), gru({ units: 4 })], words, [4]],
  [
    'bidirectional',
    () => [bidirectional({ layer: gru({ units: 4 }), ...ofSteps }), dense({ units: 2 })],
    steps,
    [2],
  ],
  [
    'timeDistributed',
    () => [layers.timeDistributed({ layer: dense({ units: 2 }), ...ofSteps })],
    steps,
    [5, 2],
  ],
  ['conv1d', () => [conv1d({ filters: 4, kernelSize: 3, ...ofSteps })], steps, [3, 4]],
  ['conv2d', () => [seen()], pictures, [4, 4, 3]],
  [
    'conv2d with strides',
    () => [conv2d({ filters: 3, kernelSize: 3, strides: 2, padding: 'same', ...ofPicture })],
    pictures,
    [3, 3, 3],
  ],
  [
    'depthwiseConv2d',
    () => [layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, ...ofPicture })],
    pictures,
    [4, 4, 4],
  ],
  [
    'separableConv2d',
    () => [layers.separableConv2d({ filters: 3, kernelSize: 3, ...ofPicture })],
    pictures,
    [4, 4, 3],
  ],
  [
    'conv2dTranspose',
    () => [layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, ...ofPicture })],
    pictures,
    [13, 13, 3],
  ],
  ['maxPooling2d', () => [seen(), layers.maxPooling2d()], pictures, [2, 2, 3]],
  ['averagePooling2d', () => [seen(), layers.averagePooling2d()], pictures, [2, 2, 3]],
  ['globalMaxPooling2d', () => [seen(), layers.globalMaxPooling2d()], pictures, [3]],
  ['globalAveragePooling2d', () => [seen(), layers.globalAveragePooling2d()], pictures, [3]],
  [
    'maxPooling1d',
    () => [conv1d({ filters: 4, kernelSize: 2, ...ofSteps }), layers.maxPooling1d()],
    steps,
    [2, 4],
  ],
  [
    'globalAveragePooling1d',
    () => [conv1d({ filters: 4, kernelSize: 2, ...ofSteps }), layers.globalAveragePooling1d()],
    steps,
    [4],
  ],
  ['batchNormalization', () => [seen(), layers.batchNormalization()], pictures, [4, 4, 3]],
  [
    'layerNormalization',
    () => [dense({ units: 4, ...ofRow }), layers.layerNormalization()],
    rows,
    [4],
  ],
  [
    'prelu',
    () => [
      dense({ units: 4, ...ofRow }),
      layers.prelu({ alphaInitializer: { name: 'constant', value: 0.2 } }),
    ],
    rows,
    [4],
  ],
  ['leakyReLU', () => [dense({ units: 4, ...ofRow }), layers.leakyReLU()], rows, [4]],
  ['elu', () => [dense({ units: 4, ...ofRow }), layers.elu()], rows, [4]],
  [
    'zeroPadding2d and cropping2d',
    () => [
      seen(),
      layers.zeroPadding2d(),
      layers.cropping2d({
        cropping: [
          [1, 0],
          [2, 0],
        ],
      }),
    ],
    pictures,
    [5, 4, 3],
  ],
  [
    'reshape, permute and repeatVector',
    () => [
      dense({ units: 6, ...ofRow }),
      layers.repeatVector({ n: 2 }),
      layers.reshape({ targetShape: [3, -1] }),
      layers.permute({ dims: [2, 1] }),
    ],
    rows,
    [4, 3],
  ],
  [
    'regularizers',
    () => [
      dense({
        units: 3,
        kernelRegularizer: { l1: 0.1, l2: 0.2 },
        biasRegularizer: { l2: 0.1 },
        ...ofRow,
      }),
    ],
    rows,
    [3],
  ],
];

/** Trains the same model here and there, and compares outputs, losses and weights. */
async function compare(
  made: layers.Layer[],
  x: Tensor,
  row: number[],
  optimizer: Optimizer,
): Promise<void> {
  const ours = sequential(made);
  ours.compile({ optimizer, loss: 'meanSquaredError' });
  const files = await ours.files();
  const json = JSON.parse(new TextDecoder().decode(files.get('model.json')));
  const weightData = (files.get('weights.bin') as Uint8Array).slice().buffer;
  const [{ weights: weightSpecs }] = json.weightsManifest;
  const theirs = await tf.loadLayersModel(tf.io.fromMemory({ ...json, weightSpecs, weightData }));
  const samples = x.shape[0] ?? 0;
  const y = random([samples, ...row], 5);
  const theirX = tf.tensor(x.data, x.shape as [number], 'float32');
  const theirY = tf.tensor(y.data, y.shape as [number]);
  const near = (given: ArrayLike<number>, wanted: ArrayLike<number>, what: string) => {
    expect(given.length, what).toBe(wanted.length);
    for (let i = 0; i < wanted.length; i++) {
      expect(given[i], `${what}[${i}]`).toBeCloseTo(wanted[i] ?? 0, 3);
    }
  };

  near((await ours.predict(x)).data, (theirs.predict(theirX) as tf.Tensor).dataSync(), 'before');
  const options = { batchSize: samples, epochs: 3, shuffle: false };
  const { history } = await ours.fit(x, y, options);
  const trained = await theirs.fit(theirX, theirY, { ...options, verbose: 0 });
  near(history.loss ?? [], trained.history.loss as number[], 'loss');
  near((await ours.predict(x)).data, (theirs.predict(theirX) as tf.Tensor).dataSync(), 'after');
  ours.dispose();
  theirs.dispose();
}

describe('learns as in TensorFlow.js', () => {
  for (const [name, make, x, y] of cases) {
    itNeeds([wasm], `with ${name}`, () =>
      compare(make(), x, y, { name: 'sgd', learningRate: 0.1 }),
    );
  }

  const optimizers: Optimizer[] = [
    'adam',
    'adamax',
    'rmsprop',
    'adagrad',
    'adadelta',
    { name: 'sgd', learningRate: 0.1, momentum: 0.9 },
    { name: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: true },
    { name: 'rmsprop', learningRate: 0.01, momentum: 0.5, centered: true },
  ];
  for (const optimizer of optimizers) {
    itNeeds([wasm], `by ${JSON.stringify(optimizer)}`, () =>
      compare(
        [dense({ units: 3, activation: 'tanh', ...ofRow }), dense({ units: 2 })],
        rows,
        [2],
        optimizer,
      ),
    );
  }
});
