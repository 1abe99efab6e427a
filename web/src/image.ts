// Pictures: from anything that can be drawn to bytes that C++ can read.
import { fail, messageOf } from './errors.js';
import { platform } from './platform.js';
import { show } from './tensor.js';

/** Raw pixels: `data` holds height × width × 4 bytes, red, green, blue and alpha from 0 to 255. */
export interface Pixels {
  width: number;
  height: number;
  data: Uint8ClampedArray | Uint8Array;
}

/**
 * Anything that can be classified.
 *
 * In pages: an image, a canvas, a video, an `OffscreenCanvas`, `ImageBitmap`, `ImageData`,
 * `VideoFrame` or `Blob`, and what p5.js makes: `p5.Image`, `p5.Graphics`, `p5.MediaElement`.
 * In Node: the path of a JPEG, PNG or BMP file, or its bytes. Everywhere: raw pixels.
 */
export type ImageSource =
  | HTMLImageElement
  | SVGImageElement
  | HTMLCanvasElement
  | HTMLVideoElement
  | OffscreenCanvas
  | ImageBitmap
  | ImageData
  | VideoFrame
  | Blob
  | Pixels
  | P5Drawable
  | string
  | Uint8Array;

/** The part of p5's objects that matters here: the element that holds the picture. */
export type P5Drawable = { elt: unknown } | { canvas: unknown };

/** A picture on its way to where WebAssembly lives. */
export type Picture = Pixels | ImageBitmap;

/** What `createImageBitmap` and `drawImage` take. */
type Drawable = Exclude<CanvasImageSource, SVGImageElement> | SVGImageElement;

/**
 * Takes the picture out of a source, as it is now.
 *
 * @param who the function that the user called, to begin messages with
 * @param bitmap whether to give an ImageBitmap, which workers and graphics processors read by themselves
 * @param most how many pixels the longer side may have: what the browser draws is drawn smaller if need be,
 *   because reading pixels takes as long as a small network
 * @throws MLError when there is no picture yet, or the page may not read it; the message says why
 */
export async function takePicture(
  who: string,
  source: ImageSource,
  bitmap: boolean,
  most = Number.POSITIVE_INFINITY,
): Promise<Picture> {
  const drawn = unwrap(source);
  if (typeof drawn === 'string' || drawn instanceof Uint8Array) return decode(who, drawn);
  if (isPixels(drawn)) return checkPixels(who, drawn);
  if (is('Blob', drawn) || is('File', drawn)) return fromBlob(who, drawn as Blob);
  if (!isDrawable(drawn)) {
    fail(
      `${who}: this is not a picture`,
      { given: show(drawn) },
      platform.decode
        ? 'the path of a JPEG, PNG or BMP file, or { width, height, data }'
        : 'an image, canvas or video element, an ImageBitmap or ImageData',
    );
  }
  checkReady(who, drawn);
  try {
    const [width, height] = sizeOf(drawn);
    const scale = Math.min(1, most / Math.max(width, height));
    const fitted = (side: number) => Math.max(1, Math.round(side * scale));
    if (!bitmap) return draw(drawn, fitted(width), fitted(height));
    const size = { resizeWidth: fitted(width), resizeHeight: fitted(height) };
    // Awaited here, so that a refusal lands in the catch.
    return await createImageBitmap(drawn, scale < 1 ? { ...size, resizeQuality: 'medium' } : {});
  } catch (error) {
    return refuseReading(who, error);
  }
}

/** The bytes of a picture; an ImageBitmap is closed. */
export function pixelsOf(picture: Picture): Pixels {
  if ('data' in picture) return picture;
  try {
    return draw(picture, picture.width, picture.height);
  } finally {
    picture.close();
  }
}

/** Whether a worker of this page can read pictures by itself. */
export function workersCanDraw(): boolean {
  return (
    typeof OffscreenCanvas !== 'undefined' && new OffscreenCanvas(1, 1).getContext('2d') !== null
  );
}

