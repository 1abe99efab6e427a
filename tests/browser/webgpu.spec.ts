// WebGPU in pages, on a graphics processor that the browser's SwiftShader computes: how pages choose it, that
// it reads pictures by itself, and that work goes on when it is taken away.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Browser, Page } from '@playwright/test';
import { readPixels } from '../web/pictures.js';
import { cameraPlays, filmOf, writeFilm } from './films.js';
import {
  digits,
  expect,
  mobilenet,
  model,
  models,
  needs,
  photo,
  posenet,
  testServedBy,
} from './page.js';
import { type FolderServer, serveFiles } from './server.js';

const dist = resolve(import.meta.dirname, '../../dist');
const blazeface = model('blazeface_tfhub');
const facemesh = model('facemesh_tfhub');
const bodypix = model('bodypix_mobilenet_float_050');

const film = filmOf('webgpu');
if (existsSync(photo('tfjs_portrait.jpg'))) writeFilm(readPixels(photo('tfjs_portrait.jpg')), film);

const flags = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--ignore-gpu-blocklist',
  '--disable-gpu-process-crash-limit',
];
const launched = cameraPlays(film);

const html =
  '<!doctype html><meta charset="utf-8"><title>A page</title><link rel="icon" href="data:,">';
const withScript = `${html}<script src="gesso.js"></script>`;

/** Serves the library, models, photos, and a page with or without the library's script. */
function serve(): Promise<FolderServer> {
  return serveFiles((path) => {
    if (path === 'index.html') return Buffer.from(html);
    if (path === 'script.html') return Buffer.from(withScript);
    const [, folder, file = ''] = /^(digits|shelf|photos)\/(.*)$/.exec(path) ?? [];
    if (folder === 'digits') return readFileSync(join(digits, file));
    if (folder === 'shelf') return readFileSync(join(models, file));
    if (folder === 'photos') return readFileSync(photo(file));
    return readFileSync(join(dist, path));
  });
}

const test = testServedBy(serve);

test.use({ launchOptions: { ...launched, args: [...launched.args, ...flags] } });

/** SwiftShader compiles and computes on a processor that others use, too. */
test.describe.configure({ timeout: 180_000 });
const patience = { timeout: 100_000 };

/** The library, as open() leaves it in the page. */
declare const gesso: typeof import('../../web/src/index.js');

/** Opens a page with the library, in a browser that has WebGPU. */
async function open(page: Page, address = '/'): Promise<void> {
  await page.goto(address);
  const isThere = await page.evaluate(async () => (await navigator.gpu?.requestAdapter()) != null);
  test.skip(!isThere, 'this Chromium has no WebGPU on SwiftShader');
  await page.evaluate(async (library) => {
    if (!('gesso' in window)) Object.assign(window, { gesso: await import(library) });
  }, '/index.js');
}

/** Takes away the process that computes for all pages. */
async function crashGraphics(browser: Browser): Promise<void> {
  const session = await browser.newBrowserCDPSession();
  await session.send('Browser.crashGpuProcess');
  await session.detach();
}

/** What each model ran on last. */
const backends = (page: Page) =>
  page.evaluate(async () => (await gesso.status()).models.map(({ runs }) => runs?.backend));

const ways = [
  { way: 'a worker', address: '/', worker: true },
  { way: 'the thread of the page', address: '/', worker: false },
  { way: 'a worker of the script', address: '/script.html', worker: true },
  { way: 'the thread of the script', address: '/script.html', worker: false },
] as const;

for (const { way, address, worker } of ways) {
  test(`can be chosen in ${way}`, async ({ page, library }) => {
    await open(page, address);
    const [wanted, got] = await page.evaluate(async (worker) => {
      const input = Float32Array.from({ length: 784 }, (_, i) => Math.sin(i * i) ** 2);
      const answers = [];
      for (const backend of ['wasm', 'webgpu'] as const) {
        const loaded = await gesso.loadModel('/digits', { backend, worker });
        const [scores] = Object.values(await loaded.run(input));
        answers.push([...(scores?.data ?? [])]);
      }
      return answers;
    }, worker);
    expect(got).toHaveLength(10);
    for (const [i, score] of (wanted ?? []).entries()) expect(got?.[i]).toBeCloseTo(score, 4);
    expect(await backends(page)).toEqual(['wasm', 'webgpu']);
    expect(page.workers()).toHaveLength(worker ? 1 : 0);
    expect(library.asked).toContain('gesso-relaxed-webgpu.wasm');
  });
}

