// What differs between a page and Node (platformNode.ts): files, paths, pictures, workers.
import type { Pixels } from './image.js';
import { realAddress, withOwnFiles } from './ownFiles.js';
import { browserStore, type Store } from './store.js';

/** What of fetch's options this library uses. */
export interface FetchOptions {
  signal?: AbortSignal | null;
  headers?: Record<string, string>;
  cache?: RequestCache;
}

export interface Platform {
  /** Like the global fetch; in Node also for file: addresses. */
  fetch(address: string, init?: FetchOptions): Promise<Response>;
  /** Whether requests to an address may have any header without asking its server first. */
  isOwn(address: string): boolean;
  /** The address that a path or relative address, as a user typed it, stands for. */
  resolve(path: string): string;
  /** The same for the main file of a model, where a path may name the folder of a model.json. */
  resolveModel(path: string): string;
  /** Where models are looked for by name when setModelPath was not called. */
  modelPath(): string | null;
  /** Where downloaded models are kept; undefined where nothing can be. */
  openStore(): Promise<Store | undefined>;
  /** Reads a picture from a path or from the bytes of a file; undefined where the browser does it. */
  decode?: (picture: string | Uint8Array) => Promise<Pixels>;
  /** Makes a PNG of a picture; undefined where the browser makes a JPEG. */
  encode?: (picture: Pixels) => Promise<Uint8Array<ArrayBuffer>>;
  /** Writes files into a folder, which is made; undefined where there are none. */
  writeFiles?: (folder: string, files: ReadonlyMap<string, Uint8Array>) => Promise<void>;
  /** Whether the runtime can live in a worker. */
  hasWorker: boolean;
}

const page: Platform = {
  fetch: withOwnFiles((address, init) => fetch(address, init)),
  isOwn: (address) =>
    realAddress(address) !== address || new URL(address).origin === location.origin,
  resolve: (path) => new URL(path, base()).href,
  resolveModel(path) {
    const address = new URL(path, base());
    if (!namesFile(address.pathname)) {
      address.pathname = `${address.pathname.replace(/\/$/, '')}/model.json`;
    }
    return address.href;
  },
  modelPath: () => null,
  openStore: browserStore,
  hasWorker: true,
};

/** Whether a path is that of a file of a model, or of a zip with all of them, and not of its folder. */
export function namesFile(path: string): boolean {
  return namesMainFile(path) || namesZip(path);
}

export function namesZip(path: string): boolean {
  return /\.zip$/i.test(path);
}

/** Whether a path is that of a model's main file. */
export function namesMainFile(path: string): boolean {
  return /\.(json|tflite)$/.test(path);
}

function base(): string {
  return typeof document === 'undefined' ? location.href : document.baseURI;
}

/** The platform in use: a page or one of its workers, unless node.ts has said otherwise. */
export let platform = page;

export function usePlatform(other: Platform): void {
  platform = other;
}
