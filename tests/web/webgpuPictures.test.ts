// Pictures on Dawn: the shader makes of them what core/image.cpp does.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CoreImage, type CoreProgram, engine } from '../../web/src/engine.js';
import type { Pixels } from '../../web/src/image.js';
import type { Square } from '../../web/src/people/find.js';
import type { Preprocess } from '../../web/src/recipe.js';
import type { DType } from '../../web/src/tensor.js';
import { type Device, openDevice, type Plan } from '../../web/src/webgpu/index.js';
import { dawn, hasDriver } from '../webgpu/dawn.js';
import { messageFrom, stretched } from './fixtures.js';

type Shape = [1, height: number, width: number, channels: number];

/** Bytes that are always the same. */
function noise(width: number, height: number): Pixels {
  let state = width * 1000 + height;
  const data = Uint8Array.from({ length: width * height * 4 }, () => {
    state = (state * 48271) % 2147483647;
    return state >> 8;
  });
  return { width, height, data };
}

/** A program that gives its input. */
function echo(shape: Shape, dtype: DType): Plan {
  const port = { name: 'x', shape, dtype, buffer: 0 };
  const bytes = 4 * shape.reduce((count, size) => count * size, 1);
  const buffers = [{ kind: 'scratch', bytes } as const];
  return { buffers, shaders: [], steps: [], inputs: [port], outputs: [port] };
}

