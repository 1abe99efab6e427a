// Calls a function for the frames of a video or canvas, as fast as it can and never faster.
import { fail } from './errors.js';
import { type ImageSource, unwrap } from './image.js';
import { tell } from './observer.js';
import { callback, readOptions } from './options.js';

export interface WatchOptions {
  /** Told of the error that ended the watching; without it the error goes to the console. */
  onError?: (error: unknown) => void;
}

/** The schema of WatchOptions. */
export const watchOptions = {
  onError: callback<(error: unknown) => void>('onError: (error) => {}'),
};

/**
 * The `watch` of a task.
 *
 * @param look what the task does with one picture
 * @param onResult told of each answer; what it promises is waited for
 * @param example a call that is right, for messages
 */
export function watchWith<T>(
  source: ImageSource,
  look: (source: ImageSource) => Promise<T>,
  onResult: (result: T) => unknown,
  onError: ((error: unknown) => void) | undefined,
  example: string,
): () => void {
  if (typeof onResult !== 'function') fail('watch: it needs a function to call', {}, example);
  const step = async (watching: () => boolean) => {
    const result = await look(source);
    if (watching()) await onResult(result);
  };
  return watchFrames(unwrap(source), step, onError ?? report);
}

/** What `watchWith` does, for a task whose only options are these. */
export function watchPlainly<T>(
  source: ImageSource,
  look: (source: ImageSource) => Promise<T>,
  onResult: (result: T) => unknown,
  options: WatchOptions,
  example: string,
): () => void {
  const { onError } = readOptions('watch', options, watchOptions);
  return watchWith(source, look, onResult, onError, example);
}

/** An error that nobody asked to be told of: to the console, as if it had not been caught. */
function report(error: unknown): void {
  if (typeof reportError === 'function') reportError(error);
  else
    queueMicrotask(() => {
      throw error;
    });
}

/** What is used of a video, where the browser can say when a new frame is shown. */
interface FrameSource {
  requestVideoFrameCallback(callback: (now: number, facts?: FrameFacts) => void): number;
  cancelVideoFrameCallback(handle: number): void;
}

interface FrameFacts {
  /** The number of the frame among all that were shown. */
  presentedFrames: number;
}

/**
 * Calls `step` for every new frame until it is stopped. A frame that comes while the last one is
 * still being worked on is left out, so results never lag behind.
 *
 * @param step does the work of one frame; not called again before it has ended
 * @param onError told of the first error, which also ends the watching
 * @returns stops the watching; results that are under way are no longer delivered
 */
export function watchFrames(
  source: unknown,
  step: (watching: () => boolean) => Promise<void>,
  onError: (error: unknown) => void,
): () => void {
  let watching = true;
  let cancel = () => {};
  let shown: number | undefined;

  const next = () => {
    if (!watching) return;
    if (tellsFrames(source)) {
      const handle = source.requestVideoFrameCallback((_, facts) => {
        const number = facts?.presentedFrames;
        const dropped = number !== undefined && shown !== undefined ? number - shown - 1 : 0;
        shown = number;
        if (dropped > 0) tell((observer) => observer.dropped?.(dropped));
        void frame();
      });
      cancel = () => source.cancelVideoFrameCallback(handle);
    } else {
      const handle = requestAnimationFrame(frame);
      cancel = () => cancelAnimationFrame(handle);
    }
  };
  const frame = async () => {
    try {
      if (hasPicture(source)) await step(() => watching);
      next();
    } catch (error) {
      if (!watching) return;
      watching = false;
      onError(error);
    }
  };
  next();
  return () => {
    watching = false;
    cancel();
  };
}

function tellsFrames(source: unknown): source is FrameSource {
  return typeof source === 'object' && source !== null && 'requestVideoFrameCallback' in source;
}

/** False while a video has not begun; anything else that can be drawn has a picture. */
function hasPicture(source: unknown): boolean {
  const { readyState } = (source ?? {}) as { readyState?: unknown };
  return typeof readyState !== 'number' || readyState >= 2;
}
