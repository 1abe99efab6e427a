// Reads the files of a model: the main one, then all weights at once, with progress and checks.
import { type Keep, Keeping } from './cache.js';
import { fail, MLError } from './errors.js';
import { type Expected, Folder, looksLikePage, type Place, shows } from './folder.js';
import { isRecord, parseRecord } from './options.js';
import type { Progress } from './progress.js';
import { sha256Of } from './sha256.js';

/** The files of a model, in the pieces in which they came. */
export interface Contents {
  entry: string;
  address: string;
  /** Of the main file. */
  sha256: string;
  files: Map<string, Uint8Array[]>;
  /** Bytes that came over the network. */
  downloaded: number;
  /** Why the cache could not keep something, if it should have. */
  trouble?: unknown;
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
export interface Wanted {
  places: readonly Place[];
  expected: Expected | undefined;
  /** How to keep it in the cache. */
  keep?: Keep | undefined;
  /** What messages tell of a model that is known by name. */
  known?: { name: string; folder: string } | undefined;
  /** Whether to read what is needed to go on training, too. */
  withTraining?: boolean;
}

/** More downloads at once than a browser opens to one server only wait in its queue. */
const parallel = 6;

/**
 * Reads a model from the first place that has all of it; files that the cache holds are not
 * fetched again.
 *
 * @throws MLError of the place, or of all places in one message
 */
export async function readModel(
  wanted: Wanted,
  signal: AbortSignal,
  onProgress?: (progress: Progress) => void,
): Promise<Contents> {
  const keeping = wanted.keep && (await Keeping.open(wanted.keep, wanted.expected));
  try {
    return await readPlaces(new Reading(wanted, keeping, onProgress), signal);
  } finally {
    keeping?.close();
  }
}

async function readPlaces(reading: Reading, signal: AbortSignal): Promise<Contents> {
  const { wanted, keeping } = reading;
  const failures: [Place, MLError][] = [];
  for (const place of wanted.places) {
    signal.throwIfAborted();
    const attempt = new AbortController();
    const stop = () => attempt.abort(signal.reason);
    signal.addEventListener('abort', stop);
    try {
      const contents = await reading.read(place, attempt.signal);
      if (!place.isLocal) await keeping?.complete();
      return contents;
    } catch (error) {
      if (signal.aborted || !(error instanceof MLError)) throw error;
      failures.push([place, error]);
    } finally {
      attempt.abort(); // the other downloads of a place that failed
      signal.removeEventListener('abort', stop);
    }
  }
  const held = await reading.readHeld();
  if (held) return held;
  refusePlaces(wanted, failures);
}

function refusePlaces({ known, places }: Wanted, failures: [Place, MLError][]): never {
  const [first] = failures;
  if (first && failures.length === 1 && !known) throw first[1];
  const facts = failures.map(([{ address }, { message }]) => [address, reasonIn(message)]);
  const what = known ? `the model "${known.name}"` : 'the model';
  const many = places.length > 1 ? 'any of its addresses' : 'its address';
  fail(
    `gesso: ${what} cannot be read from ${many}`,
    Object.fromEntries(facts),
    known
      ? `check the connection; or a copy in a folder ${known.folder}/, whose parent ` +
          'setModelPath(folder) names, in Node also GESSO_MODELS=folder; ' +
          `npx gesso offline ${known.name} FOLDER makes one wherever there is a connection`
      : 'check the connection, or setModelPath(folder) with a folder that holds a copy',
  );
}

/** The first line of a message and its facts, in one line. */
function reasonIn(message: string): string {
  const lines = message.split('\n').filter((line) => !/^ {2}(Try:|address )/.test(line));
  return lines.map((line) => line.trim().replace(/\.$/, '')).join('; ');
}

/** One reading of a model, from one place after the other. */
class Reading {
  readonly wanted: Wanted;
  readonly keeping: Keeping | undefined;
  readonly #onProgress: ((progress: Progress) => void) | undefined;
  /** Files that an earlier place gave and that are known to be right. */
  readonly #checked = new Map<string, Uint8Array[]>();
  #downloaded = 0;

