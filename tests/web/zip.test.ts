// Zips, by another program's reading of them.
import { unzipSync } from 'fflate';
import { expect, it } from 'vitest';
import { zip } from '../../web/src/zip.js';
import { noise } from './mirror.js';

it('holds files by path, as they were', async () => {
  const files = new Map([
    ['a/empty.txt', new Uint8Array()],
    ['a/größe.bin', Uint8Array.from(noise(300_000))],
    ['check.txt', Uint8Array.from(new TextEncoder().encode('123456789'))],
  ]);
  const bytes = new Uint8Array(await zip(files).arrayBuffer());
  expect(unzipSync(bytes)).toEqual(Object.fromEntries(files));
  // The check value of CRC-32, as every description of it gives it for these nine digits.
  const at = Buffer.from(bytes).indexOf('check.txt') - 30;
  expect(new DataView(bytes.buffer).getUint32(at + 14, true)).toBe(0xcbf43926);
});
