// Projects: what is saved comes back, and what is damaged is refused by name.
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { ModelFiles } from '../../web/src/layers/layersModel.js';
import { featureExtractor, openProject } from '../../web/src/node.js';
import { zip } from '../../web/src/zip.js';
import { digits, filesIn, itNeeds, messageFrom, serve, wasm } from './fixtures.js';
import { plain } from './pictures.js';

const bright = (level: number) => plain(28, 28, level);

async function taught() {
  const extractor = featureExtractor(digits);
  for (const level of [0, 10, 20, 30]) await extractor.addImage(bright(level), 'dark');
  for (const level of [255, 245, 235, 225]) await extractor.addImage(bright(level), 'bright');
  await extractor.train({ epochs: 20 });
  return extractor;
}

/** Files whose project.json has been changed. */
function changed(
  files: ModelFiles,
  change: (project: Record<string, unknown>) => void,
): ModelFiles {
  const project = JSON.parse(new TextDecoder().decode(files.get('project.json')));
  change(project);
  return new Map([...files, ['project.json', new TextEncoder().encode(JSON.stringify(project))]]);
}

describe('a project', () => {
  itNeeds([wasm], 'answers as it did before it was saved', async () => {
    const extractor = await taught();
    extractor.card = { title: 'Light', consent: 'nobody is in the pictures' };
    await extractor.remove(2);
    const { card, counts, examples } = extractor;
    expect(card).toMatchObject({ title: 'Light', author: '', counts });
    const before = await extractor.classify(bright(120));
    const folder = mkdtempSync(join(tmpdir(), 'gesso-'));
    await extractor.save(folder);
    expect(readdirSync(folder).sort()).toEqual([
      'features.bin',
      'head',
      'pictures',
      'project.json',
    ]);
    expect(readdirSync(join(folder, 'pictures'))).toHaveLength(7);
    extractor.dispose();

    const opened = await openProject(folder);
    expect(opened).toMatchObject({ card, counts, examples, stale: true });
    expect(opened.classes).toEqual(['dark', 'bright']);
    expect(await opened.classify(bright(120))).toEqual(before);
    expect(await opened.addImage(bright(1), 'dark')).toBe(9);
    opened.card = { ...opened.card }; // all of it, with what is filled in
    opened.card = { author: 'Ada' };
    const again = await openProject(await opened.files());
    expect(again.card).toMatchObject({ ...card, author: 'Ada', counts: opened.counts });
    expect(await again.classify(bright(120))).toEqual(before);
    const zipped = new Uint8Array(await zip(await again.files()).arrayBuffer());
    const path = join(folder, 'light.gesso.zip');
    writeFileSync(path, zipped);
    for (const source of [path, new Map([['light.gesso.zip', zipped]])]) {
      const unzipped = await openProject(source);
      expect(unzipped.card).toEqual(again.card);
      expect(await unzipped.classify(bright(120))).toEqual(before);
      unzipped.dispose();
    }
    await again.train({ epochs: 5 });
    expect(again.stale).toBe(false);
    again.dispose();
    opened.dispose();
  });

  itNeeds([wasm], 'keeps a base that has learned, and numbers', async () => {
    const extractor = featureExtractor(digits, { task: 'regression' });
    for (let level = 0; level <= 250; level += 50) await extractor.addImage(bright(level), level);
    await extractor.train({ epochs: 20, validationSplit: 0, fineTune: { epochs: 2, from: 'all' } });
    const before = await extractor.predict(bright(120));
    const opened = await openProject(await extractor.files());
    expect(opened).toMatchObject({ task: 'regression', size: 6, stale: false });
    expect(await opened.predict(bright(120))).toEqual(before);
    expect(await opened.infer(bright(120))).toEqual(await extractor.infer(bright(120)));
    opened.dispose();
    extractor.dispose();
  });

  itNeeds(
    [wasm],
    'opens with another layer or base from its pictures, or says why not',
    async () => {
      const extractor = await taught();
      const layers = await extractor.layers();
      const other = layers.find(({ name }) => name !== extractor.layer)?.name ?? '';
      const files = await extractor.files();
      const elsewhere = await openProject(files, { layer: other });
      expect(elsewhere).toMatchObject({ layer: other, size: 8, stale: true, classes: [] });
      await elsewhere.train({ epochs: 60, learningRate: 0.01 });
      expect((await elsewhere.classify(bright(250)))[0]?.label).toBe('bright');
      await elsewhere.useLayer(extractor.layer);
      expect(await elsewhere.classify(bright(120))).toEqual(await extractor.classify(bright(120)));
      elsewhere.dispose();

      const bare = await extractor.files({ pictures: false });
      expect([...bare.keys()].filter((name) => name.startsWith('pictures'))).toEqual([]);
      const features = await openProject(bare);
      expect(await features.classify(bright(120))).toEqual(await extractor.classify(bright(120)));
      expect(await messageFrom(() => features.useLayer(other))).toMatch(
        'useLayer: the picture of an example is not there any more',
      );
      expect(features.layer).toBe(extractor.layer);
      features.dispose();
      extractor.dispose();
    },
  );

  itNeeds([wasm], 'whose base was given as files is opened with those', async () => {
    const base = () => filesIn(digits, ['model.json', 'weights.bin', 'gesso.json']);
    const extractor = featureExtractor(base());
    await extractor.addImage(bright(0), 'dark');
    const files = await extractor.files();
    expect(await messageFrom(() => openProject(files))).toMatch(
      'openProject: the project does not say where its base is, which was given as files',
    );
    const opened = await openProject(files, { model: base() });
    expect(opened.size).toBe(1);
    opened.dispose();
    extractor.dispose();
  });

  itNeeds([wasm], 'names no file of this disk and no key, but a known model', async () => {
    const sourceOf = (files: ModelFiles) => {
      const { base } = JSON.parse(new TextDecoder().decode(files.get('project.json')));
      return (base as { source: unknown }).source;
    };
    const known = featureExtractor(digits); // a path
    await known.addImage(bright(0), 'dark');
    expect(sourceOf(await known.files())).toBe('digits');
    known.dispose();

    const files = filesIn(digits, ['model.json', 'weights.bin', 'gesso.json']);
    const address = await serve({
      'model.json?key=secret': files.get('model.json') ?? '',
      'weights.bin': files.get('weights.bin') ?? '',
      'weights.bin?key=secret': files.get('weights.bin') ?? '',
      'gesso.json': files.get('gesso.json') ?? '',
    });
    const remote = featureExtractor(`${address}model.json?key=secret`);
    await remote.addImage(bright(0), 'dark');
    expect(sourceOf(await remote.files())).toBe(`${address}model.json`);
    remote.dispose();
  });

  itNeeds([wasm], 'in hand does not decide where a base is loaded from', async () => {
    const asked: string[] = [];
    const files = filesIn(digits, ['model.json', 'weights.bin']);
    const answered = (name: string) => (_: unknown, response: { end(data: unknown): unknown }) => {
      asked.push(name);
      response.end(files.get(name));
    };
    const address = await serve({
      'model.json': answered('model.json'),
      'weights.bin': answered('weights.bin'),
    });
    const extractor = await taught();
    const hostile = async (source: string) =>
      changed(await extractor.files(), (project) => Object.assign(project.base ?? {}, { source }));
    const source = `${address}model.json`;
    expect(await messageFrom(async () => openProject(await hostile(source)))).toBe(
      'openProject: this project says that its base is elsewhere, and nothing is loaded from there unasked.\n' +
        `  base  ${source}\n` +
        '  loaded unasked  known names, and what this page itself may be\n' +
        `  Try: model: "${source}" if you trust it, or the base from a place of yours`,
    );
    for (const path of ['file:///etc/passwd', '../secret/model.json', '//elsewhere.test/a.json']) {
      expect(await messageFrom(async () => openProject(await hostile(path)))).toMatch(
        'its base is elsewhere',
      );
    }
    expect(asked).toEqual([]);
    const opened = await openProject(await hostile(source), { model: source });
    expect(await opened.classify(bright(120))).toEqual(await extractor.classify(bright(120)));
    expect(asked).toContain('model.json');
    opened.dispose();
    extractor.dispose();
  });

  itNeeds([wasm], 'that is damaged is refused with its file and field', async () => {
    const extractor = await taught();
    const files = await extractor.files();
    const refusal = (change: (project: Record<string, unknown>) => void) =>
      messageFrom(() => openProject(changed(files, change)));
    const examples = (of: object) => (project: Record<string, unknown>) => {
      Object.assign((project.examples as object[])[1] ?? {}, of);
    };
    expect(await refusal((project) => (project.format = 'zip'))).toBe(
      'openProject: the project cannot be read.\n  file  project.json\n  field  format\n' +
        '  reason  it must be "gesso-project"\n' +
        '  Try: the files as save() wrote them, all of them',
    );
    expect(await refusal((project) => (project.version = 2))).toMatch('field  version');
    expect(await refusal(examples({ id: 1 }))).toMatch('field  examples[1].id');
    expect(await refusal(examples({ label: 'light' }))).toMatch('field  examples[1].label');
    expect(await refusal((project) => (project.features = 7))).toMatch('field  features.bin');
    expect(await refusal((project) => (project.features = -1))).toMatch('field  features');
    expect(await refusal((project) => (project.next = 3))).toMatch('field  next');
    expect(await refusal((project) => (project.labels = ['a', 'a']))).toMatch('field  labels');
    expect(await refusal((project) => (project.task = 'dream'))).toMatch('field  task');
    const head = (of: object) => (project: Record<string, unknown>) => {
      project.head = { ...(project.head as object), ...of };
    };
    expect(await refusal(head({ outputs: ['dark'] }))).toMatch(
      'openProject: the head does not fit',
    );
    expect(await refusal(head({ validation: 'all' }))).toMatch('field  head.validation');
    expect(await refusal(head({ scale: { mean: 0, deviation: 1 } }))).toMatch('field  head.scale');
    expect(await refusal((project) => (project.card = { title: 3 }))).toMatch(
      'openProject: title must be a text',
    );
    const numbers = new Float32Array(files.get('features.bin')?.slice().buffer ?? []);
    numbers[5] = Number.NaN;
    const broken = new Map([...files, ['features.bin', new Uint8Array(numbers.buffer)] as const]);
    expect(await messageFrom(() => openProject(broken))).toMatch('not all are numbers');
    const part = new Map([...files].filter(([name]) => name !== 'pictures/3.png'));
    expect(await messageFrom(() => openProject(part))).toMatch('file  pictures/3.png');
    expect(await messageFrom(() => openProject(new Map([['a.txt', new Uint8Array()]])))).toMatch(
      'openProject: none of these files is a project.json',
    );
    extractor.dispose();
  });
});