  constructor(
    wanted: Wanted,
    keeping: Keeping | undefined,
    onProgress?: (progress: Progress) => void,
  ) {
    this.wanted = wanted;
    this.keeping = keeping;
    this.#onProgress = onProgress;
  }

  async read(place: Place, signal: AbortSignal): Promise<Contents> {
    const { expected } = this.wanted;
    const folder = new Folder(place);
    const count = new Count(expected, this.#onProgress);
    const contents = await readFrom(folder, count, this.wanted.withTraining, async (name) => {
      const told = (bytes: number, of: number | undefined) => count.told(name, bytes, of);
      const known = expected?.[name];
      const found = known && this.#checked.get(name);
      if (found) {
        told(known.bytes, known.bytes);
        return found;
      }
      const keeping = place.isLocal || place.given ? undefined : this.keeping;
      const read = () => this.#readFile(folder, name, keeping, signal, told);
      const pieces = await (keeping ? keeping.inTurn(name, signal, read) : read());
      if (known) this.#checked.set(name, pieces);
      return pieces;
    });
    return this.#finished(place, contents);
  }

  /** Reads the model as it was when it was last read, where it is kept for that. */
  async readHeld(): Promise<Contents | undefined> {
    const { keeping, wanted } = this;
    const [place] = wanted.places;
    if (!keeping || !place || wanted.expected) return undefined;
    const folder = new Folder(place);
    const count = new Count(undefined, this.#onProgress);
    try {
      const contents = await readFrom(folder, count, wanted.withTraining, async (name) => {
        const held = keeping.known(name);
        const bytes = held && (await keeping.read(held.sha256));
        if (bytes === undefined) throw new NotHeld();
        count.told(name, bytes.length, bytes.length);
        return [bytes];
      });
      return this.#finished(place, contents);
    } catch (error) {
      if (error instanceof NotHeld) return undefined;
      throw error;
    }
  }

  #finished(place: Place, contents: ReadFiles): Contents {
    const trouble = this.keeping?.trouble;
    const { address } = place;
    const downloaded = this.#downloaded;
    return { ...contents, address, downloaded, ...(trouble !== undefined && { trouble }) };
  }

  /** A file from the cache, or else from its place, checked and kept. */
  async #readFile(
    folder: Folder,
    name: string,
    keeping: Keeping | undefined,
    signal: AbortSignal,
    told: (bytes: number, ofBytes: number | undefined) => void,
  ): Promise<Uint8Array[]> {
    const known = this.wanted.expected?.[name];
    const held = known ? undefined : keeping?.known(name);
    const kept = known && keeping && (await keeping.read(known.sha256));
    if (kept) {
      keeping.stays(name, known);
      told(kept.length, kept.length);
      return [kept];
    }
    const inHand = held && (await keeping?.read(held.sha256));
    const fetched = await folder.fetch(name, {
      signal,
      bytes: keeping ? known?.bytes : undefined,
      checked: known !== undefined,
      parts: keeping?.parts(name),
      inHand: inHand && held,
      onBytes: told,
    });
    if (folder.isRemote) this.#downloaded += fetched.received;
    if (fetched.pieces === undefined && inHand && held) {
      keeping?.stays(name, held);
      told(inHand.length, inHand.length);
      return [inHand];
    }
    const { pieces = [], version } = fetched;
    if (!known && !keeping) return pieces;
    const sha256 = await sha256Of(pieces);
    if (known && sha256 !== known.sha256) {
      await keeping?.parts(name).clear();
      refuseContent(folder.nameOf(name), sha256, known.sha256);
    }
    const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
    await keeping?.write(name, known ?? { bytes, sha256, ...version }, pieces);
    return pieces;
  }
}

/** Says inside a reading that the cache does not hold a file; nobody else sees it. */
class NotHeld extends Error {}

/** Adds up how far the files of a model have come. */
class Count {
  readonly #sizes = new Map<string, number>();
  readonly #loaded = new Map<string, number>();
  readonly #areKnown: boolean;
  readonly #onProgress: ((progress: Progress) => void) | undefined;

