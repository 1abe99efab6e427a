// Models that have been downloaded before: their files by SHA-256, and a note of each model.
import type { Download, Origin, Part, PartKeeper, Version } from './download.js';
import { platform } from './platform.js';
import { sha256, sha256Of } from './sha256.js';
import type { Store } from './store.js';

/** A file of a model in the cache. */
export interface KeptFile extends Version {
  bytes: number;
  sha256: string;
}

/** What is noted of a model. */
export interface Note {
  /** Its known name, or its address. */
  name: string;
  /** Whether it stays when room is needed. */
  pinned: boolean;
  /** When it was last loaded, in milliseconds since 1970. */
  used: number;
  /** The files that it consists of, whether or not they have come. */
  files: Record<string, KeptFile>;
}

/** A model in the cache, with what is really there of it. */
export interface Held extends Note {
  id: string;
  /** Bytes that are there. */
  bytes: number;
  /** Whether that is all of them. */
  complete: boolean;
}

/** Which model a load keeps, and when. Can be sent to a worker. */
export interface Keep {
  id: string;
  name: string;
  /** Whether it is kept only if it is in the cache already. */
  ifHeld?: boolean;
  /** Whether to pin it. */
  pin?: boolean;
}

/** Models that are being loaded: no room is made by deleting them. */
const loading = new Map<string, number>();

/** What waits for its turn, so that two loads of one file download it once. */
const turns = new Map<string, Promise<unknown>>();

/** The cache, or undefined where there is none. */
export async function modelCache(): Promise<ModelCache | undefined> {
  const store = await platform.openStore();
  return store && new ModelCache(store);
}

/** The id in the cache of a model that is named by its address. */
export function idOfAddress(address: string): string {
  return `at-${sha256([new TextEncoder().encode(address)]).slice(0, 32)}`;
}

export class ModelCache {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async find(id: string): Promise<Note | undefined> {
    const bytes = await this.#store.read(`model/${id}`);
    try {
      return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as Note);
    } catch {
      return undefined; // damaged: the next load writes it anew
    }
  }

  async note(id: string, note: Note): Promise<void> {
    await this.#write(`model/${id}`, [new TextEncoder().encode(JSON.stringify(note))]);
  }

  /** All models, the latest used first. */
  async models(): Promise<Held[]> {
    const keys = await this.#store.keys('');
    const files = new Set(after('file/', keys));
    const held: Held[] = [];
    for (const id of after('model/', keys)) {
      const note = await this.find(id);
      if (note === undefined) continue;
      const wanted = Object.values(note.files);
      const there = wanted.filter((file) => files.has(file.sha256));
      const parts = after(`part/${id}/`, keys).map(spanOf);
      const bytes = [...there.map((file) => file.bytes), ...parts.map(([from, to]) => to - from)];
      held.push({
        ...note,
        id,
        bytes: bytes.reduce((sum, part) => sum + part, 0),
        complete: wanted.length > 0 && there.length === wanted.length,
      });
    }
    return held.sort((a, b) => b.used - a.used);
  }

  /** The content of a file; what has been damaged is as if it were not there. */
  async readFile(wanted: string): Promise<Uint8Array | undefined> {
    const bytes = await this.#store.read(`file/${wanted}`);
    if (bytes === undefined || (await sha256Of([bytes])) === wanted) return bytes;
    await this.#store.delete(`file/${wanted}`);
    return undefined;
  }

  async writeFile(wanted: string, pieces: readonly Uint8Array[]): Promise<void> {
    await this.#write(`file/${wanted}`, pieces);
  }

  /** Removes a model, and those of its files that no other model has. */
  async remove(id: string): Promise<void> {
    const note = await this.find(id);
    await this.#store.delete(`model/${id}`);
    for (const key of await this.#store.keys(`part/${id}/`)) await this.#store.delete(key);
    if (note) await this.release(Object.values(note.files));
  }

  /** Removes those of these files that no model has. */
  async release(files: readonly KeptFile[]): Promise<void> {
    const used = new Set<string>();
    for (const { files: others } of await this.models()) {
      for (const file of Object.values(others)) used.add(file.sha256);
    }
    for (const { sha256 } of files) {
      if (!used.has(sha256)) await this.#store.delete(`file/${sha256}`);
    }
  }

  /** Removes everything, also what belongs to no model. */
  async clear(): Promise<void> {
    for (const key of await this.#store.keys('')) await this.#store.delete(key);
  }

  room(): Promise<Record<string, string>> {
    return this.#store.room();
  }

  /** Keeps the beginning of one file of a model. */
  parts(id: string, path: string): PartKeeper {
    const prefix = `part/${id}/${sha256([new TextEncoder().encode(path)]).slice(0, 16)}/`;
    const store = this.#store;
    return {
      read: () => readPart(store, prefix),
      append: async (at, pieces, from) => {
        const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
        if (at === 0) {
          await this.#write(`${prefix}from`, [new TextEncoder().encode(JSON.stringify(from))]);
        }
        await this.#write(`${prefix}${at}-${at + bytes}`, pieces);
      },
      async clear() {
        for (const key of await store.keys(prefix)) await store.delete(key);
      },
    };
  }

  /** Writes an entry; where there is no room, the models that nobody has used for longest go. */
  async #write(key: string, pieces: readonly Uint8Array[]): Promise<void> {
    for (;;) {
      try {
        return await this.#store.write(key, pieces);
      } catch (error) {
        if (!isFull(error)) throw error;
        const models = (await this.models()).filter(
          ({ id, pinned }) => !pinned && !loading.has(id),
        );
        const oldest = models.at(-1);
        if (oldest === undefined) throw error;
        await this.remove(oldest.id);
      }
    }
  }
}

