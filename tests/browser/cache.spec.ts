// Models that a page keeps: in the Cache API, or in IndexedDB where there is none; from the worker, too.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import config from '../../playwright.config.js';
import { type FolderServer, serveLibrary } from './server.js';

const dist = resolve(import.meta.dirname, '../../dist');

/** A host that is not this machine, as far as the browser knows: its pages have no Cache API. */
const elsewhere = 'classroom.test';

test.use({
  launchOptions: {
    ...config.use?.launchOptions,
    args: [
      ...(config.use?.launchOptions?.args ?? []),
      `--host-resolver-rules=MAP ${elsewhere} 127.0.0.1`,
    ],
  },
});

let server: FolderServer;

test.beforeEach(async () => {
  server = await serveLibrary(dist);
});

test.afterEach(() => server.close());

const size = 4109 + 181_864;
const weights = 'models/digits/weights.bin';
const modelFiles = () => server.asked.filter((path) => path.startsWith('models/'));

/** Loads the digits in a page, and tells how many bytes came and what is kept then. */
function load(tab: Page, worker?: boolean) {
  return tab.evaluate(async (worker) => {
    const { cachedModels, imageClassifier, memory } = await import('gesso');
    const told: number[] = [];
    const onProgress = ({ loaded }: { loaded: number }) => told.push(loaded);
    const classifier = await imageClassifier('digits', {
      onProgress,
      ...(worker !== undefined && { worker }),
    });
    const { timing } = await classifier.about();
    const { wasm, models } = await memory();
    const kept = await cachedModels();
    return { timing, kept, memory: { wasm, models: models.length }, last: told.at(-1), told };
  }, worker);
}

for (const [origin, host] of [
  ['this machine', '127.0.0.1'],
  ['plain http from another', elsewhere],
] as const) {
  for (const [where, worker] of [
    ['the worker', undefined],
    ['the page', false],
  ] as const) {
    test(`from ${origin}, a model that ${where} has loaded needs no server again`, async ({
      page: tab,
    }) => {
      await tab.goto(`http://${host}:${server.port}/`);
      expect(await tab.evaluate(() => 'caches' in window)).toBe(host !== elsewhere);
      const first = await load(tab, worker);
      expect(first.timing.downloaded).toBe(size);
      expect(first.timing.reading).toBeGreaterThan(0);
      expect(first.kept).toMatchObject([
        { name: 'digits', bytes: size, complete: true, pinned: false },
      ]);
      expect(first.memory.models).toBe(1);
      expect(first.memory.wasm).toBeGreaterThan(1 << 20);
      expect(modelFiles()).toHaveLength(2);

      await tab.reload();
      const second = await load(tab, worker);
      expect(second.timing.downloaded).toBe(0);
      expect(second.last).toBe(size);
      expect(modelFiles()).toHaveLength(2);
    });
  }
}

test('a download that a page gave up goes on in the next', async ({ page: tab }) => {
  await tab.goto(server.address);
  server.meddle = (path, response) => {
    if (path !== weights) return false;
    response.writeHead(200, { 'content-length': 181_864, 'content-type': 'text/plain' });
    response.write(readFileSync(resolve(dist, weights)).subarray(0, 100_000)); // and no more
    return true;
  };
  const message = await tab.evaluate(async () => {
    const { cachedModels, imageClassifier } = await import('gesso');
    const controller = new AbortController();
    const loading = imageClassifier('digits', {
      signal: controller.signal,
      onProgress: ({ loaded }: { loaded: number }) => {
        if (loaded > 100_000) controller.abort();
      },
    });
    const start = performance.now();
    const name = await loading.then(
      () => 'it loaded',
      (error: Error) => error.name,
    );
    const waited = performance.now() - start;
    for (let tries = 0; tries < 100; tries++) {
      const [model] = await cachedModels();
      if ((model?.bytes ?? 0) >= 100_000) return `${name}, ${waited < 5000}, ${model?.complete}`;
      await new Promise((later) => setTimeout(later, 20));
    }
    return 'nothing was kept';
  });
  expect(message).toBe('AbortError, true, false');

  server.meddle = () => false;
  server.asked.length = 0;
  await tab.reload();
  expect((await load(tab)).timing.downloaded).toBe(81_864);
  expect(modelFiles()).toEqual([`${weights} bytes=100000-`]);
});

for (const host of ['127.0.0.1', elsewhere]) {
  test(`models are pinned, let go and deleted: ${host}`, async ({ page: tab }) => {
    const address = `http://${host}:${server.port}/`;
    await tab.goto(address);
    const seen = await tab.evaluate(async () => {
      const library = await import('gesso');
      const seen: unknown[] = [];
      const look = async () =>
        seen.push((await library.cachedModels()).map(({ name, pinned }) => `${name} ${pinned}`));
      await library.pinModel('digits');
      await look();
      await library.unpinModel('digits');
      await look();
      await library.pinModel('digits');
      await library.uncacheModel('digits');
      await look();
      await library.pinModel(new URL('/models/digits/', location.href));
      await look();
      await library.clearModelCache();
      await look();
      return seen;
    });
    expect(seen).toEqual([
      ['digits true'],
      ['digits false'],
      [],
      [`${address}models/digits/model.json true`],
      [],
    ]);
  });
}

test('a download that broke off goes on from IndexedDB, too', async ({ page: tab }) => {
  await tab.goto(`http://${elsewhere}:${server.port}/`);
  let refused = false;
  server.meddle = (path, response) => {
    if (path !== weights) return false;
    if (refused) {
      response.writeHead(503).end();
      return true;
    }
    refused = true;
    response.writeHead(200, { 'content-length': 181_864 });
    response.write(readFileSync(resolve(dist, weights)).subarray(0, 100_000));
    setTimeout(() => response.destroy(), 300); // once all of that has come
    return true;
  };
  const failed = await tab.evaluate(async () => {
    const { imageClassifier } = await import('gesso');
    return imageClassifier('digits').then(
      () => 'it loaded',
      () => 'it failed',
    );
  });
  expect(failed).toBe('it failed');

  server.meddle = () => false;
  server.asked.length = 0;
  await tab.reload();
  expect((await load(tab)).timing.downloaded).toBe(81_864);
  expect(modelFiles()).toEqual([`${weights} bytes=100000-`]);
});

test('a page that may keep nothing loads models all the same', async ({ page: tab }) => {
  await tab.addInitScript(() => {
    Object.defineProperty(window, 'indexedDB', { value: undefined });
  });
  await tab.goto(`http://${elsewhere}:${server.port}/`);
  const { timing, kept, last } = await load(tab, false);
  expect({ ...timing, kept, last }).toMatchObject({ downloaded: size, kept: [], last: size });
  const message = await tab.evaluate(async () => {
    const { pinModel } = await import('gesso');
    return pinModel('digits').catch((error: Error) => error.message);
  });
  expect(message).toMatch(/^pinModel: nothing can be kept here\./);
});
