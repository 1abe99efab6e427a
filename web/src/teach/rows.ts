// Features and rows, however they are given, as numbers one after the other.
import type { FlatRows } from '../analysis.js';
import { fail, isRecord, isTensor, show, tensor } from '../library.js';
import type { NestedArray } from '../tensor.js';
import type { Features, RowsSource } from './types.js';

/** The numbers of one thing. @param who the function that the user called, to begin messages with */
export function readFeatures(who: string, given: Features): Float32Array<ArrayBuffer> {
  if (isTensor(given)) return Float32Array.from(given.data);
  if (ArrayBuffer.isView(given)) return Float32Array.from(tensor(given).data);
  if (Array.isArray(given)) return Float32Array.from(tensor(given as NestedArray).data);
  return refuse(who, 'features', given, '[0.2, 0.7], or a tensor');
}

/** Rows of equal width. @param width for a typed array without a shape */
export function readRows(who: string, given: RowsSource, width: number | undefined): FlatRows {
  if (isTensor(given)) {
    const [count = 0] = given.shape;
    if (given.shape.length < 2) {
      fail(
        `${who}: a tensor of rows must have at least two axes`,
        { shape: `[${given.shape.join(', ')}]` },
        'the shape [rows, numbers]',
      );
    }
    return rows(who, Float32Array.from(given.data), count);
  }
  if (ArrayBuffer.isView(given)) {
    if (width === undefined || given.length % width !== 0) {
      fail(
        `${who}: a typed array needs the number of numbers in a row`,
        { numbers: given.length, width: width ?? 'left out' },
        'width: 64',
      );
    }
    return rows(who, Float32Array.from(given), given.length / width);
  }
  if (!Array.isArray(given)) {
    return refuse(who, 'rows', given, '[[0.2, 0.7], [0.3, 0.1]], or a tensor');
  }
  const [first] = given;
  if (typeof first === 'number') {
    fail(`${who}: one list of numbers is one row`, { given: show(given) }, 'a list of such lists');
  }
  const all = (given as readonly Features[]).map((row) => readFeatures(who, row));
  const wanted = all[0]?.length ?? 0;
  const data = new Float32Array(all.length * wanted);
  for (const [i, row] of all.entries()) {
    if (row.length !== wanted) {
      fail(
        `${who}: all rows must have the same length`,
        { [`row ${i}`]: `${row.length} numbers`, 'row 0': `${wanted}` },
        'rows of equal length',
      );
    }
    data.set(row, i * wanted);
  }
  return rows(who, data, all.length);
}

function rows(who: string, data: Float32Array<ArrayBuffer>, count: number): FlatRows {
  if (count === 0 || data.length === 0) {
    fail(`${who}: there are no rows`, { rows: count }, 'at least one row with a number');
  }
  return { data, width: data.length / count };
}

/** Refuses what holds no numbers that can be read at once. */
function refuse(who: string, what: string, given: unknown, hint: string): never {
  const ofTensorFlow = isRecord(given) && typeof given.array === 'function';
  if (ofTensorFlow) {
    fail(
      `${who}: a tensor of TensorFlow.js holds its numbers elsewhere`,
      { given: show(given) },
      'await tensor.array()',
    );
  }
  fail(`${who}: the ${what} must be numbers`, { given: show(given) }, hint);
}
