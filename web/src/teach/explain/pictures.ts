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
  const x = new Float32Array(colours.length);
  for (let c = 0; c < channels; c++) {
    const [middle, spread] = [ofChannel(mean, c), ofChannel(std, c)];
    for (let i = c; i < x.length; i += channels) x[i] = ((colours[i] ?? 0) - middle) / spread;
  }
  return x;
}

/** The way back, not rounded: p = x std + mean. */
export function toColours(
  x: Float32Array,
  { channels }: Pick<Size, 'channels'>,
  { mean, std }: Preprocess,
): Float32Array {
  const colours = new Float32Array(x.length);
  for (let c = 0; c < channels; c++) {
    const [middle, spread] = [ofChannel(mean, c), ofChannel(std, c)];
    for (let i = c; i < x.length; i += channels) colours[i] = (x[i] ?? 0) * spread + middle;
  }
  return colours;
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
  const columns = tapsOf(line(size.width, width), width, size.width);
  const rows = tapsOf(line(size.height, height), height, size.height);
  // Plain numbers for the inner loop, which runs for every number of every step of a dream.
  const lefts = Int32Array.from(columns, (tap) => (tap?.[0] ?? 0) * channels);
  const rights = Int32Array.from(columns, (tap) => (tap?.[1] ?? 0) * channels);
  const ways = Float64Array.from(columns, (tap) => tap?.[2] ?? 0);
  let at = 0;
  for (const [y0, y1, v] of rows.map((row) => row ?? ([0, 0, 0] satisfies Tap))) {
    const above = y0 * size.width * channels;
    const below = y1 * size.width * channels;
    for (let x = 0; x < width; x++) {
      const left = lefts[x] ?? 0;
      const right = rights[x] ?? 0;
      const u = ways[x] ?? 0;
      for (let c = 0; c < channels; c++) {
        const a = from[above + left + c] ?? 0;
        const b = from[below + left + c] ?? 0;
        const upper = a + ((from[above + right + c] ?? 0) - a) * u;
        const lower = b + ((from[below + right + c] ?? 0) - b) * u;
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
  const line = width * channels;
  const values = new Float64Array(line);
  /** Adds numbers that lie together, of one weight, to a part of the line. */
  const add = (numbers: Float32Array, weight: number, at: number, begin: number, end: number) => {
    for (let i = begin, j = at; i < end; i++, j++) {
      values[i] = (values[i] ?? 0) + weight * (numbers[j] ?? 0);
    }
  };
  const write = (to: Float32Array, at: number) => {
    for (let i = 0; i < line; i++) to[at + i] = (values[i] ?? 0) / sum;
    values.fill(0);
  };
  const rows = new Float32Array(from.length);
  for (let first = 0; first < rows.length; first += line) {
    for (const [k, weight] of weights.entries()) {
      const away = k - reach;
      const begin = Math.min(Math.max(-away, 0), width);
      const end = Math.max(Math.min(width - away, width), 0);
      for (let x = 0; x < begin; x++) add(from, weight, first, x * channels, (x + 1) * channels);
      const at = first + (begin + away) * channels;
      add(from, weight, at, begin * channels, end * channels);
      const last = first + line - channels;
      for (let x = end; x < width; x++) add(from, weight, last, x * channels, (x + 1) * channels);
    }
    write(rows, first);
  }
  const both = new Float32Array(from.length);
  for (let y = 0; y < height; y++) {
    for (const [k, weight] of weights.entries()) {
      add(rows, weight, Math.min(Math.max(y + k - reach, 0), height - 1) * line, 0, line);
    }
    write(both, y * line);
  }
  return both;
}
