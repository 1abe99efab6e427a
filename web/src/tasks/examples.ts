// The examples of a network: rows in whatever form they are given, as cells of columns.
import { fail } from '../errors.js';
import { type ImageSource, pixelsOf, takePicture } from '../image.js';
import { isPlainObject, isRecord, nearest } from '../options.js';
import { show, type Tensor } from '../tensor.js';
import {
  type Cell,
  type Column,
  checkCell,
  columnFor,
  encode,
  learnCell,
  widthOfAll,
} from './columns.js';
import type { Row, Value } from './neuralNetwork.js';
import { resized } from './tables.js';

/** A value and the column that it belongs to. */
export interface Named<T> {
  name: string;
  cell: T;
}

/** One example. */
interface Example {
  xs: Cell[];
  ys: Cell[];
}

type Shape = readonly [width: number, height: number, channels: number];

/** What is known of the columns before there are examples. */
export interface Expectation {
  task: 'classification' | 'regression' | 'imageClassification';
  inputs: number | readonly string[] | Shape | undefined;
  outputs: number | readonly string[] | undefined;
}

/** All examples, and what their columns hold. */
export class Examples {
  inputs: Column[] = [];
  outputs: Column[] = [];
  /** Whether numbers are brought to 0 … 1. */
  normalized: boolean;
  readonly rows: Example[] = [];
  readonly #expected: Expectation;

  constructor(expected: Expectation) {
    this.#expected = expected;
    this.normalized = expected.task === 'imageClassification';
  }

  /**
   * Adds an example. Without pictures it is added at once; otherwise when they have been read.
   *
   * @returns the end of that reading, where there is one
   */
  add(caller: string, inputs: Row, outputs: Row): Promise<void> | undefined {
    const where = `example ${this.rows.length + 1}`;
    const xs = this.#named(caller, inputs, this.inputNames(), 'input');
    const ys = this.#named(caller, outputs, this.outputNames(), 'output') as Named<Cell>[];
    if (!xs.some(({ cell }) => this.#isPicture(cell))) {
      this.append(caller, where, xs as Named<Cell>[], ys);
      return undefined;
    }
    return this.#drawn(caller, xs).then((drawn) => this.append(caller, where, drawn, ys));
  }

  /** Adds an example whose cells have their names. */
  append(
    caller: string,
    where: string,
    xs: readonly Named<Cell>[],
    given: readonly Named<Cell>[],
  ): void {
    const { task } = this.#expected;
    const ys = task === 'regression' ? given : given.map(asClass);
    const made = (row: readonly Named<Cell>[]) =>
      row.map(({ name, cell }) => columnFor(name, cell, this.pictureShape()));
    const inputs = this.inputs.length > 0 ? this.inputs : made(xs);
    const outputs = this.outputs.length > 0 ? this.outputs : made(ys);
    const word = task === 'regression' ? outputs.find(({ kind }) => kind !== 'number') : undefined;
    if (word) {
      fail(
        `${caller}: a regression learns numbers`,
        { in: `${where}, column "${word.name}"`, given: show(ys[outputs.indexOf(word)]?.cell) },
        "task: 'classification' for words",
      );
    }
    if (task !== 'regression' && outputs.length !== 1) {
      fail(
        `${caller}: a classification has one output`,
        { given: outputs.map(({ name }) => name).join(', ') },
        "outputs: ['label']",
      );
    }
    const example = {
      xs: ordered(caller, where, inputs, xs),
      ys: ordered(caller, where, outputs, ys),
    };
    this.#declareClasses(caller, where, outputs, example.ys);
    this.inputs = inputs;
    this.outputs = outputs;
    for (const [i, column] of inputs.entries()) learnCell(column, example.xs[i] ?? 0);
    for (const [i, column] of outputs.entries()) learnCell(column, example.ys[i] ?? 0);
    this.rows.push(example);
  }

  /** Keeps to the classes that the network was told of, in their order, where it was. */
  #declareClasses(
    caller: string,
    where: string,
    [column]: readonly Column[],
    [word]: readonly Cell[],
  ): void {
    const classes = this.#expected.task === 'regression' ? [] : namesIn(this.#expected.outputs);
    if (!classes || classes.length < 2 || column?.kind !== 'word') return;
    if (!classes.includes(String(word))) {
      fail(
        `${caller}: the network was told of no such class`,
        { in: where, given: show(word), outputs: classes.join(', ') },
        nearest(String(word), classes),
      );
    }
    if (column.words.length === 0) column.words.push(...classes);
  }