/** What one load of a model takes from the cache and puts into it. */
export class Keeping {
  /** Why something could not be kept. */
  trouble: unknown;
  readonly #cache: ModelCache;
  readonly #keep: Keep;
  readonly #note: Note;
  readonly #files: Record<string, KeptFile> = {};

  readonly #found: Note | undefined;
  #begun: Promise<void> | undefined;

  private constructor(cache: ModelCache, keep: Keep, note: Note, found: Note | undefined) {
    this.#cache = cache;
    this.#keep = keep;
    this.#note = note;
    this.#found = found;
  }

  /**
   * For one load; close() ends it.
   *
   * @param files what is known of its files beforehand
   * @returns undefined where there is no cache, or nothing to keep
   */
  static async open(
    keep: Keep,
    files: Record<string, KeptFile> | undefined,
  ): Promise<Keeping | undefined> {
    const cache = await modelCache();
    const found = await cache?.find(keep.id).catch(() => undefined);
    if (cache === undefined || (keep.ifHeld && found === undefined)) return undefined;
    const note: Note = {
      name: keep.name,
      pinned: keep.pin || (found?.pinned ?? false),
      used: Date.now(),
      files: files ?? found?.files ?? {},
    };
    loading.set(keep.id, (loading.get(keep.id) ?? 0) + 1);
    return new Keeping(cache, keep, note, found);
  }

  /** What is known of a file from the last time. */
  known(path: string): KeptFile | undefined {
    return this.#note.files[path];
  }

  async read(sha256: string): Promise<Uint8Array | undefined> {
    const bytes = await this.#try(() => this.#cache.readFile(sha256));
    if (bytes) await this.#begin();
    return bytes;
  }

  /** Puts a file into the cache; it belongs to the model once the load is complete. */
  async write(path: string, file: KeptFile, pieces: readonly Uint8Array[]): Promise<void> {
    this.stays(path, file);
    await this.#begin();
    await this.#try(() => this.#cache.writeFile(file.sha256, pieces));
    await this.parts(path).clear();
  }

  /** Says that a file is as it was. */
  stays(path: string, file: KeptFile): void {
    this.#files[path] = file;
  }

