// Where the files of a model come from: an address, a path, a known name, or files that were dropped.
import { idOfAddress, type Keep } from './cache.js';
import { fail } from './errors.js';
import { baseName, Folder, type GivenFiles, isRemote, type Place } from './folder.js';
import { teachCode } from './later.js';
import type { Wanted } from './modelFiles.js';
import { nearest } from './options.js';
import { namesFile, namesMainFile, namesZip, platform } from './platform.js';
import type { Progress } from './progress.js';
import { type KnownModel, readRegistry } from './registry.js';
import { settings } from './settings.js';
import { show } from './tensor.js';

/**
 * What names a model:
 *
 * - a known name: `'mobilenet'`
 * - an address or a path of a `model.json` or of the folder that it lies in, or of a `.tflite` file:
 *   `'./model/'`, `'https://example.org/model.json'`; in pages relative to the page, in Node to the
 *   working folder
 * - files that the user dropped or chose: a `FileList`, an array of `File`, or a `Map` from path to
 *   `Blob` or bytes
 * - a zip of such files: its address or path, which ends in `.zip`, or the `File`
 */
export type ModelSource =
  | string
  | URL
  | FileList
  | readonly File[]
  | ReadonlyMap<string, Blob | Uint8Array>;

/** Where a model is, in the order to try, and what is known of it beforehand. */
export interface Location {
  places: Place[];
  /** The known model that was asked for by name. */
  known?: KnownModel;
  /** How it is kept, if it comes from the network. */
  keep?: Keep;
}

/**
 * Finds out what a source means, without reading the model yet.
 *
 * @param who the function that the user called, to begin messages with
 */
export async function locate(
  who: string,
  source: ModelSource,
  how: ZipLoading = {},
): Promise<Location> {
  if (source instanceof URL) return locateText(who, source.href, how);
  if (typeof source === 'string') return locateText(who, source, how);
  return { places: [givenPlace(who, await filesOf(who, source))] };
}

