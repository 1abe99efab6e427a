// The models that this browser or computer keeps: what is there, what stays, what goes.
import { type Keep, modelCache } from './cache.js';
import { fail, messageOf } from './errors.js';
import { readModel } from './modelFiles.js';
import { callback, instance, readOptions } from './options.js';
import type { Progress } from './progress.js';
import { locate, requestOf } from './source.js';

/** A model in the cache. */
export interface CachedModel {
  /** Its known name, or the address that it was pinned by. */
  name: string;
  /** Bytes that are there. */
  bytes: number;
  /** Whether that is all of it; a download that stopped goes on the next time. */
  complete: boolean;
  /** Whether it stays when room is needed for others. */
  pinned: boolean;
  lastUsed: Date;
}

export interface PinOptions {
  /** Told how many bytes have arrived. */
  onProgress?: (progress: Progress) => void;
  /** Stops the download, which goes on from there the next time. */
  signal?: AbortSignal;
}

const pinOptions = {
  onProgress: callback<(progress: Progress) => void>('onProgress: ({ loaded, total }) => {}'),
  signal: instance(AbortSignal, 'signal: AbortSignal.timeout(60_000)'),
};

/**
 * The models that have been downloaded and kept, the latest used first. Empty where nothing can be
 * kept.
 *
 *     for (const { name, bytes } of await cachedModels()) console.log(name, bytes);
 */
export async function cachedModels(): Promise<CachedModel[]> {
  const models = (await (await modelCache())?.models()) ?? [];
  return models.map(({ name, bytes, complete, pinned, used }) => {
    return { name, bytes, complete, pinned, lastUsed: new Date(used) };
  });
}

/**
 * Downloads a model, unless it is there, and keeps it until `uncacheModel`: from then on it needs no
 * network. A model that is pinned by its address is asked for anew each time it is loaded, and
 * taken from the cache when its server has no newer one or does not answer.
 *
 *     await pinModel('mobilenet');
 *
 * @param source a known name, or an address
 * @throws MLError when the model cannot be read, or there is no room to keep it
 */
export async function pinModel(source: string | URL, options: PinOptions = {}): Promise<void> {
  const { onProgress, signal } = readOptions('pinModel', options, pinOptions);
  signal?.throwIfAborted();
  const { location, keep } = await find('pinModel', source);
  const cache = await modelCache();
  if (cache === undefined) {
    fail(
      'pinModel: nothing can be kept here',
      {
        reason:
          'this browser lets the page keep no files: some private windows, and frames of other ' +
          'sites, may not',
      },
      'another window; or offline(models), whose folder needs no cache',
    );
  }
  // Else the browser itself may delete what a page keeps when the disk is full.
  await globalThis.navigator?.storage?.persist?.().catch(() => false);
  const request = requestOf({
    ...location,
    places: location.places.filter(({ isLocal }) => !isLocal),
    keep: { id: keep.id, name: keep.name, pin: true },
  });
  const { trouble } = await untilAborted(signal, (stop) => readModel(request, stop, onProgress));
  const held = (await cache.models()).find(({ id }) => id === keep.id);
  if (held?.complete && held.pinned) return;
  fail(
    'pinModel: there is no room to keep this model',
    {
      model: keep.name,
      reason: trouble === undefined ? 'it was deleted meanwhile' : messageOf(trouble),
      ...(await cache.room()),
    },
    'uncacheModel(name) of models that are no longer needed; cachedModels() lists them',
  );
}

/** Lets a model go again when room is needed for others; it stays until then. */
export async function unpinModel(source: string | URL): Promise<void> {
  const { keep } = await find('unpinModel', source);
  const cache = await modelCache();
  const note = await cache?.find(keep.id);
  if (note) await cache?.note(keep.id, { ...note, pinned: false });
}

/** Deletes a model from the cache, pinned or not; the next use downloads it again. */
export async function uncacheModel(source: string | URL): Promise<void> {
  const { keep } = await find('uncacheModel', source);
  await (await modelCache())?.remove(keep.id);
}

/** Deletes all models from the cache, pinned or not, and downloads that have stopped. */
export async function clearModelCache(): Promise<void> {
  await (await modelCache())?.clear();
}

async function find(who: string, source: string | URL) {
  const location = await locate(who, source);
  const { keep } = location;
  if (keep && location.places.some(({ isLocal }) => !isLocal)) {
    return { location, keep: keep as Keep };
  }
  fail(
    `${who}: this model is on this machine already`,
    { address: location.places[0]?.address ?? '' },
    "a name such as 'mobilenet', or the address of a model.json on the network",
  );
}

/** What a signal ends at once, even if the work takes a moment to notice. */
async function untilAborted<T>(
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const working = work(controller.signal);
  if (signal === undefined) return working;
  let stop = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => {
      controller.abort(signal.reason);
      reject(signal.reason);
    };
  });
  signal.addEventListener('abort', stop);
  try {
    return await Promise.race([working, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
    working.catch(() => {}); // it ends a moment later
  }
}
