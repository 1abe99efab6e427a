// neuralNetwork: examples in all their forms, tables, pictures, and what it learns of them.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dense, neuralNetwork } from '../../web/src/index.js';
import { readMeta, writeMeta } from '../../web/src/tasks/columns.js';
import { Examples, type Expectation } from '../../web/src/tasks/examples.js';
import { readTable, resized, typed } from '../../web/src/tasks/tables.js';
import { itNeeds, messageFrom, models, wasm } from './fixtures.js';

const tabular = resolve(models, '../data/tabular');
const folder = () => mkdtempSync(join(tmpdir(), 'gesso-'));

const expecting = (given: Partial<Expectation> = {}): Expectation => ({
  ...{ task: 'classification', inputs: undefined, outputs: undefined },
  ...given,
});

describe('examples', () => {
  it('are lists, objects or single values', () => {
    const examples = new Examples(expecting());
    examples.add('addData', [255, 0, 0], 'red');
    examples.add('addData', { input_0: 0, input_2: 255, input_1: 0 }, { label: 'blue' });
    examples.add('addData', new Float32Array([0, 250, 0]), ['green']);
    expect(examples.rows.map(({ xs, ys }) => [...xs, ...ys])).toEqual([
      [255, 0, 0, 'red'],
      [0, 0, 255, 'blue'],
      [0, 250, 0, 'green'],
    ]);
    expect(examples.inputs[1]).toEqual({
      ...{ kind: 'number', name: 'input_1', least: 0, largest: 250 },
    });
    expect(examples.outputs).toEqual([
      { kind: 'word', name: 'label', words: ['red', 'blue', 'green'] },
    ]);
  });

  it('become numbers: normalized, or as they are, and one for each word', () => {
    const examples = new Examples(expecting({ inputs: ['size', 'kind'] }));
    examples.add('addData', [10, 'a'], 0);
    examples.add('addData', [30, 'b'], 1);
    examples.add('addData', [20, 'a'], 1);
    const x = () =>
      Array.from(
        examples.tensor(
          'train',
          examples.inputs,
          examples.rows.map(({ xs }) => xs),
        ).data,
      );
    expect(x()).toEqual([10, 1, 0, 30, 0, 1, 20, 1, 0]);
    examples.normalized = true;
    expect(x()).toEqual([0, 1, 0, 1, 0, 1, 0.5, 1, 0]);
    const y = examples.tensor(
      'train',
      examples.outputs,
      examples.rows.map(({ ys }) => ys),
    );
    expect(Array.from(y.data)).toEqual([1, 0, 0, 1, 0, 1]);
  });

  it('can be pictures', async () => {
    const task = 'imageClassification' as const;
    const examples = new Examples(expecting({ task, inputs: [2, 1, 3] }));
    const data = new Uint8Array([255, 0, 0, 255, 0, 0, 255, 255]);
    await examples.add('addData', { image: { width: 2, height: 1, data } } as never, 'flag');
    examples.add('addData', [1, 2, 3, 4, 5, 6], 'list');
    const { data: x, shape } = examples.tensor(
      'train',
      examples.inputs,
      examples.rows.map(({ xs }) => xs),
    );
    expect(shape).toEqual([2, 1, 2, 3]);
    expect(Array.from(x.slice(0, 6))).toEqual([1, 0, 0, 0, 0, 1]);
    expect(x[11]).toBeCloseTo(6 / 255);
  });

  it.each([
    [[1, null], 'a', 'addData: a value is missing.\n  in  example 2, column "input_1"'],
    [
      [1, 'x'],
      'a',
      'addData: a value is not a number.\n  in  example 2, column "input_1"\n  given  "x"',
    ],
    [[1, Number.NaN], 'a', 'addData: a value is not a number'],
    [
      [1],
      'a',
      'addData: the row has another number of inputs.\n  given  1\n  wanted  2: input_0, input_1',
    ],
    [[1, 2], '', 'addData: a value is missing.\n  in  example 2, column "label"'],
    [
      { input_0: 1, inputt_1: 2 },
      'a',
      'addData: there is no input "inputt_1".\n  known  input_0, input_1\n  Try: input_1',
    ],
    [
      [1, { width: 1, height: 1, data: new Uint8Array(4) }],
      'a',
      'takes numbers and words, not pictures',
    ],
  ])('refuses %j', async (xs, ys, expected) => {
    const examples = new Examples(expecting());
    examples.add('addData', [1, 2], 'a');
    const message = await messageFrom(() => examples.add('addData', xs as never, ys));
    expect(message).toContain(expected);
    expect(examples.rows).toHaveLength(1);
  });
});

