// Sets of examples as files: our own, those of TensorFlow.js' KNN classifier, and those of ml5.
import type { ModelFiles } from '../layers/layersModel.js';
import {
  Folder,
  fail,
  isPlainObject,
  isRecord,
  locate,
  messageOf,
  readOptions,
  show,
  stored,
} from '../library.js';
import type { ModelSource } from '../source.js';
import type { KnnDataset, SaveKnnOptions } from './types.js';

/** What messages of load() begin with. */
const who = 'load';

/** The label of one example. */
export type Example = string;

/** Examples in the order in which they were added. */
export interface Dataset {
  examples: Example[];
  /** [examples, width] */
  numbers: Float32Array<ArrayBuffer>;
  width: number;
}

/** data.json of our own format; data.bin has the numbers, little-endian, [examples, width]. */
interface OwnFile {
  format: 'gesso-knn';
  version: 1;
  width: number;
  /** Each once; */
  labels: string[];
  /** and which of them each example has. */
  examples: number[];
}

const mainFile = 'data.json';
const numbersFile = 'data.bin';

/** The files of a set of examples. */
export function writeDataset(dataset: Dataset, options: SaveKnnOptions): ModelFiles {
  const { format } = readOptions('save', options, { format: ['gesso', 'tfjs', 'ml5'] });
  if (format !== 'gesso') return new Map([[mainFile, json(byLabel(dataset, format))]]);
  const labels = [...new Set(dataset.examples)];
  const numberOf = new Map(labels.map((label, i) => [label, i]));
  const own: OwnFile = {
    format: 'gesso-knn',
    version: 1,
    width: dataset.width,
    labels,
    examples: dataset.examples.map((label) => numberOf.get(label) ?? 0),
  };
  return new Map([
    [mainFile, json(own)],
    [numbersFile, new Uint8Array(dataset.numbers.buffer).slice()],
  ]);
}

function json(content: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(content));
}

function byLabel({ examples, numbers, width }: Dataset, format: 'tfjs' | 'ml5'): unknown {
  const rows = new Map<string, number[]>();
  for (const [i, label] of examples.entries()) {
    const row = rows.get(label) ?? [];
    for (const x of numbers.subarray(i * width, (i + 1) * width)) row.push(x);
    rows.set(label, row);
  }
  const all = [...rows].map(([label, row]) => ({ label, row, shape: [row.length / width, width] }));
  if (format === 'tfjs') return all.map(({ label, row, shape }) => [label, row, shape]);
  const dataset = all.map(({ label, row, shape }, id) => {
    const tensor = { shape, dtype: 'float32', size: row.length, strides: [width], id };
    return [id, { ...tensor, rankType: '2', label }];
  });
  return { dataset: Object.fromEntries(dataset), tensors: all.map(({ row }) => row) };
}

/**
 * Reads a set of examples, wherever it is.
 *
 * @param width numbers in an example, for a file that does not tell
 * @throws MLError naming what is wrong with a file
 */
export async function readDataset(
  source: ModelSource | KnnDataset,
  width: number | undefined,
): Promise<Dataset> {
  const isContent = isPlainObject(source) || (Array.isArray(source) && !isFiles(source));
  if (isContent) return readContent('the examples', source, width);
  const given = await stored(source as ModelSource);
  const { places } = await locate(who, withFile(given));
  const [place] = places;
  if (place === undefined) fail(`${who}: there is no place to look`, {}, "'./examples/data.json'");
  const folder = new Folder(place);
  const content = parse(folder.entry, await textOf(folder));
  if (!isRecord(content) || content.format !== 'gesso-knn') {
    return readContent(folder.entry, content, width);
  }
  const beside =
    folder.entry === mainFile ? numbersFile : folder.entry.replace(/json$/, numbersFile);
  const pieces = await folder.read(beside);
  const bytes = await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer();
  return readOwn(folder.entry, content, bytes);
}

function isFiles(list: readonly unknown[]): boolean {
  return typeof File !== 'undefined' && list[0] instanceof File;
}

