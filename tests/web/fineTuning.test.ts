// Fine-tuning: one step beside TensorFlow.js, and what becomes of the answers.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { featureExtractor, loadLayersModel, type Tensor, tensor } from '../../web/src/node.js';
import { learningLayers } from '../../web/src/teach/extract/fineTuning.js';
import { filesOf, grafted, partOf, truncated } from '../../web/src/teach/graft.js';
import { digits, filesIn, itNeeds, messageFrom, model, photo, wasm } from './fixtures.js';
import { plain, readPixels } from './pictures.js';

const mobilenet = model('mobilenet_v1_025_224_layers');
const needs = [wasm, mobilenet, photo('coffee.png'), photo('chelsea.png')];

/** What changed of a weight: see tests/oracle/mobilenet_training.mjs. */
interface Change {
  norm: number;
  dot: number;
  samples: number[];
}

interface Golden {
  squares: [photo: string, left: number, top: number][];
  side: number;
  classes: number[];
  hidden: number;
  cases: {
    name: string;
    from: string;
    batchNormalization: 'frozen' | 'learns';
    optimizer: 'sgd' | 'adam';
    rate: number;
    loss: number;
    weights: Record<string, Change>;
  }[];
}

const goldenFile = `${import.meta.dirname}/../goldens/mobilenet_training.json`;
const golden: Golden | undefined = existsSync(goldenFile)
  ? JSON.parse(readFileSync(goldenFile, 'utf8'))
  : undefined;

function headWeight(shape: number[], at: number): Tensor {
  const count = shape.reduce((a, b) => a * b, 1);
  const scale = 1 / Math.sqrt(shape[0] ?? 1);
  return tensor(
    Float32Array.from({ length: count }, (_, i) => scale * Math.sin(1.7 * i + at)),
    shape,
  );
}

function pictures({ squares, side }: Golden): Tensor {
  const x: number[] = [];
  for (const [name, left, top] of squares) {
    const { width, data } = readPixels(photo(name));
    for (let row = top; row < top + side; row++) {
      for (let column = left; column < left + side; column++) {
        const at = (row * width + column) * 4;
        for (let c = 0; c < 3; c++) x.push(((data[at + c] ?? 0) - 127) / 127);
      }
    }
  }
  return tensor(x, [squares.length, side, side, 3]);
}

/** The published network until its last convolution, with a head of known weights. */
function graftOf({ hidden }: Golden) {
  const names = ['model.json', 'group1-shard1of1.bin'];
  const [json, weights] = filesIn(mobilenet, names).values();
  const read = new Map([
    ['model.json', Uint8Array.from(json ?? [])],
    ['weights.bin', Uint8Array.from(weights ?? [])],
  ]);
  const base = truncated('test', partOf(read), 'conv_pw_13_relu');
  const dense = (name: string, units: number, activation: string, use_bias: boolean) => {
    return { class_name: 'Dense', config: { name, units, activation, use_bias } };
  };
  const first = dense('head_hidden', hidden, 'relu', true);
  Object.assign(first.config, { batch_input_shape: [null, 256] });
  const head = {
    topology: {
      class_name: 'Sequential',
      config: { name: 'head', layers: [first, dense('head_output', 3, 'softmax', false)] },
    },
    weights: new Map([
      ['head_hidden/kernel', headWeight([256, hidden], 0)],
      ['head_hidden/bias', headWeight([hidden], 1)],
      ['head_output/kernel', headWeight([hidden, 3], 2)],
    ]),
  };
  return { base, graft: grafted(base, head, true) };
}

function changeOf(before: Tensor, after: Tensor): Change {
  const difference = Array.from(after.data, (value, i) => value - (before.data[i] ?? 0));
  const { length } = difference;
  return {
    norm: Math.hypot(...difference.map((value) => value)),
    dot: difference.reduce((sum, value, i) => sum + value * Math.cos(0.37 * i), 0),
    samples: Array.from({ length: 8 }, (_, k) => difference[Math.floor((k * length) / 8)] ?? 0),
  };
}

