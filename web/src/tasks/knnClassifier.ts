// Tells what something is by the examples that are most like it.

import { teachCode } from '../later.js';
import { choice, whole } from '../layers/kinds.js';
import { loadOptions } from '../model.js';
import { readOptions } from '../options.js';
import type { Knn } from '../teach/knn.js';
import type { Features, KnnClassifier, KnnOptions } from '../teach/types.js';
import { dtypeOf, isTensor, type NestedArray } from '../tensor.js';
import { type Loading, usableAtOnce } from '../usable.js';

type Given = Features | PromiseLike<Features>;

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
      const taken = take(features);
      return (await ready).addExample(taken, label);
    },
    classify: async (features, options) => {
      const taken = take(features);
      return (await ready).classify(taken, options);
    },
    neighbours: async (features, k) => {
      const taken = take(features);
      return (await ready).neighbours(taken, k);
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

/**
 * Features as they are now, whatever the caller writes into them before their turn; those of a promise, as
 * they are when it settles.
 */
function take(features: Given): Given {
  if (!isPromise(features)) return copyOf(features);
  const taken = Promise.resolve(features).then(copyOf);
  taken.catch(() => {}); // the call that waits for it reports it, and nobody else
  return taken;
}

function isPromise(features: Given): features is PromiseLike<Features> {
  return typeof (features as PromiseLike<Features> | undefined)?.then === 'function';
}

/** What holds no numbers stays as it is: it is refused in its turn. */
function copyOf(features: Features): Features {
  if (isTensor(features)) return { ...features, data: features.data.slice() };
  if (ArrayBuffer.isView(features) && dtypeOf(features)) return features.slice();
  return Array.isArray(features) ? copyRows(features) : features;
}

function copyRows(rows: NestedArray): NestedArray {
  return Array.isArray(rows) ? rows.map(copyRows) : rows;
}
