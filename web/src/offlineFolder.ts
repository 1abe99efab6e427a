// Collects the files of a folder that needs no network, and brings them where they go.
import {
  baseName,
  downloadBlob,
  Folder,
  fail,
  isRecord,
  libraryFile,
  locate,
  messageOf,
  platform,
  readModel,
  recipeFiles,
  requestOf,
  show,
} from './library.js';
import type { OfflineFiles, OfflineOptions, OfflineTarget } from './offline.js';
import { pageOf, type Shown } from './offlinePage.js';
import type { Progress } from './progress.js';
import type { KnownModel, Registry } from './registry.js';
import type { Location } from './source.js';
import { zip } from './zip.js';

type Checked = { [K in keyof Required<OfflineOptions>]: OfflineOptions[K] | undefined };

/** Refuses what cannot be done before anything is downloaded. */
export function checkTarget(models: readonly unknown[], where: unknown): void {
  if (models.length === 0) {
    fail('offline: no model is named', { given: '[]' }, "offline(['mobilenet'], …)");
  }
  if (isSaver(where) || isDirectory(where)) return;
  const isText = typeof where === 'string' && where !== '';
  const name = isText && nameOfDownload(where);
  const inPage = typeof document !== 'undefined';
  if (name === '') {
    fail('offline: the download has no name', { given: where }, "'downloads://my-sketch'");
  }
  if (isText && (name ? inPage : platform.writeFiles)) return;
  fail(
    'offline: this is no place for a folder',
    {
      given: show(where),
      known: platform.writeFiles
        ? 'the path of a folder, { save }'
        : 'downloads://name, a folder from showDirectoryPicker(), { save }',
    },
    platform.writeFiles ? "'./my-sketch'" : "'downloads://my-sketch'",
  );
}

/** All files of the folder. */
export async function collect(
  models: readonly (string | URL)[],
  { onProgress, signal, doubleClick = false }: Checked,
): Promise<OfflineFiles> {
  const locations: Location[] = [];
  for (const model of models) locations.push(await locate('offline', model));
  const [files, registry] = await readLibrary();
  const sum = new Sum(onProgress);
  const shown: Shown[] = [];
  for (const [i, location] of locations.entries()) {
    const { known, keep, places } = location;
    const name = known && keep ? keep.name : nameOf(places[0]?.address ?? '');
    if (doubleClick && !known) {
      fail(
        'offline: doubleClick takes only models that are known by name',
        { given: places[0]?.address, known: Object.keys(registry.models).join(', ') },
        'leave doubleClick out, and open the page from a server on this machine',
      );
    }
    if (shown.some((other) => other.name === name)) {
      fail('offline: two models have the same name', { name }, 'each of them once');
    }
    const folder = `models/${known?.folder ?? name}/`;
    const main = await readInto(files, `gesso/${folder}`, location, sum.of(i), signal);
    const entry = known && registry.models[name];
    if (entry) entry.addresses = [folder];
    const path = `./gesso/${folder}${main === 'model.json' ? '' : main}`;
    shown.push(entry ? describe(name, entry) : { name, path });
  }
  files.set('gesso/registry.json', bytesOf(JSON.stringify(registry, null, 2)));
  const page = bytesOf(pageOf(shown, doubleClick));
  return doubleClick ? inScripts(files, page) : files.set('index.html', page);
}

/** The same in two scripts, which a page may load that no server has sent. */
async function inScripts(
  files: OfflineFiles,
  page: Uint8Array<ArrayBuffer>,
): Promise<OfflineFiles> {
  const inside: Record<string, string> = {};
  for (const [path, bytes] of files) {
    const name = path.replace(/^gesso\//, '');
    if (/^(models\/|registry\.json$)/.test(name)) inside[name] = base64(await zipped(bytes));
  }
  const script = `Object.assign(gessoEmbedded.files, ${JSON.stringify(inside)});\n`;
  return new Map([
    ['gesso/gesso-single.js', await readOwn('gesso-single.js')],
    ['gesso/models.js', bytesOf(script)],
    ['index.html', page],
  ]);
}

function zipped(bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Response(stream).arrayBuffer();
}

function base64(buffer: ArrayBuffer): string {
  const piece = 0x8000; // as many as one call may take
  const bytes = new Uint8Array(buffer);
  let letters = '';
  for (let at = 0; at < bytes.length; at += piece) {
    letters += String.fromCharCode(...bytes.subarray(at, at + piece));
  }
  return btoa(letters);
}

/** Progress of one model after the other as of one download. */
class Sum {
  readonly #parts: Progress[] = [];
  readonly #onProgress: ((progress: Progress) => void) | undefined;

  constructor(onProgress: ((progress: Progress) => void) | undefined) {
    this.#onProgress = onProgress;
  }

  of(i: number): (progress: Progress) => void {
    return (progress) => {
      this.#parts[i] = progress;
      const sum = (key: 'loaded' | 'total') =>
        this.#parts.reduce((sum, part) => sum + part[key], 0);
      this.#onProgress?.({ loaded: sum('loaded'), total: sum('total'), file: progress.file });
    };
  }
}

/** The library's own files, in the folder `gesso/`, and what it knows of models. */
async function readLibrary(): Promise<[OfflineFiles, Registry]> {
  const list: unknown = JSON.parse(await textOf('files.json'));
  const names = Array.isArray(list) ? list.map(String) : [];
  const files: OfflineFiles = new Map();
  await Promise.all(
    ['files.json', ...names].map(async (name) => files.set(`gesso/${name}`, await readOwn(name))),
  );
  const registry = JSON.parse(await textOf('registry.json')) as Registry;
  return [new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1))), registry];
}

