// From the pixels of a picture to where it is drawn.
import type { ImageSource } from '../image.js';
import {
  absent,
  fail,
  isPlainObject,
  readOptions,
  show,
  sizeOfSource,
  unwrap,
} from '../library.js';

const fits = ['fill', 'contain', 'cover', 'none', 'scale-down'] as const;

/** A rectangle in which a picture is drawn, in the units of whoever draws it. */
export interface PlaceOptions {
  /** The left edge; 0 if left out. */
  x?: number;
  /** The upper edge; 0 if left out. */
  y?: number;
  width: number;
  height: number;
  /**
   * How the picture fills the rectangle, as `object-fit` of CSS: `fill` stretches it, as p5's `image()`
   * does; `contain` shows all of it, with bars beside; `cover` fills the rectangle and cuts off the rest;
   * `none` keeps its size; `scale-down` is `none` or `contain`, whichever is smaller. `fill` if left out.
   */
  fit?: (typeof fits)[number];
  /** Whether the picture is drawn mirrored, left and right. */
  flip?: boolean;
}

/** Leads from a picture to where it is drawn. */
export interface Placed {
  /** A copy of points, boxes, or whatever holds them, with each of them where the drawing has it. */
  <T>(found: T): T;
  /** How long a pixel of the picture is, along each axis. */
  readonly scale: { x: number; y: number };
  /** The drawn picture; what `cover` cuts off lies outside of the rectangle. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const length = (name: string, least: number) =>
  absent<number>(
    least === 0 ? 'a number above 0' : 'a number',
    `${name}: 400`,
    (value) => Number.isFinite(value) && Number(value) > least,
  );

const schema = {
  x: length('x', Number.NEGATIVE_INFINITY),
  y: length('y', Number.NEGATIVE_INFINITY),
  width: length('width', 0),
  height: length('height', 0),
  fit: fits,
  flip: false,
} as const;

/**
 * Brings what was found in a picture to where the picture is drawn.
 *
 *     image(video, 0, 0, width, height);                      // p5
 *     const onCanvas = place(video, { width, height });
 *     for (const pose of poses) circle(onCanvas(pose.nose).x, onCanvas(pose.nose).y, 20);
 *
 *     const onPage = place(videoElement);                     // as the page's style shows it
 *     const shown = onPage(poses);                            // all of them at once
 *
 * @param source the picture, or its size
 * @param options where it is drawn. Without them the source must be an element of the page: answers then
 *   are in CSS pixels from the upper left corner of that element, with its `object-fit`,
 *   `object-position`, border, padding and a mirroring `transform` taken into account.
 * @throws MLError where the source has no size yet
 */
export function place(
  source: ImageSource | { width: number; height: number },
  options?: PlaceOptions,
): Placed {
  const picture = sizeIn(source);
  const given = options === undefined ? styleOf(source) : readOptions('place', options, schema);
  const { x = 0, y = 0, width, height, fit = 'fill', flip = false } = given;
  if (width === undefined || height === undefined) {
    fail(
      'place: it needs the size of the drawing',
      { width: show(width), height: show(height) },
      'place(video, { width, height })',
    );
  }
  const { position = ['50%', '50%'], mirror = 2 * x + width } = given as Partial<Style>;
  const scale = scaleOf(fit, { x: width / picture.width, y: height / picture.height });
  const drawn = { width: picture.width * scale.x, height: picture.height * scale.y };
  const start = x + offset(position[0], width - drawn.width);
  const left = flip ? mirror - start - drawn.width : start;
  const top = y + offset(position[1], height - drawn.height);
  const toX = (at: number) => left + scale.x * (flip ? picture.width - 1 - at : at);
  const toY = (at: number) => top + scale.y * at;
  const placed = <T>(found: T): T => moved(found, toX, toY, scale, new Map()) as T;
  return Object.assign(placed, { scale, x: left, y: top, ...drawn });
}

function sizeIn(source: ImageSource | { width: number; height: number }) {
  const { width, height }: Record<string, unknown> = isPlainObject(source)
    ? source
    : { ...sizeOfSource(source as ImageSource) };
  if (Number(width) > 0 && Number(height) > 0) {
    return { width: Number(width), height: Number(height) };
  }
  fail(
    'place: the picture has no size yet',
    { given: show(source) },
    'wait until the image has loaded, or the video plays; or place({ width, height }, …)',
  );
}

/** How the page shows an element. */
interface Style extends PlaceOptions {
  /** `object-position`, across and down. */
  position: readonly [string, string];
  /** What the places of a point and of its mirror image add up to. */
  mirror: number;
}

function scaleOf(fit: NonNullable<PlaceOptions['fit']>, full: { x: number; y: number }) {
  if (fit === 'fill') return full;
  const whole = Math.min(full.x, full.y);
  const scale = { contain: whole, cover: Math.max(full.x, full.y), none: 1 };
  const same = fit === 'scale-down' ? Math.min(1, whole) : scale[fit];
  return { x: same, y: same };
}

/** Where a picture begins, with so much room beside it: a percentage of the room, or pixels. */
function offset(position: string, room: number): number {
  const lengths = position.matchAll(/([-+]?) ?([-+]?[\d.]+)(%|px)/g);
  return [...lengths].reduce((sum, [, sign, number, unit]) => {
    const length = Number(number) * (unit === '%' ? room / 100 : 1);
    return sum + (sign === '-' ? -length : length);
  }, 0);
}

function styleOf(source: unknown): Style {
  const element = unwrap(source);
  if (typeof HTMLElement === 'undefined' || !(element instanceof HTMLElement)) {
    fail(
      'place: where it is drawn is not known',
      { given: show(source) },
      'place(video, { width, height }), or an element of the page',
    );
  }
  const style = getComputedStyle(element);
  const px = (text: string) => Number.parseFloat(text) || 0;
  const x = element.clientLeft + px(style.paddingLeft);
  const y = element.clientTop + px(style.paddingTop);
  const width = element.clientWidth - px(style.paddingLeft) - px(style.paddingRight);
  const height = element.clientHeight - px(style.paddingTop) - px(style.paddingBottom);
  if (!(width > 0 && height > 0)) {
    fail(
      'place: the element is not shown on the page',
      { 'shown at': `${element.clientWidth} × ${element.clientHeight}` },
      'place(video, { width, height }) with the rectangle that you draw it in',
    );
  }
  const { objectFit, objectPosition } = style;
  const [across = '50%', down = '50%'] = objectPosition.match(/calc\([^)]*\)|\S+/g) ?? [];
  return {
    x,
    y,
    width,
    height,
    fit: fits.find((fit) => fit === objectFit) ?? 'fill',
    flip: isMirrored(style),
    position: [across, down],
    mirror: element.offsetWidth, // it turns around its middle
  };
}

