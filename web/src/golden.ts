// Known inputs and outputs of a model, and how close it comes to them.
import { countOf, type DType, showShape, type Tensor, tensor } from './tensor.js';

/** An input, told by the pattern that fills it. */
export interface GoldenInput {
  name: string;
  shape: number[];
  dtype: DType;
  lo: number;
  hi: number;
  /** Whether the pattern is rounded down to whole numbers. */
  integer: boolean;
}

/** An output, told by some of its elements. */
export interface GoldenOutput {
  name: string;
  shape: number[];
  /** `values[k]` is element `k * step` of the flat output. */
  step: number;
  values: number[];
  /** Euclidean length of the whole output. */
  l2: number;
  /** Largest absolute value of the whole output. */
  max: number;
}

export interface Golden {
  inputs: GoldenInput[];
  outputs: GoldenOutput[];
}

/** x[i] = lo + (hi - lo) · ((i · 2654435761 + 12345) mod 2³²) / 2³², rounded down if integer. */
export function goldenInput({ shape, lo, hi, integer }: GoldenInput, dtype: DType): Tensor {
  const values = Float64Array.from({ length: countOf(shape) }, (_, i) => {
    // imul multiplies modulo 2³²; in doubles the product would lose its lowest bits.
    const hash = (Math.imul(i, 2654435761) + 12345) >>> 0;
    const x = lo + (hi - lo) * (hash / 2 ** 32);
    return integer ? Math.floor(x) : x;
  });
  return tensor(values, shape, dtype);
}

/**
 * The one of this name, or else the one at the same place: TensorFlow.js numbers names anew that it
 * has seen before (`input_1` becomes `input_1_1`), so golden files may have other names.
 */
export function sameOrPlace<T extends { name: string }>(
  list: readonly T[],
  name: string,
  place: number,
): T | undefined {
  return list.find((item) => item.name === name) ?? list[place];
}

/**
 * Errors of an output: the worst of its elements relative to the largest of the golden ones, and of
 * its length; infinite, with a note, if it cannot be compared.
 */
export function compareOutput(
  wanted: GoldenOutput,
  found: Tensor | undefined,
): { value: number; l2: number; note?: string } {
  const infinite = { value: Number.POSITIVE_INFINITY, l2: Number.POSITIVE_INFINITY };
  if (found === undefined) return { ...infinite, note: 'the model has no output of this name' };
  if (String(found.shape) !== String(wanted.shape)) {
    return { ...infinite, note: `the shape is ${showShape(found.shape)}` };
  }
  const largest = wanted.max || 1;
  let value = 0;
  for (const [k, expected] of wanted.values.entries()) {
    const difference = Math.abs((found.data[k * wanted.step] ?? Number.NaN) - expected) / largest;
    value = difference <= value ? value : difference; // a NaN stays
    if (Number.isNaN(value)) return { ...infinite, note: `element ${k * wanted.step} is NaN` };
  }
  let squares = 0;
  for (const x of found.data) squares += x * x;
  const l2 = Math.abs(Math.sqrt(squares) - wanted.l2) / (wanted.l2 || 1);
  return { value, l2 };
}
