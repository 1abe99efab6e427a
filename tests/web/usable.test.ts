// Objects that can be used at once and awaited, and who hears of a failure.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { usableAtOnce } from '../../web/src/usable.js';

describe('usableAtOnce', () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  beforeEach(() => {
    unhandled.length = 0;
    process.on('unhandledRejection', note);
  });
  afterEach(() => {
    process.off('unhandledRejection', note);
  });
  const aWhile = () => new Promise((resolve) => setTimeout(resolve, 20));

  const make = (ready: Promise<number>) =>
    usableAtOnce(ready, {
      twice: async () => 2 * (await ready),
      get three() {
        return 3;
      },
    });

  it('can be used before loading has ended, and awaited', async () => {
    let load: (value: number) => void = () => {};
    const object = make(
      new Promise((resolve) => {
        load = resolve;
      }),
    );
    const early = object.twice();
    load(21);
    expect(await early).toBe(42);
    const loaded = await object;
    expect(loaded).not.toHaveProperty('then');
    expect(await loaded.twice()).toBe(42);
    expect([object.three, loaded.three]).toEqual([3, 3]);
  });

  it('rejects the object and its methods alike', async () => {
    const object = make(Promise.reject(new Error('broken')));
    await expect(object.twice()).rejects.toThrow('broken');
    await expect(object).rejects.toThrow('broken');
  });

  it('makes no noise when only a method is handled', async () => {
    const object = make(Promise.reject(new Error('broken')));
    await object.twice().catch(() => {});
    await aWhile();
    expect(unhandled).toEqual([]);
  });

  it('makes no noise when only the object is handled', async () => {
    await make(Promise.reject(new Error('broken'))).catch(() => {});
    await aWhile();
    expect(unhandled).toEqual([]);
  });

  it('is heard of when nobody handles what was awaited', async () => {
    void make(Promise.reject(new Error('broken'))).then(() => {});
    await aWhile();
    expect(unhandled).toHaveLength(1);
  });
});
