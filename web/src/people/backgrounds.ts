// Draws people without what was behind them: each function draws once, over what was there.
import type { ImageSource } from '../image.js';
import { absent, drawableOf, fail, readOptions, show } from '../library.js';
import type { Segmentation } from './types.js';

/** What is drawn on: a canvas, a context of one, or p5's canvas or graphics. */
export type DrawTarget =
  | HTMLCanvasElement
  | OffscreenCanvas
  | CanvasRenderingContext2D
  | OffscreenCanvasRenderingContext2D
  | { drawingContext: unknown; width: number; height: number };

export interface EdgeOptions {
  /** Over how many pixels of the target the edge of a person fades; 2 if left out. */
  edge?: number;
}

export interface BlurOptions extends EdgeOptions {
  /** How many pixels of the target the background is blurred by; 12 if left out. */
  radius?: number;
}

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

interface Canvas {
  context: Context;
  /** In the units of its drawing. */
  width: number;
  height: number;
}

const pixels = (name: string, usual: number) =>
  absent<number>(
    'a number from 0',
    `${name}: ${usual}`,
    (value) => typeof value === 'number' && value >= 0 && value < 1000,
  );

const edgeOption = { edge: pixels('edge', 2) };

/**
 * Draws a picture with all but the people blurred, over the whole target.
 *
 *     const stop = bodies.watch(video, (people) => blurBackground(canvas, video, people));
 *
 * @param image the picture that `people` were found in
 * @param people of the type `person`, `parts` or `people`; a mirrored one mirrors the picture
 */
export function blurBackground(
  target: DrawTarget,
  image: ImageSource,
  people: Segmentation,
  options: BlurOptions = {},
): void {
  const { radius = 12, edge } = readOptions('blurBackground', options, {
    ...edgeOption,
    radius: pixels('radius', 12),
  });
  compose('blurBackground', target, image, people, edge, (canvas, picture) =>
    drawBlurred(canvas, picture, people.flip, radius),
  );
}

/**
 * Draws the people of a picture before something else, over the whole target.
 *
 *     replaceBackground(canvas, video, people, 'teal');
 *     replaceBackground(canvas, video, people, beach);        // an image, canvas or video
 *
 * @param background a colour or gradient as canvases take them, or a picture, which is cut to fit
 */
export function replaceBackground(
  target: DrawTarget,
  image: ImageSource,
  people: Segmentation,
  background: string | CanvasGradient | CanvasPattern | ImageSource,
  options: EdgeOptions = {},
): void {
  const { edge } = readOptions('replaceBackground', options, edgeOption);
  compose('replaceBackground', target, image, people, edge, ({ context, width, height }) => {
    const picture = drawableOf(background as ImageSource);
    if (picture === undefined) {
      context.fillStyle = colourOf(background);
      context.fillRect(0, 0, width, height);
      return;
    }
    refuseEmpty('replaceBackground', picture);
    const scale = Math.max(width / picture.width, height / picture.height);
    const [across, down] = [picture.width * scale, picture.height * scale];
    const [x, y] = [(width - across) / 2, (height - down) / 2];
    context.drawImage(picture.source, x, y, across, down);
  });
}

/**
 * Draws the people of a picture and nothing else: the rest of the target becomes transparent.
 *
 *     cutOut(canvas, video, people);
 */
export function cutOut(
  target: DrawTarget,
  image: ImageSource,
  people: Segmentation,
  options: EdgeOptions = {},
): void {
  const { edge } = readOptions('cutOut', options, edgeOption);
  compose('cutOut', target, image, people, edge, () => {});
}

function colourOf(background: unknown): string | CanvasGradient | CanvasPattern {
  const isColour = typeof background === 'string' && CSS.supports('color', background);
  const isPaint = background instanceof CanvasGradient || background instanceof CanvasPattern;
  if (isColour || isPaint) return background;
  fail(
    'replaceBackground: this is nothing to put behind people',
    { given: show(background) },
    "a colour such as 'teal', a gradient, an image, a canvas or a video",
  );
}

function refuseEmpty(who: string, { width, height }: Drawable): void {
  if (width > 0 && height > 0) return;
  fail(
    `${who}: the picture has no size yet`,
    { width, height },
    'wait until the image has loaded, or the video plays',
  );
}