describe('tables', () => {
  it('are CSV, or JSON in any of its forms', () => {
    const rows = [{ a: '1', b: 'x' }];
    expect(readTable('t', 'a,b\n1,x\n').rows).toEqual(rows);
    expect(readTable('t', JSON.stringify(rows)).rows).toEqual(rows);
    expect(readTable('t', JSON.stringify({ entries: rows })).rows).toEqual(rows);
    expect(readTable('t', 'a,b\n1,x\n').lineOf(0)).toBe('line 2');
  });

  it.each([
    ['a,a\n1,2', 't: two columns are called "a"'],
    ['a,b\n1', 't: a row has another number of cells than the first line.\n  line  2'],
    ['{"data": 3}', 't: there is no list of examples'],
    ['{"data": [3]}', 't: a row is not an object.\n  row  1'],
    ['{"data": [', 't: this is not JSON'],
  ])('refuse %j', async (text, expected) => {
    expect(await messageFrom(() => readTable('t', text))).toContain(expected);
  });

  it('hold numbers where most cells are numbers', () => {
    expect(typed(['1', '2.5', 'NA'], false)).toEqual([1, 2.5, 'NA']);
    expect(typed(['1', '2.5', ''], false)).toEqual([1, 2.5, '']);
    expect(typed(['a', 'b', '3'], false)).toEqual(['a', 'b', '3']);
    expect(typed(['0', 1], true)).toEqual(['0', '1']);
  });
});

describe('loadData', () => {
  const csv = 'x,y,kind\n1,2,a\n3,4,b\n5,NA,a\n';

  it('names line and column of what is not a number, and takes nothing', async () => {
    const network = neuralNetwork({
      task: 'classification',
      inputs: ['x', 'y'],
      outputs: ['kind'],
    });
    expect(await messageFrom(() => network.loadData(csv))).toBe(
      'loadData: a value is not a number.\n  in  line 4, column "y"\n  given  "NA"\n' +
        '  Try: a number there, or leave the row out',
    );
    expect(network.size).toBe(0);
    await network.loadData(csv.replace('NA', '6'));
    expect(network.size).toBe(3);
  });

  it('asks which columns are meant', async () => {
    const network = neuralNetwork({ task: 'classification' });
    expect(await messageFrom(() => network.loadData(csv))).toBe(
      'loadData: it must be said which columns are inputs.\n  columns  x, y, kind\n' +
        "  Try: loadData(file, { inputs: ['x'], outputs: ['kind'] })",
    );
    const wrong = { inputs: ['x', 'z'], outputs: ['kind'] };
    expect(await messageFrom(() => network.loadData(csv, wrong))).toMatch(
      'loadData: there is no column "z"',
    );
    expect(await messageFrom(() => network.loadData('./nowhere.csv'))).toMatch(
      'loadData: the file is not there',
    );
    expect(await messageFrom(() => network.loadData(csv, { input: ['x'] } as never))).toMatch(
      'loadData: there is no option "input"',
    );
  });

  it('reads back what saveData wrote', async () => {
    const network = neuralNetwork({ task: 'regression', inputs: ['x'], outputs: ['y'] });
    await network.addData([1], [2]);
    await network.addData({ x: 3 }, { y: 4 });
    const where = folder();
    await network.saveData(where);
    expect(JSON.parse(readFileSync(join(where, 'data.json'), 'utf8'))).toEqual({
      data: [
        { xs: { x: 1 }, ys: { y: 2 } },
        { xs: { x: 3 }, ys: { y: 4 } },
      ],
    });
    const other = neuralNetwork({ task: 'regression' });
    await other.loadData(join(where, 'data.json'));
    expect(other.size).toBe(2);
  });

  itNeeds([join(tabular, 'penguins.csv')], 'finds what is missing in a real table', async () => {
    const network = neuralNetwork({
      ...{ task: 'classification', outputs: ['species'] },
      inputs: ['bill_length_mm', 'bill_depth_mm', 'flipper_length_mm', 'body_mass_g'],
    });
    expect(await messageFrom(() => network.loadData(join(tabular, 'penguins.csv')))).toMatch(
      /^penguins\.csv: a value is (missing|not a number)\.\n {2}in {2}line 5, column "bill_length_mm"/,
    );
  });
});

