// imageClassifier on photos with known contents.
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { imageClassifier, type Label, setModelPath } from '../../web/src/node.js';
import { best, confidences } from '../../web/src/tasks/imageClassifier.js';
import {
  digits,
  goldens,
  itNeeds,
  messageFrom,
  model,
  models,
  photo,
  readJson,
  serve,
  wasm,
} from './fixtures.js';

const mobilenet = model('mobilenet_v1_025_224_layers');
const needs = [wasm, mobilenet, photo('coffee.png')];

/** A copy of a model, to put files beside. */
function copyOf(folder: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'gesso-'));
  cpSync(folder, copy, { recursive: true, mode: 0 });
  return copy;
}

describe('best', () => {
  it('sorts, keeps the order of equals, and names what has no label', () => {
    expect(best([0.1, 0.4, 0.4, 0.1], ['a', 'b', 'c'], 3)).toEqual([
      { label: 'b', confidence: 0.4, index: 1 },
      { label: 'c', confidence: 0.4, index: 2 },
      { label: 'a', confidence: 0.1, index: 0 },
    ]);
    expect(best([0, 1], [], 1)).toEqual([{ label: 'class 1', confidence: 1, index: 1 }]);
    expect(best([1], ['a'], 9)).toHaveLength(1);
  });
});

describe('confidences', () => {
  it('applies softmax without overflow', () => {
    const [a = 0, b = 0, c = 0] = Array.from(
      confidences(new Float32Array([1000, 1001, -1000]), 'softmax'),
    );
    expect(a).toBeCloseTo(1 / (1 + Math.E), 6);
    expect(a + b + c).toBeCloseTo(1, 12);
    expect(c).toBe(0);
  });

  it('leaves confidences alone, and forgives rounding', () => {
    const scores = new Float32Array([1.0001, -0.00001]);
    expect(confidences(scores, 'none')).toBe(scores);
  });

  it('refuses what is no confidence', async () => {
    expect(await messageFrom(() => confidences(new Float32Array([-2, 7]), 'none'))).toBe(
      'classify: the outputs of this model are not confidences from 0 to 1.\n' +
        "  least  -2\n  most  7\n  Try: activation: 'softmax'",
    );
    expect(await messageFrom(() => confidences(new Float32Array([Number.NaN]), 'none'))).toMatch(
      'not a number',
    );
  });
});

