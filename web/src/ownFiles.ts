// The files that travel with the library: beside its script, where a bundler has put them, in the folder
// that setWasmPath named, or inside the script.
import { embedded, embeddedFile } from './embedded.js';
import { fail, messageOf } from './errors.js';

/** Written out, because bundlers look for exactly these expressions. */
const beside = {
  'gesso-relaxed.wasm': () => new URL('./gesso-relaxed.wasm', import.meta.url),
  'gesso-relaxed-threads.wasm': () => new URL('./gesso-relaxed-threads.wasm', import.meta.url),
  'core-relaxed-threads.js': () => new URL('./core-relaxed-threads.js', import.meta.url),
  'gesso-simd.wasm': () => new URL('./gesso-simd.wasm', import.meta.url),
  'gesso-relaxed-webgpu.wasm': () => new URL('./gesso-relaxed-webgpu.wasm', import.meta.url),
  'gesso-simd-webgpu.wasm': () => new URL('./gesso-simd-webgpu.wasm', import.meta.url),
  'webgpu.js': () => new URL('./webgpu.js', import.meta.url),
  'worker.js': () => new URL('./worker.js', import.meta.url),
  'registry.json': () => new URL('./registry.json', import.meta.url),
  'labels/digits.json': () => new URL('./labels/digits.json', import.meta.url),
  'labels/imagenet.json': () => new URL('./labels/imagenet.json', import.meta.url),
  'labels/imagenet-darknet.json': () => new URL('./labels/imagenet-darknet.json', import.meta.url),
  'labels/quickdraw.json': () => new URL('./labels/quickdraw.json', import.meta.url),
  'models/digits/model.json': () => new URL('./models/digits/model.json', import.meta.url),
  'models/digits/weights.bin': () => new URL('./models/digits/weights.bin', import.meta.url),
  'models/shakespeare/model.json': () =>
    new URL('./models/shakespeare/model.json', import.meta.url),
  'models/shakespeare/weights.bin': () =>
    new URL('./models/shakespeare/weights.bin', import.meta.url),
} satisfies Record<string, () => URL>;

export const ownNames = Object.keys(beside) as (keyof typeof beside)[];

/** The addresses of own files by name, for a runtime elsewhere. Can be sent to a worker. */
export type OwnFiles = Record<string, string>;

/** A folder for addresses of files that bundlers have torn apart. Nothing is ever asked of it. */
const together = 'https://gesso.invalid/';

let folder: string | null = null;
let told: OwnFiles = {};

/** @param address of a folder, with a slash at the end; null: beside the script */
export function useFolder(address: string | null): void {
  folder = address;
  told = {};
}

/** Takes over the addresses that a page knows. */
export function useOwnFiles(addresses: OwnFiles): void {
  told = addresses;
}

/** The address that one of the library's own files has here. */
export function ownFile(name: string): string {
  if (Object.hasOwn(embedded.files, name)) return together + name;
  if (folder !== null) return new URL(name, folder).href;
  const known = Object.hasOwn(told, name) ? told[name] : undefined;
  if (known !== undefined) return known;
  if (!isOwn(name)) {
    fail(
      `gesso: the library has no file "${name}"`,
      { known: ownNames.join(', ') },
      'setWasmPath(folder) with the folder of a newer version',
    );
  }
  try {
    return beside[name]().href;
  } catch {
    fail(
      'gesso: it cannot tell where its own files are',
      {
        wanted: name,
        known: 'some bundlers and editors move the script and leave its files behind',
      },
      "setWasmPath('/gesso/') with the address of a copy of the folder dist/",
    );
  }
}

export function isOwn(name: string): name is keyof typeof beside {
  return Object.hasOwn(beside, name);
}

/** The addresses of all own files. */
export function ownFiles(): OwnFiles {
  return Object.fromEntries(ownNames.map((name) => [name, ownFile(name)]));
}

/**
 * The address of a folder of own files: a real one where the files lie together, else one that only
 * the library can read.
 *
 * @param path with a slash at the end
 */
export function ownFolder(path: string): string {
  const base = ownFile('registry.json');
  const inside = ownNames.filter((name) => name.startsWith(path));
  const whole = inside.every((name) => ownFile(name) === new URL(name, base).href);
  return new URL(path, whole ? base : together).href;
}

/** The address of any file of the library, where all of them lie together. */
export function libraryFile(name: string): string {
  return new URL(name, ownFile('registry.json')).href;
}

/** Whether an address is not a real one: that of a file which only the library can read. */
export function isTogether(address: string): boolean {
  return address.startsWith(together);
}

/** What people are told of an address: where the file really is. */
export function realAddress(address: string): string {
  const name = nameIn(address);
  return name !== undefined && isOwn(name) ? ownFile(name) : address;
}

function nameIn(address: string): string | undefined {
  return isTogether(address) ? decodeURI(address.slice(together.length)) : undefined;
}

/** The same fetch, which also reads the library's own files. */
export function withOwnFiles<Init>(
  fetch: (address: string, init?: Init) => Promise<Response>,
): (address: string, init?: Init) => Promise<Response> {
  return async (address, init) => {
    const name = nameIn(address);
    if (name === undefined) return fetch(address, init);
    const inside = embeddedFile(name);
    if (inside) return inside;
    if (isOwn(name)) return fetch(ownFile(name), init);
    return new Response(null, { status: 404, statusText: 'not a file of the library' });
  };
}

/**
 * What to try when one of the library's own files cannot be read.
 *
 * @param otherwise in pages that a server has sent
 */
export function fileHint(
  otherwise = 'setWasmPath(folder) with the folder that holds the .wasm files and registry.json',
): string {
  return typeof location !== 'undefined' && location.protocol === 'file:'
    ? 'gesso-single.js, which works without a server; or open the page from one: npx serve'
    : otherwise;
}

/** Refuses where one of the library's own scripts cannot be loaded. */
export function refuseScript(name: string, address: string, error: unknown): never {
  fail(
    `gesso: the library's own file ${name} cannot be read`,
    { address, reason: messageOf(error) },
    fileHint(`copy ${name} beside worker.js`),
  );
}
