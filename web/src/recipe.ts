// What a model wants of a picture and what its outputs mean, and the files that say so.
import { fail, messageOf } from './errors.js';
import type { Folder } from './folder.js';
import { type Absent, absent, isRecord, parseRecord, readOptions } from './options.js';

/** How a picture becomes the numbers that a model was trained on. */
export interface Preprocess {
  /**
   * How the picture gets the size of the model's input: `stretch` it, `crop` its middle to the same
   * proportions, or `contain` it whole, with black beside it.
   */
  fit: 'stretch' | 'crop' | 'contain';
  /**
   * Which pixels a resized pixel is made of; bilinear, except for `nearest`. `asymmetric` is what
   * TensorFlow.js does if not told otherwise.
   */
  sampling: 'alignCorners' | 'halfPixel' | 'asymmetric' | 'nearest';
  /** Subtracted from every channel, or from red, green and blue; pixels are 0 to 255. */
  mean: number | [red: number, green: number, blue: number];
  /** What the difference is divided by: 127.5 with a mean of 127.5 gives -1 to 1. */
  std: number | [red: number, green: number, blue: number];
  /** Round the result down to a whole number: drawings in black and white. */
  binarize: boolean;
  /** Mirror left and right first: what a camera that faces you shows. */
  flip: boolean;
}

/** How the raw outputs become confidences. */
export type Activation = 'none' | 'softmax';

/** What is known of one model beside its weights. */
export interface Recipe {
  /** The names of the classes in the order of the outputs, or the name of a list of the library. */
  labels?: string[] | string;
  preprocess?: Partial<Preprocess>;
  activation?: Activation;
}

/** `mean` and `std` have no default: what a model was trained on cannot be guessed. */
const preprocessSchema = {
  fit: ['crop', 'stretch', 'contain'],
  sampling: ['halfPixel', 'alignCorners', 'asymmetric', 'nearest'],
  mean: channelNumbers('mean: 127.5', () => true),
  std: channelNumbers('std: 127.5', (value) => value !== 0),
  binarize: false,
  flip: false,
} as const;

function channelNumbers(
  example: string,
  allowed: (value: number) => boolean,
): Absent<Preprocess['mean']> {
  const fits = (value: unknown) =>
    typeof value === 'number' && Number.isFinite(value) && allowed(value);
  return absent(
    'a number other than 0, or one for each of red, green and blue',
    example,
    (value) => (Array.isArray(value) ? value.length === 3 && value.every(fits) : fits(value)),
  );
}

/**
 * Checks preprocessing, as given in parts that win over the later ones.
 *
 * @param who what the user called
 * @throws MLError when a part is unknown or wrong, or when no part says what mean and std are
 */
export function readPreprocess(
  who: string,
  parts: readonly (Partial<Preprocess> | undefined)[],
): Preprocess {
  const given = Object.assign({}, ...parts.slice().reverse());
  const { mean, std, ...rest } = readOptions(`${who}: preprocess`, given, preprocessSchema);
  if (mean === undefined || std === undefined) {
    fail(
      `${who}: nothing says how this model wants its pictures`,
      {
        needed: mean === undefined ? 'preprocess.mean' : 'preprocess.std',
        'looked in': 'the options, gesso.json and metadata.json beside the model, the known models',
      },
      'preprocess: { mean: 127.5, std: 127.5 } for numbers from -1 to 1, ' +
        '{ mean: 0, std: 255 } for 0 to 1',
    );
  }
  return { ...rest, mean, std };
}

/**
 * Checks preprocessing of which parts may be left out.
 *
 * @returns the parts that were given
 */
export function readSomePreprocess(
  who: string,
  given: Partial<Preprocess> | undefined,
): Partial<Preprocess> | undefined {
  if (given === undefined) return undefined;
  const checked = readOptions(`${who}: preprocess`, given, preprocessSchema);
  return Object.fromEntries(Object.entries(checked).filter(([name]) => Object.hasOwn(given, name)));
}

/** The files beside a model that hold a recipe, in the order to look. */
export const recipeFiles = ['gesso.json', 'metadata.json'];

/** The recipe in the first file beside a model that holds one, or undefined. */
export async function findRecipe(
  folder: Folder,
  signal?: AbortSignal,
): Promise<Recipe | undefined> {
  for (const name of recipeFiles) {
    const text = await folder.readOptional(name, signal);
    if (text !== null) return readRecipe(name, folder.nameOf(name), text);
  }
  return undefined;
}

/**
 * Reads the recipe in a file beside a model.
 *
 * `gesso.json` is `{labels: [...] | "file.txt", preprocess: {...}, activation: "softmax"}`, each
 * part optional. `metadata.json` is what Teachable Machine exports; its pictures are the middle
 * square, (x - 127) / 127.
 */
export function readRecipe(name: string, address: string, text: string): Recipe {
  const content = parseObject(name, address, text);
  return name === 'gesso.json' ? ownRecipe(address, content) : teachableMachine(address, content);
}

function parseObject(name: string, address: string, text: string): Record<string, unknown> {
  const content = parseRecord(text);
  if (typeof content !== 'string') return content;
  fail(
    `${name}: this is not the JSON of a model's description`,
    { address, reason: content },
    '{"labels": ["cat", "dog"]}',
  );
}

const recipeSchema = {
  labels: absent<string[] | string>(
    'a list of names, or the name of a file beside it',
    '"labels": ["cat", "dog"]',
    (value) => typeof value === 'string' || isTexts(value),
  ),
  preprocess: absent<Partial<Preprocess>>(
    'an object',
    '"preprocess": {"mean": 127.5, "std": 127.5}',
    isRecord,
  ),
  activation: absent<Activation>(
    '"none" or "softmax"',
    '"activation": "softmax"',
    (value) => value === 'none' || value === 'softmax',
  ),
};

function ownRecipe(address: string, content: Record<string, unknown>): Recipe {
  const { labels, preprocess, activation } = readOptions(address, content, recipeSchema);
  return {
    ...(labels !== undefined && { labels }),
    ...(preprocess !== undefined && { preprocess }),
    ...(activation !== undefined && { activation }),
  };
}

function teachableMachine(address: string, content: Record<string, unknown>): Recipe {
  const { labels, packageName = '' } = content;
  if (typeof packageName === 'string' && /\/(pose|audio)$/.test(packageName)) {
    fail(
      'metadata.json: this Teachable Machine model is not one for images',
      { address, packageName },
      'a model exported from an Image Project',
    );
  }
  if (!isTexts(labels)) {
    fail(
      'metadata.json: it must hold the names of the classes',
      { address, needed: '"labels": [...]' },
      'export the model from Teachable Machine again, or labels: [...]',
    );
  }
  return { labels, preprocess: { fit: 'crop', sampling: 'halfPixel', mean: 127, std: 127 } };
}

export function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** Labels in a file: a JSON list, or one name on each line. */
export function parseLabels(address: string, text: string): string[] {
  if (!text.trimStart().startsWith('[')) {
    const lines = text.split(/\r?\n/);
    if (lines.at(-1) === '') lines.pop();
    return lines;
  }
  let reason = 'not all of them are texts';
  try {
    const labels: unknown = JSON.parse(text);
    if (isTexts(labels)) return labels;
  } catch (error) {
    reason = messageOf(error);
  }
  fail('labels: the file holds no list of names', { address, reason }, '["cat", "dog"]');
}
