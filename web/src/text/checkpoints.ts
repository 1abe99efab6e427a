// Trainings in the browser's database: what is needed to go on after the tab was closed.
import type { ModelFiles } from '../layers/layersModel.js';
import { fail, messageOf } from '../library.js';
import { planOf } from './settings.js';
import type { TextCheckpoint, TextEpoch, TextSettings, VoiceCard } from './types.js';

/** How far a training has come. */
export interface Position {
  epoch: number;
  /** Steps of this epoch that are done. */
  step: number;
  /** Their losses together, each as often as it had samples; and how many samples. */
  sum: number;
  samples: number;
}

/** Everything of a training but its text. */
export interface KeptTraining {
  name: string;
  files: ModelFiles;
  vocabulary: readonly string[];
  card: VoiceCard | null;
  settings: TextSettings;
  /** The learning rate of every epoch, where a function gave it: functions cannot be kept. */
  rates: number[] | null;
  /** What was asked for beside the settings. */
  wishes: Wishes;
  position: Position;
  history: TextEpoch[];
  characters: number;
  saved: Date;
}

/** What a training tells while it runs. */
export interface Wishes {
  seed: number;
  temperatures: readonly number[];
  sampleLength: number;
  sampleSeed: string;
}

interface KeptText {
  name: string;
  text: string;
}

const stores = ['trainings', 'texts'] as const;

/** Keeps the text that a training learns from: once, because it does not change. */
export async function keepText(name: string, text: string): Promise<void> {
  await inDatabase('readwrite', (open) => open('texts').put({ name, text } satisfies KeptText));
}

/** Keeps a training as it is; the one before of the same name goes. */
export async function keepTraining(training: KeptTraining): Promise<void> {
  await inDatabase('readwrite', (open) => open('trainings').put(training));
}

/** A training and its text. */
export async function readTraining(name: string): Promise<KeptTraining & { text: string }> {
  const training = await inDatabase<KeptTraining | undefined>('readonly', (open) =>
    open('trainings').get(name),
  );
  const kept = await inDatabase<KeptText | undefined>('readonly', (open) =>
    open('texts').get(name),
  );
  if (training && kept) return { ...training, text: kept.text };
  const names = (await checkpoints()).map((each) => each.name);
  fail(
    `continueTraining: there is no training "${name}" in this browser`,
    { known: names.join(', ') || 'none' },
    `train(text, { checkpoint: '${name}' }) first`,
  );
}

/** The trainings that are kept in this browser. */
export async function checkpoints(): Promise<TextCheckpoint[]> {
  const trainings = await inDatabase<KeptTraining[]>('readonly', (open) =>
    open('trainings').getAll(),
  );
  return trainings.map(({ name, files, settings, position, characters, saved }) => {
    const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0);
    const { epochs } = settings;
    const { batchSize, sequenceLength, validationSplit } = settings;
    const learned = Math.floor(characters * (1 - validationSplit));
    const steps = planOf(learned, batchSize, sequenceLength)?.steps ?? 1;
    const done = Math.min(1, (position.epoch + position.step / steps) / epochs);
    const epoch = Math.min(position.epoch, epochs);
    return { name, epoch, epochs, done, characters, bytes, saved };
  });
}

/** Takes a training out of the browser's database. */
export async function deleteCheckpoint(name: string): Promise<void> {
  await inDatabase('readwrite', (open) => open('texts').delete(name));
  await inDatabase('readwrite', (open) => open('trainings').delete(name));
}

/** Settings that a database takes: functions are kept as the rates that they gave. */
export function storable(settings: TextSettings, rates: readonly number[] | null): TextSettings {
  return rates === null ? settings : { ...settings, learningRate: rates[0] ?? 0 };
}

/** Refuses where there is no database. */
export function refuseNoDatabase(who: string): void {
  if (typeof indexedDB !== 'undefined') return;
  fail(
    `${who}: there is no database here to keep a training in`,
    { needed: 'indexedDB' },
    'train() without checkpoint, and save() at the end',
  );
}

async function inDatabase<T>(
  mode: IDBTransactionMode,
  work: (open: (store: (typeof stores)[number]) => IDBObjectStore) => IDBRequest,
): Promise<T> {
  refuseNoDatabase('charRNN');
  const database = await openDatabase();
  try {
    const transaction = database.transaction(stores, mode);
    const request = work((store) => transaction.objectStore(store));
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    return request.result as T;
  } catch (error) {
    fail(
      "charRNN: the browser's database refused",
      { reason: messageOf(error) },
      'free some space, or train() without checkpoint',
    );
  } finally {
    database.close();
  }
}

/** Beside the database of models: a training is none yet. */
function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open('gesso-trainings', 1);
  request.onupgradeneeded = () => {
    for (const store of stores) request.result.createObjectStore(store, { keyPath: 'name' });
  };
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
