// Who was who in the frame before: people keep their numbers while they move.
import { boxAround } from './boxes.js';
import type { Keypoint } from './types.js';

/** Points that are surer than this say where a person is. */
const sure = 0.3;

/** A person is the one before if their points are, on average, nearer than so many of their sizes. */
const near = 0.5;

/** Whoever was not seen for so many milliseconds comes back as somebody else. */
const memory = 1000;

/** How much of a new speed counts. */
const newSpeed = 0.4;

type Points = readonly Pick<Keypoint, 'x' | 'y' | 'confidence'>[];

interface Track {
  id: number;
  points: Points;
  /** The diagonal of the box around its sure points. */
  size: number;
  /** Of its points on average, per millisecond. */
  speed: { x: number; y: number };
  /** When it was seen. */
  time: number;
}

/** Numbers people, and knows them again. */
export class Tracker {
  #tracks: Track[] = [];
  #last = 0;

  /**
   * @param people the points of everybody in one frame, always in the same order
   * @param time of the frame, in milliseconds
   * @returns a number for each, which stays while they are seen
   */
  follow(people: readonly Points[], time: number): number[] {
    this.#tracks = this.#tracks.filter((track) => time - track.time <= memory);
    const pairs = this.#tracks.flatMap((track) =>
      people.map((points, person) => {
        const { distance } = between(track.points, points, shiftOf(track, time));
        return { track, person, distance: distance / track.size };
      }),
    );
    pairs.sort((a, b) => a.distance - b.distance);
    const found = new Map<number, Track>();
    const taken = new Set<Track>();
    for (const { track, person, distance } of pairs) {
      if (!(distance < near)) break;
      if (found.has(person) || taken.has(track)) continue;
      found.set(person, track);
      taken.add(track);
    }
    return people.map((points, person) => {
      const track = found.get(person) ?? this.#begin(points, time);
      see(track, points, time);
      return track.id;
    });
  }

  #begin(points: Points, time: number): Track {
    this.#last++;
    const track = { id: this.#last, points, size: sizeOf(points), speed: { x: 0, y: 0 }, time };
    this.#tracks.push(track);
    return track;
  }
}

/** How far somebody would have moved by now. */
function shiftOf({ speed, time }: Track, now: number): { x: number; y: number } {
  return { x: speed.x * (now - time), y: speed.y * (now - time) };
}

function see(track: Track, points: Points, time: number): void {
  const passed = time - track.time;
  if (passed > 0) {
    const { x, y } = between(track.points, points);
    track.speed.x += newSpeed * (x / passed - track.speed.x);
    track.speed.y += newSpeed * (y / passed - track.speed.y);
  }
  track.points = points;
  track.size = sizeOf(points);
  track.time = time;
}

/**
 * How far points have moved on average, of those that are sure in both; infinitely where none is.
 *
 * @param shift how far they were expected to
 */
function between(
  from: Points,
  to: Points,
  shift = { x: 0, y: 0 },
): { x: number; y: number; distance: number } {
  const sum = { x: 0, y: 0, distance: 0 };
  let count = 0;
  for (const [i, a] of from.entries()) {
    const b = to[i];
    if (!b || a.confidence < sure || b.confidence < sure) continue;
    const [x, y] = [b.x - a.x - shift.x, b.y - a.y - shift.y];
    sum.x += x;
    sum.y += y;
    sum.distance += Math.sqrt(x * x + y * y);
    count++;
  }
  if (count === 0) return { x: 0, y: 0, distance: Number.POSITIVE_INFINITY };
  return { x: sum.x / count, y: sum.y / count, distance: sum.distance / count };
}

/** The diagonal of the box around the sure points; 1 where there are not two. */
export function sizeOf(points: Points): number {
  const { width, height } = boxAround(points.filter(({ confidence }) => confidence >= sure));
  const size = Math.hypot(width, height);
  return size > 0 && Number.isFinite(size) ? size : 1;
}
