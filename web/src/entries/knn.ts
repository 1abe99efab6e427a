/** Tells what something is by the examples that are most like it: `gesso/knn`. */
export { knnClassifier } from '../tasks/knnClassifier.js';
export type {
  DistanceMetric,
  Features,
  KnnClassifier,
  KnnDataset,
  KnnOptions,
  LoadKnnOptions,
  NeighbourExample,
  SaveKnnOptions,
} from '../teach/types.js';