async function textOf(name: string): Promise<string> {
  return new TextDecoder().decode(await readOwn(name));
}

async function readOwn(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const address = libraryFile(name);
  try {
    const response = await platform.fetch(address);
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    throw new Error(`${response.status} ${response.statusText}`.trim());
  } catch (error) {
    fail(
      "offline: the library's own files cannot be read",
      { address, reason: messageOf(error) },
      'setWasmPath(folder) with a folder that holds all of dist/; bundlers copy only a part of it',
    );
  }
}

/**
 * A model with what lies beside it, as it is where it comes from.
 *
 * @returns the name of its main file
 */
async function readInto(
  files: OfflineFiles,
  folder: string,
  location: Location,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal | undefined,
): Promise<string> {
  const stop = signal ?? new AbortController().signal;
  const {
    address,
    entry,
    files: contents,
  } = await readModel(requestOf(location), stop, onProgress);
  for (const [path, pieces] of contents) {
    files.set(folder + path.replace(/^\.\//, ''), await joined(pieces));
  }
  if (location.known) return entry;
  const source = new Folder({ address });
  for (const name of recipeFiles) {
    const text = await source.readOptional(name, signal);
    if (text === null) continue;
    files.set(folder + name, bytesOf(text));
    const recipe: unknown = JSON.parse(text);
    const labels = isRecord(recipe) ? recipe.labels : undefined;
    if (typeof labels !== 'string') continue;
    files.set(folder + labels, await joined(await source.read(labels, { signal })));
  }
  return entry;
}

function describe(name: string, { title, task, card }: KnownModel): Shown {
  return { name, title, task, licence: card.licence, limits: card.limits };
}

/** The name of the folder that an address lies in. */
function nameOf(address: string): string {
  const folder = decodeURIComponent(new URL('.', address).pathname).replace(/\/$/, '');
  return baseName(folder).replace(/[^\w.-]/g, '-') || 'model';
}

/** Brings the files where they go. */
export async function deliver(where: OfflineTarget, files: OfflineFiles): Promise<void> {
  if (isSaver(where)) {
    await where.save(files);
  } else if (isDirectory(where)) {
    await writeInto(where, files);
  } else {
    const name = nameOfDownload(where);
    if (name) downloadZip(name, files);
    else await platform.writeFiles?.(where, files);
  }
}

async function writeInto(root: FileSystemDirectoryHandle, files: OfflineFiles): Promise<void> {
  for (const [path, bytes] of files) {
    const folders = path.split('/');
    const name = folders.pop() ?? '';
    let folder = root;
    for (const part of folders) folder = await folder.getDirectoryHandle(part, { create: true });
    const stream = await (await folder.getFileHandle(name, { create: true })).createWritable();
    await stream.write(bytes);
    await stream.close();
  }
}

function downloadZip(name: string, files: OfflineFiles): void {
  const inFolder = [...files].map(([path, bytes]) => [`${name}/${path}`, bytes] as const);
  downloadBlob(`${name}.zip`, zip(new Map(inFolder)));
}

function isSaver(where: unknown): where is { save(files: OfflineFiles): unknown } {
  return isRecord(where) && typeof where.save === 'function';
}

function isDirectory(where: unknown): where is FileSystemDirectoryHandle {
  return isRecord(where) && typeof where.getDirectoryHandle === 'function';
}

/** `downloads://name` → `name`; undefined for a path. */
function nameOfDownload(where: string): string | undefined {
  return /^downloads:\/\/(.*)$/.exec(where)?.[1];
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
}

async function joined(pieces: readonly Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}