/** How far two changes are from each other, as far as one can tell. */
function apart(a: Change, b: Change): number {
  const samples = a.samples.map((value, k) => Math.abs(value - (b.samples[k] ?? 0)));
  return Math.max(Math.abs(a.norm - b.norm), Math.abs(a.dot - b.dot), ...samples);
}

const isStatistic = (name: string) => name.includes('/moving_');

describe('one step', () => {
  for (const step of golden?.cases ?? []) {
    itNeeds(needs, `through the ${step.name} is that of TensorFlow.js`, async () => {
      const known = golden as Golden;
      const { base, graft } = graftOf(known);
      const network = await loadLayersModel(filesOf(graft));
      const learning = learningLayers(base.topology, step);
      for (const name of base.weights.keys()) {
        const layer = name.split('/')[0] ?? '';
        await network.setTrainable(layer, learning.has(layer));
      }
      network.compile({
        optimizer: { name: step.optimizer, learningRate: step.rate },
        loss: 'categoricalCrossentropy',
      });
      const before = await network.getWeights();
      const y = known.classes.map((c) => [0, 1, 2].map((i) => Number(i === c)));
      const { loss } = await network.trainOnBatch(pictures(known), y);
      expect(Math.abs((loss ?? 0) / step.loss - 1)).toBeLessThan(1e-5);
      const after = await network.getWeights();
      const changes = new Map<string, Change>();
      for (const [name, from] of Object.entries(before)) {
        const to = after[name];
        const changed = to?.data.some((value, i) => value !== from.data[i]);
        if (to && changed) changes.set(name, changeOf(from, to));
      }
      expect([...changes.keys()].sort()).toEqual(Object.keys(step.weights).sort());

      // Of all gradients together, and of all averages: rounding of the smallest ones is left out.
      for (const part of [true, false]) {
        let [error, all] = [0, 0];
        for (const [name, wanted] of Object.entries(step.weights)) {
          if (isStatistic(name) !== part) continue;
          error += apart(changes.get(name) ?? wanted, wanted) ** 2;
          all += wanted.norm ** 2;
        }
        expect(Math.sqrt(error)).toBeLessThanOrEqual(1e-3 * Math.sqrt(all));
      }
      if (step.batchNormalization === 'frozen') {
        for (const [name, wanted] of Object.entries(step.weights)) {
          const error = apart(changes.get(name) ?? wanted, wanted);
          expect(error / wanted.norm, name).toBeLessThan(1e-3);
        }
      }
      network.dispose();
    });
  }

  it('has been taken by TensorFlow.js', () => {
    const names = golden?.cases.map(({ name }) => name);
    expect(names).toEqual(['whole', 'whole, averages kept', 'block', 'block by Adam']);
  });
});

const bright = (level: number) => plain(28, 28, level);

async function twoClasses(seed = 0) {
  const extractor = featureExtractor(digits, { seed });
  for (const level of [0, 10, 20, 30, 40]) await extractor.addImage(bright(level), 'dark');
  for (const level of [255, 245, 235, 225, 215]) await extractor.addImage(bright(level), 'bright');
  return extractor;
}

