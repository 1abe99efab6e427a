// Tells people in a picture from what is behind them.
import type { ImageSource } from '../image.js';
import { peopleCode } from '../later.js';
import { type About, type LoadOptions, loadOptions } from '../model.js';
import { absent, isRecord, readOptions } from '../options.js';
import { confidence, count } from '../people/options.js';
import { type Segmentation, type SegmentedPart, segmentedParts } from '../people/types.js';
import { type Preprocess, readSomePreprocess } from '../recipe.js';
import type { ModelSource } from '../source.js';
import { type Loading, usableAtOnce } from '../usable.js';
import { type WatchOptions, watchPlainly } from '../watch.js';
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
export interface CheckedSegmentationOptions {
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
  worker: boolean | undefined;
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
  /** What the numbers of `parts` mean. */
  readonly parts: readonly SegmentedPart[];
  /** Where the model comes from, what it was trained on, and what it gets wrong. */
  about(): Promise<About>;
  /** Frees the model. Whatever is called afterwards rejects. */
  dispose(): void;
}

const who = 'bodySegmentation';

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
  const given = readOptions(who, options, schema);
  const checked: CheckedSegmentationOptions = {
    ...given,
    preprocess: readSomePreprocess(who, given.preprocess),
    threshold: given.threshold ?? 0.7,
    detail: given.detail ?? 0.5,
    maxPeople: given.maxPeople ?? 10,
    minConfidence: given.minConfidence ?? 0.4,
  };
  const ready = peopleCode().then(({ openSegmenter }) => openSegmenter(model, checked));
  const sight = sightOf(who, ready);
  const segment = (image: ImageSource) => sight.use((segmenter) => segmenter.detect(image));
  const bodies: BodySegmentation = {
    segment,
    watch(source, onPeople, options = {}) {
      const example = 'watch(video, (people) => cutOut(canvas, video, people))';
      return sight.watch(() => watchPlainly(source, segment, onPeople, options, example));
    },
    parts: segmentedParts,
    about: () => sight.session.about(),
    dispose: () => sight.dispose(),
  };
  return usableAtOnce(ready, bodies, { session: sight.session });
}
