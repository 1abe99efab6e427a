// Fetches one file: goes on where an earlier try stopped, and tells apart why one does not come.
import { messageOf } from './errors.js';
import { platform } from './platform.js';

/** How a server tells the versions of a file apart. */
export interface Version {
  etag?: string;
  modified?: string;
}

/** Where bytes came from. */
export interface Origin {
  address: string;
  version: Version;
}

/** The beginning of a file, from an earlier download. */
export interface Part {
  pieces: Uint8Array[];
  from: Origin;
}

/** Keeps the beginning of a file until the rest is there. */
export interface PartKeeper {
  read(): Promise<Part | undefined>;
  /** @param at how many bytes of the file come before these */
  append(at: number, pieces: readonly Uint8Array[], from: Origin): Promise<void>;
  clear(): Promise<void>;
}

/** What is told of a file on its way: how much of it has come, and its size if that is known. */
export type OnBytes = (bytes: number, ofBytes: number | undefined) => void;

export interface Download {
  signal?: AbortSignal | undefined;
  /** Its size, if that is known beforehand. */
  bytes?: number | undefined;
  /** Whether its content is checked afterwards, so that the rest may come from another server. */
  checked?: boolean;
  parts?: PartKeeper | undefined;
  /** The version that is in hand and need not be sent again. */
  inHand?: Version | undefined;
  onBytes?: OnBytes | undefined;
}

/** A file that came. */
export interface Downloaded {
  /** Undefined: the version in hand is still that of the server. */
  pieces: Uint8Array[] | undefined;
  version: Version;
  /** Bytes that came by this download; the others were there before. */
  received: number;
}

/** Why a file did not come. */
export class Undelivered extends Error {
  /**
   * @param kind `missing`: there is no such file; `refused`: it is not for us; `failed`: the server
   *   is in trouble; `page`: a web page came instead; `longer`: more came than the file has;
   *   `broken`: there was no answer, or the connection ended too early
   * @param answer what the server said, how the page begins, or what the network said
   */
  constructor(
    readonly kind: 'missing' | 'refused' | 'failed' | 'page' | 'longer' | 'broken',
    readonly answer: string,
  ) {
    super(`${kind}: ${answer}`);
  }
}

/** So much is lost at most when a page is closed in the middle of a file. */
const chunk = 1 << 20;

/** How often a broken connection is taken up again, as long as each brings something. */
const attempts = 4;

/**
 * Fetches a file. A connection that breaks is taken up again where the server allows it, and what
 * came before an end is left with `parts`.
 *
 * @throws Undelivered, or the reason of the signal
 */
export function download(address: string, wanted: Download): Promise<Downloaded> {
  return new Transfer(address, wanted).run();
}

class Transfer {
  readonly #address: string;
  readonly #wanted: Download;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #from: Origin;
  #received = 0;
  #saved = 0;
  #unsaved: Uint8Array[] = [];

  constructor(address: string, wanted: Download) {
    this.#address = address;
    this.#wanted = wanted;
    this.#from = { address, version: {} };
  }

  async run(): Promise<Downloaded> {
    const { signal, bytes: size } = this.#wanted;
    await this.#takeUp();
    for (let left = attempts; ; ) {
      const before = this.#bytes;
      if (size !== undefined && before > 0 && before === size) return this.#done();
      try {
        const response = await this.#request();
        if (response === undefined) return this.#done(true);
        await this.#receive(response);
        return this.#done();
      } catch (error) {
        await this.#save();
        signal?.throwIfAborted();
        const again = this.#bytes > before && --left > 0 && this.#resumable();
        if (!(error instanceof Undelivered) || error.kind !== 'broken' || !again) throw error;
      }
    }
  }

  #done(inHand = false): Downloaded {
    const pieces = inHand ? undefined : this.#pieces;
    return { pieces, version: this.#from.version, received: this.#received };
  }

  /** Begins with what an earlier download left. */
  async #takeUp(): Promise<void> {
    const { parts, checked, bytes: size, onBytes } = this.#wanted;
    const part = await parts?.read();
    if (part === undefined) return;
    const bytes = part.pieces.reduce((sum, { length }) => sum + length, 0);
    const ours = checked || (part.from.address === this.#address && isStrong(part.from.version));
    if (bytes === 0 || !ours || (size !== undefined && bytes > size)) return parts?.clear();
    this.#pieces = part.pieces;
    this.#bytes = bytes;
    this.#saved = bytes;
    this.#from = part.from;
    onBytes?.(bytes, size);
  }

