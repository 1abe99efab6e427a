// Names what is in a picture.
import { fail } from '../errors.js';
import { Folder } from '../folder.js';
import { type ImageSource, refuseReading, takePicture } from '../image.js';
import {
  type About,
  type LoadOptions,
  loadOptions,
  type Open,
  openModel,
  Session,
} from '../model.js';
import { absent, isRecord, readOptions } from '../options.js';
import { platform } from '../platform.js';
import {
  type Activation,
  findRecipe,
  isTexts,
  type Preprocess,
  parseLabels,
  type Recipe,
  readPreprocess,
} from '../recipe.js';
import { knownBy, namesFor, readLabels } from '../registry.js';
import type { ModelSource } from '../source.js';
import { countOf, showShape, type TypedArray } from '../tensor.js';
import { type Loading, usableAtOnce } from '../usable.js';
import { type WatchOptions, watchOptions, watchWith } from '../watch.js';

export type { Preprocess } from '../recipe.js';

/** One guess. */
export interface Label {
  /** What it is: a name, or `class 3` for a model without names. */
  label: string;
  /** How sure the model is, 0 to 1. All classes of the model together make 1. */
  confidence: number;
  /** The position of the class among the outputs of the model, from 0. */
  index: number;
}

export interface ImageClassifierOptions extends LoadOptions {
  /** How many guesses a result holds, the surest first; 3 if left out. */
  topK?: number;
  /** The names of the classes, in order, or the address of a list of them (JSON, or lines). */
  labels?: readonly string[] | string;
  /** How a picture becomes numbers; each part given wins over what is known of the model. */
  preprocess?: Partial<Preprocess>;
  /** `softmax` for a model whose outputs are not confidences yet. */
  activation?: Activation;
}

export interface WatchLabelsOptions extends WatchOptions {
  /** How many guesses a result holds; if left out, as the classifier was told. */
  topK?: number;
}

export interface ImageClassifier {
  /**
   * Names what is in a picture, the surest guess first.
   *
   *     const [best] = await classifier.classify(image);
   *     console.log(best.label, best.confidence);
   *
   * @param image anything that can be drawn: see `ImageSource`
   * @param topK how many guesses; if left out, as the classifier was told
   * @throws MLError when the picture is not there yet or may not be read
   */
  classify(image: ImageSource, topK?: number): Promise<Label[]>;
  /**
   * Classifies every new frame until the returned function is called. Frames that come while one is
   * being classified are left out. The first error ends the watching and is reported once.
   *
   *     const stop = classifier.watch(video, ([best]) => { caption.textContent = best.label; });
   */
  watch(
    source: ImageSource,
    onResult: (results: Label[]) => void,
    options?: WatchLabelsOptions,
  ): () => void;
  /** Where the model comes from, what it was trained on, and what it gets wrong. */
  about(): Promise<About>;
  /** The names of all classes, in the order of the model. */
  labels(): Promise<string[]>;
  /** Frees the model. Whatever is called afterwards rejects. */
  dispose(): void;
}

const who = 'imageClassifier';

const ownOptions = {
  topK: 3,
  labels: absent<string[] | string>(
    'a list of names, or the address of one',
    "labels: ['cat', 'dog']",
    (value) => typeof value === 'string' || isTexts(value),
  ),
  preprocess: absent<Partial<Preprocess>>(
    'an object',
    'preprocess: { mean: 127.5, std: 127.5 }',
    isRecord,
  ),
  activation: absent<Activation>(
    "'none' or 'softmax'",
    "activation: 'softmax'",
    (value) => value === 'none' || value === 'softmax',
  ),
};

/**
 * Loads a model that names what is in a picture.
 *
 *     const classifier = await imageClassifier('mobilenet');
 *     const results = await classifier.classify(image);
 *     // [{ label: 'espresso', confidence: 0.93, index: 967 }, …]
 *
 * What the model wants of a picture and how its classes are called is taken from, in this order:
 * the options; a `gesso.json` or a `metadata.json` (Teachable Machine) beside the model; what is
 * known of the model by its SHA-256. A server is not asked for those files when the model is known:
 * it would hardly have them, and every one that is missing is an error in the browser's console.
 *
 * @param model a known name (`'mobilenet'`), an address or path, or dropped files
 */
