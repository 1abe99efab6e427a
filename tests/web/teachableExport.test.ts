// What was taught here, as a project of Teachable Machine and as a page.
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { describe, expect } from 'vitest';
import type { ModelFiles } from '../../web/src/layers/layersModel.js';
import {
  exportPage,
  exportTeachableMachine,
  type FeatureExtractor,
  featureExtractor,
  type Label,
  teachableMachine,
} from '../../web/src/node.js';
import { dist, itNeeds, messageFrom, model, photo, wasm } from './fixtures.js';
import { moved, readPixels } from './pictures.js';

const folder = model('mobilenet_v1_025_224_layers');
const pictures = [photo('coffee.png'), photo('chelsea.png')];
const needs = [wasm, folder, ...pictures];
const labels = ['a cup', '</script><b>'];

const square = (path: string, x: number, y: number) =>
  moved(readPixels(path), 224, 224, (column, row) => [column + x, row + y]);

async function taught(options = {}): Promise<FeatureExtractor> {
  const extractor = await featureExtractor(folder, options);
  for (const [i, path] of pictures.entries()) {
    for (let k = 0; k < 5; k++)
      await extractor.addImage(square(path, 12 * k, 6 * k), labels[i] ?? '');
  }
  await extractor.train({ epochs: 8 });
  return extractor;
}

const inOrder = (results: readonly Label[]) =>
  [...results].sort((a, b) => a.index - b.index).map(({ confidence }) => confidence);

async function filesOf(write: (where: { save: (files: ModelFiles) => void }) => Promise<void>) {
  let found: ModelFiles = new Map();
  await write({
    save: (files) => {
      found = files;
    },
  });
  return found;
}

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

describe('a project of Teachable Machine that was taught here', () => {
  itNeeds(needs, 'says in TensorFlow.js and here what the extractor says', async () => {
    const extractor = await taught();
    const name = 'my cups';
    const files = await filesOf((where) => exportTeachableMachine(extractor, where, { name }));
    expect([...files.keys()]).toEqual(['model.json', 'weights.bin', 'metadata.json']);
    expect(JSON.parse(text(files.get('metadata.json')))).toMatchObject({
      packageName: '@teachablemachine/image',
      modelName: name,
      labels,
      imageSize: 224,
    });
    const { modelTopology, weightsManifest } = JSON.parse(text(files.get('model.json')));
    const theirs = await tf.loadLayersModel(
      tf.io.fromMemory({
        modelTopology,
        weightSpecs: weightsManifest[0].weights,
        weightData: Uint8Array.from(files.get('weights.bin') ?? []).buffer,
      }),
    );
    const again = await teachableMachine(files);
    for (const path of pictures) {
      const picture = square(path, 30, 50);
      const expected = inOrder(await extractor.classify(picture));
      const found = tf.tidy(() => {
        const rgba = tf.tensor(Float32Array.from(picture.data), [1, 224, 224, 4]);
        const seen = rgba.slice([0, 0, 0, 0], [1, 224, 224, 3]).div(127).sub(1);
        return [...(theirs.predict(seen) as tf.Tensor).dataSync()];
      });
      const here = inOrder(await again.classify(picture));
      for (const [i, value] of expected.entries()) {
        expect(Math.abs((found[i] ?? 0) - value)).toBeLessThan(1e-4);
        expect(Math.abs((here[i] ?? 0) - value)).toBeLessThan(1e-5);
      }
    }
    const target = join(mkdtempSync(join(tmpdir(), 'gesso-')), 'cups');
    await exportTeachableMachine(extractor, target);
    expect(readdirSync(target).sort()).toEqual(['metadata.json', 'model.json', 'weights.bin']);
    again.dispose();
    extractor.dispose();
  });

  itNeeds(needs, 'is refused where it could not be the same', async () => {
    const save = () => {};
    const untaught = await featureExtractor(folder);
    await expect(exportTeachableMachine(untaught, { save })).rejects.toThrow('train');
    untaught.dispose();
    const other = await taught({ preprocess: { fit: 'stretch' } });
    expect(await messageFrom(() => exportTeachableMachine(other, { save }))).toBe(
      'exportTeachableMachine: Teachable Machine prepares pictures in another way than this extractor.\n' +
        '  part  preprocess.fit\n  theirs  "crop"\n  of this extractor  "stretch"\n' +
        "  Try: featureExtractor(model, { preprocess: { fit: 'crop', sampling: 'halfPixel', mean: 127, std: 127 } })",
    );
    expect(
      await messageFrom(() => exportTeachableMachine(other, { save }, { nam: 'x' } as object)),
    ).toContain('there is no option "nam"');
    other.dispose();
    expect(
      await messageFrom(() => exportTeachableMachine({} as FeatureExtractor, { save })),
    ).toContain('exportTeachableMachine: this was not taught here');
  });
});

describe('a page of what was taught', () => {
  const single = resolve(dist, 'gesso-single.js');

  itNeeds([...needs, single], 'holds all that it needs, and words as words', async () => {
    const extractor = await taught();
    extractor.card = { title: 'Cups & <cats>', author: 'me' };
    const files = await filesOf((where) => exportPage(extractor, where));
    const page = text(files.get('index.html'));
    expect(page).toContain('<h1>Cups &amp; &lt;cats&gt;</h1>');
    expect(page).toContain('<dd>a cup, &lt;/script&gt;&lt;b&gt;</dd>');
    expect(page.match(/<\/script>/g)).toHaveLength(3);
    const plain = page.replace(/<script[\s\S]*?<\/script>/g, '');
    expect(plain).not.toMatch(/(src|href)="(?!data:)/);
    const titled = await filesOf((where) => exportPage(extractor, where, { title: 'Mine' }));
    expect(text(titled.get('index.html'))).toContain('<title>Mine</title>');
    const target = join(mkdtempSync(join(tmpdir(), 'gesso-')), 'page');
    await exportPage(extractor, target);
    expect(existsSync(join(target, 'index.html'))).toBe(true);
    expect(readFileSync(join(target, 'index.html'), 'utf8')).toBe(page);
    extractor.dispose();
  });
});