/** How a zip is fetched, which is done before anything in it can be located. */
interface ZipLoading {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** The files in the zip at an address. */
async function fetchZip(
  who: string,
  address: string,
  { signal, onProgress }: ZipLoading,
): Promise<GivenFiles> {
  signal?.throwIfAborted();
  const folder = new Folder({ address });
  const { entry: file } = folder;
  const onBytes = (loaded: number, total = loaded) => onProgress?.({ loaded, total, file });
  const pieces = (await folder.read(file, { signal, onBytes })) as Uint8Array<ArrayBuffer>[];
  signal?.throwIfAborted();
  return unzipped(who, file, new Blob(pieces), signal);
}

async function unzipped(
  who: string,
  name: string,
  zip: Blob,
  signal?: AbortSignal,
): Promise<GivenFiles> {
  const { unzip } = await teachCode();
  const bytes = new Uint8Array(await zip.arrayBuffer());
  return Object.fromEntries(await unzip(who, name, bytes, signal));
}

/** How zips begin; at the end of a TFLite file there may be one, too. */
const zipMagic = 'PK\x03\x04';

async function isZip(file: Blob): Promise<boolean> {
  const begin = new Uint8Array(await file.slice(0, zipMagic.length).arrayBuffer());
  return String.fromCharCode(...begin) === zipMagic;
}

async function locateText(who: string, text: string, how: ZipLoading): Promise<Location> {
  if (text.trim() === '') {
    fail(
      `${who}: the name of the model is empty`,
      { given: show(text) },
      "'mobilenet', or the address of a model.json",
    );
  }
  if (/^(data|blob):/i.test(text)) {
    fail(
      `${who}: a ${text.slice(0, 4)}: address has no folder in which the weights could lie`,
      { given: show(text.slice(0, 60)) },
      'the files themselves: an array of File, or a Map from path to Blob',
    );
  }
  if (/^[a-z][a-z\d+.-]+:/i.test(text) || looksLikePath(text)) {
    const address = platform.resolveModel(text);
    if (namesZip(new URL(address).pathname)) {
      return { places: [givenPlace(who, await fetchZip(who, address, how))] };
    }
    const keep: Keep = { id: idOfAddress(address), name: address, ifHeld: true };
    return { places: [{ address }], ...(isRemote(address) && { keep }) };
  }

  const registry = await readRegistry();
  const name = text.toLowerCase();
  const known = Object.hasOwn(registry.models, name) ? registry.models[name] : undefined;
  const folder = settings.models ?? platform.modelPath();
  const path = known ? `${known.folder}/${known.entry}` : text;
  const local = folder === null ? [] : [joined(folder, path)];
  const places = local.map((path) => ({ address: platform.resolveModel(path), isLocal: true }));
  if (known) {
    const remote = known.addresses.map((address) => {
      return { address: address + known.entry, isLocal: !isRemote(address) };
    });
    return { places: [...places, ...remote], known, keep: { id: name, name } };
  }
  const names = Object.keys(registry.models);
  const what = `${who}: there is no model "${text}"`;
  const facts = { known: names.join(', ') };
  const hint = `'${nearest(text, names)}', or './${text}/model.json' for a folder of yours`;
  if (places.length === 0) fail(what, facts, hint);
  const missing = ({ address }: Place) => ({ what, facts: { ...facts, address }, hint });
  return { places: places.map((place) => ({ ...place, ifMissing: missing(place) })) };
}

/** What readModel needs to know of a location. */
export function requestOf({ places, known, keep }: Location): Wanted {
  return {
    places,
    expected: known?.files,
    ...(keep && { keep }),
    ...(known && keep && { known: { name: keep.name, folder: known.folder } }),
  };
}

function looksLikePath(text: string): boolean {
  return /[\\/]/.test(text) || namesFile(text) || text === '.' || text === '..';
}

function joined(folder: string, name: string): string {
  return `${folder.replace(/[\\/]$/, '')}/${name}`;
}

/** The files of a source by path; of one file that is a zip, those in it. */
export async function filesOf(
  who: string,
  source: Exclude<ModelSource, string | URL>,
): Promise<GivenFiles> {
  const files: GivenFiles = {};
  if (source instanceof Map) {
    for (const [path, content] of source as ReadonlyMap<string, Blob | Uint8Array>) {
      files[path] = content instanceof Blob ? content : Uint8Array.from(content);
    }
  } else if (isFileList(source)) {
    for (const file of Array.from(source)) files[file.webkitRelativePath || file.name] = file;
  } else {
    fail(
      `${who}: the model must be a name, an address, a path or files`,
      { given: show(source) },
      "'mobilenet'",
    );
  }
  const [only, ...more] = Object.entries(files);
  if (only === undefined || more.length > 0) return files;
  const [name, content] = only;
  const file = content instanceof Blob ? content : new Blob([content]);
  return (await isZip(file)) ? unzipped(who, name, file) : files;
}

function isFileList(source: unknown): source is ArrayLike<File> {
  return (
    typeof source === 'object' &&
    source !== null &&
    'length' in source &&
    Array.from(source as ArrayLike<unknown>).every((file) => file instanceof File)
  );
}

/** The place of files in hand: finds the one that describes the model. */
function givenPlace(who: string, files: GivenFiles): Place {
  const names = Object.keys(files);
  const beside = new Set(['metadata.json', 'gesso.json', 'package.json', 'manifest.json']);
  const candidates = names.filter((name) => namesMainFile(name) && !beside.has(baseName(name)));
  const entry = candidates.find((name) => baseName(name) === 'model.json') ?? candidates[0];
  const plain = candidates.filter((name) => baseName(name) === 'model.json').length;
  if (entry === undefined || (candidates.length > 1 && plain !== 1)) {
    fail(
      entry === undefined
        ? `${who}: none of these files is a model.json or a .tflite file`
        : `${who}: several of these files could be the model`,
      { given: names.slice(0, 8).join(', ') || 'no files' },
      'one model.json together with the weight files that it names, or one .tflite file',
    );
  }
  return { address: entry, given: files };
}
