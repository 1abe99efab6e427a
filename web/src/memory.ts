// What gesso holds in memory, in the worker and beside the page.
import { started } from './client.js';

/** A model made ready for inputs of certain sizes. All sizes are in bytes. */
export interface ProgramInMemory {
  /** What it is for. */
  purpose: 'run' | 'gradient' | 'training' | 'evaluation';
  /** The sizes of its inputs, by name. */
  inputs: Record<string, number[]>;
  /** Inputs, outputs and whatever is computed in between, in one block. */
  arena: number;
  /** Weights once more, in the order in which the fastest kernels read them. */
  packed: number;
  /** What it reads of the model's own weights, and of what the optimizer remembers. */
  shared: number;
}

/** A model in memory. All sizes are in bytes. */
export interface ModelInMemory {
  /** Where it came from; empty for a model that was made here. */
  address: string;
  /** Size of its files. */
  fileBytes: number;
  /** All that follows, where shared bytes count once. */
  bytes: number;
  /** Its weights, four bytes each. */
  weights: number;
  /** Samples that it learns from. */
  samples: number;
  /** What its optimizer remembers. */
  optimizer: number;
  /** One for each combination of input sizes that is prepared. */
  programs: ProgramInMemory[];
}

export interface Memory {
  /** Bytes of WebAssembly memory, in which all models lie; it grows and never shrinks. */
  wasm: number;
  /** Bytes of it that the models need; the rest is free, or the library's own. */
  used: number;
  /** The models that have been loaded and not disposed of. */
  models: ModelInMemory[];
}

/** What one runtime holds. */
export type Held = Omit<Memory, 'used'>;

/**
 * What gesso holds in memory: a number that goes on growing tells of models that nobody disposes
 * of.
 *
 *     const { wasm, used, models } = await memory();
 *     console.table(models);
 */
export async function memory(): Promise<Memory> {
  await null; // what was disposed of in the line before is on its way
  const all = await Promise.all(started().map((client) => client.memory()));
  const held = all.filter((part) => part !== undefined);
  const models = held.flatMap((part) => part.models);
  return {
    wasm: held.reduce((sum, part) => sum + part.wasm, 0),
    used: models.reduce((sum, { bytes }) => sum + bytes, 0),
    models,
  };
}
