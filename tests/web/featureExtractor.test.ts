// featureExtractor: pictures in, classes and numbers out, and nothing lost on the way.
import { beforeAll, describe, expect } from 'vitest';
import type { Pixels } from '../../web/src/image.js';
import { insideOf } from '../../web/src/insides.js';
import {
  type AddImageOptions,
  type FeatureExtractor,
  featureExtractor,
  loadLayersModel,
  memory,
  tensor,
} from '../../web/src/node.js';
import { greyCrops } from './crops.js';
import { digits, itNeeds, messageFrom, model, photo, serve, wasm } from './fixtures.js';
import { plain, readPixels } from './pictures.js';

const mobilenet = model('mobilenet_v1_025_224_layers');
const tflite = model('tflite_mobilenet_v1_025_128_quant');
const names = ['coffee', 'chelsea', 'tfjs_portrait'];
const files = ['coffee.png', 'chelsea.png', 'tfjs_portrait.jpg'].map((name) => photo(name));
const needs = [wasm, mobilenet, ...files];

/** Small pictures that the digits model knows apart, without any file of ../shared. */
const bright = (level: number) => plain(28, 28, level);

/** An extractor on the model of digits that the project ships, with two classes. */
async function twoClasses(): Promise<FeatureExtractor> {
  const extractor = featureExtractor(digits, { preprocess: { mean: 0, std: 255 } });
  for (const level of [0, 10, 20, 30]) await extractor.addImage(bright(level), 'dark');
  for (const level of [255, 245, 235, 225]) await extractor.addImage(bright(level), 'bright');
  return extractor;
}

describe('three classes out of halves of photos', () => {
  let halves: { label: string; left: Pixels[]; right: Pixels[] }[] = [];
  beforeAll(() => {
    halves = files.map((file, i) => {
      const picture = readPixels(file);
      const [left, right] = [greyCrops(picture, 'left'), greyCrops(picture, 'right')];
      return { label: names[i] ?? '', left, right };
    });
  });

  itNeeds(needs, 'are told apart in the other halves', async () => {
    const extractor = featureExtractor(mobilenet);
    for (const { label, left } of halves) {
      for (const crop of left) void extractor.addImage(crop, label);
    }
    const losses: number[] = [];
    const { head, trained, validated, ended } = await extractor.train({}, (epoch, { loss }) => {
      losses[epoch] = loss ?? Number.NaN;
    });
    expect({ trained, validated, ended }).toEqual({ trained: 45, validated: 9, ended: 'epochs' });
    expect(losses).toHaveLength(50);
    expect(losses).toEqual(head.map(({ loss }) => loss));
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 4);

    const pictures = halves.flatMap(({ label, right }) => right.map((image) => ({ image, label })));
    const { accuracy, confusion, classes, of } = await extractor.evaluate(pictures);
    expect(of).toBe('given');
    expect(accuracy).toBeGreaterThanOrEqual(0.9);
    expect(confusion.flat().reduce((a, b) => a + b)).toBe(54);
    expect(classes.map(({ label, count }) => [label, count])).toEqual(names.map((n) => [n, 18]));

    const [best, ...others] = await extractor.classify(halves[1]?.right[0] ?? plain(1, 1));
    expect(best?.label).toBe('chelsea');
    expect(others).toHaveLength(2);
    const first = halves[0]?.left[0] ?? plain(1, 1);
    const [nearest] = await extractor.nearest(first, 3);
    expect(nearest).toMatchObject({ id: 1, label: 'coffee' });
    expect(nearest?.distance).toBeLessThan(1e-6);
    extractor.dispose();
  });
});

