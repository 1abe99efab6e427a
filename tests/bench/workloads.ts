// The work that is timed: each workload is prepared once in both libraries and then run in turns.
import * as tf from '@tensorflow/tfjs';
import { type LoadedModel, loadModel, type Tensor, tensor } from 'gesso';
import { type Network, numbers } from './networks.js';

/** One piece of work, ready to run; running it ends with the numbers in JavaScript's hands. */
export interface Workload {
  name: string;
  gesso(): Promise<void>;
  peer(): Promise<void>;
}

function graphModel(nodes: object[], weights: object[], data: Float32Array): Map<string, Blob> {
  const json = {
    format: 'graph-model',
    modelTopology: { node: nodes, versions: { producer: 1 } },
    weightsManifest: [{ paths: ['weights.bin'], weights }],
  };
  return new Map([
    ['model.json', new Blob([JSON.stringify(json)])],
    ['weights.bin', new Blob([data.slice()])],
  ]);
}

/** A product of two size × size matrices, the second one constant. */
export async function matmul(size: number): Promise<Workload> {
  const a = numbers([size, size]);
  const b = numbers([size, size]);
  const float = { type: 'DT_FLOAT' };
  const shape = { shape: { dim: [{ size: `${size}` }, { size: `${size}` }] } };
  const model = await loadModel(
    graphModel(
      [
        { name: 'a', op: 'Placeholder', attr: { dtype: float, shape } },
        { name: 'b', op: 'Const', attr: { dtype: float } },
        { name: 'y', op: 'MatMul', input: ['a', 'b'], attr: { T: float } },
      ],
      [{ name: 'b', shape: [size, size], dtype: 'float32' }],
      b,
    ),
    { worker: false },
  );
  const x = tensor(a, [size, size]);
  let results = await model.run({ a: x });
  const ta = tf.tensor2d(a, [size, size]);
  const tb = tf.tensor2d(b, [size, size]);
  return {
    name: `matmul-${size}`,
    gesso: async () => {
      results = await model.run({ a: x }, { into: results });
    },
    peer: async () => {
      const y = tf.matMul(ta, tb);
      y.dataSync();
      y.dispose();
    },
  };
}

/** Disposes of what a TF.js model gave, after reading every number. */
function readAll(outputs: tf.Tensor | tf.Tensor[] | tf.NamedTensorMap): void {
  const list =
    outputs instanceof tf.Tensor
      ? [outputs]
      : Array.isArray(outputs)
        ? outputs
        : Object.values(outputs);
  for (const output of list) {
    output.dataSync();
    output.dispose();
  }
}

function firstInput(model: LoadedModel, shape: number[]): Record<string, Tensor> {
  const [input] = model.inputs;
  if (!input) throw new Error('the model has no input');
  return { [input.name]: tensor(numbers(shape), shape) };
}

/** One of networks.ts. */
export async function network({ name, address, kind, shape }: Network): Promise<Workload> {
  const model = await loadModel(address, { worker: false });
  const inputs = firstInput(model, shape);
  let results = await model.run(inputs);
  const peer =
    kind === 'layers' ? await tf.loadLayersModel(address) : await tf.loadGraphModel(address);
  const x = tf.tensor4d(numbers(shape), shape);
  return {
    name,
    gesso: async () => {
      results = await model.run(inputs, { into: results });
    },
    peer: async () => readAll(tf.tidy(() => peer.predict(x))),
  };
}
