// The libraries beside gesso, as far as they are here: in a page and in Node alike.
import type { Peers } from './gpuNetworks.js';

export type PeerName = 'tfjs' | 'ort';

export interface Opened {
  peers: Peers;
  /** Their versions, or why they are not here. */
  versions: Partial<Record<PeerName, string>>;
}

/**
 * Opens TF.js and ONNX Runtime on WebGPU.
 *
 * @param ortFolder the address of the files of ONNX Runtime, which no bundler may touch
 */
export async function openPeers(wanted: readonly string[], ortFolder: string): Promise<Opened> {
  const opened: Opened = { peers: {}, versions: {} };
  const open: Record<PeerName, () => Promise<string>> = {
    tfjs: () => openTfjs(opened.peers),
    ort: () => openOrt(opened.peers, ortFolder),
  };
  for (const name of ['tfjs', 'ort'] as const) {
    if (!wanted.includes(name)) continue;
    opened.versions[name] = await open[name]().catch((error: unknown) => `${error}`);
  }
  return opened;
}

async function openTfjs(peers: Peers): Promise<string> {
  const tf = await import('@tensorflow/tfjs');
  await import('@tensorflow/tfjs-backend-webgpu');
  if (!(await tf.setBackend('webgpu'))) throw new Error('it has no WebGPU here');
  peers.tf = peers.reader = tf;
  return tf.version_core;
}

async function openOrt(peers: Peers, folder: string): Promise<string> {
  const ort = await import(/* @vite-ignore */ `${folder}ort.webgpu.min.mjs`);
  ort.env.wasm.wasmPaths = folder;
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  if (peers.reader === undefined) {
    peers.reader = await import('@tensorflow/tfjs');
    await peers.reader.setBackend('cpu');
  }
  peers.onnx = await import('./gpuOnnx.js');
  peers.ort = ort;
  return ort.env.versions.common;
}
