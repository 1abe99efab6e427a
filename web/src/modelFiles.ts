// Reads the files of a model: the main one, then all weights at once, with progress and checks.
import { fail, MLError, messageOf } from './errors.js';
import { isRecord } from './options.js';
import type { Progress } from './progress.js';
import { sha256 } from './sha256.js';
import { type Expected, Folder, looksLikePage, type Place } from './source.js';

/** The files of a model, in the pieces in which they came. */
export interface Contents {
  entry: string;
  address: string;
  /** Of the main file. */
  sha256: string;
  files: Map<string, Uint8Array[]>;
  /** What is beside the network and its weights, if it was asked for. */
  saved?: Saved;
}

/** What a model.json tells about its training, and the file in which its optimizer is. */
export interface Saved {
  trainingConfig: unknown;
  userDefinedMetadata: unknown;
  optimizer: Uint8Array<ArrayBuffer> | null;
}

/** What to read: places in the order to try, and what is known beforehand. */
interface Wanted {
  places: readonly Place[];
  expected: Expected | undefined;
  /** Whether to read what is needed to go on training, too. */
  withTraining?: boolean;
}

/** More downloads at once than a browser opens to one server only wait in its queue. */
const parallel = 6;

/**
 * Reads a model from the first place that has all of it.
 *
 * @throws MLError of the place, or of all places in one message
 */
export async function readModel(
  wanted: Wanted,
  signal: AbortSignal,
  onProgress?: (progress: Progress) => void,
): Promise<Contents> {
  const failures: [Place, MLError][] = [];
  for (const place of wanted.places) {
    signal.throwIfAborted();
    const attempt = new AbortController();
    const stop = () => attempt.abort(signal.reason);
    signal.addEventListener('abort', stop);
    try {
      return await readPlace(place, wanted, attempt.signal, onProgress);
    } catch (error) {
      if (signal.aborted || !(error instanceof MLError)) throw error;
      failures.push([place, error]);
    } finally {
      attempt.abort(); // the other downloads of a place that failed
      signal.removeEventListener('abort', stop);
    }
  }
  const [first] = failures;
  if (first && failures.length === 1) throw first[1];
  const facts = failures.map(([{ address }, { message }]) => [address, reasonIn(message)]);
  fail(
    'gesso: the model cannot be read from any of its addresses',
    Object.fromEntries(facts),
    'check the connection, or setModelPath(folder) with a folder that holds a copy',
  );
}

/** The first line of a message and its facts, in one line. */
function reasonIn(message: string): string {
  const lines = message.split('\n').filter((line) => !/^ {2}(Try:|address )/.test(line));
  return lines.map((line) => line.trim().replace(/\.$/, '')).join('; ');
}