  constructor(expected: Expected | undefined, onProgress?: (progress: Progress) => void) {
    this.#areKnown = expected !== undefined;
    this.#onProgress = onProgress;
    for (const [name, { bytes }] of Object.entries(expected ?? {})) this.#sizes.set(name, bytes);
  }

  expect(name: string, bytes: number | undefined): void {
    if (!this.#sizes.has(name) && bytes !== undefined) this.#sizes.set(name, bytes);
  }

  told(name: string, bytes: number, ofBytes: number | undefined): void {
    this.#loaded.set(name, bytes);
    if (ofBytes !== undefined && !this.#areKnown) this.#sizes.set(name, ofBytes);
    this.#tell(name, Math.max(this.loaded, sumOf(this.#sizes)));
  }

  done(name: string): void {
    this.#tell(name, this.loaded);
  }

  get loaded(): number {
    return sumOf(this.#loaded);
  }

  #tell(file: string, total: number): void {
    this.#onProgress?.({ loaded: this.loaded, total, file });
  }
}

function sumOf(numbers: ReadonlyMap<string, number>): number {
  return [...numbers.values()].reduce((sum, number) => sum + number, 0);
}

type ReadFiles = Pick<Contents, 'entry' | 'sha256' | 'files' | 'saved'>;

/** Reads the main file and all that it names. */
async function readFrom(
  folder: Folder,
  count: Count,
  withTraining: boolean | undefined,
  read: (name: string) => Promise<Uint8Array[]>,
): Promise<ReadFiles> {
  const { entry } = folder;
  const main = await read(entry);
  const manifest = isTflite(entry, folder.nameOf(entry), main)
    ? new Map<string, undefined>()
    : readManifest(entry, folder.nameOf(entry), main);
  for (const [path, bytes] of manifest) count.expect(path, bytes);

  const files = new Map([[entry, main]]);
  const waiting = [...manifest.keys()];
  const worker = async () => {
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
      files.set(path, await read(path));
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  const saved = withTraining ? { saved: await readSaved(folder, main, read) } : {};
  count.done(entry);
  return { entry, sha256: await sha256Of(main), files, ...saved };
}

async function readSaved(
  folder: Folder,
  main: readonly Uint8Array[],
  read: (name: string) => Promise<Uint8Array[]>,
): Promise<Saved> {
  const { entry } = folder;
  const address = folder.nameOf(entry);
  if (isTflite(entry, address, main)) {
    return { trainingConfig: undefined, userDefinedMetadata: undefined, optimizer: null };
  }
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

function refuseContent(address: string, found: string, known: string): never {
  fail(
    'gesso: this file differs from the one that is known by this name',
    { address, 'SHA-256': found, known },
    'download it again; to use a changed copy, give its path instead of the name',
  );
}

/**
 * Whether the main file is a TFLite file, which is all of its model: bytes 4 to 7 say so.
 *
 * @throws MLError when only its name does
 */
function isTflite(entry: string, address: string, pieces: readonly Uint8Array[]): boolean {
  const begin = new Uint8Array(8);
  let filled = 0;
  for (const piece of pieces) {
    const part = piece.subarray(0, begin.length - filled);
    begin.set(part, filled);
    filled += part.length;
  }
  const text = String.fromCharCode(...begin.subarray(0, filled));
  if (text.slice(4) === 'TFL3') return true;
  if (entry.endsWith('.tflite') && !looksLikePage(text)) {
    fail(
      `${entry}: this is not a TFLite file`,
      { address, needed: 'TFL3 in bytes 4 to 7', begins: JSON.stringify(text) },
      'copy the file again',
    );
  }
  return false;
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
      `open the address in a browser tab: it must ${shows(entry)}, not a page`,
    );
  }
  const content = parseRecord(text);
  if (typeof content !== 'string') return content;
  fail(`${entry}: this is not JSON`, { address, reason: content }, 'copy the file again');
}

/** Whether a path names a file in the folder of the model, or below it; `./` may precede it. */
export function staysInside(path: string): boolean {
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
