// Rectangles around points.
import type { Box, Keypoint } from './types.js';

export function boxOf(xMin: number, yMin: number, xMax: number, yMax: number): Box {
  return { xMin, yMin, xMax, yMax, width: xMax - xMin, height: yMax - yMin };
}

/** The box around points; around nothing it is empty. */
export function boxAround(points: readonly Pick<Keypoint, 'x' | 'y'>[]): Box {
  if (points.length === 0) return boxOf(0, 0, 0, 0);
  let [xMin, yMin, xMax, yMax] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of points) {
    xMin = Math.min(xMin, x);
    yMin = Math.min(yMin, y);
    xMax = Math.max(xMax, x);
    yMax = Math.max(yMax, y);
  }
  return boxOf(xMin, yMin, xMax, yMax);
}
