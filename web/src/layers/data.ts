// Brings what fit(), evaluate() and predict() are given to rows of numbers for each input.
import { fail } from '../errors.js';
import { checkTensor, type Input, isInput, type Port } from '../model.js';
import { isRecord, nearest } from '../options.js';
import {
  countOf,
  isTensor,
  show,
  showShape,
  type Tensor,
  type TypedArray,
  tensor,
} from '../tensor.js';
import type { DataSet } from '../training.js';
import type { Batches, Samples } from './layersModel.js';

/** Samples as tensors, one for each port; the first axis is that of the samples. */
export interface Rows {
  samples: number;
  tensors: Tensor[];
  ports: readonly Target[];
}

/** A port, and what is known of it where it is one of targets. */
export interface Target extends Port {
  /** Where its numbers name classes: how many there are; 0 or nothing where they do not. */
  classes?: number;
  /** What to try where rows have another shape. */
  instead?: string | undefined;
}

/**
 * One tensor for each port.
 *
 * @param who the function that the user called, `what` its argument, to begin messages with
 * @throws MLError naming the port that something does not fit
 */
export function readRows(
  who: string,
  what: string,
  ports: readonly Target[],
  given: Samples,
): Rows {
  const inputs = byPort(who, what, ports, given);
  const tensors = ports.map((port, i) =>
    readPort(`${who}: ${nameOf(what, ports, i)}`, port, inputs[i]),
  );
  const samples = tensors[0]?.shape[0] ?? 0;
  for (const [i, { shape }] of tensors.entries()) {
    if (shape[0] === samples) continue;
    fail(
      `${who}: all of ${what} must have as many samples`,
      { [nameOf(what, ports, 0)]: samples, [nameOf(what, ports, i)]: shape[0] },
      'one row for each sample in each of them',
    );
  }
  if (samples === 0) fail(`${who}: there are no samples`, { [what]: show(given) }, 'at least one');
  for (const [i, port] of ports.entries()) {
    checkClasses(`${who}: ${nameOf(what, ports, i)}`, port, tensors[i]);
  }
  return { samples, tensors, ports };
}

/** Refuses numbers of classes that the model does not have: nothing could be learned from them. */
function checkClasses(what: string, { classes = 0 }: Target, rows: Tensor | undefined): void {
  if (classes === 0 || rows === undefined) return;
  const at = rows.data.findIndex((value) => value < 0 || value >= classes);
  if (at < 0) return;
  const each = rows.data.length / (rows.shape[0] ?? 1);
  fail(
    `${what} names a class that there is not`,
    { row: Math.floor(at / each), given: rows.data[at], classes: `0 to ${classes - 1}` },
    'classes counted from 0, and as many units in the last layer as there are classes',
  );
}

function nameOf(what: string, ports: readonly Port[], i: number): string {
  return ports.length === 1 ? what : `${what}.${ports[i]?.name}`;
}

function byPort(
  who: string,
  what: string,
  ports: readonly Port[],
  given: Samples,
): (Input | undefined)[] {
  const names = ports.map(({ name }) => name);
  if (isRecord(given) && !isTensor(given) && !ArrayBuffer.isView(given)) {
    for (const name of Object.keys(given)) {
      if (names.includes(name)) continue;
      fail(`${who}: ${what} has no "${name}"`, { known: names.join(', ') }, nearest(name, names));
    }
    return names.map((name) => (given as Record<string, Input>)[name]);
  }
  if (ports.length === 1) return [given as Input];
  if (Array.isArray(given) && given.length === ports.length) return given as Input[];
  fail(
    `${who}: ${what} must hold something for each of ${names.length} names`,
    { names: names.join(', '), given: show(given) },
    `{ ${names.map((name) => `${JSON.stringify(name)}: …`).join(', ')} }`,
  );
}

