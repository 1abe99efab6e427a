// Voices as ml5 up to 0.12 has them: a manifest.json, a vocab.json, and one file for each variable.

import type { Place } from '../folder.js';
import type { LayersModel, ModelFiles } from '../layers/layersModel.js';
import {
  countOf,
  dense,
  embedding,
  Folder,
  fail,
  isRecord,
  lstm,
  parseRecord,
  sequential,
  show,
  showShape,
  staysInside,
  whereOf,
} from '../library.js';
import type { CheckedWhere } from '../model.js';
import type { Progress } from '../progress.js';
import type { Tensor } from '../tensor.js';
import { isRecurrent, readCard } from './layersFile.js';
import { readMl5Vocabulary, warningsOf, writeMl5Vocabulary } from './ml5Vocabulary.js';
import type { TextWarning, VoiceCard } from './types.js';
import { type BasicCell, basicOf, kerasOf } from './weights.js';

/** One entry of a manifest. */
interface Variable {
  name: string;
  filename: string;
  shape: number[];
  /** The file of the voice's card: the first variable names it, and ml5 does not look there. */
  card: string | undefined;
}

/** A voice of ml5. */
export interface Ml5Voice {
  characters: string[];
  card: VoiceCard | null;
  warnings: TextWarning[];
  /** Of the manifest. */
  address: string;
  /** Size of all files that were read. */
  bytes: number;
  manifest: Uint8Array<ArrayBuffer>;
  build: (where: CheckedWhere) => Promise<LayersModel>;
}

/** The largest weights that a voice can have, in numbers: 1 GB. */
const most = 2 ** 28;

/** Where codes become one 1 among zeros, their table has the square of this: 256 MB. */
const mostOneHot = 8192;

/** What each variable is for, by its name; anything else is left alone. */
const patterns = {
  kernel: /(?:cell|lstm)_(\d+)\b.*?\/(?:kernels?|weights?|w)$/i,
  bias: /(?:cell|lstm)_(\d+)\b.*?\/(?:bias(?:es)?|b)$/i,
  out: /softmax.*?(?:kernels?|weights?|w)$/i,
  outBias: /softmax.*?(?:bias(?:es)?|b)$/i,
  embedding: /(?:^|\/)embeddings?$/i,
};

/** Reads a folder of ml5. */
export async function readMl5Folder(
  place: Place,
  onProgress?: (progress: Progress) => void,
  signal?: AbortSignal,
): Promise<Ml5Voice> {
  const folder = new Folder(place);
  const manifestName = folder.entry;
  const manifest = joined(await folder.read(manifestName, { signal }));
  const variables = readVariables(folder.nameOf(manifestName), manifest);
  const find = (pattern: RegExp) => variables.find(({ name }) => pattern.test(name));
  const cells = cellsOf(folder.nameOf(manifestName), variables);
  const [out, outBias] = [find(patterns.out), find(patterns.outBias)];
  if (out === undefined || outBias === undefined) {
    refuse(folder, variables, 'rnnlm/softmax_w and rnnlm/softmax_b');
  }
  const table = find(patterns.embedding);
  const wanted = [...cells.flat(), out, outBias, ...(table ? [table] : [])];
  const total = wanted.reduce((sum, { shape }) => sum + 4 * countOf(shape), 0);
  let loaded = 0;
  const read = async ({ name, filename, shape }: Variable): Promise<Float32Array<ArrayBuffer>> => {
    const bytes = joined(await folder.read(filename, { signal }));
    if (bytes.length !== 4 * countOf(shape)) {
      fail(
        `${filename}: the file has another size than the manifest says`,
        {
          address: folder.nameOf(filename),
          variable: name,
          wanted: `${4 * countOf(shape)} bytes for ${showShape(shape)} of float32`,
          found: `${bytes.length} bytes`,
        },
        'copy the file again, as bytes',
      );
    }
    loaded += bytes.length;
    onProgress?.({ loaded, total, file: filename });
    const data = new Float32Array(bytes.buffer);
    const bad = data.findIndex((value) => !Number.isFinite(value));
    if (bad < 0) return data;
    fail(
      `${filename}: a weight is not a number`,
      { address: folder.nameOf(filename), variable: name, place: bad, found: data[bad] },
      'copy the file again, or train the voice again',
    );
  };
  const size = checkSizes(folder, cells, table, out, outBias);
  const vocabulary = new TextDecoder().decode(joined(await folder.read('vocab.json', { signal })));
  const address = folder.nameOf('vocab.json');
  const { characters, repaired } = readMl5Vocabulary(address, vocabulary, size);
  const cardName = variables.find(({ card }) => card !== undefined)?.card;
  const card = cardName === undefined ? null : await folder.readOptional(cardName, signal);
  const basic: BasicCell[] = [];
  for (const [kernel, bias] of cells) {
    const units = (bias.shape[0] ?? 0) / 4;
    const inputs = (kernel.shape[0] ?? 0) - units;
    basic.push({ kernel: await read(kernel), bias: await read(bias), inputs, units });
  }
  const weights = { out: await read(out), outBias: await read(outBias) };
  const rows = table && { data: await read(table), width: table.shape[1] ?? 0 };
  return {
    characters,
    card: card === null ? null : readCard(parseRecord(card)),
    warnings: warningsOf(repaired),
    address: folder.nameOf(manifestName),
    bytes: loaded + manifest.length + vocabulary.length,
    manifest,
    build: (where) => build(basic, weights, rows, size, where),
  };
}

