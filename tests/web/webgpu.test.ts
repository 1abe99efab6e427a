// The executor of plans on Dawn: what it computes, counts, shares and refuses.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Device, openDevice, type Plan } from '../../web/src/webgpu/index.js';
import { dawn, hasDriver } from '../webgpu/dawn.js';
import { messageFrom } from './fixtures.js';

/** Memory as WebAssembly has it. */
class Heap {
  readonly buffer = new ArrayBuffer(4096);
  #end = 64;

  put(values: Float32Array | Int8Array): number {
    const at = this.#end;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    new Uint8Array(this.buffer).set(bytes, at);
    this.#end += Math.ceil(bytes.length / 64) * 64;
    return at;
  }

  floats = (at: number, count: number) => [...new Float32Array(this.buffer, at, count)];
  read = (at: number, bytes: number) => new Uint8Array(this.buffer, at, bytes);
}

/** WGSL that sets y, at the last binding, element by element. */
function shader(label: string, expression: string, types: string[], count = 4) {
  const last = types.length - 1;
  const bindings = types.map((type, i) => {
    const access = i === last ? 'read_write' : 'read';
    return `@group(0) @binding(${i}) var<storage, ${access}> b${i}: array<${type}>;`;
  });
  const body = `if (i < ${count}u) { b${last}[i] = ${expression}; }`;
  const main = `@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u)`;
  return { label, code: `${bindings.join('\n')}\n${main} { let i = id.x; ${body} }` };
}

const scratch = { kind: 'scratch', bytes: 16 } as const;
const port = (name: string, buffer: number, dtype: 'float32' | 'int8' | 'bool' = 'float32') => ({
  name,
  shape: [2, 2],
  dtype,
  buffer,
});
const step = (shader: number, op: string, reads: number[], write: number) => ({
  shader,
  bindings: [...reads.map((i): [number, 0] => [i, 0]), [write, 1] as [number, 1]],
  groups: [1, 1, 1] as [number, number, number],
  op,
  name: `model/${op}`,
  shape: [2, 2],
});

/** y = x * w. */
function product(at: number): Plan {
  return {
    buffers: [scratch, { kind: 'constant', bytes: 16, at, count: 4, dtype: 'float32' }, scratch],
    shaders: [shader('mul', 'b0[i] * b1[i]', ['f32', 'f32', 'f32'])],
    steps: [step(0, 'mul', [0, 1], 2)],
    inputs: [port('x', 0)],
    outputs: [port('y', 2)],
  };
}

/** v = v + 1; y = 10 * v. */
function counter(at: number): Plan {
  return {
    buffers: [{ kind: 'variable', bytes: 16, at, count: 4, dtype: 'float32' }, scratch, scratch],
    shaders: [
      shader('add', 'b0[i] + 1.0', ['f32', 'f32']),
      shader('mul', 'b0[i] * 10.0', ['f32', 'f32']),
    ],
    steps: [step(0, 'add', [0], 1), { copy: [1, 0, 16] }, step(1, 'mul', [0], 2)],
    inputs: [],
    outputs: [port('y', 2)],
  };
}

const floats = (...values: number[]) => new Float32Array(values);

/** A graphics processor whose devices always say that there is no memory left. */
function withoutMemory(gpu: GPU): GPU {
  const requestAdapter = async () => {
    const adapter = (await gpu.requestAdapter()) as GPUAdapter;
    const requestDevice = async () => {
      const device = await adapter.requestDevice();
      const scopes: string[] = [];
      device.pushErrorScope = (kind) => {
        scopes.push(kind);
        return undefined;
      };
      device.popErrorScope = async () =>
        scopes.pop() === 'out-of-memory' ? ({ message: 'Out of memory' } as GPUError) : null;
      return device;
    };
    return { limits: adapter.limits, features: adapter.features, requestDevice };
  };
  return { requestAdapter } as unknown as GPU;
}