/** A path or an address without the name of a file is that of a folder. */
function withFile(source: ModelSource): ModelSource {
  if (typeof source !== 'string' && !(source instanceof URL)) return source;
  const text = String(source);
  return /\.json([?#]|$)/.test(text) ? text : `${text.replace(/[\\/]$/, '')}/${mainFile}`;
}

async function textOf(folder: Folder): Promise<string> {
  const pieces = await folder.read(folder.entry);
  return new Blob(pieces as Uint8Array<ArrayBuffer>[]).text();
}

function parse(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    fail(`${who}: ${name} is not JSON`, { reason: messageOf(error) }, 'a file that save() wrote');
  }
}

function readOwn(name: string, content: Record<string, unknown>, bytes: ArrayBuffer): Dataset {
  const { version, width, labels, examples } = content;
  if (version !== 1) {
    fail(
      `${who}: ${name} is of another version`,
      { version: show(version), known: 1 },
      'a newer gesso',
    );
  }
  const isWidth = Number.isInteger(width) && Number(width) >= 0;
  if (!isWidth || !isTexts(labels) || !isIndices(examples, labels.length)) {
    refuse(name, 'width, labels and examples do not fit together');
  }
  if (bytes.byteLength !== 4 * Number(width) * examples.length) {
    fail(
      `${who}: the numbers beside ${name} are not whole`,
      { wanted: `${4 * Number(width) * examples.length} bytes`, found: bytes.byteLength },
      'both files as save() wrote them',
    );
  }
  return {
    examples: examples.map((i) => labels[i] ?? ''),
    numbers: new Float32Array(bytes),
    width: Number(width),
  };
}

/** A file of TensorFlow.js' KNN classifier or of ml5. */
function readContent(name: string, content: unknown, width: number | undefined): Dataset {
  const groups = isRecord(content) ? groupsOf(name, content, width) : pairsOf(name, content);
  const wide = groups[0]?.width ?? 0;
  const examples: string[] = [];
  const numbers = new Float32Array(groups.reduce((sum, { values }) => sum + values.length, 0));
  let at = 0;
  for (const { label, values, width } of groups) {
    if (width !== wide) {
      fail(
        `${who}: the examples in ${name} differ in length`,
        { [label]: `${width} numbers`, [groups[0]?.label ?? '']: `${wide}` },
        'examples of one kind',
      );
    }
    numbers.set(values, at);
    at += values.length;
    for (let i = 0; i < values.length / wide; i++) examples.push(label);
  }
  return { examples, numbers, width: wide };
}

/** The examples of one label. */
interface Group {
  label: string;
  values: number[];
  width: number;
}

/** `[[label, numbers, [examples, width]]]`, as TensorFlow.js' own example writes it. */
function pairsOf(name: string, content: unknown): Group[] {
  if (!Array.isArray(content)) refuse(name, 'there is no list of labels');
  return content.map((entry: unknown) => {
    const [label, values, shape] = Array.isArray(entry) ? entry : [];
    return groupOf(name, String(label), values, shape);
  });
}

/** ml5's `{ dataset, tensors }`, or an object with a list of rows for each label. */
function groupsOf(
  name: string,
  content: Record<string, unknown>,
  width: number | undefined,
): Group[] {
  const { dataset, tensors } = content;
  if (isRecord(dataset) && Array.isArray(tensors)) {
    return Object.entries(dataset).flatMap(([key, entry], i) => {
      if (entry === null || tensors[i] === null) return [];
      const { label = key, shape } = isRecord(entry) ? entry : {};
      const values = isRecord(tensors[i]) ? Object.values(tensors[i]) : tensors[i];
      return [groupOf(name, String(label), values, shape)];
    });
  }
  return Object.entries(content).map(([label, rows]) => {
    if (!Array.isArray(rows)) refuse(name, `"${label}" has no list of numbers`);
    const nested = Array.isArray(rows[0]);
    const wide = nested ? rows[0].length : width;
    if (wide === undefined) {
      fail(
        `${who}: ${name} does not tell how many numbers an example has`,
        { [label]: `${rows.length} numbers` },
        'load(source, { width: 1024 })',
      );
    }
    if (nested && rows.some((row) => !Array.isArray(row) || row.length !== wide)) {
      refuse(name, `the examples of "${label}" differ in length`);
    }
    const values = nested ? rows.flat() : rows;
    return groupOf(name, label, values, [values.length / wide, wide]);
  });
}

function groupOf(name: string, label: string, values: unknown, shape: unknown): Group {
  const [count = -1, width = 0] = isIndices(shape, Number.POSITIVE_INFINITY) ? shape : [];
  if (!Array.isArray(values) || values.length !== count * width || width < 1) {
    refuse(name, `the numbers of "${label}" do not fit their shape`);
  }
  if (!values.every((value) => typeof value === 'number')) {
    refuse(name, `"${label}" holds something other than numbers`);
  }
  return { label, values, width };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function isIndices(value: unknown, end: number): value is number[] {
  return (
    Array.isArray(value) && value.every((each) => Number.isInteger(each) && each >= 0 && each < end)
  );
}

function refuse(name: string, what: string): never {
  fail(
    `${who}: ${name} is no set of examples`,
    { because: what },
    "what save() wrote, or TensorFlow.js' KNN classifier or ml5",
  );
}
