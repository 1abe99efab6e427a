// The tuner on Dawn: what it chooses, remembers, and leaves alone.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { platform, usePlatform } from '../../web/src/platform.js';
import type { Store } from '../../web/src/store.js';
import { type Device, openDevice, type Plan } from '../../web/src/webgpu/index.js';
import { type Chosen, Tuner, tuning } from '../../web/src/webgpu/tuner.js';
import { dawn, hasDriver } from '../webgpu/dawn.js';

/** A store in memory. */
class Drawer implements Store {
  readonly entries = new Map<string, Uint8Array<ArrayBuffer>>();
  read = async (key: string) => this.entries.get(key);
  keys = async () => [...this.entries.keys()];
  room = async () => ({});
  async write(key: string, pieces: readonly Uint8Array[]) {
    this.entries.set(key, new Uint8Array(Buffer.concat(pieces)));
  }
  async delete(key: string) {
    this.entries.delete(key);
  }
}

/** Adds so many numbers for each of 4,096 elements. */
const adds = (terms: number) => ({
  label: `sum of ${terms}`,
  code: `@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  var sum = f32(id.x);
  for (var k = 0u; k < ${terms}u; k++) {
    sum = sum * 0.5 + f32(k);
  }
  y[id.x] = sum;
}`,
});

const terms: Record<string, number[]> = { large: [2000, 100, 4000], small: [50, 1500] };

/** Two nodes, each with variants that differ in how much they do. */
function planOf(chosen: Chosen): Plan {
  const keys = Object.keys(terms);
  const choices = keys.map((key) => {
    const variants = terms[key]?.length ?? 0;
    return { key, variants, chosen: Math.min(chosen[key] ?? 0, variants - 1) };
  });
  return {
    buffers: [{ kind: 'scratch', bytes: 4096 * 4 }],
    shaders: choices.map(({ key, chosen }) => adds(terms[key]?.[chosen] ?? 0)),
    steps: choices.map(({ key }, i) => ({
      shader: i,
      bindings: [[0, 1]],
      groups: [64, 1, 1],
      choices: [i],
      op: key,
      name: '',
      shape: [4096],
    })),
    inputs: [],
    outputs: [],
    choices,
  };
}

describe.skipIf(!hasDriver())('the tuner on Dawn (needs a driver for Vulkan)', () => {
  let gpu: GPU;
  let device: Device;
  let drawer: Drawer;
  const version = '1.2.3';
  const pages = platform;
  const entry = () => [...drawer.entries.keys()][0] ?? '';
  const { milliseconds } = tuning;
  beforeAll(async () => {
    gpu = dawn();
    device = await openDevice(gpu);
  });
  afterAll(() => {
    device.dispose();
    void gpu;
  });
  beforeEach(() => {
    drawer = new Drawer();
    usePlatform({ ...pages, openStore: async () => drawer });
    tuning.milliseconds = 60_000; // a slow machine decides, too
  });
  afterAll(() => {
    tuning.milliseconds = milliseconds;
    usePlatform(pages);
  });

  it('takes the fastest variant, and keeps those that are as fast as any', async () => {
    const tuner = await Tuner.open(device, version);
    const before = device.counts().programs;
    expect(await tuner.tune(planOf({}), planOf)).toBe(true);
    expect(tuner.chosen).toEqual({ large: 1, small: 0 });
    expect(device.counts().programs).toBe(before);
  });

  it('measures only once for an adapter', async () => {
    await (await Tuner.open(device, version)).tune(planOf({}), planOf);
    expect(entry()).toMatch(/^tuned\/1\.2\.3\/[\w.-]+$/);
    const next = await Tuner.open(device, version);
    expect(next.chosen).toEqual({ large: 1, small: 0 });
    const changed = await next.tune(planOf(next.chosen), () => {
      throw new Error('nothing is to be measured');
    });
    expect(changed).toBe(false);
  });

  it('knows nothing of what another version has chosen', async () => {
    await (await Tuner.open(device, version)).tune(planOf({}), planOf);
    const other = await Tuner.open(device, '1.2.4');
    expect(other.chosen).toEqual({});
  });

  it('stops when its time is over, and goes on with the next program', async () => {
    tuning.milliseconds = 0;
    const tuner = await Tuner.open(device, version);
    expect(await tuner.tune(planOf({}), planOf)).toBe(false);
    expect(tuner.chosen).toEqual({});
    tuning.milliseconds = 60_000;
    expect(await tuner.tune(planOf({}), planOf)).toBe(true);
  });

  it('takes no harm from what it cannot read', async () => {
    await (await Tuner.open(device, version)).tune(planOf({}), planOf);
    for (const text of ['', '{', 'null', '[1]', '7', '{"large": -1, "small": "a", "x": 1.5}']) {
      drawer.entries.set(entry(), new TextEncoder().encode(text));
      const { chosen } = await Tuner.open(device, version);
      expect([chosen.large, chosen.small]).toEqual([undefined, undefined]);
    }
    drawer.entries.set(entry(), new TextEncoder().encode('{"large": 2, "small": "a"}'));
    expect((await Tuner.open(device, version)).chosen).toEqual({ large: 2 });
  });

  it('does without a store', async () => {
    const locked = async () => {
      throw new Error('locked');
    };
    for (const openStore of [async () => undefined, locked]) {
      usePlatform({ ...pages, openStore });
      const tuner = await Tuner.open(device, version);
      expect(await tuner.tune(planOf({}), planOf)).toBe(true);
    }
  });

  it('never takes a variant that the device refuses', async () => {
    const broken = (chosen: Chosen): Plan => {
      const plan = planOf(chosen);
      if (chosen.large === 1) plan.shaders[0] = { label: 'broken', code: 'fn main() { 1 }' };
      return plan;
    };
    const tuner = await Tuner.open(device, version);
    await tuner.tune(broken({}), broken);
    expect(tuner.chosen).toEqual({ large: 0, small: 0 });
  });

  it('measures one program at a time, which serves the next', async () => {
    const tuner = await Tuner.open(device, version);
    const both = [tuner.tune(planOf({}), planOf), tuner.tune(planOf({}), planOf)];
    expect(await Promise.all(both)).toEqual([true, true]);
  });
});
