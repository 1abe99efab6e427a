// Which examples are like one another, and what is doubtful about them.
import type { Client } from '../../client.js';
import { inThreeParts } from '../../library.js';
import type {
  ExampleWarning,
  LabelCount,
  NearestExample,
  TeachTask,
} from '../../tasks/featureExtractor.js';

/** The features of an example. */
export interface Row {
  id: number;
  label: string | number;
  features: Float32Array;
}

/** The rows most like one: 1 − cosine of the angle between them. */
export async function nearestOf(
  _client: Client,
  features: Float32Array,
  rows: readonly Row[],
  count: number,
): Promise<NearestExample[]> {
  const length = Math.hypot(...features);
  return rows
    .map(({ id, label, features: other }) => {
      let product = 0;
      let square = 0;
      for (const [i, value] of other.entries()) {
        product += value * (features[i] ?? 0);
        square += value * value;
      }
      return { id, label, distance: 1 - product / (length * Math.sqrt(square) || 1) };
    })
    .sort((a, b) => a.distance - b.distance || a.id - b.id)
    .slice(0, count);
}

/** A class with fewer examples than this is hardly learned. */
const few = 5;

/** A class with so many times the examples of another is preferred. */
const unbalanced = 3;

export async function warningsOf(
  _client: Client,
  task: TeachTask,
  counts: readonly LabelCount[],
  _rows: readonly Row[],
): Promise<ExampleWarning[]> {
  const warnings: ExampleWarning[] = [];
  if (task === 'classification') warnings.push(...fewOf(counts), ...imbalanceOf(counts));
  return warnings;
}

function fewOf(counts: readonly LabelCount[]): ExampleWarning[] {
  const labels = counts.filter(({ count }) => count < few);
  if (labels.length === 0) return [];
  const message = inThreeParts(
    'Some classes have very few examples, so that nobody can tell how well they are learned',
    Object.fromEntries(labels.map(({ label, count }) => [label, count])),
    `at least ${few} different pictures of each`,
  );
  return [{ kind: 'few', message, labels: labels.map(({ label }) => label), ids: [] }];
}

function imbalanceOf(counts: readonly LabelCount[]): ExampleWarning[] {
  const sorted = counts.filter(({ count }) => count > 0).sort((a, b) => a.count - b.count);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (!least || !most || most.count < unbalanced * least.count) return [];
  const message = inThreeParts(
    'The classes are out of balance: what is rare is answered less often than it should be',
    { [least.label]: least.count, [most.label]: most.count },
    `more pictures of ${JSON.stringify(least.label)}`,
  );
  return [{ kind: 'imbalance', message, labels: [least.label, most.label], ids: [] }];
}
