// The graphics processor of this machine, opened when a model first wants it.
import type { CoreProgram } from '../engine.js';
import { fail } from '../errors.js';
import type { Memory } from './buffers.js';
import { type Device, openDevice } from './device.js';
import { type Guard, OnDevice } from './onDevice.js';

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
  /** For compileForDevice(): what a plan must keep to. */
  readonly options: string;

  constructor(device: Device) {
    this.device = device;
    this.info = device.info;
    const { subgroups: _, half: __, ...limits } = device.limits; // which no shader uses yet
    this.options = JSON.stringify({ limits });
  }

  /** Whether programs can still be made here. */
  get lost(): boolean {
    return this.device.isLost;
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
