// Weights between two worlds: the cells of ml5 (TensorFlow 1's BasicLSTMCell) and the LSTM of Keras.
import type { Tensor } from '../tensor.js';

/** An LSTM as Keras keeps it: gates input, forget, new, output side by side. */
export interface KerasLstm {
  kernel: Tensor;
  recurrent: Tensor;
  bias: Tensor;
}

/** The same as one matrix [inputs + units, 4 units]: gates input, new, forget, output. */
export interface BasicCell {
  kernel: Float32Array<ArrayBuffer>;
  bias: Float32Array<ArrayBuffer>;
  inputs: number;
  units: number;
}

/** Where each gate of one order stands in the other; it is its own inverse. */
const swapped = [0, 2, 1, 3] as const;

/** BasicLSTMCell adds this to the forget gate when it runs; Keras keeps it in the bias. */
const forgetBias = 1;

/** Rows of four gates, each of them elsewhere. */
function reordered(
  rows: Float32Array,
  first: number,
  count: number,
  units: number,
): Float32Array<ArrayBuffer> {
  const result = new Float32Array(count * 4 * units);
  for (let row = 0; row < count; row++) {
    for (const [gate, from] of swapped.entries()) {
      const at = ((first + row) * 4 + from) * units;
      result.set(rows.subarray(at, at + units), (row * 4 + gate) * units);
    }
  }
  return result;
}

export function kerasOf({ kernel, bias, inputs, units }: BasicCell): KerasLstm {
  const made = (data: Float32Array<ArrayBuffer>, shape: number[]): Tensor => {
    return { data, shape, dtype: 'float32' };
  };
  const biases = reordered(bias, 0, 1, units);
  for (let i = units; i < 2 * units; i++) biases[i] = (biases[i] ?? 0) + forgetBias;
  return {
    kernel: made(reordered(kernel, 0, inputs, units), [inputs, 4 * units]),
    recurrent: made(reordered(kernel, inputs, units, units), [units, 4 * units]),
    bias: made(biases, [4 * units]),
  };
}

export function basicOf({ kernel, recurrent, bias }: KerasLstm): BasicCell {
  const [inputs = 0] = kernel.shape;
  const [units = 0] = recurrent.shape;
  const both = new Float32Array((inputs + units) * 4 * units);
  both.set(reordered(kernel.data as Float32Array, 0, inputs, units));
  both.set(reordered(recurrent.data as Float32Array, 0, units, units), inputs * 4 * units);
  const biases = reordered(bias.data as Float32Array, 0, 1, units);
  for (let i = 2 * units; i < 3 * units; i++) biases[i] = (biases[i] ?? 0) - forgetBias;
  return { kernel: both, bias: biases, inputs, units };
}