  /** Does some work that adds examples; if it fails, everything is as before. */
  wholly(work: () => void): void {
    const before = structuredClone({ inputs: this.inputs, outputs: this.outputs });
    const count = this.rows.length;
    try {
      work();
    } catch (error) {
      this.rows.length = count;
      this.inputs = before.inputs;
      this.outputs = before.outputs;
      throw error;
    }
  }

  /** Columns for a network that begins without examples. */
  declare(): void {
    const { task, inputs, outputs } = this.#expected;
    if (inputs === undefined || outputs === undefined) {
      fail(
        'neuralNetwork: a network without examples must be told what goes in and comes out',
        { inputs: show(inputs), outputs: show(outputs) },
        "inputs: 4, outputs: ['left', 'right']",
      );
    }
    const number = (name: string): Column => ({ kind: 'number', name, least: 0, largest: 1 });
    const names = typeof outputs === 'number' ? numbered('output', outputs) : outputs;
    this.inputs =
      task === 'imageClassification'
        ? [{ kind: 'picture', name: 'image', shape: this.pictureShape() ?? [64, 64, 4] }]
        : (this.inputNames() ?? []).map(number);
    this.outputs =
      task === 'regression'
        ? names.map(number)
        : [{ kind: 'word', name: 'label', words: [...names] }];
  }

  /** What goes in is called, where that is known. */
  inputNames(): readonly string[] | undefined {
    const { inputs, task } = this.#expected;
    if (this.inputs.length > 0) return this.inputs.map(({ name }) => name);
    if (task === 'imageClassification') return ['image'];
    return typeof inputs === 'number' ? numbered('input', inputs) : namesIn(inputs);
  }

  /** What comes out is called; a list of several classes is not. */
  outputNames(): readonly string[] | undefined {
    const { outputs, task } = this.#expected;
    if (this.outputs.length > 0) return this.outputs.map(({ name }) => name);
    const names = namesIn(outputs);
    if (task !== 'regression') return names?.length === 1 ? names : ['label'];
    return typeof outputs === 'number' ? numbered('output', outputs) : names;
  }

  pictureShape(): Shape | undefined {
    const { task, inputs } = this.#expected;
    if (task !== 'imageClassification') return undefined;
    const [column] = this.inputs;
    if (column?.kind === 'picture') return column.shape;
    return isShape(inputs) ? inputs : [64, 64, 4];
  }

  /** Rows that are asked about, as cells. */
  async cellsOf(caller: string, rows: readonly Row[]): Promise<Cell[][]> {
    const names = this.inputNames();
    return Promise.all(
      rows.map(async (row, i) => {
        const drawn = await this.#drawn(caller, this.#named(caller, row, names, 'input'));
        return ordered(caller, `row ${i}`, this.inputs, drawn);
      }),
    );
  }