test('stays on the processor by itself where it would be software', async ({ page, library }) => {
  await open(page);
  const models = await page.evaluate(async () => {
    gesso.setBackend('auto');
    const loaded = await gesso.loadModel('/digits');
    await loaded.run(new Float32Array(784));
    return (await gesso.status()).models;
  });
  expect(models.map(({ runs }) => runs)).toEqual([{ backend: 'wasm' }]); // and no trial
  expect(library.asked.filter((path) => path.endsWith('.wasm'))).toEqual(['gesso-relaxed.wasm']);
});

test('says which operator is too large for a device', async ({ page }) => {
  await open(page);
  const message = await page.evaluate(async () => {
    const { get } = Object.getOwnPropertyDescriptor(GPUDevice.prototype, 'limits') ?? {};
    Object.defineProperty(GPUDevice.prototype, 'limits', {
      get(this: GPUDevice) {
        const limits = get?.call(this) as GPUSupportedLimits;
        return new Proxy(limits, {
          get: (_, name: keyof GPUSupportedLimits) =>
            name === 'maxStorageBufferBindingSize' ? 65536 : limits[name],
        });
      },
    });
    const options = { backend: 'webgpu', worker: false } as const;
    const net = gesso.sequential([gesso.dense({ units: 256, inputShape: [128] })], options);
    return net.predict(new Float32Array(128)).then(String, String);
  });
  expect(message).toMatch(
    /^MLError: webgpu: a tensor is larger than this device allows\.\n {2}operator {2}gemm\n {2}node {2}dense/,
  );
  expect(message).toContain('  bytes  131072\n  allowed  65536\n');
});

/** Puts a photo, a canvas with it, and a video of it, on the page. */
async function showPhoto(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const image = new Image();
    image.src = '/photos/tfjs_portrait.jpg';
    await image.decode();
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width: image.width, height: image.height });
    canvas.getContext('2d')?.drawImage(image, 0, 0);
    const video = document.createElement('video');
    video.muted = true;
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
    document.body.append(image, canvas, video);
    await video.play();
    const bitmap = await createImageBitmap(image);
    Object.assign(window, { sources: { image, canvas, video, bitmap } });
  });
}
declare const sources: Record<'image' | 'canvas' | 'video' | 'bitmap', HTMLCanvasElement>;

/** From now on nobody in the page, or its worker, can read pixels back from a canvas. */
async function forbidReading(page: Page): Promise<void> {
  const forbid = () => {
    const contexts = [
      OffscreenCanvasRenderingContext2D,
      ...(typeof CanvasRenderingContext2D === 'undefined' ? [] : [CanvasRenderingContext2D]),
    ];
    for (const { prototype } of contexts) {
      prototype.getImageData = () => {
        throw new Error('the pixels of a picture were read back');
      };
    }
  };
  await page.evaluate(forbid);
  for (const worker of page.workers()) await worker.evaluate(forbid);
}

/** Loads what looks at bodies and what names pictures. */
async function loadEyes(page: Page, backend: 'wasm' | 'webgpu', worker: boolean): Promise<void> {
  await page.evaluate(
    async ([backend, worker]) => {
      const options = { backend, worker };
      const labels = Array.from({ length: 1000 }, (_, i) => `${i}`);
      const preprocess = { mean: 127.5, std: 127.5, fit: 'contain', flip: true } as const;
      const [bodies, classifier] = await Promise.all([
        gesso.bodyPose('/shelf/posenet_mobilenet075_s16_quant2/model-stride16.json', {
          ...options,
          maxPeople: 1,
          resolution: 129,
        }),
        gesso.imageClassifier('/shelf/mobilenet_v1_025_224_layers', {
          ...options,
          labels,
          preprocess,
        }),
      ]);
      Object.assign(window, { bodies, classifier });
    },
    [backend, worker] as const,
  );
}
declare const bodies: Awaited<ReturnType<typeof gesso.bodyPose>>;
declare const classifier: Awaited<ReturnType<typeof gesso.imageClassifier>>;

