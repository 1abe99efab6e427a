// Variants of kernels in a whole model: each is valid everywhere, and answers as the others do.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CoreProgram } from '../../web/src/engine.js';
import { type LoadedModel, loadModel, tensor } from '../../web/src/node.js';
import { setBackend } from '../../web/src/settings.js';
import { Accelerator, accelerator } from '../../web/src/webgpu/accelerator.js';
import { openDevice, type Plan } from '../../web/src/webgpu/index.js';
import { Program } from '../../web/src/webgpu/program.js';
import { tuning } from '../../web/src/webgpu/tuner.js';
import { checker } from '../webgpu/dawn.js';
import { digits, itNeeds, model } from './fixtures.js';
import { describeOnDawn, difference, noise } from './onDawn.js';

vi.setConfig({ testTimeout: 600_000 }); // software computes, and compiles each variant

const name = 'mobilenet_v1_025_224_layers';
const side = 224;
const normal = { ...tuning };
const variants = [0, 1, 2, 3]; // where a kernel has fewer, the last is taken

const input = tensor(noise(side * side * 3), [1, side, side, 3]);

async function classesOf(loaded: LoadedModel): Promise<ArrayLike<number>> {
  const outputs = await loaded.run(input);
  return Object.values(outputs)[0]?.data ?? [];
}

type Compile = Accelerator['compile'];
/** The choices of a program, all with one variant. */
function chosenOf(program: CoreProgram, variant: number): Record<string, number> {
  const { choices = [] } = JSON.parse(program.plan()) as Plan;
  expect(choices.length).toBeGreaterThan(0);
  return Object.fromEntries(choices.map(({ key }) => [key, variant]));
}

/** A shader with f16 as one with f32 that is rounded to f16 where that would be. */
function imitated(code: string): string {
  if (!code.includes('enable f16;')) return code;
  const rounded = `fn rounded(x: vec4f) -> vec4f {
  return vec4f(unpack2x16float(pack2x16float(x.xy)), unpack2x16float(pack2x16float(x.zw)));
}`;
  const unpacked = 'vec4f(unpack2x16float($1.x), unpack2x16float($1.y))';
  const body = code
    .replace('enable f16;', '')
    .replace(/bitcast<vec4h>\((b\d+\[i\])\)/g, unpacked)
    .replaceAll('return vec4h(', 'return rounded(')
    .replace(/(h\d+) \+= ([^;]*);/g, '$1 = rounded($1 + $2);')
    .replaceAll('vec4h', 'vec4f');
  return `${body}${rounded}`;
}

afterEach(() => {
  vi.restoreAllMocks();
  setBackend('wasm');
});

