// Pictures for tests: read from files, and changed pixel by pixel.
import { readFileSync } from 'node:fs';
import { decodePicture } from '../../web/src/decode.js';
import type { Pixels } from '../../web/src/image.js';

/** @param file a path, or the bytes of a file */
export function readPixels(file: string | Uint8Array): Pixels {
  if (typeof file !== 'string') return decodePicture(file, 'the bytes');
  return decodePicture(new Uint8Array(readFileSync(file)), file);
}

/** A picture of one colour. */
export function plain(width: number, height: number, grey = 0): Pixels {
  const data = new Uint8Array(width * height * 4).fill(grey);
  for (let i = 3; i < data.length; i += 4) data[i] = 255;
  return { width, height, data };
}

/** A picture whose pixels are those of another one, black where that has none. */
export function moved(
  from: Pixels,
  width: number,
  height: number,
  source: (x: number, y: number) => [x: number, y: number],
): Pixels {
  const picture = plain(width, height);
  const pixels = new Uint32Array(picture.data.buffer);
  const known = new Uint32Array(new Uint8Array(from.data).buffer);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = source(x, y);
      if (u < 0 || v < 0 || u >= from.width || v >= from.height) continue;
      pixels[y * width + x] = known[v * from.width + u] ?? 0;
    }
  }
  return picture;
}

export const mirrored = (from: Pixels): Pixels =>
  moved(from, from.width, from.height, (x, y) => [from.width - 1 - x, y]);
