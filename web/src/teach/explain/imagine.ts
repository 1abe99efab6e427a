// What a network would like to see: a picture that is changed until a class or a channel answers most.
import type { Picture } from '../../image.js';
import { absent, callback, fail, readOptions } from '../../library.js';
import { classOf, oddsOf } from './answers.js';
import { Dream, type Goal } from './dream.js';
import { type Network, networkOf } from './network.js';
import { askedOptions, labelOption, wholeIn } from './options.js';
import { toColours } from './pictures.js';
import type { Imagined, ImagineOptions, ImagineProgress } from './types.js';

const who = 'imagine';

const schema = {
  ...askedOptions,
  label: labelOption,
  layer: absent<string>('the name of a layer', "layer: 'conv_pw_11_relu'", (value) => {
    return typeof value === 'string' && value !== '';
  }),
  channel: wholeIn('channel', 0, 1e6, 0),
  steps: wholeIn('steps', 1, 10_000, 120),
  size: wholeIn('size', 1, 2048, 448),
  seed: 0,
  onProgress: callback<(progress: ImagineProgress) => unknown>('onProgress: ({ image }) => {}'),
};

/** The side of a model that takes any. */
const usualSide = 224;

/** What imagine() does with the picture to begin with, if there is one. */
export async function imagine(
  model: object,
  picture: Picture | undefined,
  { image: _, ...given }: ImagineOptions,
): Promise<Imagined> {
  const options = readOptions(who, given, schema);
  const { label, layer, channel, steps = 120, seed, signal, preprocess } = options;
  if ((label === undefined) === (layer === undefined)) {
    fail(
      `${who}: it must be told of what to make most`,
      { given: label === undefined ? 'neither a label nor a layer' : 'a label and a layer' },
      "{ label: 'espresso' }, or { layer: 'conv_pw_11_relu', channel: 3 }",
    );
  }
  if (channel !== undefined && layer === undefined) {
    fail(`${who}: a channel is one of a layer`, { channel }, "layer: 'conv_pw_11_relu'");
  }
  signal?.throwIfAborted();
  const network = await networkOf(who, model, { preprocess, layer, side: usualSide });
  try {
    const goal = goalOf(network, label, layer, channel);
    const start =
      picture && toColours(await network.read(picture), network.size, network.preprocess);
    const dream = new Dream(network, options.size, seed, start);
    const { flip } = network.preprocess;
    let activation = 0;
    for (let step = 0; step < steps; step++) {
      signal?.throwIfAborted();
      activation = await dream.step(step / steps, goal);
      const image = dream.pixels(flip);
      await options.onProgress?.({ step: step + 1, of: steps, image, activation });
    }
    signal?.throwIfAborted();
    return { image: dream.pixels(flip), activation };
  } finally {
    network.close();
  }
}

function goalOf(
  network: Network,
  label: string | number | undefined,
  layer: string | undefined,
  channel: number | undefined,
): Goal {
  if (label !== undefined) {
    return (scores) => oddsOf(network, scores, classOf(who, network, scores.length, label));
  }
  return (scores, shape) => {
    const channels = shape.at(-1) ?? 1;
    if (channel !== undefined && channel >= channels) {
      fail(
        `${who}: the layer has no such channel`,
        { layer, channel, channels },
        `channel: 0 to ${channels - 1}`,
      );
    }
    return channel === undefined ? allChannels(scores) : oneChannel(scores, channels, channel);
  };
}

/** The mean of the squares of a layer, which rewards whatever it sees already. */
function allChannels(scores: Float32Array): ReturnType<Goal> {
  const { length } = scores;
  const value = scores.reduce((sum, score) => sum + score * score, 0) / length;
  return { value, seed: scores.map((score) => (2 * score) / length) };
}

/** The mean of a channel. */
function oneChannel(scores: Float32Array, channels: number, channel: number): ReturnType<Goal> {
  const places = scores.length / channels;
  const seed = new Float32Array(scores.length);
  let sum = 0;
  for (let i = channel; i < scores.length; i += channels) {
    seed[i] = 1 / places;
    sum += scores[i] ?? 0;
  }
  return { value: sum / places, seed };
}
