// What train() takes, with what is left out filled in.
import {
  absent,
  callback,
  choice,
  fail,
  fraction,
  isRecord,
  loadOptions,
  positive,
  readOptions,
  show,
  whole,
} from '../../library.js';
import type { Augment, FineTune, TeachOptions, TeachProgress } from './types.js';

const named = <T extends { example: string }>(name: string, option: T): T => {
  return { ...option, example: `${name}: ${option.example}` };
};

const part = (name: string, most: number, example: number) =>
  absent<number>(
    `a number from 0 to ${most}`,
    `${name}: ${example}`,
    (value) => Number.isFinite(value) && Number(value) >= 0 && Number(value) <= most,
  );

const switched = <T>(name: string) =>
  absent<boolean | T>(
    'true, false or an object',
    `${name}: true`,
    (value) => typeof value === 'boolean' || isRecord(value),
  );

const teachOptions = {
  epochs: named('epochs', whole(1, 50)),
  learningRate: named('learningRate', positive(0.001)),
  hiddenUnits: named('hiddenUnits', whole(0, 100)),
  batchSize: named('batchSize', whole(1, 16)),
  validationSplit: named('validationSplit', fraction(0.15)),
  augment: switched<Augment>('augment'),
  fineTune: switched<FineTune>('fineTune'),
  signal: loadOptions.signal,
  onProgress: callback<(progress: TeachProgress) => unknown>('onProgress: ({ phase, loss }) => {}'),
};

const augmentOptions = {
  copies: absent<number>(
    'a whole number from 1 to 20',
    'copies: 2',
    (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 20,
  ),
  flip: true,
  shift: part('shift', 0.5, 0.1),
  brightness: part('brightness', 1, 0.2),
};

const fineTuneOptions = {
  from: absent<string>("a layer's name, or 'all'", "from: 'all'", (value) => {
    return typeof value === 'string' && value !== '';
  }),
  epochs: named('epochs', whole(1, 5)),
  batchSize: named('batchSize', whole(1, 16)),
  learningRate: named('learningRate', positive(0.0001)),
  optimizer: named('optimizer', choice(['adam', 'sgd'])),
  batchNormalization: named('batchNormalization', choice(['frozen', 'learns'])),
};

export type Teaching = ReturnType<typeof readTeach>;
export type Copies = NonNullable<Teaching['augment']>;
export type Tuning = NonNullable<Teaching['fineTune']>;

export function readTeach(given: TeachOptions) {
  const { augment, fineTune, ...options } = readOptions('train', given, teachOptions);
  return {
    epochs: options.epochs ?? 50,
    learningRate: options.learningRate ?? 0.001,
    hiddenUnits: options.hiddenUnits ?? 100,
    batchSize: options.batchSize ?? 16,
    validationSplit: options.validationSplit ?? 0.15,
    signal: options.signal,
    onProgress: options.onProgress,
    augment: augment ? readAugment(augment === true ? {} : augment) : undefined,
    fineTune: fineTune ? readFineTune(fineTune === true ? {} : fineTune) : undefined,
  };
}

function readAugment(given: Augment) {
  const options = readOptions('train: augment', given, augmentOptions);
  const { copies = 2, flip, shift = 0.1, brightness = 0.2 } = options;
  if (!flip && shift === 0 && brightness === 0) {
    fail(
      'train: augment changes nothing, so that copies would be the same',
      { flip: show(flip), shift, brightness },
      'augment: true',
    );
  }
  return { copies, flip, shift, brightness };
}

function readFineTune(given: FineTune) {
  const options = readOptions('train: fineTune', given, fineTuneOptions);
  return {
    from: options.from,
    epochs: options.epochs ?? 5,
    batchSize: options.batchSize ?? 16,
    learningRate: options.learningRate ?? 0.0001,
    optimizer: options.optimizer ?? ('adam' as const),
    batchNormalization: options.batchNormalization ?? ('frozen' as const),
  };
}
