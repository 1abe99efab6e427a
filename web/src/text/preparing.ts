// Makes a voice ready for a text: the network that is to learn from it, and a first step.
import type { LayersModel } from '../layers/layersModel.js';
import {
  dense,
  dropout,
  embedding,
  fail,
  gru,
  lstm,
  sequential,
  show,
  tensor,
  whereOf,
} from '../library.js';
import type { CheckedWhere } from '../model.js';
import type { Cleaned } from './clean.js';
import { grown } from './growing.js';
import type { Held } from './held.js';
import type { Codes } from './learning.js';
import { identity } from './ml5Folder.js';
import { modelOf, type Parts } from './reading.js';
import { type Plan, shapeNames } from './settings.js';
import type { TextSettings } from './types.js';
import { Vocabulary } from './vocabulary.js';
import { warning } from './warnings.js';

/** The network for a text: a new one, or the one that is there, with room for new characters. */
export async function prepare(
  held: Held,
  { vocabulary: counts }: Cleaned,
  settings: TextSettings,
  wanted: Partial<TextSettings>,
  seed: number,
): Promise<Parts> {
  const characters = counts.map(({ char }) => char);
  const { vocabulary: given } = held.options;
  const { parts } = held;
  if (parts === undefined) {
    const vocabulary = new Vocabulary('train', given ?? characters);
    warnOfSkipped(
      held,
      characters.filter((char) => !vocabulary.has(char)),
      'a vocabulary with all of them, or none, which then follows from the text',
    );
    const model = await newModel(vocabulary.size, settings, seed, held.options);
    return held.take({ model, vocabulary, card: null, origin: {}, warnings: [] });
  }
  const named = shapeNames.filter((name) => wanted[name] !== undefined);
  if (named.length > 0) {
    fail(
      'train: this voice has a network already, which cannot become another one',
      { given: named.join(', ') },
      'charRNN() for a new voice, or train() without these options',
    );
  }
  refuseUntrainable(parts);
  const missing = characters.filter((char) => !parts.vocabulary.has(char));
  if (missing.length === 0) return parts;
  const all = [...parts.vocabulary.characters, ...missing];
  const model = await grown(parts.model, parts.vocabulary.size, all.length, held.options);
  if (model === undefined) {
    warnOfSkipped(held, missing, 'charRNN() for a new voice: this network has no more room');
    return parts;
  }
  return held.take({ ...parts, model, vocabulary: new Vocabulary('train', all) });
}

/** A network remembers for as many places side by side as it learned from: a copy has no such past. */
export async function withLanes(held: Held, parts: Parts, lanes: number): Promise<Parts> {
  if (held.lanes === undefined || held.lanes === lanes) return parts;
  const files = await parts.model.files({ optimizer: false });
  return held.take({ ...parts, model: await modelOf(files, held.options) });
}

/** A first step, by which it is known whether text and network fit. */
export function firstStep(
  codes: Codes,
  { lanes, sequenceLength }: Plan,
  oneHot: number | undefined,
) {
  const count = lanes * sequenceLength;
  const y = tensor(Float32Array.from(codes.subarray(1, count + 1)), [lanes, sequenceLength]);
  if (oneHot === undefined) {
    return { x: tensor(Float32Array.from(codes.subarray(0, count)), [lanes, sequenceLength]), y };
  }
  const data = new Float32Array(count * oneHot);
  for (let i = 0; i < count; i++) data[i * oneHot + (codes[i] ?? 0)] = 1;
  return { x: tensor(data, [lanes, sequenceLength, oneHot]), y };
}

/** A network that knows nothing yet. */
async function newModel(
  size: number,
  settings: TextSettings,
  seed: number,
  where: CheckedWhere,
): Promise<LayersModel> {
  const { layers, units, cell, embedding: width, dropout: rate } = settings;
  const recurrent = cell === 'gru' ? gru : lstm;
  const oneHot = width === 'oneHot';
  const model = sequential(
    [
      embedding({
        name: 'embedding',
        inputDim: size,
        outputDim: oneHot ? size : width,
        trainable: !oneHot,
      }),
      ...Array.from({ length: layers }, (_, i) => [
        recurrent({ name: `${cell}_${i + 1}`, units, returnSequences: true, stateful: true }),
        ...(rate > 0 ? [dropout({ name: `dropout_${i + 1}`, rate })] : []),
      ]).flat(),
      dense({ name: 'dense', units: size, activation: 'softmax' }),
    ],
    { name: 'voice', seed, ...whereOf(where) },
  );
  if (oneHot) {
    await model.setWeights({
      'embedding/embeddings': { data: identity(size), shape: [size, size], dtype: 'float32' },
    });
  }
  return model;
}

function warnOfSkipped(held: Held, characters: readonly string[], hint: string): void {
  if (characters.length === 0) return;
  const some = characters.slice(0, 12).map((char) => show(char));
  held.warn([
    warning(
      'skipped',
      'train: characters of the text that are not in the vocabulary are left out',
      { characters: some.join(' '), 'there are': characters.length },
      hint,
    ),
  ]);
}

function refuseUntrainable({ model }: Parts): void {
  const shape = model.outputs[0]?.shape ?? [];
  if (model.inputs.length === 1 && shape.length === 3) return;
  fail(
    'train: this network cannot learn here: it must give a guess after every character',
    { output: JSON.stringify(shape), wanted: '[samples, characters, vocabulary]' },
    'charRNN() for a new voice, or a model whose last LSTM has returnSequences: true',
  );
}
