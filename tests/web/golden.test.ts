// The input pattern and the comparison of golden files.
import { describe, expect, it } from 'vitest';
import { compareOutput, goldenInput } from '../../web/src/golden.js';
import { tensor } from '../../web/src/tensor.js';

describe('goldenInput', () => {
  const pattern = {
    name: 'x',
    shape: [40000],
    dtype: 'float32',
    lo: -1,
    hi: 1,
    integer: false,
  } as const;

  it('follows the formula exactly, far beyond 53 bits', () => {
    const { data } = goldenInput({ ...pattern, shape: [40000] }, 'float32');
    for (const i of [0, 1, 2, 1000, 39999]) {
      const hash = Number((BigInt(i) * 2654435761n + 12345n) % 2n ** 32n);
      expect(data[i]).toBe(Math.fround(-1 + (2 * hash) / 2 ** 32));
    }
  });

  it('rounds down for whole numbers', () => {
    const { data } = goldenInput(
      { ...pattern, shape: [50], lo: 1, hi: 20, integer: true },
      'int32',
    );
    expect(data).toBeInstanceOf(Int32Array);
    expect(Math.min(...data)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...data)).toBeLessThan(20);
  });
});

describe('compareOutput', () => {
  const wanted = { name: 'y', shape: [2, 2], step: 3, values: [1, 4], l2: Math.sqrt(30), max: 4 };

  it('finds no error in the same', () => {
    expect(
      compareOutput(
        wanted,
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ),
    ).toEqual({ value: 0, l2: 0 });
  });

  it('measures the worst element by the largest, and elements that are not listed by the length', () => {
    expect(
      compareOutput(
        wanted,
        tensor([
          [1, 2],
          [3, 5],
        ]),
      ).value,
    ).toBe(0.25);
    const unlisted = compareOutput(
      wanted,
      tensor([
        [1, 9],
        [3, 4],
      ]),
    );
    expect(unlisted.value).toBe(0);
    expect(unlisted.l2).toBeGreaterThan(0.5);
  });

  it.each([
    [undefined, 'the model has no output of this name'],
    [tensor([1, 2, 3, 4]), 'the shape is [4]'],
    [
      tensor([
        [Number.NaN, 2],
        [3, 4],
      ]),
      'element 0 is NaN',
    ],
  ])('cannot compare %#', (found, note) => {
    expect(compareOutput(wanted, found)).toEqual({ value: Infinity, l2: Infinity, note });
  });
});