async function build(
  cells: readonly BasicCell[],
  { out, outBias }: { out: Float32Array<ArrayBuffer>; outBias: Float32Array<ArrayBuffer> },
  table: { data: Float32Array<ArrayBuffer>; width: number } | undefined,
  size: number,
  where: CheckedWhere,
): Promise<LayersModel> {
  // They get their weights at once: nothing is to be drawn for them.
  const empty = { kernelInitializer: 'zeros', recurrentInitializer: 'zeros' } as const;
  const width = table?.width ?? size;
  const model = sequential(
    [
      embedding({
        name: 'embedding',
        inputDim: size,
        outputDim: width,
        trainable: table !== undefined,
        embeddingsInitializer: 'zeros',
      }),
      ...cells.map(({ units }, i) =>
        lstm({ ...empty, name: `lstm_${i + 1}`, units, returnSequences: true, stateful: true }),
      ),
      dense({
        name: 'dense',
        units: size,
        activation: 'softmax',
        kernelInitializer: 'zeros',
      }),
    ],
    { name: 'voice', ...whereOf(where) },
  );
  const last = cells.at(-1)?.units ?? 0;
  const tensors: Record<string, Tensor> = {
    'embedding/embeddings': {
      data: table?.data ?? identity(size),
      shape: [size, width],
      dtype: 'float32',
    },
    'dense/kernel': { data: out, shape: [last, size], dtype: 'float32' },
    'dense/bias': { data: outBias, shape: [size], dtype: 'float32' },
  };
  for (const [i, cell] of cells.entries()) {
    const { kernel, recurrent, bias } = kerasOf(cell);
    tensors[`lstm_${i + 1}/kernel`] = kernel;
    tensors[`lstm_${i + 1}/recurrent_kernel`] = recurrent;
    tensors[`lstm_${i + 1}/bias`] = bias;
  }
  try {
    await model.setWeights(tensors);
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}

/** What makes an embedding a way to say "the character with this code": one 1 among zeros. */
export function identity(size: number): Float32Array<ArrayBuffer> {
  const data = new Float32Array(size * size);
  for (let i = 0; i < size; i++) data[i * size + i] = 1;
  return data;
}

function readVariables(address: string, manifest: Uint8Array): Variable[] {
  const content = parseRecord(new TextDecoder().decode(manifest));
  if (typeof content === 'string') {
    fail(
      'manifest.json: this is not the JSON of a voice of ml5',
      { address, reason: content },
      '{ "embedding": { "filename": "embedding", "shape": [65, 128] }, … }',
    );
  }
  return Object.entries(content).map(([name, entry]) => {
    const { filename, shape, card } = isRecord(entry) ? entry : {};
    if (typeof filename !== 'string' || !staysInside(filename)) {
      fail(
        'manifest.json: a variable must name a file inside the folder',
        { address, variable: name, filename: show(filename) },
        '"filename": "embedding"',
      );
    }
    const isSize = (size: unknown) => Number.isSafeInteger(size) && Number(size) > 0;
    if (!Array.isArray(shape) || !shape.every(isSize) || countOf(shape as number[]) > most) {
      fail(
        'manifest.json: a variable has no shape',
        { address, variable: name, shape: JSON.stringify(shape) },
        '"shape": [65, 128]',
      );
    }
    const isCard = typeof card === 'string' && staysInside(card);
    return { name, filename, shape: shape as number[], card: isCard ? card : undefined };
  });
}

/** Whether a manifest.json is that of a voice: pages have files of this name, too. */
export function isOfVoice(manifest: string): boolean {
  const content = parseRecord(manifest);
  return (
    typeof content !== 'string' && Object.keys(content).some((key) => patterns.kernel.test(key))
  );
}

/** Weights and bias of every cell, the first layer first. */
function cellsOf(
  address: string,
  variables: readonly Variable[],
): [kernel: Variable, bias: Variable][] {
  const byNumber = (pattern: RegExp) =>
    new Map(
      variables.flatMap((variable) => {
        const number = pattern.exec(variable.name)?.[1];
        return number === undefined ? [] : [[Number(number), variable] as const];
      }),
    );
  const kernels = byNumber(patterns.kernel);
  const biases = byNumber(patterns.bias);
  const numbers = [...kernels.keys()].sort((a, b) => a - b);
  const first = numbers[0] ?? 0;
  const cells = numbers.map((number, i) => {
    const [kernel, bias] = [kernels.get(number), biases.get(number)];
    if (number === first + i && kernel && bias) return [kernel, bias] as [Variable, Variable];
    return fail(
      'manifest.json: the cells are not whole',
      { address, kernels: numbers.join(', '), biases: [...biases.keys()].join(', ') },
      'a kernel and a bias for every layer, counted without gaps',
    );
  });
  if (cells.length > 0) return cells;
  fail(
    'manifest.json: this is no voice of ml5: it has no LSTM cells',
    {
      address,
      variables:
        variables
          .slice(0, 6)
          .map(({ name }) => name)
          .join(', ') || 'none',
    },
    'the folder that training-charRNN wrote, or loadModel() for other models',
  );
}

/** Refuses shapes that do not belong together; gives how many characters there are. */
function checkSizes(
  folder: Folder,
  cells: readonly [kernel: Variable, bias: Variable][],
  table: Variable | undefined,
  out: Variable,
  outBias: Variable,
): number {
  const size = outBias.shape[0] ?? 0;
  const wrong = ({ name, shape }: Variable, wanted: readonly number[]): void => {
    if (JSON.stringify(shape) === JSON.stringify(wanted)) return;
    fail(
      'manifest.json: the variables do not fit together',
      {
        address: folder.nameOf(folder.entry),
        variable: name,
        shape: showShape(shape),
        wanted: showShape(wanted),
      },
      'a manifest with the files of one training',
    );
  };
  if (!table && size > mostOneHot) {
    fail(
      'manifest.json: there are too many characters for a voice without an embedding',
      { address: folder.nameOf(folder.entry), characters: size, most: mostOneHot },
      'a text with fewer characters, or a voice that was trained with an embedding',
    );
  }
  let inputs = table ? (table.shape[1] ?? 0) : size;
  if (table) wrong(table, [size, inputs]);
  for (const [kernel, bias] of cells) {
    const units = Math.max(1, Math.floor((bias.shape[0] ?? 0) / 4));
    wrong(bias, [4 * units]);
    wrong(kernel, [inputs + units, 4 * units]);
    inputs = units;
  }
  wrong(out, [inputs, size]);
  wrong(outBias, [size]);
  return size;
}

function refuse(folder: Folder, variables: readonly Variable[], needed: string): never {
  fail(
    'manifest.json: a variable is missing',
    {
      address: folder.nameOf(folder.entry),
      needed,
      'there are': variables.map(({ name }) => name).join(', '),
    },
    'the manifest that training-charRNN wrote',
  );
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/**
 * A voice as files for ml5. It reads two layers of LSTM and no others: with one it fails, and of three
 * it asks the second.
 *
 * @param layers class names of the layers that have a meaning here, in order
 * @param card goes into a file of its own, which ml5 does not read
 */
export function writeMl5Folder(
  characters: readonly string[],
  layers: readonly { className: string; name: string }[],
  weights: Readonly<Record<string, Tensor>>,
  card: VoiceCard | null,
): ModelFiles {
  const recurrent = layers.filter(({ className }) => isRecurrent(className));
  const kinds = recurrent.map(({ className }) => className);
  if (kinds.length !== 2 || kinds.some((kind) => kind !== 'LSTM')) {
    fail(
      'save: ml5 cannot read this voice: it knows two layers of LSTM, and nothing else',
      { layers: kinds.join(', ') },
      "format: 'html' or 'gesso'; or train with { layers: 2, cell: 'lstm' }",
    );
  }
  const of = (name: string): Tensor => {
    const weight = weights[name];
    if (weight) return weight;
    return fail(
      'save: ml5 cannot read this voice: a weight is missing',
      { weight: name, known: Object.keys(weights).join(', ') },
      "format: 'html' or 'gesso'",
    );
  };
  const [table] = layers.filter(({ className }) => className === 'Embedding');
  const last = layers.at(-1)?.name ?? '';
  const size = characters.length;
  const variables: [name: string, data: Float32Array<ArrayBuffer>, shape: number[]][] = [];
  if (table) {
    const { data, shape } = of(`${table.name}/embeddings`);
    variables.push(['embedding', data as Float32Array<ArrayBuffer>, shape]);
  }
  for (const [i, { name }] of recurrent.entries()) {
    const [kernel, recurrentKernel] = [of(`${name}/kernel`), of(`${name}/recurrent_kernel`)];
    const cell = basicOf({ kernel, recurrent: recurrentKernel, bias: of(`${name}/bias`) });
    const path = `rnnlm/multi_rnn_cell/cell_${i}/basic_lstm_cell`;
    const rows = cell.inputs + cell.units;
    variables.push([`${path}/kernel`, cell.kernel, [rows, 4 * cell.units]]);
    variables.push([`${path}/bias`, cell.bias, [4 * cell.units]]);
  }
  const out = of(`${last}/kernel`);
  variables.push(['rnnlm/softmax_w', out.data as Float32Array<ArrayBuffer>, out.shape]);
  const outBias = of(`${last}/bias`);
  variables.push(['rnnlm/softmax_b', outBias.data as Float32Array<ArrayBuffer>, [size]]);

  const files: ModelFiles = new Map();
  const encoder = new TextEncoder();
  const manifest: Record<string, { filename: string; shape: number[]; card?: string }> = {};
  for (const [name, data, shape] of variables) {
    const filename = name.replaceAll('/', '_');
    const isFirst = files.size === 0;
    manifest[name] = { filename, shape, ...(card && isFirst && { card: 'card.json' }) };
    files.set(filename, new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice());
  }
  if (card) files.set('card.json', encoder.encode(JSON.stringify(card)));
  files.set('manifest.json', encoder.encode(JSON.stringify(manifest)));
  files.set('vocab.json', encoder.encode(writeMl5Vocabulary(characters)));
  return files;
}
