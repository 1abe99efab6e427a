// Which examples are like one another, and what is doubtful about them.
import type { FlatRows } from '../../analysis.js';
import type { Client } from '../../client.js';
import { inThreeParts } from '../../library.js';
import type { Tensor } from '../../tensor.js';
import type { ExampleWarning, LabelCount, NearestExample, TeachTask } from './types.js';

/** The features of an example. */
export interface Row {
  id: number;
  label: string | number;
  features: Float32Array;
}

/** How rows of features are compared: by the angle between them. */
const metric = 'cosine';

/** The rows most like one: 1 − cosine of the angle between them. */
export async function nearestOf(
  client: Client,
  features: Float32Array,
  rows: readonly Row[],
  count: number,
): Promise<NearestExample[]> {
  if (rows.length === 0) return [];
  const { data, width } = flatOf(rows);
  const set = await client.analyse('create', ['nearest', width]);
  try {
    await client.analyse('add', [set, data, 0]);
    const found = await client.analyse('nearest', [set, features, count, metric]);
    return found.ids.flatMap((at, i) => {
      const row = rows[at];
      const distance = found.distances[i] ?? 0;
      return row ? [{ id: row.id, label: row.label, distance }] : [];
    });
  } finally {
    await client.analyse('close', [set]);
  }
}

function flatOf(rows: readonly Row[]): FlatRows {
  const width = rows[0]?.features.length ?? 0;
  const data = new Float32Array(rows.length * width);
  for (const [i, { features }] of rows.entries()) data.set(features, i * width);
  return { data, width };
}

/** A class with fewer examples than this is hardly learned. */
const few = 5;

/** A class with so many times the examples of another is preferred. */
const unbalanced = 3;

/** Pictures that are nearer to each other than this are hardly two: 1 − cosine of their features. */
const same = 0.01;

/** As many pairs of a kind as anybody looks at. */
const mostPairs = 200;

export async function warningsOf(
  client: Client,
  task: TeachTask,
  counts: readonly LabelCount[],
  rows: readonly Row[],
): Promise<ExampleWarning[]> {
  const warnings: ExampleWarning[] = [];
  if (task === 'classification') warnings.push(...fewOf(counts), ...imbalanceOf(counts));
  if (rows.length < 2) return warnings;
  const labels = [...new Set(rows.map(({ label }) => label))];
  const groups = rows.map(({ label }) => labels.indexOf(label));
  const options = { within: same, most: mostPairs, metric, groups };
  const found = await client.analyse('compute', ['duplicates', flatOf(rows), options]);
  // Pictures that are nearly the same may well have numbers that differ.
  if (task === 'classification') warnings.push(...conflictsOf(pairsOf(rows, found, 'apart')));
  return [...warnings, ...duplicatesOf(pairsOf(rows, found, ''))];
}

/** Pairs of near examples: the nearest of them, and how many there are. */
interface Pairs {
  pairs: [Row, Row][];
  count: number;
}

/** @param kind 'apart' for those of two labels */
function pairsOf(rows: readonly Row[], found: Record<string, Tensor>, kind: 'apart' | ''): Pairs {
  const { data } = found[kind || 'pairs'] ?? { data: [] };
  const pairs: [Row, Row][] = [];
  for (let i = 0; i < data.length; i += 2) {
    const [a, b] = [rows[data[i] ?? 0], rows[data[i + 1] ?? 0]];
    if (a && b) pairs.push([a, b]);
  }
  return { pairs, count: found[kind ? 'apart_found' : 'found']?.data[0] ?? pairs.length };
}

function conflictsOf({ pairs, count }: Pairs): ExampleWarning[] {
  const [first] = pairs;
  if (first === undefined) return [];
  const [a, b] = first;
  const message = inThreeParts(
    'Pictures that are nearly the same have different labels, of which one must be wrong',
    { pairs: count, first: `${a.id} (${a.label}) and ${b.id} (${b.label})` },
    'relabel(id, label) or remove(id)',
  );
  return [{ kind: 'conflict', message, ...aboutOf(pairs) }];
}

function duplicatesOf({ pairs, count }: Pairs): ExampleWarning[] {
  const [first] = pairs;
  if (first === undefined) return [];
  const message = inThreeParts(
    'Pictures are nearly the same, so that they teach hardly more than one, and validation says too much',
    { pairs: count, first: `${first[0].id} and ${first[1].id}` },
    'other angles, light and backgrounds',
  );
  return [{ kind: 'duplicates', message, ...aboutOf(pairs) }];
}

function aboutOf(pairs: readonly [Row, Row][]): Pick<ExampleWarning, 'labels' | 'ids'> {
  const rows = pairs.flat();
  return {
    labels: [...new Set(rows.map(({ label }) => `${label}`))],
    ids: [...new Set(rows.map(({ id }) => id))],
  };
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
