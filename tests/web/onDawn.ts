// Tests on a graphics processor: Dawn, whose driver computes on the processor.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, vi } from 'vitest';
import { connect, started } from '../../web/src/client.js';
import type { Running } from '../../web/src/runtime.js';
import { setBackend } from '../../web/src/settings.js';
import { accelerator } from '../../web/src/webgpu/accelerator.js';
import { dawn, hasDriver } from '../webgpu/dawn.js';

// A processor that pretends to be a graphics processor takes its time.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

/** What runs here. */
export const status = (): Promise<Running> =>
  (started().at(-1) ?? connect('status', undefined)).status();

/** Tests that begin with setBackend('webgpu'). */
export function describeOnDawn(name: string, tests: () => void): void {
  describe.skipIf(!hasDriver())(`${name} on Dawn (needs a driver)`, () => {
    let gpu: GPU; // it must outlive its devices
    beforeAll(() => {
      gpu = dawn();
      vi.stubGlobal('navigator', { hardwareConcurrency: 2, gpu });
    });
    afterAll(async () => {
      await loseDevice();
      vi.unstubAllGlobals();
    });
    beforeEach(() => setBackend('webgpu'));
    afterEach(() => setBackend('wasm'));
    tests();
  });
}

/** Takes the device away from all that runs there; whatever begins afterwards has another one. */
export async function loseDevice(): Promise<void> {
  (await accelerator()).device.dispose();
}

/** Numbers from 0 to 1 that are always the same. */
export function noise(count: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, (_, i) => ((i * 2654435761) % 4096) / 4096);
}

/** The largest difference, over the largest number that is wanted. */
export function difference(wanted: ArrayLike<number>, got: ArrayLike<number>): number {
  let [worst, largest] = [0, 1e-9];
  if (wanted.length !== got.length) return Number.POSITIVE_INFINITY;
  for (let i = 0; i < wanted.length; i++) {
    worst = Math.max(worst, Math.abs((wanted[i] ?? 0) - (got[i] ?? Number.NaN)));
    largest = Math.max(largest, Math.abs(wanted[i] ?? 0));
  }
  return worst / largest;
}

/** What a call gives on WebAssembly, and on the graphics processor. */
export async function onBoth<T>(work: () => Promise<T>): Promise<{ wanted: T; got: T }> {
  setBackend('wasm');
  const wanted = await work();
  setBackend('webgpu');
  const got = await work();
  return { wanted, got };
}

/** Expects numbers within a tolerance, and all else as it is, whatever they are in. */
export function expectNear(got: unknown, wanted: unknown, tolerance: number, at = ''): void {
  if (typeof wanted === 'number') {
    const off = Math.abs(wanted - (typeof got === 'number' ? got : Number.NaN));
    expect(off, `${at}: ${got}, not ${wanted}`).toBeLessThanOrEqual(tolerance);
  } else if (ArrayBuffer.isView(wanted) && ArrayBuffer.isView(got)) {
    const lists = [wanted, got].map((view) => [...(view as Float32Array)]);
    expectNear(lists[1], lists[0], tolerance, at);
  } else if (typeof wanted === 'object' && wanted !== null) {
    expect(typeof got, at).toBe('object');
    expect(Object.keys(got ?? {}), at).toEqual(Object.keys(wanted));
    for (const [key, value] of Object.entries(wanted)) {
      expectNear((got as Record<string, unknown>)[key], value, tolerance, `${at}.${key}`);
    }
  } else {
    expect(got, at).toEqual(wanted);
  }
}