describe.skipIf(!hasDriver())('pictures on Dawn (needs a driver for Vulkan)', () => {
  let gpu: GPU;
  let device: Device;
  let image: CoreImage;
  const known = new Map<string, CoreProgram>();
  beforeAll(async () => {
    gpu = dawn();
    device = await openDevice(gpu);
    image = new (await engine('webgpu')).Image();
  });
  afterAll(() => device.dispose());

  /** Something in C++ that has an input of a shape. */
  async function programOf(shape: Shape): Promise<CoreProgram> {
    const key = shape.join();
    const layer = {
      class_name: 'Flatten',
      config: { batch_input_shape: [null, ...shape.slice(1)] },
    };
    const core = await engine('webgpu');
    const topology = { class_name: 'Sequential', config: { layers: [layer] } };
    const program = known.get(key) ?? core.createModel(JSON.stringify(topology), 0).compile('{}');
    known.set(key, program);
    return program;
  }

  /** What the processor makes of a picture, and what the device does. */
  async function onBoth(
    picture: Pixels,
    shape: Shape,
    preprocess: Preprocess,
    { square, dtype = 'float32' }: { square?: Square; dtype?: DType } = {},
  ) {
    const { width, height } = picture;
    const core = await programOf(shape);
    const options = JSON.stringify({ ...preprocess, ...square });
    image.reserve(width, height).set(picture.data);
    if (square) core.writeSquare(0, image, options);
    else core.writeImage(0, image, options);
    const wanted = Float32Array.from(core.input(0));
    const program = await device.load(echo(shape, dtype), () => new Uint8Array());
    const [got = []] = await program.run([0], {
      source: picture,
      isSquare: square !== undefined,
      place: () =>
        square
          ? core.placeSquare(0, width, height, options)
          : core.placeImage(0, width, height, options),
      colours: preprocess,
    });
    program.dispose();
    return { wanted, got };
  }

  function difference(wanted: ArrayLike<number>, got: ArrayLike<number>): number {
    let worst = wanted.length === got.length ? 0 : Number.POSITIVE_INFINITY;
    for (let i = 0; i < wanted.length; i++) {
      worst = Math.max(worst, Math.abs((wanted[i] ?? 0) - (got[i] ?? Number.NaN)));
    }
    return worst;
  }

  const sizes = [
    [64, 48],
    [7, 5],
    [1, 40],
    [50, 1],
    [13, 64],
  ] as const;
  const targets = [
    [8, 8],
    [13, 7],
    [1, 9],
  ] as const;
  for (const fit of ['stretch', 'crop', 'contain'] as const) {
    for (const sampling of ['alignCorners', 'halfPixel', 'asymmetric', 'nearest'] as const) {
      it(`are read as on the processor: ${fit}, ${sampling}`, async () => {
        let worst = 0;
        for (const [i, [width, height]] of sizes.entries()) {
          for (const [rows, columns] of targets) {
            const preprocess: Preprocess = {
              ...stretched,
              fit,
              sampling,
              mean: [127.5, 100, 90],
              std: [127.5, 50, -60],
              flip: i % 2 === 0,
            };
            const channels = [1, 3, 4][(i + rows) % 3] ?? 3;
            const { wanted, got } = await onBoth(
              noise(width, height),
              [1, rows, columns, channels],
              preprocess,
            );
            worst = Math.max(worst, difference(wanted, got));
          }
        }
        expect(worst).toBeLessThan(1e-5);
      });
    }
  }

  it('are rounded down to black and white', async () => {
    const ink = { ...stretched, mean: 255, std: -255, binarize: true };
    const drawing = noise(40, 30);
    for (let i = 0; i < drawing.data.length; i++)
      drawing.data[i] = (drawing.data[i] ?? 0) & 1 ? 255 : 0;
    const white = { ...drawing, data: drawing.data.map(() => 255) };
    for (const channels of [1, 3]) {
      const shape: Shape = [1, 28, 28, channels];
      for (const picture of [drawing, white]) {
        const nearest = { ...ink, sampling: 'nearest' } as const;
        const { wanted, got } = await onBoth(picture, shape, nearest);
        expect(got).toEqual(wanted);
      }
      const { wanted, got } = await onBoth(white, shape, ink);
      expect(got).toEqual(wanted);
    }
  });

  it('are rounded for inputs of whole numbers', async () => {
    const preprocess = { ...stretched, mean: 100, std: [2, 1, 0.5] } as Preprocess;
    const shape: Shape = [1, 9, 9, 3];
    const away = (x: number) => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);
    const nearest = { ...preprocess, sampling: 'nearest' } as const; // has halves
    const whole = await onBoth(noise(20, 10), shape, nearest, { dtype: 'int32' });
    expect(whole.got).toEqual(Int32Array.from(whole.wanted, away));
    const bytes = await onBoth(noise(20, 10), shape, nearest, { dtype: 'uint8' });
    const clamped = (x: number) => Math.min(Math.max(away(x), 0), 255);
    expect(bytes.got).toEqual(Uint8Array.from(bytes.wanted, clamped));
  });

  it('are read in squares that are turned, and lie partly outside', async () => {
    const picture = noise(64, 48);
    let worst = 0;
    for (const size of [3, 30, 90]) {
      for (const angle of [0, 0.3, 1.6, -2]) {
        for (const [x, y] of [
          [31.7, 24.1],
          [0, 47],
          [63, 23.5],
        ] as const) {
          const square = { x, y, size, angle };
          const { wanted, got } = await onBoth(picture, [1, 24, 24, 3], stretched, { square });
          worst = Math.max(worst, difference(wanted, got));
        }
      }
    }
    expect(worst).toBeLessThan(1e-3 * 255);
  });

  it('are left alone when the next one is smaller', async () => {
    const shape: Shape = [1, 8, 8, 3];
    for (const [width, height] of [
      [64, 48],
      [30, 60],
      [5, 4],
      [64, 48],
    ] as const) {
      const { wanted, got } = await onBoth(noise(width, height), shape, stretched);
      expect(difference(wanted, got)).toBeLessThan(1e-3);
    }
  });

  it('keep nothing but one texture and one buffer', async () => {
    device.trim();
    const before = device.counts();
    for (let i = 0; i < 20; i++) await onBoth(noise(20 + i, 30), [1, 8, 8, 3], stretched);
    device.trim();
    expect(device.counts()).toEqual(before);
  });

  it('have to be small enough for the device', async () => {
    expect(device.takes(noise(64, 48))).toBe(true);
    const { width, height } = { width: 100_000, height: 1 };
    expect(device.takes({ width, height, data: new Uint8Array(4) })).toBe(false);
    const core = await programOf([1, 8, 8, 3]);
    const program = await device.load(echo([1, 8, 8, 3], 'float32'), () => new Uint8Array());
    const message = await messageFrom(() =>
      program.run([0], {
        source: noise(width, height),
        isSquare: false,
        place: () => core.placeImage(0, width, height, JSON.stringify(stretched)),
        colours: stretched,
      }),
    );
    expect(message).toMatch(/^webgpu: the picture cannot be shown\.\n {2}picture {2}100000 × 1\n/);
    const { wanted, got } = await onBoth(noise(30, 30), [1, 8, 8, 3], stretched);
    expect(difference(wanted, got)).toBeLessThan(1e-3);
    program.dispose();
  });
});
