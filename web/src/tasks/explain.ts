// Asks a network why it says what it says, deceives it, and lets it dream.
import type { ImageSource } from '../image.js';
import { teachCode } from '../later.js';
import type { DrawTarget } from '../people/backgrounds.js';
import type {
  Attack,
  AttackOptions,
  DrawSaliencyOptions,
  Explainable,
  Imagined,
  ImagineOptions,
  Saliency,
  SaliencyOptions,
} from '../teach/explain/types.js';
import { taken } from './taken.js';

/**
 * Which parts of a picture an answer hangs on.
 *
 *     const map = await saliency(classifier, image);
 *     drawSaliency(canvas, image, map);          // what speaks for map.label glows
 *
 * It tells what the answer would change with, which is not why the model is right: a network may well
 * look at the grass to say "cow".
 *
 * @param model what imageClassifier() or loadModel() gives; one that does not know how pictures become
 *   numbers needs the option `preprocess`
 * @param image anything that can be drawn, as it is at the moment of the call
 * @throws MLError when an option is wrong, or the model has no such class
 */
export async function saliency(
  model: Explainable,
  image: ImageSource,
  options: SaliencyOptions = {},
): Promise<Saliency> {
  const given = { ...options };
  const [picture, code] = await Promise.all([taken('saliency', image), teachCode()]);
  return code.saliency(model, picture, given);
}

/**
 * Draws a picture in grey, and over it in colours what an answer hangs on, over the whole target.
 *
 *     await drawSaliency(canvas, image, map, { opacity: 0.7 });
 *
 * @param target a canvas, a context of one, or p5's canvas or graphics
 */
export async function drawSaliency(
  target: DrawTarget,
  image: ImageSource,
  map: Saliency,
  options: DrawSaliencyOptions = {},
): Promise<void> {
  (await teachCode()).drawSaliency(target, image, map, options);
}

/**
 * A picture changed so little that people hardly see it, and so that the model says something else.
 *
 *     const { image, before, after } = await attack(classifier, photo, { strength: 0.02 });
 *     console.log(before[0].label, '→', after[0].label);
 *
 * That it takes so little shows how fragile what networks learn is: they do not see as people do.
 *
 * @param options `label`: what the model shall say, in place of anything else
 */
export async function attack(
  model: Explainable,
  image: ImageSource,
  options: AttackOptions = {},
): Promise<Attack> {
  const given = { ...options };
  const [picture, code] = await Promise.all([taken('attack', image), teachCode()]);
  return code.attack(model, picture, given);
}

/**
 * A picture that nobody took: what a class, or a channel inside of the network, answers most to.
 *
 *     const { image } = await imagine(classifier, {
 *       label: 'espresso',
 *       onProgress: ({ image }) => context.putImageData(new ImageData(image.data, image.width), 0, 0),
 *     });
 *
 * @param options a `label`, or a `layer` with or without a `channel`
 */
export async function imagine(model: Explainable, options: ImagineOptions): Promise<Imagined> {
  const given = { ...options };
  const { image } = given;
  const [picture, code] = await Promise.all([
    image === undefined ? undefined : taken('imagine', image),
    teachCode(),
  ]);
  return code.imagine(model, picture, given);
}
