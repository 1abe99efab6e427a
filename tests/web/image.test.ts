// Pictures from files, pixels and elements, and why some cannot be read.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode as encodeBmp } from 'fast-bmp';
import { encode as encodePng } from 'fast-png';
import jpeg from 'jpeg-js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { decodePicture, orientationOf, turn } from '../../web/src/decode.js';
import {
  type ImageSource,
  type Pixels,
  refuseReading,
  takePicture,
  unwrap,
} from '../../web/src/image.js';
import { itNeeds, messageFrom, photo } from './fixtures.js';

/** Something that says of itself that it is an element of that class. */
const element = (className: string, properties: object): object => ({
  [Symbol.toStringTag]: className,
  ...properties,
});
const take = (source: unknown) => takePicture('classify', source as ImageSource, false);
const rgba = (pixels: Pixels) => Array.from(pixels.data);

describe('decodePicture', () => {
  const pixels = [255, 0, 0, 255, 0, 255, 0, 128];

  it('reads PNG with and without alpha', () => {
    const image = { width: 2, height: 1, data: Uint8Array.from(pixels), channels: 4 };
    expect(rgba(decodePicture(encodePng(image), 'a'))).toEqual(pixels);
    const opaque = { width: 1, height: 1, data: Uint8Array.of(1, 2, 3), channels: 3 };
    expect(rgba(decodePicture(encodePng(opaque), 'a'))).toEqual([1, 2, 3, 255]);
  });

  it('reads grey PNG, with alpha, and with 16 bits', () => {
    const grey = { width: 2, height: 1, data: Uint8Array.of(9, 200), channels: 1 };
    expect(rgba(decodePicture(encodePng(grey), 'a'))).toEqual([9, 9, 9, 255, 200, 200, 200, 255]);
    const alpha = { width: 1, height: 1, data: Uint8Array.of(9, 200), channels: 2 };
    expect(rgba(decodePicture(encodePng(alpha), 'a'))).toEqual([9, 9, 9, 200]);
    const deep = {
      width: 1,
      height: 1,
      data: Uint16Array.of(0x1234, 0xffff, 0),
      channels: 3,
      depth: 16 as const,
    };
    expect(rgba(decodePicture(encodePng(deep), 'a'))).toEqual([0x12, 255, 0, 255]);
  });

  it('reads BMP', () => {
    const data = Uint8Array.of(1, 2, 3, 4, 5, 6);
    const bmp = encodeBmp({ width: 2, height: 1, channels: 3, bitsPerPixel: 24, data });
    expect(rgba(decodePicture(bmp, 'a'))).toEqual([1, 2, 3, 255, 4, 5, 6, 255]);
  });

  it('reads JPEG, upright as EXIF says', () => {
    const left = [255, 255, 255, 255];
    const data = Uint8Array.from({ length: 4 * 16 * 8 }, (_, i) =>
      (i >> 2) % 16 < 8 ? 255 : i % 4 === 3 ? 255 : 0,
    );
    const plain = new Uint8Array(jpeg.encode({ width: 16, height: 8, data }, 90).data);
    expect(decodePicture(plain, 'a')).toMatchObject({ width: 16, height: 8 });
    expect(orientationOf(plain)).toBe(1);

    for (const little of [true, false]) {
      const turned = withOrientation(plain, 6, little); // the top is on the left: turn clockwise
      expect(orientationOf(turned)).toBe(6);
      const upright = decodePicture(turned, 'a');
      expect(upright).toMatchObject({ width: 8, height: 16 });
      expect(
        rgba(upright)
          .slice(0, 4)
          .every((value, i) => Math.abs(value - (left[i] ?? 0)) < 8),
      ).toBe(true);
      expect(upright.data.at(-4)).toBeLessThan(8);
    }
  });

  it('tells the kind by the content, and names others', async () => {
    expect(
      await messageFrom(() => decodePicture(Uint8Array.of(0x47, 0x49, 0x46, 0x38), 'a.png')),
    ).toBe(
      'a.png: only JPEG, PNG and BMP pictures are read in Node.\n  begins with  47 49 46 38\n' +
        '  Try: convert the picture, or { width, height, data } with pixels of your own',
    );
    expect(await messageFrom(() => decodePicture(new Uint8Array(), 'a'))).toMatch(
      'the file is empty',
    );
  });
});

/** Puts an EXIF segment with one entry, the orientation, behind the first marker. */
function withOrientation(bytes: Uint8Array, orientation: number, little: boolean): Uint8Array {
  const u16 = (value: number) => (little ? [value & 255, value >> 8] : [value >> 8, value & 255]);
  const u32 = (value: number) => (little ? [...u16(value), 0, 0] : [0, 0, ...u16(value)]);
  const order = little ? 0x49 : 0x4d;
  const tiff = [order, order, ...u16(42), ...u32(8), ...u16(1)];
  const entry = [...u16(0x0112), ...u16(3), ...u32(1), ...u16(orientation), 0, 0];
  const content = [0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff, ...entry, ...u32(0)];
  return Uint8Array.from([
    ...bytes.subarray(0, 2),
    0xff,
    0xe1,
    0,
    content.length + 2,
    ...content,
    ...bytes.subarray(2),
  ]);
}

