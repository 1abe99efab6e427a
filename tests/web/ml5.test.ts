// gesso/ml5: arguments, callbacks and results as ml5 has them, and none of its traps.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { MLError } from '../../web/src/errors.js';
import { answer, answerErrorFirst, isPlain, sortArguments } from '../../web/src/ml5/calls.js';
import ml5 from '../../web/src/ml5/index.js';
import * as tasks from '../../web/src/ml5/tasks.js';
import { settings } from '../../web/src/settings.js';
import { digits, itNeeds, messageFrom, wasm } from './fixtures.js';

const aWhile = (milliseconds = 20) => new Promise((done) => setTimeout(done, milliseconds));

/** Errors that reached nobody. */
function unheard(): unknown[] {
  const errors: unknown[] = [];
  const note = (error: unknown) => errors.push(error);
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
  cleanups.push(() => {
    process.off('unhandledRejection', note);
    process.off('uncaughtException', note);
  });
  return errors;
}

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanups.splice(0)) clean();
  vi.restoreAllMocks();
});

describe('arguments', () => {
  it('are sorted by their kind, and left out when undefined', () => {
    const callback = () => {};
    const sorted = sortArguments([callback, 'name', undefined, { a: 1 }, null, 3, [4]]);
    expect(sorted).toEqual({
      texts: ['name'],
      numbers: [3],
      callbacks: [callback],
      options: [{ a: 1 }],
      others: [[4]],
    });
  });

  it('are not options when they are a picture', () => {
    class Image {
      canvas = {};
    }
    expect(isPlain({ topk: 1 })).toBe(true);
    expect(
      [{ width: 1, height: 1, data: [] }, { elt: {} }, new Image(), [], null].map(isPlain),
    ).toEqual([false, false, false, false, false]);
  });
});

describe('callbacks', () => {
  const broken = () => Promise.reject(new MLError('broken'));

  it('are told of the result, as the promise is', async () => {
    const told: unknown[] = [];
    const promise = answer(Promise.resolve(7), (...args: unknown[]) => told.push(args));
    expect(await promise).toBe(7);
    await aWhile();
    expect(told).toEqual([[7]]);
  });

  it('are told of an error in the second place, once, and the console is not', async () => {
    const errors = unheard();
    const told: unknown[] = [];
    const promise = answer(broken(), (result, error) => told.push([result, error?.message]));
    await aWhile();
    expect(told).toEqual([[undefined, 'broken']]);
    expect(errors).toEqual([]);
    await expect(promise).rejects.toThrow('broken');
  });

  it('are not called without a result when they have no place for an error', async () => {
    const errors = unheard();
    const told: unknown[] = [];
    void answer(broken(), (result: unknown) => told.push(result));
    void answer(broken(), () => told.push('called'));
    await aWhile();
    expect(told).toEqual([]);
    expect(errors.map(String)).toEqual(['MLError: broken', 'MLError: broken']);
  });

  it('are called once, even when they throw', async () => {
    const errors = unheard();
    let calls = 0;
    const promise = answer(Promise.resolve(1), (_result, _error) => {
      calls++;
      throw new TypeError('mine');
    });
    expect(await promise).toBe(1);
    await aWhile();
    expect(calls).toBe(1);
    expect(errors.map(String)).toEqual(['TypeError: mine']);
  });

  it('of ml5 0.12 are told of the error first', async () => {
    const told: unknown[] = [];
    const note = (error: unknown, result?: unknown) => told.push([error, result]);
    await answerErrorFirst(Promise.resolve(7), note);
    await answerErrorFirst(broken(), note).catch(() => {});
    await aWhile();
    expect(told).toEqual([
      [undefined, 7],
      [new MLError('broken'), undefined],
    ]);
  });
});

describe('ml5', () => {
  it('knows its tasks, and tells which when another is asked for', async () => {
    for (const [name, task] of Object.entries(tasks)) {
      expect(ml5).toHaveProperty(name, task);
      expect(task).toBeTypeOf('function');
    }
    expect(await messageFrom(() => ml5.handPose('MediaPipeHands'))).toBe(
      `ml5.handPose: gesso does not have this task.
  known  ml5.bodyPose, ml5.bodySegmentation, ml5.charRNN, ml5.faceMesh, ml5.featureExtractor, ml5.imageClassifier, ml5.kmeans, ml5.KNNClassifier, ml5.neuralNetwork, ml5.poseNet
  Try: one of these, or ml5.js itself for this sketch`,
    );
  });

  it('takes the backends of ml5, and no other', async () => {
    const backends = ['cpu', 'webgl', 'webgpu', 'wasm'];
    const named = backends.map((name) => [ml5.setBackend(name), settings.backend]);
    expect(named).toEqual(['wasm', 'wasm', 'auto', 'wasm'].map((backend) => [true, backend]));
    expect(await messageFrom(() => ml5.setBackend('webgpuu'))).toBe(
      `ml5.setBackend: there is no such backend.
  given  "webgpuu"
  known  cpu, webgl, webgpu, wasm
  Try: 'webgpu'`,
    );
    expect(ml5.version).toBe('1.4.0');
  });
});

