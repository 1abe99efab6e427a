// Pictures in Node: JPEG, PNG and BMP files to pixels.
import { decode as decodeBmp } from 'fast-bmp';
import { convertIndexedToRgb, decode as decodePng, encode as encodePng } from 'fast-png';
import jpeg from 'jpeg-js';
import { fail } from './errors.js';
import type { Pixels } from './image.js';

/** What each kind of file begins with. */
const kinds: [magic: number[], decode: (bytes: Uint8Array) => Pixels][] = [
  [[0x89, 0x50, 0x4e, 0x47], png],
  [[0xff, 0xd8, 0xff], jpegUpright],
  [[0x42, 0x4d], bmp],
];

/**
 * Decodes a picture; the kind is told by its first bytes, not by its name.
 *
 * @param name what messages call it
 * @throws MLError for another kind of file, or what the decoder throws for a damaged one
 */
export function decodePicture(bytes: Uint8Array, name: string): Pixels {
  const kind = kinds.find(([magic]) => magic.every((byte, i) => bytes[i] === byte));
  if (kind) return kind[1](bytes);
  const begins = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0'));
  fail(
    `${name}: only JPEG, PNG and BMP pictures are read in Node`,
    { 'begins with': begins.join(' ') || 'nothing, the file is empty' },
    'convert the picture, or { width, height, data } with pixels of your own',
  );
}

/** A PNG of a picture. */
export function encodePicture({ width, height, data }: Pixels): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(encodePng({ width, height, data, channels: 4, depth: 8 }));
}

function png(bytes: Uint8Array): Pixels {
  const picture = decodePng(bytes);
  const { width, height, palette, depth } = picture;
  if (palette) {
    const channels = palette[0]?.length ?? 3;
    return spread(width, height, channels, convertIndexedToRgb(picture));
  }
  if (depth === 16) {
    const high = Uint8Array.from(picture.data, (value) => value >> 8);
    return spread(width, height, picture.channels, high);
  }
  if (depth < 8) {
    const rows = unpack(picture.data, width * picture.channels, height, depth);
    return spread(width, height, picture.channels, rows);
  }
  return spread(width, height, picture.channels, picture.data);
}

function bmp(bytes: Uint8Array): Pixels {
  const { width, height, channels, bitsPerPixel, data } = decodeBmp(bytes);
  const view = data as Uint8Array;
  if (bitsPerPixel === 1) return spread(width, height, 1, unpack(view, width, height, 1));
  return spread(width, height, channels, view);
}

function jpegUpright(bytes: Uint8Array): Pixels {
  // A photo of 100 megapixels is larger than any camera's; more is a damaged or hostile file.
  const picture = jpeg.decode(bytes, {
    useTArray: true,
    maxResolutionInMP: 100,
    maxMemoryUsageInMB: 1024,
  });
  return turn(picture, orientationOf(bytes));
}

/** Rows of samples of 1, 2 or 4 bits, padded to whole bytes, as samples from 0 to 255. */
function unpack(
  packed: ArrayLike<number>,
  samples: number,
  rows: number,
  depth: number,
): Uint8Array {
  const largest = 2 ** depth - 1;
  const stride = Math.ceil((samples * depth) / 8);
  return Uint8Array.from({ length: samples * rows }, (_, i) => {
    const [row, column] = [Math.floor(i / samples), i % samples];
    const bit = column * depth;
    const byte = packed[row * stride + (bit >> 3)] ?? 0;
    return (((byte >> (8 - depth - (bit & 7))) & largest) * 255) / largest;
  });
}

/** Grey (1), grey and alpha (2), RGB (3) or RGBA (4) to RGBA. */
function spread(width: number, height: number, channels: number, from: ArrayLike<number>): Pixels {
  const data = new Uint8ClampedArray(width * height * 4);
  const colours = channels < 3 ? 1 : 3;
  for (let pixel = 0; pixel < width * height; pixel++) {
    const at = pixel * channels;
    for (let colour = 0; colour < 3; colour++) {
      data[pixel * 4 + colour] = from[at + (colours === 3 ? colour : 0)] ?? 0;
    }
    data[pixel * 4 + 3] = channels > colours ? (from[at + colours] ?? 255) : 255;
  }
  return { width, height, data };
}

/**
 * The EXIF orientation of a JPEG, 1 to 8, which browsers obey: phones store photos as the sensor
 * lies and say here how to turn them. 1, upright, if there is none.
 */
export function orientationOf(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u16 = (at: number, little = false) =>
    at + 2 <= view.byteLength ? view.getUint16(at, little) : 0;
  // Segments: marker, length, content. The EXIF one is 0xFFE1 and begins with "Exif".
  for (let at = 2; u16(at) >> 8 === 0xff && u16(at) !== 0xffda; at += 2 + u16(at + 2)) {
    if (u16(at) !== 0xffe1 || u16(at + 4) !== 0x4578) continue;
    const tiff = at + 10;
    const little = u16(tiff) === 0x4949;
    const first = tiff + (little ? u16(tiff + 4, little) : u16(tiff + 6)); // 32 bits; below 65536
    const entries = u16(first, little);
    for (let i = 0; i < entries; i++) {
      const entry = first + 2 + 12 * i;
      if (u16(entry, little) === 0x0112) return u16(entry + 8, little) || 1;
    }
    return 1;
  }
  return 1;
}

/** Turns and mirrors a picture as an EXIF orientation asks. */
export function turn({ width, height, data }: Pixels, orientation: number): Pixels {
  if (orientation < 2 || orientation > 8) return { width, height, data };
  const swapped = orientation > 4;
  const [wide, high] = swapped ? [height, width] : [width, height];
  const turned = new Uint8ClampedArray(data.length);
  const flipX = [2, 3, 7, 8].includes(orientation);
  const flipY = [3, 4, 6, 7].includes(orientation);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const [u, v] = swapped ? [y, x] : [x, y];
      const column = flipX ? width - 1 - u : u;
      const row = flipY ? height - 1 - v : v;
      const from = 4 * (row * width + column);
      turned.set(data.subarray(from, from + 4), 4 * (y * wide + x));
    }
  }
  return { width: wide, height: high, data: turned };
}
