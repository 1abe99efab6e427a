// The graphics processor of this machine, opened when a model first wants it.
import type { CoreProgram } from '../engine.js';
import { fail } from '../errors.js';
import type { Memory } from './buffers.js';
import { type Device, openDevice } from './device.js';
import { type Guard, OnDevice } from './onDevice.js';
import type { Plan } from './plan.js';
import { type Chosen, Tuner, tuning } from './tuner.js';

/** What a graphics processor says of itself. */
export interface AdapterInfo {
  vendor: string;
  architecture: string;
  description: string;
  /** Whether it is no hardware: a processor pretends to be one. */
  software: boolean;
}

export class Accelerator {
  readonly device: Device;
  readonly info: AdapterInfo;
  #tuner: Tuner | undefined;

  constructor(device: Device) {
    this.device = device;
    this.info = device.info;
  }

  /**
   * For compileForDevice(): what a plan must keep to.
   *
   * @param half whether f16 is enough for weights
   * @param chosen left out: what has been chosen so far
   */
  options(half: boolean, chosen: Chosen = this.#tuner?.chosen ?? {}): string {
    const { subgroups, half: f16, ...limits } = this.device.limits;
    return JSON.stringify({ limits, subgroups, half, f16, chosen });
  }

  /** Whether programs can still be made here. */
  get lost(): boolean {
    return this.device.isLost;
  }

  /**
   * Takes what was chosen on earlier pages. Software is never measured, nor remembered.
   *
   * @param version of the library
   */
  async recall(version: string): Promise<Tuner | undefined> {
    if (this.info.software && !tuning.software) return undefined;
    this.#tuner ??= await Tuner.open(this.device, version);
    return this.#tuner;
  }

  /**
   * Makes a program of the kernels that are the fastest here. Those that this adapter has not yet
   * run are measured first, within limits: see `tuning`.
   *
   * @param make compiles with these options
   * @param half as for options()
   * @param version of the library
   */
  async compile(
    make: (options: string) => CoreProgram,
    half: boolean,
    guard: Guard,
    version: string,
  ): Promise<CoreProgram> {
    const tuner = await this.recall(version);
    if (tuner === undefined) return make(this.options(half));
    const program = make(this.options(half));
    const planOf = (made: CoreProgram) => JSON.parse(guard(() => made.plan())) as Plan;
    const planned = (chosen: Chosen) => {
      const other = make(this.options(half, chosen));
      try {
        return planOf(other);
      } finally {
        other.delete();
      }
    };
    // What goes wrong here goes wrong again where the program is loaded, and is told there.
    const changed = await tuner.tune(planOf(program), planned).catch(() => false);
    if (!changed) return program;
    program.delete();
    return make(this.options(half));
  }

  load(core: CoreProgram, guard: Guard, memory: Memory): Promise<OnDevice> {
    return OnDevice.load(this.device, core, guard, memory);
  }
}

let opening: Promise<Accelerator> | undefined;

/**
 * Opens the graphics processor, once for all models; one that was lost is opened again.
 *
 * @throws MLError where there is none
 */
export function accelerator(): Promise<Accelerator> {
  // At once: whoever asks next waits for the same one.
  opening = opening?.then((opened) => (opened.lost ? open() : opened), open) ?? open();
  return opening;
}

async function open(): Promise<Accelerator> {
  const gpu: GPU | undefined = globalThis.navigator?.gpu;
  if (gpu === undefined) {
    fail(
      'webgpu: there is no WebGPU here',
      { known: 'Chrome and Edge 113, Safari 26, Firefox 141 on Windows, and pages from https' },
      "backend: 'wasm', or 'auto'",
    );
  }
  return new Accelerator(await openDevice(gpu, { powerPreference: 'high-performance' }));
}