/** One port's samples. */
function readPort(what: string, port: Target, given: Input | undefined): Tensor {
  if (given === undefined || !isInput(given)) {
    fail(
      `${what} must be numbers`,
      { given: show(given) },
      '[[1, 2], [3, 4]], or tensor(data, shape)',
    );
  }
  const [, ...row] = port.shape;
  const made = toTensor(what, row, given);
  const shape = fitted(made.shape, row);
  if (shape === undefined) {
    fail(
      `${what} has another shape than the model`,
      { wanted: showShape([-1, ...row]), given: showShape(made.shape) },
      port.instead ??
        `tensor(data, ${showShape([made.shape[0] ?? 1, ...row.map((size) => Math.max(size, 1))])})`,
    );
  }
  return { ...convert(what, port, made), shape };
}

function toTensor(what: string, row: readonly number[], given: Input): Tensor {
  if (isTensor(given)) return checkTensor(what, given);
  if (ArrayBuffer.isView(given)) {
    const flat = tensor(given);
    const each = row.some((size) => size < 0) ? 0 : countOf(row);
    const samples = each > 0 ? flat.data.length / each : Number.NaN;
    if (Number.isInteger(samples)) return { ...flat, shape: [samples, ...row] };
    fail(
      `${what} does not fill the shape of the model`,
      { wanted: showShape([-1, ...row]), given: `${flat.data.length} numbers` },
      'tensor(data, shape) with the sizes',
    );
  }
  if (Array.isArray(given) && given.length > 0 && given.every((each) => ArrayBuffer.isView(each))) {
    return stacked(what, row, given as unknown[] as TypedArray[]);
  }
  return tensor(given);
}

/** Samples that are typed arrays by themselves. */
function stacked(what: string, row: readonly number[], samples: readonly TypedArray[]): Tensor {
  const each = samples[0]?.length ?? 0;
  const data = new Float32Array(samples.length * each);
  for (const [i, sample] of samples.entries()) {
    if (sample.length !== each) {
      fail(
        `${what} must have samples of equal length`,
        { [`sample ${i}`]: sample.length, 'sample 0': each },
        'the same number of values in each',
      );
    }
    data.set(sample, i * each);
  }
  const fits = row.every((size) => size >= 0) && countOf(row) === each;
  return { data, shape: [samples.length, ...(fits ? row : [each])], dtype: 'float32' };
}

/** The shape with one axis for the samples and those of the row; undefined if it does not fit. */
function fitted(shape: readonly number[], row: readonly number[]): number[] | undefined {
  // Rows of one number may be given as numbers, and the other way round.
  const more = shape.length === row.length && row.at(-1) === 1;
  const less = shape.length === row.length + 2 && shape.at(-1) === 1;
  const full = more ? [...shape, 1] : shape.slice(0, less ? -1 : undefined);
  const fits =
    full.length === row.length + 1 &&
    row.every((size, axis) => size < 0 || size === full[axis + 1]);
  return fits ? full : undefined;
}

/** The numbers in a type that can be copied into the port's. */
function convert(what: string, { dtype }: Port, made: Tensor): Tensor {
  if (dtype === 'float32' || made.dtype === dtype) return made;
  const at = made.data.findIndex((value) => !Number.isInteger(value));
  if (at < 0) return tensor(made.data, made.shape, dtype);
  fail(
    `${what} must be whole numbers`,
    { [`element ${at}`]: made.data[at], wanted: dtype },
    'numbers of words or classes, from 0',
  );
}

/** Rows from `first` on. */
export function slice({ tensors }: Rows, first: number, count: number): Tensor[] {
  return tensors.map(({ data, shape: [, ...row], dtype }) => {
    const each = countOf(row);
    return {
      data: data.subarray(first * each, (first + count) * each),
      shape: [count, ...row],
      dtype,
    };
  });
}

/** How much samples count. */
export interface Weights {
  classWeight?: Readonly<Record<number, number>> | undefined;
  sampleWeight?: readonly number[] | Float32Array | undefined;
  /** How many samples, the first ones, are for training; the classes of others weigh nothing. */
  trained?: number;
}