describe('calls', () => {
  itNeeds([wasm], 'keep their order, and take the picture as it is then', async () => {
    const extractor = featureExtractor(digits);
    const picture = bright(0);
    const first = extractor.addImage(picture, 'dark');
    picture.data.fill(255); // the same memory, another picture
    const second = extractor.addImage(picture, 'bright');
    const undone = extractor.undo();
    const third = extractor.addImage(bright(250), 'bright');
    expect(extractor.size).toBe(0);
    expect(await Promise.all([first, second, undone, third])).toEqual([1, 2, true, 3]);
    expect(extractor.examples).toEqual([
      { id: 1, label: 'dark' },
      { id: 3, label: 'bright' },
    ]);
    const [dark] = await extractor.nearest(bright(0), 1);
    expect(dark).toMatchObject({ id: 1 });
    expect(dark?.distance).toBeLessThan(1e-6);
    extractor.dispose();
  });

  itNeeds([wasm], 'that fail lose nothing, and others go on', async () => {
    const extractor = await twoClasses();
    const wrong = extractor.addImage({ width: 3, height: 3, data: new Uint8Array(1) }, 'dark');
    const right = extractor.addImage(bright(5), 'dark');
    expect(await messageFrom(() => wrong)).toMatch('addImage: pixels must be four bytes for each');
    expect(await right).toBe(9);
    expect(await messageFrom(() => extractor.addImage(bright(5), ''))).toBe(
      'addImage: the label must be a text that is not empty.\n  given  ""\n  Try: \'cat\'',
    );
    expect(extractor.size).toBe(9);
    extractor.dispose();
    expect(await messageFrom(() => extractor.train())).toMatch('it was used after dispose()');
  });

  itNeeds([wasm], 'end with the signal while the base is loaded', async () => {
    const address = await serve({ 'model.json': () => {} }); // never answered
    const controller = new AbortController();
    const extractor = featureExtractor(`${address}model.json`, { signal: controller.signal });
    const added = extractor.addImage(bright(0), 'dark');
    setTimeout(() => controller.abort(new Error('too slow')), 20);
    await expect(added).rejects.toThrow('too slow');
    await expect(extractor).rejects.toThrow('too slow');
    await expect(extractor.layers()).rejects.toThrow('too slow');
  });

  itNeeds([wasm], 'tell what is known, and what comes first', async () => {
    const extractor = featureExtractor(digits);
    expect(await messageFrom(() => extractor.layer)).toMatch(
      'featureExtractor: layer cannot be read before the base has loaded',
    );
    await extractor;
    expect(extractor).toMatchObject({ task: 'classification', size: 0, stale: false, classes: [] });
    expect(extractor.preprocess).toMatchObject({ mean: 0, std: 255 });
    expect(await messageFrom(() => extractor.classify(bright(0)))).toMatch(
      'classify: nothing has been learned yet',
    );
    expect(await messageFrom(() => extractor.predict(bright(0)))).toBe(
      'predict: this extractor was made for classification.\n' +
        '  task  classification\n  Try: classify(image)',
    );
    expect(await messageFrom(() => extractor.train())).toBe(
      'train: there must be examples of at least two classes.\n  examples  0\n  classes  none\n' +
        "  Try: addImage(image, 'cat') and addImage(image, 'dog')",
    );
    expect(await messageFrom(() => extractor.train({ epoch: 3 } as object))).toMatch(
      'train: there is no option "epoch"',
    );
    expect(await messageFrom(() => extractor.train({ augment: { shift: 2 } }))).toMatch(
      'train: augment: shift must be a number from 0 to 0.5',
    );
    extractor.dispose();
  });
});

