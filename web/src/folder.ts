// Files that lie beside each other: at an address, in a folder, or in hand.
import { type Download, type Downloaded, download, Undelivered } from './download.js';
import { fail } from './errors.js';
import { isTogether } from './ownFiles.js';
import type { KnownFile } from './registry.js';

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

/** Sizes and hashes that the files of a known model must have. */
export type Expected = Record<string, KnownFile>;

/** Whether an address is on a network, as far as one can tell. */
export function isRemote(address: string): boolean {
  return /^https?:/i.test(address) && !isTogether(address);
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
