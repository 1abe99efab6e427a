// Training on a device: several steps are under way at once, each with one submit.
import { sliceMilliseconds } from '../breath.js';
import type { CoreTrainer } from '../engine.js';
import type { TypedArray } from '../tensor.js';
import type { Accelerator } from './accelerator.js';
import type { Memory, SharedBuffer } from './buffers.js';
import type { Guard } from './onDevice.js';
import type { Plan } from './plan.js';
import type { Program } from './program.js';

/** Steps that are given to the device before the first of them is read back, at most. */
const stepsAtOnce = 64;

export class DeviceTraining {
  readonly #accelerator: Accelerator;
  readonly #trainer: CoreTrainer;
  readonly #guard: Guard;
  readonly #memory: Memory;
  readonly #programs = new Map<number, Program>();
  #disposed = false;
  #stepMilliseconds = sliceMilliseconds; // of the steps before; at first unknown, so that one is tried

  /** @param trainer takes its steps on this device from now on */
  constructor(accelerator: Accelerator, trainer: CoreTrainer, guard: Guard, memory: Memory) {
    this.#accelerator = accelerator;
    this.#trainer = trainer;
    this.#guard = guard;
    this.#memory = memory;
    guard(() => trainer.useDevice(accelerator.options(false)));
  }

  /** Whether the device is gone: the weights are then those after the last slice. */
  get isLost(): boolean {
    return this.#accelerator.lost;
  }

  /** To be called where an epoch begins: weights may have been changed. */
  begin(): void {
    this.#prune();
    this.#accelerator.device.upload(this.#variables());
  }

  /**
   * Takes steps for about as long as a slice lasts, or one. Weights and the optimizer's state then lie in
   * WebAssembly's memory, too.
   *
   * @returns what CoreTrainer.settle() says of the last one; undefined if it was disposed of meanwhile
   */
  async slice(one: boolean): Promise<string | undefined> {
    const start = performance.now();
    const wanted = one ? 1 : Math.floor(sliceMilliseconds / this.#stepMilliseconds);
    const steps = Math.max(1, Math.min(stepsAtOnce, wanted));
    const pending: [number, Promise<TypedArray[]>][] = [];
    while (pending.length < steps) {
      const number = this.#guard(() => this.#trainer.stage());
      if (number < 0) break;
      const program = this.#programs.get(number) ?? (await this.#load(number));
      if (program === undefined) return undefined;
      const outputs = this.#step(number, program);
      outputs.catch(() => {}); // it is told below, or the next program cannot be loaded either
      pending.push([number, outputs]);
    }
    const results = await Promise.all(pending.map(([, outputs]) => outputs));
    if (this.#disposed) return undefined;
    await this.#accelerator.device.download(this.#variables());
    if (this.#disposed) return undefined;
    if (pending.length > 0) this.#stepMilliseconds = (performance.now() - start) / pending.length;
    return this.#guard(() => {
      let told = '';
      for (const [k, outputs] of results.entries()) {
        const [number = 0] = pending[k] ?? [];
        for (const [i, output] of outputs.entries()) this.#trainer.result(number, i).set(output);
        told = this.#trainer.settle();
      }
      told ||= this.#trainer.settle();
      this.#trainer.mark();
      return told;
    });
  }

  dispose(): void {
    this.#disposed = true;
    for (const program of this.#programs.values()) program.dispose();
    this.#programs.clear();
  }

  #step(number: number, program: Program): Promise<TypedArray[]> {
    for (const i of program.inputs.keys()) {
      program.write(
        i,
        this.#guard(() => this.#trainer.stagedInput(number, i)),
      );
    }
    const written = new Set(JSON.parse(this.#guard(() => this.#trainer.writtenByStage())));
    this.#accelerator.device.upload(
      program.variables.filter(({ planned: { at } }) => written.has(at)),
    );
    return program.run();
  }

  /** Forgets programs that the core has forgotten: the memory of their variables may be gone. */
  #prune(): void {
    const live = new Set<number>(JSON.parse(this.#guard(() => this.#trainer.livePrograms())));
    for (const [number, program] of this.#programs) {
      if (live.has(number)) continue;
      program.dispose();
      this.#programs.delete(number);
    }
  }

  /** Undefined if this was disposed of meanwhile. */
  async #load(number: number): Promise<Program | undefined> {
    this.#prune();
    const plan = JSON.parse(this.#guard(() => this.#trainer.plan(number))) as Plan;
    const program = await this.#accelerator.device.load(plan, this.#memory);
    if (this.#disposed) {
      program.dispose();
      return undefined;
    }
    this.#programs.set(number, program);
    return program;
  }

  #variables(): SharedBuffer[] {
    return [...this.#programs.values()].flatMap(({ variables }) => variables);
  }
}
