// Tensors from arrays and typed arrays, and what does not fit.
import { describe, expect, it } from 'vitest';
import { type DType, tensor } from '../../web/src/tensor.js';
import { messageFrom } from './fixtures.js';

describe('tensor', () => {
  it.each([
    [
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      [2, 3],
      'float32',
    ],
    [7, [], 'float32'],
    [[], [0], 'float32'],
    [[[], []], [2, 0], 'float32'],
    [[true, false], [2], 'bool'],
    [[true, 2], [2], 'float32'],
    [[[[1]]], [1, 1, 1], 'float32'],
  ])('finds the shape and type of %j', (data, shape, dtype) => {
    const made = tensor(data);
    expect([made.shape, made.dtype]).toEqual([shape, dtype]);
    expect(Array.from(made.data)).toEqual([data].flat(9).map(Number));
  });

  it.each([
    [new Float32Array(6), 'float32'],
    [new Int32Array(6), 'int32'],
    [new Uint8Array(6), 'uint8'],
    [new Int8Array(6), 'int8'],
  ] as const)('uses a %o without a copy', (data, dtype) => {
    const made = tensor(data, [2, 3]);
    expect(made).toEqual({ data, shape: [2, 3], dtype });
    expect(made.data).toBe(data);
  });

  it('takes pixels and doubles', () => {
    expect(tensor(new Uint8ClampedArray([1, 2])).dtype).toBe('uint8');
    expect(tensor(new Float64Array([0.5]))).toEqual(tensor([0.5]));
  });

  it('keeps its own copy of the shape', () => {
    const shape = [2];
    const made = tensor([1, 2], shape);
    shape[0] = 9;
    expect(made.shape).toEqual([2]);
  });

  it.each([
    [[1, 2, 255], 'uint8', [1, 2, 255]],
    [[-128, 127], 'int8', [-128, 127]],
    [[-2147483648], 'int32', [-2147483648]],
    [[0, 1], 'bool', [0, 1]],
  ] as const)('converts %j to %s', (data, dtype, expected) => {
    expect(Array.from(tensor(data, undefined, dtype).data)).toEqual(expected);
  });

  it('takes integers of a typed array for float32', () => {
    expect(tensor(new Uint8Array([3]), [1], 'float32').data).toEqual(new Float32Array([3]));
  });

  it.each([
    ['uint8', 256],
    ['uint8', -1],
    ['int8', 128],
    ['int32', 2147483648],
    ['int32', 0.5],
    ['bool', 2],
    ['uint8', Number.NaN],
  ] as [DType, number][])('refuses to round or cut for %s: %d', async (dtype, value) => {
    const message = await messageFrom(() => tensor([0, value], [2], dtype));
    expect(message).toMatch(`tensor: ${value} does not fit ${dtype}.\n  element  1\n`);
  });

  it('names the row that has another length', async () => {
    expect(await messageFrom(() => tensor([[1, 2], [3]]))).toBe(
      'tensor: all rows at one depth must have the same length.\n' +
        '  data[1]  1 long\n  the first  2\n  Try: rows of equal length',
    );
  });

  it.each([[[1, [2]]], [[[1], 2]], [[[], [1]]]])('refuses the ragged %j', async (data) => {
    expect(await messageFrom(() => tensor(data as number[]))).toMatch('the same length');
  });

  it('says how many elements fit', async () => {
    expect(await messageFrom(() => tensor([1, 2, 3], [2, 2]))).toBe(
      'tensor: the shape does not fit the data.\n' +
        '  shape  [2, 2], which is 4 elements\n  data  3 elements\n' +
        '  Try: a shape whose sizes multiply to 3',
    );
  });

  it.each([[[-1, 3]], [[1.5, 2]], [JSON.parse('["3"]') as number[]]])(
    'refuses shape %j',
    async (shape) => {
      expect(await messageFrom(() => tensor([1, 2, 3], shape))).toMatch(
        'tensor: every size of the shape must be a whole number from 0',
      );
    },
  );

  it.each([
    [{}, 'every element must be a number'],
    [[1, null], 'every element must be a number'],
    ['12', 'every element must be a number'],
    [new BigInt64Array(2), 'a BigInt64Array is not taken'],
    [new Uint16Array(2), 'a Uint16Array is not taken'],
  ])('refuses %o', async (data, expected) => {
    expect(await messageFrom(() => tensor(data as number[]))).toMatch(expected);
  });

  it('names the known types', async () => {
    const call = () => tensor([1], [1], 'int64' as DType);
    expect(await messageFrom(call)).toMatch('there is no type "int64".\n  known  float32, int32');
  });
});
