// What gesso holds in memory, in the worker and beside the page.
import { started } from './client.js';

/** A model in memory. */
export interface ModelInMemory {
  /** Where it came from; empty for a model that was made here. */
  address: string;
  /** Size of its files. */
  fileBytes: number;
  /** Combinations of input sizes that are prepared; each holds buffers of its own. */
  programs: number;
}

export interface Memory {
  /** Bytes of WebAssembly memory, in which all models lie; it grows and never shrinks. */
  wasm: number;
  /** The models that have been loaded and not disposed of. */
  models: ModelInMemory[];
}

/**
 * What gesso holds in memory: a number that goes on growing tells of models that nobody disposes
 * of.
 *
 *     const { wasm, models } = await memory();
 */
export async function memory(): Promise<Memory> {
  await null; // what was disposed of in the line before is on its way
  const all = await Promise.all(started().map((client) => client.memory()));
  const held = all.filter((part) => part !== undefined);
  return {
    wasm: held.reduce((sum, part) => sum + part.wasm, 0),
    models: held.flatMap((part) => part.models),
  };
}
