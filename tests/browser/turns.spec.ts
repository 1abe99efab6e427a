// One worker for all models: training gives the others their turn, and frames are dropped, not queued.
import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import { Servers } from '../package/harness.js';

const servers = new Servers();
let address = '';

test.beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gesso-turns-'));
  cpSync(resolve(import.meta.dirname, '../../dist'), join(folder, 'gesso'), { recursive: true });
  const html =
    '<!doctype html><link rel="icon" href="data:,"><script src="gesso/gesso.js"></script>';
  writeFileSync(join(folder, 'index.html'), html);
  address = await servers.serve(folder);
});
test.afterAll(() => servers.close());

test.beforeEach(({ page }) => page.goto(address));

declare const gesso: typeof import('../../web/src/index.js');

test('a long training lets another model answer', async ({ page }) => {
  const { waits, steps, epoch, trained } = await page.evaluate(async () => {
    const { conv2d, dense, flatten, imageClassifier, sequential, tensor } = gesso;
    const digits = await imageClassifier('digits');
    const picture = { width: 28, height: 28, data: new Uint8ClampedArray(28 * 28 * 4) };
    await digits.classify(picture); // prepares the model

    const model = sequential([
      conv2d({ filters: 16, kernelSize: 3, inputShape: [28, 28, 1] }),
      flatten(),
      dense({ units: 10, activation: 'softmax' }),
    ]);
    model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy' });
    const [samples, batchSize] = [20_000, 32];
    const x = tensor(new Float32Array(samples * 784), [samples, 28, 28, 1]);
    const y = tensor(new Float32Array(samples * 10).fill(0.1), [samples, 10]);
    const epoch = samples / batchSize;
    let [steps, trained] = [0, false];
    const started = new Promise<void>((resolve) => {
      const onProgress = (progress: { epoch: number; step: number }) => {
        steps = progress.epoch * epoch + progress.step;
        resolve();
      };
      model.fit(x, y, { epochs: 1000, batchSize, onProgress }).then(
        () => {
          trained = true;
        },
        () => {}, // disposed of at the end
      );
    });
    await started;
    const begun = steps;
    const waits: number[] = []; // in steps of training, whatever the machine makes of them
    for (let i = 0; i < 20; i++) {
      const before = steps;
      await digits.classify(picture);
      waits.push(steps - before);
    }
    const result = { waits, steps: steps - begun, epoch, trained };
    model.dispose();
    digits.dispose();
    return result;
  });
  expect(page.workers()).toHaveLength(1);
  expect(trained).toBe(false);
  expect(steps).toBeGreaterThan(0); // and the training went on meanwhile
  // An answer waits for a slice and the step that ends it, a small part of an epoch. If it had to
  // wait for the end of an epoch, that would be 19 whole ones from the first answer to the last.
  expect(Math.max(...waits)).toBeLessThan(epoch / 2);
  expect(steps).toBeLessThan(10 * epoch);
});

test('frames that come while the model is busy are dropped', async ({ page }) => {
  const most = await page.evaluate(async () => {
    const digits = await gesso.imageClassifier('digits');
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 900; // takes longer than a frame to carry over and shrink
    const pen = canvas.getContext('2d');
    let [shown, answers, pending, most] = [0, 0, 0, 0];
    const real = window.createImageBitmap;
    window.createImageBitmap = ((...given: Parameters<typeof real>) => {
      most = Math.max(most, ++pending);
      return real(...given);
    }) as typeof real;
    const stop = digits.watch(canvas, () => {
      answers++;
      pending--;
      const until = performance.now() + 40; // a sketch that is slower than the screen
      while (performance.now() < until);
    });
    const draw = () => {
      shown++;
      pen?.fillRect(shown % 900, 0, 1, 900);
      if (answers < 10) requestAnimationFrame(draw);
    };
    draw();
    while (answers < 10) await new Promise((resolve) => setTimeout(resolve, 20));
    stop();
    window.createImageBitmap = real;
    return most;
  });
  expect(most).toBe(1);
});