interface Looks {
  pose: { x: number; y: number; confidence: number }[];
  best: [label: string, confidence: number][];
  face: { x: number; y: number }[];
  share: number;
}

for (const worker of [true, false]) {
  test(`reads pictures by itself, ${worker ? 'in a worker' : 'in the page'}`, async ({ page }) => {
    needs(posenet, mobilenet, blazeface, facemesh, bodypix, photo('tfjs_portrait.jpg'));
    await open(page);
    await showPhoto(page);
    /** What models say of every source; `forbid` comes before they look. */
    const look = async (backend: 'wasm' | 'webgpu', forbid: () => Promise<void>) => {
      // In a worker bitmaps are read on the processor, too: elsewhere they are drawn smaller otherwise.
      const where = worker || backend === 'wasm';
      await loadEyes(page, backend, where);
      await page.evaluate(
        async ([backend, worker]) => {
          const options = { backend, worker };
          const [faces, segmenter] = await Promise.all([
            gesso.faceMesh('/shelf/facemesh_tfhub', {
              ...options,
              detector: '/shelf/blazeface_tfhub',
            }),
            gesso.bodySegmentation(
              '/shelf/bodypix_mobilenet_float_050/model-stride16.json',
              options,
            ),
          ]);
          Object.assign(window, { faces, segmenter });
        },
        [backend, where] as const,
      );
      await forbid();
      return page.evaluate(async (): Promise<Record<string, Looks>> => {
        const answers: Record<string, Looks> = {};
        for (const [name, source] of Object.entries(sources)) {
          const [pose] = await bodies.detect(source);
          const best = await classifier.classify(source, 5);
          const [face] = await faces.detect(source);
          const { data } = await segmenter.segment(source);
          answers[name] = {
            pose: pose?.keypoints.map(({ x, y, confidence }) => ({ x, y, confidence })) ?? [],
            best: best.map(({ label, confidence }) => [label, confidence]),
            face: face?.keypoints.map(({ x, y }) => ({ x, y })) ?? [],
            share: data.reduce((sum, byte) => sum + byte, 0) / data.length,
          };
        }
        for (const seer of [bodies, classifier, faces, segmenter]) seer.dispose();
        return answers;
      });
    };
    const wanted = await look('wasm', async () => {});
    const got = await look('webgpu', () => forbidReading(page));
    for (const [source, { pose, best, face, share }] of Object.entries(wanted)) {
      const found = got[source];
      expect(found?.pose, source).toHaveLength(17);
      expect(found?.face, source).toHaveLength(468);
      for (const [i, { x, y, confidence }] of pose.entries()) {
        const point = found?.pose[i];
        expect(point?.confidence, source).toBeCloseTo(confidence, 2);
        if (confidence < 0.2) continue; // such a point may be anywhere
        expect(Math.hypot((point?.x ?? 0) - x, (point?.y ?? 0) - y), source).toBeLessThan(1);
      }
      for (const [i, { x, y }] of face.entries()) {
        const point = found?.face[i];
        expect(Math.hypot((point?.x ?? 0) - x, (point?.y ?? 0) - y), source).toBeLessThan(1);
      }
      for (const [i, [label, confidence]] of best.entries()) {
        expect(found?.best[i]?.[0], source).toBe(label);
        expect(found?.best[i]?.[1], source).toBeCloseTo(confidence, 3);
      }
      expect(found?.share, source).toBeCloseTo(share, 1);
    }
  });
}
declare const faces: Awaited<ReturnType<typeof gesso.faceMesh>>;
declare const segmenter: Awaited<ReturnType<typeof gesso.bodySegmentation>>;

