// The kinds of options that layers have: what each takes, in words and as a type.
import { type Absent, absent, type Given, isRecord, readOptions, type Schema } from '../options.js';

/** A schema in parts, as one. */
export type Whole<P> = P extends readonly [infer First, ...infer Rest]
  ? First & Whole<Rest>
  : unknown;

/** Joins the parts of a schema. Spreading would lose what is said of each option. */
export function schemaOf<P extends readonly Schema[]>(...parts: P): Whole<P> {
  return Object.assign({}, ...parts);
}

/** A whole number, from 1 unless told otherwise. */
export const whole = (from = 1, example = Math.max(from, 1)): Absent<number> =>
  absent(`a whole number from ${from}`, `${example}`, (value) => isWhole(value, from));

/** Any number that is not infinite. */
export const real = (example: number): Absent<number> =>
  absent('a number', `${example}`, (value) => Number.isFinite(value));

/** A number above zero. */
export const positive = (example: number): Absent<number> =>
  absent('a number above 0', `${example}`, (value) => Number.isFinite(value) && Number(value) > 0);

/** A number that is not negative. */
export const natural = (example: number): Absent<number> =>
  absent('a number from 0', `${example}`, (value) => Number.isFinite(value) && Number(value) >= 0);

/** A part of a whole, from 0 to below 1. */
export const fraction = (example: number): Absent<number> =>
  absent(
    'a number from 0 to below 1',
    `${example}`,
    (value) => Number.isFinite(value) && Number(value) >= 0 && Number(value) < 1,
  );

/** True or false. */
export const flag = (example: boolean): Absent<boolean> =>
  absent('true or false', `${example}`, (value) => typeof value === 'boolean');

/** A text. */
export const text = (example: string): Absent<string> =>
  absent('a text', quoted(example), (value) => typeof value === 'string' && value !== '');

/** One of some words. */
export const choice = <const T extends readonly string[]>(words: T): Absent<T[number]> =>
  absent(`one of ${words.join(', ')}`, quoted(words[0] ?? ''), (value) =>
    words.some((word) => word === value),
  );

/** Two sizes: `[height, width]`, or one number for both. */
export const pair = (from = 1, example = 2): Absent<number | readonly [number, number]> =>
  absent(
    `a whole number from ${from}, or two: [height, width]`,
    `${example}`,
    (value) => isWhole(value, from) || isWholes(value, from, 2),
  );

/** What goes on each side: one number, `[height, width]`, or `[[top, bottom], [left, right]]`. */
export type Border =
  | number
  | readonly [number, number]
  | readonly [readonly [number, number], readonly [number, number]];

/** Rows and columns at the sides of a picture. */
export const border = (): Absent<Border> =>
  absent(
    'a whole number from 0, [height, width], or [[top, bottom], [left, right]]',
    '[[1, 1], [2, 2]]',
    (value) =>
      isWhole(value, 0) ||
      isWholes(value, 0, 2) ||
      (Array.isArray(value) && value.length === 2 && value.every((side) => isWholes(side, 0, 2))),
  );

/** Whole numbers in a list. */
export const wholes = (from: number, example: string): Absent<readonly number[]> =>
  absent(`a list of whole numbers from ${from}`, example, (value) => isWholes(value, from));

/** A shape without its first axis, the samples; `null` is a size that is left open. */
export type OpenShape = readonly (number | null)[];

export const openShape = (example: string): Absent<OpenShape> =>
  absent(
    'a list of sizes from 1, without that of the samples; null leaves a size open',
    example,
    (value) => Array.isArray(value) && value.every((size) => size === null || isWhole(size, 1)),
  );

/** The functions that a layer can end with. */
export const activations = [
  'linear',
  'relu',
  'relu6',
  'elu',
  'selu',
  'gelu',
  'swish',
  'mish',
  'sigmoid',
  'hardSigmoid',
  'tanh',
  'softmax',
  'softplus',
  'softsign',
] as const;

/** The name of an activation function. */
export type ActivationName = (typeof activations)[number];

const seeded = {
  /** Numbers of its own for this weight; if left out they follow from the seed of the model. */
  seed: whole(0, 1),
};

const normal = schemaOf(
  {
    /** Standard deviation, above 0; 0.05 if left out. */
    stddev: positive(0.05),
    /** Mean; 0 if left out. */
    mean: real(0),
  },
  seeded,
);

