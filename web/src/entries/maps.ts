/** Rows of numbers to look at: `gesso/maps`. */
export { gridOf, kmeans, pca, tsne, umap } from '../tasks/maps.js';
export type {
  AnalysisOptions,
  DistanceMetric,
  Features,
  Grid,
  GridOptions,
  KMeans,
  KMeansOptions,
  Layout,
  LayoutOptions,
  MapProgress,
  Pca,
  PcaOptions,
  RowsSource,
  TsneOptions,
  UmapOptions,
} from '../teach/types.js';