describeOnDawn('variants', () => {
  /** The classes as WebAssembly has them. */
  async function wantedClasses(): Promise<ArrayLike<number>> {
    setBackend('wasm');
    const loaded = await loadModel(model(name));
    const classes = await classesOf(loaded);
    loaded.dispose();
    setBackend('webgpu');
    return classes;
  }

  itNeeds([model(name)], 'answer as WebAssembly does, each of them', async () => {
    const wanted = await wantedClasses();
    for (const variant of variants) {
      const everywhere: Compile = async (make) => {
        const options = (await accelerator()).options(false);
        const first = make(options);
        const chosen = chosenOf(first, variant);
        first.delete();
        return make(JSON.stringify({ ...JSON.parse(options), chosen }));
      };
      vi.spyOn(Accelerator.prototype, 'compile').mockImplementation(everywhere);
      const loaded = await loadModel(model(name));
      expect(difference(wanted, await classesOf(loaded)), `variant ${variant}`).toBeLessThan(1e-4);
      loaded.dispose();
    }
  });

  itNeeds([model(name)], 'store weights in half the memory where that is allowed', async () => {
    const answers: ArrayLike<number>[] = [];
    const bytes: number[] = [];
    for (const half of [false, true]) {
      setBackend('webgpu', { half });
      const loaded = await loadModel(model(name));
      answers.push(await classesOf(loaded));
      bytes.push((await accelerator()).device.counts().bytes);
      loaded.dispose();
    }
    const [wanted = [], got = []] = answers;
    const error = difference(wanted, got);
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(0.02);
    expect((bytes[0] ?? 0) - (bytes[1] ?? 0)).toBeGreaterThan(0.8 * (470_000 * 2));
  });

  itNeeds([model(name)], 'are for the models that were loaded so', async () => {
    setBackend('webgpu', { half: true });
    const halved = await loadModel(model(name));
    setBackend('webgpu');
    const whole = await loadModel(model(name));
    const wanted = await classesOf(whole);
    const got = await classesOf(halved);
    halved.dispose();
    whole.dispose();
    const error = difference(wanted, got);
    expect(error).toBeGreaterThan(1e-6);
    expect(error).toBeLessThan(0.02);
  });

  itNeeds([model(name)], 'compute with f16 about what they do without', async () => {
    const wanted = await wantedClasses();
    let halves = 0;
    const half: Compile = async (make) => {
      const options = JSON.parse((await accelerator()).options(true));
      const program = make(JSON.stringify({ ...options, f16: true }));
      const plan = JSON.parse(program.plan()) as Plan;
      halves = plan.shaders.filter(({ code }) => code.includes('enable f16;')).length;
      for (const shader of plan.shaders) shader.code = imitated(shader.code);
      program.plan = () => JSON.stringify(plan);
      return program;
    };
    vi.spyOn(Accelerator.prototype, 'compile').mockImplementation(half);
    const loaded = await loadModel(model(name));
    const error = difference(wanted, await classesOf(loaded));
    loaded.dispose();
    expect(halves).toBeGreaterThan(5);
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(0.02);
  });

  it('are measured once for an adapter', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gesso-tuned-'));
    vi.stubEnv('GESSO_CACHE', folder);
    const time = vi.spyOn(Program.prototype, 'time');
    const input = noise(784);
    const classes = async () => {
      const loaded = await loadModel(digits);
      const [output] = Object.values(await loaded.run(input));
      loaded.dispose();
      return output?.data ?? [];
    };
    setBackend('wasm');
    const wanted = await classes();
    setBackend('webgpu');
    Object.assign(tuning, { software: true, milliseconds: 60_000 });
    try {
      expect(difference(wanted, await classes())).toBeLessThan(1e-4);
      expect(time.mock.calls.length).toBeGreaterThan(0);
      time.mockClear();
      const { device } = await accelerator();
      device.dispose(); // the next page has another
      await device.lost;
      expect(difference(wanted, await classes())).toBeLessThan(1e-4);
      expect(time).not.toHaveBeenCalled();
    } finally {
      Object.assign(tuning, normal);
      vi.unstubAllEnvs();
      await rm(folder, { recursive: true });
    }
  });
});

describe('shaders that compute with f16', () => {
  let gpu: GPU;
  let opened: Accelerator;
  beforeAll(async () => {
    gpu = checker();
    vi.stubGlobal('navigator', { hardwareConcurrency: 2, gpu });
    opened = new Accelerator(await openDevice(gpu));
  });
  afterAll(() => {
    opened.device.dispose();
    vi.unstubAllGlobals();
    void gpu;
  });

  it('are offered what they need', () => {
    expect(opened.device.limits).toMatchObject({ half: true });
    expect(opened.device.limits.subgroups).toBeGreaterThan(0);
  });

  itNeeds([model(name)], 'are valid, each variant of them', async () => {
    setBackend('webgpu', { half: true });
    let checked = 0;
    const check: Compile = async (make, half, guard) => {
      const options = opened.options(half);
      const first = make(options);
      for (const variant of variants) {
        const chosen = chosenOf(first, variant);
        const program = make(JSON.stringify({ ...JSON.parse(options), chosen }));
        const { shaders } = JSON.parse(program.plan()) as Plan;
        const halves = shaders.filter(({ code }) => code.includes('enable f16;'));
        if (variant < 2) expect(halves.length).toBeGreaterThan(5); // the others are tiled
        const bytes = (_: number, size: number) => new Uint8Array(size);
        const ready = await opened.load(program, guard, bytes);
        ready.dispose();
        program.delete();
        checked++;
      }
      return first;
    };
    vi.spyOn(Accelerator.prototype, 'compile').mockImplementation(check);
    const loaded = await loadModel(model(name));
    await classesOf(loaded);
    loaded.dispose();
    expect(checked).toBe(variants.length);
  });
});
