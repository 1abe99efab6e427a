// k nearest neighbours: labels here, the numbers of the examples where WebAssembly lives.
import type { DistanceMetric } from '../analysis.js';
import type { Client } from '../client.js';
import type { ModelFiles, SaveTarget } from '../layers/layersModel.js';
import { connect, fail, readOptions, show, store, whole } from '../library.js';
import type { ModelSource } from '../source.js';
import type { Label } from '../tasks/imageClassifier.js';
import { type Example, readDataset, writeDataset } from './knnFiles.js';
import { readFeatures } from './rows.js';
import type {
  Features,
  KnnClassifier,
  KnnDataset,
  LoadKnnOptions,
  NeighbourExample,
  SaveKnnOptions,
} from './types.js';

const who = 'knnClassifier';

/** The options of knnClassifier() as readOptions gives them. */
interface Checked {
  k: number | undefined;
  metric: DistanceMetric | undefined;
  weights: 'uniform' | 'distance' | undefined;
  worker: boolean | undefined;
  signal: AbortSignal | undefined;
}

/** Rows that C++ keeps: their number there, and how wide they are. */
interface Kept {
  set: number;
  width: number;
}

/** Examples sent to the worker in one message. */
const atOnce = 1024;

/** Everything that knnClassifier() can do, once its code has been loaded. */
export class Knn implements Omit<KnnClassifier, 'counts' | 'size'> {
  readonly #options: Checked;
  readonly #client: Client;
  /** The labels by id, in the order in which examples were added. */
  #labels = new Map<number, string>();
  /** Each label once, in the same order; undefined after a change. */
  #names: string[] | undefined;
  #kept: Kept | undefined;
  #next = 0;
  #last: Promise<unknown> = Promise.resolve();
  #disposed = false;

  constructor(options: Checked) {
    this.#options = options;
    this.#client = connect(who, options.worker);
  }

  get size(): number {
    return this.#labels.size;
  }

  counts(): Record<string, number> {
    const counts: Record<string, number> = Object.create(null); // a label may be "constructor"
    for (const label of this.#labels.values()) counts[label] = (counts[label] ?? 0) + 1;
    return counts;
  }

  addExample(features: Features | PromiseLike<Features>, label: string): Promise<number> {
    return this.#inTurn(async () => {
      if (typeof label !== 'string' || label === '') {
        fail(
          `${who}: the label must be a text`,
          { given: show(label) },
          "addExample(features, 'a')",
        );
      }
      const data = readFeatures(who, await features);
      this.#check(data);
      const kept = this.#kept ?? (await this.#create(data.length));
      const id = this.#next;
      try {
        await this.#call('add', [kept.set, data, id]);
      } catch (error) {
        if (this.#kept === undefined) await this.#client.analyse('close', [kept.set]);
        throw error;
      }
      this.#kept = kept;
      this.#next++;
      this.#labels.set(id, label);
      this.#names = undefined;
      return id;
    });
  }

