// Features on a common scale: a head learns from those in fewer steps, from whichever layer they come.
import { layersOf, nameOf, type Part } from '../graft.js';

/** How much of the usual deviation is added to each: what hardly varies must not be as loud as the rest. */
const quiet = 0.3;

/** Mean and deviation of each feature. */
export interface Spread {
  means: Float64Array;
  deviations: Float64Array;
}

export function spreadOf(x: Float32Array, width: number): Spread {
  const count = x.length / width;
  const means = new Float64Array(width);
  const squares = new Float64Array(width);
  for (const [i, value] of x.entries()) {
    means[i % width] = (means[i % width] ?? 0) + value / count;
  }
  for (const [i, value] of x.entries()) {
    const apart = value - (means[i % width] ?? 0);
    squares[i % width] = (squares[i % width] ?? 0) + (apart * apart) / count;
  }
  const usual = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / width) || 1;
  const deviations = squares.map((square) => Math.sqrt(square) + usual * quiet);
  return { means, deviations };
}

/** Features around 0, about as far apart as one another. */
export function standardised(
  x: Float32Array,
  { means, deviations }: Spread,
): Float32Array<ArrayBuffer> {
  const width = means.length;
  return x.map((value, i) => {
    return (value - (means[i % width] ?? 0)) / (deviations[i % width] ?? 1);
  }) as Float32Array<ArrayBuffer>;
}

/** The same head for features as they are: mean and deviation go into its first layer. */
export function unspread(head: Part, { means, deviations }: Spread): Part {
  const [first] = layersOf(head.topology);
  const name = first ? nameOf(first) : '';
  const weights = new Map(head.weights);
  const kernel = weights.get(`${name}/kernel`);
  const bias = weights.get(`${name}/bias`);
  if (kernel === undefined || bias === undefined) return head;
  const units = bias.data.length;
  const data = Float32Array.from(kernel.data, (value, i) => {
    return value / (deviations[Math.floor(i / units)] ?? 1);
  });
  const shifted = Float64Array.from(bias.data);
  for (const [i, value] of data.entries()) {
    shifted[i % units] = (shifted[i % units] ?? 0) - value * (means[Math.floor(i / units)] ?? 0);
  }
  weights.set(`${name}/kernel`, { ...kernel, data });
  weights.set(`${name}/bias`, { ...bias, data: Float32Array.from(shifted) });
  return { ...head, weights };
}
