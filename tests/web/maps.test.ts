// Analyses of rows through the library: results, progress, stopping, and what is refused.
import * as Comlink from 'comlink';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AnalysisNews } from '../../web/src/analysis.js';
import { workerCalls } from '../../web/src/client.js';
import { gridOf, kmeans, type MapProgress, pca, tensor, tsne, umap } from '../../web/src/index.js';
import { Random } from '../../web/src/random.js';
import { settings } from '../../web/src/settings.js';
import { nearDuplicates, nearestNeighbours } from '../../web/src/teach/teachCode.js';
import { WorkerRuntime } from '../../web/src/workerRuntime.js';
import { itNeeds, messageFrom, wasm } from './fixtures.js';

/** Rows in groups around centers: row i is in group i % groups. */
function grouped(count: number, width: number, groups: number): number[][] {
  const random = new Random(2);
  const centers = Array.from({ length: groups }, () =>
    Array.from({ length: width }, () => 4 * random.normal()),
  );
  return Array.from({ length: count }, (_, i) =>
    Array.from({ length: width }, (_, d) => (centers[i % groups]?.[d] ?? 0) + random.normal()),
  );
}

/** How many of the points nearest to each are of its group. */
async function purity(points: Parameters<typeof nearestNeighbours>[0], groups: number) {
  const { indices } = await nearestNeighbours(points, { k: 4 });
  const same = Array.from(indices.data).filter(
    (other, i) => other % groups === Math.floor(i / 4) % groups,
  );
  return same.length / indices.data.length;
}

describe('pca', () => {
  itNeeds([wasm], 'finds the line that points lie along', async () => {
    const rows = Array.from({ length: 50 }, (_, i) => [3 * i, 4 * i + 1, 2]);
    const found = await pca(rows, { components: 2 });
    expect(found.components.shape).toEqual([2, 3]);
    expect([...found.components.data.subarray(0, 3)].map((x) => x.toFixed(5))).toEqual([
      '0.60000',
      '0.80000',
      '0.00000',
    ]);
    expect(found.explainedVarianceRatio[0]).toBeCloseTo(1, 6);
    const variance = 25 * ((50 * 51) / 12);
    expect(found.explainedVariance[0]).toBeCloseTo(variance, 2);
    expect(found.points.shape).toEqual([50, 2]);
    const again = await found.transform(rows);
    for (const [i, x] of again.data.entries()) expect(x).toBeCloseTo(found.points.data[i] ?? 0, 3);
    expect(await messageFrom(() => found.transform([[1, 2]]))).toMatch(
      'transform: the rows have another width than those of the analysis',
    );
  });

  itNeeds([wasm], 'takes rows however they are given', async () => {
    const rows = grouped(20, 3, 2);
    const flat = Float32Array.from(rows.flat());
    const { points } = await pca(rows);
    expect((await pca(flat, { width: 3 })).points).toEqual(points);
    expect((await pca(tensor(flat, [20, 3]))).points).toEqual(points);
    expect((await pca(rows.map((row) => Float32Array.from(row)))).points).toEqual(points);
    expect((await pca(rows.map((row) => tensor(row)))).points).toEqual(points);
  });
});

describe('kmeans', () => {
  itNeeds([wasm], 'finds groups, and says how tight they are', async () => {
    const rows = grouped(90, 4, 3);
    const { clusters, centers, inertia } = await kmeans(rows, { k: 3 });
    for (const [i, cluster] of clusters.entries()) expect(cluster).toBe(clusters[i % 3]);
    expect(new Set(clusters).size).toBe(3);
    expect(centers.shape).toEqual([3, 4]);
    const squared = rows.map((row, i) =>
      row.reduce(
        (sum, x, d) => sum + (x - (centers.data[4 * (clusters[i] ?? 0) + d] ?? 0)) ** 2,
        0,
      ),
    );
    expect(inertia).toBeCloseTo(
      squared.reduce((sum, x) => sum + x, 0),
      2,
    );
  });
});

