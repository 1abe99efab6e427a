// The known models against the files they stand for.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readManifest } from '../../web/src/modelFiles.js';
import { type Recipe, readPreprocess } from '../../web/src/recipe.js';
import { knownBy, type Registry, readLabels, readRegistry } from '../../web/src/registry.js';
import { setWasmPath } from '../../web/src/settings.js';
import { dist, itNeeds, messageFrom, model, readJson } from './fixtures.js';

const root = resolve(import.meta.dirname, '../..');
const { models } = readJson<Registry>(resolve(root, 'models/registry.json'));

describe.each(Object.entries(models))('the known model %s', (name, known) => {
  it('is named in lower case, with a card', () => {
    expect(name).toBe(name.toLowerCase());
    for (const fact of Object.values(known.card)) expect(fact.length).toBeGreaterThan(2);
  });

  it('has addresses of folders, each of one commit or of this library', () => {
    for (const address of known.addresses) {
      expect(address).toMatch(/^(https:\/\/.*[0-9a-f]{40}.*|models\/[a-z]+)\/$/);
    }
    expect(known.addresses.length).toBeGreaterThan(0);
  });

  const local = known.addresses[0]?.startsWith('models/');
  const folder = local ? resolve(root, known.addresses[0] ?? '') : model(known.folder);
  itNeeds([folder], 'has the files, sizes and SHA-256s that its folder has', () => {
    const main = readFileSync(join(folder, known.entry));
    const alone = known.entry.endsWith('.tflite'); // its weights are in it
    const others = alone ? [] : readManifest(known.entry, folder, [main]).keys();
    const paths = [known.entry, ...others];
    const found = Object.fromEntries(
      paths.map((path) => {
        const content = readFileSync(join(folder, path));
        const sha256 = createHash('sha256').update(content).digest('hex');
        return [path, { bytes: content.length, sha256 }];
      }),
    );
    expect(known.files).toEqual(found);
  });

  it('is complete for its task', async () => {
    if (known.task !== 'imageClassifier') return expect(known.preprocess).toBeUndefined();
    expect(readPreprocess('registry', [known.preprocess])).toMatchObject(known.preprocess ?? {});
    const labels = await readLabels(String(known.labels));
    const classes = { digits: 10, imagenet: 1000, 'imagenet-darknet': 1000, quickdraw: 345 };
    expect({ [String(known.labels)]: labels.length }).toEqual(
      Object.fromEntries(Object.entries(classes).filter(([list]) => list === known.labels)),
    );
  });
});

describe('the digits', () => {
  it('are described alike beside the model and in the registry', async () => {
    const { preprocess, labels } = readJson<Recipe>(resolve(root, 'models/digits/gesso.json'));
    expect(models.digits?.preprocess).toEqual(preprocess);
    expect(await readLabels('digits')).toEqual(labels);
  });
});

describe('the labels', () => {
  it.each(readdirSync(resolve(root, 'models/labels')))('in %s are words for people', (file) => {
    const labels = readJson<string[]>(resolve(root, 'models/labels', file));
    for (const label of labels) expect(label).toMatch(/^[^\s_]+( [^\s_]+)*$/);
  });

  it('are the same for both orders of ImageNet', async () => {
    const [imagenet, darknet] = [
      await readLabels('imagenet'),
      await readLabels('imagenet-darknet'),
    ];
    expect(darknet.slice().sort()).toEqual(imagenet.slice().sort());
    expect([imagenet[0], darknet[0]]).toEqual(['tench, Tinca tinca', 'kit fox, Vulpes macrotis']);
  });
});

describe('the registry', () => {
  it('is what the build copied', async () => {
    expect(Object.keys((await readRegistry()).models)).toEqual(Object.keys(models));
  });

  it('finds a model by the SHA-256 of its main file', async () => {
    const sha256 = models.doodlenet?.files['model.json']?.sha256 ?? '';
    expect((await knownBy(sha256))?.[0]).toBe('doodlenet');
    expect(await knownBy('0'.repeat(64))).toBeUndefined();
  });

  it('makes addresses whole that are relative to itself', async () => {
    const { digits } = (await readRegistry()).models;
    expect(digits?.addresses[0]).toMatch(/^file:.*\/dist\/models\/digits\/$/);
  });

  it('says what to do when the files of the library are elsewhere', async () => {
    setWasmPath('/nowhere');
    try {
      expect(await messageFrom(() => readLabels('imagenet'))).toBe(
        "gesso: the library's own file labels/imagenet.json cannot be read.\n" +
          '  address  file:///nowhere/labels/imagenet.json\n  reason  404 no such file\n' +
          '  Try: setWasmPath(folder) with the folder that holds the .wasm files and registry.json',
      );
    } finally {
      setWasmPath(dist);
    }
  });
});
