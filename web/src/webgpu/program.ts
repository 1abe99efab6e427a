// A plan on the device: a run replays it with one submit, and reads back only what is asked for.
import { fail, MLError } from '../errors.js';
import type { TypedArray } from '../tensor.js';
import { type Memory, Reading, type SharedBuffer, usage } from './buffers.js';
import { encode, refusedStep } from './encode.js';
import { type Failure, refuse, watched } from './failures.js';
import type { ShownPicture } from './pictures.js';
import {
  type Call,
  countOf,
  fits,
  narrowed,
  type Plan,
  type PlannedPort,
  widened,
} from './plan.js';
import { factsOf, Prepared, type Shop } from './prepare.js';
import { Stopwatch } from './stopwatch.js';

/**
 * Does what a plan leaves to the CPU.
 *
 * @param call which of the plan's calls
 * @param inputs the buffers that it reads. Every element takes 4 bytes, as a float32 or as an
 *   int32; there may be more bytes than elements.
 * @returns what the buffers are to hold that it writes, in the same way
 */
export type DoCall = (
  call: number,
  inputs: ArrayBuffer[],
) => ArrayBuffer[] | Promise<ArrayBuffer[]>;

/** Puts work in front of a run. */
type Lead = (encoder: GPUCommandEncoder) => void;

interface How {
  lead?: Lead | undefined;
  shown?: ShownPicture | undefined;
  stopwatch?: Stopwatch | undefined;
}

/** A graph made ready to run on a device. Inputs keep their contents from run to run. */
export class Program {
  readonly #shop: Shop;
  readonly #plan: Plan;
  readonly #prepared: Prepared;
  readonly #call: DoCall | undefined;
  readonly #hasCalls: boolean;
  #proven = false; // one run has been watched
  #disposed = false;
  #running = false;

  /**
   * Makes a program; it is there when all its shaders have been compiled.
   *
   * @throws MLError with the operator's name when the device refuses something
   */
  static async load(shop: Shop, plan: Plan, memory: Memory, call?: DoCall): Promise<Program> {
    shop.check();
    return new Program(shop, plan, await Prepared.from(shop, plan, memory), call);
  }

  private constructor(shop: Shop, plan: Plan, prepared: Prepared, call: DoCall | undefined) {
    this.#shop = shop;
    this.#plan = plan;
    this.#prepared = prepared;
    this.#call = call;
    this.#hasCalls = plan.steps.some((step) => 'call' in step);
  }

  get inputs(): readonly PlannedPort[] {
    return this.#plan.inputs;
  }

  get outputs(): readonly PlannedPort[] {
    return this.#plan.outputs;
  }

  /** What outlives a run, and may be shared: weights in training, the state of an optimiser. */
  get variables(): readonly SharedBuffer[] {
    return this.#prepared.shared.filter(({ planned }) => planned.kind === 'variable');
  }

  /** Sets input number i, for all runs from now on. The array can be used again at once. */
  write(i: number, values: TypedArray): void {
    this.#check();
    const port = this.#port(this.inputs, i, 'input');
    const count = countOf(port.shape);
    if (!fits(port.dtype, values) || values.length !== count) {
      const given = `${values.constructor.name} of ${values.length}`;
      const wanted = `${port.dtype} of ${count}`;
      fail(`webgpu: input "${port.name}" does not fit`, { wanted, given }, wanted);
    }
    if (count > 0) this.#shop.buffers.write(this.#prepared.buffer(port.buffer), widened(values));
  }

  /**
   * Runs once and reads outputs, all of them by default.
   *
   * @param outputs which, by their numbers
   * @param shown becomes input 0 before, in the same submit
   * @returns new arrays in the same order
   * @throws MLError when the device is lost or refuses a step
   */
  run(
    outputs: readonly number[] = this.outputs.map((_, i) => i),
    shown?: ShownPicture,
  ): Promise<TypedArray[]> {
    return this.#read(outputs, { shown });
  }

