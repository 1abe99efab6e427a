// Starts the build that computes on several threads. Only the worker of a page has this code: there,
// waiting for another thread holds nothing up.
import type { BuildName, Core, CreateCore } from './engine.js';
import { ownFile } from './ownFiles.js';

/** What Emscripten takes from its caller in a build with threads, besides the usual. */
interface ThreadOptions {
  wasmMemory: WebAssembly.Memory;
  /** Workers to make before the module is ready. */
  helpers: number;
  mainScriptUrlOrBlob: string | Blob;
  /** Set by the module. */
  PThread?: { terminateAllThreads(): void };
}

interface ThreadedCore extends Core {
  setThreads(count: number): void;
}

type CreateThreaded = (options: Parameters<CreateCore>[0] & ThreadOptions) => Promise<ThreadedCore>;

declare global {
  /** What the build's script gives: a classic one, because its helpers are classic workers. */
  var gessoThreads: CreateThreaded | undefined;
  function importScripts(address: string): void;
}

/** What helpers may take to start. They are asked for once, and a file that is here already. */
const patience = 10_000;

const page = 65_536;
const initialPages = 256; // as the module is linked
const megabyte = 1_048_576;

/**
 * Shared memory has to be reserved at once, up to the size that it can ever have: telephones refuse
 * what a computer grants.
 */
function sharedMemory(): WebAssembly.Memory {
  let refused: unknown;
  for (const most of [1024, 512, 256]) {
    try {
      const maximum = (most * megabyte) / page;
      return new WebAssembly.Memory({ initial: initialPages, maximum, shared: true });
    } catch (error) {
      refused = error;
    }
  }
  throw refused;
}

/** The script of a helper: a worker's own address must be of the page's site. */
function helperScript(address: string): string | Blob {
  if (new URL(address).origin === self.location.origin) return address;
  return new Blob([`importScripts(${JSON.stringify(address)})`], { type: 'text/javascript' });
}

/**
 * @param count of threads, this one among them
 * @returns the module, which uses that many; rejects where anything fails, and leaves nothing behind
 */
export async function startThreads(
  build: BuildName,
  wasmBinary: ArrayBuffer,
  count: number,
): Promise<Core> {
  const address = ownFile(`core-${build}.js`);
  importScripts(address);
  const create = globalThis.gessoThreads;
  if (create === undefined) throw new Error(`${address} is another script`);
  let giveUp = (_reason: Error) => {};
  const failed = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  const options: Parameters<CreateThreaded>[0] = {
    wasmBinary,
    wasmMemory: sharedMemory(),
    helpers: count - 1,
    mainScriptUrlOrBlob: helperScript(address),
    printErr: (text) => giveUp(new Error(text)), // how Emscripten tells of a helper's error
  };
  const timer = setTimeout(
    () => giveUp(new Error(`its helpers did not start within ${patience / 1000} s`)),
    patience,
  );
  // Emscripten throws a helper's error again, which would reach the page as this worker's end.
  const quiet = (event: Event) => event.preventDefault();
  self.addEventListener('error', quiet);
  try {
    const core = await Promise.race([create(options), failed]);
    core.setThreads(count);
    return core;
  } catch (error) {
    options.PThread?.terminateAllThreads();
    throw error;
  } finally {
    clearTimeout(timer);
    setTimeout(() => self.removeEventListener('error', quiet)); // it is thrown before the next task
  }
}
