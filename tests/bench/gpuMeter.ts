// Counts what any library gives the GPU, and times it on the device: it stands between the library and
// WebGPU, so that all libraries are measured in the same way. To be installed before they open a device.

/** What has been given to the GPU between start() and stop(). */
export interface Metered {
  dispatches: number;
  passes: number;
  submits: number;
  /** Milliseconds on the device; null where it cannot tell. */
  gpu_ms: number | null;
  /** The costliest kinds of dispatches first, where each dispatch was timed. */
  kinds: KindOfDispatch[];
}

export interface KindOfDispatch {
  /** What the library calls the pipeline, and its number of workgroups. */
  label: string;
  count: number;
  gpu_ms: number;
}

/**
 * `'count'` changes nothing, so that a clock can run meanwhile. `'passes'` times each compute pass as the
 * library makes it. `'dispatches'` makes a pass of every dispatch: it tells more, and takes longer.
 */
export type Mode = 'off' | 'count' | 'passes' | 'dispatches';

/** A plan of gesso, as far as it is of interest here. */
export interface SeenPlan {
  nodes: number;
  steps: { shader?: number; op?: string; call?: number }[];
}

const most = 4096; // queries in a set
const timestamps: GPUFeatureName = 'timestamp-query';
const nanosecondsInMillisecond = 1e6;

interface Timed {
  device: GPUDevice;
  set: GPUQuerySet;
  /** What was begun so far: two queries each. */
  labels: string[];
}

/** The queries of commands that are not finished yet. */
interface Encoded {
  device: GPUDevice;
  timed: Timed[];
}

export class Meter {
  readonly plans: SeenPlan[] = [];
  readonly #encoders = new WeakMap<GPUCommandEncoder, Encoded>();
  #finished: { timed: Timed; results: GPUBuffer }[] = [];
  #mode: Mode = 'off';
  #dispatches = 0;
  #passCount = 0;
  #submits = 0;
  #canTime = false;

