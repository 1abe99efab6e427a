// A picture that models are shown. Its pixels are read only where the processor prepares it.
import { type Picture, type Pixels, pixelsOf } from './image.js';

export class Shown {
  readonly width: number;
  readonly height: number;
  #picture: Picture;

  constructor(picture: Picture) {
    this.width = picture.width;
    this.height = picture.height;
    this.#picture = picture;
  }

  /** What a graphics processor reads by itself; undefined once the pixels have been read. */
  get bitmap(): ImageBitmap | undefined {
    return 'data' in this.#picture ? undefined : this.#picture;
  }

  get pixels(): Pixels {
    const pixels = pixelsOf(this.#picture);
    this.#picture = pixels;
    return pixels;
  }

  /** Ends it. */
  close(): void {
    this.bitmap?.close();
  }
}
