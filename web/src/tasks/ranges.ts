// Options that lie in a range.
import { type Absent, absent } from '../options.js';

/** A number in a range, both ends included. */
export const between = (least: number, most: number, example: string): Absent<number> =>
  absent(
    `a number from ${least} to ${most}`,
    example,
    (value) => typeof value === 'number' && value >= least && value <= most,
  );