describe('ml5.imageClassifier', () => {
  const four = () => {
    const data = new Uint8ClampedArray(28 * 28 * 4);
    for (let y = 5; y < 23; y++) data.fill(255, 4 * (y * 28 + 13), 4 * (y * 28 + 15));
    return { width: 28, height: 28, data };
  };

  itNeeds([wasm], 'gives labels and confidences, to its callback and its promise', async () => {
    const loaded: unknown[] = [];
    const classifier = ml5.imageClassifier('digits', { topk: 2 }, (...args: unknown[]) =>
      loaded.push(...args),
    );
    const told: unknown[] = [];
    const results = await classifier.classify(four(), (found) => told.push(found));
    expect(results).toHaveLength(2);
    expect(Object.keys(results[0] ?? {})).toEqual(['label', 'confidence']);
    expect(results[0]?.label).toBe('1');
    await aWhile();
    expect(told).toEqual([results]);
    expect(loaded).toEqual([await classifier]);
    expect(await classifier.ready).toBe(await classifier);
    expect(await classifier.classify(four(), 4)).toHaveLength(4);
    expect(await classifier.classify(four(), 1, () => {})).toHaveLength(1);
  });

  itNeeds(
    [wasm],
    'takes a relative path for one, and asks a model at an address for k',
    async () => {
      const classifier = ml5.imageClassifier('models/digits/model.json');
      expect(await classifier.classify(four(), 5)).toHaveLength(5);
      expect(resolve('models/digits')).toBe(digits);
    },
  );

  itNeeds([wasm], 'says what went wrong', async () => {
    const errors = unheard();
    const told: (Error | undefined)[] = [];
    const failed = ml5.imageClassifier('mobilnet', (_, error) => told.push(error));
    await expect(failed).rejects.toThrow('imageClassifier: there is no model "mobilnet"');
    await aWhile();
    expect(told[0]?.message).toMatch(/mobilenet/);
    expect(errors).toEqual([]);

    const classifier = ml5.imageClassifier('digits');
    expect(await messageFrom(() => classifier.classify([1, 2] as never))).toMatch(
      /^classify: this is not a picture/,
    );
    expect(await messageFrom(() => classifier.classifyStart(four(), undefined as never))).toMatch(
      /^ml5 classifyStart: it needs a function to call/,
    );
    expect(await messageFrom(() => ml5.imageClassifier('digits', 'mobilenet'))).toBe(
      `ml5.imageClassifier: it takes 1 texts.
  given  "digits", "mobilenet"
  Try: ml5.imageClassifier('MobileNet', { topk: 3 }, modelLoaded)`,
    );
    expect(await messageFrom(() => ml5.imageClassifier('MobileNet', { topK: 3 } as never))).toBe(
      `ml5.imageClassifier: there is no option "topK".
  known  topk, version, alpha
  Try: topk`,
    );
    const narrow = { version: 2, alpha: 0.25 } as const;
    expect(await messageFrom(() => ml5.imageClassifier('MobileNet', narrow))).toBe(
      `ml5.imageClassifier: there is no such MobileNet.
  version  2
  alpha  0.25
  known  version 1: alpha 0.25, 0.5, 0.75, 1; version 2: 0.5, 0.75, 1
  Try: { version: 1, alpha: 0.25 }`,
    );
  });
});

