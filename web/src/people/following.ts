// People over many frames: they keep their numbers, and their points become still.
import { Smoother, type Smoothing } from './smoothing.js';
import { sizeOf, Tracker } from './tracking.js';
import type { Keypoint } from './types.js';

type Point = Pick<Keypoint, 'x' | 'y' | 'confidence'>;

/** What is remembered of the people in a video. */
export class Followed {
  readonly #tracker = new Tracker();
  readonly #smoothers = new Map<number, Smoother>();
  readonly #smoothing: Smoothing | undefined;

  /** @param smoothing undefined: points are left as they are found */
  constructor(smoothing: Smoothing | undefined) {
    this.#smoothing = smoothing;
  }

  /**
   * @param people the points of everybody in one frame, always in the same order
   * @param time of the frame, in milliseconds
   */
  follow<P extends Point>(people: readonly P[][], time: number): { id: number; points: P[] }[] {
    const ids = this.#tracker.follow(people, time);
    for (const id of this.#smoothers.keys()) if (!ids.includes(id)) this.#smoothers.delete(id);
    return people.map((points, i) => {
      const id = ids[i] ?? 0;
      return { id, points: this.#smooth(id, points, time) };
    });
  }

  #smooth<P extends Point>(id: number, points: P[], time: number): P[] {
    if (!this.#smoothing) return points;
    let smoother = this.#smoothers.get(id);
    if (!smoother) {
      smoother = new Smoother(this.#smoothing);
      this.#smoothers.set(id, smoother);
    }
    return smoother.smooth(points, sizeOf(points), time);
  }
}
