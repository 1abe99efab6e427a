// ml5.bodySegmentation: tells people from what is behind them.
import { fail } from '../errors.js';
import { readOptions } from '../options.js';
import { findP5, type P5Image } from '../p5.js';
import { p5Image } from '../p5Image.js';
import { type Segmentation, segmentedParts } from '../people/types.js';
import { bodySegmentation as task } from '../tasks/bodySegmentation.js';
import { type Callback, callbackOf, refuseMore, sortArguments } from './calls.js';
import { anything, type Detecting, detecting, flipSchema } from './detecting.js';
import { type Instance, instance } from './instance.js';

export interface BodySegmentationOptions {
  /** What the mask covers; `background` if left out. */
  maskType?: 'background' | 'person' | 'parts';
  /** A model of your own: see `bodySegmentation` of gesso. */
  modelURL?: string;
  flipped?: boolean;
  flipHorizontal?: boolean;
}

/** Which pixels of a picture are people, as ml5 gives it. */
export interface BodySegmentationResult {
  /** For each pixel: 255 where the mask covers it, else 0; of `parts` the number of the part, or 255. */
  data: Uint8Array;
  /** ml5 has the picture here where a model gives it; gesso does not. */
  imageData: null;
  /** The mask: what it covers is black, or has the colour of its part; all else is transparent. */
  maskImageData: ImageData;
  /** The same as a p5.Image, where there is p5. */
  mask: P5Image | ImageData;
}

/** What ml5 says a body segmentation can do. */
export interface BodySegmentation extends Detecting<BodySegmentationResult> {
  /** The numbers of the parts by their names, such as `LEFT_HAND`. */
  getPartsId(): Record<string, number>;
}

const who = 'ml5.bodySegmentation';

const schema = {
  maskType: ['background', 'person', 'parts'],
  modelURL: '',
  runtime: anything,
  modelType: anything,
  solutionPath: anything,
  architecture: anything,
  multiplier: anything,
  outputStride: anything,
  quantBytes: anything,
  multiSegmentation: anything,
  segmentBodyParts: anything,
  ...flipSchema,
} as const;

/**
 * Loads a model that tells people from what is behind them. gesso has BodyPix, which stands for the
 * others.
 *
 *     const bodySegmentation = ml5.bodySegmentation('BodyPix', { maskType: 'parts' });
 *     bodySegmentation.detectStart(video, (result) => image(result.mask, 0, 0));
 *
 * @param args the name of a model, options, a callback
 */
export function bodySegmentation(
  ...args: readonly (string | BodySegmentationOptions | Callback<BodySegmentation>)[]
): Instance<BodySegmentation> {
  const given = sortArguments(args);
  const example = "ml5.bodySegmentation('BodyPix', { maskType: 'person' }, modelLoaded)";
  refuseMore(who, given, { texts: 1, options: 1, callbacks: 1 }, example);
  const [name = 'SelfieSegmentation'] = given.texts;
  if (!/^(selfiesegmentation|bodypix)$/i.test(name)) {
    fail(
      `${who}: there is no such model`,
      { given: name, known: 'SelfieSegmentation, BodyPix' },
      example,
    );
  }
  const { maskType, modelURL, flipped, flipHorizontal } = readOptions(
    who,
    given.options[0] ?? {},
    schema,
  );
  const bodies = task(modelURL || 'bodypix', { maskType, flip: flipped || flipHorizontal });
  const watched = {
    detect: bodies.segment,
    watch: bodies.watch,
    dispose: bodies.dispose,
  };
  const methods: BodySegmentation = {
    ...detecting(watched, maskType === 'parts' ? withMask : covering),
    getPartsId: () => Object.fromEntries(segmentedParts.map((part, i) => [part.toUpperCase(), i])),
  };
  return instance(bodies, methods, callbackOf(given));
}

/** The mask in black, as ml5 draws it, with soft edges; its data without them. */
function covering(found: Segmentation): Promise<BodySegmentationResult> {
  const { mask } = found;
  for (let i = 0; i < mask.data.length; i += 4) mask.data.fill(0, i, i + 3);
  return withMask({ mask, data: found.data.map((much) => (much < 128 ? 0 : 255)) });
}

async function withMask({
  data,
  mask,
}: Pick<Segmentation, 'data' | 'mask'>): Promise<BodySegmentationResult> {
  const shown = findP5() ? await p5Image(mask) : mask;
  return { data, imageData: null, maskImageData: mask, mask: shown };
}
