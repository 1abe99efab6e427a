// Where the files of a model come from: an address, a path, a known name, or files that were dropped.
import { idOfAddress, type Keep } from './cache.js';
import { type Download, type Downloaded, download, Undelivered } from './download.js';
import { fail } from './errors.js';
import { teachCode } from './later.js';
import type { Wanted } from './modelFiles.js';
import { nearest } from './options.js';
import { isTogether } from './ownFiles.js';
import { namesFile, namesMainFile, namesZip, platform } from './platform.js';
import type { Progress } from './progress.js';
import { type KnownFile, type KnownModel, readRegistry } from './registry.js';
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

/** The files of a model by path. */
export type GivenFiles = Record<string, Blob | Uint8Array<ArrayBuffer>>;

/** One place to try: the address of a main file, or files in hand. Can be sent to a worker. */
export interface Place {
  /** Of the model.json or .tflite file; for files in hand, the name of the main one. */
  address: string;
  /** Files in hand; absent when the address is to be fetched. */
  given?: GivenFiles;
  /** Whether it is a folder of the user's own, from which nothing is kept. */
  isLocal?: boolean;
  /** What to say when there is no model.json, where that is most likely a mistyped name. */
  ifMissing?: Message;
}

/** What `fail` is given. */
interface Message {
  what: string;
  facts: Record<string, string>;
  hint: string;
}

/** Where a model is, in the order to try, and what is known of it beforehand. */
export interface Location {
  places: Place[];
  /** The known model that was asked for by name. */
  known?: KnownModel;
  /** How it is kept, if it comes from the network. */
  keep?: Keep;
}

/** Sizes and hashes that the files of a known model must have. */
export type Expected = Record<string, KnownFile>;

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

