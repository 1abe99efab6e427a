// Points that tremble become still, and those that move stay where they are.
/** How points are smoothed. */
export interface Smoothing {
  /** Hertz: what trembles faster than this goes away while a point hardly moves. */
  cutoff: number;
  /** Hertz that are added for each size of the person that a point moves in a second. */
  speed: number;
}

/** Takes more than half of the trembling away, and is never more than 100 ms behind. */
export const usualSmoothing: Smoothing = { cutoff: 1.6, speed: 4 };

/** Hertz: how fast the speed of a point may change. */
const speedCutoff = 1;

/** After so many milliseconds without a picture nothing is known of how a point moves. */
const gap = 500;

/** How much of a new number counts, after so many seconds: a low-pass filter of the first order. */
function share(cutoff: number, seconds: number): number {
  const turn = 2 * Math.PI * cutoff * seconds;
  return turn / (turn + 1);
}

interface Coordinate {
  value: number;
  speed: number;
}

/** What moves: a point of a picture, which may have a depth. */
interface Moving {
  x: number;
  y: number;
  z?: number;
}

/**
 * Smooths the points of one person, by the "1 € filter": Casiez, Roussel and Vogel, "1 € Filter: A
 * Simple Speed-based Low-pass Filter for Noisy Input in Interactive Systems" (2012). Speeds count in
 * sizes of the person, so that somebody far away is smoothed as somebody near.
 */
export class Smoother {
  readonly #smoothing: Smoothing;
  #points: Record<keyof Moving, Coordinate>[] = [];
  #time = Number.NEGATIVE_INFINITY;

  constructor(smoothing: Smoothing = usualSmoothing) {
    this.#smoothing = smoothing;
  }

  /**
   * @param points of one frame, always in the same order
   * @param size of the person, in the unit of the points
   * @param time of the frame, in milliseconds; later than that of the frame before
   */
  smooth<P extends Moving>(points: readonly P[], size: number, time: number): P[] {
    const seconds = (time - this.#time) / 1000;
    this.#time = time;
    const goesOn = points.length === this.#points.length && seconds > 0 && seconds < gap / 1000;
    if (!goesOn || !(size > 0)) {
      this.#points = points.map(({ x, y, z = 0 }) => ({
        x: { value: x, speed: 0 },
        y: { value: y, speed: 0 },
        z: { value: z, speed: 0 },
      }));
      return [...points];
    }
    return points.map((point, i) => {
      const known = this.#points[i];
      if (!known) return point;
      const smoothed = { ...point };
      smoothed.x = this.#next(known.x, point.x, size, seconds);
      smoothed.y = this.#next(known.y, point.y, size, seconds);
      if (point.z !== undefined) smoothed.z = this.#next(known.z, point.z, size, seconds);
      return smoothed;
    });
  }

  /** The new value, which is remembered. */
  #next(known: Coordinate, value: number, size: number, seconds: number): number {
    const momentary = (value - known.value) / (size * seconds);
    known.speed += share(speedCutoff, seconds) * (momentary - known.speed);
    const cutoff = this.#smoothing.cutoff + this.#smoothing.speed * Math.abs(known.speed);
    known.value += share(cutoff, seconds) * (value - known.value);
    return known.value;
  }
}
