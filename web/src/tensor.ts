// Tensors as users see them: plain objects with data, shape and type.
import { fail } from './errors.js';

/** The type of one element. */
export type DType = 'float32' | 'int32' | 'uint8' | 'int8' | 'bool';

/** The memory of a tensor; `bool` is kept in a Uint8Array of zeros and ones. */
export type TypedArray = Float32Array | Int32Array | Uint8Array | Int8Array;

/**
 * Numbers with a shape. A plain object: it can be copied, kept, sent to a worker and written as
 * JSON, and there is nothing to free.
 */
export interface Tensor {
  /** The elements in row-major order: the last axis is the fastest. */
  data: TypedArray;
  /** Sizes, outermost first: `[batch, height, width, channels]`; `[]` is a single number. */
  shape: number[];
  dtype: DType;
}

/** Numbers or truth values, nested as deep as the tensor has axes. */
export type NestedArray = number | boolean | readonly NestedArray[];

/** What each type is kept in, and which whole numbers fit. */
const kinds = {
  float32: { array: Float32Array, from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY },
  int32: { array: Int32Array, from: -2147483648, to: 2147483647 },
  uint8: { array: Uint8Array, from: 0, to: 255 },
  int8: { array: Int8Array, from: -128, to: 127 },
  bool: { array: Uint8Array, from: 0, to: 1 },
} as const;

/** The names of all types. */
export const dtypes = Object.keys(kinds) as DType[];

/**
 * Makes a tensor.
 *
 *     tensor([[1, 2], [3, 4]])                    // float32 [2, 2]
 *     tensor(new Uint8Array(12), [2, 2, 3])       // uint8 [2, 2, 3]
 *     tensor([0, 1, 2], [3], 'int32')
 *
 * @param data nested arrays, a single number, or a typed array. A Float32Array, Int32Array,
 *   Uint8Array or Int8Array of the wanted type is used as it is, without a copy.
 * @param shape the sizes; if left out, the nesting of `data`, or one axis for a typed array
 * @param dtype if left out: of the typed array, `'bool'` for truth values, else `'float32'`
 * @throws MLError when rows differ in length, when the shape does not fit the data, or when a
 *   number does not fit the type (nothing is rounded or cut)
 */
export function tensor(
  data: NestedArray | TypedArray | Uint8ClampedArray | Float64Array,
  shape?: readonly number[],
  dtype?: DType,
): Tensor {
  if (dtype !== undefined && !dtypes.includes(dtype)) {
    fail(`tensor: there is no type "${dtype}"`, { known: dtypes.join(', ') }, 'float32');
  }
  const flat = ArrayBuffer.isView(data) ? fromView(data) : fromNested(data);
  const type = dtype ?? flat.dtype;
  const sizes = shape === undefined ? flat.shape : checkShape(shape);
  const wanted = countOf(sizes);
  if (wanted !== flat.values.length) {
    fail(
      'tensor: the shape does not fit the data',
      {
        shape: `${showShape(sizes)}, which is ${wanted} elements`,
        data: `${flat.values.length} elements`,
      },
      `a shape whose sizes multiply to ${flat.values.length}`,
    );
  }
  return { data: convert(flat.values, flat.dtype, type), shape: [...sizes], dtype: type };
}

/**
 * A copy of a result that the user may keep: in `into`, a result of an earlier run, if there is one.
 *
 * @param name the output's, for messages
 */
export function keep(name: string, result: Tensor, into: Tensor | undefined): Tensor {
  const { data, shape, dtype } = result;
  // By construction rather than slice(), which in Chromium clears the memory first and takes six
  // times as long for a megabyte.
  if (into === undefined) return { data: new kinds[dtype].array(data), shape, dtype };
  const fits = isTensor(into) && into.dtype === dtype && showShape(into.shape) === showShape(shape);
  if (!fits || into.data.length !== data.length) {
    fail(
      `run: the tensor to write "${name}" into does not fit`,
      { wanted: `${dtype} ${showShape(shape)}`, given: show(into) },
      'a result of the same model for the same input sizes',
    );
  }
  into.data.set(data);
  return into;
}

/** Number of elements of a tensor of this shape. */
export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A shape as messages show it: `[1, 224, 224, 3]`; a size that the model leaves open is `?`. */
export function showShape(shape: readonly number[]): string {
  return `[${shape.map((size) => (size < 0 ? '?' : size)).join(', ')}]`;
}

