// How gesso runs here, and what would make it faster.
import { connect, started } from './client.js';
import type { BuildName } from './engine.js';
import type { Running, RunningModel, RunningOn } from './runtime.js';
import { settings, threadsWanted } from './settings.js';
import type { AdapterInfo } from './webgpu/accelerator.js';
import type { Trial } from './webgpu/trials.js';

export type { AdapterInfo, RunningModel, RunningOn, Trial };

export interface Status {
  /** `'relaxed-threads'`, `'relaxed'` or `'simd'`: the fastest first. */
  build: BuildName;
  /** How many threads compute together. */
  threads: number;
  /** What computes the latest model: WebAssembly on the processor, or the graphics processor. */
  backend: 'wasm' | 'webgpu';
  /** The graphics processor, once a model has run on it; else null. */
  adapter: AdapterInfo | null;
  /** What computes each model that is open, in the order of their opening. */
  models: RunningModel[];
  /** Whether that happens beside the page, which goes on meanwhile. */
  worker: boolean;
  /** Bytes of WebAssembly memory; {@link memory} tells what they are used for. */
  memory: number;
  /** What would make it faster here, as sentences; empty where nothing is known. */
  faster: string[];
}

/**
 * Tells which build runs, on how many threads, and what would make it faster. Loads the library's
 * WebAssembly, if no model has.
 *
 *     const { build, threads, faster } = await status();
 *
 * @throws MLError where the WebAssembly cannot be loaded
 */
export async function status(): Promise<Status> {
  const client = started().at(-1) ?? connect('status', undefined);
  const running = await client.status();
  const { build, threads, memory, models, adapter = null } = running;
  const faster = adviceOn(running, client.far);
  const { trains, writes, runs } = models.at(-1) ?? {};
  const backend = (trains ?? writes ?? runs)?.backend ?? 'wasm';
  return { build, threads, backend, adapter, models, worker: client.far, memory, faster };
}

/** @param worker whether the runtime lives in a worker */
function adviceOn(running: Running, worker: boolean): string[] {
  const advice = [adviceOnBuild(running), adviceOnThreads(running, worker)];
  return advice.filter((sentence) => sentence !== undefined);
}

function adviceOnBuild({ build, deterministic }: Running): string | undefined {
  if (deterministic) {
    return 'setDeterministic(false) runs a faster build, whose last digits differ by machine.';
  }
  return build === 'simd'
    ? 'A newer browser, or Node 22: this one has no relaxed SIMD, which is faster.'
    : undefined;
}

function adviceOnThreads(running: Running, worker: boolean): string | undefined {
  const { build, threads, isolated, refused } = running;
  if (typeof document === 'undefined' || build === 'simd' || threads > 1) return undefined;
  if (!worker) return 'Leave worker: false out: only a worker can have threads.';
  const cores = navigator.hardwareConcurrency;
  if (cores < 2) return undefined;
  if (refused !== undefined) return `Threads did not start: ${refused}`;
  if (!isolated) {
    return (
      'Threads: have the server of this page send Cross-Origin-Opener-Policy: same-origin and ' +
      'Cross-Origin-Embedder-Policy: require-corp.'
    );
  }
  if (settings.threads !== 'auto' || threadsWanted() > 1) return undefined;
  return (
    `setThreads(2) before the first model: this machine has ${cores} cores, and one was left ` +
    'to the page.'
  );
}
