// As much of the browser's database as trainings need, in memory: Node has none.

type Stored = { name: string };

/** What answers a request, on a later turn as the browser does. */
function answered<T>(result: T): {
  result: T;
  onsuccess?: () => void;
  onupgradeneeded?: () => void;
} {
  const request: ReturnType<typeof answered<T>> = { result };
  setTimeout(() => {
    request.onupgradeneeded?.();
    request.onsuccess?.();
  });
  return request;
}

export class MemoryDatabase {
  /** Whether it refuses to keep anything more. */
  full = false;
  readonly #stores = new Map<string, Map<string, Stored>>();

  open() {
    return answered({
      createObjectStore: (name: string) => {
        if (!this.#stores.has(name)) this.#stores.set(name, new Map());
      },
      transaction: () => this.#transaction(),
      close: () => {},
    });
  }

  #transaction() {
    const refused = { error: new Error('there is no room') };
    const transaction: {
      oncomplete?: () => void;
      onabort?: () => void;
      error: Error | null;
      objectStore: (name: string) => object;
    } = {
      error: null,
      objectStore: (name) => {
        const all = this.#stores.get(name) ?? new Map<string, Stored>();
        return {
          get: (key: string) => answered(structuredClone(all.get(key))),
          getAll: () => answered(structuredClone([...all.values()])),
          delete: (key: string) => answered(void all.delete(key)),
          put: (value: Stored) => {
            if (this.full) transaction.error = refused.error;
            else all.set(value.name, structuredClone(value));
            return answered(value.name);
          },
        };
      },
    };
    setTimeout(() => (transaction.error ? transaction.onabort : transaction.oncomplete)?.());
    return transaction;
  }
}
