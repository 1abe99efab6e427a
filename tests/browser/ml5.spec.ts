// ml5's sketches on gesso/ml5: each sketch as it is, with p5 1 and with p5 2.
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { root } from '../blocks.js';
import { fakeCamera, Pages, scripts, told, versions } from './p5Pages.js';
import { expect, mobilenet, model, needs, photo, picture, posenet, test } from './page.js';

const port = 5391;

test.use({
  launchOptions: fakeCamera,
  baseURL: `http://localhost:${port}`,
});

let pages: Pages;

test.beforeAll(async () => {
  pages = await Pages.serve(port);
});

test.afterAll(() => pages.close());

const tells = (page: Page, words: RegExp) =>
  expect(async () => expect(await told(page)).toMatch(words)).toPass({
    intervals: [50],
    timeout: 20_000,
  });

/** What each sketch must come to say, and what it needs. */
const sketches: Record<string, { check: (page: Page) => Promise<void>; needs?: string[] }> = {
  digits: {
    async check(page) {
      for (const digit of [0, 1, 2, 3, 4]) {
        await tells(page, new RegExp(`The pen wrote ${digit}, the network reads ${digit}`));
      }
    },
  },
  watching: {
    async check(page) {
      await tells(page, /It looks, and sees [17]\. Looks: \d{2}/);
      await page.mouse.click(100, 100);
      await tells(page, /It has stopped looking/);
      const before = await told(page);
      await page.waitForTimeout(300);
      expect(await told(page)).toBe(before);
    },
  },
  camera: {
    needs: [mobilenet],
    check: (page) => tells(page, /The camera, captioned \w+/),
  },
  photo: {
    needs: [mobilenet, photo('coffee.png')],
    check: (page) => tells(page, /^espresso; .+; .+; .+; .+/),
  },
  colours: {
    check: (page) => tells(page, /The network calls this red after 32 epochs/),
  },
  wave: {
    check: (page) =>
      tells(page, /At a quarter the wave is y = 0\.[789].* misses a dot by 0\.0[0-5]/),
  },
  weave: {
    check: (page) => tells(page, /checks, stripes, checks, stripes, checks, stripes/),
  },
  moths: {
    async check(page) {
      await tells(page, /Generation \d+: the best moth is \d\d? pixels/);
    },
  },
  keeping: {
    async check(page) {
      await tells(page, /31 degrees are warm/);
      const downloads: string[] = [];
      page.on('download', async (download) => {
        const path = test.info().outputPath(download.suggestedFilename());
        await download.saveAs(path);
        downloads.push(path);
      });
      await page.getByRole('button', { name: 'Save' }).click();
      const names = ['thermometer.json', 'thermometer.optimizer.bin', 'thermometer.weights.bin'];
      await expect(() => {
        const found = downloads.map((path) => path.split('/').at(-1)).sort();
        expect(found).toEqual([...names, 'thermometer_meta.json', 'warmth.json']);
      }).toPass({ timeout: 20_000 });
      const files = downloads.filter((path) => path.includes('thermometer'));
      await page.getByLabel('Files of the network').setInputFiles(files);
      await tells(page, /Opened again: -4 degrees are cold/);
    },
  },
  marks: {
    async check(page) {
      for (const becomes of [
        'ring becomes a sun',
        'peak becomes a mountain',
        'wave becomes a sea',
      ]) {
        await tells(page, new RegExp(`The ${becomes}\\.`));
      }
      const box = await page.locator('canvas').first().boundingBox();
      const at = (angle: number) =>
        [
          (box?.x ?? 0) + 240 + 70 * Math.cos(angle),
          (box?.y ?? 0) + 180 + 50 * Math.sin(angle),
        ] as const;
      await page.mouse.move(...at(1));
      await page.mouse.down();
      for (let i = 1; i <= 40; i++) {
        await page.mouse.move(...at(1 + (2 * Math.PI * i) / 40));
        await page.waitForTimeout(20); // until a frame has seen it
      }
      await page.mouse.up();
      await tells(page, /What you drew becomes a sun\./);

      // It is corrected, kept, and known in another page.
      await page.getByRole('button', { name: 'That was a sea' }).click();
      await tells(page, /It knows sun by 24, sea by 25, mountain by 24\./);
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      const file = await download;
      expect(file.suggestedFilename()).toBe('marks.json');
      const kept = test.info().outputPath('marks.json');
      await file.saveAs(kept);
      await page.reload();
      await tells(page, /The ring becomes a sun\./);
      await page.getByLabel('Strokes that were saved').setInputFiles(kept);
      await tells(page, /It knows sun by 24, sea by 25, mountain by 24\./);
    },
  },
  snail: {
    needs: [mobilenet],
    async check(page) {
      await tells(page, /There is a leaf, and the snail comes out\./);
      await tells(page, /There is no leaf, and the snail hides\./);
      await page.getByRole('button', { name: 'Use the camera' }).click();
      await tells(page, /Show it a leaf, and none/);
      for (const name of ['A leaf', 'No leaf']) {
        for (let i = 0; i < 3; i++) await page.getByRole('button', { name, exact: true }).click();
      }
      await page.getByRole('button', { name: 'Learn' }).click();
      await tells(page, /^The snail (comes out|hides)\.$/);
    },
  },
  shards: {
    needs: [model('facemesh_tfhub'), model('blazeface_tfhub')],
    check: (page) => tells(page, /The face (is whole|flies apart)\./),
  },
  theremin: {
    needs: [posenet],
    check: (page) => tells(page, /The string sounds [A-G]( flat| sharp)?\./),
  },
  two: {
    async check(page) {
      await tells(page, /It reads 1\..* It reads 7\./);
    },
  },
};

for (const version of versions) {
  for (const [name, { check, needs: paths = [] }] of Object.entries(sketches)) {
    test(`${name}, p5 ${version}`, async ({ page }) => {
      needs(...paths);
      await page.goto(pages.page(scripts(version, `/sketches/${name}.js`)));
      await check(page);
      await picture(page, `sketch-${name}-p5-${version}`);
    });
  }
}

test('there is no sketch for ml5 without a test', () => {
  const folder = resolve(root, 'web/sketches');
  const files = readdirSync(folder).filter(
    (file) => file.endsWith('.js') && /\bml5\./.test(readFileSync(resolve(folder, file), 'utf8')),
  );
  expect(files.map((file) => file.replace('.js', '')).sort()).toEqual(Object.keys(sketches).sort());
});