  /** The beginnings of files; what cannot be kept is only remembered as a trouble. */
  parts(path: string): PartKeeper {
    const parts = this.#cache.parts(this.#keep.id, path);
    return {
      read: () => this.#try(() => parts.read()),
      append: async (...given: Parameters<PartKeeper['append']>) => {
        await this.#begin();
        await this.#try(() => parts.append(...given));
      },
      clear: async () => {
        await this.#try(() => parts.clear());
      },
    };
  }

  /** Does something with a file when no other load does; then it may be in the cache already. */
  async inTurn<T>(path: string, signal: Download['signal'], work: () => Promise<T>): Promise<T> {
    const key = `${this.#keep.id} ${path}`;
    const before = turns.get(key) ?? Promise.resolve();
    const mine = before.then(() => {
      signal?.throwIfAborted();
      return work();
    });
    const end = mine.catch(() => {});
    turns.set(key, end);
    void end.then(() => turns.get(key) === end && turns.delete(key));
    return mine;
  }

  /** Notes the files that this load has read as the model, and lets go of those that it had. */
  async complete(): Promise<void> {
    const before = this.#note.files;
    if (sameFiles(before, this.#files)) return;
    await this.#try(async () => {
      const now = await this.#cache.find(this.#keep.id);
      const note = { ...this.#note, pinned: now?.pinned ?? false, files: this.#files };
      if (now) await this.#cache.note(this.#keep.id, note);
      // Where the note is gone, somebody has deleted the model meanwhile.
      await this.#cache.release(Object.values(now ? before : this.#files));
    });
  }

  close(): void {
    const left = (loading.get(this.#keep.id) ?? 1) - 1;
    if (left > 0) loading.set(this.#keep.id, left);
    else loading.delete(this.#keep.id);
  }

  /** Notes that the model is in use, when the first of its files comes from the cache or goes to it. */
  #begin(): Promise<void> {
    this.#begun ??= this.#try(async () => {
      await this.#cache.note(this.#keep.id, this.#note);
      // A newer library may know other files by this name.
      const { files: before } = this.#found ?? this.#note;
      if (!sameFiles(before, this.#note.files)) await this.#cache.release(Object.values(before));
    });
    return this.#begun;
  }

  /** A cache is a help: where it fails, the load goes on without it. */
  async #try<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.trouble ??= error;
      return undefined;
    }
  }
}

function sameFiles(a: Note['files'], b: Note['files']): boolean {
  const textOf = (files: Note['files']) => JSON.stringify(Object.entries(files).sort());
  return textOf(a) === textOf(b);
}

async function readPart(store: Store, prefix: string): Promise<Part | undefined> {
  const keys = after(prefix, await store.keys(prefix));
  const from = keys.includes('from') ? await store.read(`${prefix}from`) : undefined;
  if (from === undefined) return undefined;
  const pieces: Uint8Array[] = [];
  let at = 0;
  const spans = keys.filter((key) => key !== 'from').map((key) => [key, spanOf(key)] as const);
  for (const [key, [start, end]] of spans.sort(([, [a]], [, [b]]) => a - b)) {
    if (start > at || end <= at) continue; // two downloads at once may have left other chunks
    const bytes = await store.read(prefix + key);
    if (bytes === undefined || bytes.length !== end - start) break;
    pieces.push(bytes.subarray(at - start));
    at = end;
  }
  return { pieces, from: JSON.parse(new TextDecoder().decode(from)) as Origin };
}

/** What comes after a prefix, of the keys that have it. */
function after(prefix: string, keys: readonly string[]): string[] {
  return keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
}

/** `…/0-1048576` → [0, 1048576]; other keys span nothing. */
function spanOf(key: string): [start: number, end: number] {
  const [, start, end] = /(\d+)-(\d+)$/.exec(key) ?? [];
  return [Number(start ?? 0), Number(end ?? 0)];
}

function isFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? error.code : '';
  return error.name === 'QuotaExceededError' || code === 'ENOSPC' || code === 'EDQUOT';
}
