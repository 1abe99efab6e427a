// ml5.imageClassifier: names what is in a picture.
import { fail } from '../errors.js';
import type { ImageSource } from '../image.js';
import { readOptions } from '../options.js';
import type { Preprocess } from '../recipe.js';
import { type Label, imageClassifier as task } from '../tasks/imageClassifier.js';
import { show } from '../tensor.js';
import {
  answer,
  type Callback,
  callbackOf,
  loopCallback,
  refuseMore,
  sortArguments,
  tellError,
} from './calls.js';
import { type Instance, instance } from './instance.js';

/** One guess, as ml5 gives it. */
export interface Classification {
  label: string;
  /** How sure the model is, 0 to 1. */
  confidence: number;
}

export interface ImageClassifierOptions {
  /** How many guesses a result holds; 3 if left out. */
  topk?: number;
  /** Of MobileNet. gesso has one MobileNet, which stands for all. */
  version?: 1 | 2;
  /** Of MobileNet. gesso has one MobileNet, which stands for all. */
  alpha?: 0.25 | 0.5 | 0.75 | 1;
  /** The names of the classes, for a model without: not in ml5. */
  labels?: readonly string[];
  /** How a picture becomes numbers, for a model that does not say it: not in ml5. */
  preprocess?: Partial<Preprocess>;
}

/** What ml5 says an image classifier can do. */
export interface ImageClassifier {
  /**
   * Names what is in a picture, the surest first.
   *
   *     classifier.classify(img, gotResults);
   *     const results = await classifier.classify(img, 5);
   */
  classify(image: ImageSource, callback?: Callback<Classification[]>): Promise<Classification[]>;
  classify(
    image: ImageSource,
    topk: number,
    callback?: Callback<Classification[]>,
  ): Promise<Classification[]>;
  /** Classifies frame after frame, until `classifyStop()` or another `classifyStart()`. */
  classifyStart(image: ImageSource, callback: Callback<Classification[]>): void;
  classifyStart(image: ImageSource, topk: number, callback: Callback<Classification[]>): void;
  classifyStop(): void;
  /** Frees the model. */
  dispose(): void;
}

const who = 'ml5.imageClassifier';

/** ml5's own defaults. */
const schema = { topk: 3, version: 2, alpha: 1 };

/** The widths of MobileNet that ml5 knows, by version. */
const alphas: Record<number, readonly number[]> = { 1: [0.25, 0.5, 0.75, 1], 2: [0.5, 0.75, 1] };

/**
 * Loads a model that names what is in a picture.
 *
 *     const classifier = ml5.imageClassifier('MobileNet');
 *
 * @param args the name of a model, or its address, which may be relative; options; a callback
 */
export function imageClassifier(
  ...args: readonly (string | ImageClassifierOptions | Callback<ImageClassifier>)[]
): Instance<ImageClassifier> {
  const given = sortArguments(args);
  const example = "ml5.imageClassifier('MobileNet', { topk: 3 }, modelLoaded)";
  refuseMore(who, given, { texts: 1, options: 1, callbacks: 1 }, example);
  const [name = 'MobileNet'] = given.texts;
  const { labels, preprocess, ...ofMl5 } = (given.options[0] ?? {}) as ImageClassifierOptions;
  const { topk, version, alpha } = readOptions(who, ofMl5, schema);
  if (!alphas[version]?.includes(alpha)) {
    fail(
      `${who}: there is no such MobileNet`,
      { version, alpha, known: 'version 1: alpha 0.25, 0.5, 0.75, 1; version 2: 0.5, 0.75, 1' },
      '{ version: 1, alpha: 0.25 }',
    );
  }
  const classifier = task(name, {
    topK: topk,
    ...(labels && { labels }),
    ...(preprocess && { preprocess }),
  });

  const classified = async (...args: readonly unknown[]): Promise<Classification[]> => {
    const { image, k } = readCall('classify', args);
    return plain(await classifier.classify(image, k));
  };
  let stop = () => {};
  const methods: ImageClassifier = {
    classify: (...args: readonly unknown[]) =>
      answer(classified(...args), callbackOf<Classification[]>(sortArguments(args))),
    classifyStart(...args: readonly unknown[]) {
      const { image, k, callback } = readCall('classifyStart', args);
      if (!callback) {
        fail(
          'ml5 classifyStart: it needs a function to call',
          { given: args.map((value) => show(value)).join(', ') },
          'classifyStart(video, gotResults)',
        );
      }
      stop();
      const told = loopCallback(callback, () => stop());
      stop = classifier.watch(image, (results) => told(plain(results)), {
        ...(k !== undefined && { topK: k }),
        onError: (error) => tellError(callback, error),
      });
    },
    classifyStop: () => stop(),
    dispose() {
      stop();
      classifier.dispose();
    },
  };
  return instance(classifier, methods, callbackOf(given));
}

/** What classify() and classifyStart() are given, in whatever order. */
function readCall(
  name: string,
  args: readonly unknown[],
): { image: ImageSource; k: number | undefined; callback: Callback<Classification[]> | undefined } {
  const given = sortArguments(args);
  const most = { numbers: 1, callbacks: 1, others: 1, texts: 1, options: 1 };
  refuseMore(`ml5 ${name}`, given, most, `${name}(image, 3, gotResults)`);
  // What is no picture at all is refused by the task, which tells what is one.
  const [image] = [...given.others, ...given.texts, ...given.options];
  return { image: image as ImageSource, k: given.numbers[0], callback: callbackOf(given) };
}

function plain(labels: readonly Label[]): Classification[] {
  return labels.map(({ label, confidence }) => ({ label, confidence }));
}