  /** Puts itself between all libraries and WebGPU. */
  install(): this {
    const meter = this;
    const { requestDevice } = GPUAdapter.prototype;
    GPUAdapter.prototype.requestDevice = function (options: GPUDeviceDescriptor = {}) {
      const wanted = new Set<GPUFeatureName>(options.requiredFeatures ?? []);
      if (this.features.has(timestamps)) wanted.add(timestamps);
      return requestDevice.call(this, { ...options, requiredFeatures: [...wanted] });
    };
    const { createCommandEncoder } = GPUDevice.prototype;
    GPUDevice.prototype.createCommandEncoder = function (options) {
      const encoder = createCommandEncoder.call(this, options);
      meter.#encoders.set(encoder, { device: this, timed: [] });
      return encoder;
    };
    const { beginComputePass, finish } = GPUCommandEncoder.prototype;
    GPUCommandEncoder.prototype.beginComputePass = function (options = {}) {
      const begin = (more: GPUComputePassDescriptor) =>
        beginComputePass.call(this, { ...options, ...more });
      return meter.#begin(this, options, begin);
    };
    GPUCommandEncoder.prototype.finish = function (options) {
      meter.#resolve(this);
      return finish.call(this, options);
    };
    const { dispatchWorkgroups } = GPUComputePassEncoder.prototype;
    GPUComputePassEncoder.prototype.dispatchWorkgroups = function (x, y = 1, z = 1) {
      if (meter.#mode !== 'off') meter.#dispatches++;
      return dispatchWorkgroups.call(this, x, y, z);
    };
    const { submit } = GPUQueue.prototype;
    GPUQueue.prototype.submit = function (commands) {
      if (meter.#mode !== 'off') meter.#submits++;
      return submit.call(this, commands);
    };
    const { parse } = JSON;
    JSON.parse = (text, reviver) => {
      const value = parse(text, reviver);
      if (value?.shaders && value.steps) meter.plans.push(value);
      return value;
    };
    return this;
  }

  start(mode: Mode): void {
    this.#mode = mode;
    this.#finished = [];
    this.#dispatches = this.#passCount = this.#submits = 0;
    this.#canTime = false;
  }

  async stop(): Promise<Metered> {
    const mode = this.#mode;
    this.#mode = 'off';
    const kinds = new Map<string, KindOfDispatch>();
    for (const { timed, results } of this.#finished) {
      await results.mapAsync(1); // GPUMapMode.READ
      const times = new BigInt64Array(results.getMappedRange());
      timed.labels.forEach((label, i) => {
        const kind = kinds.get(label) ?? { label, count: 0, gpu_ms: 0 };
        const took = Number((times[2 * i + 1] ?? 0n) - (times[2 * i] ?? 0n));
        kind.count++;
        kind.gpu_ms += Math.max(0, took) / nanosecondsInMillisecond;
        kinds.set(label, kind);
      });
      results.destroy();
      timed.set.destroy();
    }
    this.#finished = [];
    const sorted = [...kinds.values()].sort((a, b) => b.gpu_ms - a.gpu_ms);
    return {
      dispatches: this.#dispatches,
      passes: this.#passCount,
      submits: this.#submits,
      gpu_ms: this.#canTime ? sorted.reduce((sum, { gpu_ms }) => sum + gpu_ms, 0) : null,
      kinds: mode === 'dispatches' ? sorted : [],
    };
  }

  #begin(
    encoder: GPUCommandEncoder,
    options: GPUComputePassDescriptor,
    begin: (more: GPUComputePassDescriptor) => GPUComputePassEncoder,
  ): GPUComputePassEncoder {
    if (this.#mode === 'off') return begin({});
    this.#passCount++;
    const encoded = this.#encoders.get(encoder);
    const timed = this.#mode === 'passes' || this.#mode === 'dispatches';
    if (!timed || options.timestampWrites || !encoded?.device.features.has(timestamps)) {
      return begin({});
    }
    this.#canTime = true;
    const clock = (label: string) => begin({ timestampWrites: noteIn(encoded, label) });
    if (this.#mode === 'passes') return clock('pass');
    return new Pass(clock) as unknown as GPUComputePassEncoder;
  }

  /** The last commands copy the times to where they can be read. */
  #resolve(encoder: GPUCommandEncoder): void {
    const encoded = this.#encoders.get(encoder);
    for (const timed of encoded?.timed ?? []) {
      const { device, set, labels } = timed;
      const size = labels.length * 2 * BigInt64Array.BYTES_PER_ELEMENT;
      const resolved = device.createBuffer({ size, usage: 0x0200 | 0x0004 }); // QUERY_RESOLVE, COPY_SRC
      const results = device.createBuffer({ size, usage: 0x0001 | 0x0008 }); // MAP_READ, COPY_DST
      encoder.resolveQuerySet(set, 0, labels.length * 2, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, results, 0, size);
      this.#finished.push({ timed, results });
    }
    if (encoded) encoded.timed = [];
  }
}

/** Two queries for a pass that begins now. */
function noteIn({ device, timed }: Encoded, label: string): GPUComputePassTimestampWrites {
  let last = timed.at(-1);
  if (last === undefined || 2 * last.labels.length === most) {
    const set = device.createQuerySet({ type: 'timestamp', count: most });
    last = { device, set, labels: [] };
    timed.push(last);
  }
  const beginningOfPassWriteIndex = 2 * last.labels.length;
  last.labels.push(label);
  return {
    querySet: last.set,
    beginningOfPassWriteIndex,
    endOfPassWriteIndex: beginningOfPassWriteIndex + 1,
  };
}

/** Looks like a pass to a library, and makes one of every dispatch. */
class Pass {
  readonly #clock: (label: string) => GPUComputePassEncoder;
  readonly #groups = new Map<number, unknown[]>();
  #pipeline: GPUComputePipeline | undefined;
  label = '';

  constructor(clock: (label: string) => GPUComputePassEncoder) {
    this.#clock = clock;
  }

  setPipeline(pipeline: GPUComputePipeline): void {
    this.#pipeline = pipeline;
  }

  setBindGroup(...given: unknown[]): void {
    this.#groups.set(given[0] as number, given);
  }

  dispatchWorkgroups(x: number, y = 1, z = 1): void {
    this.#inPass(`${this.#pipeline?.label} ${x}×${y}×${z}`, (pass) =>
      pass.dispatchWorkgroups(x, y, z),
    );
  }

  dispatchWorkgroupsIndirect(buffer: GPUBuffer, offset: number): void {
    this.#inPass(`${this.#pipeline?.label} indirect`, (pass) =>
      pass.dispatchWorkgroupsIndirect(buffer, offset),
    );
  }

  pushDebugGroup(): void {}
  popDebugGroup(): void {}
  insertDebugMarker(): void {}
  end(): void {}

  #inPass(label: string, dispatch: (pass: GPUComputePassEncoder) => void): void {
    const pass = this.#clock(label);
    if (this.#pipeline) pass.setPipeline(this.#pipeline);
    for (const given of this.#groups.values()) {
      pass.setBindGroup(...(given as [number, GPUBindGroup]));
    }
    dispatch(pass);
    pass.end();
  }
}
