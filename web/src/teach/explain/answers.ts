// What the scores of a network say, and by which derivatives one asks for the reasons of a class.
import { best, confidences, fail, show } from '../../library.js';
import type { Label } from '../../tasks/imageClassifier.js';
import type { Network } from './network.js';

/** The answers of a network, the surest first; scores that are no confidences stay what they are. */
export function answersOf(network: Network, scores: Float32Array, count: number): Label[] {
  return best(likely(network, scores), network.labels, count);
}

function likely({ activation, labels }: Network, scores: Float32Array): ArrayLike<number> {
  return activation === 'softmax' || labels.length > 0 ? confidences(scores, activation) : scores;
}

/**
 * The position of a class.
 *
 * @throws MLError naming what there is, where there is no such class
 */
export function classOf(
  who: string,
  { labels }: Network,
  count: number,
  label: string | number,
): number {
  const index = typeof label === 'number' ? label : indexOf(labels, label);
  if (Number.isInteger(index) && index >= 0 && index < count) return index;
  const like = labels.filter((name) => name.toLowerCase().includes(String(label).toLowerCase()));
  const known = (like.length > 0 ? like : labels).slice(0, 8).join(', ');
  fail(
    `${who}: the model has no class ${show(label)}`,
    { classes: count, ...(known && { known }) },
    known ? `label: ${show((like[0] ?? labels[0]) || 0)}` : `label: 0 to ${count - 1}`,
  );
}

/** A name as it is, or one of the names of a single class: `'tench, Tinca tinca'` has two. */
function indexOf(labels: readonly string[], label: string): number {
  const index = labels.indexOf(label);
  if (index >= 0) return index;
  const having = [...labels.keys()].filter((i) => labels[i]?.split(', ').includes(label));
  return having.length === 1 ? (having[0] ?? -1) : -1;
}

/** How a class stands against all others, and its derivatives by the scores. */
export interface Odds {
  /** log(p / (1 - p)); for scores that are no probabilities, the score itself. */
  value: number;
  seed: Float32Array;
}

/**
 * The logarithm of the odds of a class, log p - log Σ of the others.
 *
 * By its own probability alone an answer that is almost certain could hardly be explained: the
 * derivatives of a softmax vanish there. Those of the odds do not. By the scores z before a softmax
 * they are 1 for the class, and minus each other's share of the rest.
 */
export function oddsOf({ activation }: Network, scores: Float32Array, index: number): Odds {
  const seed = new Float32Array(scores.length);
  const logits = activation === 'softmax';
  if (!logits && !areProbabilities(scores)) {
    seed[index] = 1;
    return { value: scores[index] ?? 0, seed };
  }
  const p = logits ? confidences(scores, activation) : scores;
  const own = Math.max(p[index] ?? 0, least);
  let rest = 0;
  for (let i = 0; i < p.length; i++) if (i !== index) rest += p[i] ?? 0;
  rest = Math.max(rest, least);
  for (let i = 0; i < p.length; i++) {
    const share = -(logits ? (p[i] ?? 0) : 1) / rest;
    seed[i] = i === index ? (logits ? 1 : 1 / own) : share;
  }
  return { value: Math.log(own) - Math.log(rest), seed };
}

/** The smallest probability whose inverse still has room to be multiplied in 32 bits. */
const least = 1e-30;

function areProbabilities(scores: Float32Array): boolean {
  let sum = 0;
  for (const score of scores) {
    if (score < 0 || score > 1) return false;
    sum += score;
  }
  return scores.length > 1 && Math.abs(sum - 1) < 1e-3;
}
