// Where examples and saved networks come from: tables as CSV or JSON, pictures, files.
import { parseCsv } from '../csv.js';
import { fail, messageOf } from '../errors.js';
import { baseName, Folder } from '../folder.js';
import type { Pixels } from '../image.js';
import type { ModelFiles } from '../layers/layersModel.js';
import { stored } from '../layers/storage.js';
import { isRecord } from '../options.js';
import { platform } from '../platform.js';
import { locate, type ModelSource } from '../source.js';
import { show } from '../tensor.js';

/** The text of a table, and what messages call it. */
export async function readText(
  source: string | URL | Blob | FileList,
): Promise<{ name: string; text: string }> {
  const blob = source instanceof Blob ? source : isFiles(source) ? source[0] : undefined;
  if (blob) {
    return { name: 'name' in blob ? String(blob.name) : 'loadData', text: await blob.text() };
  }
  const text = String(source);
  if (/\n|^\s*[[{]/.test(text)) return { name: 'loadData', text };
  const address = platform.resolve(text);
  const response = await platform.fetch(address).catch((error: unknown) => {
    fail('loadData: the file cannot be read', { address, reason: messageOf(error) }, 'its address');
  });
  if (response.ok) return { name: baseName(text) || 'loadData', text: await response.text() };
  const answer = `${response.status} ${response.statusText}`.trim();
  fail('loadData: the file is not there', { address, answer }, 'the address of a CSV or JSON file');
}

function isFiles(source: unknown): source is FileList {
  return isRecord(source) && 'length' in source && 'item' in source;
}

/** The rows of a table by column, and a way to say where a row is. */
export interface Table {
  rows: Record<string, unknown>[];
  lineOf: (row: number) => string;
}

/**
 * Reads a table.
 *
 * @param name what messages call the file
 * @throws MLError when a line has more or fewer cells than the first
 */
export function readTable(name: string, text: string): Table {
  return /^\s*[[{]/.test(text) ? readJsonTable(name, text) : readCsvTable(name, text);
}

function readCsvTable(name: string, text: string): Table {
  const [header, ...lines] = parseCsv(name, text);
  const names = header?.cells ?? [];
  const twice = names.find((column, i) => names.indexOf(column) !== i);
  if (twice !== undefined) {
    fail(
      `${name}: two columns are called "${twice}"`,
      { columns: names.join(', ') },
      'other names',
    );
  }
  const rows = lines.map(({ line, cells }) => {
    if (cells.length !== names.length) {
      fail(
        `${name}: a row has another number of cells than the first line`,
        { line, cells: cells.length, columns: names.length },
        'quotes around cells that hold a separator',
      );
    }
    return Object.fromEntries(names.map((column, i) => [column, cells[i]]));
  });
  return { rows, lineOf: (row) => `line ${lines[row]?.line}` };
}

function readJsonTable(name: string, text: string): Table {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    fail(`${name}: this is not JSON`, { reason: messageOf(error) }, 'a list of objects');
  }
  const lists = isRecord(content) ? Object.values(content) : [content];
  const rows = lists.find((list) => Array.isArray(list));
  if (!Array.isArray(rows)) {
    fail(
      `${name}: there is no list of examples`,
      { found: show(content) },
      '{ "data": [{ "xs": { … }, "ys": { … } }] }, or a list of objects',
    );
  }
  for (const [i, row] of rows.entries()) {
    if (isRecord(row)) continue;
    fail(
      `${name}: a row is not an object`,
      { row: i + 1, given: show(row) },
      '{ "column": value }',
    );
  }
  return { rows: rows as Record<string, unknown>[], lineOf: (row) => `row ${row + 1}` };
}

/**
 * The cells of a column as numbers or words. A column of texts holds numbers when most of them are
 * numbers; those that are not stay as they are, to be refused with their place.
 *
 * @param words whether the column holds words whatever they look like
 */
export function typed(cells: readonly unknown[], words: boolean): unknown[] {
  if (words) return cells.map((cell) => (typeof cell === 'number' ? `${cell}` : cell));
  const numbers = cells.map((cell) =>
    typeof cell === 'string' && cell.trim() !== '' ? Number(cell) : Number.NaN,
  );
  const count = numbers.filter((value) => !Number.isNaN(value)).length;
  const isNumbers = count * 2 > cells.filter((cell) => typeof cell === 'string').length;
  return cells.map((cell, i) => {
    if (Array.isArray(cell)) return Float32Array.from(cell, Number);
    return isNumbers && !Number.isNaN(numbers[i]) ? numbers[i] : cell;
  });
}

/** The mean colour of the pixels under each cell of a smaller grid, from 0 to 255. */
export function resized(
  { width, height, data }: Pixels,
  [columns, rows, channels]: readonly [number, number, number],
): Float32Array {
  const result = new Float32Array(columns * rows * channels);
  const place = (i: number, from: number, to: number) => Math.floor((i * from) / to);
  for (let row = 0; row < rows; row++) {
    const top = place(row, height, rows);
    const bottom = Math.max(top + 1, place(row + 1, height, rows));
    for (let column = 0; column < columns; column++) {
      const left = place(column, width, columns);
      const right = Math.max(left + 1, place(column + 1, width, columns));
      const sum = [0, 0, 0, 0];
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) {
          for (let c = 0; c < 4; c++) sum[c] = (sum[c] ?? 0) + (data[4 * (y * width + x) + c] ?? 0);
        }
      }
      const pixels = (bottom - top) * (right - left);
      const [red = 0, green = 0, blue = 0, alpha = 0] = sum.map((value) => value / pixels);
      // One channel is brightness as the eye weighs it: Rec. 601.
      const colours =
        channels === 1
          ? [0.299 * red + 0.587 * green + 0.114 * blue]
          : [red, green, blue, alpha].slice(0, channels);
      result.set(colours, (row * columns + column) * channels);
    }
  }
  return result;
}

/** A saved network: its model, and the text that tells its columns. */
export async function readNetwork(
  source: ModelSource,
): Promise<{ files: ModelSource; meta: string; name: string }> {
  const given = await stored(source);
  if (typeof given === 'string' || given instanceof URL) return readBeside(given);
  const all = given instanceof Map ? (given as ModelFiles) : byName(given as ArrayLike<File>);
  const name = [...all.keys()].find((key) => key.endsWith('_meta.json'));
  const meta = name === undefined ? undefined : all.get(name);
  if (name === undefined || meta === undefined) {
    fail(
      'load: none of these files tells the columns of the network',
      { given: [...all.keys()].join(', ') },
      'the …_meta.json that was saved with the model, together with its other files',
    );
  }
  const files = new Map([...all].filter(([key]) => key !== name));
  return { files: files as ModelFiles, meta: await new Blob([meta]).text(), name };
}

function byName(files: ArrayLike<File>): Map<string, Blob | Uint8Array<ArrayBuffer>> {
  return new Map(Array.from(files, (file) => [file.name, file]));
}

/** `clouds.json` has its columns in `clouds_meta.json` beside it. */
async function readBeside(
  source: string | URL,
): Promise<{ files: ModelSource; meta: string; name: string }> {
  const { places } = await locate('load', source);
  const [place] = places;
  if (place === undefined) fail('load: there is no place to look', {}, "'./model/model.json'");
  const folder = new Folder(place);
  const name = folder.entry.replace(/\.json$/, '_meta.json');
  const meta = await folder.readOptional(name);
  if (meta === null) {
    fail(
      'load: nothing beside the model tells its columns',
      { wanted: folder.nameOf(name) },
      `${name} beside ${folder.entry}, as save() or ml5 wrote it`,
    );
  }
  return { files: source, meta, name };
}
