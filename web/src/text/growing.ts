// Gives a voice room for more characters, without its forgetting those that it knows.
import type { LayersModel, ModelFiles } from '../layers/layersModel.js';
import type { CheckedWhere } from '../model.js';
import type { Tensor } from '../tensor.js';
import { isRecurrent, LayersFile } from './layersFile.js';
import { identity } from './ml5Folder.js';
import { modelOf } from './reading.js';

/**
 * The same voice for more characters; undefined where its network has no place for them.
 *
 * @param from how many it knows
 * @param to how many it is to know
 */
export async function grown(
  model: LayersModel,
  from: number,
  to: number,
  where: CheckedWhere,
): Promise<LayersModel | undefined> {
  const files = await model.files({ optimizer: false });
  const file = new LayersFile('model.json', files.get('model.json') ?? new Uint8Array());
  const layers = file.layers();
  const table = layers.find(
    ({ className, config }) => className === 'Embedding' && config.input_dim === from,
  );
  const out = layers.filter(({ className }) => className === 'Dense').at(-1);
  if (table === undefined || out?.config.units !== from) return undefined;
  const weights = await model.getWeights();
  const change = (name: string, make: (before: Tensor) => Tensor): void => {
    const before = weights[name];
    if (before) weights[name] = make(before);
  };
  const oneHot = table.config.trainable === false && table.config.output_dim === from;
  table.config.input_dim = to;
  out.config.units = to;
  if (oneHot) {
    table.config.output_dim = to;
    const first = layers.slice(layers.indexOf(table)).find((each) => isRecurrent(each.className));
    change(`${table.config.name}/embeddings`, () => {
      return { data: identity(to), shape: [to, to], dtype: 'float32' };
    });
    change(`${first?.config.name}/kernel`, (kernel) => moreRows(kernel, to, () => 0));
  } else {
    change(`${table.config.name}/embeddings`, (rows) => moreRows(rows, to, meanOf(rows)));
  }
  change(`${out.config.name}/kernel`, (kernel) => moreColumns(kernel, to));
  change(`${out.config.name}/bias`, (bias) => moreRows(bias, to, () => leastOf(bias)));
  return modelOf(rewritten(files, file, weights), where);
}

/** New characters begin as the mean of those that are known. */
function meanOf({ data, shape }: Tensor): (column: number) => number {
  const [rows = 1, columns = 1] = shape;
  const means = new Float64Array(columns);
  for (const [i, value] of data.entries()) means[i % columns] = (means[i % columns] ?? 0) + value;
  return (column) => (means[column] ?? 0) / rows;
}

/** New characters begin as improbable as the rarest. */
function leastOf({ data }: Tensor): number {
  let least = 0;
  for (const value of data) least = Math.min(least, value);
  return least;
}

function moreRows(
  { data, shape }: Tensor,
  rows: number,
  fresh: (column: number) => number,
): Tensor {
  const [, columns = 1] = shape;
  const made = new Float32Array(rows * columns);
  made.set(data);
  for (let i = data.length; i < made.length; i++) made[i] = fresh(i % columns);
  return { data: made, shape: [rows, ...shape.slice(1)], dtype: 'float32' };
}

function moreColumns({ data, shape }: Tensor, columns: number): Tensor {
  const [rows = 0, before = 1] = shape;
  const made = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    made.set(data.subarray(row * before, (row + 1) * before), row * columns);
  }
  return { data: made, shape: [rows, columns], dtype: 'float32' };
}

/** The files with other weights, in the order in which they name them. */
function rewritten(
  files: ModelFiles,
  file: LayersFile,
  weights: Readonly<Record<string, Tensor>>,
): ModelFiles {
  const [group] = file.content.weightsManifest as [
    { paths: [string]; weights: { name: string; shape: number[] }[] },
  ];
  const parts = group.weights.map((entry) => {
    const { data, shape } = weights[entry.name] ?? { data: new Float32Array(), shape: entry.shape };
    entry.shape = shape;
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  });
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  const result: ModelFiles = new Map(files);
  result.set(group.paths[0], bytes);
  result.set('model.json', file.bytes());
  return result;
}
