// Small pictures of one thing out of a photo: what to teach, and what to ask.
import type { Pixels } from '../../web/src/image.js';

/** A square out of a picture, in grey. */
export function greySquare(from: Pixels, left: number, top: number, side: number): Pixels {
  const data = new Uint8Array(side * side * 4);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const at = ((top + y) * from.width + left + x) * 4;
      const [red = 0, green = 0, blue = 0] = from.data.subarray(at, at + 3);
      const grey = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
      data.set([grey, grey, grey, 255], (y * side + x) * 4);
    }
  }
  return { width: side, height: side, data };
}

/** Eighteen grey squares of one half of a picture: three sizes, six places each. */
export function greyCrops(from: Pixels, half: 'left' | 'right'): Pixels[] {
  const width = Math.floor(from.width / 2);
  const start = half === 'left' ? 0 : from.width - width;
  const crops: Pixels[] = [];
  for (const part of [0.6, 0.75, 0.9]) {
    const side = Math.floor(Math.min(width, from.height) * part);
    for (let place = 0; place < 6; place++) {
      const left = start + Math.floor(((place % 3) / 2) * (width - side));
      const top = Math.floor(Math.floor(place / 3) * (from.height - side));
      crops.push(greySquare(from, left, top, side));
    }
  }
  return crops;
}