/** The type that a typed array stands for by itself, or undefined if it has none here. */
export function dtypeOf(view: ArrayBufferView): DType | undefined {
  // By name, because an array of another window is no instance of this one's classes.
  return typedArrays[Object.prototype.toString.call(view).slice(8, -1)];
}

const typedArrays: Record<string, DType> = {
  Float32Array: 'float32',
  Float64Array: 'float32',
  Int32Array: 'int32',
  Uint8Array: 'uint8',
  Uint8ClampedArray: 'uint8',
  Int8Array: 'int8',
};

/** Whether a value is a tensor: a plain object with data, shape and dtype. */
export function isTensor(value: unknown): value is Tensor {
  return (
    typeof value === 'object' &&
    value !== null &&
    'data' in value &&
    'shape' in value &&
    'dtype' in value &&
    ArrayBuffer.isView(value.data) &&
    Array.isArray(value.shape)
  );
}

/** Numbers in a row, with the shape and type that they have by themselves. */
interface Flat {
  values: TypedArray | Float64Array | Uint8ClampedArray | number[];
  shape: number[];
  dtype: DType;
}

function fromView(view: ArrayBufferView): Flat {
  const dtype = dtypeOf(view);
  if (dtype === undefined) {
    fail(
      `tensor: a ${view.constructor.name} is not taken`,
      { known: 'Float32Array, Float64Array, Int32Array, Uint8Array, Uint8ClampedArray, Int8Array' },
      'Int32Array.from(data, Number)',
    );
  }
  const values = view as Exclude<Flat['values'], number[]>;
  return { values, shape: [values.length], dtype };
}

function fromNested(data: NestedArray): Flat {
  const shape: number[] = [];
  for (let row = data; isRow(row); row = row[0] ?? 0) {
    shape.push(row.length);
    if (row.length === 0) break;
  }
  const values: number[] = [];
  let truths = 0;
  const visit = (item: NestedArray, depth: number, path: string) => {
    if (isRow(item)) {
      if (item.length !== shape[depth]) {
        fail(
          'tensor: all rows at one depth must have the same length',
          { [`data${path}`]: `${item.length} long`, 'the first': `${shape[depth] ?? 'a number'}` },
          'rows of equal length',
        );
      }
      for (const [i, part] of item.entries()) visit(part, depth + 1, `${path}[${i}]`);
      return;
    }
    if (typeof item !== 'number' && typeof item !== 'boolean') {
      fail(
        'tensor: every element must be a number or a truth value',
        { [`data${path}`]: show(item) },
        'tensor([[1, 2], [3, 4]])',
      );
    }
    if (depth !== shape.length) {
      fail(
        'tensor: all rows at one depth must have the same length',
        { [`data${path}`]: 'a number', 'the first': `a row of ${shape[depth]}` },
        'rows of equal length',
      );
    }
    if (typeof item === 'boolean') truths++;
    values.push(Number(item));
  };
  visit(data, 0, '');
  const dtype = truths > 0 && truths === values.length ? 'bool' : 'float32';
  return { values, shape, dtype };
}

function isRow(item: NestedArray): item is readonly NestedArray[] {
  return Array.isArray(item);
}

function checkShape(shape: readonly number[]): readonly number[] {
  for (const [axis, size] of shape.entries()) {
    if (!Number.isInteger(size) || size < 0) {
      fail(
        'tensor: every size of the shape must be a whole number from 0',
        { [`shape[${axis}]`]: show(size) },
        'tensor(data, [2, 3])',
      );
    }
  }
  return shape;
}

/** The same numbers as another type; refuses a number that the type cannot hold exactly. */
function convert(values: Flat['values'], from: DType, to: DType): TypedArray {
  const kind = kinds[to];
  const keep = from === to || (from === 'bool' && to === 'uint8');
  if (keep && values instanceof kind.array) return values;
  if (to !== 'float32' && !(from === to && ArrayBuffer.isView(values))) {
    for (const [i, value] of values.entries()) {
      if (!Number.isInteger(value) || value < kind.from || value > kind.to) {
        fail(
          `tensor: ${value} does not fit ${to}`,
          { element: i, [to]: `whole numbers from ${kind.from} to ${kind.to}` },
          "'float32', or numbers that fit",
        );
      }
    }
  }
  return kind.array.from(values);
}

/** A value as messages show it. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name}`;
  if (typeof value === 'object' && value !== null) return `an object (${kindOf(value)})`;
  return String(value);
}

function kindOf(value: object): string {
  const keys = Object.keys(value).slice(0, 4);
  const name = value.constructor?.name ?? 'Object';
  return name === 'Object' ? `with ${keys.join(', ') || 'no keys'}` : name;
}
