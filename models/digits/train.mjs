// Trains the digit classifier of this folder and writes model.json, weights.bin and report.json.
//
//     node models/digits/train.mjs
//
// TensorFlow.js's WASM backend has no gradient for a convolution, so the network is written here in
// matrix products over patches; the weights come out in the order Keras' own layers want them.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { isHeldOut, isValidation, pixels, readMnist, side } from './mnist.mjs';
import { randomNumbers, warp } from './warp.mjs';

const recipe = {
  seed: 7,
  epochs: 50,
  batch: 50,
  learningRate: 0.003, // falls along half a cosine to 0
  dropout: 0.15, // of the inputs of each dense layer, while training
};
const window = 5; // both convolutions look at 5 × 5
const channels = [12, 24];
const hidden = 96;

const here = dirname(fileURLToPath(import.meta.url));
const shared = process.env.GESSO_SHARED ?? `${here}/../../../shared`;
const random = randomNumbers(recipe.seed);

/** Weights of a layer, He-scaled: normal with variance 2 / inputs; biases 0. */
function weights(inputs, outputs) {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const kernel = Float32Array.from(
    { length: inputs * outputs },
    () => normal() * Math.sqrt(2 / inputs),
  );
  return {
    kernel: tf.variable(tf.tensor2d(kernel, [inputs, outputs])),
    bias: tf.variable(tf.zeros([outputs])),
  };
}

/**
 * The four pictures of patches whose answers the first pooling compares.
 * Cutting patches needs no gradient, so it is done on the pixels, outside TensorFlow.js.
 * @param {Float32Array} images [batch, 28, 28]
 * @returns four of [batch · 12 · 12, 5 · 5]
 */
function patches(images) {
  const batch = images.length / pixels;
  const size = (side - window + 1) / 2;
  const corners = [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ];
  return corners.map(([down, right]) => {
    const rows = new Float32Array(batch * size * size * window * window);
    let at = 0;
    for (let b = 0; b < batch; ++b) {
      for (let y = 0; y < size; ++y) {
        for (let x = 0; x < size; ++x) {
          for (let i = 0; i < window; ++i) {
            const from = b * pixels + (2 * y + down + i) * side + 2 * x + right;
            for (let j = 0; j < window; ++j) rows[at++] = images[from + j];
          }
        }
      }
    }
    return tf.tensor2d(rows, [batch * size * size, window * window]);
  });
}

/** y = x W + b on the last axis. */
const dense = (x, layer) => x.matMul(layer.kernel).add(layer.bias);

/** Sets a share of x to zero and scales the rest, so that the expected sum stays. */
function drop(x, share) {
  const kept = Float32Array.from({ length: x.size }, () =>
    random() < share ? 0 : 1 / (1 - share),
  );
  return x.mul(tf.tensor(kept, x.shape));
}

/** Logits [batch, 10] of images [batch · 784], pixels 0..1. */
function forward(images, layers, share = 0) {
  const batch = images.length / pixels;

  // conv 5 × 5, ReLU, max pooling 2 × 2: the largest of four answers. [batch, 12, 12, c0]
  const answers = patches(images).map((rows) => rows.matMul(layers.strokes.kernel));
  const strokes = answers
    .reduce((a, b) => tf.maximum(a, b))
    .add(layers.strokes.bias)
    .relu()
    .reshape([batch, 12, 12, channels[0]]);

  // conv 5 × 5 → [batch, 8, 8, c1]: the patch of a place is five slices side by side, twice.
  const across = tf.concat(slices(strokes, 2, 8), 3);
  const square = tf.concat(slices(across, 1, 8), 3);
  const corners = square.reshape([batch * 64, window * window * channels[0]]);
  const shapes = dense(corners, layers.shapes).relu();
  const lower = largerOfPairs(shapes.reshape([batch * 4, 2, 8 * channels[1]]));
  const pooled = largerOfPairs(lower.reshape([batch * 16, 2, channels[1]]));
  let flat = pooled.reshape([batch, 16 * channels[1]]);

  if (share > 0) flat = drop(flat, share);
  let parts = dense(flat, layers.parts).relu();
  if (share > 0) parts = drop(parts, share);
  return dense(parts, layers.digit);
}