/** Whether an address is on a network, as far as one can tell. */
function isRemote(address: string): boolean {
  return /^https?:/i.test(address) && !isTogether(address);
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

export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/** Reads files that lie beside the model.json of one place. */
export class Folder {
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  /** The name of the main file: `model.json`. */
  get entry(): string {
    const path = this.#place.given
      ? this.#place.address
      : decodeURIComponent(new URL(this.#place.address).pathname);
    return baseName(path) || 'model.json';
  }

  /** Whether its files come over the network. */
  get isRemote(): boolean {
    return !this.#place.given && isRemote(this.#place.address);
  }

  /** What messages call a file: its whole address. */
  nameOf(path: string): string {
    if (path === this.entry) return this.#place.address;
    return this.#place.given ? path : this.#addressOf(path);
  }

  /** The content of a file, in the pieces in which it came. */
  async read(path: string, how: Omit<Download, 'inHand'> = {}): Promise<Uint8Array[]> {
    const { pieces } = await this.fetch(path, how);
    return pieces ?? [];
  }

  /**
   * The same with its version on the server, and no content if that is the one in hand.
   *
   * @throws MLError when the file is not there or cannot be reached
   */
  async fetch(path: string, how: Download = {}): Promise<Downloaded> {
    if (this.#place.given) {
      const bytes = await this.#readGiven(this.#place.given, path);
      how.onBytes?.(bytes.length, bytes.length);
      return { pieces: [bytes], version: {}, received: 0 };
    }
    const address = path === this.entry ? this.#place.address : this.#addressOf(path);
    try {
      return await download(address, how);
    } catch (error) {
      if (error instanceof Undelivered) this.#explain(path, error, how.bytes);
      throw error;
    }
  }

  /** The text of a file that may be missing; null then. A page that stands in for it is not it. */
  async readOptional(path: string, signal?: AbortSignal): Promise<string | null> {
    if (this.#place.given) {
      const file = find(this.#place.given, path, this.#place.address);
      return file === undefined ? null : new TextDecoder().decode(await bytesOf(file));
    }
    try {
      const { pieces = [] } = await download(this.#addressOf(path), { signal });
      const text = await new Blob(pieces as Uint8Array<ArrayBuffer>[]).text();
      return looksLikePage(text) ? null : text;
    } catch (error) {
      if (!(error instanceof Undelivered)) throw error;
      if (error.kind === 'broken') this.#explain(path, error);
      return null;
    }
  }

  async #readGiven(files: GivenFiles, path: string): Promise<Uint8Array> {
    const file = find(files, path, this.#place.address);
    if (file === undefined) {
      fail(
        `${this.entry}: it names a file that was not given`,
        { file: path, given: Object.keys(files).slice(0, 8).join(', ') },
        `the file ${path} together with the others`,
      );
    }
    return bytesOf(file);
  }

  #addressOf(path: string): string {
    const escaped = path.split('/').map(encodeURIComponent).join('/');
    const address = new URL(escaped, this.#place.address);
    // Signed and versioned addresses carry a query that the weights need too.
    address.search = new URL(this.#place.address).search;
    return address.href;
  }

  /** Says why a file did not come. */
  #explain(path: string, { kind, answer }: Undelivered, bytes?: number): never {
    const { ifMissing, isLocal } = this.#place;
    const address = this.nameOf(path);
    const isEntry = path === this.entry;
    // Servers of single-page apps answer every wrong address with their page.
    const mistyped = ifMissing && isEntry && kind !== 'broken' && kind !== 'failed';
    if (mistyped) fail(ifMissing.what, ifMissing.facts, ifMissing.hint);
    const local = /^file:/.test(address) || isLocal;
    const copy = local ? '' : '; or the path of a copy: download its files into one folder';
    switch (kind) {
      case 'missing':
        return fail(
          `${path}: the file is not there`,
          { address, answer },
          isEntry
            ? `open the address in a browser tab: it must ${shows(path)}${copy}`
            : 'copy all weight files into the folder of the model.json',
        );
      case 'refused':
        return fail(
          `${path}: the server does not give this file`,
          { address, answer },
          `open the address in a browser tab: it may need a key, or have expired${copy}`,
        );
      case 'failed':
        return fail(
          `${path}: the server is in trouble`,
          { address, answer },
          `again in a while${copy}`,
        );
      case 'page':
        return fail(
          `${path}: a web page came instead of the model`,
          { address, begins: answer },
          `open the address in a browser tab: it must show the file itself, not a page${copy}`,
        );
      case 'longer':
        return fail(
          'gesso: this file differs from the one that is known by this name',
          { address, came: answer, known: `${bytes} bytes` },
          'download it again; to use a changed copy, give its path instead of the name',
        );
      case 'broken':
        return fail(
          `${path}: the address cannot be reached`,
          { address, reason: answer },
          'check the connection; another site must allow this page to read the file ' +
            `(Access-Control-Allow-Origin)${copy}`,
        );
    }
  }
}

/** What a browser does at the address of a main file. */
export function shows(entry: string): string {
  return /\.(tflite|zip)$/i.test(entry) ? 'download the file' : 'show the JSON of the model';
}

/** Whether text is a web page instead of what was asked for. */
export function looksLikePage(text: string): boolean {
  return text.trimStart().startsWith('<');
}

async function bytesOf(file: Blob | Uint8Array): Promise<Uint8Array> {
  return file instanceof Blob ? new Uint8Array(await file.arrayBuffer()) : file;
}

/** A given file by its path beside the main file, or else by its bare name, as drops lose folders. */
function find(
  files: GivenFiles,
  path: string,
  entry: string,
): Blob | Uint8Array<ArrayBuffer> | undefined {
  const folder = entry.slice(0, entry.length - baseName(entry).length);
  for (const name of [folder + path, path, baseName(path)]) {
    if (Object.hasOwn(files, name)) return files[name];
  }
  const bare = Object.keys(files).find((name) => baseName(name) === baseName(path));
  return bare === undefined ? undefined : files[bare];
}
