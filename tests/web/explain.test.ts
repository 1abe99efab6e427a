// Saliency, adversarial examples and imagined pictures, on the digit model of ours and on a MobileNet.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Pixels } from '../../web/src/image.js';
import {
  attack,
  featureExtractor,
  type ImageClassifier,
  imageClassifier,
  imagine,
  loadModel,
  type Saliency,
  saliency,
} from '../../web/src/node.js';
import { Random } from '../../web/src/random.js';
import { oddsOf } from '../../web/src/teach/explain/answers.js';
import { networkOf } from '../../web/src/teach/explain/network.js';
import { linesOf, overPicture, resized } from '../../web/src/teach/explain/pictures.js';
import { digits, itNeeds, messageFrom, model, models, photo, stretched, wasm } from './fixtures.js';
import { moved, plain, readPixels } from './pictures.js';

const folder = model('mobilenet_v1_025_224_layers');
const needs = [wasm, folder, photo('coffee.png')];

const mobilenet = () =>
  imageClassifier(folder, {
    labels: `${models}/imagenet_labels.txt`,
    preprocess: { mean: 127.5, std: 127.5 },
  });

/** The part of all values that lies in these columns. */
function share({ width, values }: Saliency, from: number, to: number): number {
  let inside = 0;
  let all = 0;
  for (const [i, value] of values.entries()) {
    all += value;
    if (i % width >= from && i % width < to) inside += value;
  }
  return inside / all;
}

/** A seven: white strokes on black, 28 pixels each way. */
function seven(): Pixels {
  return moved(plain(28, 28, 255), 28, 28, (x, y) => {
    const top = y >= 6 && y < 9 && x >= 7 && x < 21;
    const stroke = y >= 9 && y < 23 && Math.abs(x - (20 - (y - 9) * 0.6)) < 1.6;
    return top || stroke ? [0, 0] : [-1, -1];
  });
}

const size = { height: 4, width: 4, channels: 1 };

describe('a map over its picture', () => {
  it('lies where the input was read', () => {
    const picture = { width: 16, height: 8 };
    expect(linesOf(picture, size, { ...stretched, fit: 'crop' }).x.start).toBe((0.5 - 4) / 2 - 0.5);
    const ones = new Float32Array(16).fill(1);
    const cropped = overPicture(ones, picture, size, { ...stretched, fit: 'crop' });
    expect([...cropped.subarray(0, 16)].join('')).toBe('0000111111110000');
    const contained = overPicture(ones, picture, size, { ...stretched, fit: 'contain' });
    expect(contained.every((value) => value === 1)).toBe(true);
  });

  it('is mirrored as the input was', () => {
    const first = new Float32Array(16);
    first[0] = 1;
    const map = overPicture(first, { width: 4, height: 4 }, size, { ...stretched, flip: true });
    expect(map[3]).toBe(1);
    expect(map[0]).toBe(0);
  });

  it('keeps the mean of a picture that is made smaller by half', () => {
    const from = Float32Array.from({ length: 16 }, (_, i) => i);
    expect([...resized(from, size, 2, 2)]).toEqual([2.5, 4.5, 10.5, 12.5]);
  });
});

