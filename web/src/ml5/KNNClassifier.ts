// ml5.KNNClassifier as 0.12 had it: tells what something is by the examples that are most like it.
import { fail } from '../errors.js';
import { downloadBlob } from '../layers/storage.js';
import type { ModelSource } from '../source.js';
import { knnClassifier as task } from '../tasks/knnClassifier.js';
import type { Features, KnnDataset } from '../teach/types.js';
import { answerErrorFirst, type ErrorFirst, refuseMore, sortArguments } from './calls.js';

/** Numbers of an example, or a promise of them, such as `featureExtractor.infer(video)` gives. */
export type KNNFeatures = Features | PromiseLike<Features>;

/** What `classify` gives. */
export interface KNNResult {
  /** The surest label. */
  label: string;
  /** Its position among the labels, in the order of their first examples. */
  classIndex: number;
  /** For each label, by its position, how sure it is: 0 to 1. */
  confidences: Record<string, number>;
  /** The same by its name. */
  confidencesByLabel: Record<string, number>;
}

/** What ml5 0.12 says a classifier by nearest neighbours can do. */
export interface KNNClassifier {
  /** Keeps an example. */
  addExample(features: KNNFeatures, label: string | number): Promise<void>;
  /**
   * What something is.
   *
   *     knn.classify(featureExtractor.infer(video), gotResult);
   *     function gotResult(error, result) { text(result.label, 0, 0); }
   *
   * @param k how many of the nearest examples decide; 3 if left out
   */
  classify(features: KNNFeatures, callback?: ErrorFirst<KNNResult>): Promise<KNNResult>;
  classify(features: KNNFeatures, k: number, callback?: ErrorFirst<KNNResult>): Promise<KNNResult>;
  clearLabel(label: string | number): Promise<void>;
  clearAllLabels(): Promise<void>;
  /** Examples for each label, by its name; */
  getCountByLabel(): Record<string, number>;
  /** by its position; */
  getCount(): Record<string, number>;
  /** and how many labels have some. Those of calls that still wait count, too. */
  getNumLabels(): number;
  /** The examples, as `setClassifierDataset` takes them; a promise, unlike in ml5. */
  getClassifierDataset(): Promise<KnnDataset>;
  setClassifierDataset(dataset: KnnDataset): Promise<void>;
  /** Downloads the examples as `name.json`, in ml5's own format. */
  save(name?: string): Promise<void>;
  /** Takes over what save() wrote, here or in ml5: its address, its files, or its content. */
  load(source: ModelSource | KnnDataset, callback?: () => unknown): Promise<void>;
  dispose(): void;
}

const who = 'ml5.KNNClassifier';

/**
 * A classifier that keeps its examples.
 *
 *     const knn = ml5.KNNClassifier();
 *     knn.addExample(featureExtractor.infer(video), 'rock');
 */
export function KNNClassifier(): KNNClassifier {
  const knn = task();
  const counts = new Map<string, number>();
  const entries = () => [...counts].filter(([, count]) => count > 0);
  /** What is counted at once is taken back where it failed. */
  const counted = async (label: string, work: Promise<unknown>) => {
    counts.set(label, (counts.get(label) ?? 0) + 1);
    try {
      await work;
    } catch (error) {
      counts.set(label, (counts.get(label) ?? 1) - 1);
      throw error;
    }
  };
  const recount = () => {
    counts.clear();
    for (const [label, count] of Object.entries(knn.counts())) counts.set(label, count);
  };
  const classify = async (features: KNNFeatures, k: number): Promise<KNNResult> => {
    const results = await knn.classify(features, { k });
    const [best] = results;
    if (!best) fail(`${who}: there are no examples`, {}, "addExample(features, 'rock') first");
    const by = (key: 'index' | 'label') =>
      Object.fromEntries(results.map((result) => [result[key], result.confidence]));
    const { label, index } = best;
    return {
      label,
      classIndex: index,
      confidences: by('index'),
      confidencesByLabel: by('label'),
    };
  };
  /** One file, which without examples is an empty set. */
  const content = async () => new Blob([...(await knn.files({ format: 'ml5' })).values()]);
  const load = async (source: ModelSource | KnnDataset) => {
    await knn.load(source);
    recount();
  };
  return {
    addExample: (features, label) =>
      counted(String(label), knn.addExample(features, String(label))),
    classify(features: KNNFeatures, ...more: readonly unknown[]) {
      const given = sortArguments(more);
      refuseMore(
        `${who}.classify`,
        given,
        { numbers: 1, callbacks: 1 },
        'classify(features, gotResult)',
      );
      const callback = given.callbacks[0] as ErrorFirst<KNNResult> | undefined;
      return answerErrorFirst(classify(features, given.numbers[0] ?? 3), callback);
    },
    async clearLabel(label) {
      counts.delete(String(label));
      await knn.removeLabel(String(label));
    },
    async clearAllLabels() {
      counts.clear();
      await knn.clear();
    },
    getCountByLabel: () => Object.fromEntries(entries()),
    getCount: () => Object.fromEntries(entries().map(([, count], i) => [i, count])),
    getNumLabels: () => entries().length,
    async getClassifierDataset() {
      return JSON.parse(await (await content()).text()) as KnnDataset;
    },
    setClassifierDataset: load,
    async save(name = 'myKNN') {
      downloadBlob(`${name}.json`, await content());
    },
    async load(source, callback) {
      await load(source);
      callback?.();
    },
    dispose: () => knn.dispose(),
  };
}