async function readPlace(
  place: Place,
  { expected, withTraining }: Wanted,
  signal: AbortSignal,
  onProgress?: (progress: Progress) => void,
): Promise<Contents> {
  const folder = new Folder(place);
  const { entry } = folder;
  const sizes = new Map<string, number>();
  if (expected) for (const [name, { bytes }] of Object.entries(expected)) sizes.set(name, bytes);
  let loaded = 0;

  const read = async (name: string): Promise<Uint8Array[]> => {
    const pieces = await folder.read(name, signal, (bytes, ofBytes) => {
      loaded += bytes;
      if (ofBytes !== undefined && expected === undefined) sizes.set(name, ofBytes);
      const known = [...sizes.values()].reduce((sum, size) => sum + size, 0);
      onProgress?.({ loaded, total: Math.max(loaded, known), file: name });
    });
    const known = expected?.[name];
    if (known) verify(folder.nameOf(name), pieces, known.sha256);
    return pieces;
  };

  const main = await read(entry);
  const manifest = readManifest(entry, folder.nameOf(entry), main);
  for (const [path, bytes] of manifest) {
    if (!sizes.has(path) && bytes !== undefined) sizes.set(path, bytes);
  }

  const files = new Map([[entry, main]]);
  const waiting = [...manifest.keys()];
  const worker = async () => {
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
      files.set(path, await read(path));
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  const saved = withTraining ? { saved: await readSaved(folder, main, read) } : {};
  onProgress?.({ loaded, total: loaded, file: entry });
  return { entry, address: place.address, sha256: sha256(main), files, ...saved };
}

async function readSaved(
  folder: Folder,
  main: readonly Uint8Array[],
  read: (name: string) => Promise<Uint8Array[]>,
): Promise<Saved> {
  const { entry } = folder;
  const address = folder.nameOf(entry);
  const { trainingConfig, userDefinedMetadata } = parse(entry, address, main);
  const own = isRecord(userDefinedMetadata) ? userDefinedMetadata.gesso : undefined;
  const path = isRecord(own) ? own.optimizer : undefined;
  if (path === undefined) return { trainingConfig, userDefinedMetadata, optimizer: null };
  if (typeof path !== 'string' || !staysInside(path)) {
    refuse(entry, address, 'userDefinedMetadata.gesso.optimizer', JSON.stringify(path));
  }
  const pieces = (await read(path)) as Uint8Array<ArrayBuffer>[];
  const optimizer = new Uint8Array(await new Blob(pieces).arrayBuffer());
  return { trainingConfig, userDefinedMetadata, optimizer };
}

function verify(address: string, pieces: readonly Uint8Array[], wanted: string): void {
  const found = sha256(pieces);
  if (found === wanted) return;
  fail(
    'gesso: this file differs from the one that is known by this name',
    { address, 'SHA-256': found, known: wanted },
    'download it again; to use a changed copy, give its path instead of the name',
  );
}

/** Bytes of one element as weights are stored. */
const storedBytes: Record<string, number> = {
  float32: 4,
  int32: 4,
  float16: 2,
  uint16: 2,
  uint8: 1,
  bool: 1,
};

/**
 * The weight files that a model.json names, with the size of each where the manifest tells it.
 *
 * @throws MLError when the file is not a model.json, or a path leads out of its folder
 */
export function readManifest(
  entry: string,
  address: string,
  pieces: readonly Uint8Array[],
): Map<string, number | undefined> {
  const content = parse(entry, address, pieces);
  const groups: unknown = content.weightsManifest;
  if (!Array.isArray(groups)) {
    fail(
      `${entry}: this is not the main file of a TensorFlow.js model`,
      { address, needed: 'weightsManifest', found: Object.keys(content).slice(0, 8).join(', ') },
      'the model.json of a layers or graph model',
    );
  }
  const files = new Map<string, number | undefined>();
  for (const [i, group] of groups.entries()) {
    const paths: unknown = isRecord(group) ? group.paths : undefined;
    if (!Array.isArray(paths)) refuse(entry, address, `weightsManifest[${i}].paths`, 'no list');
    for (const [j, path] of paths.entries()) {
      const field = `weightsManifest[${i}].paths[${j}]`;
      if (typeof path !== 'string') refuse(entry, address, field, 'no text');
      if (!staysInside(path)) refuse(entry, address, field, JSON.stringify(path));
      files.set(path, paths.length === 1 ? bytesOf(group) : undefined);
    }
  }
  return files;
}

function parse(
  entry: string,
  address: string,
  pieces: readonly Uint8Array[],
): Record<string, unknown> {
  const decoder = new TextDecoder();
  const text =
    pieces.map((piece) => decoder.decode(piece, { stream: true })).join('') + decoder.decode();
  if (looksLikePage(text)) {
    fail(
      `${entry}: a web page came instead of the model`,
      { address, begins: JSON.stringify(text.trimStart().slice(0, 40)) },
      'open the address in a browser tab: it must show the JSON of the model, not a page',
    );
  }
  let reason = 'not an object';
  try {
    const content: unknown = JSON.parse(text);
    if (isRecord(content)) return content;
  } catch (error) {
    reason = messageOf(error);
  }
  fail(`${entry}: this is not JSON`, { address, reason }, 'copy the file again');
}

/** Whether a path names a file in the folder of the model, or below it; `./` may precede it. */
function staysInside(path: string): boolean {
  const parts = path.replace(/^\.\//, '').split('/');
  return (
    path !== '' &&
    !/^[a-z][a-z\d+.-]*:|[\\\0?#]/i.test(path) &&
    parts.every((part) => part !== '' && part !== '..' && part !== '.')
  );
}

function refuse(entry: string, address: string, field: string, value: string): never {
  fail(
    `${entry}: a weight file must be named by a path inside the folder of the model`,
    { address, field, value },
    '"paths": ["group1-shard1of1.bin"]',
  );
}

/** The size of a group's only file, or undefined if the manifest does not say. */
function bytesOf(group: unknown): number | undefined {
  const weights: unknown = isRecord(group) ? group.weights : undefined;
  if (!Array.isArray(weights)) return undefined;
  let bytes = 0;
  for (const weight of weights) {
    const { shape, dtype, quantization } = isRecord(weight) ? weight : {};
    const stored = isRecord(quantization) ? quantization.dtype : dtype;
    const each = storedBytes[String(stored)];
    if (!Array.isArray(shape) || each === undefined) return undefined;
    bytes += shape.reduce((product: number, size) => product * Number(size), each);
  }
  return Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : undefined;
}