/** Inputs, targets and weights, ready to cross to where training happens. */
export function dataSet(who: string, x: Rows, y: Rows, weights: Weights = {}): DataSet {
  if (x.samples !== y.samples) {
    fail(
      `${who}: x and y must have as many samples`,
      { x: x.samples, y: y.samples },
      'one row of y for each row of x',
    );
  }
  const weight = weightOf(who, y, weights);
  return {
    samples: x.samples,
    x: x.tensors,
    y: y.tensors,
    w: y.tensors.map(() => weight),
  };
}

function weightOf(who: string, y: Rows, given: Weights): Float32Array | null {
  const { classWeight, sampleWeight, trained = y.samples } = given;
  if (classWeight === undefined && sampleWeight === undefined) return null;
  const { samples } = y;
  if (sampleWeight && sampleWeight.length !== samples) {
    fail(
      `${who}: sampleWeight must have one number for each sample`,
      { samples, given: sampleWeight.length },
      'a number for each row of x',
    );
  }
  const classOf = classWeight && classesOf(who, y, classWeight);
  return Float32Array.from({ length: samples }, (_, i) => {
    const ofClass = classOf && i < trained ? (classWeight?.[classOf(i)] ?? 1) : 1;
    return ofClass * (sampleWeight?.[i] ?? 1);
  });
}

/** Tells the class of each sample: the number that it is, or where its row is largest. */
function classesOf(
  who: string,
  { tensors, ports }: Rows,
  classWeight: Readonly<Record<number, number>>,
): (sample: number) => number {
  const [target, second] = tensors;
  const [, each = 1, ...more] = target?.shape ?? [];
  const named = ports[0]?.dtype === 'int32';
  if (target === undefined || second || more.length > 0 || (named && each > 1)) {
    fail(
      `${who}: classWeight is for models that tell one class of each sample`,
      { outputs: tensors.map(({ shape }) => showShape([-1, ...shape.slice(1)])).join(', ') },
      'sampleWeight',
    );
  }
  const count = named ? ports[0]?.classes : each === 1 ? 0 : each;
  for (const key of Object.keys(classWeight)) {
    if (count ? Number(key) < count && /^\d+$/.test(key) : /^-?\d+$/.test(key)) continue;
    fail(
      `${who}: classWeight names a class that there is not`,
      { given: show(key), classes: count ? `0 to ${count - 1}` : 'whole numbers' },
      'classWeight: { 0: 1, 1: 5 }',
    );
  }
  const { data } = target;
  if (each === 1) return (sample) => data[sample] ?? 0;
  return (sample) => {
    const first = sample * each;
    let best = 0;
    for (let i = 1; i < each; i++) {
      if ((data[first + i] ?? 0) > (data[first + best] ?? 0)) best = i;
    }
    return best;
  };
}

/** Least and largest of the numbers, and the first that is not a number. */
export function rangeOf({ tensors }: Rows): { least: number; largest: number; bad: number | null } {
  let [least, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let bad: number | null = null;
  for (const { data, shape } of tensors) {
    const each = data.length / (shape[0] ?? 1);
    for (const [i, value] of data.entries()) {
      if (!Number.isFinite(value)) bad ??= Math.floor(i / each);
      if (value < least) least = value;
      if (value > largest) largest = value;
    }
  }
  return { least, largest, bad };
}

/** Whether a value gives batches. */
export function isBatches(value: unknown): value is Batches {
  if (typeof value === 'function') return true;
  return isRecord(value) && 'next' in value && typeof value.next === 'function';
}

/** The two halves of a batch. */
export function halvesOf(who: string, batch: unknown): { x: Samples; y: Samples } {
  if (Array.isArray(batch) && batch.length === 2) return { x: batch[0], y: batch[1] };
  if (isRecord(batch) && 'x' in batch && 'y' in batch) return batch as { x: Samples; y: Samples };
  fail(`${who}: a batch is [x, y] or { x, y }`, { given: show(batch) }, 'yield { x, y }');
}