describe('examples', () => {
  itNeeds([wasm], 'can be changed, and every change can be taken back', async () => {
    const extractor = await twoClasses();
    const before = { examples: extractor.examples, counts: extractor.counts };
    expect(before.counts).toEqual([
      { label: 'dark', count: 4 },
      { label: 'bright', count: 4 },
    ]);
    for (const change of [
      () => extractor.remove(2),
      () => extractor.removeLabel('dark'),
      () => extractor.relabel(3, 'middle'),
      () => extractor.rename('dark', 'black'),
      () => extractor.rename('dark', 'bright'),
      () => extractor.clear(),
    ]) {
      await change();
      expect({ examples: extractor.examples, counts: extractor.counts }).not.toEqual(before);
      expect(await extractor.undo()).toBe(true);
      expect({ examples: extractor.examples, counts: extractor.counts }).toEqual(before);
    }
    for (let i = 0; i < 8; i++) expect(await extractor.undo()).toBe(true);
    expect(await extractor.undo()).toBe(false);
    expect(extractor.size).toBe(0);
    extractor.dispose();
  });

  itNeeds([wasm], 'of one group are taken back together, however many they are', async () => {
    const extractor = await twoClasses();
    const group = {};
    for (let i = 0; i < 120; i++) await extractor.addImage(bright(i), 'grey', { group });
    expect(extractor.size).toBe(128);
    expect(await extractor.undo()).toBe(true);
    expect(extractor.size).toBe(8);
    for (const level of [100, 110]) await extractor.addImage(bright(level), 'grey', { group });
    await extractor.addImage(bright(120), 'grey', { group: {} });
    expect(await extractor.undo()).toBe(true);
    expect(extractor.size).toBe(10);
    expect(
      await messageFrom(() =>
        extractor.addImage(bright(1), 'dark', { groups: group } as AddImageOptions),
      ),
    ).toMatch('addImage: there is no option "groups".\n  known  group');
    expect(extractor.size).toBe(10);
    extractor.dispose();
  });

  itNeeds([wasm], 'can be undone for the last 100 changes', async () => {
    const extractor = featureExtractor(digits);
    for (let i = 0; i < 103; i++) await extractor.addImage(bright(i), 'grey');
    for (let i = 0; i < 100; i++) expect(await extractor.undo()).toBe(true);
    expect(await extractor.undo()).toBe(false);
    expect(extractor.size).toBe(3);
    extractor.dispose();
  });

  itNeeds([wasm], 'may have any label, and refuse what is not there', async () => {
    const extractor = featureExtractor(digits);
    await extractor.addImage(bright(0), 'constructor');
    await extractor.addImage(bright(255), '__proto__');
    expect(extractor.counts).toEqual([
      { label: 'constructor', count: 1 },
      { label: '__proto__', count: 1 },
    ]);
    await extractor.train({ epochs: 60, hiddenUnits: 0, learningRate: 0.1 });
    const [best] = await extractor.classify(bright(250));
    expect(best).toMatchObject({ label: '__proto__', index: 1 });
    expect(await messageFrom(() => extractor.remove(7))).toBe(
      'remove: there is no example 7.\n  known  1, 2\n' +
        '  Try: an id that addImage() gave, or one of examples',
    );
    expect(await messageFrom(() => extractor.rename('constructer', 'a'))).toMatch(
      'Try: "constructor"',
    );
    extractor.dispose();
  });

  itNeeds([wasm], 'have a picture that is what the base saw', async () => {
    const extractor = featureExtractor(digits);
    const id = await extractor.addImage(plain(40, 20, 200), 'grey');
    const blob = await extractor.picture(id);
    const { width, height, data } = readPixels(new Uint8Array(await blob.arrayBuffer()));
    expect([width, height]).toEqual([28, 28]);
    const middle = data[(14 * 28 + 14) * 4] ?? 0;
    expect(Math.abs(middle - 200)).toBeLessThan(6);
    extractor.dispose();
  });
});

