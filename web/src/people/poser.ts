// What is behind bodyPose(): a network that finds people, and who was who.
import type { ImageSource } from '../image.js';
import {
  absent,
  fail,
  isRecord,
  loadOptions,
  openModel,
  positive,
  readOptions,
  readSomePreprocess,
} from '../library.js';
import type { Open } from '../model.js';
import type { Preprocess } from '../recipe.js';
import type { ModelSource } from '../source.js';
import type { BodyPoseOptions, CheckedPoseOptions } from '../tasks/bodyPose.js';
import type { FindRequest } from './find.js';
import { Followed } from './following.js';
import { type Glance, Looking } from './looking.js';
import { mobilenet, preprocessOf, refuseNetwork, takesPicture } from './networks.js';
import { confidence, count, smoothing, smoothingOf } from './options.js';
import { peopleIn, poseOf } from './posing.js';
import { type Pose, skeleton } from './types.js';

const who = 'bodyPose';

interface Memory {
  followed: Followed;
  /** Of a network that looks at a part of the picture: where to look next. */
  square: FindRequest['square'];
}

/** How one kind of network is asked, and how its answer is read. */
interface Network {
  /** How many pixels the longer side of a picture needs to have: more make no difference. */
  pixels: number;
  request(glance: Glance<Memory>): Omit<FindRequest, 'model'>;
  /** What its numbers say of the next frame. */
  remember?(numbers: Float32Array, memory: Memory): void;
}

/** Finds people in pictures. */
export class Poser {
  readonly open: Open;
  readonly skeleton = skeleton();
  readonly #network: Network;
  readonly #looking: Looking<Memory>;
  readonly #least: number;

  constructor(open: Open, network: Network, options: CheckedPoseOptions) {
    const { flip, smoothing, minConfidence } = options;
    this.open = open;
    this.#network = network;
    this.#least = minConfidence;
    this.#looking = new Looking('detect', open.client, flip, network.pixels, () => {
      return { followed: new Followed(smoothing), square: undefined };
    });
  }

  async detect(image: ImageSource, follows = false): Promise<Pose[]> {
    const glance = await this.#looking.glance(image, follows);
    const request = this.#network.request(glance);
    const numbers = await glance.look('find', { model: this.open.model, ...request });
    this.#network.remember?.(numbers, glance.memory);
    const people = peopleIn(numbers, glance.place, this.#least);
    const followed = glance.memory.followed.follow(
      people.map(({ points }) => points),
      glance.time,
    );
    return followed.map(({ id, points }, i) => poseOf(people[i]?.confidence ?? 0, points, id));
  }
}

const schema = {
  maxPeople: count('maxPeople', 5),
  minConfidence: confidence('minConfidence', 0.2),
  resolution: absent<number>(
    'a multiple of 32, and 1',
    'resolution: 257',
    (value) => typeof value === 'number' && value > 32 && value <= 2049 && value % 32 === 1,
  ),
  flip: false,
  smoothing,
  partConfidence: confidence('partConfidence', 0.5),
  radius: positive(20),
  preprocess: absent<Partial<Preprocess>>(
    'an object',
    'preprocess: { mean: 127.5, std: 127.5 }',
    isRecord,
  ),
  ...loadOptions,
};

export async function openPoser(source: ModelSource, given: BodyPoseOptions): Promise<Poser> {
  const { maxPeople, minConfidence, resolution, partConfidence, radius, ...others } = readOptions(
    who,
    given,
    schema,
  );
  const options: CheckedPoseOptions = {
    ...others,
    maxPeople: maxPeople ?? 5,
    minConfidence: minConfidence ?? 0.2,
    resolution: resolution ?? 257,
    smoothing: smoothingOf(others.smoothing),
    preprocess: readSomePreprocess(who, others.preprocess),
    partConfidence: partConfidence ?? 0.5,
    radius: radius ?? 20,
  };
  const open = await openModel(who, source, options);
  try {
    return new Poser(open, await networkOf(open, options), options);
  } catch (error) {
    await open.client.close(open.model);
    throw error;
  }
}

async function networkOf(open: Open, options: CheckedPoseOptions): Promise<Network> {
  const { outputs } = open.description;
  const named = (text: string) => outputs.some(({ name }) => name.includes(text));
  if (takesPicture(open) && named('fwd') && named('bwd')) return posenet(open, options);
  const isMovenet = outputs.length === 1 && outputs[0]?.shape.slice(-2).join() === '17,3';
  if (takesPicture(open) && isMovenet) return movenet(open, options);
  return refuseNetwork(who, open, 'find bodies', 'PoseNet, or a MoveNet for one person');
}

async function posenet(open: Open, options: CheckedPoseOptions): Promise<Network> {
  const { maxPeople, resolution, partConfidence, radius } = options;
  const [, height = -1, width = -1] = open.description.inputs[0]?.shape ?? [];
  const preprocess = await preprocessOf(who, open, mobilenet, options.preprocess);
  const decode =
    maxPeople === 1
      ? ({ kind: 'pose' } as const)
      : ({ kind: 'poses', most: maxPeople, part_score: partConfidence, radius } as const);
  const size = height < 0 || width < 0 ? ([resolution, resolution] as const) : undefined;
  // Of a picture that is much larger the network would see only every so many pixels.
  const pixels = 5 * Math.max(...(size ?? [height, width]));
  return { pixels, request: () => ({ ...(size && { size }), preprocess, decode }) };
}

/**
 * Looks at the square in which the person was last seen: the answer ends with the next one. Told to
 * stretch or crop pictures, it looks at each as a whole.
 */
async function movenet(open: Open, options: CheckedPoseOptions): Promise<Network> {
  const usual: Preprocess = { ...mobilenet, sampling: 'halfPixel', mean: 0, std: 1 };
  const preprocess = await preprocessOf(who, open, usual, options.preprocess);
  const follows = preprocess.fit === 'contain';
  if (follows && (preprocess.flip || preprocess.sampling !== usual.sampling)) {
    const { flip, sampling } = preprocess;
    fail(
      `${who}: MoveNet looks at squares, which are neither mirrored nor sampled in another way`,
      { flip, sampling },
      "flip: true beside preprocess, or preprocess: { fit: 'stretch', … }",
    );
  }
  return {
    pixels: 960, // somebody who is a fifth of it fills the network's picture
    request({ width, height, memory }) {
      const whole = { x: (width - 1) / 2, y: (height - 1) / 2, size: Math.max(width, height) };
      const square = memory.square ?? { ...whole, angle: 0 };
      const decode = { kind: 'movenet', width, height } as const;
      return { preprocess, ...(follows && { square }), decode };
    },
    remember(numbers, memory) {
      const [x = 0, y = 0, size = 0] = numbers.subarray(-3);
      memory.square = { x, y, size, angle: 0 };
    },
  };
}