/** Whether an element is mirrored, left and right. Fails where it is turned in any other way. */
function isMirrored({ transform, rotate, scale }: CSSStyleDeclaration): boolean {
  const turned = rotate !== 'none' ? `rotate3d(${axisAngle(rotate)})` : '';
  const [x = '1', y = x] = scale === 'none' ? [] : scale.split(' ');
  const matrix = new DOMMatrix(
    `${turned} scale(${x}, ${y}) ${transform === 'none' ? '' : transform}`,
  );
  const flat = Math.abs(matrix.m12) + Math.abs(matrix.m21) < 1e-6;
  if (flat && matrix.m22 > 0 && matrix.m11 !== 0) return matrix.m11 < 0;
  fail(
    'place: the page shows this element turned',
    { transform, rotate, scale, known: 'upright elements, mirrored or not' },
    'place(video, { width, height, flip }), and turn what you draw like the element',
  );
}

/** The property `rotate` as the function `rotate3d` takes it. */
function axisAngle(rotate: string): string {
  const parts = rotate.split(' ');
  const angle = parts.pop() ?? '0deg';
  const axes: Record<string, string> = { x: '1, 0, 0', y: '0, 1, 0', z: '0, 0, 1', '': '0, 0, 1' };
  return `${axes[parts.join('')] ?? parts.join(', ')}, ${angle}`;
}

type Along = (at: number) => number;

/** A copy in which points and boxes are moved. What is there twice stays one. */
function moved(
  found: unknown,
  x: Along,
  y: Along,
  scale: { x: number; y: number },
  known: Map<object, unknown>,
): unknown {
  if (typeof found !== 'object' || found === null) return found;
  if (!Array.isArray(found) && !isPlainObject(found)) return found; // a mask, or an object of somebody's own
  if (known.has(found)) return known.get(found);
  const copy: unknown = Array.isArray(found) ? [] : {};
  known.set(found, copy);
  for (const [name, part] of Object.entries(found)) {
    (copy as Record<string, unknown>)[name] = moved(part, x, y, scale, known);
  }
  Object.assign(copy as object, movedNumbers(found as Record<string, unknown>, x, y, scale));
  return copy;
}

/** What becomes of the numbers of a point, a box, or a region. */
function movedNumbers(
  found: Record<string, unknown>,
  x: Along,
  y: Along,
  scale: { x: number; y: number },
): Record<string, number> {
  const has = (...names: string[]) => names.every((name) => typeof found[name] === 'number');
  const at = (name: string) => Number(found[name]);
  const span = (along: Along, from: number, to: number) => {
    const [start, end] = [along(from), along(to)];
    return [Math.min(start, end), Math.max(start, end)] as const;
  };
  const moved: Record<string, number> = {};
  if (has('xMin', 'yMin', 'xMax', 'yMax')) {
    const [xMin, xMax] = span(x, at('xMin'), at('xMax'));
    const [yMin, yMax] = span(y, at('yMin'), at('yMax'));
    return { xMin, yMin, xMax, yMax, width: xMax - xMin, height: yMax - yMin };
  }
  if (has('x', 'y', 'width', 'height')) {
    const [left, right] = span(x, at('x'), at('x') + at('width'));
    const [top, bottom] = span(y, at('y'), at('y') + at('height'));
    Object.assign(moved, { x: left, y: top, width: right - left, height: bottom - top });
  } else if (has('x', 'y')) {
    Object.assign(moved, { x: x(at('x')), y: y(at('y')) });
    if (has('z')) moved.z = scale.x * at('z');
  }
  if (has('centerX', 'centerY')) {
    Object.assign(moved, { centerX: x(at('centerX')), centerY: y(at('centerY')) });
  }
  return moved;
}