/** The element inside a p5.js object, or the source itself. */
export function unwrap(source: unknown): unknown {
  if (typeof source !== 'object' || source === null || isDrawable(source)) return source;
  // A p5.MediaElement has a canvas too, for its pixels: the element itself is the newer picture.
  if ('elt' in source && isDrawable(source.elt)) return source.elt;
  if ('canvas' in source && isDrawable(source.canvas)) return source.canvas;
  return source;
}

/** Whether what is drawn now is a frame of something that moves. */
export function isVideo(source: unknown): boolean {
  return is('HTMLVideoElement', unwrap(source));
}

/** What canvases can draw of a source, and its size; undefined for what they cannot. */
export function drawableOf(
  source: ImageSource,
): { source: Drawable; width: number; height: number } | undefined {
  const drawn = unwrap(source);
  if (!isDrawable(drawn)) return undefined;
  const [width, height] = sizeOf(drawn);
  return { source: drawn, width, height };
}

/**
 * The size in which the owner of a picture counts: of what p5 makes its `width` and `height`, whatever
 * the pixel density or the size of the video inside; else undefined, which means the picture's own.
 */
export function sizeMeant(source: ImageSource): { width: number; height: number } | undefined {
  if (unwrap(source) === source || !('width' in (source as object))) return undefined;
  const { width, height } = source as { width?: unknown; height?: unknown };
  const known = typeof width === 'number' && typeof height === 'number' && width > 0 && height > 0;
  return known ? { width, height } : undefined;
}

/** Like `instanceof`, for classes that may not exist here and for objects of another window. */
function is(className: string, value: unknown): boolean {
  return Object.prototype.toString.call(value) === `[object ${className}]`;
}

const drawables = [
  'HTMLImageElement',
  'SVGImageElement',
  'HTMLCanvasElement',
  'HTMLVideoElement',
  'OffscreenCanvas',
  'ImageBitmap',
  'VideoFrame',
];

function isDrawable(value: unknown): value is Drawable {
  return drawables.some((name) => is(name, value));
}

function isPixels(value: unknown): value is Pixels {
  return (
    typeof value === 'object' &&
    value !== null &&
    'width' in value &&
    'height' in value &&
    'data' in value &&
    ArrayBuffer.isView(value.data)
  );
}

function checkPixels(who: string, { width, height, data }: Pixels): Pixels {
  checkSize(who, width, height, 'pixels with a width and a height');
  const bytes = data instanceof Uint8ClampedArray || data instanceof Uint8Array;
  if (!bytes || data.length !== width * height * 4) {
    fail(
      `${who}: pixels must be four bytes for each: red, green, blue, alpha`,
      {
        size: `${width} × ${height}, which is ${width * height * 4} bytes`,
        data: `${data.constructor.name} of ${data.length}`,
      },
      'the data of getImageData(), or a Uint8Array of that length',
    );
  }
  return { width, height, data };
}

function checkSize(who: string, width: number, height: number, hint: string): void {
  const whole = Number.isInteger(width) && Number.isInteger(height);
  if (whole && width > 0 && height > 0) return;
  fail(`${who}: the picture has no size`, { width, height }, hint);
}

function checkReady(who: string, source: Drawable): void {
  if (is('HTMLImageElement', source)) {
    const { complete, naturalWidth, currentSrc, src } = source as HTMLImageElement;
    const address = show((currentSrc || src).slice(0, 200));
    if (!complete) {
      fail(`${who}: the image has not loaded yet`, { src: address }, 'await image.decode() first');
    }
    if (naturalWidth === 0) {
      fail(
        `${who}: the image could not be loaded`,
        { src: address },
        'open that address in a browser tab: it must show a picture',
      );
    }
  }
  if (is('HTMLVideoElement', source)) {
    const { readyState, videoWidth, error } = source as HTMLVideoElement;
    if (readyState < 2 || videoWidth === 0) {
      fail(
        `${who}: the video shows no picture yet`,
        { readyState, ...(error && { reason: error.message }) },
        'await video.play() first, or use watch(), which waits by itself',
      );
    }
  }
  checkSize(who, ...sizeOf(source), 'give it a width and a height, and draw on it, first');
}

