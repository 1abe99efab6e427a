// What can lie on a map: digits, the letters of a voice, pictures of the visitor, rows of a table.
import { charRNN, type FeatureExtractor, featureExtractor, setModelPath } from 'gesso';
import samples from '../../../models/digits/samples.json';
import { parseCsv } from '../../src/csv.js';
import { asDigit, curve, side } from '../digits/asDigit.js';
import { dataAddress, fetchIdx } from './data.js';
import type { Shelved } from './models.js';
import { nameOf } from './nexts.js';
import { tell, texts } from './texts.js';

/** Something on a map. */
export interface Thing {
  /** What it is called, where that is known: for lists, and for those who do not see it. */
  name: string;
  /** Its numbers. */
  row: Float32Array<ArrayBuffer>;
  /** A picture in its own colours, or ink that takes the colour of its name. */
  look: { picture: HTMLCanvasElement } | { ink: HTMLCanvasElement } | { text: string };
}

const digitFile = 'mnist/t10k-images-idx3-ubyte.gz';
const labelFile = 'mnist/t10k-labels-idx1-ubyte.gz';
const mostDigits = 900;
const mostFiles = 1000;
const thumb = 96; // pixels of a picture on the map
const cells = 12; // with no network at hand, pictures are compared by the mean colours of so many cells each way
const sees = 'mobilenet'; // what it makes of a picture says what is in it

/** Handwritten digits: those of MNIST where they are at hand, else drawings of ours, moved about. */
export async function digits(): Promise<Thing[]> {
  const [address, labels] = [await dataAddress(digitFile), await dataAddress(labelFile)];
  if (address === undefined || labels === undefined) return drawnDigits();
  const [{ bytes }, { bytes: names }] = await Promise.all([fetchIdx(address), fetchIdx(labels)]);
  const size = side * side;
  return Array.from({ length: mostDigits }, (_, i) => {
    const ink = bytes.subarray(i * size, (i + 1) * size);
    return digit(ink, String(names[i]));
  });
}

function digit(ink: Uint8Array, name: string): Thing {
  return {
    name: tell(texts.aDigit, { digit: name }),
    row: Float32Array.from(ink, (value) => value / 255),
    look: { ink: inkOf(ink, side) },
  };
}

function drawnDigits(): Thing[] {
  let seed = 11;
  const random = () => {
    seed = (seed * 48271) % 2147483647; // Park and Miller's generator
    return seed / 2147483647 - 0.5;
  };
  return Array.from({ length: 16 }).flatMap(() =>
    samples.digits.map(({ label, strokes }) => {
      const [turn, slant, tall] = [0.4 * random(), 0.4 * random(), 1 + 0.5 * random()];
      const moved = strokes.map((stroke) =>
        curve(
          stroke.map(([x = 0, y = 0]) => {
            const [dx, dy] = [x - 50 + slant * (y - 50), tall * (y - 50)];
            const wobble = 6 * random();
            return [
              dx * Math.cos(turn) - dy * Math.sin(turn) + wobble,
              dx * Math.sin(turn) + dy * Math.cos(turn) + wobble,
            ];
          }),
        ),
      );
      const { data } = asDigit(moved);
      const ink = Uint8Array.from({ length: side * side }, (_, i) => data[4 * i] ?? 0);
      return digit(ink, label);
    }),
  );
}

/** Ink on nothing: black, as opaque as there is ink. */
function inkOf(ink: Uint8Array, size: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size;
  const image = new ImageData(size, size);
  for (const [i, value] of ink.entries()) image.data[4 * i + 3] = value;
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  return canvas;
}

/** The characters of a voice, by what it has learned of each: the weights of its first layer. */
export async function letters(): Promise<Thing[]> {
  const voice = charRNN('shakespeare');
  try {
    const weights = await (await voice.model()).getWeights();
    const [table] = Object.values(weights);
    const width = table?.shape[1] ?? 0;
    return voice.vocabulary.map((char, i) => ({
      name: nameOf(char),
      row: Float32Array.from(table?.data.subarray(i * width, (i + 1) * width) ?? []),
      look: { text: char === ' ' ? '␣' : char === '\n' ? '↵' : char },
    }));
  } finally {
    voice.dispose();
  }
}

/** What files hold: pictures, or the rows of a table. */
export async function fromFiles(files: readonly File[]): Promise<Thing[]> {
  const table = files.find((file) => /\.(csv|tsv|txt)$/i.test(file.name));
  if (table) return fromTable(table.name, await table.text());
  const eyes = await network();
  const found: Thing[] = [];
  try {
    for (const file of files.slice(0, mostFiles)) {
      const picture = await createImageBitmap(file).catch(() => undefined);
      if (picture) found.push(await fromPicture(file.name, picture, eyes));
      picture?.close();
    }
  } finally {
    eyes?.dispose();
  }
  if (found.length < 4) {
    throw new Error(tell(texts.tooFewThings, { count: found.length, files: files.length }));
  }
  return found;
}

/** A network that knows photos, if it is on this machine. */
async function network(): Promise<FeatureExtractor | undefined> {
  const response = await fetch('../models/index.json');
  const models: Shelved[] = response.ok ? await response.json() : [];
  if (!models.some(({ name }) => name === sees)) return undefined;
  setModelPath('../models/');
  return featureExtractor(sees);
}

async function fromPicture(
  name: string,
  bitmap: ImageBitmap,
  eyes: FeatureExtractor | undefined,
): Promise<Thing> {
  const scale = thumb / Math.max(bitmap.width, bitmap.height);
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(scale * bitmap.width));
  canvas.height = Math.max(1, Math.round(scale * bitmap.height));
  const pen = canvas.getContext('2d');
  if (pen) pen.imageSmoothingQuality = 'high';
  pen?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const row = eyes ? Float32Array.from((await eyes.infer(bitmap)).data) : coloursOf(canvas);
  return { name, row, look: { picture: canvas } };
}

function coloursOf(canvas: HTMLCanvasElement): Float32Array<ArrayBuffer> {
  const small = document.createElement('canvas');
  small.width = small.height = cells;
  const smallPen = small.getContext('2d', { willReadFrequently: true });
  if (smallPen) smallPen.imageSmoothingQuality = 'high';
  smallPen?.drawImage(canvas, 0, 0, cells, cells);
  const { data } = smallPen?.getImageData(0, 0, cells, cells) ?? { data: [] };
  const row = Float32Array.from(data).map((value) => value / 255);
  return row.filter((_, i) => i % 4 < 3);
}

/** Rows of a table: its columns of numbers, each brought to mean 0 and deviation 1. */
function fromTable(file: string, text: string): Thing[] {
  const [header = [], ...body] = parseCsv(file, text).map(({ cells }) => cells);
  const isNumber = (cell: string | undefined) =>
    cell !== undefined && cell.trim() !== '' && Number.isFinite(Number(cell));
  const numeric = header.flatMap((_, i) => (body.every((row) => isNumber(row[i])) ? [i] : []));
  const title = header.findIndex((_, i) => !numeric.includes(i));
  if (numeric.length === 0 || body.length < 4) {
    throw new Error(tell(texts.noRows, { file, rows: body.length, columns: numeric.length }));
  }
  const columns = numeric.map((column) => {
    const values = body.map((row) => Number(row[column]));
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
    return values.map((x) => (x - mean) / (Math.sqrt(squares) || 1));
  });
  return body.slice(0, 5000).map((row, i) => ({
    name: (title >= 0 && row[title]) || tell(texts.rowOf, { row: i + 1 }),
    row: Float32Array.from(columns, (column) => column[i] ?? 0),
    look: { text: '●' },
  }));
}
