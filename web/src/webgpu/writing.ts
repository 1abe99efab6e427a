// Writing on a device: what a model remembers stays there, and what follows comes back for each code.
import type { CoreWriter } from '../engine.js';
import type { TypedArray } from '../tensor.js';
import type { Accelerator } from './accelerator.js';
import type { Memory } from './buffers.js';
import { type Guard, processorsShare } from './onDevice.js';
import { countOf, type Plan } from './plan.js';
import type { Program } from './program.js';

/** Codes of a prompt, and their bytes, that are read with one submit, at most. */
const stepsAtOnce = 64;
const bytesAtOnce = 1 << 20;

/** How often at least a step is taken to know how long it lasts. */
const trialSteps = 3;

export class DeviceWriting {
  readonly #accelerator: Accelerator;
  readonly #writer: CoreWriter;
  readonly #guard: Guard;
  readonly #memory: Memory;
  #program: Program | undefined;
  #number = 0;
  #stepsAtOnce = 1;
  #disposed = false;

  /**
   * @param writer has its programs run on this device from now on
   * @param half whether f16 is enough for weights
   */
  constructor(
    accelerator: Accelerator,
    writer: CoreWriter,
    guard: Guard,
    memory: Memory,
    half: boolean,
  ) {
    this.#accelerator = accelerator;
    this.#writer = writer;
    this.#guard = guard;
    this.#memory = memory;
    guard(() => writer.useDevice(accelerator.options(half)));
  }

  /** Whether the device is gone. */
  get isLost(): boolean {
    return this.#accelerator.lost;
  }

  /** To be called when a text has begun: nothing of it may have been staged. */
  async begin(): Promise<void> {
    const number = this.#guard(() => this.#writer.program());
    if (this.#program === undefined || number !== this.#number) await this.#load(number);
    if (this.#program) this.#accelerator.device.upload(this.#program.variables);
  }

  /**
   * Reads and writes until the time or the text is over.
   *
   * @returns what CoreWriter.run() would say; undefined if it was disposed of meanwhile
   */
  async slice(milliseconds: number): Promise<Int32Array<ArrayBuffer> | undefined> {
    const end = performance.now() + milliseconds;
    do {
      const steps = this.#guard(() => this.#writer.stage(this.#stepsAtOnce));
      if (steps === 0) break;
      const output = await this.#run(steps);
      if (output === undefined) return undefined;
      const isDue = this.#guard(() => {
        this.#writer.result().set(output);
        return this.#writer.settle();
      });
      if (isDue && !(await this.keep())) return undefined;
    } while (performance.now() < end);
    return this.#guard(() => this.#writer.told());
  }

  /**
   * Brings what the model remembers back to WebAssembly's memory.
   *
   * @returns whether it is there: not if this was disposed of meanwhile
   */
  async keep(): Promise<boolean> {
    if (this.#program) await this.#accelerator.device.download(this.#program.variables);
    if (this.#disposed) return false;
    this.#guard(() => this.#writer.keep());
    return true;
  }

  /** Milliseconds of a step, tried for about this long. begin() is to be called again afterwards. */
  async rehearse(milliseconds: number): Promise<number> {
    await this.#program?.run();
    const start = performance.now();
    let steps = 0;
    let passed = 0;
    while (!this.#disposed && (steps < trialSteps || passed < milliseconds)) {
      await this.#program?.run();
      steps += 1;
      passed = performance.now() - start;
    }
    return passed / steps;
  }

  dispose(): void {
    this.#disposed = true;
    this.#program?.dispose();
    this.#program = undefined;
  }

  /** @returns the logits after the last step; undefined if it was disposed of meanwhile */
  async #run(steps: number): Promise<TypedArray | undefined> {
    const program = this.#program;
    if (program === undefined) return undefined;
    const [output] = await program.series(
      0,
      this.#guard(() => this.#writer.staged()),
      steps,
    );
    return this.#disposed ? undefined : output;
  }

  /** The memory of the variables of the program before may be gone. */
  async #load(number: number): Promise<void> {
    this.#program?.dispose();
    this.#program = undefined;
    const plan = JSON.parse(this.#guard(() => this.#writer.plan())) as Plan;
    const call = processorsShare(plan, this.#writer, this.#guard);
    const program = await this.#accelerator.device.load(plan, this.#memory, call);
    if (this.#disposed) {
      program.dispose();
      return;
    }
    const [input] = program.inputs;
    const most = Math.floor(bytesAtOnce / (4 * countOf(input?.shape ?? [])));
    this.#stepsAtOnce = Math.max(1, Math.min(stepsAtOnce, most));
    this.#program = program;
    this.#number = number;
  }
}
