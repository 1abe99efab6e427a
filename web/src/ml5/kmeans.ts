// ml5.kmeans as 0.12 had it: groups of rows around centers.
import { fail } from '../errors.js';
import { absent, readOptions } from '../options.js';
import { kmeans as task } from '../tasks/maps.js';
import { readTable, readText } from '../tasks/tables.js';
import { show } from '../tensor.js';
import { type ErrorFirst, refuseMore, sortArguments } from './calls.js';
import { type Instance, instance } from './instance.js';

/** A row: a list of numbers, or an object with some. */
export type KMeansRow = readonly number[] | Readonly<Record<string, number>>;

export interface KMeansOptions {
  /** Groups; 3 if left out. */
  k?: number;
  /** Rounds at most; as many as it takes, up to 100, if left out: in ml5 5, which are often too few. */
  maxIter?: number;
  /** Taken, and changes nothing: it ends when no row changes its group. */
  threshold?: number;
}

/** What ml5 0.12 says k-means can do. */
export interface KMeans {
  /** A copy of every row, with the position of its group's center as `centroid`; once it has ended. */
  readonly dataset: (KMeansRow & { centroid: number })[];
  /** The centers, once it has ended. */
  readonly centroids: number[][];
  /** The group of a row, once it has ended. */
  classify(row: KMeansRow): number;
}

const who = 'ml5.kmeans';

const whole = (name: string, example: number) =>
  absent<number>(
    'a whole number from 1',
    `${name}: ${example}`,
    (value) => Number.isInteger(value) && Number(value) >= 1,
  );

/**
 * Groups rows.
 *
 *     const kmeans = ml5.kmeans('flowers.csv', { k: 3 }, grouped);
 *     function grouped() { console.log(kmeans.dataset[0].centroid); }
 *
 * @param source the rows, or the address of a CSV file, of which the columns of numbers count
 * @param more options, and a callback with the error first
 */
export function kmeans(
  source: readonly KMeansRow[] | string,
  ...more: readonly (KMeansOptions | ErrorFirst<KMeans>)[]
): Instance<KMeans> {
  const given = sortArguments(more);
  refuseMore(who, given, { options: 1, callbacks: 1 }, 'ml5.kmeans(rows, { k: 3 }, grouped)');
  const { k = 3, maxIter } = readOptions(who, given.options[0] ?? {}, {
    k: whole('k', 3),
    maxIter: whole('maxIter', 5),
    threshold: 0.5,
  });
  let dataset: KMeans['dataset'] = [];
  let centroids: number[][] = [];
  const ended = (what: string) => {
    if (centroids.length > 0) return;
    fail(
      `${who}: ${what} cannot be read before it has ended`,
      {},
      'ml5.kmeans(rows, options, grouped)',
    );
  };
  const grouping = async () => {
    const rows = typeof source === 'string' ? await fromCsv(source) : [...source];
    const numbers = rows.map(numbersOf);
    const found = await task(numbers, { k, ...(maxIter && { iterations: maxIter }) });
    const [, width = 1] = found.centers.shape;
    const { data } = found.centers;
    centroids = Array.from({ length: k }, (_, i) => [...data.subarray(i * width, (i + 1) * width)]);
    dataset = rows.map((row, i) => {
      const copy = Array.isArray(row) ? [...row] : { ...row };
      return Object.assign(copy, { centroid: found.clusters[i] ?? 0 }) as KMeansRow & {
        centroid: number;
      };
    });
  };
  const methods: KMeans = {
    get dataset() {
      ended('dataset');
      return dataset;
    },
    get centroids() {
      ended('centroids');
      return centroids;
    },
    classify(row) {
      ended('classify');
      const numbers = numbersOf(row);
      const distances = centroids.map((center) =>
        center.reduce((sum, value, i) => sum + (value - (numbers[i] ?? Number.NaN)) ** 2, 0),
      );
      return distances.indexOf(Math.min(...distances));
    },
  };
  const callback = given.callbacks[0] as ErrorFirst<KMeans> | undefined;
  return instance(grouping(), methods, undefined, callback);
}

function numbersOf(row: KMeansRow): number[] {
  const numbers = Array.isArray(row) ? [...row] : Object.values(row);
  if (numbers.length > 0 && numbers.every(Number.isFinite)) return numbers;
  fail(
    `${who}: a row must be numbers`,
    { given: show(row) },
    '[5.1, 3.5], or { width: 5.1, height: 3.5 }',
  );
}

async function fromCsv(address: string): Promise<KMeansRow[]> {
  const { name, text } = await readText(address);
  const { rows } = readTable(name, text);
  const columns = Object.keys(rows[0] ?? {}).filter((column) =>
    rows.every((row) => row[column] !== '' && Number.isFinite(Number(row[column]))),
  );
  return rows.map((row) =>
    Object.fromEntries(columns.map((column) => [column, Number(row[column])])),
  );
}
