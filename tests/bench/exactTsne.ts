// t-SNE without short cuts, in double: all pairs attract, all pairs repel. What others are held to.

/** p_ij of all pairs, [rows, rows]: van der Maaten and Hinton 2008. */
export function affinities(rows: Float32Array, width: number, perplexity: number): Float64Array {
  const n = rows.length / width;
  const given = new Float64Array(n * n);
  const squared = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let d = 0; d < width; d++) {
        sum += ((rows[i * width + d] ?? 0) - (rows[j * width + d] ?? 0)) ** 2;
      }
      squared[j] = sum;
    }
    let [low, high, precision] = [0, Number.POSITIVE_INFINITY, 1];
    for (let turn = 0; turn < 100; turn++) {
      let [total, weighted] = [0, 0];
      for (let j = 0; j < n; j++) {
        const p = i === j ? 0 : Math.exp(-precision * (squared[j] ?? 0));
        given[i * n + j] = p;
        total += p;
        weighted += p * (squared[j] ?? 0);
      }
      for (let j = 0; j < n; j++) given[i * n + j] = (given[i * n + j] ?? 0) / (total || 1);
      const entropy = total > 0 ? Math.log(total) + (precision * weighted) / total : 0;
      if (entropy > Math.log(perplexity)) low = precision;
      else high = precision;
      precision = Number.isFinite(high) ? (low + high) / 2 : 2 * precision;
    }
  }
  return given.map((p, k) => (p + (given[(k % n) * n + Math.floor(k / n)] ?? 0)) / (2 * n));
}

/** sum p log(p / q) over all pairs, for points [rows, 2]. */
export function divergence(p: Float64Array, y: ArrayLike<number>): number {
  const n = y.length / 2;
  let [total, sum] = [0, 0];
  const squared = (i: number, j: number) =>
    1 + ((y[2 * i] ?? 0) - (y[2 * j] ?? 0)) ** 2 + ((y[2 * i + 1] ?? 0) - (y[2 * j + 1] ?? 0)) ** 2;
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) if (i !== j) total += 1 / squared(i, j);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const pij = p[i * n + j] ?? 0;
      if (pij > 0) sum += pij * Math.log(pij * total * squared(i, j));
    }
  }
  return sum;
}

/** Gradient descent by the recipe of models/analysis/tsne.h, from these points, [rows, 2]. */
export function exactTsne(p: Float64Array, start: ArrayLike<number>, iterations: number) {
  const y = Float64Array.from(start);
  const n = y.length / 2;
  const [update, slope, q] = [
    new Float64Array(2 * n),
    new Float64Array(2 * n),
    new Float64Array(n * n),
  ];
  const gain = new Float64Array(2 * n).fill(1);
  const rate = Math.max(n / 48, 50);
  for (let t = 0; t < iterations; t++) {
    let total = 0;
    for (let i = 0; i < n; i++) {
      const [x0, y0] = [y[2 * i] ?? 0, y[2 * i + 1] ?? 0];
      for (let j = 0; j < i; j++) {
        const [dx, dy] = [x0 - (y[2 * j] ?? 0), y0 - (y[2 * j + 1] ?? 0)];
        const value = 1 / (1 + dx * dx + dy * dy);
        q[i * n + j] = value;
        total += 2 * value;
      }
    }
    slope.fill(0);
    const pulls = t < Math.min(Math.floor(iterations / 4), 250) ? 12 : 1;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) {
        const value = q[i * n + j] ?? 0;
        const factor = 4 * (pulls * (p[i * n + j] ?? 0) - value / total) * value;
        for (let d = 0; d < 2; d++) {
          const pull = factor * ((y[2 * i + d] ?? 0) - (y[2 * j + d] ?? 0));
          slope[2 * i + d] = (slope[2 * i + d] ?? 0) + pull;
          slope[2 * j + d] = (slope[2 * j + d] ?? 0) - pull;
        }
      }
    }
    const means = [0, 0];
    for (let k = 0; k < 2 * n; k++) {
      const [g, s, u] = [gain[k] ?? 1, slope[k] ?? 0, update[k] ?? 0];
      gain[k] = s > 0 !== u > 0 ? g + 0.2 : Math.max(0.8 * g, 0.01);
      update[k] = (t < 250 ? 0.5 : 0.8) * u - rate * (gain[k] ?? 1) * s;
      y[k] = (y[k] ?? 0) + (update[k] ?? 0);
      means[k % 2] = (means[k % 2] ?? 0) + (y[k] ?? 0) / n;
    }
    for (let k = 0; k < 2 * n; k++) y[k] = (y[k] ?? 0) - (means[k % 2] ?? 0);
  }
  return y;
}
