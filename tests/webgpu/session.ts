// What a test program asks of a device, and the answers: the same in Node and in a browser.
import {
  type Device,
  type Limits,
  openDevice,
  type Plan,
  type Program,
} from '../../web/src/webgpu/index.js';
import { countOf, elementsOf } from '../../web/src/webgpu/plan.js';

/** Bytes with their address in the memory of the test program. */
type Addressed = [at: number, bytes: Uint8Array];

export type Request =
  | { kind: 'open' }
  | { kind: 'load'; plan: Plan; memory: Addressed[]; disposed: number[] }
  | { kind: 'run'; program: number; inputs: Uint8Array[]; variables: Addressed[] }
  | { kind: 'resume'; outputs: Uint8Array[] };

export type Answer =
  | Limits
  | { program: number }
  | { outputs: Uint8Array[]; variables: Addressed[] }
  | { call: number; inputs: Uint8Array[] }
  | { error: string };

/** One device and the programs on it. */
export class Session {
  readonly #device: Device;
  readonly #memory = new Map<number, Uint8Array>();
  readonly #programs = new Map<number, Program>();
  #next = 0;
  #answer: (answer: Answer) => void = () => {};
  #resume: (outputs: ArrayBuffer[]) => void = () => {};

  static async open(gpu: GPU, ask: 'most' | 'least'): Promise<Session> {
    return new Session(await openDevice(gpu, { ask }));
  }

  private constructor(device: Device) {
    this.#device = device;
  }

  /** Answers a request. A run may have several answers: its calls, and then its outputs. */
  handle(request: Request): Promise<Answer> {
    return new Promise((resolve) => {
      this.#answer = resolve;
      if (request.kind === 'resume') {
        this.#resume(request.outputs.map((bytes) => bytes.slice().buffer));
        return;
      }
      this.#do(request)
        .catch((error: unknown) => ({ error: textOf(error) }))
        .then((answer) => this.#answer(answer));
    });
  }

  dispose(): void {
    this.#device.dispose();
  }

  async #do(request: Exclude<Request, { kind: 'resume' }>): Promise<Answer> {
    if (request.kind === 'open') return this.#device.limits;
    if (request.kind === 'load') return this.#load(request);
    return this.#run(request);
  }

  async #load({ plan, memory, disposed }: Extract<Request, { kind: 'load' }>): Promise<Answer> {
    for (const number of disposed) {
      this.#programs.get(number)?.dispose();
      this.#programs.delete(number);
    }
    this.#remember(memory);
    const view = (at: number) => this.#memory.get(at) ?? new Uint8Array();
    const program = await this.#device.load(plan, view, (call, inputs) => {
      this.#answer({ call, inputs: inputs.map((words) => new Uint8Array(words)) });
      return new Promise((resolve) => {
        this.#resume = resolve;
      });
    });
    this.#memory.clear();
    this.#programs.set(this.#next, program);
    return { program: this.#next++ };
  }

  async #run({ program: number, inputs, variables }: Extract<Request, { kind: 'run' }>) {
    const program = this.#programs.get(number);
    if (program === undefined) throw new RangeError(`there is no program ${number}`);
    this.#remember(variables);
    if (variables.length > 0) this.#device.upload(program.variables);
    program.inputs.forEach(({ dtype, shape }, i) => {
      if (countOf(shape) > 0) program.write(i, elementsOf(dtype, inputs[i] ?? new Uint8Array()));
    });
    const outputs = (await program.run()).map(
      ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
    );
    if (variables.length > 0) await this.#device.download(program.variables);
    const now = variables.map(([at]): Addressed => [at, this.#memory.get(at) ?? new Uint8Array()]);
    this.#memory.clear();
    return { outputs, variables: now };
  }

  #remember(memory: Addressed[]): void {
    for (const [at, bytes] of memory) this.#memory.set(at, bytes);
  }
}

const textOf = (error: unknown) =>
  error instanceof Error && error.name !== 'MLError'
    ? (error.stack ?? error.message)
    : String(error instanceof Error ? error.message : error);
