// People keep their numbers, and their points stay still.
import { describe, expect, it } from 'vitest';
import { Place } from '../../web/src/people/looking.js';
import { Smoother, usualSmoothing } from '../../web/src/people/smoothing.js';
import { sizeOf, Tracker } from '../../web/src/people/tracking.js';

const frame = 1000 / 30;

/** Numbers around 0 with a standard deviation of 1, the same every time. */
function noise(seed: number): () => number {
  let state = seed;
  const chance = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(chance())) * Math.cos(2 * Math.PI * chance());
}

/** Somebody 200 pixels tall, around a place. */
function person(x: number, y: number, tremble: () => number = () => 0) {
  return Array.from({ length: 17 }, (_, i) => ({
    x: x + ((i % 3) - 1) * 30 + tremble(),
    y: y + i * 12 + tremble(),
    confidence: 0.9,
  }));
}

const spread = (values: readonly number[]) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
};

describe('a picture that was read smaller', () => {
  it('has its middle where its owner has it, mirrored or not', () => {
    const [read, own] = [
      { width: 320, height: 180 },
      { width: 1920, height: 1080 },
    ];
    for (const flip of [false, true]) {
      const place = new Place(read, own, undefined, flip);
      expect([place.x(159.5), place.y(89.5)]).toEqual([959.5, 539.5]);
    }
    expect(new Place(own, own, undefined, true).x(0)).toBe(1919);
    const p5 = new Place(own, own, { width: 960, height: 540 }, true);
    expect([p5.x(0), p5.x(1919), p5.y(1079)]).toEqual([959.5, 0, 539.5]);
  });
});

describe('a tracker', () => {
  it('numbers people from 1, and knows them in whatever order they come', () => {
    const tracker = new Tracker();
    const [a, b, c] = [person(100, 50), person(300, 50), person(500, 50)];
    expect(tracker.follow([a, b], 0)).toEqual([1, 2]);
    expect(tracker.follow([b, c, a], frame)).toEqual([2, 3, 1]);
    expect(tracker.follow([], 2 * frame)).toEqual([]);
    expect(tracker.follow([c, a], 3 * frame)).toEqual([3, 1]);
  });

  it('keeps the numbers of two people who cross, one hidden behind the other meanwhile', () => {
    const tracker = new Tracker();
    const tremble = noise(3);
    const seen = new Set<string>();
    for (let i = 0; i <= 120; i++) {
      const [left, right] = [100 + i * 5, 700 - i * 5];
      const front = person(left, 50, () => 2 * tremble());
      const back = person(right, 60, () => 2 * tremble());
      const hidden = Math.abs(left - right) < 60;
      const ids = tracker.follow(
        hidden ? [front] : i % 2 ? [back, front] : [front, back],
        i * frame,
      );
      seen.add(hidden ? `${ids[0]}` : i % 2 ? `${ids[1]} ${ids[0]}` : `${ids[0]} ${ids[1]}`);
    }
    expect([...seen]).toEqual(['1 2', '1']);
  });

  it('forgets whoever was away for more than a second', () => {
    const tracker = new Tracker();
    expect(tracker.follow([person(100, 50)], 0)).toEqual([1]);
    expect(tracker.follow([person(100, 50)], 900)).toEqual([1]);
    expect(tracker.follow([person(100, 50)], 2000)).toEqual([2]);
  });

  it('does not take somebody elsewhere for the one before', () => {
    const tracker = new Tracker();
    expect(tracker.follow([person(100, 50)], 0)).toEqual([1]);
    expect(tracker.follow([person(400, 50)], frame)).toEqual([2]);
  });

  it('leaves out points that are not sure', () => {
    const tracker = new Tracker();
    const known = person(100, 50);
    tracker.follow([known], 0);
    const legless = known.map((p, i) => (i < 11 ? p : { x: 0, y: 0, confidence: 0.1 }));
    expect(tracker.follow([legless], frame)).toEqual([1]);
    const nothing = known.map((p) => ({ ...p, confidence: 0 }));
    expect(tracker.follow([nothing], 2 * frame)).toEqual([2]);
    expect(sizeOf(nothing)).toBe(1);
  });
});

describe('smoothing', () => {
  const size = 200;

  it('takes more than half of the trembling away from somebody who stands still', () => {
    const smoother = new Smoother();
    const tremble = noise(7);
    const values = Array.from({ length: 600 }, (_, i) => {
      const [point] = smoother.smooth([{ x: 300 + tremble(), y: 200 }], size, i * frame);
      return point?.x ?? Number.NaN;
    });
    expect(spread(values.slice(60))).toBeLessThan(0.43);
  });

  it('stays less than 100 ms behind somebody who moves', () => {
    for (const speed of [0.05, 0.1, 0.2, 0.5, 1, 2, 4]) {
      const smoother = new Smoother();
      const perFrame = (speed * size * frame) / 1000; // sizes of the person in a second
      let behind = 0;
      for (let i = 0; i < 60; i++) {
        const [point] = smoother.smooth([{ x: i * perFrame, y: 0 }], size, i * frame);
        if (i > 15) behind = Math.max(behind, i * perFrame - (point?.x ?? Number.NaN));
      }
      expect((behind / perFrame) * frame, `${speed} sizes a second`).toBeLessThan(100);
    }
  });

  it('begins anew after a gap, with other points, and where there is no size', () => {
    const smoother = new Smoother();
    const at = (x: number) => [{ x, y: 0 }];
    smoother.smooth(at(0), size, 0);
    expect(smoother.smooth(at(100), size, 600)).toEqual(at(100));
    expect(smoother.smooth(at(50), 0, 633)).toEqual(at(50));
    expect(smoother.smooth([...at(0), ...at(9)], size, 666)).toEqual([...at(0), ...at(9)]);
  });

  it('gives everything else of a point back as it was', () => {
    const smoother = new Smoother(usualSmoothing);
    const point = { x: 1, y: 2, confidence: 0.5, name: 'nose' };
    smoother.smooth([point], size, 0);
    const [next] = smoother.smooth([{ ...point, x: 2 }], size, frame);
    expect(next).toMatchObject({ confidence: 0.5, name: 'nose', y: 2 });
    expect(next?.x).toBeGreaterThan(1);
    expect(next?.x).toBeLessThan(2);
  });
});
