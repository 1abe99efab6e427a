// From a plan to what can be replayed: its buffers, pipelines and bind groups.
import { messageOf } from '../errors.js';
import type { Buffers, Memory, SharedBuffer } from './buffers.js';
import { refuse, watched } from './failures.js';
import type { Pictures } from './pictures.js';
import type { Compiled, Pipelines } from './pipelines.js';
import type { Call, Copy, Dispatch, Plan } from './plan.js';

/** What the programs of a device share. */
export interface Shop {
  readonly device: GPUDevice;
  readonly buffers: Buffers;
  readonly pipelines: Pipelines;
  readonly pictures: Pictures;
  /** Those that have not been disposed. */
  readonly programs: Set<{ dispose(): void }>;
  /** Throws when the device is lost, or when something went wrong that nobody has waited for. */
  check(): void;
  /** Throws when the device is lost, which it tells a moment after what fails for that reason. */
  checkLoss(): Promise<void>;
}

/** A step that runs a shader, ready to be encoded. */
export interface ReadyDispatch extends Dispatch {
  pipeline: GPUComputePipeline;
  bindGroup: GPUBindGroup;
}
export type ReadyStep = ReadyDispatch | Copy | Call;

/** What a program has on the device. */
export class Prepared {
  readonly buffers: GPUBuffer[] = [];
  readonly shared: SharedBuffer[] = [];
  readonly steps: ReadyStep[] = [];
  readonly #shop: Shop;
  readonly #scratch: GPUBuffer[] = [];
  readonly #keys: string[] = [];

  private constructor(shop: Shop) {
    this.#shop = shop;
  }

  /** @throws MLError with the operator's name when the device refuses something */
  static async from(shop: Shop, plan: Plan, memory: Memory): Promise<Prepared> {
    const prepared = new Prepared(shop);
    try {
      await prepared.#build(plan, memory);
    } catch (error) {
      prepared.dispose();
      await shop.checkLoss();
      throw error;
    }
    return prepared;
  }

  async #build(plan: Plan, memory: Memory): Promise<void> {
    const allocated = watched(this.#shop.device, () => this.#allocate(plan, memory));
    // Compilers start before anybody waits.
    const compiling = plan.steps.map((step) =>
      'shader' in step ? this.#compile(plan, step) : null,
    );
    const bound = watched(this.#shop.device, () =>
      plan.steps.map((step) => ('shader' in step ? this.#bind(step) : null)),
    );
    const compiled = await Promise.all(compiling);
    const failure = await allocated.failure;
    if (failure) refuse('the program cannot be made', failure, this.#costs(plan));
    const unbound = await bound.failure;
    plan.steps.forEach((step, i) => {
      const [pipeline, bindGroup] = [compiled[i], bound.result[i]];
      if (!('shader' in step)) this.steps.push(step);
      else if (pipeline && 'failure' in pipeline)
        refuse(`${step.op} cannot be compiled`, pipeline.failure, factsOf(plan, step));
      else if (pipeline && bindGroup) this.steps.push({ ...step, ...pipeline, bindGroup });
    });
    if (unbound) refuse('the program cannot be made', unbound, this.#costs(plan));
  }

  #allocate(plan: Plan, memory: Memory): void {
    const { buffers } = this.#shop;
    try {
      for (const planned of plan.buffers) {
        if (planned.kind === 'scratch') {
          const buffer = buffers.scratch(planned.bytes);
          this.#scratch.push(buffer);
          this.buffers.push(buffer);
        } else {
          const shared = buffers.share(planned, memory);
          this.shared.push(shared);
          this.buffers.push(shared.buffer);
        }
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const failure = { outOfMemory: true, text: messageOf(error) };
      refuse('the program cannot be made', failure, this.#costs(plan));
    }
  }

  /** What a message says where there is too little memory. */
  #costs(plan: Plan): Record<string, unknown> {
    const sizes = plan.buffers.map(({ bytes }) => bytes);
    const most = Math.max(0, ...sizes);
    const largest = sizes.indexOf(most);
    const dispatches = plan.steps.filter((step) => 'shader' in step);
    const uses = (access: number) => (step: Dispatch) =>
      step.bindings.some(([i, how]) => i === largest && how === access);
    const step = dispatches.find(uses(1)) ?? dispatches.find(uses(0));
    return {
      wanted: `${sizes.reduce((sum, bytes) => sum + bytes, 0)} bytes`,
      'most of it': step ? `${most} bytes for ${step.op}` : `${most} bytes`,
      ...(step && factsOf(plan, step)),
      'on the device': `${this.#shop.buffers.counts.bytes} bytes`,
    };
  }

  #compile(plan: Plan, step: Dispatch): Promise<Compiled> | null {
    const shader = plan.shaders[step.shader];
    if (shader === undefined) return null;
    const { key, compiled } = this.#shop.pipelines.take(shader, step.bindings);
    this.#keys.push(key);
    return compiled;
  }

  #bind({ op, name, bindings }: Dispatch): GPUBindGroup {
    const { device, pipelines } = this.#shop;
    const entries = bindings.map(([i, _], binding) => ({
      binding,
      resource: { buffer: this.buffer(i) },
    }));
    return device.createBindGroup({
      label: name === '' ? op : `${op} ${name}`,
      layout: pipelines.layout(bindings),
      entries,
    });
  }

  /** A buffer by its number in the plan. */
  buffer(i: number): GPUBuffer {
    const buffer = this.buffers[i];
    if (buffer === undefined) throw new RangeError(`the plan has no buffer ${i}`);
    return buffer;
  }

  dispose(): void {
    const { buffers, pipelines } = this.#shop;
    for (const buffer of this.#scratch.splice(0)) buffers.destroy(buffer);
    for (const shared of this.shared.splice(0)) buffers.release(shared);
    for (const key of this.#keys.splice(0)) pipelines.release(key);
  }
}

/** What a message says about a step. */
export function factsOf(plan: Plan, { name, shader, shape }: Dispatch): Record<string, string> {
  return {
    ...(name === '' ? {} : { node: name }),
    shape: `[${shape.join(', ')}]`,
    shader: plan.shaders[shader]?.label ?? '',
  };
}
