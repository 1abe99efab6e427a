// Which rows are near to which, all at once: computed where WebAssembly lives.
import type { AnalysisName, AnalysisNews } from '../analysis.js';
import {
  absent,
  callback,
  choice,
  connect,
  fail,
  instance,
  natural,
  readOptions,
  tensor,
  whole,
} from '../library.js';
import type { Schema } from '../options.js';
import type { Tensor } from '../tensor.js';
import { readRows } from './rows.js';
import type {
  AnalysisOptions,
  Duplicates,
  DuplicatesOptions,
  MapProgress,
  Neighbours,
  NeighboursOptions,
  RowsSource,
} from './types.js';

/** The schema of AnalysisOptions. */
export const analysisOptions = {
  width: { ...whole(1, 64), example: 'width: 64' },
  onProgress: callback<(progress: MapProgress) => unknown>('onProgress: ({ iteration, of }) => {}'),
  signal: instance(AbortSignal, 'signal: AbortSignal.timeout(60_000)'),
  worker: absent<boolean>('true or false', 'worker: false', (value) => typeof value === 'boolean'),
};

export const metricOption = choice(['euclidean', 'cosine']);

/**
 * Checks options, and runs an analysis with those that are its own.
 *
 * @param who the function that the user called
 * @param schema of its own options
 * @throws MLError when an option is wrong, or does not fit the rows
 */
export async function analyse<const S extends Schema>(
  who: string,
  name: AnalysisName,
  given: RowsSource,
  options: AnalysisOptions,
  schema: S,
  more: object = {},
): Promise<{ outputs: Record<string, Tensor>; last: AnalysisNews | undefined }> {
  const { width, onProgress, signal, worker, ...own } = readOptions(who, options, {
    ...analysisOptions,
    ...schema,
  }) as Required<AnalysisOptions>;
  const rows = readRows(who, given, width);
  signal?.throwIfAborted();
  let last: AnalysisNews | undefined;
  const told = (news: AnalysisNews) => {
    last = news;
    const { preparing, iteration, of, loss, points = null } = news;
    return onProgress?.({ stage: preparing ? 'preparing' : 'layout', iteration, of, loss, points });
  };
  const client = connect(who, worker);
  const outputs = await client.analyse('compute', [name, rows, { ...own, ...more }], told, signal);
  return { outputs, last };
}

/** An output that an analysis has. */
export function output(outputs: Record<string, Tensor>, name: string): Tensor {
  const found = outputs[name];
  if (found) return found;
  fail('gesso: an analysis gave less than it says', { missing: name }, 'report this');
}

/** The nearest other rows of every row. */
export async function nearestNeighbours(
  rows: RowsSource,
  options: NeighboursOptions,
): Promise<Neighbours> {
  const who = 'nearestNeighbours';
  const schema = { k: { ...whole(1, 10), example: 'k: 10' }, metric: metricOption };
  if (options?.k === undefined) fail(`${who}: k is missing`, {}, '{ k: 10 }');
  const { outputs } = await analyse(who, 'neighbours', rows, options, schema);
  const { data, shape } = output(outputs, 'indices');
  return {
    indices: tensor(Int32Array.from(data), shape),
    distances: output(outputs, 'distances'),
  };
}

/** Pairs of rows that are nearly the same, the nearest first. */
export async function nearDuplicates(
  rows: RowsSource,
  options: DuplicatesOptions,
): Promise<Duplicates> {
  const who = 'nearDuplicates';
  const schema = {
    within: { ...natural(0.01), example: 'within: 0.01' },
    most: { ...whole(1, 1000), example: 'most: 1000' },
    metric: metricOption,
  };
  if (options?.within === undefined) fail(`${who}: within is missing`, {}, '{ within: 0.01 }');
  const { outputs } = await analyse(who, 'duplicates', rows, options, schema);
  const { data } = output(outputs, 'pairs');
  const pairs = Array.from(output(outputs, 'distances').data, (distance, i) => {
    const [a = 0, b = 0] = data.subarray(2 * i, 2 * i + 2);
    return { rows: [a, b] as [number, number], distance };
  });
  return { pairs, found: output(outputs, 'found').data[0] ?? 0 };
}
