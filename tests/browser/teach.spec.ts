// Teaching in a page, in the worker: three classes out of photos, kept, downloaded and opened again.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import { root } from '../blocks.js';
import { mobilenet, models, needs, photo } from './page.js';
import { type FolderServer, serveFiles } from './server.js';

const dist = resolve(root, 'dist');
const names = ['coffee.png', 'chelsea.png', 'tfjs_portrait.jpg'];
const files = names.map(photo);

let server: FolderServer;

test.beforeAll(async () => {
  const page = (script: string) =>
    Buffer.from(`<!doctype html><link rel="icon" href="data:,"><title>Teach</title>${script}`);
  server = await serveFiles((path) => {
    if (path === 'index.html') return page('');
    if (path === 'classic.html') return page('<script src="/gesso.js"></script>');
    if (names.includes(path)) return readFileSync(photo(path));
    if (path.startsWith('models/mobilenet')) return readFileSync(resolve(models, path.slice(7)));
    return readFileSync(resolve(dist, path));
  });
});

test.afterAll(() => server.close());

/** What every page of this test begins with: the library, and grey squares of halves of photos. */
const begin = `
  const gesso = globalThis.gesso ?? (await import('/index.js'));
  gesso.setModelPath('/models');
  const halves = async (name, half) => {
    const bitmap = await createImageBitmap(await (await fetch('/' + name)).blob());
    const width = Math.floor(bitmap.width / 2);
    const start = half === 'left' ? 0 : bitmap.width - width;
    const crops = [];
    for (const part of [0.6, 0.75, 0.9]) {
      const side = Math.floor(Math.min(width, bitmap.height) * part);
      for (let place = 0; place < 6; place++) {
        const left = start + Math.floor(((place % 3) / 2) * (width - side));
        const top = Math.floor(place / 3) * (bitmap.height - side);
        const canvas = new OffscreenCanvas(side, side);
        const context = canvas.getContext('2d');
        context.filter = 'grayscale(1)';
        context.drawImage(bitmap, left, top, side, side, 0, 0, side, side);
        crops.push(canvas);
      }
    }
    return crops;
  };
  const names = ${JSON.stringify(names)};
  const plain = (colour) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 60, height: 40 });
    const context = canvas.getContext('2d');
    context.fillStyle = colour;
    context.fillRect(0, 0, 60, 40);
    return canvas;
  };
`;

/** The text of a function in a page that has begun. */
const script = (body: string) => `(async () => { ${begin} ${body} })()`;

test('three classes are taught from halves of photos, and answered in the other halves', async ({
  page,
  context,
}) => {
  needs(mobilenet, ...files);
  await page.goto(server.address);
  const first = await page.evaluate<{
    right: number;
    count: number;
    accuracy: number;
    answers: unknown;
    size: number;
  }>(
    script(`
      const extractor = gesso.featureExtractor('mobilenet');
      for (const name of names) {
        for (const crop of await halves(name, 'left')) extractor.addImage(crop, name);
      }
      await extractor.train();
      extractor.card = { title: 'Halves', consent: 'free photos' };
      const answers = [];
      let [right, count] = [0, 0];
      const pictures = [];
      for (const name of names) {
        for (const image of await halves(name, 'right')) {
          const results = await extractor.classify(image);
          answers.push(results);
          right += Number(results[0].label === name);
          count += 1;
          pictures.push({ image, label: name });
        }
      }
      const { accuracy } = await extractor.evaluate(pictures);
      await extractor.save('indexeddb://halves');
      return { right, count, accuracy, answers, size: extractor.size };
    `),
  );
  expect(first.count).toBe(54);
  expect(first.right / first.count).toBeGreaterThanOrEqual(0.9);
  expect(first.accuracy).toBe(first.right / first.count);
  expect(first.size).toBe(54);
  await page.close();

  const later = await context.newPage();
  await later.goto(server.address);
  const second = await later.evaluate<{ answers: unknown; card: unknown; stale: boolean }>(
    script(`
      const extractor = await gesso.openProject('indexeddb://halves');
      const answers = [];
      for (const name of names) {
        for (const image of await halves(name, 'right')) answers.push(await extractor.classify(image));
      }
      return { answers, card: extractor.card, stale: extractor.stale };
    `),
  );
  expect(second.answers).toEqual(first.answers);
  expect(second).toMatchObject({
    stale: false,
    card: {
      title: 'Halves',
      consent: 'free photos',
      counts: names.map((label) => ({ label, count: 18 })),
    },
  });

  const downloading = later.waitForEvent('download');
  await later.evaluate(
    script(`
      const extractor = gesso.openProject('indexeddb://halves');
      await extractor.save('downloads://halves');
    `),
  );
  const download = await downloading;
  expect(download.suggestedFilename()).toBe('halves.gesso.zip');
  const bytes = readFileSync(await download.path());
  expect(bytes.subarray(0, 4).toString('latin1')).toBe('PK\u0003\u0004');
  for (const name of ['project.json', 'features.bin', 'pictures/54.jpg', 'head/weights.bin']) {
    expect(bytes.includes(name), name).toBe(true);
  }
});

