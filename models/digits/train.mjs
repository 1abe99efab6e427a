// Trains the digit classifier of this folder and writes model.json, weights.bin and report.json.
//
//     npm run build && node models/digits/train.mjs
//     node models/digits/train.mjs --begin     only the first steps, whose loss the report has, too
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  conv2d,
  dense,
  dropout,
  flatten,
  loadModel,
  maxPooling2d,
  sequential,
  setDeterministic,
  tensor,
} from 'gesso';
import { isHeldOut, isValidation, pixels, readMnist, side } from './mnist.mjs';
import { randomNumbers, warp } from './warp.mjs';

const recipe = {
  seed: 7,
  epochs: 50,
  batch: 50,
  learningRate: 0.003, // falls along half a cosine to 0
  dropout: 0.15, // of the inputs of each dense layer, while training
};
const beginning = 20; // steps, whose mean loss must come out the same on every machine

const here = dirname(fileURLToPath(import.meta.url));
const shared = process.env.GESSO_SHARED ?? `${here}/../../../shared`;
const { values: flags } = parseArgs({ options: { begin: { type: 'boolean', default: false } } });
setDeterministic(true);

/** The network; a share of the inputs of its dense layers is dropped while it trains. */
function network(share) {
  const drop = () => (share > 0 ? [dropout({ rate: share })] : []);
  const begin = { kernelInitializer: 'heNormal' };
  const conv = { kernelSize: 5, activation: 'relu', ...begin };
  return sequential(
    [
      conv2d({ name: 'strokes', filters: 12, inputShape: [side, side, 1], ...conv }),
      maxPooling2d({ name: 'strokes_pool', poolSize: 2 }),
      conv2d({ name: 'shapes', filters: 24, ...conv }),
      maxPooling2d({ name: 'shapes_pool', poolSize: 2 }),
      flatten({ name: 'flatten' }),
      ...drop(),
      dense({ name: 'parts', units: 96, activation: 'relu', ...begin }),
      ...drop(),
      dense({ name: 'digit', units: 10, activation: 'softmax', ...begin }),
    ],
    { seed: recipe.seed, name: 'digits' },
  );
}

/** Pictures [n, 28, 28, 1], 0 to 1, and what they show [n]. */
function samples(data, indices) {
  const images = new Float32Array(indices.length * pixels);
  for (const [k, index] of indices.entries()) {
    for (const [i, byte] of data.images[index].entries()) images[k * pixels + i] = byte / 255;
  }
  return [
    tensor(images, [indices.length, side, side, 1]),
    Int32Array.from(indices, (index) => data.labels[index]),
  ];
}

/** The digits of one epoch in random order, each drawn by another hand than ever before. */
function* drawn(data, indices, random) {
  const order = [...indices];
  for (let i = order.length - 1; i > 0; --i) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  for (let start = 0; start + recipe.batch <= order.length; start += recipe.batch) {
    const chosen = order.slice(start, start + recipe.batch);
    const images = new Float32Array(recipe.batch * pixels);
    for (const [k, index] of chosen.entries()) {
      warp(data.images[index], images.subarray(k * pixels, (k + 1) * pixels), random);
    }
    yield { x: images, y: Int32Array.from(chosen, (index) => data.labels[index]) };
  }
}

/** Trains a network; the mean loss of its first steps. */
async function train(model, data, { training, validation }) {
  const random = randomNumbers(recipe.seed);
  let first = Number.NaN;
  model.compile({
    optimizer: 'adam',
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
    seed: recipe.seed,
  });
  await model.fit(() => drawn(data, training, random), {
    epochs: recipe.epochs,
    learningRate: { type: 'cosine', from: recipe.learningRate },
    validationData: samples(data, validation),
    callbacks: {
      onBatchEnd(batch, { loss }) {
        if (batch !== beginning - 1 || !Number.isNaN(first)) return;
        first = loss;
        if (flags.begin) model.stop();
      },
      onEpochEnd(epoch, { loss, val_accuracy }) {
        const right = `${(100 * val_accuracy).toFixed(2)} %`;
        console.log(`epoch ${epoch + 1}  loss ${loss.toFixed(4)}  validation ${right}`);
      },
    },
  });
  return first;
}

/** Saves what was learned, without the layers that only training needs. */
async function save(trained) {
  const plain = await network(0);
  await plain.setWeights(await trained.getWeights());
  const files = await plain.files({ optimizer: false });
  const model = JSON.parse(new TextDecoder().decode(files.get('model.json')));
  write('model.json', showJson({ ...model, generatedBy: 'gesso models/digits/train.mjs' }));
  write('weights.bin', files.get('weights.bin'));
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

/** Reads the files back as any user would, and counts what they answer. */
async function judge(data, indices) {
  const model = await loadModel(here);
  const confusion = Array.from({ length: 10 }, () => new Array(10).fill(0));
  const [images, labels] = samples(data, indices);
  const { [model.outputs[0].name]: scores } = await model.run({ [model.inputs[0].name]: images });
  for (const [k, label] of labels.entries()) {
    const row = scores.data.subarray(10 * k, 10 * (k + 1));
    confusion[label][row.indexOf(Math.max(...row))] += 1;
  }
  const right = confusion.reduce((sum, row, digit) => sum + row[digit], 0);
  return { right, of: indices.length, accuracy: right / indices.length, confusion };
}

const data = readMnist(`${shared}/data/mnist`);
const all = Array.from(data.labels.keys());
const parts = {
  heldOut: all.filter(isHeldOut),
  validation: all.filter(isValidation),
  training: all.filter((index) => !isHeldOut(index) && !isValidation(index)),
};

const model = await network(recipe.dropout);
const first = await train(model, data, parts);
if (flags.begin) {
  console.log(first);
} else {
  await save(model);
  const report = { recipe, training: parts.training.length, lossOfFirstSteps: first };
  for (const part of ['validation', 'heldOut']) {
    report[part] = await judge(data, parts[part]);
    const { right, of, confusion } = report[part];
    console.log(`${part}: ${right} of ${of} right, ${((100 * right) / of).toFixed(2)} %`);
    console.log(confusion.map((row) => row.map((n) => String(n).padStart(4)).join('')).join('\n'));
  }
  writeFileSync(`${here}/report.json`, showJson(report));
}
