// Analyses of rows where WebAssembly lives: in slices, so that messages get through between them.
import { breath } from './breath.js';
import { type Core, type CoreAnalysis, type CoreRows, guard, type Throwing } from './engine.js';
import { fail } from './errors.js';
import { countOf, type Tensor } from './tensor.js';

/** Rows of numbers, one after the other. */
export interface FlatRows {
  data: Float32Array<ArrayBuffer>;
  /** Numbers in a row. */
  width: number;
}

/** How rows are compared: by straight distance, or by angle, as 1 - cosine. */
export type DistanceMetric = 'euclidean' | 'cosine';

/** What there is to compute: see make_analysis in models/analysis/analysis.h. */
export type AnalysisName =
  | 'duplicates'
  | 'grid'
  | 'kmeans'
  | 'neighbours'
  | 'pca'
  | 'project'
  | 'tsne'
  | 'umap';

/** How far an analysis is. */
export interface AnalysisNews {
  /** While it prepares, there are no points yet. */
  preparing: boolean;
  iteration: number;
  of: number;
  loss: number | null;
  /** Of a layout, where its points are now. */
  points?: Tensor;
}

export type ToldAnalysis = (news: AnalysisNews) => unknown;

/** Examples that are near, the nearest first. */
export interface NearExamples {
  ids: number[];
  distances: number[];
}

/** What CoreAnalysis.run() says. */
interface Slice extends Omit<AnalysisNews, 'points'> {
  done: boolean;
}

/** What of the core analyses need. */
export type AnalysisCore = Throwing & Pick<Core, 'Analysis' | 'Rows'>;

/** Milliseconds of work between two looks at messages: about a frame of the page. */
const frameMilliseconds = 16;

/** Analyses, and sets of examples that are kept here. Every method can be called from another thread. */
export class Analyses {
  readonly #core: AnalysisCore;
  readonly #sets = new Map<number, { who: string; width: number; rows: CoreRows }>();
  #count = 0;

  constructor(core: AnalysisCore) {
    this.#core = core;
  }

  /**
   * Analyses rows.
   *
   * @param options JSON: see make_analysis
   * @param told now and then, never again before it has answered; what it throws ends the analysis
   * @param signal ends it
   * @returns what the analysis found, by name
   */
  async compute(
    name: AnalysisName,
    { data, width }: FlatRows,
    options: object,
    signal?: AbortSignal,
    told?: ToldAnalysis,
  ): Promise<Record<string, Tensor>> {
    const core = this.#core;
    signal?.throwIfAborted();
    const analysis = guard(core, () => {
      const rows = new core.Rows(shownName(name), width);
      try {
        rows.reserve(data.length / width).set(data);
        rows.add(0);
        return new core.Analysis(name, rows, JSON.stringify(options));
      } finally {
        rows.delete();
      }
    });
    try {
      let answered: Promise<unknown> = Promise.resolve();
      let isAnswered = true;
      for (;;) {
        const slice = guard(core, () => JSON.parse(analysis.run(frameMilliseconds)) as Slice);
        if (told && (isAnswered || slice.done)) {
          await answered; // at the end, the news before may still be looked at
          isAnswered = false;
          const { done: _, ...news } = slice;
          const points = slice.preparing ? undefined : this.#outputs(analysis).points;
          const heard = told({ ...news, ...(points && { points }) });
          answered = Promise.resolve(heard).finally(() => (isAnswered = true));
          answered.catch(() => {}); // thrown where it is waited for
        }
        if (slice.done) {
          await answered; // nothing is told after the end
          return this.#outputs(analysis);
        }
        await breath();
        signal?.throwIfAborted();
      }
    } finally {
      analysis.delete();
    }
  }

  /** A new set of examples; gives its number. */
  create(who: string, width: number): number {
    const rows = guard(this.#core, () => new this.#core.Rows(who, width));
    this.#sets.set(++this.#count, { who, width, rows });
    return this.#count;
  }

  /** Adds examples with the ids `firstId`, `firstId` + 1 …; all of them or, after an error, none. */
  add(set: number, data: Float32Array, firstId: number): void {
    const { rows, width } = this.#find(set);
    guard(this.#core, () => {
      rows.reserve(data.length / width).set(data);
      rows.add(firstId);
    });
  }

  remove(set: number, ids: readonly number[]): void {
    const { rows } = this.#find(set);
    guard(this.#core, () => rows.remove(ids));
  }

  nearest(set: number, query: Float32Array, k: number, metric: DistanceMetric): NearExamples {
    const { rows } = this.#find(set);
    return guard(this.#core, () => {
      rows.reserve(1).set(query);
      const said = [...rows.nearest(k, JSON.stringify({ metric }))];
      return {
        ids: said.filter((_, i) => i % 2 === 0),
        distances: said.filter((_, i) => i % 2 === 1),
      };
    });
  }

  /** The numbers of all examples, in the order in which they were added. */
  contents(set: number): Float32Array<ArrayBuffer> {
    const { rows, width } = this.#find(set);
    return guard(this.#core, () => {
      const data = new Float32Array(rows.count() * width);
      for (let i = 0; i < rows.count(); i++) data.set(rows.row(i), i * width);
      return data;
    });
  }

  close(set: number): void {
    this.#sets.get(set)?.rows.delete();
    this.#sets.delete(set);
  }

  #find(set: number) {
    const found = this.#sets.get(set);
    if (found) return found;
    fail('gesso: these examples have been disposed of', { set }, 'add them again');
  }

  #outputs(analysis: CoreAnalysis): Record<string, Tensor> {
    return guard(this.#core, () => {
      const list = JSON.parse(analysis.outputs()) as { name: string; shape: number[] }[];
      return Object.fromEntries(
        list.map(({ name, shape }, i) => {
          const data = new Float32Array(countOf(shape));
          data.set(analysis.output(i));
          return [name, { data, shape, dtype: 'float32' as const }];
        }),
      );
    });
  }
}

/** What messages call an analysis: the function that users call. */
function shownName(name: AnalysisName): string {
  const others: Partial<Record<AnalysisName, string>> = { grid: 'gridOf', project: 'transform' };
  return others[name] ?? name;
}
