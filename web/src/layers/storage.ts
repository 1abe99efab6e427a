// Where models are kept: downloads, the browser's database, a folder, or what the user makes of it.
import { fail, messageOf } from '../errors.js';
import { isRecord } from '../options.js';
import { platform } from '../platform.js';
import type { ModelSource } from '../source.js';
import { show } from '../tensor.js';
import type { ModelFiles, SaveTarget } from './layersModel.js';

/** A model in the browser's database. */
export interface StoredModel {
  name: string;
  /** Size of all its files. */
  bytes: number;
  saved: Date;
}

/** Writes files to where they go. */
export async function store(where: SaveTarget, files: ModelFiles): Promise<void> {
  if (isRecord(where) && typeof where.save === 'function') {
    await where.save(files);
    return;
  }
  if (typeof where !== 'string' || where === '') {
    fail(
      'save: this is no place for a model',
      { given: show(where), known: 'downloads://name, indexeddb://name, in Node a folder' },
      "'downloads://my-model', or { save: (files) => … }",
    );
  }
  const [scheme, name] = partsOf(where);
  if (scheme === 'downloads') download(renamed(name, files));
  else if (scheme === 'indexeddb') await writeDatabase(name, files);
  else if (platform.writeFiles) await platform.writeFiles(where, files);
  else {
    fail(
      'save: a page cannot write into a folder',
      { given: show(where), known: 'downloads://name, indexeddb://name' },
      `'downloads://${where.replace(/^.*[\\/]/, '') || 'my-model'}'`,
    );
  }
}

/** What names a model in the database becomes its files; any other source stays as it is. */
export async function stored(source: ModelSource): Promise<ModelSource> {
  if (typeof source !== 'string') return source;
  const [scheme, name] = partsOf(source);
  return scheme === 'indexeddb' ? readDatabase(name) : source;
}

function partsOf(where: string): [scheme: string | undefined, name: string] {
  const [, scheme, name = where] = /^(downloads|indexeddb):\/\/(.*)$/.exec(where) ?? [];
  if (scheme !== undefined && name === '') {
    fail('save: the name of the model is empty', { given: show(where) }, `'${scheme}://my-model'`);
  }
  return [scheme, name];
}

/** Files with the name of the model in theirs, because downloads have no folder of their own. */
export function renamed(name: string, files: ModelFiles): ModelFiles {
  const other = (file: string) =>
    file.includes('.json') ? file.replace(/^(model|data)/, () => name) : `${name}.${file}`;
  const result: ModelFiles = new Map();
  for (const [file, bytes] of files) {
    result.set(other(file), file === 'model.json' ? withPaths(bytes, other) : bytes);
  }
  return result;
}

/** A model.json whose other files are called otherwise. */
function withPaths(
  bytes: Uint8Array<ArrayBuffer>,
  other: (file: string) => string,
): Uint8Array<ArrayBuffer> {
  const content = JSON.parse(new TextDecoder().decode(bytes));
  for (const group of content.weightsManifest) group.paths = group.paths.map(other);
  const { gesso } = content.userDefinedMetadata ?? {};
  if (gesso?.optimizer) gesso.optimizer = other(gesso.optimizer);
  return new TextEncoder().encode(JSON.stringify(content));
}

function download(files: ModelFiles): void {
  for (const [name, bytes] of files) downloadBlob(name, new Blob([bytes]));
}

/** Lets the user of a page download one file. */
export function downloadBlob(name: string, blob: Blob): void {
  if (typeof document === 'undefined') {
    fail('save: only a page can download', { given: 'downloads://' }, 'the path of a folder');
  }
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser reads it after the click.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** The models in the browser's database. */
export async function listModels(): Promise<StoredModel[]> {
  const models = (await inDatabase('readonly', (store) => store.getAll())) as Entry[];
  return models.map(({ name, files, saved }) => {
    const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0);
    return { name, bytes, saved };
  });
}

/** Takes a model out of the browser's database. */
export async function deleteModel(name: string): Promise<void> {
  await inDatabase('readwrite', (store) => store.delete(partsOf(name)[1]));
}

/** A model in the database. */
interface Entry {
  name: string;
  files: ModelFiles;
  saved: Date;
}

async function writeDatabase(name: string, files: ModelFiles): Promise<void> {
  const entry: Entry = { name, files, saved: new Date() };
  await inDatabase('readwrite', (store) => store.put(entry));
}

async function readDatabase(name: string): Promise<ModelFiles> {
  const entry = (await inDatabase('readonly', (store) => store.get(name))) as Entry | undefined;
  if (entry) return entry.files;
  const names = (await listModels()).map((model) => model.name);
  fail(
    `loadLayersModel: there is no model "${name}" in this browser`,
    { known: names.join(', ') || 'none' },
    `model.save('indexeddb://${name}') first`,
  );
}

async function inDatabase<T>(
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  if (typeof indexedDB === 'undefined') {
    fail('gesso: there is no database here', { needed: 'indexedDB' }, 'the path of a folder');
  }
  const database = await openDatabase();
  try {
    const transaction = database.transaction('models', mode);
    const request = work(transaction.objectStore('models'));
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    return request.result;
  } catch (error) {
    fail(
      "gesso: the browser's database refused",
      { reason: messageOf(error) },
      'free some space, or downloads:// instead',
    );
  } finally {
    database.close();
  }
}

function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open('gesso', 1);
  request.onupgradeneeded = () => request.result.createObjectStore('models', { keyPath: 'name' });
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
