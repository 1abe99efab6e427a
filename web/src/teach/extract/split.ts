// Which examples are kept for validation: the same part of every class.
import { Random } from '../../library.js';
import type { Kept } from './examples.js';

/** Classes with fewer examples than this give none for validation. */
const fewest = 4;

export interface Split {
  training: Kept[];
  validation: Kept[];
}

/**
 * @param part from 0 to below 1
 * @param classOf what must be represented in both
 */
export function splitOf(
  examples: readonly Kept[],
  part: number,
  seed: number,
  classOf: (kept: Kept) => string,
): Split {
  const random = new Random(seed, 1);
  const kept = new Set<Kept>();
  for (const members of grouped(examples, classOf).values()) {
    if (part === 0 || members.length < fewest) continue;
    const count = Math.min(Math.max(Math.round(members.length * part), 1), members.length - 1);
    for (const member of shuffled(members, random).slice(0, count)) kept.add(member);
  }
  return {
    training: examples.filter((each) => !kept.has(each)),
    validation: examples.filter((each) => kept.has(each)),
  };
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** In another order: Durstenfeld 1964. */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const list = [...items];
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random.uniform() * (i + 1));
    [list[i], list[j]] = [list[j] as T, list[i] as T];
  }
  return list;
}