describe('the digit model', () => {
  let classifier: ImageClassifier;
  beforeAll(async () => {
    classifier = await imageClassifier(digits);
    expect((await classifier.classify(seven(), 1))[0]?.label).toBe('7');
  });

  it.each(['gradient', 'occlusion'] as const)(
    'says by %s that the strokes count',
    async (method) => {
      const steps: number[] = [];
      const onProgress = ({ step, of }: { step: number; of: number }) => steps.push(step / of);
      const map = await saliency(classifier, seven(), { method, onProgress });
      expect(map).toMatchObject({ width: 28, height: 28, label: '7', index: 7 });
      expect(map.values).toHaveLength(28 * 28);
      expect(Math.max(...map.values)).toBe(1);
      expect(Math.min(...map.values)).toBe(0);
      expect(share(map, 5, 23)).toBeGreaterThan(0.75);
      expect(steps.at(-1)).toBe(1);
    },
  );

  it('gives the derivatives that differences give', async () => {
    const network = await networkOf('test', classifier, {});
    // Noise, because where neighbours are equal, as on black, a maximum has no derivative.
    const random = new Random(1);
    const x = (await network.read(seven())).map((x) => x + 0.2 * random.normal());
    const odds = async (x: Float32Array) => oddsOf(network, await network.run(x), 3);
    const found = await network.gradient(x, (await odds(x)).seed);
    const differences = new Float32Array(x.length);
    for (let i = 0; i < x.length; i++) {
      const [up, down] = [x.slice(), x.slice()];
      up[i] = (up[i] ?? 0) + 0.002;
      down[i] = (down[i] ?? 0) - 0.002;
      differences[i] = ((await odds(up)).value - (await odds(down)).value) / 0.004;
    }
    expect(correlation(found, differences)).toBeGreaterThan(0.999);
  });

  it('dreams of a three, the same for each seed', async () => {
    const images: Pixels[] = [];
    const { image } = await imagine(classifier, {
      label: '3',
      steps: 40,
      onProgress: ({ image }) => images.push(image),
    });
    expect(images).toHaveLength(40);
    const [best] = await classifier.classify(image, 1);
    expect(best?.label).toBe('3');
    expect(best?.confidence).toBeGreaterThan(0.9);
    const again = await imagine(classifier, { label: 3, steps: 40 });
    expect(again.image.data).toEqual(image.data);
    const other = await imagine(classifier, { label: 3, steps: 40, seed: 1 });
    expect(other.image.data).not.toEqual(image.data);
  });

  it('stops where it is told to', async () => {
    const abort = new AbortController();
    let last = 0;
    const dreaming = imagine(classifier, {
      label: 3,
      signal: abort.signal,
      onProgress: ({ step }) => {
        last = step;
        if (step === 3) abort.abort(new Error('enough'));
      },
    });
    await expect(dreaming).rejects.toThrow('enough');
    expect(last).toBe(3);
    await expect(
      saliency(classifier, seven(), { signal: AbortSignal.abort(new Error('never')) }),
    ).rejects.toThrow('never');
  });

  it('says what cannot be asked', async () => {
    expect(await messageFrom(() => saliency(classifier, seven(), { label: 'ten' }))).toBe(
      'saliency: the model has no class "ten".\n' +
        '  classes  10\n  known  0, 1, 2, 3, 4, 5, 6, 7\n  Try: label: "0"',
    );
    expect(await messageFrom(() => imagine(classifier, {}))).toBe(
      'imagine: it must be told of what to make most.\n  given  neither a label nor a layer\n' +
        "  Try: { label: 'espresso' }, or { layer: 'conv_pw_11_relu', channel: 3 }",
    );
    expect(await messageFrom(() => imagine(classifier, { label: 3, channel: 1 }))).toBe(
      "imagine: a channel is one of a layer.\n  channel  1\n  Try: layer: 'conv_pw_11_relu'",
    );
    expect(await messageFrom(() => imagine(classifier, { label: 3, size: 20 }))).toBe(
      'imagine: the picture would be smaller than what the model sees.\n' +
        '  size  20\n  the model sees  28 × 28\n  Try: size: 28',
    );
    expect(await messageFrom(() => attack(classifier, seven(), { strength: 2 }))).toBe(
      'attack: strength must be a number from 0 to 1.\n  given  2\n  Try: strength: 0.02',
    );
    expect(await messageFrom(() => saliency({} as ImageClassifier, seven()))).toBe(
      'saliency: this is no model that can be asked.\n' +
        '  known  what imageClassifier(), featureExtractor() and loadModel() give\n' +
        "  Try: saliency(await imageClassifier('mobilenet'), …)",
    );
    const raw = await loadModel(digits);
    expect(await messageFrom(() => saliency(raw, seven()))).toContain(
      'saliency: nothing says how this model wants its pictures.\n  needed  preprocess.mean',
    );
  });
});

function correlation(a: Float32Array, b: Float32Array): number {
  const mean = (list: Float32Array) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    const [x, y] = [value - meanA, (b[i] ?? 0) - meanB];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb);
}

