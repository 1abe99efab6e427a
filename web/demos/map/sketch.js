// Pictures, rows or letters on a map: what is alike lies together. Computed on this page; nothing leaves it.
import { gridOf, knnClassifier, pca, tsne, umap } from 'gesso';
import { studio } from '../studio/map.ts';

const all = knnClassifier({ metric: 'euclidean' }); // everything on the map, by its number
const named = knnClassifier({ metric: 'euclidean', weights: 'distance' }); // what has a name

studio.onWays({
  't-SNE': (rows, watch) => tsne(rows, { iterations: 750, ...watch }),
  UMAP: (rows, watch) => umap(rows, { minDistance: 0.2, ...watch }),
  PCA: (rows, watch) => pca(rows, { components: 2, ...watch }),
});

studio.onGrid((points, watch) => gridOf(points, watch));

studio.onThings((rows) => all.load(rows.map((row, i) => [`${i}`, [...row], [1, row.length]])));

studio.onLook(async (row) => {
  const near = await all.neighbours(row, 9);
  return near.map(({ label }) => Number(label));
});

studio.onNames(async (names, rows) => {
  await named.load(names.map(([i, name]) => [name, [...rows[i]], [1, rows[i].length]]));
  return Promise.all(rows.map((row) => named.classify(row, { k: 3 })));
});
