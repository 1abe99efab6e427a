// featureExtractor: names that change around a training, what is left after an end in the middle, cards.
import { describe, expect, vi } from 'vitest';
import {
  exportTeachableMachine,
  type FeatureExtractor,
  featureExtractor,
  memory,
  openProject,
  saliency,
} from '../../web/src/node.js';
import { digits, itNeeds, messageFrom, wasm } from './fixtures.js';
import { plain } from './pictures.js';

/** Called when the head of a training has just been made ready to run. */
let onHead = () => {};
vi.mock('../../web/src/teach/extract/head.js', async (original) => {
  const real = await original<typeof import('../../web/src/teach/extract/head.js')>();
  return {
    ...real,
    openHead: async (...given: Parameters<typeof real.openHead>) => {
      const open = await real.openHead(...given);
      onHead();
      return open;
    },
  };
});

const bright = (level: number) => plain(28, 28, level);

async function threeClasses(): Promise<FeatureExtractor> {
  const extractor = featureExtractor(digits, {
    preprocess: { fit: 'crop', sampling: 'halfPixel', mean: 127, std: 127 },
  });
  for (const level of [0, 8, 16, 24]) {
    await extractor.addImage(bright(level), 'dark');
    await extractor.addImage(bright(120 + level), 'grey');
    await extractor.addImage(bright(255 - level), 'bright');
  }
  return extractor;
}

describe('labels that were joined', () => {
  itNeeds([wasm], 'keep a network from being given away under wrong names', async () => {
    const extractor = await threeClasses();
    await extractor.train({ epochs: 5 });
    await extractor.rename('grey', 'dark');
    let files: ReadonlyMap<string, unknown> = new Map();
    const save = { save: (given: ReadonlyMap<string, unknown>) => (files = given) };
    const reason = (who: string) =>
      `${who}: labels were joined after the training, so that the network has more outputs than classes.\n` +
      '  joined  dark\n  outputs  3\n  classes  2\n  Try: await extractor.train() again';
    expect(await messageFrom(() => extractor.saveModel(save))).toBe(reason('saveModel'));
    expect(await messageFrom(() => exportTeachableMachine(extractor, save))).toMatch(
      'labels were joined after the training',
    );
    expect(await messageFrom(() => saliency(extractor, bright(3)))).toMatch(
      'labels were joined after the training',
    );
    expect(files.size).toBe(0);
    expect((await extractor.classify(bright(3))).map(({ label }) => label).sort()).toEqual([
      'bright',
      'dark',
    ]);
    await extractor.train({ epochs: 5 });
    await extractor.saveModel(save);
    expect(files.size).toBeGreaterThan(0);
    extractor.dispose();
  });
});

describe('undo', () => {
  itNeeds([wasm], 'of a rename before the first training is known to the head', async () => {
    const extractor = await threeClasses();
    await extractor.rename('dark', 'black');
    await extractor.train({ epochs: 60, learningRate: 0.01 });
    expect(extractor.classes).toEqual(['black', 'grey', 'bright']);
    await extractor.undo();
    expect(extractor).toMatchObject({ stale: false, classes: ['dark', 'grey', 'bright'] });
    expect((await extractor.classify(bright(3)))[0]?.label).toBe('dark');
    extractor.dispose();
  });
});

describe('what ends in the middle', () => {
  const held = async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return (await memory()).models.length;
  };

  itNeeds([wasm], 'leaves no network of a training behind', async () => {
    const extractor = await threeClasses();
    await extractor.train({ epochs: 2 });
    const before = await held();
    const controller = new AbortController();
    onHead = () => controller.abort(new Error('just before the end'));
    const fineTune = { epochs: 1, from: 'all' };
    for (const more of [{}, { fineTune }]) {
      const training = extractor.train({ epochs: 2, signal: controller.signal, ...more });
      await expect(training).rejects.toThrow('just before the end');
      expect(await held()).toBe(before);
    }
    onHead = () => {};
    extractor.dispose();
    expect(await held()).toBe(0);
  });

  itNeeds([wasm], 'leaves no base behind, at whichever moment it is disposed of', async () => {
    for (let ticks = 0; ticks < 40; ticks += 2) {
      const extractor = await featureExtractor(digits);
      const layers = await extractor.layers();
      const other = layers.find(({ isDefault }) => !isDefault)?.name ?? '';
      const cutting = extractor.useLayer(other).catch(() => {});
      for (let tick = 0; tick < ticks; tick++) await null;
      extractor.dispose();
      await cutting;
      expect([ticks, await held()]).toEqual([ticks, 0]);
    }
  });

  itNeeds([wasm], 'while it loads is freed once', async () => {
    const extractor = featureExtractor(digits);
    extractor.layers().catch(() => {});
    extractor.dispose();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await held()).toBe(0);
  });
});

describe('a card', () => {
  itNeeds([wasm], 'is checked when it is set, and read at once', async () => {
    const extractor = featureExtractor(digits);
    expect(await messageFrom(() => Object.assign(extractor, { card: { titel: 'x' } }))).toMatch(
      'card: there is no option "titel"',
    );
    expect(await messageFrom(() => Object.assign(extractor, { card: 3 }))).toMatch(
      'card: the card must be an object',
    );
    extractor.card = { title: 'Light' };
    extractor.card = { author: 'Ada' };
    expect(extractor.card).toMatchObject({ title: 'Light', author: 'Ada', consent: '' });
    await extractor;
    expect(extractor.card).toMatchObject({ title: 'Light', author: 'Ada', consent: '' });

    const opened = openProject(await extractor.files());
    opened.card = { author: 'Grace' };
    await opened;
    expect(opened.card).toMatchObject({ title: 'Light', author: 'Grace' });
    opened.dispose();
    extractor.dispose();
  });
});

describe('warnings', () => {
  /** Nearly the same pictures: the level of one stands out a little. */
  const same = (n: number) => bright(200 + (n % 3));

  itNeeds([wasm], 'tell of a wrong label among very many pictures that are the same', async () => {
    const extractor = featureExtractor(digits);
    for (let i = 0; i < 24; i++) await extractor.addImage(bright(200), 'cup');
    await extractor.addImage(same(1), 'hand');
    const warnings = await extractor.warnings();
    const of = (kind: string) => warnings.find((warning) => warning.kind === kind);
    expect(of('conflict')?.message).toMatch('pairs  24\n');
    expect(of('conflict')?.ids).toContain(25);
    expect(of('duplicates')?.message).toMatch(`pairs  ${(24 * 23) / 2}\n`);
    expect(of('duplicates')?.ids).not.toContain(25);
    extractor.dispose();
  });

  itNeeds([wasm], 'do not call two numbers of one picture wrong', async () => {
    const extractor = featureExtractor(digits, { task: 'regression' });
    for (let i = 0; i < 4; i++) await extractor.addImage(same(i), i);
    expect(await extractor.warnings()).toEqual([]);
    await extractor.addImage(same(0), 0);
    expect((await extractor.warnings()).map(({ kind }) => kind)).toEqual(['duplicates']);
    extractor.dispose();
  });
});