  #resumable(): boolean {
    return this.#wanted.checked === true || isStrong(this.#from.version);
  }

  /** The answer to read from; undefined when the version in hand is still the right one. */
  async #request(): Promise<Response | undefined> {
    const rest = this.#bytes > 0 ? await this.#requestRest() : undefined;
    if (rest) return rest;
    const { inHand } = this.#wanted;
    const response = await this.#fetch(inHand && asking(inHand, this.#address));
    const version = versionOf(response);
    if (inHand && (response.status === 304 || (response.ok && isSame(inHand, version)))) {
      await response.body?.cancel();
      this.#from = { address: this.#address, version: inHand };
      return undefined;
    }
    await this.#check(response);
    if (this.#bytes > 0) await this.#restart();
    this.#from = { address: this.#address, version };
    return response;
  }

  /** Asks for what is missing; undefined when it cannot be had alone. */
  async #requestRest(): Promise<Response | undefined> {
    const { address, version } = this.#from;
    const headers: Record<string, string> = { Range: `bytes=${this.#bytes}-` };
    const strong = version.etag ?? version.modified;
    // A header that another site must allow first could make it refuse what it gives otherwise.
    if (address === this.#address && isStrong(version) && strong && platform.isOwn(address)) {
      headers['If-Range'] = strong;
    }
    const response = await this.#fetch({ headers }).catch((error: unknown) => {
      this.#wanted.signal?.throwIfAborted();
      if (error instanceof Undelivered) return undefined;
      throw error;
    });
    if (response?.status === 206 && this.#continues(response)) return response;
    if (response?.status === 200) {
      await this.#check(response);
      await this.#restart();
      this.#from = { address: this.#address, version: versionOf(response) };
      return response;
    }
    await response?.body?.cancel();
    return undefined;
  }

  /** Whether a 206 brings what comes after the bytes in hand. */
  #continues(response: Response): boolean {
    // Other sites need not show this header; where the content is checked, that is enough.
    const range = response.headers.get('content-range');
    const start = /^bytes (\d+)-/.exec(range ?? '')?.[1];
    if (range !== null && Number(start) !== this.#bytes) return false;
    if (response.headers.has('content-encoding')) return false;
    return this.#wanted.checked === true || isSame(this.#from.version, versionOf(response));
  }

  async #fetch(init: { headers?: Record<string, string>; cache?: RequestCache } = {}) {
    const { signal } = this.#wanted;
    try {
      return await platform.fetch(this.#address, { ...init, signal: signal ?? null });
    } catch (error) {
      signal?.throwIfAborted();
      throw new Undelivered('broken', reasonOf(error));
    }
  }

  async #check(response: Response): Promise<void> {
    if (response.ok) return;
    const { status, statusText } = response;
    await response.body?.cancel();
    const answer = `${status} ${statusText}`.trim();
    if (status === 404 || status === 410) throw new Undelivered('missing', answer);
    throw new Undelivered(status >= 500 || status === 429 ? 'failed' : 'refused', answer);
  }

  async #receive(response: Response): Promise<void> {
    const { signal, bytes: known, onBytes } = this.#wanted;
    const size = known ?? sizeOf(response, this.#bytes);
    const isHtml = /^text\/html\b/i.test(response.headers.get('content-type') ?? '');
    const reader = response.body?.getReader();
    while (reader) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        signal?.throwIfAborted();
        throw new Undelivered('broken', reasonOf(error));
      });
      if (done) break;
      if (this.#bytes === 0 && (isHtml || isPage(value))) {
        await reader.cancel();
        throw new Undelivered('page', JSON.stringify(textOf(value)));
      }
      this.#pieces.push(value);
      this.#unsaved.push(value);
      this.#bytes += value.length;
      this.#received += value.length;
      onBytes?.(this.#bytes, size);
      if (known !== undefined && this.#bytes > known) {
        await reader.cancel();
        await this.#restart();
        throw new Undelivered('longer', `more than ${known} bytes`);
      }
      if (this.#bytes - this.#saved >= chunk) await this.#save();
    }
    if (size === undefined || this.#bytes >= size) return;
    throw new Undelivered('broken', `it ended after ${this.#bytes} of ${size} bytes`);
  }

  /** Leaves what has come so far for a later download. */
  async #save(): Promise<void> {
    if (this.#unsaved.length === 0) return;
    const pieces = this.#unsaved;
    this.#unsaved = [];
    await this.#wanted.parts?.append(this.#saved, pieces, this.#from);
    this.#saved = this.#bytes;
  }

  /** Forgets what has come: it cannot be continued. */
  async #restart(): Promise<void> {
    this.#pieces = [];
    this.#unsaved = [];
    this.#bytes = 0;
    this.#saved = 0;
    this.#wanted.onBytes?.(0, this.#wanted.bytes);
    await this.#wanted.parts?.clear();
  }
}

/** How to ask only for another version than the one in hand. */
function asking(
  { etag, modified }: Version,
  address: string,
): { headers?: Record<string, string>; cache?: RequestCache } {
  // Another site would have to allow these headers first; the browser adds its own to no-cache.
  if (!platform.isOwn(address)) return { cache: 'no-cache' };
  const headers: Record<string, string> = {};
  if (etag !== undefined) headers['If-None-Match'] = etag;
  else if (modified !== undefined) headers['If-Modified-Since'] = modified;
  return { headers };
}

function versionOf({ headers }: Response): Version {
  const etag = headers.get('etag');
  const modified = headers.get('last-modified');
  return { ...(etag !== null && { etag }), ...(modified !== null && { modified }) };
}

function isSame(a: Version, b: Version): boolean {
  if (a.etag !== undefined && b.etag !== undefined) return a.etag === b.etag;
  return a.modified !== undefined && a.modified === b.modified;
}

/** Whether a version promises the same bytes, which an ETag that begins with W/ does not. */
function isStrong({ etag, modified }: Version): boolean {
  return etag === undefined ? modified !== undefined : !etag.startsWith('W/');
}

/** The size of the whole file, where the answer tells it. */
function sizeOf({ headers }: Response, before: number): number | undefined {
  // The length counts compressed bytes where the server compresses; the pieces are decompressed.
  const length = headers.has('content-encoding') ? null : headers.get('content-length');
  return length === null ? undefined : before + Number(length);
}

function isPage(bytes: Uint8Array): boolean {
  return /^\s*<(!doctype html|html)/i.test(textOf(bytes));
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes.subarray(0, 40)).trim();
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause ? ` (${messageOf(error.cause)})` : '';
  return messageOf(error) + cause;
}
