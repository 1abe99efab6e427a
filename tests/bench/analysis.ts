// Times analyses of rows in the worker: nearest neighbours beside TensorFlow.js, layouts, components.
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { gridOf, kmeans, knnClassifier, pca, status, tsne, umap } from 'gesso';
import { affinities, divergence, exactTsne } from './exactTsne.js';
import { median } from './median.js';

export interface Analysed {
  build: string;
  threads: number;
  rows: { work: string; gesso_ms: number; peer?: string; peer_ms?: number; bar: string }[];
  /** Of the t-SNE timed above, and of exact t-SNE in double on the same rows. */
  divergence: { ours: number; exact: number; ratio: number };
  /** Milliseconds: the longest that the page waited between two frames while t-SNE ran. */
  gap: number;
}

declare global {
  interface Window {
    analysed?: Analysed;
    failure?: string;
  }
}

let seed = 9;
const random = () => {
  seed = (seed * 48271) % 2147483647; // Park and Miller's generator
  return seed / 2147483647;
};
const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());

/** Rows in groups around centers. */
function grouped(count: number, width: number, groups: number): Float32Array {
  const centers = Float32Array.from({ length: groups * width }, () => 2 * normal());
  return Float32Array.from({ length: count * width }, (_, k) => {
    const group = Math.floor(k / width) % groups;
    return (centers[group * width + (k % width)] ?? 0) + normal();
  });
}

async function timed<T>(work: () => Promise<T>): Promise<[milliseconds: number, result: T]> {
  const start = performance.now();
  const result = await work();
  return [performance.now() - start, result];
}

async function neighbours(): Promise<Analysed['rows'][number]> {
  const [count, width] = [10_000, 1024];
  const rows = grouped(count, width, 10);
  const classifier = knnClassifier({ k: 10 });
  const pairs = Array.from({ length: 10 }, (_, label) => {
    const own = rows.subarray(label * 1000 * width, (label + 1) * 1000 * width);
    return [`${label}`, [...own], [1000, width]];
  });
  await classifier.load(pairs);
  const query = rows.slice(5 * width, 6 * width);
  // As @tensorflow-models/knn-classifier does it: unit rows, one product, then the k largest.
  setWasmPaths('/tfjs-wasm/');
  await tf.setBackend('wasm');
  await tf.ready();
  const unit = (t: tf.Tensor) => tf.div(t, tf.norm(t, 'euclidean', 1, true));
  const matrix = tf.keep(tf.tidy(() => unit(tf.tensor2d(rows, [count, width]))));
  const ask = async () => {
    const { values, indices } = tf.tidy(() => {
      const one = unit(tf.tensor2d(query, [1, width]));
      const along = tf.reshape(
        tf.matMul(matrix as tf.Tensor2D, one as tf.Tensor2D, false, true),
        [-1],
      );
      return tf.topk(along, 10);
    });
    await indices.data();
    tf.dispose([values, indices]);
  };
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let i = 0; i < 40; i++) {
    ours.push((await timed(() => classifier.classify(query)))[0]);
    theirs.push((await timed(ask))[0]);
  }
  classifier.dispose();
  tf.dispose(matrix);
  return {
    work: 'the nearest of 10,000 examples of 1,024 numbers',
    gesso_ms: median(ours),
    peer: 'tfjs wasm',
    peer_ms: median(theirs),
    bar: '≤ 5 ms',
  };
}

async function main(): Promise<void> {
  const results: Analysed['rows'] = [await neighbours()];
  const add = (work: string, gesso_ms: number, bar = '') => results.push({ work, gesso_ms, bar });
  const [count, width, perplexity, iterations] = [2000, 64, 30, 1000];
  const rows = grouped(count, width, 10);
  let gap = 0;
  let last: number | undefined;
  let watching = true;
  const look = (now: number) => {
    gap = Math.max(gap, now - (last ?? now));
    last = now;
    if (watching) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  const [tsne_ms, { points }] = await timed(() =>
    tsne(rows, { width, perplexity, iterations, onProgress: () => {} }),
  );
  watching = false;
  add('t-SNE of 2,000 × 64, 1,000 iterations', tsne_ms, '≤ 10 s');
  add('UMAP of 2,000 × 64, 500 epochs', (await timed(() => umap(rows, { width })))[0]);
  const many = grouped(10_000, 1024, 10);
  add(
    'two principal components of 10,000 × 1,024',
    (await timed(() => pca(many, { width: 1024 })))[0],
  );
  add(
    'k-means of 10,000 × 1,024, k 10, one start',
    (await timed(() => kmeans(many, { width: 1024, k: 10, restarts: 1 })))[0],
  );
  const some = points.data.slice(0, 2000) as Float32Array;
  add('a grid of 1,000 points', (await timed(() => gridOf(some, { width: 2 })))[0]);
  const large = grouped(10_000, 64, 10);
  add(
    't-SNE of 10,000 × 64, 1,000 iterations',
    (await timed(() => tsne(large, { width, iterations })))[0],
  );

  // Exact t-SNE, from the same start: the principal components, scaled to a deviation of 1e-4.
  const { points: start } = await pca(rows, { width });
  let squares = 0;
  for (let i = 0; i < count; i++) squares += (start.data[2 * i] ?? 0) ** 2;
  const scale = 1e-4 / Math.sqrt(squares / count);
  const p = affinities(rows, width, perplexity);
  const exact = divergence(
    p,
    exactTsne(
      p,
      start.data.map((x) => x * scale),
      iterations,
    ),
  );
  const ours = divergence(p, points.data);
  const { build, threads } = await status();
  const ratio = ours / exact;
  window.analysed = { build, threads, rows: results, divergence: { ours, exact, ratio }, gap };
}

main().catch((error: unknown) => {
  window.failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
});
