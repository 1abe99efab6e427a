// bodySegmentation against what the published package makes of the same photos.
import { join, resolve } from 'node:path';
import { inflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type BodySegmentationOptions,
  bodySegmentation,
  memory,
  type Segmentation,
  setModelPath,
} from '../../web/src/node.js';
import { itNeeds, messageFrom, model, models, photo, readJson, wasm } from './fixtures.js';
import { mirrored, plain, readPixels } from './pictures.js';

interface Case {
  model: string;
  photo: string;
  width: number;
  height: number;
  internal: { width: number; height: number };
  padding: { top: number; left: number; right: number; bottom: number };
  parts: string;
  people: string;
  poses: { score: number; points: [x: number, y: number, score: number][] }[];
}

const goldens = resolve(import.meta.dirname, '../goldens/bodypix.json');
const bodypix = model('bodypix_mobilenet_float_050');
const three = photo('three_people.jpg');
const needs = [wasm, bodypix, three];

/** A map of tests/oracle/bodypix.mjs: each row is the difference, bit by bit, to the one above. */
function unpacked(text: string, width: number): Uint8Array {
  const map = new Uint8Array(inflateSync(Buffer.from(text, 'base64')));
  for (let i = width; i < map.length; i++) map[i] = (map[i] ?? 0) ^ (map[i - width] ?? 0);
  return map;
}

/**
 * The map where its pixels lie: of the network's input the package reads element i at pixel i m / n, but
 * puts it back as if at i (m - 1) / (n - 1), which is up to 2 pixels further to the upper left.
 */
function placed(map: Uint8Array, { width, height, internal, padding }: Case): Uint8Array {
  const along = (at: number, before: number, whole: number, n: number) =>
    Math.round((((at + before) * n) / whole / (n - 1)) * (whole - 1) - before);
  const [across, down] = [
    width + padding.left + padding.right,
    height + padding.top + padding.bottom,
  ];
  return map.map((_, i) => {
    const x = along(i % width, padding.left, across, internal.width);
    const y = along(Math.floor(i / width), padding.top, down, internal.height);
    return map[Math.min(y, height - 1) * width + Math.min(x, width - 1)] ?? 0;
  });
}

/** The share of pixels in either set that are in both. */
function overlap(a: ArrayLike<boolean>, b: ArrayLike<boolean>): number {
  let [both, either] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    both += Number(a[i] && b[i]);
    either += Number(a[i] || b[i]);
  }
  return either === 0 ? 1 : both / either;
}

const where = (data: Uint8Array, test: (value: number) => boolean) => Array.from(data, test);

async function segment(
  source: string,
  image: string,
  options: BodySegmentationOptions,
): Promise<Segmentation> {
  const bodies = await bodySegmentation(source, options);
  const found = await bodies.segment(image);
  bodies.dispose();
  return found;
}