/** The size in which what is found in a source counts, as far as it has one. */
export function sizeOfSource(source: ImageSource): { width: number; height: number } {
  const meant = sizeMeant(source);
  if (meant) return meant;
  const drawn = unwrap(source);
  const [width, height] = isPixels(drawn)
    ? [drawn.width, drawn.height]
    : isDrawable(drawn)
      ? sizeOf(drawn)
      : [0, 0];
  return { width, height };
}

function sizeOf(source: Drawable): [width: number, height: number] {
  if ('naturalWidth' in source) return [source.naturalWidth, source.naturalHeight];
  if ('videoWidth' in source) return [source.videoWidth, source.videoHeight];
  if ('displayWidth' in source) return [source.displayWidth, source.displayHeight];
  if (typeof source.width === 'number' && typeof source.height === 'number') {
    return [source.width, source.height];
  }
  const { width, height } = (source as SVGImageElement).getBoundingClientRect();
  return [Math.round(width), Math.round(height)];
}

/** What is used of the context of either kind of canvas. */
type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

let context: Context | undefined;

/** Draws a picture and reads it back; the canvas is kept for the next one. */
function draw(source: Drawable, width: number, height: number): Pixels {
  context ??= newContext();
  const { canvas } = context;
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  } else {
    context.clearRect(0, 0, width, height);
  }
  context.imageSmoothingQuality = 'medium'; // counts where the picture is drawn smaller
  context.drawImage(source, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

function newContext(): Context {
  // Read back often: the browser keeps such a canvas in memory that the CPU can read.
  const often: CanvasRenderingContext2DSettings = { willReadFrequently: true };
  const canvas = workersCanDraw() ? new OffscreenCanvas(1, 1) : document.createElement('canvas');
  const made = canvas.getContext('2d', often);
  if (made !== null && 'drawImage' in made) return made;
  fail('gesso: a canvas cannot be made here', {}, 'close other tabs, and try again');
}

async function decode(who: string, picture: string | Uint8Array): Promise<Pixels> {
  const { decode } = platform;
  if (!decode) {
    fail(
      `${who}: ${typeof picture === 'string' ? 'an address' : 'bytes'} must be made a picture first`,
      { given: show(picture) },
      typeof picture === 'string'
        ? 'an image element: image.src = address; await image.decode()'
        : 'new Blob([bytes])',
    );
  }
  try {
    return await decode(picture);
  } catch (error) {
    const given = typeof picture === 'string' ? picture : `${picture.length} bytes`;
    fail(
      `${who}: the picture cannot be read`,
      { given, reason: messageOf(error) },
      'the path of a JPEG, PNG or BMP file',
    );
  }
}

async function fromBlob(who: string, blob: Blob): Promise<Picture> {
  if (platform.decode) return decode(who, new Uint8Array(await blob.arrayBuffer()));
  try {
    const bitmap = await createImageBitmap(blob);
    return workersCanDraw() ? bitmap : pixelsOf(bitmap);
  } catch (error) {
    fail(
      `${who}: the file is not a picture that this browser can read`,
      { type: blob.type || 'unknown', bytes: blob.size, reason: messageOf(error) },
      'a JPEG, PNG, WebP or GIF',
    );
  }
}

/** Explains why a browser would not give the pixels of a picture. */
export function refuseReading(who: string, error: unknown): never {
  const { name } = error instanceof Error ? error : { name: '' };
  if (name === 'SecurityError' || name === 'DataCloneError') {
    fail(
      `${who}: the page may not read the pixels of this picture, because it comes from another site`,
      { reason: messageOf(error) },
      "image.crossOrigin = 'anonymous' before image.src, if that site allows it; " +
        'or a copy of the picture beside the page',
    );
  }
  if (name === 'InvalidStateError') {
    fail(
      `${who}: the picture cannot be read now`,
      { reason: messageOf(error) },
      'wait until it has loaded; an ImageBitmap or VideoFrame must not be closed yet',
    );
  }
  throw error;
}