describe('ml5.neuralNetwork', () => {
  const colours = () => {
    const nn = ml5.neuralNetwork({
      task: 'classification',
      inputs: ['r', 'g', 'b'],
      outputs: ['color'],
    });
    for (let i = 0; i < 12; i++) {
      nn.addData({ r: 255 - i, g: i, b: 2 * i }, { color: 'red' });
      nn.addData({ r: i, g: 2 * i, b: 255 - i }, { color: 'blue' });
    }
    nn.normalizeData();
    return nn;
  };

  itNeeds([wasm], 'learns classes', async () => {
    const nn = colours();
    const epochs: number[] = [];
    let logs: Record<string, number> = {};
    await new Promise<void>((finished) => {
      nn.train(
        { epochs: 20, batchSize: 8 },
        (epoch, told) => {
          epochs.push(epoch);
          logs = told;
        },
        () => finished(),
      );
    });
    expect(epochs).toHaveLength(20);
    expect(logs).toMatchObject({ acc: logs.accuracy, val_acc: logs.val_accuracy });
    const [best] = await nn.classify({ r: 250, g: 3, b: 9 });
    expect(best).toEqual({ label: 'red', confidence: best?.confidence, red: best?.confidence });
    const many = await nn.classifyMultiple([
      [250, 3, 9],
      [4, 3, 250],
    ]);
    expect(many.map(([first]) => first?.label)).toEqual(['red', 'blue']);
    const [atOnce] = nn.classifySync({ r: 250, g: 3, b: 9 });
    expect(atOnce?.label).toBe('red');
    expect(atOnce?.confidence).toBeCloseTo(best?.confidence ?? 0, 5);
  });

  itNeeds([wasm], 'learns numbers', async () => {
    const nn = ml5.neuralNetwork({ task: 'regression' });
    for (let x = 0; x < 40; x++)
      nn.addData([x], [3 * x + 10], { inputLabels: ['x'], outputLabels: ['y'] });
    nn.normalizeData();
    await nn.train({ epochs: 200, batchSize: 8 });
    const [y] = await nn.predict([20]);
    expect(y?.label).toBe('y');
    expect(Math.abs((y?.value ?? 0) - 70)).toBeLessThan(5);
    expect(y).toEqual({ label: 'y', value: y?.value, y: y?.value, unNormalizedValue: y?.value });
    const [atOnce] = nn.predictSync({ x: 20 });
    expect(atOnce?.value).toBeCloseTo(y?.value ?? 0, 3);
    expect((await nn.predictMultiple([[1], [2]])).flat()).toHaveLength(2);
  });

  itNeeds(
    [wasm],
    'follows its examples where no task was given, and numbers of columns',
    async () => {
      const nn = ml5.neuralNetwork(2, 1);
      nn.addData({ x: 0, y: 0 }, { side: 'left' });
      nn.addData({ x: 1, y: 0 }, { side: 'right' });
      await nn.train();
      expect((await nn.classify({ x: 1, y: 1 })).map(({ label }) => label).sort()).toEqual([
        'left',
        'right',
      ]);
      const lists = ml5.neuralNetwork(['a', 'b'], ['sum']);
      lists.addData([1, 2], [3]);
      lists.addData([2, 2], [4]);
      await lists.train({ epochs: 2 });
      expect((await lists.predict([1, 1]))[0]?.label).toBe('sum');
    },
  );

  itNeeds([wasm], 'keeps its own defaults whatever others were made', async () => {
    const layers = [
      {
        type: 'conv2d',
        filters: 2,
        kernelSize: 3,
        activation: 'relu',
        kernelInitializer: 'varianceScaling',
      },
      { type: 'flatten' },
      { type: 'dense', kernelInitializer: 'varianceScaling', activation: 'softmax' },
    ];
    const pictures = ml5.neuralNetwork({
      task: 'imageClassification',
      inputs: [6, 6, 4] as never,
      layers,
    });
    const grey = (value: number) => ({
      width: 6,
      height: 6,
      data: new Uint8ClampedArray(144).fill(value),
    });
    for (let i = 0; i < 6; i++) {
      pictures.addData({ image: grey(i) } as never, { label: 'dark' });
      pictures.addData({ image: grey(255 - i) } as never, { label: 'bright' });
    }
    await pictures.train({ epochs: 30, batchSize: 4 });
    expect((await pictures.classify({ image: grey(20) } as never))[0]?.label).toBe('dark');
    expect(await messageFrom(() => pictures.classifySync({ image: grey(1) } as never))).toMatch(
      /^ml5 classifySync: a network for pictures computes in the worker only/,
    );
    const nn = colours();
    await nn.train({ epochs: 20, batchSize: 8 });
    expect((await nn.classify([255, 0, 0]))[0]?.label).toBe('red');
  });

  it('evolves at once, the same way every time', async () => {
    const options = {
      inputs: 3,
      outputs: ['up', 'stay'],
      task: 'classification',
      neuroEvolution: true,
    };
    const a = ml5.neuralNetwork(options);
    const b = ml5.neuralNetwork({ ...options, noTraining: true });
    const x = [0.1, 0.9, 0.4];
    const before = a.classifySync(x);
    expect(before.map(({ label }) => label).sort()).toEqual(['stay', 'up']);
    expect(before.reduce((sum, { confidence }) => sum + confidence, 0)).toBeCloseTo(1);
    expect(b.classifySync(x)).not.toEqual(before);
    expect(await a.classify(x)).toEqual(before);

    const copy = a.copy();
    expect(copy.classifySync(x)).toEqual(before);
    copy.mutate(0);
    expect(copy.classifySync(x)).toEqual(before);
    copy.mutate(1, () => 0);
    expect(copy.classifySync(x)[0]?.confidence).toBeCloseTo(0.5);
    expect(a.classifySync(x)).toEqual(before);
    a.mutate(1);
    expect(a.classifySync(x)).not.toEqual(before);

    const child = a.crossover(b);
    child.mutate(0.1);
    expect(child.classifySync(x)).toHaveLength(2);
    const grown = (await child).crossover(await b.ready);
    expect(await grown.classifyMultiple([x, x])).toHaveLength(2);
  });

  it('evolves numbers, and layers of its own', () => {
    const options = {
      ...{ inputs: 2, outputs: 1, task: 'regression', neuroEvolution: true },
      layers: [
        { type: 'dense', units: 5, activation: 'tanh' },
        { type: 'dense', activation: 'linear' },
      ],
    };
    const nn = ml5.neuralNetwork(options);
    const [{ label, value } = { label: '', value: 0 }] = nn.predictSync([0.5, 0.5]);
    expect(label).toBe('output_0');
    expect(value).not.toBe(0);
    nn.mutate(1, () => 0);
    expect(nn.predictSync([0.5, 0.5])[0]?.value).toBe(0);
  });

  itNeeds([wasm], 'keeps evolving what it has learned', async () => {
    const nn = colours();
    await nn.train({ epochs: 20, batchSize: 8 });
    const copy = nn.copy();
    const row = [250, 3, 9];
    expect(copy.classifySync(row)).toEqual(nn.classifySync(row));
    nn.mutate(1, () => 0);
    expect((await nn.classify(row))[0]?.confidence).toBeCloseTo(0.5);
    expect(copy.classifySync(row)[0]?.label).toBe('red');
  });

  it.each([
    [
      'no task',
      () => ml5.neuralNetwork().train(),
      'ml5 train: nothing tells what the network is for',
    ],
    [
      'a layer',
      () => ml5.neuralNetwork({ layers: [{ type: 'dens' }, { type: 'dense' }] }),
      "Try: { type: 'dense' }",
    ],
    [
      'a picture that evolves',
      () => ml5.neuralNetwork({ task: 'imageClassification', neuroEvolution: true }),
      'a network for pictures cannot evolve',
    ],
    [
      'examples for evolution',
      () =>
        ml5
          .neuralNetwork({ task: 'regression', inputs: 1, outputs: 1, neuroEvolution: true })
          .addData([1], [2]),
      'ml5 addData: this network evolves, and does not learn from examples',
    ],
    [
      'sync too early',
      () => ml5.neuralNetwork({ task: 'classification' }).classifySync([1]),
      'ml5 classifySync: the network has no weights yet',
    ],
    [
      'the other verb',
      () => ml5.neuralNetwork({ task: 'regression' }).classifySync([1]),
      'Try: predictSync()',
    ],
    [
      'labels',
      () => ml5.neuralNetwork().addData([1, 2], ['a'], { inputLabels: ['x'] }),
      'ml5 addData: there must be one label for each value',
    ],
    [
      'a strange parent',
      () =>
        ml5
          .neuralNetwork({ task: 'regression', inputs: 1, outputs: 1, noTraining: true })
          .crossover({} as never),
      'ml5 crossover: this is no network',
    ],
    [
      'the last layer',
      () =>
        ml5.neuralNetwork({
          task: 'regression',
          inputs: 1,
          outputs: 1,
          noTraining: true,
          layers: [
            { type: 'dense', units: 2 },
            { type: 'dense', units: 3 },
          ],
        }),
      'the last layer gives another number of values',
    ],
  ])('teaches: %s', async (_, call, message) => {
    expect(await messageFrom(call)).toContain(message);
  });

  itNeeds([wasm], 'reads networks that ml5 saved at three addresses', async () => {
    const saved = new Map<string, Uint8Array<ArrayBuffer>>();
    vi.stubGlobal('document', { createElement: () => link });
    const links: { href: string; download: string }[] = [];
    const link = { href: '', download: '', click: () => links.push({ ...link }) };
    const nn = colours();
    await nn.train({ epochs: 20, batchSize: 8 });
    await nn.save('colours');
    for (const { href, download } of links) {
      const response = await fetch(href);
      saved.set(download, new Uint8Array(await response.arrayBuffer()));
    }
    vi.unstubAllGlobals();
    expect([...saved.keys()].sort()).toEqual([
      ...['colours.json', 'colours.optimizer.bin', 'colours.weights.bin', 'colours_meta.json'],
    ]);
    const other = ml5.neuralNetwork({ task: 'classification' });
    await other.load(saved);
    expect(other.classifySync([250, 3, 9])[0]).toEqual(nn.classifySync([250, 3, 9])[0]);
  });
});

describe('the table of tasks', () => {
  it('has one line for each file', () => {
    const table = readFileSync(resolve('web/src/ml5/tasks.ts'), 'utf8');
    for (const name of Object.keys(tasks)) expect(table).toContain(`export * from './${name}.js';`);
  });
});
