// Finds out what a voice is made of: a folder of ml5, a layers model, or what save() wrote.

import type { GivenFiles, Place } from '../folder.js';
import type { LayersModel, ModelFiles } from '../layers/layersModel.js';
import {
  baseName,
  Folder,
  fail,
  filesOf,
  isRecord,
  knownBy,
  loadLayersModel,
  locate,
  MLError,
  nameFrom,
  parseRecord,
  readModel,
  realAddress,
  requestOf,
  sha256Of,
  stored,
  whereOf,
} from '../library.js';
import type { CheckedWhere } from '../model.js';
import type { Progress } from '../progress.js';
import type { ModelSource } from '../source.js';
import { LayersFile, readNotes, type VoiceNotes } from './layersFile.js';
import { isOfVoice, readMl5Folder } from './ml5Folder.js';
import { readMl5Vocabulary, warningsOf } from './ml5Vocabulary.js';
import type { TextWarning, VoiceAbout, VoiceCard } from './types.js';
import { Vocabulary } from './vocabulary.js';

const who = 'charRNN';

/** What a voice is made of. */
export interface Parts {
  model: LayersModel;
  vocabulary: Vocabulary;
  card: VoiceCard | null;
  /** What about() tells of its files. */
  origin: Partial<VoiceAbout>;
  warnings: TextWarning[];
}

export interface ReadingOptions {
  vocabulary: readonly string[] | undefined;
  where: CheckedWhere;
  onProgress: ((progress: Progress) => void) | undefined;
  signal: AbortSignal | undefined;
}

/**
 * Reads a voice.
 *
 * @throws MLError when files are missing, damaged, or do not belong together
 */