describe('imageClassifier', () => {
  beforeEach(() => setModelPath(models));
  afterEach(() => setModelPath(null));

  interface Task {
    photo: string;
    top: Label[];
  }
  const tasks = join(goldens, 'tasks.json');
  itNeeds([...needs, tasks], 'agrees with another system on photos', async () => {
    const classifier = await imageClassifier('mobilenet', { topK: 5 });
    for (const task of readJson<{ classify: Task[] }>(tasks).classify) {
      const results = await classifier.classify(photo(task.photo));
      expect(results[0]?.label, task.photo).toBe(task.top[0]?.label);
      expect(results).toHaveLength(5);
      for (const [i, { label, confidence, index }] of task.top.entries()) {
        expect(results[i]?.confidence, `${task.photo} ${i}`).toBeCloseTo(confidence, 1);
        if (i > 0) continue;
        expect(results[0]).toMatchObject({ label, index });
        expect(Math.abs((results[0]?.confidence ?? 0) - confidence), task.photo).toBeLessThan(0.03);
      }
    }
    classifier.dispose();
  });

  itNeeds(needs, 'can be used at once, in any order', async () => {
    const classifier = imageClassifier('mobilenet');
    const [coffee, cat] = await Promise.all([
      classifier.classify(photo('coffee.png')),
      classifier.classify(photo('chelsea.png'), 1),
    ]);
    expect(coffee.map(({ label }) => label)[0]).toBe('espresso');
    expect(coffee).toHaveLength(3);
    expect(cat).toEqual([
      { label: 'Egyptian cat', confidence: expect.closeTo(0.317, 1), index: 285 },
    ]);
    expect(Object.getPrototypeOf(coffee[0])).toBe(Object.prototype);
    classifier.dispose();
  });

  itNeeds(
    needs,
    'finds labels and preprocessing of a known model that is opened by its path',
    async () => {
      const classifier = await imageClassifier(mobilenet);
      const [first] = await classifier.classify(photo('coffee.png'));
      expect(first?.label).toBe('espresso');
      expect(await classifier.labels()).toHaveLength(1000);
      expect((await classifier.about()).name).toBe('mobilenet');
      classifier.dispose();
    },
  );

  itNeeds(
    [wasm],
    'asks a server for a gesso.json only when it does not know the model',
    async () => {
      const json = readFileSync(join(digits, 'model.json'), 'utf8');
      const labels = Array.from('abcdefghij');
      const asked: string[] = [];
      const server = await serve({
        'weights.bin': readFileSync(join(digits, 'weights.bin')),
        'model.json': json,
        'changed.json': `${json} `,
        'gesso.json': (_, response) => {
          asked.push('gesso.json');
          response.end(JSON.stringify({ labels, preprocess: { mean: 0, std: 255 } }));
        },
      });

      const known = await imageClassifier(`${server}model.json`);
      expect([await known.labels(), asked]).toEqual([Array.from('0123456789'), []]);
      const given = await imageClassifier(`${server}model.json`, { labels });
      expect([await given.labels(), asked]).toEqual([labels, []]);
      const unknown = await imageClassifier(`${server}changed.json`);
      expect([await unknown.labels(), asked]).toEqual([labels, ['gesso.json']]);
      for (const classifier of [known, given, unknown]) classifier.dispose();
    },
  );

  itNeeds(needs, 'lets a metadata.json beside the model win over what is known', async () => {
    const copy = copyOf(mobilenet);
    const labels = Array.from({ length: 1000 }, (_, i) => `mine ${i}`);
    writeFileSync(join(copy, 'metadata.json'), JSON.stringify({ labels }));
    const beside = await imageClassifier(copy);
    expect((await beside.classify(photo('coffee.png')))[0]?.label).toBe('mine 967');

    // And a gesso.json over a metadata.json, with its labels in a file.
    writeFileSync(join(copy, 'gesso.json'), JSON.stringify({ labels: 'names.txt' }));
    writeFileSync(join(copy, 'names.txt'), labels.map((_, i) => `line ${i}\n`).join(''));
    const own = await imageClassifier(copy);
    expect((await own.classify(photo('coffee.png')))[0]?.label).toBe('line 967');

    // And the options over both.
    const given = await imageClassifier(copy, { labels: labels.map((_, i) => `given ${i}`) });
    expect((await given.classify(photo('coffee.png')))[0]?.label).toBe('given 967');
    for (const classifier of [beside, own, given]) classifier.dispose();
  });

  itNeeds(needs, 'reads labels from a file', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'gesso-')), 'names.json');
    writeFileSync(file, JSON.stringify(Array.from({ length: 1000 }, (_, i) => `file ${i}`)));
    const classifier = await imageClassifier('mobilenet', { labels: file });
    expect((await classifier.classify(photo('coffee.png')))[0]?.label).toBe('file 967');
    classifier.dispose();
    expect(
      await messageFrom(() => imageClassifier('mobilenet', { labels: './nowhere.txt' })),
    ).toMatch('imageClassifier: the list of labels is not there');
  });

  itNeeds(needs, 'takes parts of the preprocessing from the options', async () => {
    const classifier = await imageClassifier('mobilenet');
    const mirrored = await imageClassifier('mobilenet', { preprocess: { flip: true } });
    const wrong = await imageClassifier('mobilenet', { preprocess: { mean: 0, std: 1 } });
    const [a, b, c] = await Promise.all(
      [classifier, mirrored, wrong].map(
        async (each) => (await each.classify(photo('coffee.png'), 1))[0],
      ),
    );
    expect(b?.label).toBe('espresso');
    expect(b?.confidence).not.toBe(a?.confidence);
    expect(c?.confidence).not.toBeCloseTo(a?.confidence ?? 0, 2);
    for (const each of [classifier, mirrored, wrong]) each.dispose();
  });

  itNeeds([wasm, model('xor_layers')], 'refuses a model that takes no picture', async () => {
    expect(await messageFrom(() => imageClassifier(model('xor_layers')))).toMatch(
      /^imageClassifier: this model does not name what is in a picture\.\n.*\n {2}inputs {2}dense_1_input \[\?, 2\]\n {2}outputs {2}activation_2 \[\?, 1\]\n/,
    );
    const { length } = await messageFrom(() => imageClassifier('posenet'));
    expect(length).toBeGreaterThan(0);
  });

  itNeeds(needs, 'does not guess how a model wants its pictures', async () => {
    const copy = copyOf(mobilenet);
    const file = join(copy, 'model.json');
    writeFileSync(file, JSON.stringify({ ...readJson<object>(file), userDefinedMetadata: {} }));
    expect(await messageFrom(() => imageClassifier(copy))).toMatch(
      'imageClassifier: nothing says how this model wants its pictures',
    );
    const preprocess = {
      fit: 'stretch',
      sampling: 'alignCorners',
      mean: 127.5,
      std: 127.5,
    } as const;
    const classifier = await imageClassifier(copy, { preprocess });
    expect(await classifier.classify(photo('coffee.png'), 1)).toMatchObject([
      { label: 'class 967', index: 967 },
    ]);
    classifier.dispose();
  });

  itNeeds(
    [wasm, model('darknet_tiny_layers'), photo('chelsea.png')],
    'turns logits into confidences',
    async () => {
      const classifier = await imageClassifier('darknet-tiny', { topK: 1000 });
      const results = await classifier.classify(photo('chelsea.png'));
      const sum = results.reduce((total, { confidence }) => total + confidence, 0);
      expect(sum).toBeCloseTo(1, 5);
      expect(results[0]?.label).toMatch(/cat|lynx/);
      classifier.dispose();
    },
  );

  itNeeds([wasm, model('doodlenet')], 'sees a drawing', async () => {
    const classifier = await imageClassifier('doodlenet');
    const size = 112;
    const data = new Uint8ClampedArray(size * size * 4).fill(255);
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const fromMiddle = Math.max(Math.abs(x - 55.5), Math.abs(y - 55.5));
        if (Math.abs(fromMiddle - 44) > 4) continue;
        data.fill(0, 4 * (y * size + x), 4 * (y * size + x) + 3);
      }
    }
    const results = await classifier.classify({ width: size, height: size, data });
    expect(results[0]?.label).toBe('square');
    classifier.dispose();
  });

  it.each([
    [{ topk: 3 }, 'imageClassifier: there is no option "topk"'],
    [{ topK: 0 }, 'imageClassifier: topK must be a whole number from 1'],
    [{ topK: 1.5 }, 'imageClassifier: topK must be a whole number from 1'],
    [{ labels: 3 }, 'imageClassifier: labels must be a list of names'],
    [{ activation: 'sigmoid' }, "imageClassifier: activation must be 'none' or 'softmax'"],
    [{ preprocess: 3 }, 'imageClassifier: preprocess must be an object'],
  ])('refuses the options %o', async (options, expected) => {
    expect(await messageFrom(() => imageClassifier('mobilenet', options as object))).toMatch(
      expected,
    );
  });

  itNeeds(needs, 'refuses labels that do not fit the model', async () => {
    expect(await messageFrom(() => imageClassifier('mobilenet', { labels: ['cat', 'dog'] }))).toBe(
      'imageClassifier: there must be one label for each class of the model.\n' +
        '  classes  1000\n  labels  2\n  first  cat, dog\n  Try: labels: [...] with 1000 names',
    );
  });

  itNeeds(needs, 'refuses bad pictures and sizes, and works on', async () => {
    const classifier = await imageClassifier('mobilenet');
    expect(await messageFrom(() => classifier.classify('nowhere.png'))).toMatch(
      'classify: the picture cannot be read',
    );
    expect(await messageFrom(() => classifier.classify(photo('coffee.png'), -1))).toMatch(
      'classify: topK must be',
    );
    expect((await classifier.classify(photo('coffee.png')))[0]?.label).toBe('espresso');
    classifier.dispose();
    expect(await messageFrom(() => classifier.classify(photo('coffee.png')))).toMatch(
      'imageClassifier: it was used after dispose()',
    );
  });

  itNeeds(needs, 'refuses a damaged copy of a known model by its name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gesso-'));
    cpSync(mobilenet, join(folder, 'mobilenet_v1_025_224_layers'), { recursive: true });
    writeFileSync(
      join(folder, 'mobilenet_v1_025_224_layers/model.json'),
      '{"weightsManifest": []}',
    );
    setModelPath(folder);
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('fetch failed')));
    try {
      const message = await messageFrom(() => imageClassifier('mobilenet'));
      expect(message).toMatch(
        'gesso: the model "mobilenet" cannot be read from any of its addresses',
      );
      expect(message).toMatch('gesso: this file differs from the one that is known by this name');
    } finally {
      vi.unstubAllGlobals();
    }
  });

  describe('watch', () => {
    /** Pixels that say when there is a new frame. */
    const frames = (path: { width: number; height: number; data: Uint8Array }) => {
      const waiting: (() => void)[] = [];
      const source = {
        ...path,
        requestVideoFrameCallback: (callback: () => void) => waiting.push(callback),
        cancelVideoFrameCallback: () => waiting.splice(0),
      };
      return { source, show: () => waiting.splice(0).forEach((callback) => void callback()) };
    };
    const grey = { width: 8, height: 8, data: new Uint8Array(256).fill(128) };

    itNeeds(needs, 'gives results until it is stopped', async () => {
      const classifier = imageClassifier('mobilenet');
      const { source, show } = frames(grey);
      const onResult = vi.fn();
      const stop = classifier.watch(source, onResult, { topK: 2 });
      show();
      await vi.waitFor(() => expect(onResult).toHaveBeenCalledTimes(1), 5000);
      expect(onResult.mock.calls[0]?.[0]).toHaveLength(2);
      stop();
      show();
      await classifier.classify(grey);
      expect(onResult).toHaveBeenCalledTimes(1);
      classifier.dispose();
    });

    itNeeds(needs, 'reports an error once', async () => {
      const classifier = await imageClassifier('mobilenet');
      const { source, show } = frames({ ...grey, width: 9 });
      const onError = vi.fn();
      classifier.watch(source, () => {}, { onError });
      show();
      await vi.waitFor(() => expect(onError).toHaveBeenCalledTimes(1), 5000);
      expect(onError.mock.calls[0]?.[0].message).toMatch(
        'classify: pixels must be four bytes for each',
      );
      show();
      await classifier.classify(grey);
      expect(onError).toHaveBeenCalledTimes(1);
      classifier.dispose();
    });

    itNeeds(needs, 'refuses wrong arguments at once', async () => {
      const classifier = await imageClassifier('mobilenet');
      expect(await messageFrom(() => classifier.watch(grey, undefined as never))).toMatch(
        'watch: it needs a function',
      );
      const options = { onEror: () => {} } as object;
      expect(await messageFrom(() => classifier.watch(grey, () => {}, options))).toMatch(
        'there is no option "onEror"',
      );
      classifier.dispose();
    });
  });
});
