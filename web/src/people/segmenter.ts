// What is behind bodySegmentation(): a network that tells people from what is behind them.
import type { ImageSource } from '../image.js';
import {
  absent,
  fail,
  isRecord,
  loadOptions,
  openModel,
  readOptions,
  readSomePreprocess,
} from '../library.js';
import type { Open } from '../model.js';
import type { Preprocess } from '../recipe.js';
import type { ModelSource } from '../source.js';
import type {
  BodySegmentationOptions,
  CheckedSegmentationOptions,
} from '../tasks/bodySegmentation.js';
import { Looking } from './looking.js';
import type { Mask, MaskRequest } from './masks.js';
import { mobilenet, preprocessOf, refuseNetwork, takesPicture } from './networks.js';
import { confidence, count } from './options.js';
import { posesIn } from './posing.js';
import { nobody, type Segmentation, segmentedParts } from './types.js';

const who = 'bodySegmentation';

/** Pixels of the longer side that a network looks at, at most: more would be slow and find little more. */
const mostPixels = 801;

/** What kind of network it is. */
interface Network {
  /** Whether it gives probabilities, and not logits. */
  probabilities: boolean;
  /** The size of its picture, for one of so many pixels; undefined where it is fixed. */
  size(width: number, height: number): readonly [height: number, width: number] | undefined;
  preprocess: Preprocess;
}

/** Tells people from what is behind them. */
export class Segmenter {
  readonly open: Open;
  readonly parts = segmentedParts;
  readonly #network: Network;
  readonly #options: CheckedSegmentationOptions;
  readonly #looking: Looking<undefined>;

  constructor(open: Open, network: Network, options: CheckedSegmentationOptions) {
    this.open = open;
    this.#network = network;
    this.#options = options;
    const whole = Number.POSITIVE_INFINITY; // a mask is as large as the picture
    this.#looking = new Looking('segment', open.client, options.flip, whole, () => undefined);
  }

  async detect(image: ImageSource): Promise<Segmentation> {
    const { flip, maskType, minConfidence } = this.#options;
    const glance = await this.#looking.glance(image, false);
    const { width, height, place } = glance;
    const size = this.#network.size(width, height);
    const request: MaskRequest = {
      model: this.open.model,
      ...(size && { size }),
      preprocess: this.#network.preprocess,
      mask: this.#mask(),
      flip,
    };
    const { data, poses } = await glance.look('masks', request);
    if (maskType === 'background')
      for (let i = 0; i < data.length; i++) data[i] = 255 - (data[i] as number);
    let mask: ImageData | undefined;
    return {
      width,
      height,
      data,
      // Made when it is first asked for: it takes as long as all else beside the network.
      get mask() {
        mask ??= drawn(width, height, data, maskType);
        return mask;
      },
      people: posesIn(poses, place, minConfidence),
      flip,
    };
  }

  #mask(): Mask {
    const { maskType, threshold, soft, maxPeople, minConfidence } = this.#options;
    const { probabilities } = this.#network;
    if (maskType === 'parts') return { kind: 'parts', threshold };
    if (maskType === 'people') {
      return { kind: 'people', threshold, most: maxPeople, score: minConfidence };
    }
    return { kind: 'person', threshold, soft, probabilities };
  }
}

/** A mask as a picture. */
function drawn(
  width: number,
  height: number,
  data: Uint8Array,
  maskType: CheckedSegmentationOptions['maskType'],
): ImageData {
  const isAmount = maskType === 'person' || maskType === 'background';
  const colours = isAmount
    ? amounts()
    : numbers(maskType === 'parts' ? segmentedParts.length : 254);
  const pixels = new Uint32Array(data.length);
  for (let i = 0; i < data.length; i++) pixels[i] = colours[data[i] as number] as number;
  const bytes = new Uint8ClampedArray(pixels.buffer);
  if (typeof ImageData !== 'undefined') return new ImageData(bytes, width, height);
  return { width, height, data: bytes, colorSpace: 'srgb' } as ImageData; // in Node
}

/** White of every opacity, for how much of a pixel is there. */
function amounts(): Uint32Array {
  const bytes = new Uint8Array(256 * 4).fill(255);
  for (let i = 0; i < 256; i++) bytes[4 * i + 3] = i;
  return new Uint32Array(bytes.buffer);
}

