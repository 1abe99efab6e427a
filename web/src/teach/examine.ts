// Runs a model that was cut at a layer on a picture, and then what has learned from its features.
import type { Pixels } from '../image.js';
import type { Preprocess } from '../recipe.js';
import type { Sight } from '../seeing.js';

export interface ExamineRequest {
  /** Picture → an output whose last size is `features`. */
  model: number;
  /** Of the model's picture. */
  size: readonly [height: number, width: number, channels: number];
  features: number;
  preprocess: Preprocess;
  /** Features → scores. */
  head?: number;
  /** Whether to give the picture as the model sees it, before mean and deviation. */
  copy?: boolean;
  /** Whether to give only the numbers that go into the model, without running it. */
  input?: boolean;
}

export interface Examined {
  /** The output, its mean over height and width where it has such; empty if only `input` was asked for. */
  features: Float32Array<ArrayBuffer>;
  scores?: Float32Array<ArrayBuffer>;
  copy?: Pixels;
  input?: Float32Array<ArrayBuffer>;
}

export async function examine(sight: Sight, request: ExamineRequest): Promise<Examined> {
  const { model, size, features, preprocess, head, copy, input } = request;
  const [height, width, channels] = size;
  const program = await sight.program(model, [height, width]);
  const answer: Examined = { features: new Float32Array(0) };
  if (copy) {
    const plain = { ...preprocess, mean: 0, std: 1, binarize: false, flip: false };
    answer.copy = { width, height, data: coloured(sight.prepare(program, plain), channels) };
  }
  if (input) {
    answer.input = Float32Array.from(sight.prepare(program, preprocess));
    return answer;
  }
  sight.show(program, preprocess);
  answer.features = await sight.run(program, () => meanOf(program.output(0), features));
  if (head === undefined) return answer;
  const last = await sight.program(head);
  sight.guard(() => last.input(0).set(answer.features));
  answer.scores = await sight.run(last, () => Float32Array.from(last.output(0)));
  return answer;
}

/** The mean of each channel over all places. */
function meanOf(output: ArrayLike<number>, channels: number): Float32Array<ArrayBuffer> {
  const sums = new Float64Array(channels);
  for (let at = 0; at < output.length; at += channels) {
    for (let c = 0; c < channels; c++) sums[c] = (sums[c] ?? 0) + (output[at + c] ?? 0);
  }
  return Float32Array.from(sums, (sum) => (sum * channels) / output.length);
}

/** Red, green, blue and opaque, out of what a model takes: one, three or four channels of 0 to 255. */
function coloured(numbers: ArrayLike<number>, channels: number): Uint8ClampedArray<ArrayBuffer> {
  const data = new Uint8ClampedArray((numbers.length / channels) * 4).fill(255);
  for (let pixel = 0; pixel * channels < numbers.length; pixel++) {
    for (let c = 0; c < 3; c++) {
      data[pixel * 4 + c] = numbers[pixel * channels + (channels < 3 ? 0 : c)] ?? 0;
    }
  }
  return data;
}
