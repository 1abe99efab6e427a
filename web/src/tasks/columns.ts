// The columns of a table of examples: numbers, words or pictures, and how each becomes numbers.
import { fail } from '../errors.js';
import { isRecord } from '../options.js';
import { show } from '../tensor.js';

/** A number, a word, or the numbers of a picture from 0 to 255. */
export type Cell = number | string | Float32Array;

/** One column: what it holds, and what it has held so far. */
export type Column =
  | { kind: 'number'; name: string; least: number; largest: number }
  | { kind: 'word'; name: string; words: string[] }
  | { kind: 'picture'; name: string; shape: readonly [number, number, number] };

/** How many numbers a column becomes. */
export function widthOf(column: Column): number {
  if (column.kind === 'number') return 1;
  if (column.kind === 'word') return column.words.length;
  return column.shape[0] * column.shape[1] * column.shape[2];
}

/** How many numbers a row becomes. */
export function widthOfAll(columns: readonly Column[]): number {
  return columns.reduce((sum, column) => sum + widthOf(column), 0);
}

/** A column for cells like this one. */
export function columnFor(
  name: string,
  cell: Cell,
  shape: readonly [number, number, number] | undefined,
): Column {
  if (typeof cell === 'string') return { kind: 'word', name, words: [] };
  if (typeof cell === 'number') {
    return {
      kind: 'number',
      name,
      least: Number.POSITIVE_INFINITY,
      largest: Number.NEGATIVE_INFINITY,
    };
  }
  return { kind: 'picture', name, shape: shape ?? [cell.length, 1, 1] };
}

/**
 * Refuses a cell that is missing or of another kind than its column.
 *
 * @param where the row, to say where the cell is
 */
export function checkCell(who: string, where: string, column: Column, cell: unknown): Cell {
  const { name, kind } = column;
  const place = `${where}, column "${name}"`;
  if (cell === undefined || cell === null || cell === '') {
    fail(`${who}: a value is missing`, { in: place }, 'a value there, or leave the row out');
  }
  if (kind === 'number' && (typeof cell !== 'number' || !Number.isFinite(cell))) {
    fail(
      `${who}: a value is not a number`,
      { in: place, given: show(cell) },
      'a number there, or leave the row out',
    );
  }
  if (kind === 'word' && typeof cell !== 'string') {
    fail(
      `${who}: a value is not a word, as in the rows before`,
      { in: place, given: show(cell) },
      `'${String(cell)}' in quotes, if it stands for a class`,
    );
  }
  if (kind === 'picture' && !(cell instanceof Float32Array && cell.length === widthOf(column))) {
    fail(
      `${who}: a value is not a picture of the same size`,
      { in: place, given: show(cell), wanted: column.shape.join(' × ') },
      'pictures only, or numbers only',
    );
  }
  return cell as Cell;
}

/** Takes note of what a column holds. */
export function learnCell(column: Column, cell: Cell): void {
  if (column.kind === 'number' && typeof cell === 'number') {
    column.least = Math.min(column.least, cell);
    column.largest = Math.max(column.largest, cell);
  }
  if (column.kind === 'word' && typeof cell === 'string' && !column.words.includes(cell)) {
    column.words.push(cell);
  }
}

/** Writes the numbers of a row, one column after the other. */
export function encode(
  who: string,
  columns: readonly Column[],
  row: readonly Cell[],
  normalized: boolean,
  into: Float32Array,
): void {
  let at = 0;
  for (const [i, column] of columns.entries()) {
    const cell = row[i];
    if (column.kind === 'number')
      into[at] = normalized ? scaled(column, Number(cell)) : Number(cell);
    else if (column.kind === 'word') into[at + placeOf(who, column, String(cell))] = 1;
    else into.set(pixelsOf(cell as Float32Array, normalized), at);
    at += widthOf(column);
  }
}

/** The numbers of a picture as they go in. */
function pixelsOf(pixels: Float32Array, normalized: boolean): Float32Array {
  return normalized ? pixels.map((value) => value / 255) : pixels;
}

type Numbers = Column & { kind: 'number' };

/** 0 at the least value of the column, 1 at the largest; 0 where all are equal. */
function scaled({ least, largest }: Numbers, value: number): number {
  return largest > least ? (value - least) / (largest - least) : value - least;
}