describe('a head', () => {
  itNeeds([wasm], 'answers under the names of the moment', async () => {
    const extractor = await twoClasses();
    await extractor.train({ epochs: 80, learningRate: 0.01 });
    expect(extractor.stale).toBe(false);
    const answer = async () => (await extractor.classify(bright(250)))[0]?.label;
    expect(await answer()).toBe('bright');

    await extractor.rename('bright', 'white');
    expect(extractor).toMatchObject({ stale: false, classes: ['dark', 'white'] });
    expect(await answer()).toBe('white');
    expect((await extractor.evaluate()).accuracy).toBe(1);
    await extractor.undo();
    expect(await answer()).toBe('bright');

    await extractor.rename('bright', 'dark');
    expect(extractor).toMatchObject({ stale: true, classes: ['dark'] });
    expect(await extractor.classify(bright(250))).toEqual([
      { label: 'dark', confidence: expect.closeTo(1, 5), index: 0 },
    ]);
    await extractor.undo();
    expect(extractor).toMatchObject({ stale: false, classes: ['dark', 'bright'] });

    await extractor.removeLabel('bright');
    expect(extractor.stale).toBe(true);
    expect(await answer()).toBe('bright');
    await extractor.undo();
    expect(extractor.stale).toBe(false);
    extractor.dispose();
  });

  itNeeds([wasm], 'stays when a training fails or is stopped', async () => {
    const extractor = await twoClasses();
    await extractor.train({ epochs: 80, learningRate: 0.01 });
    const before = await extractor.classify(bright(250));
    const gone = AbortSignal.abort(new Error('enough'));
    await expect(extractor.train({ signal: gone })).rejects.toThrow('enough');
    const controller = new AbortController();
    const late = extractor.train({ epochs: 500, signal: controller.signal }, (epoch) => {
      if (epoch === 3) controller.abort(new Error('in the middle'));
    });
    await expect(late).rejects.toThrow('in the middle');
    const thrown = extractor.train({}, () => {
      throw new Error('of the page');
    });
    await expect(thrown).rejects.toThrow('of the page');
    expect(await extractor.classify(bright(250))).toEqual(before);

    const stopped = extractor.train();
    extractor.stop();
    expect(await stopped).toMatchObject({ ended: 'stop', head: [] });
    expect(await extractor.classify(bright(250))).toEqual(before);
    const half = await extractor.train({ epochs: 500 }, (epoch) => {
      if (epoch === 4) extractor.stop();
    });
    expect(half).toMatchObject({ ended: 'stop' });
    expect(half.head).toHaveLength(5);
    expect(await extractor.classify(bright(250))).not.toEqual(before);
    expect(extractor.training).toBe(false);

    const dying = extractor.train({ epochs: 500 }, (epoch) => {
      if (epoch === 1) extractor.dispose();
    });
    expect(await messageFrom(() => dying)).toMatch('it was used after dispose()');
  });

  itNeeds([wasm], 'learns the same from the same examples', async () => {
    const answers = [];
    for (const seed of [1, 1, 2]) {
      const extractor = featureExtractor(digits, { seed });
      for (let i = 0; i < 6; i++) {
        await extractor.addImage(bright(i * 5), 'dark');
        await extractor.addImage(bright(255 - i * 5), 'bright');
      }
      const augment = { copies: 1, shift: 0.2 };
      const { trained } = await extractor.train({ epochs: 5, validationSplit: 0.34, augment });
      expect(trained).toBe(8);
      const [best] = await extractor.classify(bright(120));
      answers.push(best?.confidence);
      extractor.dispose();
    }
    expect(answers[0]).toBe(answers[1]);
    expect(answers[0]).not.toBe(answers[2]);
  });

  itNeeds([wasm], 'learns a number', async () => {
    const extractor = featureExtractor(digits, { task: 'regression' });
    for (let level = 0; level <= 250; level += 25) await extractor.addImage(bright(level), level);
    expect(extractor.counts).toHaveLength(11);
    await extractor.train({ epochs: 200, learningRate: 0.01, validationSplit: 0 });
    const [estimate] = await extractor.predict(bright(110));
    expect(estimate?.label).toBe('value');
    expect(Math.abs((estimate?.value ?? 0) - 110)).toBeLessThan(20);
    const { meanAbsoluteError, of, accuracy } = await extractor.evaluate();
    expect(of).toBe('examples');
    expect(meanAbsoluteError).toBeLessThan(15);
    expect(accuracy).toBeNaN();
    expect(await messageFrom(() => extractor.addImage(bright(1), 'one'))).toMatch(
      'addImage: for regression, the label must be a number',
    );
    let model: Map<string, Uint8Array<ArrayBuffer>> = new Map();
    await extractor.saveModel({ save: (files) => (model = files) });
    const whole = await loadLayersModel(model);
    const grey = tensor(new Float32Array(784).fill(110 / 255), [1, 28, 28, 1]);
    const { data } = await whole.predict(grey);
    expect(Math.abs((data[0] ?? 0) - (estimate?.value ?? 0))).toBeLessThan(0.01);
    whole.dispose();
    extractor.dispose();
  });
});

describe('warnings', () => {
  itNeeds([wasm], 'tell what is doubtful', async () => {
    const extractor = featureExtractor(digits);
    /** A different pattern for each number. */
    const pattern = (n: number) => {
      const picture = plain(28, 28, 0);
      for (let y = 0; y < 28; y++) {
        for (let x = 0; x < 28; x++) {
          const on = (x * (n + 1) + y * (7 - n)) % 11 < 4;
          picture.data.fill(on ? 255 : 0, (y * 28 + x) * 4, (y * 28 + x) * 4 + 3);
        }
      }
      return picture;
    };
    for (let n = 0; n < 7; n++) await extractor.addImage(pattern(n), 'many');
    await extractor.addImage(pattern(0), 'one');
    await extractor.addImage(pattern(3), 'many');
    const warnings = await extractor.warnings();
    expect(warnings.map(({ kind }) => kind)).toEqual([
      'few',
      'imbalance',
      'conflict',
      'duplicates',
    ]);
    const [few, imbalance, conflict, duplicates] = warnings;
    expect(few).toMatchObject({ labels: ['one'] });
    expect(few?.message).toBe(
      'Some classes have very few examples, so that nobody can tell how well they are learned.\n' +
        '  one  1\n  Try: at least 5 different pictures of each',
    );
    expect(imbalance?.labels).toEqual(['one', 'many']);
    expect(conflict).toMatchObject({ labels: ['many', 'one'], ids: [1, 8] });
    expect(conflict?.message).toMatch('first  1 (many) and 8 (one)');
    expect(duplicates).toMatchObject({ labels: ['many'], ids: [4, 9] });
    for (let n = 1; n < 5; n++) await extractor.remove(n);
    expect((await extractor.nearest(pattern(3), 20)).map(({ id }) => id)).toHaveLength(5);
    extractor.dispose();
  });
});