export function imageClassifier(
  model: ModelSource = 'mobilenet',
  options: ImageClassifierOptions = {},
): Loading<ImageClassifier> {
  const ready = prepare(model, options);
  const session = new Session(
    who,
    ready.then(({ open }) => open),
  );

  let loaded: Ready | undefined;
  ready.then(
    (complete) => {
      loaded = complete;
    },
    () => {}, // reported by the promise that the user holds, and by every method
  );

  const classify = async (image: ImageSource, topK?: number): Promise<Label[]> => {
    const count = topK === undefined ? undefined : checkTopK('classify', topK);
    session.refuseDisposed();
    // Not awaited when it has loaded: the picture is the one of this very moment.
    const { open, labels, preprocess, activation, topK: usual } = loaded ?? (await ready);
    session.refuseDisposed();
    const { client, model: number } = open;
    const picture = await takePicture('classify', image, client.takesBitmaps);
    const outputs = await client
      .see(number, picture, preprocess)
      .catch((error: unknown) => refuseReading('classify', error)); // as it moves to the worker
    const [scores] = Object.values(outputs);
    const all = confidences(scores?.data ?? new Float32Array(), activation);
    return best(all, labels, count ?? usual);
  };

  const classifier: ImageClassifier = {
    classify,
    watch(source, onResult, given = {}) {
      const { topK, onError } = readOptions('watch', given, {
        topK: absent<number>('a number', 'topK: 1', (value) => typeof value === 'number'),
        ...watchOptions,
      });
      const example = 'watch(video, ([best]) => show(best.label))';
      return watchWith(source, (source) => classify(source, topK), onResult, onError, example);
    },
    about: () => session.about(),
    labels: async () => {
      await session.opened();
      return [...(await ready).labels];
    },
    dispose: () => session.dispose(),
  };
  return usableAtOnce(ready, classifier, {
    session,
    preprocess: async () => (await ready).preprocess,
    classes: () => ready,
  });
}

/** What of the options is about pictures and classes. */
export type OwnOptions = {
  labels: string[] | string | undefined;
  preprocess: Partial<Preprocess> | undefined;
  activation: Activation | undefined;
};

/** A classifier whose model has loaded and whose recipe is complete. */
interface Ready {
  open: Open;
  labels: string[];
  preprocess: Preprocess;
  activation: Activation;
  topK: number;
}

async function prepare(source: ModelSource, given: ImageClassifierOptions): Promise<Ready> {
  const options = readOptions(who, given, { ...ownOptions, ...loadOptions });
  const topK = checkTopK(who, options.topK);
  const open = await openModel(who, source, options);
  try {
    const classes = await checkTask(open);
    const origins = await originsOf(open, options, options.signal);
    const recipes = origins.map(({ recipe }) => recipe);
    const preprocess = readPreprocess(
      who,
      recipes.map((recipe) => recipe.preprocess),
    );
    const labels = await findLabels(origins, classes);
    const activation = recipes.find((recipe) => recipe.activation)?.activation ?? 'none';
    return { open, labels, preprocess, activation, topK };
  } catch (error) {
    await open.client.close(open.model);
    throw error;
  }
}

function checkTopK(caller: string, topK: number): number {
  if (Number.isInteger(topK) && topK > 0) return topK;
  fail(`${caller}: topK must be a whole number from 1`, { given: topK }, 'topK: 3');
}

/** A recipe, and how it names a list of labels. */
export interface Origin {
  recipe: Recipe;
  readList(name: string): Promise<string[]>;
}

/** What is known of the model, the strongest first. */
export async function originsOf(
  open: Open,
  { labels, preprocess, activation }: OwnOptions,
  signal: AbortSignal | undefined,
): Promise<Origin[]> {
  const origins: Origin[] = [
    {
      recipe: {
        ...(labels !== undefined && { labels }),
        ...(preprocess !== undefined && { preprocess }),
        ...(activation !== undefined && { activation }),
      },
      readList: (address) => readList(platform.resolve(address)),
    },
  ];
  const { address, location } = open;
  const known = location.known ?? (await knownBy(open.sha256))?.[1];
  if (!location.known && !(known && /^https?:/i.test(address))) {
    const folder = new Folder(
      location.places.find((place) => place.address === address) ?? { address },
    );
    const recipe = await findRecipe(folder, signal);
    if (recipe) origins.push({ recipe, readList: (name) => readBeside(folder, name) });
  }
  if (known) origins.push({ recipe: known, readList: readLabels });
  return origins;
}

async function readBeside(folder: Folder, name: string): Promise<string[]> {
  const pieces = await folder.read(name);
  return parseLabels(name, await new Blob(pieces as Uint8Array<ArrayBuffer>[]).text());
}

