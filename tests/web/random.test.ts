// Random numbers: those of the reference implementation.
import { describe, expect, it } from 'vitest';
import { philox, Random } from '../../web/src/random.js';

describe('philox', () => {
  // The known answers of Random123, the authors' own implementation.
  it.each([
    [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      '408f276d 41c83b0e a20bc7c6 6d5451fd',
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      'd16cfe09 94fdcceb 5001e420 24126ea1',
    ],
  ] as const)('at %j with the key %j', (counter, key, expected) => {
    const words = philox(counter, key).map((word) => word.toString(16).padStart(8, '0'));
    expect(words.join(' ')).toBe(expected);
  });
});

describe('Random', () => {
  it('gives the same numbers for the same seed, and others for another stream', () => {
    const take = (random: Random) => Array.from({ length: 9 }, () => random.bits());
    expect(take(new Random(5))).toEqual(take(new Random(5)));
    expect(take(new Random(5))).not.toEqual(take(new Random(5, 1)));
    expect(new Set(take(new Random(5))).size).toBe(9);
  });

  it('is uniform from 0 to 1, and normal around 0', () => {
    const random = new Random(1);
    const uniform = Array.from({ length: 4000 }, () => random.uniform());
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...uniform)).toBeLessThan(1);
    expect(mean(uniform)).toBeCloseTo(0.5, 1);
    const normal = Array.from({ length: 4000 }, () => random.normal());
    expect(mean(normal)).toBeCloseTo(0, 1);
    expect(mean(normal.map((value) => value ** 2))).toBeCloseTo(1, 1);
  });
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
