// The plan of a program for a GPU, as core/backends/webgpu writes it, and its element types.
import type { DType, TypedArray } from '../tensor.js';

/** One buffer on the device, where every element takes 4 bytes, or 2 in half the precision. */
export interface PlannedBuffer {
  /** Scratch belongs to one program. The others lie in WebAssembly's memory too, and are shared. */
  kind: 'scratch' | 'constant' | 'variable';
  /** On the device: a multiple of 4, at least 4. */
  bytes: number;
  /** Where the elements of a constant or a variable lie in WebAssembly's memory. */
  at?: number;
  /** How many elements lie there. */
  count?: number;
  dtype?: DType;
  /** Of a constant: on the device its elements are 16 bits long, two to a word. */
  half?: boolean;
}

/** WGSL with an entry point `main`. Its bindings are in group 0, in the order of the step's list. */
export interface PlannedShader {
  label: string;
  code: string;
}

/** Runs a shader. */
export interface Dispatch {
  shader: number;
  /** Buffers with 0 where the shader only reads them, 1 where it writes them. */
  bindings: [buffer: number, access: 0 | 1][];
  groups: [x: number, y: number, z: number];
  /** Those of the plan's choices that it came of. */
  choices?: number[];
  op: string;
  /** What the model's file calls the node. */
  name: string;
  shape: number[];
}

/** Copies the first bytes of one buffer to another. */
export interface Copy {
  copy: [from: number, to: number, bytes: number];
}

/** Leaves a part of the work to the CPU. */
export interface Call {
  call: number;
  op: string;
  name: string;
  reads: number[];
  writes: number[];
}

export type PlannedStep = Dispatch | Copy | Call;

/** A named tensor at the edge of a program. */
export interface PlannedPort {
  name: string;
  shape: number[];
  dtype: DType;
  buffer: number;
}

/** Kernels of a node among which a device may choose by timing them. */
export interface Choice {
  /** Of all nodes of the same shapes. */
  key: string;
  variants: number;
  chosen: number;
}

export interface Plan {
  buffers: PlannedBuffer[];
  shaders: PlannedShader[];
  steps: PlannedStep[];
  inputs: PlannedPort[];
  outputs: PlannedPort[];
  /** Left out: there are none. */
  choices?: Choice[];
}

/** Elements of a shape. */
export function countOf(shape: readonly number[]): number {
  return shape.reduce((count, size) => count * size, 1);
}

const arrays = {
  float32: Float32Array,
  int32: Int32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
} as const;

/** What the device computes with: 4 bytes for every element. */
export type Words = Float32Array | Int32Array;

/** Bytes of so many elements in WebAssembly's memory. */
export function bytesOf(dtype: DType, count: number): number {
  return count * arrays[dtype].BYTES_PER_ELEMENT;
}

/** Bytes in memory, seen as elements of a type. */
export function elementsOf(dtype: DType, bytes: Uint8Array): TypedArray {
  const { BYTES_PER_ELEMENT: size } = arrays[dtype];
  const memory = bytes.buffer as ArrayBuffer; // or a shared one, which is none to TypeScript
  return new arrays[dtype](memory, bytes.byteOffset, bytes.byteLength / size);
}

/** Whether an array is of the kind that a type is kept in. */
export function fits(dtype: DType, values: TypedArray): boolean {
  return values instanceof arrays[dtype];
}

/** The elements as the device has them. */
export function widened(values: TypedArray): Words {
  if (values instanceof Float32Array || values instanceof Int32Array) return values;
  return Int32Array.from(values);
}

/** Floats as f16, the nearest of them: even where two are as near. */
export function halved(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(words, half);
}

const [number, bits] = [new Float32Array(1), new Uint32Array(1)];
const bitsOfNumber = new Uint32Array(number.buffer);
const numberOfBits = new Float32Array(bits.buffer);

/** The bits of an f16 for those of an f32. */
function half(word: number): number {
  const sign = (word >>> 16) & 0x8000;
  const size = word & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00; // NaN
  if (size >= 0x477ff000) return sign | 0x7c00; // infinite, or rounded to that
  if (size >= 0x38800000) return sign | ((size + 0xfff + ((size >>> 13) & 1) - 0x38000000) >>> 13);
  // Below 2^-14 f16 counts in steps of 2^-24, as f32 does from 0.5 on.
  bits[0] = size;
  number[0] = (numberOfBits[0] ?? 0) + 0.5;
  return sign | ((bitsOfNumber[0] ?? 0) - 0x3f000000);
}

/** What the device has written, as a new array of a type. */
export function narrowed(dtype: DType, words: ArrayBuffer, at: number, count: number): TypedArray {
  if (dtype === 'float32') return new Float32Array(words, at, count).slice();
  return new arrays[dtype](new Int32Array(words, at, count));
}
