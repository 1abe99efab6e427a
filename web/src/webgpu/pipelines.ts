// Compiled shaders: made once for each text, shared by the programs of a device.
import { asFailure, compilerErrors, type Failure, watched } from './failures.js';
import type { Dispatch, PlannedShader } from './plan.js';

const inComputeShaders = 4; // GPUShaderStage.COMPUTE
const idleAtMost = 128;

/** A pipeline, or why there is none. */
export type Compiled = { pipeline: GPUComputePipeline } | { failure: Failure };

interface Counted {
  users: number;
  failed: boolean;
  compiled: Promise<Compiled>;
}

/** All pipelines of one device. Those that no program uses are kept for a while. */
export class Pipelines {
  readonly #device: GPUDevice;
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #pipelines = new Map<string, Counted>(); // the idle ones in the order they became idle

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  get count(): number {
    return this.#pipelines.size;
  }

  /**
   * The layout of a step's buffers. It follows from the plan: one made from the shader would leave
   * out the buffers that the shader does not use.
   */
  layout(bindings: Dispatch['bindings']): GPUBindGroupLayout {
    const access = accessOf(bindings);
    let layout = this.#layouts.get(access);
    if (layout === undefined) {
      const entries = bindings.map(([, writes], binding): GPUBindGroupLayoutEntry => {
        const type = writes ? 'storage' : 'read-only-storage';
        return { binding, visibility: inComputeShaders, buffer: { type } };
      });
      layout = this.#device.createBindGroupLayout({ label: access, entries });
      this.#layouts.set(access, layout);
    }
    return layout;
  }

  /** A pipeline that is used until `release` is called with the key. */
  take(
    shader: PlannedShader,
    bindings: Dispatch['bindings'],
  ): { key: string; compiled: Promise<Compiled> } {
    const key = `${accessOf(bindings)} ${shader.code}`;
    let pipeline = this.#pipelines.get(key);
    if (pipeline === undefined) {
      const compiled = this.#compile(shader, this.layout(bindings));
      const made: Counted = { users: 0, failed: false, compiled };
      void compiled.then((result) => {
        made.failed = 'failure' in result;
      });
      pipeline = made;
      this.#pipelines.set(key, pipeline);
    }
    pipeline.users++;
    return { key, compiled: pipeline.compiled };
  }

  release(key: string): void {
    const pipeline = this.#pipelines.get(key);
    if (pipeline === undefined || --pipeline.users > 0) return;
    this.#pipelines.delete(key);
    if (pipeline.failed) return; // there may be memory the next time
    this.#pipelines.set(key, pipeline);
    const idle = [...this.#pipelines].filter(([, { users }]) => users === 0);
    for (const [oldest] of idle.slice(0, -idleAtMost)) this.#pipelines.delete(oldest);
  }

  /** Forgets the pipelines that no program uses. */
  trim(): void {
    for (const [key, { users }] of this.#pipelines) if (users === 0) this.#pipelines.delete(key);
  }

  async #compile({ label, code }: PlannedShader, layout: GPUBindGroupLayout): Promise<Compiled> {
    const device = this.#device;
    const { result, failure } = watched(device, () => {
      const module = device.createShaderModule({ label, code });
      const bindGroupLayouts = [layout];
      const pipeline = device.createComputePipelineAsync({
        label,
        layout: device.createPipelineLayout({ label, bindGroupLayouts }),
        compute: { module, entryPoint: 'main' },
      });
      return { module, made: pipeline.then((made) => ({ pipeline: made }), asFailure) };
    });
    const made = await result.made;
    const first = await failure;
    if ('pipeline' in made && first === undefined) return made;
    const errors = await compilerErrors(result.module, code).catch(() => []); // of a lost device
    if (errors.length > 0) return { failure: { outOfMemory: false, text: errors.join('; ') } };
    return { failure: first ?? (made as Failure) };
  }
}

const accessOf = (bindings: Dispatch['bindings']) => bindings.map(([, access]) => access).join('');
