// Tells what something is by the examples that are most like it.

import { teachCode } from '../later.js';
import { choice, whole } from '../layers/kinds.js';
import { loadOptions } from '../model.js';
import { readOptions } from '../options.js';
import type { Knn } from '../teach/knn.js';
import type { KnnClassifier, KnnOptions } from '../teach/types.js';
import { type Loading, usableAtOnce } from '../usable.js';

const knnOptions = {
  k: { ...whole(1, 10), example: 'k: 10' },
  metric: choice(['cosine', 'euclidean']),
  weights: choice(['uniform', 'distance']),
  worker: loadOptions.worker,
  signal: loadOptions.signal,
};

/**
 * A classifier that keeps its examples: k nearest neighbours. Adding one is all the training there is,
 * and taking one out leaves no trace of it.
 *
 *     const classifier = knnClassifier({ k: 3 });
 *     classifier.addExample([0.1, 0.9], 'left');
 *     classifier.addExample([0.8, 0.2], 'right');
 *     const [best] = await classifier.classify([0.2, 0.8]); // { label: 'left', confidence: … }
 */
export function knnClassifier(options: KnnOptions = {}): Loading<KnnClassifier> {
  const checked = readOptions('knnClassifier', options, knnOptions);
  let knn: Knn | undefined;
  let disposed = false;
  const ready = teachCode().then((code) => {
    knn = new code.Knn(checked);
    if (disposed) knn.dispose();
    return knn;
  });
  return usableAtOnce<KnnClassifier>(ready, {
    get size() {
      return knn?.size ?? 0;
    },
    counts: () => knn?.counts() ?? Object.create(null),
    addExample: async (features, label) => {
      settle(features);
      return (await ready).addExample(features, label);
    },
    classify: async (features, options) => {
      settle(features);
      return (await ready).classify(features, options);
    },
    neighbours: async (features, k) => {
      settle(features);
      return (await ready).neighbours(features, k);
    },
    remove: async (id) => (await ready).remove(id),
    removeLabel: async (label) => (await ready).removeLabel(label),
    clear: async () => (await ready).clear(),
    save: async (where, options) => (await ready).save(where, options),
    files: async (options) => (await ready).files(options),
    load: async (source, options) => (await ready).load(source, options),
    dispose: () => {
      disposed = true;
      knn?.dispose();
    },
  });
}

/** A promise that fails before its turn is reported by the call that waits for it, and by nobody else. */
function settle(features: unknown): void {
  Promise.resolve(features).catch(() => {});
}