/** The way back. */
export function unscaled({ least, largest }: Numbers, value: number): number {
  return largest > least ? least + value * (largest - least) : value + least;
}

function placeOf(who: string, { name, words }: Column & { kind: 'word' }, word: string): number {
  const place = words.indexOf(word);
  if (place >= 0) return place;
  fail(
    `${who}: the network has never seen this word`,
    { column: name, given: show(word), known: words.slice(0, 12).join(', ') },
    'one of the words in the examples',
  );
}

/** What ml5 writes beside a network: `model_meta.json`. */
export interface Meta {
  inputUnits: number | number[];
  outputUnits: number;
  inputs: Record<string, MetaColumn>;
  outputs: Record<string, MetaColumn>;
  isNormalized: boolean;
}

interface MetaColumn {
  dtype: string;
  min?: number;
  max?: number;
  uniqueValues?: string[];
  legend?: Record<string, number[]>;
}

export function writeMeta(
  inputs: readonly Column[],
  outputs: readonly Column[],
  isNormalized: boolean,
): Meta {
  const [first] = inputs;
  return {
    inputUnits: first?.kind === 'picture' ? [...first.shape] : [widthOfAll(inputs)],
    outputUnits: widthOfAll(outputs),
    inputs: Object.fromEntries(inputs.map((column) => [column.name, writeColumn(column)])),
    outputs: Object.fromEntries(outputs.map((column) => [column.name, writeColumn(column)])),
    isNormalized,
  };
}

function writeColumn(column: Column): MetaColumn {
  if (column.kind === 'number') return { dtype: 'number', min: column.least, max: column.largest };
  if (column.kind === 'picture') return { dtype: 'array', min: 0, max: 255 };
  const { words } = column;
  const hot = (word: string) => words.map((other) => Number(other === word));
  return {
    dtype: 'string',
    min: 0,
    max: 1,
    uniqueValues: [...words],
    legend: Object.fromEntries(words.map((word) => [word, hot(word)])),
  };
}

/** The columns that a `…_meta.json` tells of, as gesso or ml5 wrote it. */
export function readMeta(
  name: string,
  text: string,
): { inputs: Column[]; outputs: Column[]; isNormalized: boolean } {
  const refuse = (field: string): never =>
    fail(
      `${name}: this does not tell the columns of a network`,
      { field },
      'the …_meta.json that save() or ml5 wrote',
    );
  let meta: unknown;
  try {
    meta = JSON.parse(text);
  } catch {
    return refuse('it is not JSON');
  }
  const { inputs, outputs, inputUnits, isNormalized } = isRecord(meta) ? meta : {};
  if (!isRecord(inputs) || Object.keys(inputs).length === 0) return refuse('inputs');
  if (!isRecord(outputs) || Object.keys(outputs).length === 0) return refuse('outputs');
  const columns = (given: Record<string, unknown>) =>
    Object.entries(given).map(
      ([key, column]) => readColumn(key, column, inputUnits) ?? refuse(key),
    );
  return {
    inputs: columns(inputs),
    outputs: columns(outputs),
    isNormalized: isNormalized === true,
  };
}

function readColumn(name: string, given: unknown, units: unknown): Column | undefined {
  if (!isRecord(given)) return undefined;
  const { dtype, min, max, legend } = given;
  if (dtype === 'string' && isRecord(legend)) {
    // The legend, not its order in the file, tells the place of each word: keys that look like
    // numbers come first in every object.
    const hot = Object.entries(legend).map(([word, row]) => {
      return { word, place: Array.isArray(row) ? row.indexOf(1) : -1 };
    });
    const words = hot.sort((a, b) => a.place - b.place).map(({ word }) => word);
    return hot.every(({ place }, i) => place === i) ? { kind: 'word', name, words } : undefined;
  }
  if (dtype === 'number') {
    const known = typeof min === 'number' && typeof max === 'number';
    return { kind: 'number', name, least: known ? min : 0, largest: known ? max : 1 };
  }
  const sizes = Array.isArray(units) ? units.map(Number) : [];
  const [width, height, channels] = sizes;
  if (dtype !== 'array' || !width || !height || !channels) return undefined;
  return { kind: 'picture', name, shape: [width, height, channels] };
}
