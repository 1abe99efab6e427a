// Turns pen strokes into the small picture that the digit model was trained on.

/** A place on the pad, in any unit; y grows downwards. */
export type Point = readonly [x: number, y: number];

/** What the pen drew between touching and leaving the pad. */
export type Stroke = readonly Point[];

/** Pixels as the library takes them: red, green, blue, alpha, rows from the top. */
export interface Picture {
  width: number;
  height: number;
  data: Uint8ClampedArray<ArrayBuffer>;
}

/** Width and height of the picture in pixels. */
export const side = 28;

const box = 20; // MNIST fits the ink of every digit into 20 × 20 …
const radius = 1.25; // … drawn with pens about this thick, in pixels of the small picture

/**
 * The strokes in white on black, scaled to one size and centred by mass, as MNIST's digits are:
 * a small digit in a corner and a large one make the same picture.
 * (Y. LeCun et al., "Gradient-based learning applied to document recognition", 1998, section III.)
 *
 * @returns 28 × 28 pixels; all black without strokes
 */
export function asDigit(strokes: readonly Stroke[]): Picture {
  const points = strokes.flat();
  const [left, right] = range(points.map(([x]) => x));
  const [top, bottom] = range(points.map(([, y]) => y));
  const extent = Math.max(right - left, bottom - top);
  const scale = extent > 0 ? (box - 2 * radius) / extent : 0;
  const moved = strokes.map((stroke) =>
    stroke.map(
      ([x, y]): Point => [
        (x - (left + right) / 2) * scale + side / 2,
        (y - (top + bottom) / 2) * scale + side / 2,
      ],
    ),
  );

  const ink = paint(moved);
  const [x, y] = centre(ink);
  const centred = paint(
    moved.map((stroke) => stroke.map(([u, v]): Point => [u + side / 2 - x, v + side / 2 - y])),
  );
  const data = new Uint8ClampedArray(4 * side * side).fill(255);
  for (const [i, value] of centred.entries()) data.fill(255 * value, 4 * i, 4 * i + 3);
  return { width: side, height: side, data };
}

/** A curve through the given points (Catmull and Rom's), as a line of many short pieces. */
export function curve(through: Stroke, pieces = 8): Stroke {
  const at = (i: number): Point => through[Math.min(Math.max(i, 0), through.length - 1)] ?? [0, 0];
  const line: Point[] = [];
  for (let i = 0; i + 1 < through.length; ++i) {
    for (let k = 0; k < pieces; ++k) {
      const t = k / pieces;
      const between = (axis: 0 | 1): number => {
        const [a, b, c, d] = [at(i - 1)[axis], at(i)[axis], at(i + 1)[axis], at(i + 2)[axis]];
        return (
          0.5 *
          (2 * b +
            (c - a) * t +
            (2 * a - 5 * b + 4 * c - d) * t ** 2 +
            (3 * (b - c) + d - a) * t ** 3)
        );
      };
      line.push([between(0), between(1)]);
    }
  }
  line.push(at(through.length - 1));
  return line;
}

/** Ink of every pixel, 0 to 1: full within the pen's radius of a stroke, then fading. */
function paint(strokes: readonly Stroke[]): Float32Array {
  const ink = new Float32Array(side * side);
  for (const stroke of strokes) {
    for (const [i, end] of stroke.entries()) {
      const start = stroke[i - 1] ?? end;
      const reach = radius + 0.5;
      const [x0, x1] = range([start[0], end[0]]);
      const [y0, y1] = range([start[1], end[1]]);
      for (let y = clampRow(y0 - reach); y <= clampRow(y1 + reach); ++y) {
        for (let x = clampRow(x0 - reach); x <= clampRow(x1 + reach); ++x) {
          const value = reach - distance([x + 0.5, y + 0.5], start, end);
          const at = y * side + x;
          ink[at] = Math.max(ink[at] ?? 0, Math.min(value, 1));
        }
      }
    }
  }
  return ink;
}

function clampRow(value: number): number {
  return Math.min(Math.max(Math.floor(value), 0), side - 1);
}

/** From a point to the nearest point of the line between start and end. */
function distance([x, y]: Point, start: Point, end: Point): number {
  const [dx, dy] = [end[0] - start[0], end[1] - start[1]];
  const length = dx * dx + dy * dy;
  const along = length > 0 ? ((x - start[0]) * dx + (y - start[1]) * dy) / length : 0;
  const t = Math.min(Math.max(along, 0), 1);
  return Math.hypot(x - start[0] - t * dx, y - start[1] - t * dy);
}

/** Centre of mass in pixels; the middle of the picture if there is no ink. */
function centre(ink: Float32Array): Point {
  let [mass, x, y] = [0, 0, 0];
  for (const [i, value] of ink.entries()) {
    mass += value;
    x += value * ((i % side) + 0.5);
    y += value * (Math.floor(i / side) + 0.5);
  }
  return mass > 0 ? [x / mass, y / mass] : [side / 2, side / 2];
}

function range(values: readonly number[]): [smallest: number, largest: number] {
  let [smallest, largest] = [values[0] ?? 0, values[0] ?? 0];
  for (const value of values) {
    smallest = Math.min(smallest, value);
    largest = Math.max(largest, value);
  }
  return [smallest, largest];
}
