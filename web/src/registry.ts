// The models that are known by name, and by the SHA-256 of their model.json.
import { ownFile } from './engine.js';
import { fail, messageOf } from './errors.js';
import { platform } from './platform.js';
import type { Recipe } from './recipe.js';
import { settings } from './settings.js';

/** The size in bytes and the SHA-256, in hexadecimal, of one file of a known model. */
export interface KnownFile {
  bytes: number;
  sha256: string;
}

/** What models/registry.json says of one model. */
export interface KnownModel extends Recipe {
  /** One line for people: what it is. */
  title: string;
  /** The function that it is made for: `imageClassifier`. */
  task: string;
  /** The folder that it has in a folder of models. */
  folder: string;
  /** Its main file. */
  entry: string;
  /** Folders on the network, with a slash at the end, in the order to try. */
  addresses: string[];
  files: Record<string, KnownFile>;
  card: Card;
}

/** What one should know before using a model. */
export interface Card {
  /** What it was trained on. */
  trainedOn: string;
  /** Who published the weights, and where. */
  source: string;
  licence: string;
  /** What it gets wrong. */
  limits: string;
}

export interface Registry {
  models: Record<string, KnownModel>;
}

let reading: Promise<Registry> | undefined;

/** The known models by name in lower case; read once, on the first call. */
export function readRegistry(): Promise<Registry> {
  reading ??= readAddressed().catch((error: unknown) => {
    reading = undefined;
    throw error;
  });
  return reading;
}

/** The registry with whole addresses: those of models that travel with the library are relative. */
async function readAddressed(): Promise<Registry> {
  const registry = await readOwn<Registry>('registry.json');
  const base = addressOf('registry.json');
  for (const model of Object.values(registry.models)) {
    model.addresses = model.addresses.map((address) => new URL(address, base).href);
  }
  return registry;
}

/** The known model whose model.json has this SHA-256. */
export async function knownBy(sha256: string): Promise<[string, KnownModel] | undefined> {
  const { models } = await readRegistry();
  return Object.entries(models).find(([, model]) => model.files[model.entry]?.sha256 === sha256);
}

/** The names of the models for one task. */
export async function namesFor(task: string): Promise<string[]> {
  const { models } = await readRegistry();
  return Object.keys(models).filter((name) => models[name]?.task === task);
}

/**
 * Labels that travel with the library: `digits`, `imagenet`, `imagenet-darknet` (the same classes in
 * the order in which Darknet was trained), `quickdraw`.
 */
export function readLabels(name: string): Promise<string[]> {
  return readOwn<string[]>(`labels/${name}.json`);
}

/** Written out, because bundlers look for exactly these expressions. */
const beside: Record<string, () => URL> = {
  'registry.json': () => new URL('./registry.json', import.meta.url),
  'labels/digits.json': () => new URL('./labels/digits.json', import.meta.url),
  'labels/imagenet.json': () => new URL('./labels/imagenet.json', import.meta.url),
  'labels/imagenet-darknet.json': () => new URL('./labels/imagenet-darknet.json', import.meta.url),
  'labels/quickdraw.json': () => new URL('./labels/quickdraw.json', import.meta.url),
};

/** The address of a file that belongs to the library. */
function addressOf(name: string): string {
  if (settings.files !== null) return ownFile(name);
  const address = beside[name]?.();
  if (address) return address.href;
  fail(
    `gesso: the library has no file "${name}"`,
    { known: Object.keys(beside).join(', ') },
    'labels: [...]',
  );
}

/** The address of any file of dist/, where that is served as it is. */
export function libraryFile(name: string): string {
  const script = import.meta.url; // in a name, because bundlers would look for the file
  return settings.files !== null ? ownFile(name) : new URL(name, script).href;
}

async function readOwn<T>(name: string): Promise<T> {
  const address = addressOf(name);
  try {
    const response = await platform.fetch(address);
    if (response.ok) return (await response.json()) as T;
    throw new Error(`${response.status} ${response.statusText}`.trim());
  } catch (error) {
    fail(
      `gesso: the library's own file ${name} cannot be read`,
      { address, reason: messageOf(error) },
      'setWasmPath(folder) with the folder that holds the .wasm files and registry.json',
    );
  }
}