describe('layers', () => {
  itNeeds([wasm], 'can be changed there and back without loss', async () => {
    const extractor = await twoClasses();
    const choices = await extractor.layers();
    const usual = choices.find(({ isDefault }) => isDefault);
    const other = choices.find(({ features }) => features !== usual?.features);
    expect(extractor.layer).toBe(usual?.name);
    await extractor.train({ epochs: 40 });
    const before = await extractor.classify(bright(200));
    const { data: first } = await extractor.infer(bright(200));
    expect(first).toHaveLength(usual?.features ?? 0);

    await extractor.useLayer(other?.name ?? '');
    expect(extractor).toMatchObject({ layer: other?.name, stale: true, classes: [], size: 8 });
    expect((await extractor.infer(bright(200))).data).toHaveLength(other?.features ?? 0);
    await extractor.train({ epochs: 40 });
    expect((await extractor.classify(bright(250)))[0]?.label).toBe('bright');
    await extractor.useLayer(usual?.name ?? '');
    expect(extractor.stale).toBe(false);
    expect(await extractor.classify(bright(200))).toEqual(before);

    expect(await messageFrom(() => extractor.useLayer('dens'))).toMatch(
      'useLayer: the base has no layer "dens" that gives features',
    );
    const gone = AbortSignal.abort(new Error('no'));
    await expect(extractor.useLayer(other?.name ?? '', { signal: gone })).rejects.toThrow('no');
    expect(extractor.layer).toBe(usual?.name);
    extractor.dispose();
  });

  itNeeds([wasm, tflite], 'of a base that is not made of layers give features', async () => {
    const extractor = featureExtractor(`${tflite}/${'mobilenet_v1_0.25_128_quant.tflite'}`, {
      preprocess: { mean: 127.5, std: 127.5 },
    });
    const layers = await extractor.layers();
    expect(layers.length).toBeGreaterThan(10);
    for (const level of [0, 20]) await extractor.addImage(plain(64, 64, level), 'dark');
    for (const level of [230, 250]) await extractor.addImage(plain(64, 64, level), 'bright');
    await extractor.train({ epochs: 100, learningRate: 0.01 });
    expect((await extractor.classify(plain(64, 64, 240)))[0]?.label).toBe('bright');
    expect(await messageFrom(() => extractor.train({ fineTune: true }))).toMatch(
      'train: this base is not made of layers, so it gives features but cannot be changed or exported.\n' +
        '  format  tflite',
    );
    extractor.dispose();
  });

  itNeeds(needs, 'of MobileNet are those that Teachable Machine takes', async () => {
    const extractor = await featureExtractor(mobilenet);
    expect(extractor.layer).toBe('conv_pw_13_relu');
    expect(extractor.preprocess).toMatchObject({
      ...{ fit: 'crop', sampling: 'halfPixel', mean: 127, std: 127 },
    });
    const own = await featureExtractor(mobilenet, { preprocess: { fit: 'contain' } });
    expect(own.preprocess).toMatchObject({ fit: 'contain', mean: 127 });
    own.dispose();
    extractor.dispose();
  });
});

describe('what others may know', () => {
  itNeeds([wasm], 'is of the moment', async () => {
    const extractor = await twoClasses();
    const inside = insideOf(extractor);
    expect((await inside?.taught?.())?.head).toBeUndefined();
    await extractor.train({ epochs: 3 });
    const taught = await inside?.taught?.();
    expect(taught).toMatchObject({ input: [28, 28, 1] });
    expect(taught?.labels('saveModel')).toEqual(['dark', 'bright']);
    const graft = await taught?.graft();
    const whole = await loadLayersModel(graft?.files ?? new Map());
    const { data } = await whole.predict(tensor(new Float32Array(784).fill(1), [1, 28, 28, 1]));
    const results = await extractor.classify(bright(255));
    for (const { index, confidence } of results) expect(data[index]).toBeCloseTo(confidence, 5);
    whole.dispose();
    extractor.dispose();
  });
});

describe('memory', () => {
  itNeeds([wasm], 'does not grow with examples that come and go', async () => {
    const extractor = await twoClasses();
    await extractor.train({ epochs: 2 });
    const cycle = async (count: number) => {
      for (let i = 0; i < count; i++)
        await extractor.remove(await extractor.addImage(bright(i), 'x'));
    };
    await cycle(20);
    const before = (await memory()).wasm;
    const held = (await memory()).models.length;
    await cycle(500);
    await extractor.train({ epochs: 2 });
    const after = await memory();
    expect(after.wasm).toBe(before);
    expect(after.models).toHaveLength(held);
    expect(after.models.every(({ samples }) => samples === 0)).toBe(true);
    extractor.dispose();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await memory()).models).toEqual([]);
  });
});
