// Training in a page: off its own thread, kept in the browser, continued after the page was closed.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import { root } from '../blocks.js';
import { type FolderServer, serveFiles } from './server.js';

let server: FolderServer;

test.beforeAll(async () => {
  const page = '<!doctype html><link rel="icon" href="data:,"><title>Training</title>';
  server = await serveFiles((path) =>
    path === 'index.html' ? Buffer.from(page) : readFileSync(resolve(root, 'dist', path)),
  );
});

test.afterAll(() => server.close());

/** What every page of this test begins with: the library, a model, and numbers to learn. */
const begin = `
  const library = await import('/index.js');
  const { dense, dropout, sequential } = library;
  const make = () => {
    const model = sequential(
      [
        dense({ units: 32, activation: 'relu', inputShape: [8] }),
        dropout({ rate: 0.2 }),
        dense({ units: 4 }),
      ],
      { seed: 3 },
    );
    model.compile({ optimizer: 'adam', loss: 'meanSquaredError', seed: 4 });
    return model;
  };
  const numbers = (count) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * i));
  const x = numbers(600 * 8);
  const y = numbers(600 * 4);
`;

/** Runs the text of a function in a page that has begun. */
const script = (body: string) => `(async () => { ${begin} ${body} })()`;

test('a training goes on after the page was closed as if it had never stopped', async ({
  page,
  context,
}) => {
  await page.goto(server.address);
  const first = await page.evaluate<number[]>(
    script(`
      const whole = (await make().fit(x, y, { epochs: 4 })).history.loss;
      const model = make();
      const { history } = await model.fit(x, y, { epochs: 2 });
      await model.save('indexeddb://numbers');
      const saved = (await library.listModels()).map(({ name, bytes }) => [name, bytes > 1000]);
      if (JSON.stringify(saved) !== '[["numbers",true]]') throw new Error(JSON.stringify(saved));
      return [...whole, ...history.loss];
    `),
  );
  await page.close();

  const later = await context.newPage();
  await later.goto(server.address);
  const second = await later.evaluate<number[]>(
    script(`
      const model = await library.loadLayersModel('indexeddb://numbers');
      const { history } = await model.fit(x, y, { epochs: 4, initialEpoch: 2 });
      await library.deleteModel('numbers');
      const error = await library.loadLayersModel('indexeddb://numbers').catch(String);
      if (!error.includes('there is no model "numbers" in this browser')) throw new Error(error);
      return history.loss;
    `),
  );
  expect([...first.slice(4), ...second]).toEqual(first.slice(0, 4));
});

test('the page goes on drawing, and training waits and stops when told', async ({ page }) => {
  await page.goto(server.address);
  const facts = await page.evaluate<{
    gap: number;
    frames: number;
    paused: number;
    stopped: number;
    ended: string;
    progress: number;
  }>(
    script(`
      const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
      const model = await make();
      await model.fit(x, y);
      let [gap, frames, before] = [0, 0, performance.now()];
      const draw = (now) => {
        gap = Math.max(gap, now - before);
        before = now;
        frames++;
        requestAnimationFrame(draw);
      };
      requestAnimationFrame((now) => { before = now; draw(now); });
      let progress = 0;
      const running = model.fit(x, y, { epochs: 1e6, onProgress: () => progress++ });
      await wait(600);
      model.pause();
      await wait(100);
      const seen = progress;
      await wait(200);
      const paused = progress - seen;
      model.resume();
      await wait(100);
      const start = performance.now();
      model.stop();
      const { ended } = await running;
      return { gap, frames, paused, stopped: performance.now() - start, ended, progress };
    `),
  );
  expect(facts.ended).toBe('stop');
  expect(facts.paused).toBe(0);
  expect(facts.progress).toBeGreaterThan(10);
  expect(facts.frames).toBeGreaterThan(20);
  expect(facts.stopped).toBeLessThan(500); // on two cores that other work shares
});

test('a model is downloaded in files that belong together', async ({ page }) => {
  await page.goto(server.address);
  const names: string[] = [];
  page.on('download', (download) => names.push(download.suggestedFilename()));
  await page.evaluate(
    script(`
      const model = make();
      await model.fit(x, y);
      await model.save('downloads://clouds');
    `),
  );
  await expect
    .poll(() => names.sort())
    .toEqual(['clouds.json', 'clouds.optimizer.bin', 'clouds.weights.bin']);
});
