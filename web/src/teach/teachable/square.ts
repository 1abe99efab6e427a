// Pictures as Teachable Machine gets them: drawn by the browser on a small square canvas.
import type { Picture, Pixels } from '../../image.js';

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Whether pictures can be drawn here: not in Node. */
function canDraw(): boolean {
  return typeof createImageBitmap === 'function' && typeof ImageData === 'function';
}

/**
 * The middle square of a picture in a size, as the canvas of a page draws it: that is not what a resize
 * by neighbours gives, and a project was taught with it. Where there is no canvas, the picture itself.
 */
export async function squareOf(picture: Picture, size: number): Promise<Picture> {
  if (!canDraw()) return picture;
  const drawn =
    'data' in picture
      ? await createImageBitmap(new ImageData(Uint8ClampedArray.from(picture.data), picture.width))
      : picture;
  try {
    const { width, height } = drawn;
    const scale = size / Math.min(width, height);
    const [across, down] = [Math.ceil(width * scale), Math.ceil(height * scale)];
    const context = newContext(size);
    context.drawImage(
      drawn,
      -Math.trunc((across - size) / 2),
      -Math.trunc((down - size) / 2),
      across,
      down,
    );
    return context.getImageData(0, 0, size, size);
  } finally {
    drawn.close();
  }
}

function newContext(size: number): Context {
  const canvas =
    typeof OffscreenCanvas === 'undefined'
      ? Object.assign(document.createElement('canvas'), { width: size, height: size })
      : new OffscreenCanvas(size, size);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context && 'drawImage' in context) return context;
  throw new Error('a canvas cannot be made here');
}

/** Grey by how bright colours seem to people, on all three channels. */
export function grey({ width, height, data }: Pixels): Pixels {
  const result = data.slice();
  for (let i = 0; i < result.length; i += 4) {
    const [r = 0, g = 0, b = 0] = data.subarray(i, i + 3);
    result.fill(Math.round(0.2989 * r + 0.587 * g + 0.114 * b), i, i + 3);
  }
  return { width, height, data: result };
}
