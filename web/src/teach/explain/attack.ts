// A picture changed so little that nobody sees it, and so that a network says something else.
import type { Picture } from '../../image.js';
import { readOptions } from '../../library.js';
import { answersOf, classOf, oddsOf } from './answers.js';
import { networkOf } from './network.js';
import { askedOptions, labelOption, numberIn } from './options.js';
import { toColours, toPixels } from './pictures.js';
import type { Attack, AttackOptions } from './types.js';

const who = 'attack';

const schema = {
  ...askedOptions,
  label: labelOption,
  strength: numberIn('strength', 0, 1, 0.02),
};

/** How many answers are told. */
const told = 5;

/**
 * What attack() does with a picture that has been taken: the fast gradient sign method (Goodfellow et al.
 * 2014), p' = p ± 255 strength · sign(∂ odds / ∂ p), in whole steps of brightness, as a file would hold it.
 */
export async function attack(
  model: object,
  picture: Picture,
  given: AttackOptions,
): Promise<Attack> {
  const { label, strength = 0.02, signal, preprocess } = readOptions(who, given, schema);
  signal?.throwIfAborted();
  const network = await networkOf(who, model, { preprocess });
  const { size } = network;
  const x = await network.read(picture);
  const scores = await network.run(x);
  signal?.throwIfAborted();
  const before = answersOf(network, scores, told);
  const aim = label === undefined ? undefined : classOf(who, network, scores.length, label);
  const index = aim ?? before[0]?.index ?? 0;
  const derivatives = await network.gradient(x, oddsOf(network, scores, index).seed);
  signal?.throwIfAborted();
  const colours = toColours(x, size, network.preprocess);
  // By a colour, not by the number made of it: a negative std turns the direction round.
  const turned = toColours(new Float32Array(size.channels).fill(1), size, network.preprocess);
  const zero = toColours(new Float32Array(size.channels), size, network.preprocess);
  const signs = derivatives.map((derivative, i) => {
    const c = i % size.channels;
    const way = Math.sign((turned[c] ?? 0) - (zero[c] ?? 0)) * (aim === undefined ? -1 : 1);
    return Math.sign(derivative) * way;
  });
  const changed = colours.map((colour, i) =>
    Math.round(Math.min(Math.max(colour + 255 * strength * (signs[i] ?? 0), 0), 255)),
  );
  const { flip } = network.preprocess;
  const image = toPixels(changed, size, flip);
  const differences = changed.map((colour, i) => Math.sign(colour - (colours[i] ?? 0)));
  const after = await network.run(await network.read(image));
  signal?.throwIfAborted();
  return {
    image,
    change: toPixels(
      differences.map((sign) => 127.5 + 127.5 * sign),
      size,
      flip,
    ),
    before,
    after: answersOf(network, after, told),
  };
}
