// One step of training through a whole MobileNet, and of its last block, as TensorFlow.js takes it.
//
// Base: the MobileNet of the registry until conv_pw_13_relu; then the mean over height and width, a
// hidden layer and three classes. Pictures: squares of photos, (x − 127) / 127. All weights of the head
// follow from a formula that the test has, too. published.mjs says how to run it.
//
// For every weight that changes there are of its difference: `norm`, the root of the sum of squares;
// `dot`, the sum of difference × cos(0.37 i); `samples`, eight elements, spread evenly.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readPhoto, tf, versions, writeGolden } from './published.mjs';

const shared =
  process.env.GESSO_SHARED ?? join(fileURLToPath(new URL('../..', import.meta.url)), '../shared');
const folder = join(shared, 'models/mobilenet_v1_025_224_layers');

/** Photo, and left and upper edge of a square in it. */
const squares = [
  ['coffee.png', 0, 100],
  ['chelsea.png', 40, 30],
  ['coffee.png', 330, 150],
  ['chelsea.png', 200, 60],
];
const side = 224;
const classes = [0, 1, 2, 1];
const hidden = 16;

/** What a step is: which layers learn, whether batch normalization does, how. */
const steps = [
  { name: 'whole', from: 'conv1', batchNormalization: 'learns', optimizer: 'sgd', rate: 1 },
  {
    name: 'whole, averages kept',
    from: 'conv1',
    batchNormalization: 'frozen',
    optimizer: 'sgd',
    rate: 1,
  },
  { name: 'block', from: 'conv_dw_13', batchNormalization: 'frozen', optimizer: 'sgd', rate: 1 },
  {
    name: 'block by Adam',
    from: 'conv_dw_13',
    batchNormalization: 'frozen',
    optimizer: 'adam',
    rate: 0.001,
  },
];

const content = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
const groups = content.weightsManifest;
const files = groups.flatMap(({ paths }) => paths.map((path) => readFileSync(join(folder, path))));
const bytes = Buffer.concat(files);

function base() {
  return tf.loadLayersModel(
    tf.io.fromMemory({
      modelTopology: content.modelTopology,
      weightSpecs: groups.flatMap(({ weights }) => weights),
      weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    }),
  );
}

/** A weight of the head, of which `at` is the number. */
function headWeight(shape, at) {
  const count = shape.reduce((a, b) => a * b, 1);
  const scale = 1 / Math.sqrt(shape[0]);
  return tf.tensor(
    Float32Array.from({ length: count }, (_, i) => scale * Math.sin(1.7 * i + at)),
    shape,
  );
}

function pictures() {
  const x = new Float32Array(squares.length * side * side * 3);
  let to = 0;
  for (const [name, left, top] of squares) {
    const { width, data } = readPhoto(name);
    for (let row = top; row < top + side; row++) {
      for (let column = left; column < left + side; column++) {
        for (let c = 0; c < 3; c++) x[to++] = (data[(row * width + column) * 4 + c] - 127) / 127;
      }
    }
  }
  return tf.tensor(x, [squares.length, side, side, 3]);
}

function summary(before, after) {
  const difference = after.map((value, i) => value - before[i]);
  let [square, dot] = [0, 0];
  for (const [i, value] of difference.entries()) {
    square += value * value;
    dot += value * Math.cos(0.37 * i);
  }
  const samples = Array.from(
    { length: 8 },
    (_, k) => difference[Math.floor((k * difference.length) / 8)],
  );
  const short = (value) => Number(value.toPrecision(7));
  return { norm: short(Math.sqrt(square)), dot: short(dot), samples: samples.map(short) };
}

const results = [];
for (const { name, from, batchNormalization, optimizer, rate } of steps) {
  const mobilenet = await base();
  let learns = false;
  for (const layer of mobilenet.layers) {
    learns ||= layer.name === from;
    const frozen = layer.getClassName() === 'BatchNormalization' && batchNormalization === 'frozen';
    layer.trainable = learns && !frozen;
    if (layer.trainable || layer.getClassName() !== 'BatchNormalization') continue;
    // Keras keeps a frozen one to its averages; TensorFlow.js has to be told.
    const call = layer.call.bind(layer);
    layer.call = (inputs, options) => call(inputs, { ...options, training: false });
  }
  const features = mobilenet.getLayer('conv_pw_13_relu').output;
  const mean = tf.layers.globalAveragePooling2d({ name: 'mean' }).apply(features);
  const middle = tf.layers.dense({ units: hidden, activation: 'relu', name: 'head_hidden' });
  const last = tf.layers.dense({
    units: 3,
    activation: 'softmax',
    useBias: false,
    name: 'head_output',
  });
  const model = tf.model({ inputs: mobilenet.inputs, outputs: last.apply(middle.apply(mean)) });
  middle.setWeights([headWeight([256, hidden], 0), headWeight([hidden], 1)]);
  last.setWeights([headWeight([hidden, 3], 2)]);
  model.compile({
    optimizer: optimizer === 'sgd' ? tf.train.sgd(rate) : tf.train.adam(rate),
    loss: 'categoricalCrossentropy',
  });
  const read = () =>
    Object.fromEntries(
      model.layers.flatMap((layer) =>
        layer.weights.map((weight) => [weight.originalName, weight.read().dataSync().slice()]),
      ),
    );
  const before = read();
  const loss = await model.trainOnBatch(pictures(), tf.oneHot(tf.tensor1d(classes, 'int32'), 3));
  const after = read();
  const changed = Object.keys(before).filter((key) =>
    after[key].some((v, i) => v !== before[key][i]),
  );
  const weights = Object.fromEntries(changed.map((key) => [key, summary(before[key], after[key])]));
  results.push({ name, from, batchNormalization, optimizer, rate, loss, weights });
  console.log(name, loss, changed.length);
}

writeGolden('mobilenet_training', {
  ...{ versions: versions('@tensorflow/tfjs'), squares, side, classes, hidden },
  cases: results,
});
