// What nearest neighbours and maps of rows take and give.
import type { DistanceMetric } from '../analysis.js';
import type { ModelFiles, SaveTarget } from '../layers/layersModel.js';
import type { ModelSource } from '../source.js';
import type { Label } from '../tasks/imageClassifier.js';
import type { NestedArray, Tensor } from '../tensor.js';

export type { DistanceMetric };

/** The numbers of one thing: a list, a typed array, or a tensor, however it is nested. */
export type Features = NestedArray | Float32Array | Float64Array | Int32Array | Uint8Array | Tensor;

/**
 * The numbers of many things: a list with the features of each, a tensor whose first axis counts
 * them, or a typed array together with `width`.
 */
export type RowsSource = readonly Features[] | Tensor | Float32Array | Float64Array | Uint8Array;

export interface KnnOptions {
  /** How many of the nearest examples decide, from 1; 10 if left out. All, where there are fewer. */
  k?: number;
  /** `'cosine'`, the angle between features, 0 to 2; or `'euclidean'`. `'cosine'` if left out. */
  metric?: DistanceMetric;
  /**
   * `'uniform'`: each neighbour counts as much; `'distance'`: by 1 / distance, and examples at
   * distance 0 alone, where there are any. `'uniform'` if left out.
   */
  weights?: 'uniform' | 'distance';
  /** Whether the examples are kept in a worker; in pages true if left out, in Node always false. */
  worker?: boolean;
  /** Ends all calls, which then reject with the signal's reason. */
  signal?: AbortSignal;
}

/** An example that is near. */
export interface NeighbourExample {
  /** What `addExample` gave. */
  id: number;
  label: string;
  /** As the metric measures it. */
  distance: number;
}

export interface SaveKnnOptions {
  /**
   * `'gesso'`: `data.json` and `data.bin`; the order of the examples, and so every answer, stays the
   * same to the last bit. `'tfjs'`: the pairs that TensorFlow.js' KNN classifier is saved as;
   * `'ml5'`: what ml5 saves. These two keep the order only within a label. `'gesso'` if left out.
   */
  format?: 'gesso' | 'tfjs' | 'ml5';
}

export interface LoadKnnOptions {
  /** Numbers in one example, for a file that does not tell: one list of numbers for each label. */
  width?: number;
}

/** Examples in hand: a file's content, parsed. */
export type KnnDataset = readonly unknown[] | Readonly<Record<string, unknown>>;

/** Tells what something is by the examples that are most like it. Calls keep their order. */
export interface KnnClassifier {
  /**
   * Adds an example.
   *
   *     classifier.addExample(extractor.infer(video), 'rock');
   *
   * @param features its numbers, as they are now, or a promise of them; as many as those of the other
   *   examples
   * @returns its id, for `remove`
   * @throws MLError when a number is missing or not finite, or when there are more or fewer numbers
   */
  addExample(features: Features | PromiseLike<Features>, label: string): Promise<number>;
  /**
   * What something is: every label, the surest first, confidences that sum to 1. Equally sure ones
   * are in the order of their nearest examples.
   *
   *     const [best] = await classifier.classify(features); // { label: 'rock', confidence: 0.9, index: 0 }
   *
   * `index` counts labels in the order of their first example.
   *
   * @throws MLError when there are no examples
   */
  classify(features: Features | PromiseLike<Features>, options?: { k?: number }): Promise<Label[]>;
  /** The examples that are nearest, the nearest first; of equally near ones, those added first. */
  neighbours(features: Features | PromiseLike<Features>, k?: number): Promise<NeighbourExample[]>;
  /** Takes an example out: every answer is then as if it had never been there. */
  remove(id: number): Promise<void>;
  /** Takes all examples of a label out; gives how many there were. */
  removeLabel(label: string): Promise<number>;
  /** Takes all examples out. */
  clear(): Promise<void>;
  /** Examples that are in the set now: those of calls that still wait are not counted. */
  readonly size: number;
  /** The same for each label, in the order of their first examples. */
  counts(): Record<string, number>;
  /** Saves the examples. @param where see `SaveTarget` */
  save(where: SaveTarget, options?: SaveKnnOptions): Promise<void>;
  /** The files that save() writes. load() takes them as they are. */
  files(options?: SaveKnnOptions): Promise<ModelFiles>;
  /**
   * Takes over examples from a file in place of those that are there. After an error those stay.
   *
   * @param source what save() wrote, or TensorFlow.js' KNN classifier or ml5 as JSON: an address, a
   *   path, `'indexeddb://name'`, files, or its content
   */
  load(source: ModelSource | KnnDataset, options?: LoadKnnOptions): Promise<void>;
  /** Frees the examples. */
  dispose(): void;
}

/** How far an analysis is. */
export interface MapProgress {
  /** `'preparing'`: neighbours are looked up, or the like; `'layout'`: points move. */
  stage: 'preparing' | 'layout';
  /** Of this stage: how much is done, */
  iteration: number;
  /** and how much there is to do. */
  of: number;
  /** What is being made small; null where there is nothing, or not yet. */
  loss: number | null;
  /** Where the points are now, [rows, dimensions]; null while preparing. */
  points: Tensor | null;
}

