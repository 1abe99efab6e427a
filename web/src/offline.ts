// A folder with the library and models, for machines without a network.
import { offlineCode } from './later.js';
import { callback, instance, readOptions } from './options.js';
import type { Progress } from './progress.js';

/** The files of a folder by path, such as `gesso/index.js`. */
export type OfflineFiles = Map<string, Uint8Array<ArrayBuffer>>;

/**
 * Where the folder goes:
 *
 * - in Node a path
 * - in a page `'downloads://my-sketch'`, which downloads my-sketch.zip
 * - a folder that the user has chosen with `showDirectoryPicker()`
 * - an object with `save`, which is given the files
 */
export type OfflineTarget =
  | string
  | FileSystemDirectoryHandle
  | { save(files: OfflineFiles): unknown };

export interface OfflineOptions {
  /** Told how many bytes of the models have arrived. */
  onProgress?: (progress: Progress) => void;
  /** Stops the download of the models. */
  signal?: AbortSignal;
  /**
   * Whether the folder works without any server, its page opened by a double click. Library and models,
   * which must be known by name, are then inside scripts, a third larger than they are; false if left out.
   */
  doubleClick?: boolean;
}

const offlineOptions = {
  onProgress: callback<(progress: Progress) => void>('onProgress: ({ loaded, total }) => {}'),
  signal: instance(AbortSignal, 'signal: AbortSignal.timeout(60_000)'),
  doubleClick: false,
};

/**
 * Writes a folder that needs no network: the library and models in `gesso/`, where they are found
 * by the names that they have, and an `index.html` that tells how to use it and tries it.
 *
 *     await offline(['mobilenet', 'posenet'], 'downloads://my-sketch');
 *
 * @param models known names, addresses or paths; a single one may do without the list
 * @param where see `OfflineTarget`
 * @throws MLError when a model or the library's own files cannot be read, or the folder not written
 */
export async function offline(
  models: string | URL | readonly (string | URL)[],
  where: OfflineTarget,
  options: OfflineOptions = {},
): Promise<void> {
  const checked = readOptions('offline', options, offlineOptions);
  const list = Array.isArray(models) ? models : [models as string | URL];
  const { collect, deliver, checkTarget } = await offlineCode();
  checkTarget(list, where);
  await deliver(where, await collect(list, checked));
}
