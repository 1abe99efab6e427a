// Pictures for p5: what a task gives, as p5 shows it.
import { fail } from './errors.js';
import { type ImageSource, pixelsOf, takePicture } from './image.js';
import { findP5, type P5Image } from './p5.js';

/**
 * A picture as a p5.Image, to be shown with p5's `image()`.
 *
 *     const mask = await p5Image({ width, height, data });
 *     image(mask, 0, 0);
 *
 * @param picture pixels, or anything else that can be classified
 * @throws MLError where there is no p5
 */
export async function p5Image(picture: ImageSource): Promise<P5Image> {
  const p5 = findP5();
  if (!p5) {
    fail(
      'p5Image: there is no p5 on this page',
      { needed: 'p5 1 or 2' },
      'a script tag with p5.js, or setP5(p5) where p5 is imported',
    );
  }
  const { width, height, data } = pixelsOf(await takePicture('p5Image', picture, false));
  const image = new p5.Image(width, height);
  const pixels = new ImageData(new Uint8ClampedArray(data), width, height);
  image.canvas.getContext('2d')?.putImageData(pixels, 0, 0);
  image.setModified(true); // a copy on the graphics card, if there is one, is old
  return image;
}
