// What is behind bodyPose(): a network that finds people, and who was who.
import type { ImageSource } from '../image.js';
import { fail, namesFor, openModel, showShape } from '../library.js';
import type { Open } from '../model.js';
import type { Preprocess } from '../recipe.js';
import type { ModelSource } from '../source.js';
import type { CheckedPoseOptions } from '../tasks/bodyPose.js';
import type { FindRequest } from './find.js';
import { Followed } from './following.js';
import { type Glance, Looking } from './looking.js';
import { peopleIn, poseOf } from './posing.js';
import type { Pose } from './types.js';

const who = 'bodyPose';

interface Memory {
  followed: Followed;
  /** Of a network that looks at a part of the picture: where to look next. */
  square: FindRequest['square'];
}

/** How one kind of network is asked, and how its answer is read. */
interface Network {
  request(glance: Glance<Memory>): Omit<FindRequest, 'model'>;
  /** What its numbers say of the next frame. */
  remember?(numbers: Float32Array, memory: Memory): void;
}

/** Finds people in pictures. */
export class Poser {
  readonly open: Open;
  readonly #network: Network;
  readonly #looking: Looking<Memory>;
  readonly #least: number;

  constructor(open: Open, network: Network, options: CheckedPoseOptions) {
    const { flip, smoothing, minConfidence } = options;
    this.open = open;
    this.#network = network;
    this.#least = minConfidence;
    this.#looking = new Looking(open.client, flip, () => {
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

export async function openPoser(source: ModelSource, options: CheckedPoseOptions): Promise<Poser> {
  const open = await openModel(who, source, options);
  try {
    return new Poser(open, await networkOf(open, options), options);
  } catch (error) {
    await open.client.close(open.model);
    throw error;
  }
}

async function networkOf(open: Open, options: CheckedPoseOptions): Promise<Network> {
  const { inputs, outputs } = open.description;
  const [input] = inputs;
  const named = (text: string) => outputs.some(({ name }) => name.includes(text));
  const takesPicture = inputs.length === 1 && input?.shape.length === 4;
  if (takesPicture && named('fwd') && named('bwd')) return posenet(open, options);
  const [output] = outputs;
  const points = outputs.length === 1 && output?.shape.slice(-2).join() === '17,3';
  if (takesPicture && points) return movenet(options);
  const wanted = await namesFor(who);
  fail(
    `${who}: this model does not find bodies`,
    {
      address: open.address,
      inputs: inputs.map(({ name, shape }) => `${name} ${showShape(shape)}`).join(', '),
      outputs: outputs.map(({ name, shape }) => `${name} ${showShape(shape)}`).join(', '),
      needed: 'PoseNet, or a MoveNet for one person',
    },
    `${wanted.map((name) => `'${name}'`).join(', ')}, or loadModel() for this one`,
  );
}

function posenet(open: Open, options: CheckedPoseOptions): Network {
  const { maxPeople, resolution, partConfidence, radius } = options;
  const [, height = -1, width = -1] = open.description.inputs[0]?.shape ?? [];
  const preprocess = preprocessOf(open, options.preprocess);
  const decode =
    maxPeople === 1
      ? ({ kind: 'pose' } as const)
      : ({ kind: 'poses', most: maxPeople, part_score: partConfidence, radius } as const);
  const size = height < 0 || width < 0 ? ([resolution, resolution] as const) : undefined;
  return { request: () => ({ ...(size && { size }), preprocess, decode }) };
}

/** Looks at the square in which the person was last seen: the answer ends with the next one. */
function movenet(options: CheckedPoseOptions): Network {
  const usual = { fit: 'contain', sampling: 'halfPixel', mean: 0, std: 1 } as const;
  const preprocess = { ...usual, binarize: false, flip: false, ...options.preprocess };
  return {
    request({ width, height, memory }) {
      const whole = { x: (width - 1) / 2, y: (height - 1) / 2, size: Math.max(width, height) };
      const square = memory.square ?? { ...whole, angle: 0 };
      return { preprocess, square, decode: { kind: 'movenet', width, height } };
    },
    remember(numbers, memory) {
      const [x = 0, y = 0, size = 0] = numbers.subarray(-3);
      memory.square = { x, y, size, angle: 0 };
    },
  };
}

/** As the networks were trained: -1 to 1 for MobileNet, the mean of ImageNet taken off for ResNet. */
function preprocessOf(open: Open, given: Partial<Preprocess> | undefined): Preprocess {
  const resnet = open.description.outputs.some(({ name }) => name.includes('resnet'));
  const [mean, std]: [Preprocess['mean'], number] = resnet
    ? [[123.15, 115.9, 103.06], 1]
    : [127.5, 127.5];
  const usual = { fit: 'contain', sampling: 'asymmetric', mean, std } as const;
  return { ...usual, binarize: false, flip: false, ...given };
}
