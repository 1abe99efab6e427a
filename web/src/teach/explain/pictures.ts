// Between the numbers of a network's input and the pixels that people see.
import type { Pixels } from '../../image.js';
import type { Preprocess } from '../../recipe.js';
import type { Size } from './network.js';

/** A number of each channel. */
export function ofChannel(numbers: Preprocess['mean'], channel: number): number {
  return typeof numbers === 'number' ? numbers : (numbers[channel] ?? 0);
}

/** Brightness from 0 to 255 as the network's numbers: x = (p - mean) / std. */
export function toNumbers(
  colours: Float32Array,
  { channels }: Pick<Size, 'channels'>,
  { mean, std }: Preprocess,
): Float32Array {
  return colours.map((p, i) => (p - ofChannel(mean, i % channels)) / ofChannel(std, i % channels));
}

/** The way back, not rounded: p = x std + mean. */
export function toColours(
  x: Float32Array,
  { channels }: Pick<Size, 'channels'>,
  { mean, std }: Preprocess,
): Float32Array {
  return x.map((x, i) => x * ofChannel(std, i % channels) + ofChannel(mean, i % channels));
}

/** Brightness from 0 to 255, height × width × channels, as pixels; `flip` mirrors them. */
export function toPixels(colours: Float32Array, size: Size, flip: boolean): Pixels {
  const { height, width, channels } = size;
  const data = new Uint8ClampedArray(height * width * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + (flip ? width - 1 - x : x)) * channels;
      const to = (y * width + x) * 4;
      for (let c = 0; c < 3; c++) data[to + c] = colours[from + (channels === 3 ? c : 0)] ?? 0;
      data[to + 3] = 255;
    }
  }
  return { width, height, data };
}

/** Where the middle of a pixel lies among the elements of an input, in one direction. */
export interface Line {
  /** Of the first pixel. */
  start: number;
  /** From one pixel to the next. */
  step: number;
}

/** How the pixels of a picture lie in the input that was made of it. */
export function linesOf(
  picture: { width: number; height: number },
  { width, height }: Size,
  { fit, flip }: Preprocess,
): { x: Line; y: Line } {
  const across = picture.width / width;
  const down = picture.height / height;
  const both = fit === 'crop' ? Math.min(across, down) : Math.max(across, down);
  const line = (pixels: number, elements: number, own: number): Line => {
    const scale = fit === 'stretch' ? own : both;
    const offset = (pixels - elements * scale) / 2;
    return { start: (0.5 - offset) / scale - 0.5, step: 1 / scale };
  };
  const x = line(picture.width, width, across);
  return {
    x: flip ? { start: width - 1 - x.start, step: -x.step } : x,
    y: line(picture.height, height, down),
  };
}

/** One number for each element of an input, for each pixel of its picture; 0 outside of the input. */
export function overPicture(
  map: Float32Array,
  picture: { width: number; height: number },
  size: Size,
  preprocess: Preprocess,
): Float32Array {
  const lines = linesOf(picture, size, preprocess);
  const columns = tapsOf(lines.x, picture.width, size.width);
  const rows = tapsOf(lines.y, picture.height, size.height);
  const values = new Float32Array(picture.width * picture.height);
  for (const [y, row] of rows.entries()) {
    if (!row) continue;
    for (const [x, column] of columns.entries()) {
      if (!column) continue;
      values[y * picture.width + x] = mixed(map, size.width, row, column);
    }
  }
  return values;
}

/** Two neighbours, and how far it is on the way to the second. */
type Tap = [first: number, second: number, way: number];

function tapsOf({ start, step }: Line, pixels: number, elements: number): (Tap | undefined)[] {
  return Array.from({ length: pixels }, (_, i) => {
    const at = start + i * step;
    if (at < -0.5 || at > elements - 0.5) return undefined;
    const inside = Math.min(Math.max(at, 0), elements - 1);
    const first = Math.floor(inside);
    return [first, Math.min(first + 1, elements - 1), inside - first];
  });
}

function mixed(map: Float32Array, width: number, [y0, y1, v]: Tap, [x0, x1, u]: Tap): number {
  const at = (y: number, x: number) => map[y * width + x] ?? 0;
  const above = at(y0, x0) * (1 - u) + at(y0, x1) * u;
  const below = at(y1, x0) * (1 - u) + at(y1, x1) * u;
  return above * (1 - v) + below * v;
}

/** A picture in another size: height × width × channels numbers, bilinear, edges meet. */
export function resized(
  from: Float32Array,
  size: Size,
  height: number,
  width: number,
): Float32Array {
  const { channels } = size;
  const to = new Float32Array(height * width * channels);
  const line = (elements: number, pixels: number): Line => {
    const step = elements / pixels;
    return { start: step / 2 - 0.5, step };
  };
  const none: Tap = [0, 0, 0];
  const columns = tapsOf(line(size.width, width), width, size.width);
  const rows = tapsOf(line(size.height, height), height, size.height);
  let at = 0;
  for (const [y0, y1, v] of rows.map((row) => row ?? none)) {
    const above = y0 * size.width * channels;
    const below = y1 * size.width * channels;
    for (const [x0, x1, u] of columns.map((column) => column ?? none)) {
      for (let c = 0; c < channels; c++) {
        const left = x0 * channels + c;
        const right = x1 * channels + c;
        const a = from[above + left] ?? 0;
        const b = from[below + left] ?? 0;
        const upper = a + ((from[above + right] ?? 0) - a) * u;
        const lower = b + ((from[below + right] ?? 0) - b) * u;
        to[at++] = upper + (lower - upper) * v;
      }
    }
  }
  return to;
}

/** A Gaussian blur in place of memory of its own; the edges go on outside as they are. */
export function blurred(from: Float32Array, size: Size, sigma: number): Float32Array {
  const reach = Math.max(1, Math.ceil(2.5 * sigma));
  const weights = Float32Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)),
  );
  const sum = weights.reduce((sum, weight) => sum + weight, 0);
  const { height, width, channels } = size;
  const along = (
    from: Float32Array,
    lines: number,
    lineStep: number,
    length: number,
    step: number,
  ) => {
    const to = new Float32Array(from.length);
    for (let line = 0; line < lines; line++) {
      for (let i = 0; i < length; i++) {
        for (let c = 0; c < channels; c++) {
          let value = 0;
          for (let k = -reach; k <= reach; k++) {
            const at = Math.min(Math.max(i + k, 0), length - 1);
            value += (weights[k + reach] ?? 0) * (from[line * lineStep + at * step + c] ?? 0);
          }
          to[line * lineStep + i * step + c] = value / sum;
        }
      }
    }
    return to;
  };
  const rows = along(from, height, width * channels, width, channels);
  return along(rows, width, channels, height, width * channels);
}