/** What every analysis takes. */
export interface AnalysisOptions {
  /** Numbers in a row, for rows given as one typed array. */
  width?: number;
  /**
   * Told how far it is, as often as the page can follow: where it gives a promise, not again before that is
   * done. What it throws ends the analysis.
   */
  onProgress?: (progress: MapProgress) => unknown;
  /** Stops it; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Whether it runs in a worker; in pages true if left out, in Node always false. */
  worker?: boolean;
}

export interface PcaOptions extends AnalysisOptions {
  /** Directions to find, from 1 to the smaller of rows and width; 2 if left out. */
  components?: number;
  /** Where the random numbers begin, which long rows need; 0 if left out. */
  seed?: number;
}

/** Principal components: the directions in which rows differ most. */
export interface Pca {
  /** The rows along the components, [rows, components]. */
  points: Tensor;
  /** Unit vectors, [components, width]; the largest number of each is positive. */
  components: Tensor;
  /** Of the rows, [width]. */
  mean: Tensor;
  /** Along each component, the largest first: sums of squares over rows - 1. */
  explainedVariance: number[];
  /** The same as a share of the whole variance, 0 to 1. */
  explainedVarianceRatio: number[];
  /** Other rows along the same components, [rows, components]. */
  transform(rows: RowsSource, options?: AnalysisOptions): Promise<Tensor>;
}

export interface KMeansOptions extends AnalysisOptions {
  /** Clusters, from 1 to the number of rows; 8 if left out. */
  k?: number;
  /** Rounds in each start at most, from 1; 100 if left out. */
  iterations?: number;
  /** Starts, from 1, of which the best counts; 4 if left out. */
  restarts?: number;
  /** Where the random numbers begin; 0 if left out. */
  seed?: number;
}

export interface KMeans {
  /** The cluster of each row, from 0. */
  clusters: number[];
  /** The mean of each cluster, [k, width]. */
  centers: Tensor;
  /** The sum of squared distances of the rows to their centers. */
  inertia: number;
}

/** What layouts take. */
export interface LayoutOptions extends AnalysisOptions {
  /** 2 for a plane or 3 for space; 2 if left out. */
  dimensions?: 2 | 3;
  /** How rows are compared; `'cosine'` makes unit vectors of them. `'euclidean'` if left out. */
  metric?: DistanceMetric;
  /** Where the random numbers begin; 0 if left out. */
  seed?: number;
}

export interface TsneOptions extends LayoutOptions {
  /**
   * About how many rows count as near, from 1 to a third of the other rows; 30, or less for few rows,
   * if left out.
   */
  perplexity?: number;
  /** Steps; 1,000 if left out. */
  iterations?: number;
  /** Size of a step, above 0; rows / 48, at least 50, if left out. */
  learningRate?: number;
  /** How much more near rows pull in the first quarter, from 1; 12 if left out. */
  exaggeration?: number;
  /** Where points begin: at their principal components, or by chance; `'pca'` if left out. */
  initial?: 'pca' | 'random';
}

export interface UmapOptions extends LayoutOptions {
  /** How many rows count as near, from 2 to all others; 15, or less for few rows, if left out. */
  neighbors?: number;
  /** Rounds; 500, or 200 for more than 10,000 rows, if left out. */
  epochs?: number;
  /** How close the points of a group may lie, from 0 to the spread; 0.1 if left out. */
  minDistance?: number;
  /** How far groups lie apart, above 0; 1 if left out. */
  spread?: number;
  /** Size of the first steps, above 0; 1 if left out. */
  learningRate?: number;
  /** Points pushed away for each that is pulled, from 0; 5 if left out. */
  negatives?: number;
}

/** Where rows lie on a map. */
export interface Layout {
  /** [rows, dimensions], in the order of the rows; the scale means nothing. */
  points: Tensor;
  /** t-SNE's Kullback-Leibler divergence; null for UMAP. */
  loss: number | null;
}

export interface GridOptions extends AnalysisOptions {
  /** Columns, from 1 to the number of points; such that the grid is about square if left out. */
  columns?: number;
}

/** A grid, in which every point has a cell of its own. */
export interface Grid {
  /** The cell of each point: row × columns + column. */
  cells: number[];
  columns: number;
  rows: number;
  /** The same as column and row of each point, [points, 2]. */
  points: Tensor;
}

export interface NeighboursOptions extends AnalysisOptions {
  /** Neighbours of each row, from 1; all other rows, where there are fewer. */
  k: number;
  /** `'euclidean'` if left out. */
  metric?: DistanceMetric;
}

/** The nearest other rows of every row, nearest first. */
export interface Neighbours {
  /** [rows, k] */
  indices: Tensor;
  /** [rows, k] */
  distances: Tensor;
}

export interface DuplicatesOptions extends AnalysisOptions {
  /** How far two rows may be apart at most, from 0. */
  within: number;
  /** How many pairs to give, the nearest first, from 1; 1,000 if left out. */
  most?: number;
  /** `'euclidean'` if left out. */
  metric?: DistanceMetric;
}

export interface Duplicates {
  /** Two rows that are nearly the same, and how far they are apart. */
  pairs: { rows: [number, number]; distance: number }[];
  /** How many there are, also beyond `most`. */
  found: number;
}
