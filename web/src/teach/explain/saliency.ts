// Which parts of a picture an answer hangs on: by derivatives, or by hiding parts.
import type { Picture } from '../../image.js';
import { callback, Random, readOptions } from '../../library.js';
import { answersOf, classOf, oddsOf } from './answers.js';
import { type Network, networkOf, type Size } from './network.js';
import { askedOptions, labelOption, numberIn, wholeIn } from './options.js';
import { blurred, ofChannel, overPicture } from './pictures.js';
import type { ExplainProgress, Saliency, SaliencyOptions } from './types.js';

const who = 'saliency';

const schema = {
  ...askedOptions,
  label: labelOption,
  method: ['gradient', 'occlusion'],
  samples: wholeIn('samples', 1, 1000, 8),
  patch: numberIn('patch', 0.01, 1, 0.2),
  seed: 0,
  onProgress: callback<(progress: ExplainProgress) => void>('onProgress: ({ step, of }) => {}'),
} as const;

/** Noise of SmoothGrad, as a part of the whole range of brightness. */
const noise = 0.1;

/** Sigma of the blur of what derivatives say, as a part of the shorter side. */
const grain = 1 / 75;

/** The few elements that stand out further than this part of all do not set the scale. */
const kept = 0.995;

/** What counts least, up to this part of all elements, is 0. */
const ignored = 0.2;

/** Told of each pass; throws where the work shall stop. */
type Told = (step: number, of: number) => void;

/** What saliency() does with a picture that has been taken. */
export async function saliency(
  model: object,
  picture: Picture,
  given: SaliencyOptions,
): Promise<Saliency> {
  const options = readOptions(who, given, schema);
  const { signal, method, samples = 8, patch = 0.2, seed, preprocess } = options;
  const told: Told = (step, of) => {
    signal?.throwIfAborted();
    options.onProgress?.({ step, of });
  };
  signal?.throwIfAborted();
  const { width, height } = picture;
  const network = await networkOf(who, model, { preprocess });
  const x = await network.read(picture);
  const scores = await network.run(x);
  const answers = answersOf(network, scores, scores.length);
  const index =
    options.label === undefined
      ? (answers[0]?.index ?? 0)
      : classOf(who, network, scores.length, options.label);
  const asked = answers.find((answer) => answer.index === index);
  const map =
    method === 'gradient'
      ? await byGradient(network, x, index, samples, seed, told)
      : await byOcclusion(network, x, index, patch, told);
  return {
    width,
    height,
    values: overPicture(scaled(map), { width, height }, network.size, network.preprocess),
    label: asked?.label ?? `class ${index}`,
    index,
    confidence: asked?.confidence ?? 0,
  };
}

/**
 * How much each element of the input would change the odds of a class, in brightness: the largest
 * |∂ odds / ∂ colour| of its channels (Simonyan et al. 2013), averaged over noisy copies.
 */
async function byGradient(
  network: Network,
  x: Float32Array,
  index: number,
  samples: number,
  seed: number,
  told: Told,
): Promise<Float32Array> {
  const { size, preprocess } = network;
  const { channels } = size;
  const random = new Random(seed);
  const map = new Float32Array(size.height * size.width);
  for (let sample = 0; sample < samples; sample++) {
    const sight =
      samples === 1
        ? x
        : x.map((x, i) => {
            const std = ofChannel(preprocess.std, i % channels);
            return x + (255 * noise * random.normal()) / std;
          });
    const odds = oddsOf(network, await network.run(sight), index);
    const derivatives = await network.gradient(sight, odds.seed);
    for (let i = 0; i < map.length; i++) {
      let largest = 0;
      for (let c = 0; c < channels; c++) {
        const change = (derivatives[i * channels + c] ?? 0) / ofChannel(preprocess.std, c);
        largest = Math.max(largest, Math.abs(change));
      }
      map[i] = (map[i] ?? 0) + largest / samples;
    }
    told(sample + 1, samples);
  }
  return smooth(map, size, Math.min(size.height, size.width) * grain);
}

/** Blurred, so that what belongs together can be seen. */
function smooth(map: Float32Array, { height, width }: Size, sigma: number): Float32Array {
  return blurred(map, { height, width, channels: 1 }, sigma);
}

/**
 * How much the odds of a class fall when a grey patch hides a part (Zeiler and Fergus 2013): for each
 * element the mean over the patches that covered it.
 */
async function byOcclusion(
  network: Network,
  x: Float32Array,
  index: number,
  patch: number,
  told: Told,
): Promise<Float32Array> {
  const { size, preprocess } = network;
  const { height, width, channels } = size;
  const side = Math.max(1, Math.round(patch * Math.min(height, width)));
  const step = Math.max(1, Math.round(side / 3));
  const whole = oddsOf(network, await network.run(x), index).value;
  const fall = new Float32Array(height * width);
  const times = new Float32Array(height * width);
  const rows = startsOf(height, side, step);
  const columns = startsOf(width, side, step);
  let done = 0;
  for (const top of rows) {
    for (const left of columns) {
      const hidden = x.slice();
      const each = function* () {
        for (let y = Math.max(top, 0); y < Math.min(top + side, height); y++) {
          for (let x = Math.max(left, 0); x < Math.min(left + side, width); x++)
            yield y * width + x;
        }
      };
      for (const i of each()) {
        for (let c = 0; c < channels; c++) {
          const { mean, std } = preprocess;
          hidden[i * channels + c] = (127.5 - ofChannel(mean, c)) / ofChannel(std, c);
        }
      }
      const lost = whole - oddsOf(network, await network.run(hidden), index).value;
      for (const i of each()) {
        fall[i] = (fall[i] ?? 0) + lost;
        times[i] = (times[i] ?? 0) + 1;
      }
      told(++done, rows.length * columns.length);
    }
  }
  const map = fall.map((sum, i) => Math.max(0, sum / (times[i] || 1)));
  return smooth(map, size, step / 2);
}

/** Where patches begin: they reach over both edges, so that those are hidden as often as the middle. */
function startsOf(length: number, side: number, step: number): number[] {
  const starts: number[] = [];
  for (let at = step - side; at < length; at += step) starts.push(at);
  return starts;
}

/** Brought to the range from 0 to 1; all zeros stay zeros. */
function scaled(map: Float32Array): Float32Array {
  const sorted = map.slice().sort();
  const least = sorted[Math.floor(ignored * (sorted.length - 1))] ?? 0;
  const largest = sorted[Math.floor(kept * (sorted.length - 1))] || sorted.at(-1) || 0;
  const range = largest - least || 1;
  return map.map((value) => Math.min(Math.max((value - least) / range, 0), 1));
}