/** The five views of x, each `size` long on an axis, that begin at 0 to 4. */
function slices(x, axis, size) {
  return Array.from({ length: window }, (_, start) => {
    const begin = x.shape.map((_, i) => (i === axis ? start : 0));
    return tf.slice(
      x,
      begin,
      x.shape.map((whole, i) => (i === axis ? size : whole)),
    );
  });
}

/** The larger of x[:, 0] and x[:, 1]. [a, 2, b] → [a, 1, b] */
function largerOfPairs(x) {
  const [first, second] = tf.split(x, 2, 1);
  return tf.maximum(first, second);
}

function accuracy(layers, data, indices) {
  const confusion = Array.from({ length: 10 }, () => new Array(10).fill(0));
  for (let start = 0; start < indices.length; start += 250) {
    const chosen = indices.slice(start, start + 250);
    const batch = new Float32Array(chosen.length * pixels);
    chosen.forEach((index, k) => {
      for (let i = 0; i < pixels; ++i) batch[k * pixels + i] = data.images[index][i] / 255;
    });
    const guesses = tf.tidy(() => forward(batch, layers).argMax(1).dataSync());
    chosen.forEach((index, k) => {
      confusion[data.labels[index]][guesses[k]] += 1;
    });
  }
  const right = confusion.reduce((sum, row, digit) => sum + row[digit], 0);
  return { accuracy: right / indices.length, confusion };
}