  /**
   * The numbers of a row, as a network with these columns takes them, at once.
   *
   * @throws MLError when there is a picture in it, which takes time to read
   */
  numbersOf(
    caller: string,
    row: Row,
    columns: readonly Column[] = this.inputs,
    normalized = this.normalized,
  ): Float32Array {
    const named = this.#named(caller, row, this.inputNames(), 'input');
    const picture = named.find(({ cell }) => this.#isPicture(cell));
    if (picture) {
      fail(
        `${caller}: pictures take time to read`,
        { column: picture.name },
        `await ${caller.replace(/Sync$/, '')}()`,
      );
    }
    const cells = ordered(caller, 'the row', columns, named as Named<Cell>[]);
    return this.tensor(caller, columns, [cells], normalized).data as Float32Array;
  }

  /** Cells as a network takes them, or should give them. */
  tensor(
    caller: string,
    columns: readonly Column[],
    rows: readonly (readonly Cell[])[],
    normalized = this.normalized,
  ): Tensor {
    const width = widthOfAll(columns);
    const data = new Float32Array(rows.length * width);
    for (const [i, row] of rows.entries()) {
      encode(caller, columns, row, normalized, data.subarray(i * width, (i + 1) * width));
    }
    const [first] = columns;
    const shape =
      first?.kind === 'picture' ? [first.shape[1], first.shape[0], first.shape[2]] : [width];
    return { data, shape: [rows.length, ...shape], dtype: 'float32' };
  }

  /** A row in whatever form it was given, as names and values. */
  #named(
    caller: string,
    row: Row,
    names: readonly string[] | undefined,
    what: 'input' | 'output',
  ): Named<Value>[] {
    if (isRecord(row) && !ArrayBuffer.isView(row) && !isImage(row)) {
      const parts = Object.entries(row) as [string, Value][];
      for (const [name] of parts) {
        if (names === undefined || names.includes(name)) continue;
        fail(
          `${caller}: there is no ${what} "${name}"`,
          { known: names.join(', ') },
          nearest(name, names),
        );
      }
      return parts.map(([name, cell]) => ({ name, cell }));
    }
    const values = listOf(row, this.pictureShape() !== undefined);
    const pixels = what === 'input' ? this.#asPicture(values) : undefined;
    if (pixels) return [{ name: names?.[0] ?? 'image', cell: pixels }];
    const known = names ?? numbered(what, values.length);
    if (known.length !== values.length) {
      fail(
        `${caller}: the row has another number of ${what}s`,
        { given: values.length, wanted: `${known.length}: ${known.join(', ')}` },
        `a row of ${known.length}`,
      );
    }
    return values.map((cell, i) => ({ name: known[i] ?? '', cell }));
  }

  /** The pixels of a picture that was given as a list of numbers from 0 to 255. */
  #asPicture(values: readonly Value[]): Value | undefined {
    const [width = 0, height = 0, channels = 0] = this.pictureShape() ?? [];
    if (values.length < 2 || values.length !== width * height * channels) return undefined;
    const pixels: unknown = Float32Array.from(values, Number);
    return pixels as Value;
  }

  /** Whether a value is a picture; a text is the path of one only where pictures are wanted. */
  #isPicture(cell: unknown): boolean {
    if (typeof cell === 'string') return this.pictureShape() !== undefined;
    return typeof cell === 'object' && cell !== null && !(cell instanceof Float32Array);
  }

  /** The same row with its pictures as numbers. */
  #drawn(caller: string, row: readonly Named<Value>[]): Promise<Named<Cell>[]> {
    const shape = this.pictureShape();
    return Promise.all(
      row.map(async ({ name, cell }) => {
        if (!this.#isPicture(cell)) return { name, cell: cell as Cell };
        if (shape === undefined) {
          fail(
            `${caller}: this task takes numbers and words, not pictures`,
            { column: name, given: show(cell) },
            "task: 'imageClassification'",
          );
        }
        const pixels = pixelsOf(await takePicture(caller, cell as ImageSource, false));
        return { name, cell: resized(pixels, shape) };
      }),
    );
  }
}

/** The cells of a row in the order of the columns. */
function ordered(
  caller: string,
  where: string,
  columns: readonly Column[],
  row: readonly Named<Cell>[],
): Cell[] {
  return columns.map((column) => {
    const cell = row.find(({ name }) => name === column.name)?.cell;
    return checkCell(caller, where, column, cell);
  });
}

/** The values of a row; bytes are the file of a picture where pictures are wanted. */
function listOf(row: Row, pictures: boolean): readonly Value[] {
  if (Array.isArray(row)) return row;
  const isFile = row instanceof Uint8Array && pictures;
  if (ArrayBuffer.isView(row) && !isFile) return Array.from(row as Float32Array);
  return [row as Value];
}

/** Outputs of a classification are words, whatever they look like. */
function asClass({ name, cell }: Named<Cell>): Named<Cell> {
  return { name, cell: typeof cell === 'number' ? String(cell) : cell };
}

function numbered(stem: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${stem}_${i}`);
}

function namesIn(given: unknown): readonly string[] | undefined {
  return Array.isArray(given) && typeof given[0] === 'string' ? given : undefined;
}

export function isShape(given: unknown): given is Shape {
  return (
    Array.isArray(given) &&
    given.length === 3 &&
    given.every((size) => Number.isInteger(size) && size > 0)
  );
}

/** Whether an object is one picture rather than values by name. */
function isImage(row: object): boolean {
  return (
    !isPlainObject(row) || ('width' in row && 'height' in row && 'data' in row) || 'elt' in row
  );
}
