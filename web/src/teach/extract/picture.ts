// Small pictures: kept as JPEG or PNG, read again, and changed a little.
import type { Pixels } from '../../image.js';
import { pixelsOf, platform, takePicture, workersCanDraw } from '../../library.js';
import type { Random } from '../../random.js';

/** How well a JPEG keeps what it is made of, 0 to 1. */
const quality = 0.92;

export async function encoded(pixels: Pixels): Promise<Uint8Array<ArrayBuffer>> {
  if (platform.encode) return platform.encode(pixels);
  const { width, height } = pixels;
  const blob = await (workersCanDraw()
    ? drawn(new OffscreenCanvas(width, height), pixels).convertToBlob({
        type: 'image/jpeg',
        quality,
      })
    : jpegOf(drawn(Object.assign(document.createElement('canvas'), { width, height }), pixels)));
  return new Uint8Array(await blob.arrayBuffer());
}

function drawn<C extends OffscreenCanvas | HTMLCanvasElement>(canvas: C, pixels: Pixels): C {
  const { width, height, data } = pixels;
  const context = canvas.getContext('2d') as CanvasRenderingContext2D | null;
  context?.putImageData(new ImageData(new Uint8ClampedArray(data), width, height), 0, 0);
  return canvas;
}

function jpegOf(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) => {
    const take = (blob: Blob | null) => {
      if (blob) resolve(blob);
      else reject(new Error('the browser makes no JPEG'));
    };
    canvas.toBlob(take, 'image/jpeg', quality);
  });
}

/** What kind of file a kept picture is. */
export function kindOf(picture: Uint8Array): 'jpg' | 'png' {
  return picture[0] === 0x89 ? 'png' : 'jpg';
}

/** A kept picture as a file. */
export function blobOf(picture: Uint8Array<ArrayBuffer>): Blob {
  return new Blob([picture], { type: kindOf(picture) === 'png' ? 'image/png' : 'image/jpeg' });
}

/** The pixels of a picture that was kept. */
export async function decoded(who: string, picture: Uint8Array<ArrayBuffer>): Promise<Pixels> {
  return pixelsOf(await takePicture(who, blobOf(picture), false));
}

/** How a copy differs from its example. */
export interface Variation {
  /** Mirrored left and right. */
  flip: boolean;
  /** To the right and down, as parts of width and height; what comes in is the pixel at the edge. */
  right: number;
  down: number;
  /** What each colour is multiplied by. */
  brightness: number;
}

/** How copies may differ. */
export interface Spread {
  flip: boolean;
  shift: number;
  brightness: number;
}

export function variationOf({ flip, shift, brightness }: Spread, random: Random): Variation {
  const around = (most: number) => (2 * random.uniform() - 1) * most;
  // Drawn in any case: an option that is off does not change what the others draw.
  const mirrored = random.uniform() < 0.5;
  const [right, down] = [around(shift), around(shift)];
  return { flip: flip && mirrored, right, down, brightness: 1 + around(brightness) };
}

export function varied(pixels: Pixels, { flip, right, down, brightness }: Variation): Pixels {
  const { width, height, data } = pixels;
  const result = new Uint8ClampedArray(data.length);
  const [across, along] = [Math.round(right * width), Math.round(down * height)];
  const inside = (place: number, size: number) => Math.min(Math.max(place, 0), size - 1);
  for (let y = 0; y < height; y++) {
    const row = inside(y - along, height) * width;
    for (let x = 0; x < width; x++) {
      const column = inside(x - across, width);
      const from = (row + (flip ? width - 1 - column : column)) * 4;
      const to = (y * width + x) * 4;
      for (let c = 0; c < 3; c++) result[to + c] = (data[from + c] ?? 0) * brightness;
      result[to + 3] = data[from + 3] ?? 255;
    }
  }
  return { width, height, data: result };
}
