// Work for both libraries, ready to be timed in turns. TensorFlow.js comes with this file: load it late.
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import plainWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { conv2d, separableConv2d, sequential, tensor } from 'gesso';
import { trainingNames, trainings } from '../../../tests/bench/training.js';
import { matmul } from '../../../tests/bench/workloads.js';

/** One piece of work. Each function does it once or a few times, and gives the milliseconds of one. */
export interface Race {
  gesso(): Promise<number>;
  /** By backend of TF.js: those that may be able to. */
  peers: Record<string, () => Promise<number>>;
}

export const peerVersion = tf.version_core;

/** Turns to one of TF.js's backends; false where this browser has none of that name. */
export function useBackend(name: string): Promise<boolean> {
  return tf.setBackend(name);
}

/** Prepares a piece of work by its name. */
export async function prepare(name: string): Promise<Race> {
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false); // one thread for each library
  setWasmPaths({
    'tfjs-backend-wasm.wasm': plainWasm,
    'tfjs-backend-wasm-simd.wasm': simdWasm,
    'tfjs-backend-wasm-threaded-simd.wasm': threadedWasm,
  });
  const training = trainings[trainingNames.indexOf(name)];
  if (training) return training();
  if (name === 'convolutions') return convolutions();
  const { gesso, peer } = await matmul(512);
  return {
    gesso: () => timed(gesso),
    peers: { wasm: () => timed(peer), webgl: () => timed(peer) },
  };
}

const side = 128;
const channels = [32, 64, 64, 128, 128, 256, 256];

/** Eight layers on one picture, as in networks for phones. */
async function convolutions(): Promise<Race> {
  const layer = { kernelSize: 3, padding: 'same', activation: 'relu' } as const;
  const strides = (i: number) => 1 + (i % 2);
  const model = await sequential(
    [
      conv2d({ ...layer, filters: 16, strides: 2, inputShape: [side, side, 3] }),
      ...channels.map((filters, i) => separableConv2d({ ...layer, filters, strides: strides(i) })),
    ],
    { seed: 1, worker: false },
  );
  const peer = tf.sequential({
    layers: [
      tf.layers.conv2d({ ...layer, filters: 16, strides: 2, inputShape: [side, side, 3] }),
      ...channels.map((filters, i) =>
        tf.layers.separableConv2d({ ...layer, filters, strides: strides(i) }),
      ),
    ],
  });
  const numbers = Float32Array.from({ length: side * side * 3 }, (_, i) => Math.sin(i * 0.7));
  const ours = tensor(numbers, [1, side, side, 3]);
  const theirs = () => {
    const output = tf.tidy(() => peer.predict(tf.tensor4d(numbers, [1, side, side, 3])));
    if (!(output instanceof tf.Tensor)) return;
    output.dataSync();
    output.dispose();
  };
  return {
    gesso: () => timed(() => model.predict(ours)),
    peers: { wasm: () => timed(theirs), webgl: () => timed(theirs) },
  };
}

async function timed(work: () => unknown): Promise<number> {
  const times = 3;
  const start = performance.now();
  for (let i = 0; i < times; ++i) await work();
  return (performance.now() - start) / times;
}