describe('tsne and umap', () => {
  itNeeds([wasm], 'keep groups together, in the plane and in space', async () => {
    const rows = grouped(150, 10, 5);
    for (const dimensions of [2, 3] as const) {
      const tsneMap = await tsne(rows, { iterations: 200, perplexity: 15, dimensions });
      expect(tsneMap.points.shape).toEqual([150, dimensions]);
      expect(tsneMap.loss).toBeGreaterThan(0);
      expect(await purity(tsneMap.points, 5)).toBeGreaterThan(0.95);
      const umapMap = await umap(rows, { epochs: 150, dimensions, metric: 'cosine' });
      expect(umapMap.loss).toBeNull();
      expect(await purity(umapMap.points, 5)).toBeGreaterThan(0.95);
    }
  });

  itNeeds([wasm], 'are the same for the same seed', async () => {
    const rows = grouped(60, 5, 3);
    const map = async (seed: number) =>
      (await tsne(rows, { iterations: 50, initial: 'random', seed })).points;
    expect(await map(1)).toEqual(await map(1));
    expect(await map(1)).not.toEqual(await map(2));
    const other = async (seed: number) => (await umap(rows, { epochs: 20, seed })).points;
    expect(await other(1)).toEqual(await other(1));
    expect(await other(1)).not.toEqual(await other(2));
  });

  itNeeds([wasm], 'tell how far they are, with points to draw', async () => {
    const told: MapProgress[] = [];
    const { points, loss } = await tsne(grouped(800, 20, 5), {
      iterations: 120,
      onProgress: (progress) => told.push(progress),
    });
    const layout = told.filter(({ stage }) => stage === 'layout');
    expect(layout.length).toBeGreaterThan(3);
    const iterations = layout.map(({ iteration }) => iteration);
    expect(iterations).toEqual([...iterations].sort((a, b) => a - b));
    expect(layout.at(-1)).toEqual({ stage: 'layout', iteration: 120, of: 120, loss, points });
    for (const { points } of layout) expect(points?.shape).toEqual([800, 2]);
    expect(
      told.filter(({ stage }) => stage === 'preparing').every(({ points }) => points === null),
    ).toBe(true);
  });

  itNeeds([wasm], 'stop at a signal, and when onProgress throws', async () => {
    const rows = grouped(600, 20, 5);
    const controller = new AbortController();
    let told = 0;
    const stopped = tsne(rows, {
      iterations: 1_000_000,
      signal: controller.signal,
      onProgress: ({ stage }) => {
        if (stage === 'layout' && ++told === 3) controller.abort(new Error('enough'));
      },
    });
    await expect(stopped).rejects.toThrow('enough');
    const thrown = umap(rows, {
      epochs: 1_000_000,
      onProgress: () => {
        throw new Error('my mistake');
      },
    });
    await expect(thrown).rejects.toThrow('my mistake');
  });

  itNeeds([wasm], 'wait for whoever hears of them, the last time too', async () => {
    let [hearing, most] = [0, 0];
    const iterations: number[] = [];
    await tsne(grouped(400, 20, 5), {
      iterations: 60,
      onProgress: async ({ iteration }) => {
        most = Math.max(most, ++hearing);
        await new Promise((resolve) => setTimeout(resolve, 60));
        iterations.push(iteration);
        hearing--;
      },
    });
    expect({ hearing, most }).toEqual({ hearing: 0, most: 1 });
    expect(iterations.at(-1)).toBe(60);
    const late = umap(grouped(400, 20, 5), {
      epochs: 1_000_000,
      onProgress: async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        throw new Error('my mistake, later');
      },
    });
    await expect(late).rejects.toThrow('my mistake, later');
  });

  itNeeds([wasm], 'refuse a perplexity and say which', async () => {
    expect(await messageFrom(() => tsne(grouped(31, 3, 2), { perplexity: 11 }))).toBe(
      'tsne: the perplexity must be from 1 to a third of the other rows.\n' +
        '  perplexity  11\n' +
        '  rows  31\n' +
        '  at most  10\n' +
        '  Try: perplexity: 10, or more rows',
    );
    expect(await messageFrom(() => umap(grouped(5, 3, 2), { neighbors: 7 }))).toMatch(
      'umap: there must be from 2 neighbors to all other rows',
    );
  });
});

describe('gridOf', () => {
  itNeeds([wasm], 'leaves points on a grid where they are', async () => {
    const points = Array.from({ length: 12 }, (_, i) => [10 * (i % 4), 5 * Math.floor(i / 4)]);
    const order = [3, 7, 1, 11, 0, 2, 5, 4, 9, 6, 10, 8];
    const grid = await gridOf(
      order.map((i) => points[i] ?? []),
      { columns: 4 },
    );
    expect(grid).toMatchObject({ cells: order, columns: 4, rows: 3 });
    expect([...grid.points.data.subarray(0, 4)]).toEqual([3, 0, 3, 1]);
  });
});

describe('near rows', () => {
  itNeeds([wasm], 'are found, and nearly the same ones', async () => {
    const rows = [[0], [10], [0.5], [10]];
    const { indices, distances } = await nearestNeighbours(rows, { k: 2 });
    expect([...indices.data]).toEqual([2, 1, 3, 2, 0, 1, 1, 2]);
    expect([...distances.data.subarray(0, 2)]).toEqual([0.5, 10]);
    expect(await nearDuplicates(rows, { within: 1 })).toEqual({
      pairs: [
        { rows: [1, 3], distance: 0 },
        { rows: [0, 2], distance: 0.5 },
      ],
      found: 2,
    });
    const few = await nearDuplicates(rows, { within: 1, most: 1 });
    expect([few.pairs.length, few.found]).toEqual([1, 2]);
    const [options, other] = [{} as { k: number }, {} as { within: number }];
    expect(await messageFrom(() => nearestNeighbours(rows, options))).toMatch('k is missing');
    expect(await messageFrom(() => nearDuplicates(rows, other))).toMatch('within is missing');
  });
});