function train(layers, data, indices) {
  const optimizer = tf.train.adam(recipe.learningRate);
  const order = [...indices];
  const steps = Math.floor(order.length / recipe.batch) * recipe.epochs;
  let step = 0;
  for (let epoch = 1; epoch <= recipe.epochs; ++epoch) {
    for (let i = order.length - 1; i > 0; --i) {
      const j = Math.floor(random() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    let total = 0;
    let batches = 0;
    for (let start = 0; start + recipe.batch <= order.length; start += recipe.batch) {
      const chosen = order.slice(start, start + recipe.batch);
      const images = new Float32Array(recipe.batch * pixels);
      chosen.forEach((index, k) => {
        warp(data.images[index], images.subarray(k * pixels, (k + 1) * pixels), random);
      });
      optimizer.learningRate =
        recipe.learningRate * 0.5 * (1 + Math.cos((Math.PI * step++) / steps));
      total += tf.tidy(() => {
        const labels = chosen.map((index) => data.labels[index]);
        const truth = tf.oneHot(tf.tensor1d(labels, 'int32'), 10).toFloat();
        const loss = optimizer.minimize(
          () => tf.losses.softmaxCrossEntropy(truth, forward(images, layers, recipe.dropout)),
          true,
        );
        return loss.dataSync()[0];
      });
      batches += 1;
    }
    const seen = accuracy(layers, data, validation).accuracy;
    console.log(
      `epoch ${String(epoch).padStart(2)}  loss ${(total / batches).toFixed(4)}  ` +
        `validation ${(100 * seen).toFixed(2)} %`,
    );
  }
}

/** The same network in Keras' layers, as TensorFlow.js saves one. */
function topology() {
  const linear = { trainable: true, dtype: 'float32', use_bias: true };
  const conv = (name, filters) => ({
    class_name: 'Conv2D',
    config: {
      name,
      ...linear,
      filters,
      kernel_size: [window, window],
      strides: [1, 1],
      padding: 'valid',
      data_format: 'channels_last',
      dilation_rate: [1, 1],
      activation: 'relu',
    },
  });
  const largest = (name) => ({
    class_name: 'MaxPooling2D',
    config: {
      name,
      trainable: true,
      dtype: 'float32',
      pool_size: [2, 2],
      strides: [2, 2],
      padding: 'valid',
      data_format: 'channels_last',
    },
  });
  const full = (name, units, activation) => ({
    class_name: 'Dense',
    config: { name, ...linear, units, activation },
  });
  const layers = [
    conv('strokes', channels[0]),
    largest('strokes_pool'),
    conv('shapes', channels[1]),
    largest('shapes_pool'),
    { class_name: 'Flatten', config: { name: 'flatten', trainable: true, dtype: 'float32' } },
    full('parts', hidden, 'relu'),
    full('digit', 10, 'softmax'),
  ];
  layers[0].config.batch_input_shape = [null, side, side, 1];
  return {
    class_name: 'Sequential',
    config: { name: 'digits', layers },
    keras_version: 'tfjs-layers 4.22.0',
    backend: 'tensor_flow.js',
  };
}

function save(layers) {
  const shapes = {
    strokes: [window, window, 1, channels[0]],
    shapes: [window, window, ...channels],
    parts: [16 * channels[1], hidden],
    digit: [hidden, 10],
  };
  const specs = [];
  const data = [];
  for (const [name, layer] of Object.entries(layers)) {
    for (const part of ['kernel', 'bias']) {
      const shape = part === 'kernel' ? shapes[name] : layer.bias.shape;
      specs.push({ name: `${name}/${part}`, shape, dtype: 'float32' });
      data.push(new Uint8Array(layer[part].dataSync().slice().buffer));
    }
  }
  const model = {
    format: 'layers-model',
    generatedBy: 'gesso models/digits/train.mjs',
    convertedBy: null,
    modelTopology: topology(),
    weightsManifest: [{ paths: ['weights.bin'], weights: specs }],
  };
  write('model.json', showJson(model));
  write('weights.bin', Buffer.concat(data));
}

/** Writes a file of the model and prints what models/registry.json must say of it. */
function write(name, content) {
  writeFileSync(`${here}/${name}`, content);
  const sha256 = createHash('sha256').update(content).digest('hex');
  console.log(`${name}: ${Buffer.byteLength(content)} bytes, SHA-256 ${sha256}`);
}

/** JSON with one line for each list of numbers, as the formatter of this repository writes it. */
function showJson(content) {
  const text = JSON.stringify(content, null, 2);
  const short = text.replace(
    /\[([^[\]{}]*)\]/g,
    (_, items) => `[${items.trim().replace(/\s+/g, ' ')}]`,
  );
  return `${short}\n`;
}

/** Reads the files back as any user would and classifies with Keras' layers, not with ours. */
async function judge(data, indices) {
  const { modelTopology, weightsManifest } = JSON.parse(readFileSync(`${here}/model.json`, 'utf8'));
  const bytes = readFileSync(`${here}/weights.bin`);
  const model = await tf.loadLayersModel({
    load: async () => ({
      modelTopology,
      weightSpecs: weightsManifest[0].weights,
      weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    }),
  });
  const confusion = Array.from({ length: 10 }, () => new Array(10).fill(0));
  for (const index of indices) {
    const guess = tf.tidy(() => {
      const image = tf.tensor4d(
        Float32Array.from(data.images[index], (p) => p / 255),
        [1, side, side, 1],
      );
      return model.predict(image).argMax(1).dataSync()[0];
    });
    confusion[data.labels[index]][guess] += 1;
  }
  const right = confusion.reduce((sum, row, digit) => sum + row[digit], 0);
  return { right, of: indices.length, accuracy: right / indices.length, confusion };
}

const wasm = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
setWasmPaths(`${dirname(wasm)}/`);
setThreadsCount(1); // one thread adds up in one order: the same weights every time
await tf.setBackend('wasm');

const data = readMnist(`${shared}/data/mnist`);
const all = Array.from(data.labels.keys());
const heldOut = all.filter(isHeldOut);
const validation = all.filter(isValidation);
const training = all.filter((index) => !isHeldOut(index) && !isValidation(index));

const layers = {
  strokes: weights(window * window, channels[0]),
  shapes: weights(window * window * channels[0], channels[1]),
  parts: weights(16 * channels[1], hidden),
  digit: weights(hidden, 10),
};
train(layers, data, training);
save(layers);

const report = { recipe, training: training.length };
report.validation = await judge(data, validation);
report.heldOut = await judge(data, heldOut);
writeFileSync(`${here}/report.json`, showJson(report));
for (const part of ['validation', 'heldOut']) {
  const { right, of, confusion } = report[part];
  console.log(`${part}: ${right} of ${of} right, ${((100 * right) / of).toFixed(2)} %`);
  console.log(confusion.map((row) => row.map((n) => String(n).padStart(4)).join('')).join('\n'));
}
