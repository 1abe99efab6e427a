// How a voice is built and learns: what train() takes, and what is left out, by the size of the text.
import type { Schedule } from '../layers/trainingOptions.js';
import {
  absent,
  callback,
  choice,
  fail,
  fraction,
  instance,
  isRecord,
  positive,
  readOptions,
  readSchedule,
  whole,
} from '../library.js';
import type {
  CleanOptions,
  TextEpoch,
  TextSettings,
  TrainTextOptions,
  TrainTextProgress,
} from './types.js';

/** Texts up to so many characters, and what suits them. */
const sizes: readonly { upTo: number; settings: Omit<TextSettings, 'learningRate'> }[] = [
  {
    upTo: 20_000,
    settings: { ...shape(1, 64, 0.2), ...steps(32, 8, 40), clip: 5, validationSplit: 0.1 },
  },
  {
    upTo: 100_000,
    settings: { ...shape(1, 128, 0.2), ...steps(50, 16, 30), clip: 5, validationSplit: 0.1 },
  },
  {
    upTo: 500_000,
    settings: { ...shape(2, 128, 0.1), ...steps(50, 32, 20), clip: 5, validationSplit: 0.1 },
  },
  {
    upTo: 2_000_000,
    settings: { ...shape(2, 128, 0), ...steps(50, 50, 10), clip: 5, validationSplit: 0.1 },
  },
];

/** And larger ones. */
const largest = { ...shape(2, 256, 0), ...steps(64, 64, 2), clip: 5, validationSplit: 0.05 };

function shape(layers: number, units: number, dropout: number) {
  return { layers, units, dropout, cell: 'lstm' as const, embedding: Math.min(units, 128) };
}

function steps(sequenceLength: number, batchSize: number, epochs: number) {
  return { sequenceLength, batchSize, epochs };
}

/** What suits a text of so many characters. */
export function settingsFor(characters: number): TextSettings {
  const settings = sizes.find(({ upTo }) => characters <= upTo)?.settings ?? largest;
  return { ...settings, learningRate: { type: 'cosine', from: 0.006, to: 0.0001 } };
}

const isRates = (value: unknown) =>
  typeof value === 'number' || typeof value === 'function' || isRecord(value);

/** The options that say what a network is like: one that is there cannot take them. */
export const shapeNames = ['layers', 'units', 'cell', 'embedding', 'dropout'] as const;

/** What train() and continueTraining() are told of. */
const listeners = {
  checkpointSeconds: absent<number>(
    'a number from 0',
    'checkpointSeconds: 5',
    (value) => Number.isFinite(value) && Number(value) >= 0,
  ),
  onProgress: callback<(progress: TrainTextProgress) => unknown>('onProgress: ({ loss }) => {}'),
  onEpoch: callback<(epoch: TextEpoch) => unknown>('onEpoch: ({ loss, samples }) => {}'),
  signal: instance(AbortSignal, 'signal: AbortSignal.timeout(60_000)'),
};

