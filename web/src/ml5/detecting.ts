// What ml5's tasks that look at people share: detect, detectStart, detectStop.
import { fail } from '../errors.js';
import { type ImageSource, sizeMeant, sizeOfSource, unwrap } from '../image.js';
import { absent } from '../options.js';
import { place } from '../people/place.js';
import { show } from '../tensor.js';
import type { WatchOptions } from '../watch.js';
import {
  answer,
  type Callback,
  callbackOf,
  loopCallback,
  refuseMore,
  sortArguments,
  tellError,
} from './calls.js';

/** What ml5 says such a task can do. */
export interface Detecting<Result> {
  /** Looks at one picture. */
  detect(media: ImageSource, callback?: Callback<Result>): Promise<Result>;
  /** Looks at frame after frame, until `detectStop()` or another `detectStart()`. */
  detectStart(media: ImageSource, callback: Callback<Result>): void;
  detectStop(): void;
  /** Frees the model. */
  dispose(): void;
}

/** A task of gesso that looks at pictures. */
export interface Task<Found> {
  detect(media: ImageSource): Promise<Found>;
  watch(media: ImageSource, told: (found: Found) => void, options?: WatchOptions): () => void;
  dispose(): void;
}

/** @param convert what was found, as ml5 has it */
export function detecting<Found, Result>(
  task: Task<Found>,
  convert: (found: Found, media: ImageSource) => Result | Promise<Result>,
): Detecting<Result> {
  let stop = () => {};
  return {
    detect(...args: readonly unknown[]) {
      const { media, callback } = readCall<Result>('detect', args);
      const found = task.detect(media).then((found) => convert(found, media));
      return answer(found, callback);
    },
    detectStart(...args: readonly unknown[]) {
      const { media, callback } = readCall<Result>('detectStart', args);
      if (!callback) {
        fail(
          'ml5 detectStart: it needs a function to call',
          { given: args.map((value) => show(value)).join(', ') },
          'detectStart(video, gotResults)',
        );
      }
      stop();
      let running = true;
      const end = task.watch(
        media,
        async (found) => {
          const result = await convert(found, media);
          if (running) told(result);
        },
        { onError: (error) => tellError(callback, error) },
      );
      const told = loopCallback(callback, end);
      stop = () => {
        running = false;
        end();
      };
    },
    detectStop: () => stop(),
    dispose() {
      stop();
      task.dispose();
    },
  };
}

function readCall<Result>(name: string, args: readonly unknown[]) {
  const given = sortArguments(args);
  const most = { callbacks: 1, others: 1, texts: 1, options: 1 };
  refuseMore(`ml5 ${name}`, given, most, `${name}(video, gotResults)`);
  // What is no picture at all is refused by the task, which tells what is one.
  const [media] = [...given.others, ...given.texts, ...given.options];
  return { media: media as ImageSource, callback: callbackOf<Result>(given) };
}

/**
 * Points where the page shows an element, as ml5 gives them: a `width` and a `height` of the element
 * itself win over those of the picture inside.
 */
export function asShown<T>(found: T, media: ImageSource): T {
  if (sizeMeant(media)) return found; // in p5's units already
  const { width, height } = (unwrap(media) ?? {}) as { width?: unknown; height?: unknown };
  const own = sizeOfSource(media);
  if (typeof width !== 'number' || typeof height !== 'number' || !(width > 0 && height > 0)) {
    return found;
  }
  return width === own.width && height === own.height
    ? found
    : place(own, { width, height })(found);
}

/** Options that ml5 spells both ways. */
export const flipSchema = { flipped: false, flipHorizontal: false };

/** An option of ml5's that is taken and changes nothing. */
export const anything = absent<unknown>('anything', '', () => true);
