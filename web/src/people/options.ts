// Options that all tasks which look at people have.
import { absent, isRecord } from '../library.js';
import { type Smoothing, usualSmoothing } from './smoothing.js';

/** A confidence: from 0 to 1. */
export const confidence = (name: string, example: number) =>
  absent<number>(
    'a number from 0 to 1',
    `${name}: ${example}`,
    (value) => typeof value === 'number' && value >= 0 && value <= 1,
  );

/** How many people or faces: no picture has more than one can count. */
export const count = (name: string, example: number) =>
  absent<number>(
    'a whole number from 1 to 100',
    `${name}: ${example}`,
    (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 100,
  );

export const smoothing = absent<boolean | Smoothing>(
  'true, false, or { cutoff, speed } in hertz',
  `smoothing: ${JSON.stringify(usualSmoothing)}`,
  (value) => typeof value === 'boolean' || isSmoothing(value),
);

function isSmoothing(value: unknown): value is Smoothing {
  if (!isRecord(value)) return false;
  const { cutoff, speed, ...more } = value;
  const hertz = [cutoff, speed].every((part) => Number.isFinite(part) && Number(part) >= 0);
  return hertz && cutoff !== 0 && Object.keys(more).length === 0;
}

/** @returns undefined: points are left as they are found */
export function smoothingOf(given: boolean | Smoothing = true): Smoothing | undefined {
  if (given === false) return undefined;
  return given === true ? usualSmoothing : given;
}
