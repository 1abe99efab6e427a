// What differs between a page and Node (platformNode.ts): files, paths, pictures, workers.
import type { Pixels } from './image.js';
import { withOwnFiles } from './ownFiles.js';

export interface Platform {
  /** Like the global fetch; in Node also for file: addresses. */
  fetch(address: string, init?: { signal?: AbortSignal | null }): Promise<Response>;
  /** The address that a path or relative address, as a user typed it, stands for. */
  resolve(path: string): string;
  /** The same for the model.json of a model, where a path may name the folder that it is in. */
  resolveModel(path: string): string;
  /** Where models are looked for by name when setModelPath was not called. */
  modelPath(): string | null;
  /** Reads a picture from a path or from the bytes of a file; undefined where the browser does it. */
  decode?: (picture: string | Uint8Array) => Promise<Pixels>;
  /** Writes files into a folder, which is made; undefined where there are none. */
  writeFiles?: (folder: string, files: ReadonlyMap<string, Uint8Array>) => Promise<void>;
  /** Whether the runtime can live in a worker. */
  hasWorker: boolean;
}

const page: Platform = {
  fetch: withOwnFiles((address, init) => fetch(address, init)),
  resolve: (path) => new URL(path, base()).href,
  resolveModel(path) {
    const address = new URL(path, base());
    if (!address.pathname.endsWith('.json')) {
      address.pathname = `${address.pathname.replace(/\/$/, '')}/model.json`;
    }
    return address.href;
  },
  modelPath: () => null,
  hasWorker: true,
};

function base(): string {
  return typeof document === 'undefined' ? location.href : document.baseURI;
}

/** The platform in use: a page or one of its workers, unless node.ts has said otherwise. */
export let platform = page;

export function usePlatform(other: Platform): void {
  platform = other;
}
