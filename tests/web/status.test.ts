// What status() says in Node, and how threads are asked for. What pages get: tests/browser.
import { describe, expect, it } from 'vitest';
import { setThreads, status } from '../../web/src/index.js';
import { itNeeds, messageFrom, wasm } from './fixtures.js';

describe('setThreads', () => {
  for (const given of [0, -1, 1.5, 17, Number.NaN, '2', 'many', undefined]) {
    it(`refuses ${JSON.stringify(given)}`, async () => {
      expect(await messageFrom(() => setThreads(given as number))).toBe(
        `setThreads: not a number of threads.\n  given  ${given}\n` +
          "  wanted  a whole number from 1 to 16, or 'auto'\n  Try: setThreads('auto')",
      );
    });
  }
});

describe('status', () => {
  itNeeds([wasm], 'tells that Node computes on one thread, in process', async () => {
    setThreads(2);
    const { build, threads, backend, adapter, models, worker, memory, faster } = await status();
    expect(['relaxed', 'simd']).toContain(build);
    expect({ threads, backend, worker }).toEqual({ threads: 1, backend: 'wasm', worker: false });
    expect({ adapter, models }).toEqual({ adapter: null, models: [] });
    expect(memory).toBeGreaterThan(1e6);
    const older = 'A newer browser, or Node 22: this one has no relaxed SIMD, which is faster.';
    expect(faster).toEqual(build === 'simd' ? [older] : []);
  });

  itNeeds([wasm], 'refuses another number of threads once it runs', async () => {
    setThreads('auto');
    expect(await messageFrom(() => status())).toBe(
      'gesso: setThreads("auto") came too late.\n  already running  1 of them\n' +
        '  Try: setThreads before the first model is loaded or made',
    );
    setThreads(2);
    expect((await status()).threads).toBe(1);
  });
});
