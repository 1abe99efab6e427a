// From pixels of a picture to where it is drawn.
import { describe, expect, it } from 'vitest';
import { place } from '../../web/src/people/place.js';
import { messageFrom } from './fixtures.js';

const picture = { width: 200, height: 100 };
const point = { x: 50, y: 20, confidence: 0.9, name: 'nose' };
const rounded = ({ x, y }: { x: number; y: number }) => [Math.round(x * 100), Math.round(y * 100)];

describe('place', () => {
  it('stretches, as p5 draws', () => {
    const there = place(picture, { x: 10, y: 20, width: 400, height: 50 });
    expect(there(point)).toEqual({ ...point, x: 10 + 100, y: 20 + 10 });
    expect(there.scale).toEqual({ x: 2, y: 0.5 });
    expect(point.x).toBe(50);
  });

  it('leaves bars, or cuts off, in the middle', () => {
    const whole = place(picture, { width: 300, height: 300, fit: 'contain' });
    expect(whole(point)).toMatchObject({ x: 75, y: 75 + 30 });
    expect([whole.x, whole.y, whole.width, whole.height]).toEqual([0, 75, 300, 150]);
    const full = place(picture, { width: 300, height: 300, fit: 'cover' });
    expect(full(point)).toMatchObject({ x: 150 - 150, y: 60 });
    expect(full.x).toBe(-150);
    const small = place(picture, { width: 300, height: 300, fit: 'scale-down' });
    expect(small(point)).toMatchObject({ x: 100, y: 120 });
    const own = place(picture, { width: 100, height: 100, fit: 'none' });
    expect(own(point)).toMatchObject({ x: 0, y: 20 });
  });

  it('mirrors, whatever the fit', () => {
    for (const fit of ['fill', 'contain', 'cover', 'none', 'scale-down'] as const) {
      const options = { x: 7, width: 320, height: 240, fit };
      const straight = place(picture, options);
      const mirrored = place(picture, { ...options, flip: true });
      const mirror = { ...point, x: picture.width - 1 - point.x };
      expect(rounded(mirrored(point))).toEqual(rounded(straight(mirror)));
    }
  });

  it('moves boxes, regions and all that holds them, and leaves the rest', () => {
    const box = { xMin: 10, yMin: 10, xMax: 30, yMax: 50, width: 20, height: 40 };
    const lips = { x: 10, y: 10, width: 20, height: 40, centerX: 20, centerY: 30, keypoints: [] };
    const pose = { id: 4, keypoints: [point], nose: point, box, lips, z: 3 };
    const [moved] = place(picture, { width: 400, height: 200, flip: true })([pose]);
    expect(moved?.box).toEqual({
      xMin: 338,
      yMin: 20,
      xMax: 378,
      yMax: 100,
      width: 40,
      height: 80,
    });
    expect(moved?.lips).toMatchObject({ x: 338, y: 20, width: 40, height: 80, centerX: 358 });
    expect(moved?.nose).toBe(moved?.keypoints[0]);
    expect(moved).toMatchObject({ id: 4, z: 3 });
    const deep = place(picture, { width: 400, height: 200 })({ x: 1, y: 1, z: -5 });
    expect(deep.z).toBe(-10);
  });

  it('leaves alone what is neither a list nor written as { … }', () => {
    class Mask {
      x = 1;
      y = 2;
    }
    const found = { mask: new Mask(), data: new Uint8Array(2) };
    const there = place(picture, { width: 400, height: 200 })(found);
    expect(there.mask).toBe(found.mask);
    expect(there.data).toBe(found.data);
  });

  it('refuses what has no size, and options that cannot be right', async () => {
    expect(
      await messageFrom(() => place({ width: 0, height: 5 }, { width: 1, height: 1 })),
    ).toMatch(/^place: the picture has no size yet\./);
    expect(await messageFrom(() => place(picture, { width: -1, height: 1 }))).toBe(
      'place: width must be a number above 0.\n  given  -1\n  Try: width: 400',
    );
    expect(await messageFrom(() => place(picture))).toMatch(
      /^place: where it is drawn is not known\./,
    );
  });
});