const trainOptions = {
  layers: absent<number>(
    'a whole number from 1 to 8',
    'layers: 2',
    (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 8,
  ),
  units: { ...whole(1), example: 'units: 128' },
  cell: { ...choice(['lstm', 'gru']), example: "cell: 'lstm'" },
  embedding: absent<number | 'oneHot'>(
    "a whole number from 1, or 'oneHot'",
    'embedding: 64',
    (value) => value === 'oneHot' || (Number.isInteger(value) && Number(value) >= 1),
  ),
  dropout: { ...fraction(0.1), example: 'dropout: 0.1' },
  sequenceLength: { ...whole(1), example: 'sequenceLength: 50' },
  batchSize: { ...whole(1), example: 'batchSize: 32' },
  epochs: { ...whole(1), example: 'epochs: 20' },
  learningRate: absent<Schedule>(
    'a number, a function of the epoch, or a schedule',
    'learningRate: 0.002',
    isRates,
  ),
  clip: { ...positive(5), example: 'clip: 5' },
  validationSplit: { ...fraction(0.1), example: 'validationSplit: 0.1' },
  clean: absent<CleanOptions>('an object', "clean: { case: 'lower' }", isRecord),
  seed: { ...whole(0, 1), example: 'seed: 1' },
  temperatures: absent<readonly number[]>(
    'a list of numbers from 0',
    'temperatures: [0.5, 1]',
    (value) =>
      Array.isArray(value) && value.every((each) => Number.isFinite(each) && Number(each) >= 0),
  ),
  sampleLength: { ...whole(1), example: 'sampleLength: 200' },
  sampleSeed: absent<string>('a text', "sampleSeed: 'The '", (value) => typeof value === 'string'),
  checkpoint: absent<string>(
    'a name',
    "checkpoint: 'grandmother'",
    (value) => typeof value === 'string' && value !== '',
  ),
  ...listeners,
};

const continueOptions = { epochs: trainOptions.epochs, ...listeners };

/** Checks what train() was given. */
export function readTrain(given: TrainTextOptions) {
  const options = readOptions('train', given, trainOptions);
  return options;
}

/** Checks what continueTraining() was given. */
export function readContinue(given: object) {
  return readOptions('continueTraining', given, continueOptions);
}

/** What of options belongs to the settings; what was left out, by the size of the text. */
export function completed(given: Partial<TextSettings>, characters: number): TextSettings {
  const usual = settingsFor(characters);
  const own = Object.entries(given).filter(
    ([name, value]) => value !== undefined && Object.hasOwn(usual, name),
  );
  return { ...usual, ...Object.fromEntries(own) };
}

/** The learning rate of every epoch where a function gives it; null for everything else. */
export function askedRates(schedule: Schedule, epochs: number): number[] | null {
  if (typeof schedule !== 'function') return null;
  const rates = readSchedule(schedule, epochs);
  return Array.from({ length: epochs }, (_, epoch) => rates(epoch));
}

/** The learning rate at a place of the training, in epochs from its beginning. */
export function rateAt(
  schedule: Schedule,
  rates: readonly number[] | null,
  epochs: number,
): (epoch: number) => number {
  if (rates === null) return readSchedule(schedule, epochs);
  return (epoch) => rates[Math.min(Math.floor(epoch), rates.length - 1)] ?? 0;
}

/** How a text is cut into steps. */
export interface Plan {
  /** Places of the text that are read side by side. */
  lanes: number;
  sequenceLength: number;
  /** Steps of one epoch. */
  steps: number;
  /** Characters that are left over; each epoch leaves out others. */
  slack: number;
}

/** @returns undefined where the text is too short for one step */
export function planOf(
  characters: number,
  lanes: number,
  sequenceLength: number,
): Plan | undefined {
  const steps = Math.floor(Math.floor((characters - 1) / lanes) / sequenceLength);
  if (steps < 1) return undefined;
  return { lanes, sequenceLength, steps, slack: characters - 1 - lanes * sequenceLength * steps };
}

/** The plan for training; what the user has not asked for gives way where the text is short. */
export function trainingPlan(
  who: string,
  characters: number,
  { batchSize, sequenceLength }: TextSettings,
  asked: Partial<TextSettings>,
): Plan {
  let [lanes, length] = [batchSize, sequenceLength];
  for (;;) {
    const plan = planOf(characters, lanes, length);
    if (plan) return plan;
    if (asked.batchSize === undefined && lanes > 1) lanes = Math.ceil(lanes / 2);
    else if (asked.sequenceLength === undefined && length > 1) length = Math.ceil(length / 2);
    else break;
  }
  fail(
    `${who}: the text is too short for one step`,
    { characters, batchSize: lanes, sequenceLength: length, needed: lanes * length + 1 },
    'a smaller batchSize or sequenceLength',
  );
}
