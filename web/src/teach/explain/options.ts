// The options that all questions share.
import { absent, instance, isRecord } from '../../library.js';
import type { Preprocess } from '../../recipe.js';

export const labelOption = absent<string | number>(
  'the name of a class or its position',
  "label: 'espresso'",
  (value) => typeof value === 'string' || (Number.isInteger(value) && Number(value) >= 0),
);

/** A whole number in a range, and an example of it. */
export const wholeIn = (name: string, from: number, to: number, example: number) =>
  absent<number>(
    `a whole number from ${from} to ${to}`,
    `${name}: ${example}`,
    (value) => Number.isInteger(value) && Number(value) >= from && Number(value) <= to,
  );

/** A number in a range, and an example of it. */
export const numberIn = (name: string, from: number, to: number, example: number) =>
  absent<number>(
    `a number from ${from} to ${to}`,
    `${name}: ${example}`,
    (value) => typeof value === 'number' && value >= from && value <= to,
  );

export const askedOptions = {
  preprocess: absent<Partial<Preprocess>>(
    'an object',
    'preprocess: { mean: 127.5, std: 127.5 }',
    isRecord,
  ),
  signal: instance(AbortSignal, 'signal: AbortSignal.timeout(60_000)'),
};
