// All that is learned from a few examples needs beside what every page has.
export { Extractor } from './extractor.js';
export { Knn } from './knn.js';
export { gridOf, kmeans, pca, tsne, umap } from './maps.js';
export { nearDuplicates, nearestNeighbours } from './near.js';