describe('fine-tuning', () => {
  itNeeds([wasm], 'changes the layers that it names, and every answer follows', async () => {
    const extractor = await twoClasses();
    await extractor.train({ epochs: 4 });
    const features = await extractor.infer(bright(100));
    const fineTune = { from: 'all', epochs: 3, learningRate: 0.003, batchSize: 4 };
    const epochs: number[] = [];
    const { head, network } = await extractor.train({ epochs: 4, fineTune }, (epoch) => {
      epochs.push(epoch);
    });
    expect(epochs).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect([head.length, network.length]).toEqual([4, 3]);
    expect(network.at(-1)?.loss).toBeLessThan(head.at(-1)?.loss ?? 0);
    const tuned = await extractor.infer(bright(100));
    expect(tuned.data).not.toEqual(features.data);
    // What it says of an example follows the same weights as what it says of a new picture.
    const [nearest] = await extractor.nearest(bright(0), 1);
    expect(nearest?.id).toBe(1);
    expect(nearest?.distance).toBeLessThan(1e-3); // the kept picture is a JPEG
    const results = await extractor.classify(bright(100));
    let files: Map<string, Uint8Array<ArrayBuffer>> = new Map();
    await extractor.saveModel({ save: (saved) => (files = saved) });
    const whole = await loadLayersModel(files);
    const { data } = await whole.predict(
      tensor(new Float32Array(784).fill(100 / 255), [1, 28, 28, 1]),
    );
    for (const { index, confidence } of results) expect(data[index]).toBeCloseTo(confidence, 4);
    whole.dispose();

    // The next training begins with the base itself again.
    await extractor.train({ epochs: 4 });
    expect((await extractor.infer(bright(100))).data).toEqual(features.data);
    extractor.dispose();
  });

  itNeeds([wasm], 'refuses a layer that there is not, and lets the head be', async () => {
    const extractor = await twoClasses();
    await extractor.train({ epochs: 4 });
    const before = await extractor.classify(bright(100));
    expect(await messageFrom(() => extractor.train({ fineTune: { from: 'conv' } }))).toMatch(
      'train: fineTune names a layer that the base does not have: "conv"',
    );
    const controller = new AbortController();
    const aborted = extractor.train(
      { epochs: 2, fineTune: { epochs: 50 }, signal: controller.signal },
      (epoch) => {
        if (epoch === 3) controller.abort(new Error('in the network'));
      },
    );
    await expect(aborted).rejects.toThrow('in the network');
    expect(await extractor.classify(bright(100))).toEqual(before);

    const between = await extractor.train({ epochs: 2, fineTune: true }, (epoch) => {
      if (epoch === 1) extractor.stop();
    });
    expect(between).toMatchObject({ ended: 'stop', network: [] });
    expect(between.head).toHaveLength(2);
    const inside = await extractor.train({ epochs: 2, fineTune: true }, (epoch) => {
      if (epoch === 2) extractor.stop();
    });
    expect(inside.network).toHaveLength(1);
    extractor.dispose();
  });

  it('knows which layers learn', () => {
    const layer = (class_name: string, name: string) => ({ class_name, config: { name } });
    const topology = {
      class_name: 'Sequential',
      config: {
        layers: [
          layer('Conv2D', 'a'),
          layer('BatchNormalization', 'b'),
          layer('DepthwiseConv2D', 'c'),
          layer('BatchNormalization', 'd'),
          layer('Conv2D', 'e'),
        ],
      },
    };
    const learns = (from: string | undefined, batchNormalization: 'frozen' | 'learns') =>
      [...learningLayers(topology, { from, batchNormalization })].join('');
    expect(learns(undefined, 'frozen')).toBe('ce');
    expect(learns(undefined, 'learns')).toBe('cde');
    expect(learns('all', 'frozen')).toBe('ace');
    expect(learns('b', 'learns')).toBe('bcde');
  });

  itNeeds(needs, 'lets batch normalization learn or keeps it', async () => {
    const means: number[][] = [];
    for (const batchNormalization of ['frozen', 'learns'] as const) {
      const extractor = featureExtractor(mobilenet);
      for (const name of ['coffee.png', 'chelsea.png']) {
        const picture = readPixels(photo(name));
        for (let i = 0; i < 3; i++) await extractor.addImage(picture, name);
      }
      const fineTune = { epochs: 1, batchNormalization, batchSize: 6 };
      await extractor.train({ epochs: 1, validationSplit: 0, fineTune });
      const files = await extractor.files();
      const { weights } = partOf(
        new Map([
          ['model.json', files.get('network/model.json') ?? new Uint8Array()],
          ['weights.bin', files.get('network/weights.bin') ?? new Uint8Array()],
        ]),
      );
      means.push(
        ['conv_pw_12_bn', 'conv_pw_13_bn'].flatMap((name) => {
          return [weights.get(`${name}/moving_mean`)?.data[0] ?? 0];
        }),
      );
      extractor.dispose();
    }
    const [frozen = [], learned = []] = means;
    expect(learned[0]).toBe(frozen[0]); // before the last block
    expect(learned[1]).not.toBe(frozen[1]);
  });
});