for (const [kind, address] of [
  ['modules', ''],
  ['a script tag', 'classic.html'],
]) {
  test(`a picture is that of the moment, with ${kind}`, async ({ page }) => {
    await page.goto(server.address + address);
    const { order, label, blob, captured, after } = (await page.evaluate(
      script(`
        const extractor = gesso.featureExtractor('digits');
        const canvas = plain('black');
        const context = canvas.getContext('2d');
        const dark = extractor.addImage(canvas, 'dark'); // nothing has loaded yet
        context.fillStyle = 'white';
        context.fillRect(0, 0, 60, 40);
        const light = extractor.addImage(canvas, 'light');
        const order = [await dark, await light];
        const [nearest] = await extractor.nearest(plain('black'), 1);
        await extractor.train({ epochs: 60, hiddenUnits: 0, learningRate: 0.1 });
        const [best] = await extractor.classify(canvas);
        const { width, height } = await createImageBitmap(await extractor.picture(1));

        const ids = [];
        const stop = extractor.capture(canvas, 'held', {
          perSecond: 60,
          onExample: ({ id }) => ids.push(id),
        });
        while (ids.length < 3) await new Promise(requestAnimationFrame);
        stop();
        await extractor.layers(); // after what is under way
        const captured = extractor.counts.find(({ label }) => label === 'held').count;
        await extractor.undo();
        return {
          order: [...order, nearest.id],
          label: best.label,
          blob: [width, height],
          captured,
          after: extractor.counts,
        };
      `),
    )) as { order: number[]; label: string; blob: number[]; captured: number; after: unknown };
    expect(order).toEqual([1, 2, 1]);
    expect(label).toBe('light');
    expect(blob).toEqual([28, 28]);
    expect(captured).toBeGreaterThanOrEqual(3);
    expect(after).toEqual([
      { label: 'dark', count: 1 },
      { label: 'light', count: 1 },
    ]);
  });
}

test('the last block learns in the worker while the page goes on drawing', async ({ page }) => {
  needs(mobilenet, ...files);
  await page.goto(server.address);
  const { gap, losses, phases } = await page.evaluate<{
    gap: number;
    losses: number[];
    phases: string[];
  }>(
    script(`
      const extractor = gesso.featureExtractor('mobilenet');
      for (const name of names) {
        for (const crop of (await halves(name, 'left')).slice(0, 6)) extractor.addImage(crop, name);
      }
      await extractor.layers();
      let gap = 0;
      let last;
      let watching = true;
      requestAnimationFrame(function look(now) {
        gap = Math.max(gap, now - (last ?? now));
        last = now;
        if (watching) requestAnimationFrame(look);
      });
      const phases = new Set();
      const { network } = await extractor.train({
        epochs: 5,
        augment: { copies: 1 },
        fineTune: { epochs: 3, batchSize: 6, learningRate: 0.001 },
        onProgress: ({ phase }) => phases.add(phase),
      });
      watching = false;
      return { gap, losses: network.map(({ loss }) => loss), phases: [...phases] };
    `),
  );
  expect(phases).toEqual(['features', 'head', 'network']);
  expect(losses).toHaveLength(3);
  expect(losses[2]).toBeLessThan(losses[0] ?? 0);
  expect(gap).toBeLessThan(500);
});