/** What the weights of a layer can begin with. */
const initializers = {
  zeros: {},
  ones: {},
  constant: {
    /** Any number; 0 if left out. */
    value: real(0),
  },
  identity: {
    /** What stands on the diagonal; 1 if left out. */
    gain: real(1),
  },
  randomUniform: schemaOf(seeded, {
    /** The least value; -0.05 if left out. */
    minval: real(-0.05),
    /** No value reaches it; 0.05 if left out. */
    maxval: real(0.05),
  }),
  randomNormal: normal,
  truncatedNormal: normal,
  varianceScaling: schemaOf(seeded, {
    /** Factor on the variance, above 0; 1 if left out. */
    scale: positive(1),
    /** What the variance is divided by; `fanIn` if left out. */
    mode: choice(['fanIn', 'fanOut', 'fanAvg']),
    /** `normal` if left out. */
    distribution: choice(['normal', 'uniform', 'truncatedNormal']),
  }),
  orthogonal: schemaOf(seeded, {
    /** Factor on the matrix; 1 if left out. */
    gain: real(1),
  }),
  glorotUniform: seeded,
  glorotNormal: seeded,
  heUniform: seeded,
  heNormal: seeded,
  leCunUniform: seeded,
  leCunNormal: seeded,
} satisfies Record<string, Schema>;

/** What a weight is held to after each update. */
const constraints = {
  nonNeg: {},
  unitNorm: {
    /** Axes over which a norm is taken; 0 if left out. */
    axis: whole(0, 0),
  },
  maxNorm: {
    /** The largest norm, above 0; 2 if left out. */
    maxValue: positive(2),
    /** Axes over which a norm is taken; 0 if left out. */
    axis: whole(0, 0),
  },
  minMaxNorm: {
    /** The smallest norm, from 0; 0 if left out. */
    minValue: natural(0),
    /** The largest norm, above 0; 1 if left out. */
    maxValue: positive(1),
    /** How much of the way to go at each update, from 0 to 1; 1 if left out. */
    rate: natural(1),
    /** Axes over which a norm is taken; 0 if left out. */
    axis: whole(0, 0),
  },
} satisfies Record<string, Schema>;

type Table = Record<string, Schema>;

/** A name from a table, or an object with that name and its options. */
export type NamedOf<T> = keyof T | { [K in keyof T]: { name: K } & Given<T[K]> }[keyof T];

/** What the weights of a layer begin with: a name, or a name with options. */
export type Initializer = NamedOf<typeof initializers>;

/** What a weight is held to after each update. */
export type Constraint = NamedOf<typeof constraints>;

/** What large weights cost: l1 × Σ|w| + l2 × Σw² is added to the loss. */
export interface Regularizer {
  /** Factor on the sum of the sizes, from 0; 0 if left out. */
  l1?: number;
  /** Factor on the sum of the squares, from 0; 0 if left out. */
  l2?: number;
}

const regularizerOptions = { l1: 0, l2: 0 };

export const activationName = (): Absent<ActivationName> => choice(activations);

export const initializer = (): Absent<Initializer> => named(initializers, 'heNormal');

export const constraint = (): Absent<Constraint> => named(constraints, 'nonNeg');

export const regularizer = (): Absent<Regularizer> =>
  absent('an object with l1 and l2', '{ l2: 0.01 }', isRecord);

/** A name from a table, or an object with a name; its options are checked when it is written. */
function named<T extends Table>(table: T, example: keyof T & string): Absent<NamedOf<T>> {
  const names = Object.keys(table);
  const knows = (name: unknown) => typeof name === 'string' && Object.hasOwn(table, name);
  return absent(
    `one of ${names.join(', ')}, or an object with such a name`,
    quoted(example),
    (value) => knows(isRecord(value) ? value.name : value),
  );
}

/** An object as Keras writes it: what it is, and how it is set. */
export interface Serialized {
  class_name: string;
  config: Record<string, unknown>;
}

/** A named thing with checked options, as Keras writes it. */
export function writeNamed(who: string, table: Table, given: unknown): Serialized {
  const { name, ...options } = isRecord(given) ? given : { name: given };
  readOptions(who, options, table[String(name)] ?? {});
  return { class_name: upperCamel(String(name)), config: snakeKeys(options) };
}

export const writeInitializer = (who: string, given: unknown) =>
  writeNamed(who, initializers, given);

export const writeConstraint = (who: string, given: unknown) => writeNamed(who, constraints, given);

export function writeRegularizer(who: string, given: unknown): Serialized {
  const { l1, l2 } = readOptions(who, given as object, regularizerOptions);
  return { class_name: 'L1L2', config: { l1, l2 } };
}

/** `useBias` as Keras writes it: `use_bias`. */
export function snakeCase(word: string): string {
  return word.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
}

function snakeKeys(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      snakeCase(name),
      typeof value === 'string' ? snakeCase(value) : value,
    ]),
  );
}

function upperCamel(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}

function quoted(word: string): string {
  return `'${word}'`;
}

function isWhole(value: unknown, from: number): boolean {
  return Number.isInteger(value) && Number(value) >= from;
}

function isWholes(value: unknown, from: number, length?: number): boolean {
  return (
    Array.isArray(value) &&
    (length === undefined || value.length === length) &&
    value.every((each) => isWhole(each, from))
  );
}
