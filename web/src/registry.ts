// The models that are known by name, and by the SHA-256 of their model.json.
import { fail, messageOf } from './errors.js';
import { fileHint, ownFile, ownFolder } from './ownFiles.js';
import { platform } from './platform.js';
import type { Preprocess, Recipe } from './recipe.js';

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
  /** How it is used as a base that learns something new. */
  features?: {
    /** The layer whose output describes a picture best. */
    layer: string;
    /** Where it differs from that of the model itself. */
    preprocess?: Partial<Preprocess>;
  };
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
  for (const model of Object.values(registry.models)) {
    model.addresses = model.addresses.map((address) =>
      /^https?:/.test(address) ? address : ownFolder(address),
    );
  }
  return registry;
}

/** The known model whose model.json has this SHA-256. */
export async function knownBy(sha256: string): Promise<[string, KnownModel] | undefined> {
  const { models } = await readRegistry();
  return Object.entries(models).find(([, model]) => model.files[model.entry]?.sha256 === sha256);
}

/** What to call a model that nobody knows: the last part of its address. */
export function nameFrom(address: string): string {
  const parts = address.split(/[\\/]/).filter((part) => part !== '' && part !== 'model.json');
  return parts.at(-1) ?? address;
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

async function readOwn<T>(name: string): Promise<T> {
  const address = ownFile(name);
  try {
    const response = await platform.fetch(address);
    if (response.ok) return (await response.json()) as T;
    throw new Error(`${response.status} ${response.statusText}`.trim());
  } catch (error) {
    fail(
      `gesso: the library's own file ${name} cannot be read`,
      { address, reason: messageOf(error) },
      fileHint(),
    );
  }
}
