// Tells people in a picture from what is behind them.
import type { ImageSource } from '../image.js';
import { peopleCode } from '../later.js';
import type { About, CheckedWhere, LoadOptions } from '../model.js';
import type { Segmentation, SegmentedPart } from '../people/types.js';
import type { Preprocess } from '../recipe.js';
import type { ModelSource } from '../source.js';
import { type Loading, usableAtOnce } from '../usable.js';
import type { WatchOptions } from '../watch.js';
import { sightOf } from './seer.js';

/** What a mask shows. */
export type MaskType = 'person' | 'background' | 'parts' | 'people';

export interface BodySegmentationOptions extends LoadOptions {
  /**
   * What is told apart: `person`, all people from everything else (if left out); `background`, the same
   * the other way round; `parts`, 24 parts of bodies; `people`, one from another.
   */
  maskType?: MaskType;
  /** What is more likely than this is a person; 0.7 if left out, 0 to 1. */
  threshold?: number;
  /**
   * Whether the edges of a `person` or the `background` are soft: they rise from 0 to 255 as the likelihood
   * does from 0.2 below the threshold to 0.2 above. True if left out; false for either 0 or 255.
   */
  soft?: boolean;
  /**
   * Which part of the picture's own width and height the network looks at, 0.1 to 1; 0.5 if left out. Less
   * is faster. It never looks at more than 801 pixels along the longer side.
   */
  detail?: number;
  /** How many `people` are told apart at most; 10 if left out. */
  maxPeople?: number;
  /** Of `people`, those of whom the model is less sure are left out; 0.4 if left out. */
  minConfidence?: number;
  /** Mirrors the answers: for a camera that faces whom it shows, drawn mirrored. */
  flip?: boolean;
  /** Whether a model that is no BodyPix gives probabilities, from 0 to 1; true if left out. */
  probabilities?: boolean;
  /** How a picture becomes numbers, where a model wants it in another way than is usual. */
  preprocess?: Partial<Preprocess>;
}

/** Options that are complete. */
export interface CheckedSegmentationOptions extends CheckedWhere {
  maskType: MaskType;
  threshold: number;
  soft: boolean;
  detail: number;
  maxPeople: number;
  minConfidence: number;
  flip: boolean;
  probabilities: boolean;
  preprocess: Partial<Preprocess> | undefined;
  onProgress: LoadOptions['onProgress'];
  signal: AbortSignal | undefined;
}

export interface BodySegmentation {
  /**
   * Tells which pixels of a picture are people.
   *
   *     const people = await bodies.segment(image);
   *     blurBackground(canvas, image, people);
   *
   * @param image anything that can be drawn: see `ImageSource`
   * @throws MLError when the picture is not there yet or may not be read
   */
  segment(image: ImageSource): Promise<Segmentation>;
  /**
   * Looks at every new frame until the returned function is called. Frames that come while one is being
   * looked at are left out. The first error ends the watching and is reported once.
   *
   *     const stop = bodies.watch(video, (people) => cutOut(canvas, video, people));
   */
  watch(
    source: ImageSource,
    onPeople: (people: Segmentation) => void,
    options?: WatchOptions,
  ): () => void;
  /** What the numbers of `parts` mean. Known once the model has loaded. */
  readonly parts: readonly SegmentedPart[];
  /** Where the model comes from, what it was trained on, and what it gets wrong. */
  about(): Promise<About>;
  /** Frees the model. Whatever is called afterwards rejects. */
  dispose(): void;
}

const who = 'bodySegmentation';

/**
 * Loads a model that tells people from what is behind them.
 *
 *     const bodies = await bodySegmentation('bodypix');
 *     const people = await bodies.segment(image);
 *     replaceBackground(canvas, image, people, 'teal');
 *
 * @param model a known name (`'bodypix'`), an address or path, or dropped files: a BodyPix, or a network
 *   with one output [1, height, width, 1 or 2], such as those for selfies
 */
export function bodySegmentation(
  model: ModelSource = 'bodypix',
  options: BodySegmentationOptions = {},
): Loading<BodySegmentation> {
  const ready = peopleCode().then(({ openSegmenter }) => openSegmenter(model, options));
  const sight = sightOf(who, ready, 'watch(video, (people) => cutOut(canvas, video, people))');
  const { detect: segment, ...methods } = sight.methods;
  const bodies: BodySegmentation = {
    ...methods,
    segment,
    get parts() {
      return sight.loaded('parts').parts;
    },
  };
  return usableAtOnce(ready, bodies, { session: sight.session });
}
