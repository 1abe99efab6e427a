// Memory on the device: counted, shared between programs, and used again for reading back.
import {
  bytesOf,
  elementsOf,
  halved,
  narrowed,
  type PlannedBuffer,
  type Words,
  widened,
} from './plan.js';

/** A view of WebAssembly's memory, made when asked for: growing detaches it. */
export type Memory = (at: number, bytes: number) => Uint8Array;

/** Elements in WebAssembly's memory that lie on the device too. */
export interface SharedBuffer {
  readonly buffer: GPUBuffer;
  readonly planned: Readonly<Required<PlannedBuffer>>;
  readonly memory: Memory;
}

interface Counted extends SharedBuffer {
  key: string;
  users: number;
}

/** WebGPU's flags by words: Node has no globals for them. */
export const usage = {
  mapRead: 1,
  copyFrom: 4,
  copyTo: 8,
  storage: 128,
  queryResolve: 512,
} as const;
const mapForReading = 1;

/** What every buffer that shaders see is used for. */
const computing = usage.storage | usage.copyFrom | usage.copyTo;

const smallestStaging = 256; // bytes

/** All buffers of one device. */
export class Buffers {
  readonly #device: GPUDevice;
  readonly #shared = new Map<string, Counted>();
  readonly #idle = new Map<number, GPUBuffer[]>(); // for reading back, by their size
  #count = 0;
  #bytes = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** How many buffers there are on the device, and their bytes. */
  get counts(): { buffers: number; bytes: number } {
    return { buffers: this.#count, bytes: this.#bytes };
  }

  create(label: string, size: number, usage: number, mappedAtCreation = false): GPUBuffer {
    const buffer = this.#device.createBuffer({ label, size, usage, mappedAtCreation });
    this.#count++;
    this.#bytes += size;
    return buffer;
  }

  destroy(buffer: GPUBuffer): void {
    this.#count--;
    this.#bytes -= buffer.size;
    buffer.destroy();
  }

  /** Memory that a program computes with. */
  scratch(bytes: number): GPUBuffer {
    return this.create('scratch', bytes, computing);
  }

  /** A constant or a variable: uploaded when no living program has it yet, and counted. */
  share(planned: PlannedBuffer, memory: Memory): SharedBuffer {
    const { kind, bytes, at = 0, count = 0, dtype = 'float32', half = false } = planned;
    const key = [kind, at, count, dtype, bytes, half].join();
    let shared = this.#shared.get(key);
    if (shared === undefined) {
      const buffer = this.create(kind, bytes, computing, true);
      const elements = elementsOf(dtype, memory(at, bytesOf(dtype, count)));
      const words = widened(elements);
      if (half && words instanceof Float32Array) {
        new Uint16Array(buffer.getMappedRange(), 0, count).set(halved(words));
      } else {
        new (wordsOf(words))(buffer.getMappedRange(), 0, words.length).set(words);
      }
      buffer.unmap();
      const whole = { kind, bytes, at, count, dtype, half };
      shared = { key, users: 0, buffer, planned: whole, memory };
      this.#shared.set(key, shared);
    }
    shared.users++;
    return shared;
  }

  /** Ends one use of a shared buffer. */
  release(given: SharedBuffer): void {
    const shared = given as Counted;
    if (--shared.users > 0) return;
    if (this.#shared.get(shared.key) === shared) this.#shared.delete(shared.key);
    this.destroy(shared.buffer);
  }

  /** Constants have other values: programs from now on do not share those of programs from before. */
  renew(): void {
    for (const [key, { planned }] of this.#shared) {
      if (planned.kind === 'constant') this.#shared.delete(key);
    }
  }

  /** A buffer for reading back, of at least so many bytes. */
  takeStaging(bytes: number): GPUBuffer {
    let size = smallestStaging;
    while (size < bytes) size *= 2;
    const idle = this.#idle.get(size)?.pop();
    return idle ?? this.create('staging', size, usage.mapRead | usage.copyTo);
  }

  /** Gives back what takeStaging gave. */
  giveStaging(buffer: GPUBuffer): void {
    const idle = this.#idle.get(buffer.size);
    if (idle) idle.push(buffer);
    else this.#idle.set(buffer.size, [buffer]);
  }

  /** Frees the buffers for reading back that nobody uses. */
  trim(): void {
    for (const buffer of [...this.#idle.values()].flat()) this.destroy(buffer);
    this.#idle.clear();
  }

  /** Sets the first elements of a buffer. */
  write(buffer: GPUBuffer, words: Words): void {
    this.#device.queue.writeBuffer(buffer, 0, words.buffer, words.byteOffset, words.byteLength);
  }

  /** Copies variables from WebAssembly's memory to the device. */
  upload(variables: Iterable<SharedBuffer>): void {
    for (const { buffer, planned, memory } of variables) {
      const { at, count, dtype } = planned;
      const words = widened(elementsOf(dtype, memory(at, bytesOf(dtype, count))));
      this.write(buffer, words);
    }
  }

  /** Copies variables from the device to WebAssembly's memory. */
  async download(variables: readonly SharedBuffer[]): Promise<void> {
    const encoder = this.#device.createCommandEncoder({ label: 'download' });
    const reading = new Reading(
      this,
      variables.map(({ buffer, planned }) => [buffer, planned.count]),
    );
    reading.encode(encoder);
    this.#device.queue.submit([encoder.finish()]);
    await reading.read((words, offsets) => {
      variables.forEach(({ planned: { at, count, dtype }, memory }, i) => {
        const target = elementsOf(dtype, memory(at, bytesOf(dtype, count)));
        target.set(narrowed(dtype, words, offsets[i] ?? 0, count));
      });
    });
  }
}

const wordsOf = (words: Words) => (words instanceof Float32Array ? Float32Array : Int32Array);

/** One reading back: some buffers, one after the other in one that can be mapped. */
export class Reading {
  readonly #buffers: Buffers;
  readonly #parts: readonly (readonly [GPUBuffer, number])[];
  readonly #staging: GPUBuffer | undefined; // none where nothing is read
  readonly #bytes: number;

  /** @param parts each with how many words of it are wanted */
  constructor(buffers: Buffers, parts: readonly (readonly [GPUBuffer, number])[]) {
    this.#buffers = buffers;
    this.#parts = parts;
    this.#bytes = parts.reduce((bytes, [, count]) => bytes + 4 * count, 0);
    this.#staging = this.#bytes > 0 ? buffers.takeStaging(this.#bytes) : undefined;
  }

  encode(encoder: GPUCommandEncoder): void {
    let at = 0;
    for (const [buffer, count] of this.#parts) {
      if (count > 0 && this.#staging) {
        encoder.copyBufferToBuffer(buffer, 0, this.#staging, at, 4 * count);
      }
      at += 4 * count;
    }
  }

  /** Waits for the device, then gives the words and where in them each part begins, in bytes. */
  async read<T>(use: (words: ArrayBuffer, offsets: number[]) => T): Promise<T> {
    let at = 0;
    const offsets = this.#parts.map(([, count]) => {
      at += 4 * count;
      return at - 4 * count;
    });
    const staging = this.#staging;
    if (staging === undefined) return use(new ArrayBuffer(0), offsets);
    try {
      await staging.mapAsync(mapForReading, 0, this.#bytes);
    } catch (error) {
      this.#buffers.destroy(staging);
      throw error;
    }
    try {
      return use(staging.getMappedRange(0, this.#bytes), offsets);
    } finally {
      staging.unmap();
      this.#buffers.giveStaging(staging);
    }
  }
}