  /**
   * Runs several times, with one submit, each on the next values of an input, and reads all outputs of
   * the last run. What a run leaves to the next lies in variables.
   *
   * @param values for each run as many as the input has
   * @throws MLError when the device is lost or refuses a step
   */
  async series(input: number, values: TypedArray, runs: number): Promise<TypedArray[]> {
    const { shape, buffer } = this.#port(this.inputs, input, 'input');
    const count = countOf(shape);
    if (runs === 1 || this.#hasCalls) return this.#oneByOne(input, values.slice(), count, runs);
    this.#check();
    const { buffers } = this.#shop;
    const bytes = 4 * count;
    const all = buffers.create('series', bytes * runs, usage.copyFrom | usage.copyTo);
    try {
      buffers.write(all, widened(values));
      const target = this.#prepared.buffer(buffer);
      const outputs = this.outputs.map((_, i) => i);
      const lead: Lead = (encoder) => {
        for (let run = 0; run < runs; run++) {
          encoder.copyBufferToBuffer(all, bytes * run, target, 0, bytes);
          if (run < runs - 1) encode(encoder, this.#prepared, 0);
        }
      };
      return await this.#read(outputs, { lead });
    } finally {
      buffers.destroy(all);
    }
  }

  /** Runs once and reads nothing. The promise waits until the device has the work, not for its end. */
  async submit(): Promise<void> {
    await this.#execute([], () => undefined);
  }

  /**
   * Runs once and measures every step.
   *
   * @returns milliseconds by step; 0 for copies and calls. Browsers round them.
   * @throws MLError when the device has no "timestamp-query"
   */
  async profile(): Promise<number[]> {
    this.#check();
    if (!this.#hasClock) {
      fail('webgpu: this device cannot measure', { lacks: 'timestamp-query' }, "backend: 'wasm'");
    }
    return this.#measure((stopwatch, words, at) => stopwatch.milliseconds(words, at));
  }

  /** Runs once. @returns milliseconds, by the clock of the device if it has one */
  async time(): Promise<number> {
    this.#check();
    if (this.#hasClock) return this.#measure((stopwatch, words, at) => stopwatch.span(words, at));
    const start = performance.now();
    await this.submit();
    await this.#shop.device.queue.onSubmittedWorkDone();
    return performance.now() - start;
  }

  /** Frees what no other program uses. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#shop.programs.delete(this);
    this.#prepared.dispose();
  }

  async #read(outputs: readonly number[], how: How = {}): Promise<TypedArray[]> {
    const ports = outputs.map((i) => this.#port(this.outputs, i, 'output'));
    const parts = ports.map(({ shape, buffer }) => [buffer, countOf(shape)] as const);
    const use = (words: ArrayBuffer, offsets: number[]) =>
      ports.map(({ dtype, shape }, i) => narrowed(dtype, words, offsets[i] ?? 0, countOf(shape)));
    return this.#execute(parts, use, how);
  }

  async #oneByOne(input: number, values: TypedArray, count: number, runs: number) {
    for (let run = 0; ; run++) {
      this.write(input, values.subarray(run * count, (run + 1) * count));
      if (run === runs - 1) return this.run();
      await this.submit();
    }
  }

  #port(ports: readonly PlannedPort[], i: number, kind: string): PlannedPort {
    const port = ports[i];
    return port ?? fail(`webgpu: there is no ${kind} ${i}`, { [`${kind}s`]: ports.length }, '0');
  }

  get #hasClock(): boolean {
    return this.#shop.device.features.has('timestamp-query');
  }

  async #measure<T>(use: (stopwatch: Stopwatch, words: ArrayBuffer, at: number) => T): Promise<T> {
    const { device, buffers } = this.#shop;
    const stopwatch = new Stopwatch(device, buffers, this.#prepared.steps.length);
    try {
      return await this.#execute(
        [],
        (words, offsets) => use(stopwatch, words, offsets.at(-1) ?? 0),
        { stopwatch },
      );
    } finally {
      stopwatch.dispose();
    }
  }

  #check(): void {
    this.#shop.check();
    if (this.#disposed) fail('webgpu: this program has been disposed', {}, 'load it again');
  }

  /** Replays the plan: one submit, and one more for each call. */
  async #execute<T>(
    parts: readonly (readonly [buffer: number, words: number])[],
    use: (words: ArrayBuffer, offsets: number[]) => T,
    how: How = {},
  ): Promise<T> {
    this.#check();
    if (this.#running) {
      fail('webgpu: a run of this program is not over', {}, 'await the run before the next one');
    }
    this.#running = this.#hasCalls; // others take their turns on the device
    try {
      for (let from = 0; ; ) {
        const { next, reading, failure } = this.#submit(from, parts, how);
        const read = reading.read((words, offsets) =>
          next ? { inputs: slices(words, offsets) } : { result: use(words, offsets) },
        );
        const [refused, done] = await Promise.all([failure, read]);
        if (refused) await this.#refuse(refused, how.shown);
        if (!next) this.#proven = true;
        if ('result' in done) return done.result;
        if (next) {
          await this.#doCall(next.call, done.inputs);
          from = next.at + 1;
        }
      }
    } catch (error) {
      if (error instanceof MLError) throw error;
      await this.#shop.checkLoss();
      this.#shop.check();
      throw error;
    } finally {
      this.#running = false;
    }
  }

  /** Gives the device all work up to the next call, and copies what that reads, or the results. */
  #submit(
    from: number,
    parts: readonly (readonly [buffer: number, words: number])[],
    { lead, stopwatch, shown }: How,
  ) {
    const { device, buffers, pictures } = this.#shop;
    const prepared = this.#prepared;
    const input = from === 0 && shown ? this.#port(this.inputs, 0, 'input') : undefined;
    const work = () => {
      const encoder = device.createCommandEncoder({ label: 'run' });
      if (input && shown) {
        pictures.encode(encoder, shown, input, prepared.buffer(input.buffer));
      }
      if (from === 0) lead?.(encoder);
      const next = encode(encoder, prepared, from, stopwatch?.timing);
      const read = next
        ? next.call.reads.map((i) => wholeOf(prepared.buffer(i)))
        : parts.map(([i, words]) => [prepared.buffer(i), words] as const);
      if (!next && stopwatch) read.push(stopwatch.resolve(encoder));
      const reading = new Reading(buffers, read);
      reading.encode(encoder);
      device.queue.submit([encoder.finish()]);
      return { next, reading };
    };
    // Asking what went wrong takes a turn of the browser: the first run answers for the others.
    const isKnown = !(input && shown) || pictures.isReady(shown, input);
    if (this.#proven && isKnown) return { ...work(), failure: undefined };
    const { result, failure } = watched(device, work);
    return { ...result, failure };
  }

  async #doCall({ call, op, writes }: Call, inputs: ArrayBuffer[]): Promise<void> {
    if (this.#call === undefined) {
      fail(`webgpu: nobody does ${op}, which stays on the CPU`, {}, "backend: 'wasm'");
    }
    const outputs = await this.#call(call, inputs);
    this.#check();
    writes.forEach((i, k) => {
      const output = outputs[k];
      if (output) this.#shop.device.queue.writeBuffer(this.#prepared.buffer(i), 0, output);
    });
  }

  /** Says which step the device refuses. */
  async #refuse(failure: Failure, shown: ShownPicture | undefined): Promise<never> {
    const found = await refusedStep(this.#shop.device, this.#prepared);
    if (!found && shown) {
      const { width, height } = shown.source;
      this.#shop.pictures.trim();
      refuse('the picture cannot be shown', failure, { picture: `${width} × ${height}` });
    }
    if (!found) refuse('the program cannot run', failure);
    refuse(`${found.step.op} cannot run`, found.failure, factsOf(this.#plan, found.step));
  }
}

/** Copies of the parts that begin at these offsets. */
const slices = (words: ArrayBuffer, offsets: number[]) =>
  offsets.map((at, i) => words.slice(at, offsets[i + 1]));

const wholeOf = (buffer: GPUBuffer) => [buffer, buffer.size / 4] as const;