async function readList(address: string): Promise<string[]> {
  const response = await platform.fetch(address);
  if (response.ok) return parseLabels(address, await response.text());
  fail(
    `${who}: the list of labels is not there`,
    { address, answer: `${response.status} ${response.statusText}`.trim() },
    "labels: ['cat', 'dog']",
  );
}

/** The names of the classes; `class 0`, `class 1`, … where nothing tells them. */
async function findLabels(origins: readonly Origin[], classes: number): Promise<string[]> {
  const origin = origins.find(({ recipe }) => recipe.labels !== undefined);
  const given = origin?.recipe.labels;
  if (origin === undefined || given === undefined) {
    return Array.from({ length: classes }, (_, i) => `class ${i}`);
  }
  const labels = typeof given === 'string' ? await origin.readList(given) : [...given];
  if (labels.length === classes) return labels;
  fail(
    `${who}: there must be one label for each class of the model`,
    { classes, labels: labels.length, first: labels.slice(0, 3).join(', ') },
    `labels: [...] with ${classes} names`,
  );
}

/** Refuses a model that takes no picture or gives no list of scores; the number of its classes. */
async function checkTask({ description, location, address }: Open): Promise<number> {
  const { inputs, outputs } = description;
  const [input] = inputs;
  const [output] = outputs;
  const [, ...scores] = output?.shape ?? [];
  const [, height = -1, width = -1, channels = -1] = input?.shape ?? [];
  const takesPicture = input?.shape.length === 4 && [1, 3, 4].includes(channels);
  if (inputs.length !== 1 || outputs.length !== 1 || !takesPicture || countOf(scores) < 2) {
    const task = location.known?.task;
    fail(
      `${who}: this model does not name what is in a picture`,
      {
        address,
        ...(task !== undefined && { 'made for': task }),
        inputs: inputs.map(({ name, shape }) => `${name} ${showShape(shape)}`).join(', '),
        outputs: outputs.map(({ name, shape }) => `${name} ${showShape(shape)}`).join(', '),
        needed: 'one picture [1, height, width, 1, 3 or 4], one list of scores [1, classes]',
      },
      `${(await namesFor(who)).map((name) => `'${name}'`).join(', ')}, or loadModel() for this one`,
    );
  }
  if (height < 0 || width < 0) {
    fail(
      `${who}: the model does not say which size its pictures have`,
      { address, input: `${input.name} ${showShape(input.shape)}` },
      'a model that was saved with a fixed size, or loadModel() and run() for this one',
    );
  }
  if (input.dtype !== 'float32') {
    fail(
      `${who}: the model takes its picture in another type than float32`,
      { address, input: `${input.name} ${input.dtype} ${showShape(input.shape)}` },
      'loadModel() and run() for this one',
    );
  }
  return countOf(scores);
}

/** The raw outputs as numbers from 0 to 1. */
export function confidences(scores: TypedArray, activation: Activation): ArrayLike<number> {
  if (activation === 'softmax') return softmax(scores);
  let least = 0;
  let most = 1;
  for (const score of scores) {
    if (Number.isNaN(score)) {
      fail(
        'classify: the model gives "not a number" for this picture',
        { scores: Array.from(scores.slice(0, 4)).join(', ') },
        'preprocess: { mean, std } as the model was trained',
      );
    }
    least = Math.min(least, score);
    most = Math.max(most, score);
  }
  if (least < -rounding || most > 1 + rounding) {
    fail(
      'classify: the outputs of this model are not confidences from 0 to 1',
      { least, most },
      "activation: 'softmax'",
    );
  }
  return scores;
}

/** How far float arithmetic may leave the range from 0 to 1. */
const rounding = 1e-3;

/** exp(x) / Σ exp(x); the largest x is taken off first, so that exp cannot overflow. */
function softmax(scores: TypedArray): Float64Array {
  let largest = Number.NEGATIVE_INFINITY;
  for (const score of scores) largest = Math.max(largest, score);
  const powers = Float64Array.from(scores, (score) => Math.exp(score - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** The classes of the highest confidences, the surest first; equals in the order of the model. */
export function best(scores: ArrayLike<number>, labels: readonly string[], topK: number): Label[] {
  return Array.from(scores, (confidence, index) => {
    return { label: labels[index] ?? `class ${index}`, confidence, index };
  })
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, topK);
}
