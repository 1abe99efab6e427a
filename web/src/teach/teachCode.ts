// All that looking into networks, and teaching them, needs beside what every page has.

export { unzip } from '../unzip.js';
export { attack } from './explain/attack.js';
export { drawSaliency } from './explain/drawing.js';
export { imagine } from './explain/imagine.js';
export { saliency } from './explain/saliency.js';
export { Extractor } from './extractor.js';
export { Knn } from './knn.js';
export { gridOf, kmeans, pca, tsne, umap } from './maps.js';
export { nearDuplicates, nearestNeighbours } from './neighbours.js';
export { exportTeachableMachine } from './teachable/export.js';
export { exportPage } from './teachable/page.js';
export { openTeachableMachine } from './teachable/project.js';