describe('a MobileNet', () => {
  itNeeds(needs, 'looks at the cup, and not at the wall beside it', async () => {
    const classifier = await mobilenet();
    const coffee = readPixels(photo('coffee.png'));
    const { width, height } = coffee;
    const wide = moved(coffee, 2 * width, height, (x, y) => [x, y]);
    const options = { label: 'espresso', preprocess: { fit: 'stretch' } } as const;
    const byGradient = await saliency(classifier, wide, options);
    expect(byGradient).toMatchObject({ width: 2 * width, height });
    expect(share(byGradient, 0, width)).toBeGreaterThan(0.7);
    const byOcclusion = await saliency(classifier, wide, { ...options, method: 'occlusion' });
    expect(share(byOcclusion, 0, width)).toBeGreaterThan(0.8);
    classifier.dispose();
  });

  itNeeds(needs, 'is deceived by changes that nobody sees', async () => {
    const classifier = await mobilenet();
    const coffee = photo('coffee.png');
    const { image, before, after } = await attack(classifier, coffee, { strength: 0.02 });
    expect(before[0]?.label).toBe('espresso');
    expect(after[0]?.label).not.toBe('espresso');
    expect(await classifier.classify(image, 5)).toEqual(after);
    const untouched = await attack(classifier, coffee, { strength: 0 });
    expect(untouched.image.data.length).toBe(image.data.length);
    const differences = [...image.data].map((value, i) => value - (untouched.image.data[i] ?? 0));
    const largest = differences.reduce((most, change) => Math.max(most, Math.abs(change)), 0);
    expect(largest).toBeLessThanOrEqual(Math.ceil(0.02 * 255));
    expect(largest).toBeGreaterThan(0);
    expect(
      [...new Set(untouched.change.data)].every((grey) => [0, 127, 128, 255].includes(grey)),
    ).toBe(true);
    classifier.dispose();
  });

  itNeeds(needs, 'can be led to one class', async () => {
    const classifier = await mobilenet();
    const label = 'teapot';
    const all = await classifier.classify(photo('coffee.png'), 1000);
    const { after } = await attack(classifier, photo('coffee.png'), { strength: 0.01, label });
    const before = all.find((answer) => answer.label === label)?.confidence ?? 1;
    const then = after.find((answer) => answer.label === label)?.confidence ?? 0;
    expect(then).toBeGreaterThan(10 * before);
    classifier.dispose();
  });

  itNeeds(needs, 'dreams of more than it sees at once', async () => {
    const classifier = await mobilenet();
    const { image } = await imagine(classifier, { label: 'goldfish', steps: 24, size: 320 });
    expect(image).toMatchObject({ width: 320, height: 320 });
    const [best] = await classifier.classify(image, 1);
    expect(best?.label).toContain('goldfish');
    classifier.dispose();
  });

  itNeeds(needs, 'dreams of what a channel inside of it looks for', async () => {
    const classifier = await mobilenet();
    const layer = 'conv_pw_6_relu';
    const told: number[] = [];
    const { image } = await imagine(classifier, {
      layer,
      channel: 5,
      steps: 24,
      onProgress: ({ activation }) => told.push(activation),
    });
    expect(image).toMatchObject({ width: 224, height: 224 });
    expect(told.at(-1)).toBeGreaterThan(2 * (told[0] ?? 0) + 0.1);
    const start = photo('chelsea.png');
    const dream = await imagine(classifier, { layer, image: start, steps: 12 });
    const [before] = await classifier.classify(start, 1);
    expect(dream.image.data).not.toEqual(image.data);
    expect(before?.label).toContain('cat'); // and the classifier is as it was
    expect(await messageFrom(() => imagine(classifier, { layer, channel: 999 }))).toContain(
      'imagine: the layer has no such channel.\n  layer  conv_pw_6_relu\n  channel  999\n',
    );
    expect(await messageFrom(() => imagine(classifier, { layer: 'conv_pw_66' }))).toContain(
      'conv_pw_66',
    );
    classifier.dispose();
  });

  itNeeds([...needs, photo('chelsea.png')], 'is explained with what it was taught', async () => {
    const extractor = await featureExtractor(folder, { preprocess: { fit: 'stretch' } });
    const [coffee, chelsea] = [readPixels(photo('coffee.png')), readPixels(photo('chelsea.png'))];
    expect(await messageFrom(() => saliency(extractor, coffee))).toBe(
      'saliency: the extractor has not learned anything yet.\n  Try: await extractor.train()',
    );
    for (const [picture, label] of [
      [coffee, 'cup'],
      [chelsea, 'cat'],
    ] as const) {
      for (let i = 0; i < 6; i++) {
        const [width, height] = [picture.width - 40, picture.height - 40];
        const part = moved(picture, width, height, (x, y) => [x + 6 * i, y + 6 * (5 - i)]);
        await extractor.addImage(part, label);
      }
    }
    await extractor.train({ epochs: 20 });
    const both = moved(coffee, coffee.width + chelsea.width, 300, (x, y) => [x, y]);
    const pixels = new Uint32Array(both.data.buffer);
    const cat = new Uint32Array(Uint8Array.from(chelsea.data).buffer);
    for (let y = 0; y < 300; y++) {
      const row = cat.subarray(y * chelsea.width, (y + 1) * chelsea.width);
      pixels.set(row, y * both.width + coffee.width);
    }
    const map = await saliency(extractor, both, { label: 'cat', method: 'occlusion' });
    expect(map.label).toBe('cat');
    expect(share(map, coffee.width, both.width)).toBeGreaterThan(0.6);
    const answers = await extractor.classify(coffee);
    const { before, after } = await attack(extractor, coffee, { strength: 0.03 });
    expect(before[0]?.label).toBe('cup');
    expect(before[0]?.confidence).toBeCloseTo(answers[0]?.confidence ?? 0, 4);
    const catIn = (found: typeof after) => found.find(({ label }) => label === 'cat')?.confidence;
    expect(catIn(before)).toBeLessThan(0.01);
    expect(catIn(after)).toBeGreaterThan(0.25);
    const { activation } = await imagine(extractor, { label: 'cat', steps: 12 });
    expect(activation).toBeGreaterThan(2);
    extractor.dispose();
  });
});
