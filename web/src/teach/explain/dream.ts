// A picture that follows the derivatives of a network, from coarse to fine, so that shapes come of it.
import type { Pixels } from '../../image.js';
import { fail, Random } from '../../library.js';
import type { Network, Size } from './network.js';
import { blurred, ofChannel, resized, toNumbers, toPixels } from './pictures.js';

/** What is made as large as possible, and its derivatives by the scores. */
export type Goal = (
  scores: Float32Array,
  shape: readonly number[],
) => { value: number; seed: Float32Array };

/** From one octave to the next the picture grows by this, or a little more. */
const growth = 1.4;

/** How far a step goes on average at first, and at last, in brightness from 0 to 255. */
const strides = [8, 2] as const;

/** How far a picture may lie elsewhere from step to step, as a part of the input. */
const jitter = 1 / 14;

/** Strength of a band of frequencies, by that of the next coarser one. */
const fineShare = 0.5;

/** How much of a change in colour is followed, by one in light. */
const colourShare = 0.5;

/** Sigma of the blur after each step, in pixels: noise goes with it, shapes stay. */
const haze = 0.45;

/** Steps at the end, as a part of all, that nothing is blurred after. */
const crisp = 0.15;

/**
 * Gradient ascent by the pixels (Erhan et al. 2009) with what keeps it from noise: octaves and a jitter
 * (Mordvintsev et al., "DeepDream", 2015), derivatives brought to the same strength in every band of
 * frequencies, and a slight blur.
 */
export class Dream {
  readonly #network: Network;
  readonly #random: Random;
  /** Height and width of each octave, the last as wanted. */
  readonly #octaves: [height: number, width: number][];
  /** Room on every side for the jitter. */
  readonly #margin: number;
  #octave = 0;
  /** Brightness from 0 to 255, with the margin around. */
  #canvas: Float32Array;

  /** @param start brightness of a picture of the network's size; noise if left out */
  constructor(
    network: Network,
    height: number | undefined,
    seed: number,
    start: Float32Array | undefined,
  ) {
    const { size } = network;
    this.#network = network;
    this.#random = new Random(seed);
    this.#octaves = octavesOf(size, height ?? size.height);
    this.#margin = Math.round(Math.min(size.height, size.width) * jitter);
    const room = this.#room();
    this.#canvas = start
      ? resized(start, size, room.height, room.width)
      : Float32Array.from({ length: room.height * room.width * room.channels }, () => {
          return 128 + 16 * this.#random.normal();
        });
  }

