// Rows to look at: principal components, clusters, layouts that keep near what is near, and grids.
import { absent, choice, natural, positive, tensor, whole } from '../library.js';
import { analyse, metricOption, output } from './neighbours.js';
import type {
  AnalysisOptions,
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
} from './types.js';

const seed = { ...whole(0, 1), example: 'seed: 1' };
const dimensions = absent<2 | 3>('2 or 3', 'dimensions: 2', (value) => value === 2 || value === 3);
const layout = { dimensions, metric: metricOption, seed };

export async function pca(rows: RowsSource, options: PcaOptions = {}): Promise<Pca> {
  const schema = { components: { ...whole(1, 2), example: 'components: 2' }, seed };
  const given = { ...options, components: options.components ?? 2 };
  const { outputs } = await analyse('pca', 'pca', rows, given, schema);
  const components = output(outputs, 'components');
  const mean = output(outputs, 'mean');
  return {
    points: output(outputs, 'points'),
    components,
    mean,
    explainedVariance: [...output(outputs, 'variance').data],
    explainedVarianceRatio: [...output(outputs, 'share').data],
    async transform(others: RowsSource, options: AnalysisOptions = {}) {
      const more = { components: [...components.data], mean: [...mean.data] };
      const { outputs } = await analyse('transform', 'project', others, options, {}, more);
      return output(outputs, 'points');
    },
  };
}

export async function kmeans(rows: RowsSource, options: KMeansOptions = {}): Promise<KMeans> {
  const schema = {
    k: { ...whole(1, 8), example: 'k: 8' },
    iterations: { ...whole(1, 100), example: 'iterations: 100' },
    restarts: { ...whole(1, 4), example: 'restarts: 4' },
    seed,
  };
  const given = { ...options, k: options.k ?? 8 };
  const { outputs } = await analyse('kmeans', 'kmeans', rows, given, schema);
  return {
    clusters: [...output(outputs, 'clusters').data],
    centers: output(outputs, 'centers'),
    inertia: output(outputs, 'inertia').data[0] ?? 0,
  };
}

export async function tsne(rows: RowsSource, options: TsneOptions = {}): Promise<Layout> {
  const schema = {
    ...layout,
    perplexity: { ...positive(30), example: 'perplexity: 30' },
    iterations: { ...whole(0, 1000), example: 'iterations: 1000' },
    learningRate: { ...positive(200), example: 'learningRate: 200' },
    exaggeration: { ...positive(12), example: 'exaggeration: 12' },
    initial: choice(['pca', 'random']),
  };
  const { outputs, last } = await analyse('tsne', 'tsne', rows, options, schema);
  return { points: output(outputs, 'points'), loss: last?.loss ?? null };
}

export async function umap(rows: RowsSource, options: UmapOptions = {}): Promise<Layout> {
  const schema = {
    ...layout,
    neighbors: { ...whole(2, 15), example: 'neighbors: 15' },
    epochs: { ...whole(1, 500), example: 'epochs: 500' },
    minDistance: { ...natural(0.1), example: 'minDistance: 0.1' },
    spread: { ...positive(1), example: 'spread: 1' },
    learningRate: { ...positive(1), example: 'learningRate: 1' },
    negatives: { ...whole(0, 5), example: 'negatives: 5' },
  };
  const { outputs } = await analyse('umap', 'umap', rows, options, schema);
  return { points: output(outputs, 'points'), loss: null };
}

export async function gridOf(points: RowsSource, options: GridOptions = {}): Promise<Grid> {
  const schema = { columns: { ...whole(1, 10), example: 'columns: 10' } };
  const { outputs } = await analyse('gridOf', 'grid', points, options, schema);
  const places = output(outputs, 'points');
  const [columns = 0, rows = 0] = output(outputs, 'size').data;
  return {
    cells: [...output(outputs, 'cells').data],
    columns,
    rows,
    points: tensor(Int32Array.from(places.data), places.shape),
  };
}