describe('turn', () => {
  // Two by three pixels, told apart by their red: 0 1 / 2 3 / 4 5.
  const data = Uint8ClampedArray.from({ length: 24 }, (_, i) => (i % 4 === 0 ? i / 4 : 255));
  it.each([
    [1, 2, '01 23 45'],
    [2, 2, '10 32 54'],
    [3, 2, '54 32 10'],
    [4, 2, '45 23 01'],
    [5, 3, '024 135'],
    [6, 3, '420 531'],
    [7, 3, '531 420'],
    [8, 3, '135 024'],
    [9, 2, '01 23 45'],
  ])('obeys orientation %d', (orientation, width, expected) => {
    const turned = turn({ width: 2, height: 3, data }, orientation);
    const reds = rgba(turned)
      .filter((_, i) => i % 4 === 0)
      .join('');
    expect(turned.width).toBe(width);
    expect(reds).toBe(expected.replaceAll(' ', ''));
  });
});

describe('takePicture', () => {
  afterEach(() => vi.unstubAllGlobals());

  itNeeds([photo('coffee.png')], 'reads a path and bytes', async () => {
    expect(await take(photo('coffee.png'))).toMatchObject({ width: 600, height: 400 });
    expect(await take(photo('squat.bmp'))).toMatchObject({ width: 500, height: 610 });
  });

  it('reads a path with odd letters, a Blob, and raw pixels', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'gesso-')), 'a #é%.png');
    const file = encodePng({ width: 1, height: 1, data: Uint8Array.of(1, 2, 3), channels: 3 });
    writeFileSync(path, file);
    expect(await take(path)).toMatchObject({ width: 1, height: 1 });
    expect(await take(new Blob([Uint8Array.from(file)]))).toMatchObject({ width: 1, height: 1 });
    expect(await take(new File([Uint8Array.from(file)], 'a.png'))).toMatchObject({ width: 1 });
    const pixels = { width: 1, height: 2, data: new Uint8Array(8) };
    expect(await take(pixels)).toEqual(pixels);
  });

  it.each([
    [
      'nowhere.jpg',
      'classify: the picture cannot be read.\n  given  nowhere.jpg\n  reason  404 no such file',
    ],
    [
      Uint8Array.of(0xff, 0xd8, 0xff, 0, 0),
      'classify: the picture cannot be read.\n  given  5 bytes',
    ],
    [{ width: 2, height: 2, data: new Uint8Array(12) }, 'four bytes for each'],
    [
      { width: 0, height: 2, data: new Uint8Array(0) },
      'classify: the picture has no size.\n  width  0',
    ],
    [{ width: 1.5, height: 2, data: new Uint8Array(12) }, 'classify: the picture has no size'],
    [{ width: 1, height: 1, data: new Float32Array(4) }, 'data  Float32Array of 4'],
    [undefined, 'classify: this is not a picture.\n  given  undefined'],
    [null, 'classify: this is not a picture.\n  given  null'],
    [42, 'classify: this is not a picture.\n  given  42'],
    [{ elt: 3 }, 'classify: this is not a picture.\n  given  an object (with elt)'],
  ])('refuses %o', async (source, expected) => {
    expect(await messageFrom(() => take(source))).toContain(expected);
  });

  it.each([
    [
      element('HTMLImageElement', { complete: false, naturalWidth: 0, src: 'a.jpg' }),
      'classify: the image has not loaded yet.\n  src  "a.jpg"\n  Try: await image.decode() first',
    ],
    [
      element('HTMLImageElement', {
        complete: true,
        naturalWidth: 0,
        naturalHeight: 0,
        src: 'a.jpg',
      }),
      'classify: the image could not be loaded.\n  src  "a.jpg"',
    ],
    [
      element('HTMLVideoElement', { readyState: 1, videoWidth: 0 }),
      'classify: the video shows no picture yet.\n  readyState  1\n  Try: await video.play() first',
    ],
    [
      element('HTMLCanvasElement', { width: 0, height: 150 }),
      'classify: the picture has no size.\n  width  0\n  height  150\n  Try: give it a width',
    ],
  ])('says what is wrong with an element %#', async (source, expected) => {
    expect(await messageFrom(() => take(source))).toContain(expected);
  });

  it('draws an element that is ready, once, in its own size', async () => {
    const drawn: unknown[] = [];
    class FakeContext {
      constructor(readonly canvas: { width: number; height: number }) {}
      drawImage(...given: unknown[]) {
        drawn.push(given.slice(1));
      }
      getImageData(_x: number, _y: number, width: number, height: number) {
        return { width, height, data: new Uint8ClampedArray(width * height * 4) };
      }
    }
    vi.stubGlobal(
      'OffscreenCanvas',
      class {
        constructor(
          public width: number,
          public height: number,
        ) {}
        getContext() {
          return new FakeContext(this);
        }
      },
    );
    const video = element('HTMLVideoElement', { readyState: 4, videoWidth: 6, videoHeight: 4 });
    expect(await take(video)).toMatchObject({ width: 6, height: 4 });
    expect(drawn).toEqual([[0, 0, 6, 4]]);
  });

  it.each([
    ['SecurityError', 'the page may not read the pixels of this picture'],
    ['DataCloneError', 'the page may not read the pixels of this picture'],
    ['InvalidStateError', 'the picture cannot be read now'],
  ])('explains a %s', async (name, expected) => {
    expect(
      await messageFrom(() => refuseReading('classify', new DOMException('no', name))),
    ).toMatch(`classify: ${expected}`);
  });
});

describe('unwrap', () => {
  const canvas = element('HTMLCanvasElement', {});
  const video = element('HTMLVideoElement', {});
  it.each([
    ['p5.Image', { canvas }, canvas],
    ['p5.Graphics', { elt: canvas, canvas }, canvas],
    ['p5.MediaElement', { elt: video, canvas }, video],
    ['a canvas itself', canvas, canvas],
    ['anything else', 3, 3],
  ])('finds the element in %s', (_, source, expected) => {
    expect(unwrap(source)).toBe(expected);
  });
});
