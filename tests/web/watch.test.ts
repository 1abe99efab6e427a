// Watching frames: none queued, one error, a stop that stops.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { observe } from '../../web/src/observer.js';
import { watchFrames } from '../../web/src/watch.js';

/** A video that shows a frame when told to. */
class FakeVideo {
  readyState = 4;
  waiting = new Map<number, (now: number, facts?: { presentedFrames: number }) => void>();
  presentedFrames = 0;
  #handles = 0;

  requestVideoFrameCallback(
    callback: (now: number, facts?: { presentedFrames: number }) => void,
  ): number {
    this.waiting.set(++this.#handles, callback);
    return this.#handles;
  }

  cancelVideoFrameCallback(handle: number): void {
    this.waiting.delete(handle);
  }

  show(): void {
    const callbacks = [...this.waiting.values()];
    this.waiting.clear();
    this.presentedFrames += 1;
    for (const callback of callbacks) callback(0, { presentedFrames: this.presentedFrames });
  }
}

const settle = () => new Promise((resolve) => setTimeout(resolve));

describe('watchFrames', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('drops frames that come while it works, and never queues them', async () => {
    const video = new FakeVideo();
    let finish = () => {};
    const step = vi.fn(
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    );
    watchFrames(video, step, vi.fn());
    for (let frame = 0; frame < 5; frame++) video.show();
    expect(step).toHaveBeenCalledTimes(1);
    finish();
    await settle();
    video.show();
    expect(step).toHaveBeenCalledTimes(2);
  });

  it('tells observers how many frames it left out', async () => {
    const video = new FakeVideo();
    let finish = () => {};
    const step = () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      });
    const dropped: number[] = [];
    const end = observe({ dropped: (frames) => dropped.push(frames) });
    watchFrames(video, step, vi.fn());
    for (const frames of [1, 4, 1]) {
      for (let i = 0; i < frames; i++) video.show();
      finish();
      await settle();
    }
    expect(dropped).toEqual([3]);
    end();
    for (let i = 0; i < 5; i++) video.show();
    finish();
    await settle();
    video.show();
    expect(dropped).toEqual([3]);
  });

  it('stops at once, and lets a late result know', async () => {
    const video = new FakeVideo();
    let late: (() => boolean) | undefined;
    const stop = watchFrames(
      video,
      async (watching) => {
        late = watching;
      },
      vi.fn(),
    );
    video.show();
    await settle();
    stop();
    expect(video.waiting.size).toBe(0);
    expect(late?.()).toBe(false);
  });

  it('reports the first error once, and ends', async () => {
    const video = new FakeVideo();
    const onError = vi.fn();
    const step = vi.fn(async () => {
      throw new Error('broken');
    });
    watchFrames(video, step, onError);
    video.show();
    await settle();
    video.show();
    await settle();
    expect(step).toHaveBeenCalledTimes(1);
    expect(onError.mock.calls).toEqual([[new Error('broken')]]);
  });

  it('is silent about an error after it was stopped', async () => {
    const video = new FakeVideo();
    const onError = vi.fn();
    let reject: (reason: unknown) => void = () => {};
    const stop = watchFrames(
      video,
      () =>
        new Promise<void>((_, no) => {
          reject = no;
        }),
      onError,
    );
    video.show();
    stop();
    reject(new Error('disposed'));
    await settle();
    expect(onError).not.toHaveBeenCalled();
  });

  it('waits for a video that shows nothing yet', async () => {
    const video = new FakeVideo();
    video.readyState = 1;
    const step = vi.fn(async () => {});
    watchFrames(video, step, vi.fn());
    video.show();
    await settle();
    expect(step).not.toHaveBeenCalled();
    video.readyState = 4;
    video.show();
    expect(step).toHaveBeenCalledTimes(1);
  });

  it('follows the screen where frames are not told', async () => {
    const frames: (() => void)[] = [];
    vi.stubGlobal('requestAnimationFrame', (callback: () => void) => frames.push(callback));
    vi.stubGlobal('cancelAnimationFrame', (handle: number) => frames.splice(handle - 1, 1));
    const step = vi.fn(async () => {});
    const stop = watchFrames({ width: 1 }, step, vi.fn());
    frames.shift()?.();
    await settle();
    expect(step).toHaveBeenCalledTimes(1);
    stop();
    expect(frames).toEqual([]);
  });
});
