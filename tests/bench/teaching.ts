// Times how an extractor learns beside TensorFlow.js, and how it reads beside the network alone.
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { dense, featureExtractor, imageClassifier, loadModel, sequential, tensor } from 'gesso';
import { median } from './median.js';
import { numbers } from './networks.js';

export interface TeachingFigures {
  build: string;
  /** Milliseconds of an epoch over 300 examples of 256 features, head 256-100-3, batch 16. */
  epoch: number;
  /** The same of each backend of TensorFlow.js. */
  peers: Record<string, number>;
  /** Milliseconds of the network alone, of the features of a picture, and of an example that is kept. */
  network: number;
  features: number;
  example: number;
  /** Milliseconds of one epoch of fine-tuning the last block, for each of 48 examples. */
  fineTuning: number;
}

declare global {
  interface Window {
    teaching?: TeachingFigures;
    failure?: string;
  }
}

const examples = 300;
const width = 256;
const classes = 3;
const epochs = 30;
const rounds = 5;
const fit = { batchSize: 16, shuffle: true, verbose: 0 };

const x = numbers([examples, width]);
const y = Float32Array.from({ length: examples * classes }, (_, i) => {
  return Number(Math.floor(i / classes) % classes === i % classes);
});

async function ours(): Promise<number> {
  const model = sequential([
    dense({ units: 100, activation: 'relu', inputShape: [width] }),
    dense({ units: classes, activation: 'softmax', useBias: false }),
  ]);
  model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  const rows = [tensor(x, [examples, width]), tensor(y, [examples, classes])] as const;
  await model.fit(...rows, { epochs: 2, batchSize: 16 });
  const start = performance.now();
  await model.fit(...rows, { epochs, batchSize: 16 });
  const time = (performance.now() - start) / epochs;
  model.dispose();
  return time;
}

async function theirs(count: number): Promise<number> {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 100, activation: 'relu', inputShape: [width] }),
      tf.layers.dense({ units: classes, activation: 'softmax', useBias: false }),
    ],
  });
  model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  const [xs, ys] = [tf.tensor(x, [examples, width]), tf.tensor(y, [examples, classes])];
  await model.fit(xs, ys, { ...fit, epochs: 1 });
  const start = performance.now();
  await model.fit(xs, ys, { ...fit, epochs: count });
  const time = (performance.now() - start) / count;
  model.dispose();
  tf.dispose([xs, ys]);
  return time;
}

function picture(seed: number): HTMLCanvasElement {
  const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 });
  const context = canvas.getContext('2d');
  for (let i = 0; context && i < 60; i++) {
    context.fillStyle = `hsl(${(seed * 97 + i * 41) % 360} 70% 50%)`;
    context.fillRect((i * 53 * (seed + 1)) % 320, (i * 31) % 240, 40, 30);
  }
  return canvas;
}

async function each(count: number, work: (i: number) => Promise<unknown>): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < count; i++) await work(i);
  return (performance.now() - start) / count;
}

async function main(): Promise<void> {
  setWasmPaths('/tfjs-wasm/');
  const probe = await loadModel('/models/xor_layers/model.json', { worker: false });
  const { build } = await probe.about();
  const times: number[] = [];
  const others: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round++) {
    times.push(await ours());
    for (const backend of ['cpu', 'wasm', 'webgl']) {
      if (!(await tf.setBackend(backend).catch(() => false))) continue;
      (others[backend] ??= []).push(await theirs(3));
    }
  }
  const model = '/models/mobilenet_v1_025_224_layers/model.json';
  const classifier = await imageClassifier(model);
  const extractor = await featureExtractor(model);
  const canvas = picture(1);
  const figures: Record<'network' | 'features' | 'example', number[]> = {
    ...{ network: [], features: [], example: [] },
  };
  for (let round = 0; round < rounds + 1; round++) {
    figures.network.push(await each(40, () => classifier.classify(canvas)));
    figures.features.push(await each(40, () => extractor.infer(canvas)));
    figures.example.push(
      await each(8, (i) => extractor.addImage(picture(round * 8 + i), `class ${i % classes}`)),
    );
  }
  let tuned = 0;
  let start = 0;
  await extractor.train({ epochs: 1, validationSplit: 0, fineTune: { epochs: 4 } }, (epoch) => {
    if (epoch === 1) start = performance.now();
    if (epoch === 4) tuned = (performance.now() - start) / 3 / extractor.size;
  });
  window.teaching = {
    build,
    epoch: median(times),
    peers: Object.fromEntries(Object.entries(others).map(([name, list]) => [name, median(list)])),
    network: median(figures.network.slice(1)),
    features: median(figures.features.slice(1)),
    example: median(figures.example.slice(1)),
    fineTuning: tuned,
  };
}

main().catch((error: unknown) => {
  window.failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
});
