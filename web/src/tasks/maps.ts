// Rows of numbers to look at. The code for it is loaded by the first call.
import { teachCode } from '../later.js';
import type {
  Grid,
  GridOptions,
  KMeans,
  KMeansOptions,
  Layout,
  Pca,
  PcaOptions,
  RowsSource,
  TsneOptions,
  UmapOptions,
} from '../teach/types.js';
import { isTensor } from '../tensor.js';

/**
 * The directions in which rows differ most: principal component analysis.
 *
 *     const { points, explainedVarianceRatio } = await pca(rows, { components: 2 });
 *
 * @throws MLError when a number is not finite, or there are fewer rows or columns than components
 */
export async function pca(rows: RowsSource, options?: PcaOptions): Promise<Pca> {
  const taken = still(rows);
  return (await teachCode()).pca(taken, options);
}

/**
 * Groups of rows around centers: k-means, begun with k-means++.
 *
 *     const { clusters, centers } = await kmeans(rows, { k: 5 });
 *
 * @throws MLError when there are fewer rows than clusters
 */
export async function kmeans(rows: RowsSource, options?: KMeansOptions): Promise<KMeans> {
  const taken = still(rows);
  return (await teachCode()).kmeans(taken, options);
}

/**
 * A map on which near rows lie near: t-SNE.
 *
 *     const { points } = await tsne(rows, {
 *       perplexity: 30,
 *       onProgress: ({ points }) => points && draw(points),
 *     });
 *
 * @throws MLError when the perplexity is above a third of the other rows
 */
export async function tsne(rows: RowsSource, options?: TsneOptions): Promise<Layout> {
  const taken = still(rows);
  return (await teachCode()).tsne(taken, options);
}

/**
 * A map that keeps groups together and the way between them readable: UMAP.
 *
 *     const { points } = await umap(rows, { neighbors: 15, minDistance: 0.1 });
 *
 * @throws MLError when there are not more rows than neighbors
 */
export async function umap(rows: RowsSource, options?: UmapOptions): Promise<Layout> {
  const taken = still(rows);
  return (await teachCode()).umap(taken, options);
}

/**
 * Moves the points of a map into the cells of a grid, each into one of its own and all as little as
 * possible: the least sum of squared ways for up to 1,000 points, a good one for more.
 *
 *     const { cells, columns } = await gridOf(points);
 *
 * @param points [rows, 2]
 */
export async function gridOf(points: RowsSource, options?: GridOptions): Promise<Grid> {
  const taken = still(points);
  return (await teachCode()).gridOf(taken, options);
}

/** Rows as they are now: nobody changes them while the code is on its way. What is no row stays itself. */
function still<T>(given: T): T;
function still(given: unknown): unknown {
  if (isTensor(given)) return { ...given, data: given.data.slice() };
  if (ArrayBuffer.isView(given)) return (given as Float32Array).slice?.() ?? given;
  return Array.isArray(given) ? given.map(still) : given;
}
