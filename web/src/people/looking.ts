// What all tasks that look at people share: pictures come in, and answers lie where the pictures are.
import type { Client } from '../client.js';
import type { ImageSource } from '../image.js';
import { drawableOf, isVideo, refuseReading, sizeMeant, takePicture, unwrap } from '../library.js';
import type { LookAnswer, LookMethod, LookRequest } from '../seeing.js';

/** One picture, which may be a frame of many. */
export interface Glance<Memory> {
  /** As it was read, in pixels. */
  width: number;
  height: number;
  /** When it was taken, in milliseconds. */
  time: number;
  /** What is known from the frames before; new for a picture that stands alone. */
  memory: Memory;
  /** From pixels to what the owner of the picture counts in, mirrored where that is wanted. */
  place: Place;
  /** Can be called once. */
  look<M extends LookMethod>(method: M, request: LookRequest<M>): Promise<LookAnswer<M>>;
}

/** Looks at pictures, and remembers those that move. */
export class Looking<Memory> {
  readonly #who: string;
  readonly #client: Client;
  readonly #flip: boolean;
  readonly #most: number;
  readonly #begin: () => Memory;
  readonly #memories = new WeakMap<object, Memory>();

  /**
   * @param who the method that the user called, to begin messages with
   * @param flip whether answers are mirrored, as by a camera that faces whom it shows
   * @param most how many pixels the longer side of a picture may have: larger ones are read smaller
   * @param begin what is known before the first frame
   */
  constructor(who: string, client: Client, flip: boolean, most: number, begin: () => Memory) {
    this.#who = who;
    this.#client = client;
    this.#flip = flip;
    this.#most = most;
    this.#begin = begin;
  }

  /** @param follows whether the picture is a frame of many; videos are in any case */
  async glance(image: ImageSource, follows: boolean): Promise<Glance<Memory>> {
    const client = this.#client;
    const source = unwrap(image);
    const alone = !(follows || isVideo(source)) || typeof source !== 'object' || source === null;
    const own = drawableOf(image);
    const picture = await takePicture(this.#who, image, client.takesBitmaps, this.#most);
    const { width, height } = picture;
    return {
      width,
      height,
      time: performance.now(),
      memory: alone ? this.#begin() : this.#memory(source),
      place: new Place(picture, own ?? picture, sizeMeant(image), this.#flip),
      look: (method, request) =>
        client
          .look(method, picture, request)
          .catch((error: unknown) => refuseReading(this.#who, error)), // as it moves to the worker
    };
  }

  #memory(source: object): Memory {
    const known = this.#memories.get(source);
    if (known !== undefined) return known;
    const memory = this.#begin();
    this.#memories.set(source, memory);
    return memory;
  }
}

interface Size {
  width: number;
  height: number;
}

/** Leads from pixels of a picture to what its owner counts in. */
export class Place {
  /** How many of the owner's units a pixel has, along each axis. */
  readonly across: number;
  readonly down: number;
  /** Where the middle of the first pixel that was read lies, from that of the picture's own. */
  readonly #left: number;
  readonly #top: number;
  /** What the places of a point and of its mirror image add up to. */
  readonly #mirror: number | undefined;

  /**
   * @param read the picture as it was read, which may be smaller than it is
   * @param own its own size
   * @param meant the size that its owner says it has
   */
  constructor(read: Size, own: Size, meant: Size | undefined, flip: boolean) {
    const { width, height } = meant ?? own;
    const pixel = { x: width / own.width, y: height / own.height };
    this.across = width / read.width;
    this.down = height / read.height;
    this.#left = (this.across - pixel.x) / 2;
    this.#top = (this.down - pixel.y) / 2;
    this.#mirror = flip ? width - pixel.x : undefined;
  }

  x(x: number): number {
    const there = this.across * x + this.#left;
    return this.#mirror === undefined ? there : this.#mirror - there;
  }

  y(y: number): number {
    return this.down * y + this.#top;
  }
}