  classify(
    features: Features | PromiseLike<Features>,
    options: { k?: number } = {},
  ): Promise<Label[]> {
    return this.#inTurn(async () => {
      const schema = { k: { ...whole(1, 10), example: 'k: 10' } };
      const { k } = readOptions('classify', options, schema);
      return this.#vote(await this.#nearest(await features, k));
    });
  }

  neighbours(features: Features | PromiseLike<Features>, k?: number): Promise<NeighbourExample[]> {
    return this.#inTurn(async () => {
      if (k !== undefined && !(Number.isInteger(k) && k > 0)) {
        fail('neighbours: k must be a whole number from 1', { given: show(k) }, '10');
      }
      return this.#nearest(await features, k);
    });
  }

  remove(id: number): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#labels.has(id)) {
        fail(
          `${who}: there is no such example`,
          { id: show(id), examples: this.size },
          'an id that addExample() or neighbours() gave',
        );
      }
      await this.#remove([id]);
    });
  }

  removeLabel(label: string): Promise<number> {
    return this.#inTurn(async () => {
      const ids = [...this.#labels].filter(([, each]) => each === label).map(([id]) => id);
      await this.#remove(ids);
      return ids.length;
    });
  }

  clear(): Promise<void> {
    return this.#inTurn(() => this.#adopt(undefined, new Map()));
  }

  save(where: SaveTarget, options: SaveKnnOptions = {}): Promise<void> {
    return this.#inTurn(async () => store(where, await this.#files(options)));
  }

  files(options: SaveKnnOptions = {}): Promise<ModelFiles> {
    return this.#inTurn(() => this.#files(options));
  }

  load(source: ModelSource | KnnDataset, options: LoadKnnOptions = {}): Promise<void> {
    return this.#inTurn(async () => {
      const { width } = readOptions('load', options, {
        width: { ...whole(1, 1024), example: 'width: 1024' },
      });
      const { examples, numbers, width: wide } = await readDataset(source, width);
      if (examples.length === 0) return this.#adopt(undefined, new Map());
      const kept = await this.#create(wide);
      try {
        for (let at = 0; at < examples.length; at += atOnce) {
          const some = numbers.slice(at * wide, (at + atOnce) * wide);
          await this.#call('add', [kept.set, some, this.#next + at]);
        }
      } catch (error) {
        await this.#client.analyse('close', [kept.set]);
        throw error;
      }
      const first = this.#next;
      this.#next += examples.length;
      await this.#adopt(kept, new Map(examples.map((label, i) => [first + i, label])));
    });
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    const close = () => {
      const kept = this.#kept;
      this.#kept = undefined;
      this.#labels.clear();
      return kept && this.#client.analyse('close', [kept.set]);
    };
    this.#last = this.#last.then(close).catch(() => {}); // a worker that is gone holds nothing
  }

  /** Begins when everything that was asked for before is over. */
  #inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.#disposed) {
      const message = () =>
        fail(`${who}: these examples have been disposed of`, {}, 'a new knnClassifier()');
      return Promise.reject(caught(message));
    }
    const result = this.#last.then(() => {
      this.#options.signal?.throwIfAborted();
      return work();
    });
    this.#last = result.catch(() => {}); // its caller hears of it
    return result;
  }

  #call: Client['analyse'] = (method, given) =>
    this.#client.analyse(method, given, undefined, this.#options.signal);

  async #create(width: number): Promise<Kept> {
    if (width === 0) fail(`${who}: an example must have numbers`, { numbers: 0 }, '[0.2, 0.7]');
    return { set: await this.#call('create', [who, width]), width };
  }

  /** Takes new examples in place of those that are there. */
  async #adopt(kept: Kept | undefined, labels: Map<number, string>): Promise<void> {
    const before = this.#kept;
    this.#kept = kept;
    this.#labels = labels;
    this.#names = undefined;
    if (before) await this.#client.analyse('close', [before.set]);
  }

  async #remove(ids: readonly number[]): Promise<void> {
    if (!this.#kept || ids.length === 0) return;
    await this.#call('remove', [this.#kept.set, ids]);
    for (const id of ids) this.#labels.delete(id);
    this.#names = undefined;
    if (this.size === 0) await this.#adopt(undefined, new Map());
  }

  #check(data: Float32Array): void {
    const { width } = this.#kept ?? { width: data.length };
    if (data.length === width) return;
    fail(
      `${who}: these features have another length than those of the examples`,
      { examples: `${width} numbers`, given: `${data.length}` },
      'features of the same model, or clear() first',
    );
  }

  async #nearest(features: Features, k = this.#options.k ?? 10): Promise<NeighbourExample[]> {
    if (!this.#kept || this.size === 0) {
      fail(`${who}: there are no examples yet`, {}, "addExample(features, 'a label') first");
    }
    const data = readFeatures(who, features);
    this.#check(data);
    const metric = this.#options.metric ?? 'cosine';
    const near = await this.#call('nearest', [this.#kept.set, data, k, metric]);
    return near.ids.map((id, i) => ({
      id,
      label: this.#labels.get(id) ?? '',
      distance: near.distances[i] ?? 0,
    }));
  }

  #vote(near: readonly NeighbourExample[]): Label[] {
    const exact = near.some(({ distance }) => distance === 0);
    const weightOf = ({ distance }: NeighbourExample) => {
      if (this.#options.weights !== 'distance') return 1;
      return exact ? Number(distance === 0) : 1 / distance;
    };
    const votes = new Map<string, { sum: number; rank: number }>();
    let total = 0;
    for (const [rank, neighbour] of near.entries()) {
      const vote = votes.get(neighbour.label) ?? { sum: 0, rank };
      const weight = weightOf(neighbour);
      total += weight;
      votes.set(neighbour.label, { ...vote, sum: vote.sum + weight });
    }
    this.#names ??= [...new Set(this.#labels.values())];
    const labels = this.#names.map((label, index) => {
      const { sum = 0, rank = Number.POSITIVE_INFINITY } = votes.get(label) ?? {};
      return { label, confidence: sum / total, index, rank };
    });
    const order = (a: (typeof labels)[number], b: (typeof labels)[number]) =>
      b.confidence - a.confidence ||
      (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : a.index - b.index);
    return labels.sort(order).map(({ label, confidence, index }) => ({ label, confidence, index }));
  }

  async #files(options: SaveKnnOptions): Promise<ModelFiles> {
    const numbers = this.#kept
      ? await this.#call('contents', [this.#kept.set])
      : new Float32Array();
    const examples: Example[] = [...this.#labels.values()];
    return writeDataset({ examples, numbers, width: this.#kept?.width ?? 0 }, options);
  }
}

function caught(work: () => never): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
