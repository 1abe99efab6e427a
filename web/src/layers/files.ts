// Models as files: those of a TensorFlow.js layers model, and what an optimizer remembers.
import { fail } from '../errors.js';
import type { Saved } from '../modelFiles.js';
import { isRecord } from '../options.js';
import { isTensor } from '../tensor.js';
import type { Snapshot } from '../training.js';
import type { Checkpoint } from './fitting.js';
import { snakeCase } from './kinds.js';
import type { ModelFiles } from './layersModel.js';
import type { TrainerOptions } from './trainingOptions.js';

/** What of a training is written under `userDefinedMetadata.gesso`. */
interface SavedTraining {
  compile: TrainerOptions;
  epochs: number;
  /** The file, and what it holds as the core says it. */
  optimizer?: string;
  index?: string;
}

const weightsFile = 'weights.bin';
const optimizerFile = 'optimizer.bin';

/** The files of a model, in the format of TensorFlow.js. */
export function writeFiles(
  { topology, weights, state }: Snapshot,
  training: Omit<Checkpoint, 'state'> | undefined,
): ModelFiles {
  const tensors = weights.filter(([, weight]) => isTensor(weight));
  const own: SavedTraining | undefined = training && {
    ...training,
    ...(state && { optimizer: optimizerFile, index: state.index }),
  };
  const content = {
    format: 'layers-model',
    generatedBy: 'gesso',
    convertedBy: null,
    modelTopology: JSON.parse(topology) as unknown,
    ...(training && trainingConfig(training.compile)),
    weightsManifest: [
      {
        paths: [weightsFile],
        weights: tensors.map(([name, { shape, dtype }]) => ({ name, shape, dtype })),
      },
    ],
    userDefinedMetadata: own ? { gesso: own } : {},
  };
  const files: ModelFiles = new Map();
  files.set('model.json', new TextEncoder().encode(JSON.stringify(content)));
  files.set(weightsFile, joined(tensors.map(([, { data }]) => data)));
  if (training && state) files.set(optimizerFile, state.bytes);
  return files;
}

function joined(parts: readonly ArrayBufferView[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of parts) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return bytes;
}

/** What TensorFlow.js compiles by itself when it loads the model; nothing where it could not. */
function trainingConfig({ optimizer, loss, lossWeights, metrics }: TrainerOptions) {
  if (optimizer.className === 'AdamW' || lossWeights !== undefined) return {};
  return {
    trainingConfig: {
      loss: mapped(loss, snakeCase),
      metrics: metrics.map((name) => (name === 'accuracy' ? 'acc' : snakeCase(name))),
      optimizer_config: { class_name: optimizer.className, config: optimizer.config },
    },
  };
}

function mapped(given: unknown, change: (name: string) => string): unknown {
  if (typeof given === 'string') return change(given);
  if (Array.isArray(given)) return given.map((each) => mapped(each, change));
  const parts = Object.entries(given as object);
  return Object.fromEntries(parts.map(([name, value]) => [name, mapped(value, change)]));
}

/** What a training is continued from; undefined where the files tell of none. */
export function readCheckpoint({
  userDefinedMetadata,
  trainingConfig,
  optimizer,
}: Saved): Checkpoint | undefined {
  const own = isRecord(userDefinedMetadata) ? userDefinedMetadata.gesso : undefined;
  if (isRecord(own)) {
    const { compile, epochs, index } = own;
    if (!isCompile(compile) || !Number.isInteger(epochs)) {
      fail(
        'loadLayersModel: what the file tells of its training cannot be read',
        { field: 'userDefinedMetadata.gesso' },
        'a file as model.save() wrote it, or without this field',
      );
    }
    const state = optimizer && typeof index === 'string' ? { index, bytes: optimizer } : null;
    return { compile, epochs: Number(epochs), state };
  }
  const compile = ofTensorFlow(trainingConfig);
  return compile && { compile, epochs: 0, state: null };
}

function isCompile(value: unknown): value is TrainerOptions {
  return isRecord(value) && isRecord(value.optimizer) && 'loss' in value && 'metrics' in value;
}

function ofTensorFlow(config: unknown): TrainerOptions | undefined {
  const { loss, metrics, optimizer_config: optimizer } = isRecord(config) ? config : {};
  if (!isRecord(optimizer) || loss === undefined) return undefined;
  return {
    optimizer: {
      className: String(optimizer.class_name),
      config: isRecord(optimizer.config) ? optimizer.config : {},
    },
    loss: mapped(loss, camelCase) as TrainerOptions['loss'],
    metrics: (Array.isArray(metrics) ? metrics.map((name) => camelCase(String(name))) : []).map(
      (name) => (name === 'acc' ? 'accuracy' : name),
    ) as TrainerOptions['metrics'],
    seed: 0,
  };
}

function camelCase(word: string): string {
  return word.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
