// SHA-256 against Node's own.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../web/src/sha256.js';

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 89) % 251);

describe('sha256', () => {
  it.each([0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 1000, 70001])('hashes %d bytes', (length) => {
    const expected = createHash('sha256').update(bytes(length)).digest('hex');
    expect(sha256([bytes(length)])).toBe(expected);
  });

  it('does not care how the bytes are cut', () => {
    const whole = bytes(300);
    const cut = [0, 1, 63, 64, 130, 300].map((end, i, ends) =>
      whole.subarray(ends[i - 1] ?? 0, end),
    );
    expect(sha256(cut)).toBe(sha256([whole]));
  });
});