describe('the file about the columns', () => {
  const inputs = [
    { kind: 'number' as const, name: 'x', least: -1, largest: 5 },
    { kind: 'word' as const, name: 'kind', words: ['b', 'a'] },
  ];
  const outputs = [{ kind: 'word' as const, name: 'label', words: ['10', '9', 'x'] }];

  it('is read as it was written, also where classes look like numbers', () => {
    const text = JSON.stringify(writeMeta(inputs, outputs, true));
    expect(readMeta('m', text)).toEqual({ inputs, outputs, isNormalized: true });
  });

  it.each([
    ['{', 'it is not JSON'],
    ['{"inputs": {}}', 'inputs'],
    ['{"inputs": {"x": {"dtype": "number"}}, "outputs": {"y": {"dtype": "what"}}}', 'y'],
    ['{"inputs": {"x": {"dtype": "string", "legend": {"a": [0, 0]}}}, "outputs": {"y": {}}}', 'x'],
  ])('is refused: %s', async (text, field) => {
    expect(await messageFrom(() => readMeta('m', text))).toMatch(
      `m: this does not tell the columns of a network.\n  field  ${field}\n`,
    );
  });
});

describe('resized', () => {
  it('takes the mean of the pixels under each cell', () => {
    const data = new Uint8Array([10, 20, 30, 255, 30, 40, 50, 255, 0, 0, 0, 255, 0, 0, 0, 255]);
    const pixels = { width: 4, height: 1, data };
    expect(Array.from(resized(pixels, [2, 1, 3]))).toEqual([20, 30, 40, 0, 0, 0]);
    expect(resized(pixels, [2, 1, 1])[0]).toBeCloseTo(0.299 * 20 + 0.587 * 30 + 0.114 * 40, 4);
    expect(resized(pixels, [8, 2, 4])).toHaveLength(64);
  });
});