/** Colours that are far apart, for so many numbers; nothing for all others. */
function numbers(count: number): Uint32Array {
  const bytes = new Uint8Array(256 * 4);
  for (let i = 0; i < Math.min(count, nobody); i++) {
    const hue = (i * 0.381966) % 1; // the golden angle: neighbours are never alike
    const channel = (shift: number) => {
      const wave = Math.abs(((hue + shift) % 1) * 6 - 3) - 1;
      return 55 + 200 * Math.min(Math.max(wave, 0), 1);
    };
    bytes.set([channel(0), channel(2 / 3), channel(1 / 3), 255], 4 * i);
  }
  return new Uint32Array(bytes.buffer);
}

const schema = {
  maskType: ['person', 'background', 'parts', 'people'],
  threshold: confidence('threshold', 0.7),
  soft: true,
  detail: absent<number>(
    'a number from 0.1 to 1',
    'detail: 0.5',
    (value) => typeof value === 'number' && value >= 0.1 && value <= 1,
  ),
  maxPeople: count('maxPeople', 10),
  minConfidence: confidence('minConfidence', 0.4),
  flip: false,
  probabilities: true,
  preprocess: absent<Partial<Preprocess>>(
    'an object',
    'preprocess: { mean: 0, std: 255 }',
    isRecord,
  ),
  ...loadOptions,
} as const;

export async function openSegmenter(
  source: ModelSource,
  wanted: BodySegmentationOptions,
): Promise<Segmenter> {
  const given = readOptions(who, wanted, schema);
  const options: CheckedSegmentationOptions = {
    ...given,
    preprocess: readSomePreprocess(who, given.preprocess),
    threshold: given.threshold ?? 0.7,
    detail: given.detail ?? 0.5,
    maxPeople: given.maxPeople ?? 10,
    minConfidence: given.minConfidence ?? 0.4,
  };
  const open = await openModel(who, source, options);
  try {
    return new Segmenter(open, await networkOf(open, options), options);
  } catch (error) {
    await open.client.close(open.model);
    throw error;
  }
}

async function networkOf(open: Open, options: CheckedSegmentationOptions): Promise<Network> {
  const { inputs, outputs } = open.description;
  const [, height = -1, width = -1] = inputs[0]?.shape ?? [];
  const segments = outputs.some(({ name }) => name.includes('segments'));
  const [output] = outputs;
  const channels = output?.shape.at(-1) ?? 0;
  const isSelfie = outputs.length === 1 && output?.shape.length === 4 && channels <= 2;
  if (!takesPicture(open) || !(segments || isSelfie)) {
    const needed = 'BodyPix, or one output [1, height, width, 1 or 2]';
    await refuseNetwork(who, open, 'tell people from what is behind them', needed);
  }
  const { maskType } = options;
  if (!segments && (maskType === 'parts' || maskType === 'people')) {
    fail(
      `${who}: this model knows no ${maskType}`,
      { address: open.address, known: 'person, background' },
      "maskType: 'person', or 'bodypix' for the model",
    );
  }
  const isOpen = height < 0 || width < 0;
  return {
    probabilities: !segments && options.probabilities,
    size: (width, height) => (isOpen ? sizeFor(open, options, width, height) : undefined),
    preprocess: await preprocessOf(who, open, segments ? mobilenet : selfie, options.preprocess),
  };
}

/** The part `detail` of each side, brought to what the network can take: its stride, so many times, and 1. */
function sizeFor(
  { address }: Open,
  { detail }: CheckedSegmentationOptions,
  width: number,
  height: number,
): readonly [height: number, width: number] {
  const stride = Number(/stride(8|16|32)/.exec(address)?.[1] ?? 16);
  const share = Math.min(detail, mostPixels / Math.max(width, height));
  const fitted = (pixels: number) => {
    const wanted = Math.max(pixels * share, stride + 1);
    return (wanted - 1) % stride === 0 ? wanted : Math.floor(wanted / stride) * stride + 1;
  };
  return [fitted(height), fitted(width)];
}

/** As networks for selfies are trained: stretched to a square, with colours from 0 to 1. */
const selfie: Preprocess = {
  fit: 'stretch',
  sampling: 'halfPixel',
  mean: 0,
  std: 255,
  binarize: false,
  flip: false,
};
