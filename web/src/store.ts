// A place for bytes that outlives the page: the browser's Cache API; in Node a folder.

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

const cacheName = 'gesso-models';

/** A host that can be no other's: names that end so are never given to anybody (RFC 2606). */
const base = 'https://gesso.invalid/';

/**
 * The browser's Cache API as a store. Undefined where pages may not have it: on plain http from
 * another machine, in frames that may store nothing, in some private windows.
 */
export async function cacheStore(): Promise<Store | undefined> {
  if (typeof caches === 'undefined') return undefined;
  try {
    return storeIn(await caches.open(cacheName));
  } catch {
    return undefined;
  }
}

function storeIn(cache: Cache): Store {
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
    async room() {
      const { usage = 0, quota = 0 } = (await navigator.storage?.estimate?.()) ?? {};
      return { used: `${megabytes(usage)} of ${megabytes(quota)} that this site may use` };
    },
  };
}

/** Bytes as people read them: `2.5 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