describe.skipIf(!hasDriver())('the executor on Dawn (needs a driver for Vulkan)', () => {
  let gpu: GPU;
  let device: Device;
  let heap: Heap;
  beforeAll(async () => {
    gpu = dawn();
    device = await openDevice(gpu);
  });
  afterAll(() => device.dispose());
  const load = (plan: Plan, ...call: [] | [Parameters<Device['load']>[2]]) =>
    device.load(plan, (at, bytes) => heap.read(at, bytes), ...call);
  const fresh = () => {
    device.trim();
    heap = new Heap();
    return device.counts();
  };

  it('multiplies by a constant, keeps its input, and runs again', async () => {
    fresh();
    const program = await load(product(heap.put(floats(1, 2, 3, 4))));
    program.write(0, floats(5, 6, 7, 8));
    expect(await program.run()).toEqual([floats(5, 12, 21, 32)]);
    expect(await program.run()).toEqual([floats(5, 12, 21, 32)]);
    program.dispose();
  });

  it('takes each run with the input that was written before it', async () => {
    fresh();
    const program = await load(product(heap.put(floats(1, 1, 1, 1))));
    const runs = [1, 2, 3].map((value) => {
      program.write(0, floats(value, value, value, value));
      return program.run();
    });
    const firsts = (await Promise.all(runs)).map(([y]) => y?.[0]);
    expect(firsts).toEqual([1, 2, 3]);
    program.dispose();
  });

  it('reads only the outputs that are asked for', async () => {
    fresh();
    const plan = product(heap.put(floats(1, 2, 3, 4)));
    plan.outputs = [port('y', 2), port('x', 0)];
    const program = await load(plan);
    program.write(0, floats(1, 1, 1, 1));
    expect(await program.run([1])).toEqual([floats(1, 1, 1, 1)]);
    expect(await program.run([])).toEqual([]);
    expect(await program.run([1, 0])).toEqual([floats(1, 1, 1, 1), floats(1, 2, 3, 4)]);
    program.dispose();
  });

  it('widens and narrows bytes', async () => {
    fresh();
    const at = heap.put(Int8Array.of(-1, -2, 3, 127));
    const program = await load({
      buffers: [scratch, { kind: 'constant', bytes: 16, at, count: 4, dtype: 'int8' }, scratch],
      shaders: [shader('add', 'b0[i] + b1[i]', ['i32', 'i32', 'i32'])],
      steps: [step(0, 'add', [0, 1], 2)],
      inputs: [port('x', 0, 'bool')],
      outputs: [port('y', 2, 'int8')],
    });
    program.write(0, Uint8Array.of(1, 0, 1, 1));
    expect(await program.run()).toEqual([Int8Array.of(0, -2, 4, -128)]);
    program.dispose();
  });

  it('keeps variables on the device until they are asked for', async () => {
    fresh();
    const at = heap.put(floats(1, 2, 3, 4));
    const program = await load(counter(at));
    await program.submit();
    expect(await program.run()).toEqual([floats(30, 40, 50, 60)]);
    expect(heap.floats(at, 4)).toEqual([1, 2, 3, 4]);
    await device.download(program.variables);
    expect(heap.floats(at, 4)).toEqual([3, 4, 5, 6]);
    new Float32Array(heap.buffer, at, 4).set([7, 7, 7, 7]);
    device.upload(program.variables);
    expect(await program.run()).toEqual([floats(80, 80, 80, 80)]);
    program.dispose();
  });

  it('shares variables and constants between programs as long as one lives', async () => {
    const empty = fresh();
    const at = heap.put(floats(0, 0, 0, 0));
    const [first, second] = [await load(counter(at)), await load(counter(at))];
    await first.run();
    expect(await second.run()).toEqual([floats(20, 20, 20, 20)]);
    first.dispose();
    expect(await second.run()).toEqual([floats(30, 30, 30, 30)]);
    second.dispose();
    expect(fresh()).toEqual(empty);
    const third = await load(counter(heap.put(floats(5, 5, 5, 5))));
    expect(await third.run()).toEqual([floats(60, 60, 60, 60)]);
    third.dispose();
  });

  it('makes no buffer in a run, and leaves none behind', async () => {
    const empty = fresh();
    const program = await load(product(heap.put(floats(1, 2, 3, 4))));
    await program.run();
    const running = device.counts();
    for (let i = 0; i < 20; i++) await program.run();
    expect(device.counts()).toEqual(running);
    expect(running).toMatchObject({ programs: 1, pipelines: 1, buffers: 4 });
    program.dispose();
    program.dispose();
    expect(fresh()).toEqual(empty);
  });

  it('leaves calls to the CPU, in the middle of a run', async () => {
    fresh();
    const plan = product(heap.put(floats(1, 2, 3, 4)));
    plan.buffers.push(scratch, scratch);
    plan.steps.push(
      { call: 7, op: 'sort', name: '', reads: [2], writes: [3] },
      step(0, 'mul', [3, 1], 4),
    );
    plan.outputs = [port('z', 4)];
    const seen: number[] = [];
    const program = await load(plan, (call, [words]) => {
      seen.push(call);
      return [new Float32Array(words ?? []).sort().reverse().slice().buffer];
    });
    program.write(0, floats(1, 1, 1, 1));
    const running = program.run();
    const message = await messageFrom(() => program.run());
    expect(message).toContain('webgpu: a run of this program is not over.');
    expect(await running).toEqual([floats(4, 6, 6, 4)]);
    expect(seen).toEqual([7]);
    program.dispose();
  });

  it('measures steps', async () => {
    fresh();
    const plan = counter(heap.put(floats(0, 0, 0, 0)));
    for (const each of plan.steps) {
      if ('groups' in each) each.groups = [1 << 15, 1, 1]; // longer than what clocks are rounded to
    }
    const program = await load(plan);
    const times = await program.profile();
    expect(times).toHaveLength(3);
    expect(times[1]).toBe(0);
    expect(times[0]).toBeGreaterThan(0);
    expect(times[2]).toBeGreaterThan(0);
    program.dispose();
  });

  it('says which operator has a shader that cannot be compiled, and where', async () => {
    const empty = fresh();
    const plan = product(heap.put(floats(1, 2, 3, 4)));
    plan.shaders = [shader('mul, relu', 'b0[i] * wrong', ['f32', 'f32', 'f32'])];
    const message = await messageFrom(() => load(plan));
    expect(message).toMatch(/^webgpu: mul cannot be compiled\.\n {2}node {2}model\/mul\n/);
    expect(message).toContain('shader  mul, relu');
    expect(message).toMatch(/unresolved value 'wrong' in line \d+: @compute/);
    expect(fresh()).toEqual(empty);
  });

  it('says which operator cannot run, and can go on', async () => {
    fresh();
    const at = heap.put(floats(1, 2, 3, 4));
    const plan = product(at);
    plan.steps = [
      step(0, 'mul', [0, 1], 2),
      { ...step(0, 'div', [0, 1], 2), groups: [1 << 20, 1, 1] },
    ];
    const program = await load(plan);
    const message = await messageFrom(() => program.run());
    expect(message).toMatch(
      /^webgpu: div cannot run\.\n {2}node {2}model\/div\n {2}shape {2}\[2, 2\]/,
    );
    expect(message).toContain('1048576');
    program.dispose();
    const other = await load(product(at));
    other.write(0, floats(1, 1, 1, 1));
    expect(await other.run()).toEqual([floats(1, 2, 3, 4)]);
    other.dispose();
  });

  it('refuses inputs that do not fit', async () => {
    fresh();
    const program = await load(product(heap.put(floats(1, 2, 3, 4))));
    expect(() => program.write(0, floats(1))).toThrow('webgpu: input "x" does not fit.');
    expect(() => program.write(0, new Int32Array(4))).toThrow('given  Int32Array of 4');
    expect(() => program.write(1, floats(1))).toThrow('webgpu: there is no input 1.');
    program.dispose();
    expect(await messageFrom(() => program.run())).toContain(
      'webgpu: this program has been disposed.',
    );
  });

  it('says that there is no memory left', async () => {
    const empty = fresh();
    const plan = product(heap.put(floats(1, 2, 3, 4)));
    plan.buffers[2] = { kind: 'scratch', bytes: 2 ** 40 };
    const message = await messageFrom(() => load(plan));
    expect(message).toContain('webgpu: the program cannot be made');
    expect(message).toContain('  most of it  1099511627776 bytes for mul\n  node  model/mul\n');
    expect(fresh()).toEqual(empty);
  });

  it('says for which operator there was no memory left', async () => {
    const other = await openDevice(withoutMemory(gpu));
    heap = new Heap();
    const plan = product(heap.put(floats(1, 2, 3, 4)));
    const message = await messageFrom(() => other.load(plan, (at, bytes) => heap.read(at, bytes)));
    expect(message).toBe(
      'webgpu: the program cannot be made: the graphics processor has no memory left.\n' +
        '  wanted  48 bytes\n' +
        '  most of it  16 bytes for mul\n' +
        '  node  model/mul\n' +
        '  shape  [2, 2]\n' +
        '  shader  mul\n' +
        '  on the device  48 bytes\n' +
        "  Try: backend: 'wasm'",
    );
    other.dispose();
  });

  it('refuses to work when the device is lost', async () => {
    fresh();
    const other = await openDevice(gpu, { ask: 'least' });
    expect(other.limits).toMatchObject({ maxStorageBuffersPerShaderStage: 8, half: false });
    const at = heap.put(floats(1, 2, 3, 4));
    const program = await other.load(product(at), (from, bytes) => heap.read(from, bytes));
    other.dispose();
    expect(await other.lost).toMatchObject({ reason: 'destroyed' });
    expect(await messageFrom(() => program.run())).toContain('webgpu: the device was lost.');
  });
});
