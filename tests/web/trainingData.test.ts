// Samples in all the forms that fit() takes, as rows of numbers.
import { describe, expect, it } from 'vitest';
import { dataSet, rangeOf, readRows, slice } from '../../web/src/layers/data.js';
import type { Samples } from '../../web/src/layers/layersModel.js';
import { tensor } from '../../web/src/tensor.js';
import { messageFrom } from './fixtures.js';

const port = (shape: number[], name = 'x', dtype: 'float32' | 'int32' = 'float32') => {
  return { name, shape: [-1, ...shape], dtype };
};

const read = (given: Samples, ports = [port([2])]) => readRows('fit', 'x', ports, given);

describe('readRows', () => {
  it.each([
    [
      'nested arrays',
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    ],
    ['numbers that fill the rows', new Float32Array([1, 2, 3, 4, 5, 6])],
    ['doubles', new Float64Array([1, 2, 3, 4, 5, 6])],
    ['bytes', new Uint8Array([1, 2, 3, 4, 5, 6])],
    ['a tensor', tensor([1, 2, 3, 4, 5, 6], [3, 2])],
    [
      'a typed array for each sample',
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ].map((row) => new Float32Array(row)),
    ],
    [
      'the name of the input',
      {
        x: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      },
    ],
  ])('takes %s', (_, given) => {
    const { samples, tensors } = read(given as Samples);
    expect(samples).toBe(3);
    expect(tensors[0]?.shape).toEqual([3, 2]);
    expect(Array.from(tensors[0]?.data ?? [])).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('takes one number for a row of one', () => {
    expect(read([1, 2, 3], [port([1])]).tensors[0]?.shape).toEqual([3, 1]);
    expect(read([[1], [2], [3]], [port([], 'y', 'int32')]).tensors[0]).toEqual({
      data: new Int32Array([1, 2, 3]),
      shape: [3],
      dtype: 'int32',
    });
  });

  it('takes sizes that the model leaves open', () => {
    expect(read(tensor(new Float32Array(24), [2, 3, 4]), [port([-1, 4])]).samples).toBe(2);
  });

  it('takes several inputs by name and in order', () => {
    const ports = [port([2], 'a'), port([1], 'b')];
    const named = read(
      {
        b: [5, 6],
        a: [
          [1, 2],
          [3, 4],
        ],
      },
      ports,
    );
    expect(named.tensors.map(({ shape }) => shape)).toEqual([
      [2, 2],
      [2, 1],
    ]);
    expect(
      read(
        [
          [
            [1, 2],
            [3, 4],
          ],
          [5, 6],
        ],
        ports,
      ),
    ).toEqual(named);
  });

  it.each([
    [[[1, 2, 3]], 'fit: x has another shape than the model.\n  wanted  [?, 2]\n  given  [1, 3]'],
    [new Float32Array(3), 'fit: x does not fill the shape of the model'],
    ['words', 'fit: x must be numbers.\n  given  "words"'],
    [{ y: [[1, 2]] }, 'fit: x has no "y".\n  known  x\n  Try: x'],
    [[], 'fit: x has another shape than the model'],
    [new Float32Array(0), 'fit: there are no samples'],
    [[new Float32Array(2), new Float32Array(3)], 'fit: x must have samples of equal length'],
  ])('refuses %j', async (given, expected) => {
    expect(await messageFrom(() => read(given as Samples))).toContain(expected);
  });

  it('refuses inputs that do not belong together', async () => {
    const ports = [port([2], 'a'), port([1], 'b')];
    expect(await messageFrom(() => read({ a: [[1, 2]], b: [1, 2] }, ports))).toMatch(
      'fit: all of x must have as many samples.\n  x.a  1\n  x.b  2',
    );
    expect(await messageFrom(() => read({ a: [[1, 2]] }, ports))).toMatch(
      'fit: x.b must be numbers',
    );
    expect(await messageFrom(() => read([[1, 2]], ports))).toMatch(
      'fit: x must hold something for each of 2 names',
    );
    const words = port([2], 'words', 'int32');
    expect(await messageFrom(() => read([[1, 2.5]], [words]))).toMatch(
      'fit: x must be whole numbers.\n  element 1  2.5\n  wanted  int32',
    );
  });
});

describe('dataSet', () => {
  const x = read([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  const labels = readRows(
    'fit',
    'y',
    [port([3])],
    [
      [1, 0, 0],
      [0, 0, 1],
      [0, 0, 1],
    ],
  );
  const numbers = { ...port([], 'y', 'int32'), classes: 3 };

  it('weighs classes by where a row is largest, and samples', () => {
    expect(dataSet('fit', x, labels).w).toEqual([null]);
    const weights = { classWeight: { 2: 5 }, sampleWeight: [1, 1, 0.5] };
    expect(dataSet('fit', x, labels, weights).w).toEqual([new Float32Array([1, 5, 2.5])]);
    const named = readRows('fit', 'y', [numbers], [0, 2, 2]);
    expect(dataSet('fit', x, named, { ...weights, trained: 2 }).w).toEqual([
      new Float32Array([1, 5, 0.5]),
    ]);
  });

  it('refuses weights of classes that there are not, or that no sample has alone', async () => {
    const classWeight = { 3: 1 };
    expect(await messageFrom(() => dataSet('fit', x, labels, { classWeight }))).toBe(
      'fit: classWeight names a class that there is not.\n  given  "3"\n  classes  0 to 2\n' +
        '  Try: classWeight: { 0: 1, 1: 5 }',
    );
    const steps = readRows(
      'fit',
      'y',
      [{ ...port([2], 'y', 'int32'), classes: 3 }],
      [
        [0, 1],
        [1, 2],
        [2, 0],
      ],
    );
    expect(await messageFrom(() => dataSet('fit', x, steps, { classWeight: { 1: 2 } }))).toBe(
      'fit: classWeight is for models that tell one class of each sample.\n  outputs  [?, 2]\n' +
        '  Try: sampleWeight',
    );
  });

  it('refuses numbers of classes that the model does not have', async () => {
    for (const given of [
      [0, 3, 1],
      [0, -1, 1],
    ]) {
      expect(await messageFrom(() => readRows('fit', 'y', [numbers], given))).toBe(
        `fit: y names a class that there is not.\n  row  1\n  given  ${given[1]}\n` +
          '  classes  0 to 2\n  Try: classes counted from 0, and as many units in the last layer ' +
          'as there are classes',
      );
    }
  });

  it('tells which loss takes rows of another shape', async () => {
    const wanted = { ...numbers, instead: "loss: 'categoricalCrossentropy'" };
    expect(await messageFrom(() => readRows('fit', 'y', [wanted], [[0, 0, 1]]))).toBe(
      "fit: y has another shape than the model.\n  wanted  [?]\n  given  [1, 3]\n  Try: loss: 'categoricalCrossentropy'",
    );
  });

  it('refuses x and y of different lengths', async () => {
    const y = readRows('fit', 'y', [port([1])], [1]);
    expect(await messageFrom(() => dataSet('fit', x, y))).toBe(
      'fit: x and y must have as many samples.\n  x  3\n  y  1\n' +
        '  Try: one row of y for each row of x',
    );
  });
});

it('slices rows without a copy, and knows their range', () => {
  const rows = read([
    [1, -2],
    [3, 4],
    [Number.NaN, 6],
  ]);
  const [part] = slice(rows, 1, 2);
  expect(part?.shape).toEqual([2, 2]);
  expect(part?.data.buffer).toBe(rows.tensors[0]?.data.buffer);
  expect(rangeOf(rows)).toEqual({ least: -2, largest: 6, bad: 2 });
});
