// A place for bytes that outlives the page: the browser's Cache API, or IndexedDB; in Node a folder.

/** Entries by key: words of letters, digits, `-`, `_` and `.`, joined by `/`. */
export interface Store {
  /** What an entry holds; undefined where there is none. */
  read(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  write(key: string, pieces: readonly Uint8Array[]): Promise<void>;
  /** Removes an entry, if there is one. */
  delete(key: string): Promise<void>;
  /** The keys that begin so. */
  keys(prefix: string): Promise<string[]>;
  /** How much room there is, for messages. */
  room(): Promise<Record<string, string>>;
}

/** Of the cache, of the database and of what it holds. */
const name = 'gesso-models';

/** A host that can be no other's: names that end so are never given to anybody (RFC 2606). */
const base = 'https://gesso.invalid/';

/**
 * What a browser lets a page keep bytes in: the Cache API, or IndexedDB for pages that have no Cache
 * API, such as those on plain http from another machine in a classroom. Undefined where pages may
 * keep nothing: in frames of other sites, in some private windows.
 */
export async function browserStore(): Promise<Store | undefined> {
  try {
    if (typeof caches !== 'undefined') return cacheStore(await caches.open(name));
    if (typeof indexedDB !== 'undefined') return databaseStore(await openDatabase());
  } catch {
    // It is there, and refuses.
  }
  return undefined;
}

function cacheStore(cache: Cache): Store {
  return {
    async read(key) {
      const entry = await cache.match(base + key);
      return entry && new Uint8Array(await entry.arrayBuffer());
    },
    async write(key, pieces) {
      await cache.put(base + key, new Response(new Blob(pieces as Uint8Array<ArrayBuffer>[])));
    },
    async delete(key) {
      await cache.delete(base + key);
    },
    async keys(prefix) {
      const addresses = (await cache.keys()).map(({ url }) => url);
      return addresses
        .filter((address) => address.startsWith(base + prefix))
        .map((address) => address.slice(base.length));
    },
    room,
  };
}

function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(name);
  return settled(request);
}

/** A database with one store, whose values are the bytes of the entries. */
function databaseStore(database: IDBDatabase): Store {
  const part = (mode: IDBTransactionMode) => database.transaction(name, mode).objectStore(name);
  return {
    read: (key) => settled<Uint8Array<ArrayBuffer> | undefined>(part('readonly').get(key)),
    async write(key, pieces) {
      const whole = await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer();
      await done(part('readwrite').put(new Uint8Array(whole), key));
    },
    async delete(key) {
      await done(part('readwrite').delete(key));
    },
    async keys(prefix) {
      const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
      return (await settled(part('readonly').getAllKeys(range))).map(String);
    },
    room,
  };
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Resolves once a change is kept: a full disk is noticed only then. */
function done({ transaction }: IDBRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!transaction) return resolve();
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}

async function room(): Promise<Record<string, string>> {
  const estimate = await globalThis.navigator?.storage?.estimate?.();
  if (!estimate) return {}; // pages on plain http are not told
  const { usage = 0, quota = 0 } = estimate;
  return { used: `${megabytes(usage)} of ${megabytes(quota)} that this site may use` };
}

/** Bytes as people read them: `2.5 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
