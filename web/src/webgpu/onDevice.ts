// A program of the core that a device runs: its inputs and outputs stay where C++ reads and writes them.
import type { CoreProgram } from '../engine.js';
import type { Picture } from '../image.js';
import { dtypeOf, type TypedArray } from '../tensor.js';
import type { Memory } from './buffers.js';
import type { Device } from './device.js';
import type { ShownPicture } from './pictures.js';
import { narrowed, type Plan, widened } from './plan.js';
import type { DoCall, Program } from './program.js';

/** Calls into C++, whose errors become ours. */
export type Guard = <T>(call: () => T) => T;

export class OnDevice {
  readonly #core: CoreProgram;
  readonly #guard: Guard;
  readonly #program: Program;
  readonly #device: Device;
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param core what compileForDevice() gave
   * @throws MLError when the device refuses something
   */
  static async load(device: Device, core: CoreProgram, guard: Guard, memory: Memory) {
    const plan = JSON.parse(guard(() => core.plan())) as Plan;
    const call = processorsShare(plan, core, guard);
    return new OnDevice(device, core, guard, await device.load(plan, memory, call));
  }

  private constructor(device: Device, core: CoreProgram, guard: Guard, program: Program) {
    this.#device = device;
    this.#core = core;
    this.#guard = guard;
    this.#program = program;
  }

  /** Whether runs leave something to later runs. */
  get remembers(): boolean {
    return this.#program.variables.length > 0;
  }

  /**
   * Runs on what the inputs hold now, and then at once what reads the outputs: nobody else runs in
   * between.
   *
   * @param shown a picture that takes the place of what input 0 holds
   */
  async run<T>(read: () => T, shown?: ShownPicture): Promise<T> {
    const values = (i: number): TypedArray => this.#guard(() => this.#core.input(i));
    if (!this.remembers) return this.#run(values, read, shown);
    const copies = this.#program.inputs.map((_, i) => values(i).slice());
    const inTurn = () => this.#runAndRemember((i) => copies[i] ?? values(i), read, shown);
    const result = this.#last.then(inTurn);
    this.#last = result.catch(() => {}); // its caller hears of it
    return result;
  }

  /** What runs leave to later ones lies in WebAssembly's memory between them, where others use it too. */
  async #runAndRemember<T>(
    values: (i: number) => TypedArray,
    read: () => T,
    shown?: ShownPicture,
  ): Promise<T> {
    const { variables } = this.#program;
    this.#device.upload(variables);
    await this.#run(values, () => {}, shown);
    await this.#device.download(variables);
    return this.#guard(read);
  }

  async #run<T>(
    values: (i: number) => TypedArray,
    read: () => T,
    shown?: ShownPicture,
  ): Promise<T> {
    for (const i of this.#program.inputs.keys()) {
      if (i > 0 || !shown) this.#program.write(i, values(i));
    }
    const outputs = await this.#program.run(undefined, shown);
    return this.#guard(() => {
      for (const [i, output] of outputs.entries()) this.#core.output(i).set(output);
      return read();
    });
  }

  /** Whether a picture is small enough to be shown to run(). */
  takes(picture: Picture): boolean {
    return this.#device.takes(picture);
  }

  /** Runs once on the clock. @returns seconds for each step */
  async profile(): Promise<Float64Array> {
    return Float64Array.from(await this.#program.profile(), (milliseconds) => milliseconds / 1000);
  }

  /** Whether the device is gone. */
  get isLost(): boolean {
    return this.#device.isLost;
  }

  /** Frees what lies on the device, when no run is under way. */
  dispose(): void {
    this.#program.dispose();
  }
}

/** What does the calls of a plan. */
type Callee = Pick<CoreProgram, 'callInput' | 'callOutput' | 'call'>;

/** What a plan leaves to the processor. */
export function processorsShare(plan: Plan, core: Callee, guard: Guard): DoCall {
  const results = new Map(
    plan.steps.flatMap((step) => ('call' in step ? [[step.call, step.writes.length]] : [])),
  );
  return (number, inputs) => guard(() => doCall(core, number, inputs, results.get(number) ?? 0));
}

/** Every element takes 4 bytes where the device reads and writes. */
function doCall(
  core: Callee,
  call: number,
  inputs: readonly ArrayBuffer[],
  outputs: number,
): ArrayBuffer[] {
  for (const [i, words] of inputs.entries()) {
    const room = core.callInput(call, i);
    room.set(narrowed(dtypeOf(room) ?? 'float32', words, 0, room.length));
  }
  core.call(call);
  return Array.from({ length: outputs }, (_, i) => {
    const words = widened(core.callOutput(call, i));
    return words.slice().buffer as ArrayBuffer;
  });
}
