// Where the library looks for its own files and for models: settings of the whole page.
import { fail } from './errors.js';
import { nearest, readOptions } from './options.js';
import { isOwn, type OwnFiles, ownNames, useFolder, useOwnFiles } from './ownFiles.js';
import { platform } from './platform.js';

export interface Settings {
  /** Folder in which models are looked for by name before the network; null: nowhere. */
  models: string | null;
  /** Whether results must be the same on every machine. */
  deterministic: boolean;
  /** On how many threads to compute, as setThreads() was told. */
  threads: number | 'auto';
  /** What computes models, as setBackend() was told. */
  backend: Backend;
  /** Whether weights may be kept in 16 bits on a graphics processor. */
  half: boolean;
}

/**
 * Where a model runs: `'wasm'` is the processor, `'webgpu'` the graphics processor; with `'auto'` each
 * model is tried on both, and runs where it is faster.
 */
export type Backend = 'auto' | 'wasm' | 'webgpu';

export const settings: Settings = {
  models: null,
  deterministic: false,
  threads: 'auto',
  backend: 'wasm',
  half: false,
};

export interface BackendOptions {
  /**
   * Whether weights on a graphics processor may be kept, and where it can also be multiplied, with 16 bits:
   * that takes half the memory, and is faster where memory is what it waits for. Confidences then differ by
   * up to 0.02. Weights that learn keep all their digits. false.
   */
  half?: boolean;
}

const backendOptions = { half: false };

export const backends: readonly Backend[] = ['auto', 'wasm', 'webgpu'];

/**
 * Sets what computes the models that are loaded or made from now on, where they do not say it with their
 * option `backend`. At first this is `'wasm'`.
 *
 *     setBackend('auto');
 *
 * With `'auto'` a model is tried on both processors when it first runs, and again when it first trains,
 * with the sizes that it has then. What came of that is kept for later pages; {@link status} tells it.
 * Software that pretends to be a graphics processor is never taken for one. With `'webgpu'` loading
 * rejects where there is no WebGPU.
 */
export function setBackend(backend: Backend, options: BackendOptions = {}): void {
  if (!backends.includes(backend)) {
    fail(
      'setBackend: there is no such backend',
      { given: backend, known: backends.join(', ') },
      nearest(backend, backends),
    );
  }
  settings.half = readOptions('setBackend', options, backendOptions).half;
  settings.backend = backend;
}

/**
 * Makes results the same to the last digit on every machine, losses of training among them. It runs
 * the build without relaxed SIMD, which is slower. Call it before the first model is loaded or made.
 *
 *     setDeterministic(true);
 */
export function setDeterministic(deterministic: boolean): void {
  settings.deterministic = deterministic;
}

/** More than these share memory that they all wait for. */
const threadsAtMost = 4;

/**
 * Sets on how many threads gesso computes. At first this is `'auto'`: one less than the machine has
 * cores, which leaves one to the page, and four at most. Threads need a page that is isolated from
 * other sites: its server sends the headers `Cross-Origin-Opener-Policy: same-origin` and
 * `Cross-Origin-Embedder-Policy: require-corp`. Elsewhere, in Node, and where they do not start, one
 * thread does all the work; {@link status} tells. Call it before the first model is loaded or made.
 *
 *     setThreads(2);
 *
 * @param count from 1 to 16, or `'auto'`
 */
export function setThreads(count: number | 'auto'): void {
  if (count !== 'auto' && !(Number.isInteger(count) && count >= 1 && count <= 16)) {
    fail(
      'setThreads: not a number of threads',
      { given: count, wanted: "a whole number from 1 to 16, or 'auto'" },
      "setThreads('auto')",
    );
  }
  settings.threads = count;
}

/** The number of threads that was asked for, or that suits this machine. */
export function threadsWanted(): number {
  if (settings.threads !== 'auto') return settings.threads;
  return Math.max(1, Math.min(navigator.hardwareConcurrency - 1, threadsAtMost));
}

/**
 * Names the folder that holds the library's own files (its `.wasm` files, `worker.js`,
 * `registry.json`, `labels/`, `models/`), for pages whose bundler leaves them behind.
 * Call it before the first model is loaded.
 *
 *     setWasmPath('/vendor/gesso/');
 *     setWasmPath({ 'gesso-simd.wasm': simdUrl, 'gesso-relaxed.wasm': relaxedUrl });
 *
 * @param place the address of the folder, relative to the page, or in Node a path; or the addresses
 *   of single files by name, the others staying where they are; `null` means beside the library
 */
export function setWasmPath(
  place: string | URL | Readonly<Record<string, string | URL>> | null,
): void {
  if (place === null || typeof place === 'string' || place instanceof URL) {
    const folder = withSlash(place);
    useFolder(folder === null ? null : platform.resolve(folder));
    return;
  }
  const files: OwnFiles = {};
  for (const [name, address] of Object.entries(place)) {
    if (!isOwn(name)) {
      fail(
        `setWasmPath: the library has no file "${name}"`,
        { known: ownNames.join(', ') },
        nearest(name, ownNames),
      );
    }
    files[name] = platform.resolve(`${address}`);
  }
  useFolder(null);
  useOwnFiles(files);
}

/**
 * Names a folder to look in first when a model is asked for by name: `imageClassifier('mobilenet')`
 * then reads `<folder>/mobilenet_v1_025_224_layers/model.json` and needs no network.
 * In Node the environment variable `GESSO_MODELS` does the same.
 *
 * @param folder an address, relative to the page, or in Node a path; `null` means none
 */
export function setModelPath(folder: string | URL | null): void {
  settings.models = withSlash(folder);
}

function withSlash(folder: string | URL | null): string | null {
  if (folder === null) return null;
  return `${folder}`.endsWith('/') ? `${folder}` : `${folder}/`;
}