test.describe('taken away', () => {
  const takesOver = /^gesso: the processor takes over from the graphics processor\./;
  const known = [
    takesOver.source,
    '^A valid external Instance reference no longer exists',
    '^Failed to create WebGPU Context Provider',
  ];
  test.use({ allowed: [new RegExp(known.join('|'))] });

  /** Collects what the console says of it. */
  function heard(page: Page): string[] {
    const warnings: string[] = [];
    page.on('console', (message) => {
      if (takesOver.test(message.text())) warnings.push(message.text());
    });
    return warnings;
  }

  for (const worker of [true, false]) {
    const where = worker ? 'in a worker' : 'in the page';
    test(`from the watching of a camera ${where}: it goes on`, async ({ page, browser }) => {
      needs(posenet, mobilenet, photo('tfjs_portrait.jpg'));
      await open(page);
      await showPhoto(page);
      const warnings = heard(page);
      await loadEyes(page, 'webgpu', worker);
      await page.evaluate(() => {
        const seen: Seen = { noses: [], labels: [], errors: [] };
        const onError = (error: unknown) => seen.errors.push(String(error));
        Object.assign(window, { seen });
        const smooth = ([pose]: Awaited<ReturnType<typeof bodies.detect>>) =>
          seen.noses.push(pose ? [pose.nose.x, pose.nose.y] : [0, 0]);
        bodies.watch(sources.video, smooth, { onError });
        classifier.watch(sources.video, ([best]) => seen.labels.push(best?.label ?? ''), {
          onError,
        });
      });
      const counts = () =>
        page.evaluate(() => Math.min(seen.noses.length, seen.labels.length) - seen.errors.length);
      await expect.poll(counts, patience).toBeGreaterThan(1);
      expect(await backends(page)).toEqual(['webgpu', 'webgpu']);
      const before = await counts();
      await crashGraphics(browser);
      await expect.poll(counts, patience).toBeGreaterThan(before + 10);
      expect(await backends(page)).toEqual(['wasm', 'wasm']);
      expect(warnings).toHaveLength(2);

      const { noses, labels, errors } = await page.evaluate(() => seen);
      expect(errors).toEqual([]);
      const [x = 0, y = 0] = noses[0] ?? [];
      for (const [thereX = 0, thereY = 0] of noses) {
        expect(Math.hypot(thereX - x, thereY - y)).toBeLessThan(5);
      }
      expect(new Set(labels).size).toBe(1);
    });
  }
  interface Seen {
    noses: [x: number, y: number][];
    labels: string[];
    errors: string[];
  }

  for (const worker of [true, false]) {
    const where = worker ? 'in a worker' : 'in the page';
    test(`from training ${where}: it goes on where it was`, async ({ page, browser }) => {
      await open(page);
      const fit = (backend: 'wasm' | 'webgpu') =>
        page.evaluate(
          async ([backend, worker]) => {
            const net = gesso.sequential(
              [
                gesso.dense({ units: 32, activation: 'relu', inputShape: [8] }),
                gesso.dense({ units: 4 }),
              ],
              { seed: 3, backend, worker },
            );
            net.compile({ optimizer: 'adam', loss: 'meanSquaredError', seed: 4 });
            const numbers = (count: number) =>
              Float32Array.from({ length: count }, (_, i) => Math.sin(i * i));
            const losses: number[] = [];
            Object.assign(window, { losses });
            await net.fit(numbers(640 * 8), numbers(640 * 4), {
              epochs: 5,
              batchSize: 16,
              callbacks: {
                onBatchEnd: async (_: number, { loss = Number.NaN }) => {
                  losses.push(loss);
                  if (losses.length === 70 && backend === 'webgpu') {
                    await (window as unknown as { crash(): Promise<void> }).crash();
                  }
                },
              },
            });
            return losses;
          },
          [backend, worker] as const,
        );
      await page.exposeFunction('crash', () => crashGraphics(browser));
      const warnings = heard(page);
      const wanted = await fit('wasm');
      const got = await fit('webgpu');
      const models = await page.evaluate(async () => (await gesso.status()).models);
      expect(models.map(({ trains }) => trains?.backend)).toEqual(['wasm', 'wasm']);
      expect(warnings).toHaveLength(1);
      expect(got).toHaveLength(200);
      for (const [step, loss] of wanted.entries()) {
        expect(Math.abs(loss - (got[step] ?? Number.NaN)), `step ${step}`).toBeLessThan(1e-3);
      }
    });
  }
});
declare const seen: { noses: [number, number][]; labels: string[]; errors: string[] };
