// Draws which parts of a picture an answer hangs on.
import type { ImageSource } from '../../image.js';
import { drawableOf, fail, readOptions, show } from '../../library.js';
import type { DrawTarget } from '../../people/backgrounds.js';
import { numberIn } from './options.js';
import type { DrawSaliencyOptions, Saliency } from './types.js';

const who = 'drawSaliency';

/** Colours of a map from 0 to 1, as dark as a picture at night and then as light as a flame. */
const flame: readonly (readonly [red: number, green: number, blue: number])[] = [
  [18, 14, 44],
  [86, 22, 104],
  [187, 55, 84],
  [249, 142, 9],
  [252, 255, 190],
];

/**
 * Draws a picture in grey and dim, and over it in colours what an answer hangs on, over the whole target.
 *
 *     drawSaliency(canvas, image, await saliency(classifier, image));
 */
export function drawSaliency(
  target: DrawTarget,
  image: ImageSource,
  map: Saliency,
  options: DrawSaliencyOptions = {},
): void {
  const { opacity = 0.85 } = readOptions(who, options, {
    opacity: numberIn('opacity', 0, 1, 0.85),
  });
  const { context, width, height } = contextOf(target);
  const picture = drawableOf(image);
  context.save();
  try {
    context.setTransform(width / map.width, 0, 0, height / map.height, 0, 0);
    if (picture) {
      context.filter = 'grayscale(1)';
      context.drawImage(picture.source, 0, 0, map.width, map.height);
      context.filter = 'none';
    }
    context.imageSmoothingEnabled = true;
    context.drawImage(coloured(map, opacity), 0, 0, map.width, map.height);
  } finally {
    context.restore();
  }
}

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** The context of a target, and its size in pixels of the screen. */
function contextOf(target: DrawTarget): { context: Context; width: number; height: number } {
  const canvas = 'drawingContext' in target ? target.drawingContext : target;
  const context = (
    typeof canvas === 'object' && canvas !== null && 'getContext' in canvas
      ? (canvas as HTMLCanvasElement).getContext('2d')
      : canvas
  ) as Context | null;
  if (context && 'drawImage' in context) {
    return { context, width: context.canvas.width, height: context.canvas.height };
  }
  return fail(
    `${who}: this cannot be drawn on`,
    { given: show(target) },
    'a canvas, or its context',
  );
}

/** The map in colours; where it is 0, the picture below is only darker. */
function coloured({ width, height, values }: Saliency, opacity: number): HTMLCanvasElement {
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (const [i, value] of values.entries()) {
    const place = value * (flame.length - 1);
    const step = Math.min(Math.floor(place), flame.length - 2);
    const [from, to] = [flame[step] ?? [0, 0, 0], flame[step + 1] ?? [0, 0, 0]];
    for (const c of [0, 1, 2] as const) {
      pixels[4 * i + c] = from[c] + (to[c] - from[c]) * (place - step);
    }
    pixels[4 * i + 3] = 255 * opacity * (0.55 + 0.45 * value);
  }
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d')?.putImageData(new ImageData(pixels, width, height), 0, 0);
  return canvas;
}