describe('neuralNetwork', () => {
  it.each([
    [{}, 'neuralNetwork: task is missing'],
    [{ task: 'clasification' }, 'neuralNetwork: task must be one of classification, regression'],
    [{ task: 'regression', hidden: 3 }, 'neuralNetwork: there is no option "hidden"'],
    [
      { task: 'regression', layers: [dense({ units: 2 })], hiddenUnits: 3 },
      'neuralNetwork: layers and hiddenUnits cannot be given together',
    ],
    [{ task: 'imageClassification', inputs: 3 }, 'inputs must be [width, height, channels]'],
    [{ task: 'regression', inputs: [2, 2, 1] }, '[width, height, channels] is for pictures only'],
    [{ task: 'regression', neuroEvolution: true }, 'must be told what goes in and comes out'],
  ])('refuses %j', async (options, expected) => {
    expect(await messageFrom(() => neuralNetwork(options as never))).toContain(expected);
  });

  it('says what is missing before it has learned', async () => {
    const network = neuralNetwork({ task: 'classification' });
    expect(await messageFrom(() => network.train())).toMatch('train: there are no examples');
    expect(await messageFrom(() => network.normalizeData())).toMatch('there are no examples');
    expect(await messageFrom(() => network.classify([1]))).toMatch(
      'classify: the network has not learned anything yet',
    );
    expect(await messageFrom(() => network.predict([1]))).toMatch(
      'predict: this network gives classes, not numbers.\n  Try: classify()',
    );
    network.addData([1], 'a');
    expect(await messageFrom(() => network.train())).toMatch(
      'train: all examples belong to the same class.\n  class  "a"\n  examples  1',
    );
    expect(await messageFrom(() => network.train({ epoch: 3 } as never))).toMatch(
      'train: there is no option "epoch"',
    );
  });

  itNeeds([wasm], 'learns classes', async () => {
    const network = neuralNetwork({ task: 'classification', inputs: ['r', 'g', 'b'] });
    for (let i = 0; i < 60; i++) {
      const other = (i * 37) % 100;
      network.addData([200 + (i % 50), other, other], 'red');
      network.addData([other, other, 200 + (i % 50)], 'blue');
    }
    await network.normalizeData();
    const epochs: number[] = [];
    let finished = 0;
    await network.train(
      { epochs: 20 },
      (epoch, { loss, accuracy }) => {
        epochs.push(epoch);
        expect([loss, accuracy].every(Number.isFinite)).toBe(true);
      },
      () => finished++,
    );
    expect([epochs.length, finished]).toEqual([20, 1]);
    const [best, second] = await network.classify({ r: 240, g: 20, b: 30 });
    expect(best).toMatchObject({ label: 'red', index: 0 });
    expect((best?.confidence ?? 0) + (second?.confidence ?? 0)).toBeCloseTo(1, 5);
    expect(best?.confidence).toBeGreaterThan(0.9);
    const many = await network.classifyMultiple([
      [250, 0, 0],
      [0, 0, 250],
    ]);
    expect(many.map(([first]) => first?.label)).toEqual(['red', 'blue']);

    const where = folder();
    await network.save(where);
    const other = neuralNetwork({ task: 'classification' });
    await other.load(join(where, 'model.json'));
    expect(await other.classify([240, 20, 30])).toEqual([best, second]);
    expect(await messageFrom(() => other.classify({ r: 1, g: 2 }))).toMatch(
      'classify: a value is missing.\n  in  row 0, column "b"',
    );
  });

  itNeeds([wasm], 'learns numbers, and gives them back in their own units', async () => {
    const network = neuralNetwork({ task: 'regression', inputs: ['x'], outputs: ['y', 'z'] });
    for (let x = 0; x <= 100; x += 2) network.addData([x], { y: 3 * x + 100, z: -x });
    await network.normalizeData();
    await network.train({ epochs: 120, batchSize: 8 });
    const [y, z] = await network.predict([50]);
    expect(y?.label).toBe('y');
    expect(y?.value).toBeGreaterThan(235);
    expect(y?.value).toBeLessThan(265);
    expect(z?.value).toBeGreaterThan(-60);
    expect(z?.value).toBeLessThan(-40);
  });

  itNeeds([wasm], 'keeps to what it has learned while examples come', async () => {
    const network = neuralNetwork({ task: 'regression' });
    for (let x = 0; x < 10; x++) network.addData([x], [100 * x]);
    await network.normalizeData();
    await network.train({ epochs: 20 });
    const before = await network.predict([5]);
    await network.addData([-5], [1e6]);
    expect(await network.predict([5])).toEqual(before);
    const words = neuralNetwork({ task: 'classification' });
    words.addData(['a'], 'x');
    words.addData(['b'], 'y');
    await words.train();
    const known = await words.classify(['a']);
    await words.addData(['c'], 'z');
    expect(await words.classify(['a'])).toEqual(known);
    expect(await messageFrom(() => words.classify(['c']))).toMatch('has never seen this word');
    await words.train();
    expect(await words.classify(['c'])).toHaveLength(3);
  });

  itNeeds([wasm], 'can be trained again after its numbers got out of hand', async () => {
    const network = neuralNetwork({ task: 'classification' });
    network.addData([1e30, 2], 'a');
    network.addData([2, 3], 'b');
    expect(await messageFrom(() => network.train({ learningRate: 1e30 }))).toMatch(
      'the loss is no longer a number',
    );
    await network.normalizeData();
    await network.train();
    expect(await network.classify([1e30, 2])).toHaveLength(2);
  });

  it('is trained once at a time', async () => {
    const network = neuralNetwork({ task: 'classification' });
    network.addData([1], 'a');
    network.addData([2], 'a');
    const first = messageFrom(() => network.train());
    expect(await messageFrom(() => network.train())).toBe(
      'train: this network is being trained.\n  Try: await train(), or stop() it first',
    );
    expect(await first).toMatch('train: all examples belong to the same class');
    expect(await messageFrom(() => network.train())).toMatch('belong to the same class');
  });

  it('refuses classes that it was not told of, and words to regress to', async () => {
    const sides = neuralNetwork({ task: 'classification', outputs: ['left', 'right'] });
    await sides.addData([1], 'right');
    expect(await messageFrom(() => sides.addData([1], 'lft'))).toBe(
      'addData: the network was told of no such class.\n  in  example 2\n  given  "lft"\n' +
        '  outputs  left, right\n  Try: left',
    );
    expect(sides.size).toBe(1);
    const numbers = neuralNetwork({ task: 'regression' });
    expect(await messageFrom(() => numbers.addData([1], ['far']))).toBe(
      'addData: a regression learns numbers.\n  in  example 1, column "output_0"\n' +
        '  given  "far"\n  Try: task: \'classification\' for words',
    );
  });

  itNeeds([wasm], 'learns pictures', async () => {
    const network = neuralNetwork({
      ...{ task: 'imageClassification', inputs: [16, 16, 1], seed: 1 },
    });
    const bar = (at: number, upright: boolean) => {
      const data = new Uint8Array(16 * 16 * 4);
      for (let i = 0; i < 16; i++) {
        const pixel = upright ? i * 16 + at : at * 16 + i;
        data.fill(255, 4 * pixel, 4 * pixel + 4);
      }
      return { width: 16, height: 16, data };
    };
    for (let at = 0; at < 16; at++) {
      network.addData(bar(at, true), 'upright');
      network.addData({ image: bar(at, false) }, { label: 'flat' });
    }
    await network.train({ epochs: 30, batchSize: 8 });
    const [upright] = await network.classify(bar(7, true));
    const [flat] = await network.classify(bar(4, false));
    expect([upright?.label, flat?.label]).toEqual(['upright', 'flat']);
  });

  itNeeds([wasm], 'evolves', async () => {
    const options = { task: 'classification', inputs: 3, outputs: ['left', 'right'] } as const;
    const one = await neuralNetwork({ ...options, neuroEvolution: true, seed: 5 });
    const two = await neuralNetwork({ ...options, neuroEvolution: true, seed: 5 });
    const ask = (network: typeof one) => network.classify([0.5, -1, 2]);
    const copy = await one.copy();
    const before = await ask(one);
    expect(before.map(({ label }) => label).sort()).toEqual(['left', 'right']);
    expect(await ask(copy)).toEqual(before);
    expect(await ask(two)).not.toEqual(before);
    await copy.mutate(1);
    expect(await ask(copy)).not.toEqual(before);
    expect(await ask(one)).toEqual(before);
    const child = await one.crossover(two);
    const weights = async (network: typeof one) =>
      Object.values(await (await network.model()).getWeights()).flatMap(({ data }) => [...data]);
    const [mine, his, its] = await Promise.all([one, two, child].map(weights));
    expect(its?.every((value, i) => value === mine?.[i] || value === his?.[i])).toBe(true);
    expect(its).not.toEqual(mine);
    expect(await messageFrom(() => one.mutate(2))).toMatch('mutate: the rate must be a number');
    const third = await neuralNetwork({ ...options, inputs: 4, neuroEvolution: true });
    expect(await messageFrom(() => one.crossover(third))).toMatch('are not built alike');
    for (const each of [one, two, third, copy, child]) each.dispose();
  });

  itNeeds([wasm], "loads what ml5 saved: its files' names, order and scale", async () => {
    const where = folder();
    // What ml5 1.x writes for a network of two inputs and a hidden layer of two.
    const meta = {
      inputUnits: [2],
      outputUnits: 2,
      inputs: { x: { dtype: 'number', min: 0, max: 10 }, y: { dtype: 'number', min: 0, max: 20 } },
      outputs: {
        label: {
          ...{ dtype: 'string', min: 0, max: 1, uniqueValues: ['up', '7'] },
          legend: { 7: [0, 1], up: [1, 0] },
        },
      },
      isNormalized: true,
    };
    const layer = (name: string, activation: string, more = {}) => ({
      class_name: 'Dense',
      config: { name, units: 2, activation, use_bias: true, trainable: true, ...more },
    });
    const shape = { batch_input_shape: [null, 2], dtype: 'float32' };
    const weights = ['d1/kernel', 'd1/bias', 'd2/kernel', 'd2/bias'].map((name) => {
      return { name, shape: name.endsWith('kernel') ? [2, 2] : [2], dtype: 'float32' };
    });
    const model = {
      modelTopology: {
        class_name: 'Sequential',
        config: {
          name: 'sequential_1',
          layers: [layer('d1', 'linear', shape), layer('d2', 'softmax')],
        },
        keras_version: 'tfjs-layers 4.8.0',
        backend: 'tensor_flow.js',
      },
      weightsManifest: [{ paths: ['./net.weights.bin'], weights }],
    };
    writeFileSync(join(where, 'net.json'), JSON.stringify(model));
    writeFileSync(join(where, 'net_meta.json'), JSON.stringify(meta));
    const values = new Float32Array([1, 0, 0, 1, 0, 0, 4, 0, 0, 4, 0, 0]);
    writeFileSync(join(where, 'net.weights.bin'), values);

    const expected = Math.exp(4 * 0.9) / (Math.exp(4 * 0.9) + Math.exp(4 * 0.5));
    const check = async (network: ReturnType<typeof neuralNetwork>) => {
      const [best] = await network.classify({ x: 9, y: 10 });
      expect(best?.label).toBe('up');
      expect(best?.confidence).toBeCloseTo(expected, 5);
      expect((await network.classify([1, 20]))[0]?.label).toBe('7');
      network.dispose();
    };
    const byPath = neuralNetwork({ task: 'classification' });
    await byPath.load(join(where, 'net.json'));
    await check(byPath);
    const byFiles = neuralNetwork({ task: 'classification' });
    const names = ['net.json', 'net_meta.json', 'net.weights.bin'];
    await byFiles.load(names.map((name) => new File([readFileSync(join(where, name))], name)));
    await check(byFiles);
  });
});
