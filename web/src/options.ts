// Options objects: their defaults are their schema, and a typo gets a suggestion.
import { fail, messageOf } from './errors.js';
import { show } from './tensor.js';

/** An option without a default: what it must be, in words, and how that is checked. */
export interface Absent<T> {
  readonly must: string;
  readonly example: string;
  readonly check: (value: unknown) => value is T;
}

/** An option that must be given. */
export interface Needed<T> extends Absent<T> {
  readonly needed: true;
}

/** The options that there are, and what each is if it is left out. */
export type Schema = Record<
  string,
  number | boolean | string | readonly string[] | Absent<unknown>
>;

/** What a schema takes. */
export type Given<S> = {
  -readonly [K in keyof S as S[K] extends Needed<unknown> ? K : never]: Value<S[K]>;
} & {
  -readonly [K in keyof S as S[K] extends Needed<unknown> ? never : K]?: Value<S[K]>;
};

/** What one option of a schema takes. */
type Value<T> = T extends readonly (infer Choice)[]
  ? Choice
  : T extends Absent<infer V>
    ? V
    : T extends number
      ? number
      : T extends boolean
        ? boolean
        : string;

/** What a schema makes of what is given. */
export type Options<S> = {
  -readonly [K in keyof S]: S[K] extends readonly (infer Choice)[]
    ? Choice
    : S[K] extends Needed<infer T>
      ? T
      : S[K] extends Absent<infer T>
        ? T | undefined
        : S[K] extends number
          ? number
          : S[K] extends boolean
            ? boolean
            : string;
};

/** A function, or left out. */
export function callback<T>(example: string): Absent<T> {
  const check = (value: unknown): value is T => typeof value === 'function';
  return { must: 'a function', example, check };
}

/** An object of the given class, or left out. */
export function instance<T>(
  type: abstract new (...args: never[]) => T,
  example: string,
): Absent<T> {
  const check = (value: unknown): value is T => value instanceof type;
  return { must: `an ${type.name}`, example, check };
}

/** A value that passes a check, or left out. */
export function absent<T>(
  must: string,
  example: string,
  check: (value: unknown) => boolean,
): Absent<T> {
  return { must, example, check: (value): value is T => check(value) };
}

/** The same option, which must be given. */
export function needed<T>(option: Absent<T>): Needed<T> {
  return { ...option, needed: true };
}

/**
 * Checks an options object against its defaults. The defaults are the schema: a list means "one of
 * these, the first by default"; a number that is whole must stay whole; `undefined` means left out.
 *
 * @throws MLError naming the first option that is unknown, missing, or has a wrong value
 */
export function readOptions<const S extends Schema>(
  who: string,
  given: object,
  schema: S,
): Options<S> {
  if (!isRecord(given)) {
    fail(`${who}: the options must be an object`, { given: show(given) }, '{}');
  }
  const options: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(schema)) {
    options[name] = Array.isArray(value) ? value[0] : isAbsent(value) ? undefined : value;
  }
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    options[name] = readOption(who, name, value, schema);
  }
  for (const [name, known] of Object.entries(schema)) {
    if (options[name] === undefined && isNeeded(known)) {
      fail(`${who}: ${name} is missing`, { needed: known.must }, `{ ${known.example} }`);
    }
  }
  return options as Options<S>;
}

function readOption(who: string, name: string, value: unknown, schema: Schema): unknown {
  const known = Object.hasOwn(schema, name) ? schema[name] : undefined;
  if (known === undefined) {
    const names = Object.keys(schema);
    fail(`${who}: there is no option "${name}"`, { known: names.join(', ') }, nearest(name, names));
  }
  if (isAbsent(known)) {
    if (!known.check(value)) {
      fail(`${who}: ${name} must be ${known.must}`, { given: show(value) }, known.example);
    }
  } else if (typeof known === 'object') {
    if (!known.includes(value as string)) {
      fail(
        `${who}: ${name} cannot be ${show(value)}`,
        { known: known.join(', ') },
        nearest(String(value), known),
      );
    }
  } else if (typeof value !== typeof known || Number.isNaN(value)) {
    fail(`${who}: ${name} must be a ${typeof known}`, { given: show(value) }, `${name}: ${known}`);
  }
  return value;
}

function isAbsent(value: Schema[string]): value is Absent<unknown> {
  return typeof value === 'object' && !Array.isArray(value);
}

function isNeeded(value: Schema[string]): value is Needed<unknown> {
  return isAbsent(value) && 'needed' in value;
}

/** Whether a value is an object with named parts. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object that a text in JSON stands for; in words why there is none. */
export function parseRecord(text: string): Record<string, unknown> | string {
  try {
    const content: unknown = JSON.parse(text);
    return isRecord(content) ? content : 'not an object';
  } catch (error) {
    return messageOf(error);
  }
}

/** Whether a value was written as `{ … }`, here or in another window. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (!isRecord(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The candidate that takes the fewest edits to reach; the first of several. */
export function nearest(word: string, candidates: readonly string[]): string {
  let best = '';
  for (const candidate of candidates) {
    if (!best || edits(word, candidate) < edits(word, best)) best = candidate;
  }
  return best;
}

/** Levenshtein distance, ignoring case. */
function edits(a: string, b: string): number {
  const target = [...b.toLowerCase()];
  let row = Array.from({ length: target.length + 1 }, (_, j) => j);
  for (const [i, x] of [...a.toLowerCase()].entries()) {
    let diagonal = i;
    let left = i + 1;
    row = row.map((above, j) => {
      if (j === 0) return left;
      const swap = diagonal + Number(x !== target[j - 1]);
      diagonal = above;
      left = Math.min(above + 1, left + 1, swap);
      return left;
    });
  }
  return row[target.length] ?? 0;
}