type Drawable = NonNullable<ReturnType<typeof drawableOf>>;

/** Draws what is behind, and then the people. */
function compose(
  who: string,
  target: DrawTarget,
  image: ImageSource,
  people: Segmentation,
  edge: number | undefined,
  behind: (canvas: Canvas, picture: Drawable) => void,
): void {
  const canvas = canvasOf(who, target);
  const picture = drawableOf(image);
  if (picture === undefined) {
    fail(
      `${who}: this is not a picture that can be drawn`,
      { given: show(image) },
      'the image, canvas or video in which people were found',
    );
  }
  refuseEmpty(who, picture);
  if (!(people?.mask?.width > 0)) {
    fail(
      `${who}: it needs to know who is in the picture`,
      { given: show(people) },
      'what bodySegmentation().segment(image) gives',
    );
  }
  const { context, width, height } = canvas;
  const layer = scratch('layer', context.canvas.width, context.canvas.height);
  drawPeople(layer, picture, people, edge ?? 2);
  context.save();
  context.globalAlpha = 1;
  context.globalCompositeOperation = 'source-over';
  if ('filter' in context) context.filter = 'none';
  context.clearRect(0, 0, width, height);
  behind(canvas, picture);
  context.drawImage(layer.canvas, 0, 0, width, height);
  context.restore();
}

/** The people alone, as large as the layer. */
function drawPeople(
  context: Context,
  picture: Drawable,
  { mask, flip }: Segmentation,
  edge: number,
): void {
  const { width, height } = context.canvas;
  const stencil = scratch('stencil', mask.width, mask.height);
  stencil.putImageData(mask, 0, 0);
  if (edge > 0 && 'filter' in context) context.filter = `blur(${edge / 2}px)`;
  context.drawImage(stencil.canvas, 0, 0, width, height);
  if ('filter' in context) context.filter = 'none';
  context.globalCompositeOperation = 'source-in';
  drawWhole({ context, width, height }, picture, flip);
}

function drawWhole({ context, width, height }: Canvas, { source }: Drawable, flip: boolean): void {
  context.save();
  if (flip) {
    context.translate(width, 0);
    context.scale(-1, 1);
  }
  context.drawImage(source, 0, 0, width, height);
  context.restore();
}

/** Blurred by making it small and large again, which every browser can do, and fast. */
function drawBlurred(canvas: Canvas, picture: Drawable, flip: boolean, radius: number): void {
  const { context, width, height } = canvas;
  const times = Math.max(1, radius / 2);
  const small = scratch('small', Math.ceil(width / times), Math.ceil(height / times));
  small.imageSmoothingQuality = 'high';
  const { canvas: made } = small;
  drawWhole({ context: small, width: made.width, height: made.height }, picture, flip);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = 'high';
  context.drawImage(made, 0, 0, width, height);
}

function canvasOf(who: string, target: DrawTarget): Canvas {
  if (typeof target === 'object' && target !== null) {
    if ('drawingContext' in target && isContext(target.drawingContext)) {
      return { context: target.drawingContext, width: target.width, height: target.height };
    }
    const context = 'getContext' in target ? target.getContext('2d') : target;
    if (isContext(context)) {
      const { width, height } = context.canvas;
      return { context, width, height };
    }
  }
  fail(
    `${who}: this is nothing to draw on`,
    { given: show(target) },
    'a canvas that has no WebGL context, or p5 graphics: createGraphics(width, height)',
  );
}

function isContext(value: unknown): value is Context {
  return typeof value === 'object' && value !== null && 'drawImage' in value && 'canvas' in value;
}

/** Canvases that nobody sees, kept from one frame to the next. */
const scratches = new Map<string, Context>();

/** An empty canvas of this size. */
function scratch(name: string, width: number, height: number): Context {
  const known = scratches.get(name);
  if (known) {
    known.canvas.width = width; // which empties it
    known.canvas.height = height;
    return known;
  }
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (!context) {
    fail('gesso: a canvas cannot be made here', {}, 'close other tabs, and try again');
  }
  scratches.set(name, context);
  return context;
}
