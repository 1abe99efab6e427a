// A graphics processor: opened once, it runs the programs of all models.
import { fail } from '../errors.js';
import type { Picture } from '../image.js';
import type { AdapterInfo } from './accelerator.js';
import { Buffers, type Memory, type SharedBuffer } from './buffers.js';
import { type Limits, limitsOf, requestDevice } from './limits.js';
import { Pictures } from './pictures.js';
import { Pipelines } from './pipelines.js';
import type { Plan } from './plan.js';
import type { Shop } from './prepare.js';
import { type DoCall, Program } from './program.js';

/** How a device is opened. */
export interface DeviceOptions {
  /** `'most'`, the default: what the adapter allows. `'least'`: what every device allows. */
  ask?: 'most' | 'least';
  powerPreference?: GPUPowerPreference;
}

/** What lies on a device. */
export interface DeviceCounts {
  programs: number;
  buffers: number;
  bytes: number;
  pipelines: number;
}

/** A device and what the programs on it share. */
export class Device {
  /** When and why the device was lost. */
  readonly lost: Promise<GPUDeviceLostInfo>;
  readonly #shop: Shop;
  #loss: GPUDeviceLostInfo | undefined;
  #error: GPUError | undefined;

  constructor(device: GPUDevice) {
    const check = () => this.#check();
    const checkLoss = async () => {
      await new Promise((resolve) => setTimeout(resolve));
      this.#checkLoss();
    };
    const buffers = new Buffers(device);
    this.#shop = {
      device,
      check,
      checkLoss,
      buffers,
      pictures: new Pictures(device, buffers),
      pipelines: new Pipelines(device),
      programs: new Set(),
    };
    this.lost = device.lost.then((info) => {
      this.#loss = info;
      return info;
    });
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault(); // it is thrown at the next call
      this.#error ??= event.error;
    });
  }

  /** Whether the device is gone. */
  get isLost(): boolean {
    return this.#loss !== undefined;
  }

  /** What the device says of itself. */
  get info(): AdapterInfo {
    const { adapterInfo } = this.#shop.device;
    const { vendor = '', architecture = '', description = '' } = adapterInfo ?? {};
    const software = adapterInfo?.isFallbackAdapter ?? false;
    return { vendor, architecture, description, software };
  }

  /** Whether it has a clock: see Program.profile(). */
  get hasClock(): boolean {
    return this.#shop.device.features.has('timestamp-query');
  }

  /** What a planner wants to know. */
  get limits(): Limits {
    return limitsOf(this.#shop.device);
  }

  /**
   * Makes a program from a plan of core/backends/webgpu.
   *
   * @param memory gives WebAssembly's memory, from which constants and variables are uploaded
   * @param call does what the plan leaves to the CPU
   * @throws MLError with the operator's name when the device refuses something
   */
  async load(plan: Plan, memory: Memory, call?: DoCall): Promise<Program> {
    const program = await Program.load(this.#shop, plan, memory, call);
    this.#shop.programs.add(program);
    return program;
  }

  /** Whether a picture is small enough to be shown to programs. */
  takes(picture: Picture): boolean {
    return this.#shop.pictures.takes(picture);
  }

  /** Copies variables of programs from WebAssembly's memory to the device. */
  upload(variables: Iterable<SharedBuffer>): void {
    this.#check();
    this.#shop.buffers.upload(new Set(variables));
  }

  /** Copies variables of programs from the device to WebAssembly's memory. */
  async download(variables: Iterable<SharedBuffer>): Promise<void> {
    this.#check();
    await this.#shop.buffers.download([...new Set(variables)]);
  }

  /** To be called when weights have changed: programs from now on upload them again. */
  renew(): void {
    this.#shop.buffers.renew();
  }

  /** Waits until the device has done all that it was given. */
  async idle(): Promise<void> {
    await this.#shop.device.queue.onSubmittedWorkDone();
    this.#check();
  }

  /** What lies on the device now. */
  counts(): DeviceCounts {
    const { buffers, pipelines } = this.#shop;
    return { programs: this.#shop.programs.size, ...buffers.counts, pipelines: pipelines.count };
  }

  /** Frees what is only kept to be used again. */
  trim(): void {
    this.#shop.buffers.trim();
    this.#shop.pictures.trim();
    this.#shop.pipelines.trim();
  }

  /** Frees everything; `lost` is then there, with the reason "destroyed". */
  dispose(): void {
    for (const program of [...this.#shop.programs]) program.dispose();
    this.trim();
    this.#shop.device.destroy();
  }

  #checkLoss(): void {
    if (!this.#loss) return;
    const { reason, message } = this.#loss;
    fail('webgpu: the device was lost', { reason, message }, "backend: 'wasm'");
  }

  #check(): void {
    this.#checkLoss();
    const error = this.#error;
    this.#error = undefined;
    if (error)
      fail('webgpu: the device reports an error', { device: error.message }, "backend: 'wasm'");
  }
}

/**
 * Opens a device.
 *
 * @param gpu `navigator.gpu`, or what does the same
 * @throws MLError when there is none
 */
export async function openDevice(gpu: GPU, options: DeviceOptions = {}): Promise<Device> {
  const { ask = 'most', powerPreference } = options;
  return new Device(await requestDevice(gpu, ask, powerPreference));
}