  /**
   * Changes the picture once.
   *
   * @param done the part of all steps that came before
   * @returns what was made larger, as it was before
   */
  async step(done: number, goal: Goal): Promise<number> {
    const octave = Math.min(Math.floor(done * this.#octaves.length), this.#octaves.length - 1);
    if (octave !== this.#octave) {
      const before = this.#room();
      this.#octave = octave;
      const { height, width } = this.#room();
      this.#canvas = resized(this.#canvas, before, height, width);
    }
    const room = this.#room();
    const { value, derivatives } = await this.#look(goal);
    const direction = lessColourful(evened(derivatives, room), room.channels);
    const stride = strides[0] + (strides[1] - strides[0]) * done;
    const canvas = this.#canvas;
    for (let i = 0; i < canvas.length; i++) {
      const moved = (canvas[i] ?? 0) + stride * (direction[i] ?? 0);
      canvas[i] = Math.min(Math.max(moved, 0), 255);
    }
    if (done < 1 - crisp) this.#canvas = blurred(canvas, room, haze);
    return value;
  }

  /** The picture as it is, without the margin. */
  pixels(flip: boolean): Pixels {
    const [height, width] = this.#octaves[this.#octave] ?? [1, 1];
    const { channels } = this.#network.size;
    const size = { height, width, channels };
    return toPixels(this.#part(this.#margin, this.#margin, size), size, flip);
  }

  /** The derivatives of the goal by the canvas, whose view lies a little elsewhere each time. */
  async #look(goal: Goal): Promise<{ value: number; derivatives: Float32Array }> {
    const network = this.#network;
    const { size, preprocess } = network;
    const { height, width, channels } = size;
    const stds = Float64Array.from({ length: channels }, (_, c) => ofChannel(preprocess.std, c));
    const [tall = 1, wide = 1] = this.#octaves[this.#octave] ?? [];
    const anywhere = () => Math.floor(this.#random.uniform() * (2 * this.#margin + 1));
    const [down, across] = [anywhere(), anywhere()];
    const derivatives = new Float32Array(this.#canvas.length);
    let value = 0;
    let tiles = 0;
    for (const top of startsOf(tall, height)) {
      for (const left of startsOf(wide, width)) {
        const part = this.#part(down + top, across + left, size);
        const x = toNumbers(part, size, preprocess);
        const { value: here, seed } = goal(await network.run(x), network.shape);
        const found = await network.gradient(x, seed);
        const { width: columns } = this.#room();
        for (let y = 0; y < height; y++) {
          const to = ((down + top + y) * columns + across + left) * channels;
          for (let i = 0; i < width * channels; i++) {
            const derivative = found[y * width * channels + i] ?? 0;
            const std = stds[i % channels] ?? 1;
            derivatives[to + i] = (derivatives[to + i] ?? 0) + derivative / std;
          }
        }
        value += here;
        tiles++;
      }
    }
    return { value: value / tiles, derivatives };
  }

  /** The size of the canvas, with its margin. */
  #room(): Size {
    const [height, width] = this.#octaves[this.#octave] ?? [1, 1];
    const more = 2 * this.#margin;
    return { height: height + more, width: width + more, channels: this.#network.size.channels };
  }

  #part(top: number, left: number, { height, width, channels }: Size): Float32Array {
    const part = new Float32Array(height * width * channels);
    const { width: columns } = this.#room();
    for (let y = 0; y < height; y++) {
      const from = ((top + y) * columns + left) * channels;
      part.set(this.#canvas.subarray(from, from + width * channels), y * width * channels);
    }
    return part;
  }
}

/** From the network's own size to the wanted one. */
function octavesOf(size: Size, height: number): [height: number, width: number][] {
  if (height < size.height) {
    fail(
      'imagine: the picture would be smaller than what the model sees',
      { size: height, 'the model sees': `${size.width} × ${size.height}` },
      `size: ${size.height}`,
    );
  }
  const times = height / size.height;
  const steps = Math.floor(Math.log(times) / Math.log(growth));
  return Array.from({ length: steps + 1 }, (_, i) => {
    const tall = Math.round(size.height * times ** (steps > 0 ? i / steps : 1));
    return [tall, Math.max(size.width, Math.round((tall * size.width) / size.height))];
  });
}

/** Where tiles of one length begin that cover another one. */
function startsOf(length: number, tile: number): number[] {
  const count = Math.ceil(length / tile);
  if (count <= 1) return [0];
  return Array.from({ length: count }, (_, i) => Math.round((i * (length - tile)) / (count - 1)));
}

/**
 * Derivatives of which the mean square is 1, with every band of frequencies brought to a strength of its
 * own: half as strong as the next coarser one, as in photos.
 */
function evened(derivatives: Float32Array, size: Size): Float32Array {
  const { height, width, channels } = size;
  if (Math.min(height, width) < 8) return ofUnit(derivatives);
  const half = { height: Math.ceil(height / 2), width: Math.ceil(width / 2), channels };
  const coarse = resized(derivatives, size, half.height, half.width);
  const fine = resized(coarse, half, height, width);
  for (let i = 0; i < fine.length; i++) fine[i] = (derivatives[i] ?? 0) - (fine[i] ?? 0);
  ofUnit(fine);
  const rest = resized(evened(coarse, half), half, height, width);
  for (let i = 0; i < fine.length; i++) fine[i] = fineShare * (fine[i] ?? 0) + (rest[i] ?? 0);
  return ofUnit(fine);
}

/** Scales numbers so that their mean square is 1; zeros stay. */
function ofUnit(numbers: Float32Array): Float32Array {
  let sum = 0;
  for (const number of numbers) sum += number * number;
  const size = Math.sqrt(sum / numbers.length) || 1;
  for (let i = 0; i < numbers.length; i++) numbers[i] = (numbers[i] ?? 0) / size;
  return numbers;
}

/** Makes the three colours of each direction more alike, as they are in photos: most of it is light. */
function lessColourful(directions: Float32Array, channels: number): Float32Array {
  if (channels !== 3) return directions;
  for (let i = 0; i < directions.length; i += 3) {
    const r = directions[i] ?? 0;
    const g = directions[i + 1] ?? 0;
    const b = directions[i + 2] ?? 0;
    const light = (r + g + b) / 3;
    directions[i] = light + colourShare * (r - light);
    directions[i + 1] = light + colourShare * (g - light);
    directions[i + 2] = light + colourShare * (b - light);
  }
  return directions;
}
