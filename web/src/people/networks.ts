// What networks that see people are told apart by, how they were trained, and how others are refused.
import { fail, namesFor, showShape } from '../library.js';
import type { Open } from '../model.js';
import type { Preprocess } from '../recipe.js';

/** Whether a network takes one picture and nothing else. */
export function takesPicture({ description: { inputs } }: Open): boolean {
  return inputs.length === 1 && inputs[0]?.shape.length === 4;
}

/**
 * Refuses a network that is made for something else.
 *
 * @param what what it does not do, to end a sentence with
 * @param needed a network that does
 * @param hint what to try; known models if left out
 */
export async function refuseNetwork(
  who: string,
  { address, description }: Open,
  what: string,
  needed: string,
  hint?: string,
): Promise<never> {
  const { inputs, outputs } = description;
  const ports = (list: typeof inputs) =>
    list.map(({ name, dtype, shape }) => `${name} ${dtype} ${showShape(shape)}`).join(', ');
  const known = (await namesFor(who)).map((name) => `'${name}'`).join(', ');
  fail(
    `${who}: this model does not ${what}`,
    { address, inputs: ports(inputs), outputs: ports(outputs), needed },
    hint ?? `${known}, or loadModel() for this one`,
  );
}

/**
 * How a network wants its picture, unless somebody says otherwise: bytes as they are, the mean of ImageNet
 * taken off for a ResNet, else as `usual` says.
 */
export async function preprocessOf(
  who: string,
  open: Open,
  usual: Preprocess,
  given: Partial<Preprocess> | undefined,
): Promise<Preprocess> {
  const { inputs, outputs } = open.description;
  const dtype = inputs[0]?.dtype ?? '';
  if (!['float32', 'uint8', 'int32'].includes(dtype)) {
    await refuseNetwork(who, open, 'take a picture', 'an input of float32, uint8 or int32');
  }
  const resnet = outputs.some(({ name }) => name.includes('resnet'));
  const trained: Partial<Preprocess> =
    dtype !== 'float32'
      ? { mean: 0, std: 1 }
      : resnet
        ? { mean: [123.15, 115.9, 103.06], std: 1 }
        : {};
  return { ...usual, ...trained, ...given };
}

/** As MobileNets for bodies were trained: all of the picture, with colours from -1 to 1. */
export const mobilenet: Preprocess = {
  fit: 'contain',
  sampling: 'asymmetric',
  mean: 127.5,
  std: 127.5,
  binarize: false,
  flip: false,
};