export async function readVoice(source: ModelSource, options: ReadingOptions): Promise<Parts> {
  const from = await stored(source);
  if (typeof from !== 'string' && !(from instanceof URL)) {
    const files = await filesOf(who, from);
    const manifest = ml5Manifest(files);
    if (manifest !== undefined) return readMl5({ address: manifest, given: files }, options);
    return readLayers(from, options);
  }
  const text = `${from}`;
  if (/(^|[\\/])manifest\.json([?#]|$)/.test(text)) {
    const { places } = await locate(who, text);
    return readMl5(places[0] ?? { address: text }, options);
  }
  try {
    return await readLayers(from, options);
  } catch (error) {
    const isFile = /\.json([?#]|$)/.test(text);
    if (!(error instanceof MLError) || isFile || options.signal?.aborted) throw error;
    const { places, known } = await locate(who, from);
    const [place] = places;
    if (place === undefined || known) throw error;
    const address = beside(place.address);
    const found = await new Folder({ ...place, address }).readOptional(
      'manifest.json',
      options.signal,
    );
    if (found === null || !isOfVoice(found)) throw error;
    return readMl5({ address }, options);
  }
}

/** The manifest.json in the folder of a model.json. */
function beside(address: string): string {
  return new URL('manifest.json', address).href;
}

/** The manifest among files that were given, where there is no model.json. */
function ml5Manifest(files: GivenFiles): string | undefined {
  const names = Object.keys(files);
  if (names.some((name) => baseName(name) === 'model.json')) return undefined;
  return names.find((name) => baseName(name) === 'manifest.json');
}

async function readMl5(
  place: Place,
  { vocabulary: given, where, onProgress, signal }: ReadingOptions,
): Promise<Parts> {
  const { build, characters, ...voice } = await readMl5Folder(place, onProgress, signal);
  const { address, bytes, card, manifest, warnings } = voice;
  const facts = { address };
  if (given && given.length !== characters.length) refuseSize(facts, given, characters.length);
  const vocabulary = new Vocabulary(who, given ?? characters, facts);
  const model = await build(where);
  const name = nameFrom(address.replace(/manifest\.json$/, 'model.json'));
  return {
    model,
    vocabulary,
    card,
    warnings,
    origin: { name, address, bytes, sha256: await sha256Of([manifest]), format: 'ml5' },
  };
}

async function readLayers(source: ModelSource, options: ReadingOptions): Promise<Parts> {
  const { vocabulary: given, where, onProgress, signal } = options;
  const location = await locate(who, source);
  const wanted = { ...requestOf(location), withTraining: true };
  const stop = signal ?? new AbortController().signal;
  const { entry, address, sha256, files, saved } = await readModel(wanted, stop, onProgress);
  const all: ModelFiles = new Map();
  let bytes = 0;
  for (const [name, pieces] of files) {
    const content = new Uint8Array(
      await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer(),
    );
    bytes += content.length;
    all.set(name === entry ? 'model.json' : name, content);
  }
  const file = new LayersFile(entry, all.get('model.json') ?? new Uint8Array());
  const place = location.places.find((each) => each.address === address) ?? location.places[0];
  file.setStateful(true);
  all.set('model.json', file.bytes());
  const training = isRecord(saved?.userDefinedMetadata) ? saved.userDefinedMetadata.gesso : null;
  if (saved?.optimizer && isRecord(training) && typeof training.optimizer === 'string') {
    all.set(training.optimizer, saved.optimizer);
  }
  const model = await modelOf(all, where);
  try {
    const size = model.outputs[0]?.shape.at(-1) ?? 0;
    const notes: Notes | undefined =
      given === undefined
        ? (file.notes(address) ?? (place && (await notesBeside(new Folder(place), size, signal))))
        : { vocabulary: [...given], card: null };
    if (notes === undefined) {
      fail(
        `${who}: nothing says which characters this model knows`,
        { address, 'looked in': 'model.json, and gesso.json and vocab.json beside it' },
        "vocabulary: ['a', 'b', …] in the order of the outputs",
      );
    }
    const vocabulary = new Vocabulary(who, notes.vocabulary, { address });
    if (size !== vocabulary.size) refuseSize({ address }, notes.vocabulary, size);
    const [known, entryOfRegistry] = (await knownBy(sha256)) ?? [nameFrom(address), undefined];
    return {
      model,
      vocabulary,
      card: notes.card,
      warnings: notes.warnings ?? [],
      origin: {
        name: known,
        address: realAddress(address),
        bytes,
        sha256,
        card: entryOfRegistry?.card ?? null,
      },
    };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** What is known of characters, and what had to be guessed. */
interface Notes extends VoiceNotes {
  warnings?: TextWarning[];
}

/** A model that can write and learn, of files in hand. */
export async function modelOf(files: ModelFiles, where: CheckedWhere): Promise<LayersModel> {
  return loadLayersModel(files, whereOf(where));
}

/** What files beside a model.json tell of its characters. */
async function notesBeside(
  folder: Folder,
  size: number,
  signal: AbortSignal | undefined,
): Promise<Notes | undefined> {
  const own = await folder.readOptional('gesso.json', signal);
  if (own !== null) {
    const content = parseRecord(own);
    if (typeof content !== 'string' && 'vocabulary' in content) {
      return readNotes(folder.nameOf('gesso.json'), content);
    }
  }
  const text = await folder.readOptional('vocab.json', signal);
  if (text === null) return undefined;
  const address = folder.nameOf('vocab.json');
  if (!text.trimStart().startsWith('[')) {
    const { characters, repaired } = readMl5Vocabulary(address, text, size);
    return { vocabulary: characters, card: null, warnings: warningsOf(repaired) };
  }
  const list = parseRecord(`{"vocabulary":${text}}`);
  return readNotes(address, typeof list === 'string' ? {} : list);
}

function refuseSize(
  facts: Record<string, unknown>,
  vocabulary: readonly string[],
  size: number,
): never {
  fail(
    `${who}: the vocabulary does not fit the model`,
    { ...facts, characters: vocabulary.length, 'outputs of the model': size },
    'the vocabulary of the same training, one character for each output',
  );
}

/** Tells of warnings: whoever listens, else the console. */
export function tellWarnings(
  warnings: readonly TextWarning[],
  onWarning: ((warning: TextWarning) => unknown) | undefined,
): void {
  for (const each of warnings) {
    if (onWarning) onWarning(each);
    else console.warn(each.message);
  }
}