describe('bodySegmentation', () => {
  beforeEach(() => setModelPath(models));
  afterEach(() => setModelPath(null));

  const { cases } = readJson<{ cases: Case[] }>(goldens);
  for (const known of cases) {
    const source = join(models, known.model);
    const image = photo(known.photo);
    const name = `agrees with body-pix on ${known.photo} by ${known.model}`;
    itNeeds([wasm, source, image], name, async () => {
      const parts = placed(unpacked(known.parts, known.width), known);
      const people = placed(unpacked(known.people, known.width), known);
      const isPerson = where(parts, (part) => part !== 255);

      const person = await segment(source, image, { soft: false });
      expect([person.width, person.height]).toEqual([known.width, known.height]);
      expect(
        overlap(
          where(person.data, (much) => much === 255),
          isPerson,
        ),
      ).toBeGreaterThan(0.98);

      const apart = await segment(source, image, { maskType: 'people' });
      expect(apart.people).toHaveLength(known.poses.length);
      for (const [i, { points }] of known.poses.entries()) {
        const mask = where(apart.data, (number) => number === i);
        expect(
          overlap(
            mask,
            where(people, (number) => number === i),
          ),
        ).toBeGreaterThan(0.98);
        for (const [j, [x, y]] of points.entries()) {
          const point = apart.people[i]?.keypoints[j];
          expect(Math.hypot((point?.x ?? 0) - x, (point?.y ?? 0) - y)).toBeLessThan(0.1);
        }
      }

      const told = await segment(source, image, { maskType: 'parts' });
      let [same, both] = [0, 0];
      for (const [i, part] of parts.entries()) {
        if (part === 255 || told.data[i] === 255) continue;
        both += 1;
        same += Number(part === told.data[i]);
      }
      expect(same / both).toBeGreaterThan(0.95);
    });
  }

  itNeeds(needs, 'agrees with it pixel by pixel, as they are', async () => {
    const [known] = cases;
    if (known === undefined) throw new Error('there are no cases');
    const person = await segment('bodypix', three, { soft: false });
    const isPerson = where(unpacked(known.parts, known.width), (part) => part !== 255);
    expect(
      overlap(
        where(person.data, (much) => much === 255),
        isPerson,
      ),
    ).toBeGreaterThan(0.98);
    const apart = await segment('bodypix', three, { maskType: 'people' });
    const people = unpacked(known.people, known.width);
    for (const i of known.poses.keys()) {
      const mask = where(apart.data, (number) => number === i);
      expect(
        overlap(
          mask,
          where(people, (number) => number === i),
        ),
      ).toBeGreaterThan(0.98);
    }
  });

  itNeeds(needs, 'gives soft edges, and the background the other way round', async () => {
    const person = await segment('bodypix', three, {});
    const background = await segment('bodypix', three, { maskType: 'background' });
    expect(background.data).toEqual(person.data.map((much) => 255 - much));
    expect(new Set(person.data).size).toBeGreaterThan(100);
    const [first] = person.mask.data.subarray(3);
    expect(first).toBe(person.data[0]);
    expect([...person.mask.data.subarray(0, 3)]).toEqual([255, 255, 255]);
  });

  itNeeds(needs, 'mirrors the answer', async () => {
    const picture = readPixels(three);
    const bodies = await bodySegmentation('bodypix', { maskType: 'people' });
    const flipping = await bodySegmentation('bodypix', { maskType: 'people', flip: true });
    const [found, flipped] = [await bodies.segment(picture), await flipping.segment(picture)];
    const { width, data } = found;
    expect(flipped.data).toEqual(
      data.map((_, i) => data[i - (i % width) + width - 1 - (i % width)] ?? 0),
    );
    expect(flipped.people[0]?.nose.x).toBeCloseTo(width - 1 - (found.people[0]?.nose.x ?? 0), 3);
    expect(flipped.flip).toBe(true);
    bodies.dispose();
    flipping.dispose();
  });

  itNeeds(needs, 'finds nobody where nobody is, in pictures of any size', async () => {
    for (const maskType of ['person', 'parts', 'people'] as const) {
      const bodies = bodySegmentation('bodypix', { maskType, soft: false });
      for (const [width, height] of [
        [640, 480],
        [1, 1],
        [1, 700],
        [900, 2],
      ] as const) {
        const { data, people } = await bodies.segment(plain(width, height));
        expect(data).toHaveLength(width * height);
        expect(new Set(data)).toEqual(new Set([maskType === 'person' ? 0 : 255]));
        expect(people).toEqual([]);
      }
      bodies.dispose();
    }
  });

  itNeeds(needs, 'needs no more memory after 500 frames', async () => {
    const bodies = await bodySegmentation('bodypix', { detail: 0.1 });
    const picture = mirrored(readPixels(three));
    const looks = async (times: number) => {
      for (let i = 0; i < times; i++) await bodies.segment(picture);
    };
    await looks(20);
    const before = (await memory()).wasm;
    await looks(500);
    expect((await memory()).wasm).toBe(before);
    bodies.dispose();
  });

  itNeeds(needs, 'refuses a model that finds something else', async () => {
    expect(await messageFrom(() => bodySegmentation('blazeface'))).toMatch(
      /^bodySegmentation: this model does not tell people from what is behind them\.\n {2}address/,
    );
  });

  it('refuses options that cannot be right', async () => {
    expect(await messageFrom(() => bodySegmentation('bodypix', { detail: 2 }))).toBe(
      'bodySegmentation: detail must be a number from 0.1 to 1.\n  given  2\n  Try: detail: 0.5',
    );
  });
});