describe('rows', () => {
  it('are refused before anything is computed', async () => {
    const held = { array: async () => [[1]], dataId: {}, shape: [1, 1] } as never;
    expect(await messageFrom(() => pca(held))).toMatch('Try: await tensor.array()');
    expect(await messageFrom(() => tsne([[1, 2], [3]]))).toBe(
      'tsne: all rows must have the same length.\n' +
        '  row 1  1 numbers\n' +
        '  row 0  2\n' +
        '  Try: rows of equal length',
    );
    expect(await messageFrom(() => kmeans(new Float32Array(8)))).toMatch('Try: width: 64');
    expect(await messageFrom(() => kmeans([]))).toMatch('kmeans: there are no rows');
    expect(await messageFrom(() => pca([1, 2, 3] as never))).toMatch(
      'one list of numbers is one row',
    );
    expect(await messageFrom(() => pca(tensor([1, 2, 3])))).toMatch('at least two axes');
    expect(await messageFrom(() => pca('rows' as never))).toMatch('the rows must be numbers');
    expect(await messageFrom(() => tsne([[1]], { perplexty: 3 } as object))).toMatch(
      'Try: perplexity',
    );
    expect(await messageFrom(() => pca([[1]], { components: 1.5 }))).toMatch(
      'a whole number from 1',
    );
  });

  itNeeds([wasm], 'are taken as they are at the call', async () => {
    const numbers = Float32Array.from(grouped(20, 3, 2).flat());
    const wanted = await pca(numbers.slice(), { width: 3, components: 2 });
    const reused = numbers.slice();
    const lists = Array.from({ length: 20 }, (_, i) => numbers.slice(3 * i, 3 * i + 3));
    const given = tensor(numbers.slice(), [20, 3]);
    const all = [
      pca(reused, { width: 3, components: 2 }),
      pca(lists, { components: 2 }),
      pca(given, { components: 2 }),
    ];
    reused.fill(0);
    for (const row of lists) row.fill(0);
    lists.length = 1;
    given.data.fill(0);
    for (const { points } of await Promise.all(all)) expect(points).toEqual(wanted.points);
  });

  itNeeds([wasm], 'that are no numbers are named', async () => {
    expect(
      await messageFrom(() =>
        umap([
          [1, 2],
          [3, Number.NaN],
        ]),
      ),
    ).toBe(
      'umap: every number must be finite, and of size 1e15 at most.\n' +
        '  row  1\n' +
        '  position  1\n' +
        '  given  NaN\n' +
        '  Try: leave such rows out, or fill the gap with the mean of the others',
    );
  });
});

describe('analyses in a worker', () => {
  itNeeds([wasm], 'stop while they prepare, and leave the worker free', async () => {
    const { port1, port2 } = new MessageChannel();
    Comlink.expose(new WorkerRuntime(), port2);
    port1.start();
    onTestFinished(() => {
      port1.close();
      port2.close();
    });
    const calls = workerCalls(port1, () => {});
    await calls.configure({ ...settings }, {});
    const rows = { data: new Float32Array(4000 * 256).map((_, i) => Math.sin(i * i)), width: 256 };
    const told: AnalysisNews[] = [];
    const start = performance.now();
    const long = calls.analyse(1, 'compute', ['pca', rows, { components: 40 }], (news) => {
      told.push(news);
      if (told.length === 2) void calls.abort(1);
    });
    await expect(long).rejects.toThrow('aborted');
    expect(told.length).toBeLessThan(40);
    expect(told[0]).toMatchObject({ preparing: true, loss: null });
    const few = { data: new Float32Array([0, 1, 5, 6]), width: 1 };
    const { clusters } = await calls.analyse(2, 'compute', ['kmeans', few, { k: 2 }]);
    expect(clusters?.data[0]).toBe(clusters?.data[1]);
    expect(performance.now() - start).toBeLessThan(30_000);
    const set = await calls.analyse(3, 'create', ['test', 2]);
    await calls.analyse(4, 'add', [set, new Float32Array([1, 2, 3, 4]), 5]);
    expect(
      await calls.analyse(5, 'nearest', [set, new Float32Array([3, 4]), 1, 'euclidean']),
    ).toEqual({ ids: [6], distances: [0] });
    await calls.analyse(6, 'add', [set, new Float32Array([5, 6, 7, 8]), 7]);
    await calls.analyse(6, 'remove', [set, [8, 5, 99]]);
    const contents = await calls.analyse(6, 'contents', [set]);
    expect([...contents]).toEqual([3, 4, 5, 6]);
    await calls.analyse(6, 'close', [set]);
    expect(await messageFrom(() => calls.analyse(7, 'contents', [set]))).toMatch('disposed of');
  });
});
