// Takes the pictures of the sketches: each runs on its page of the site, in Chromium, until there is
// something to see. web/demos/public/covers has them.
//
//     node tools/covers.mjs [names]
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { chromium } from 'playwright-core';
import { createServer } from 'vite';
import { tree } from './setup/places.mjs';

const sketches = join(tree, 'web/sketches');
const covers = join(tree, 'web/demos/public/covers');
const shared = process.env.GESSO_SHARED ?? join(tree, '../shared');
const camera = join(tmpdir(), 'gesso-camera.mjpeg'); // what the camera sees
const width = 640;
const quality = 0.85;

/** Seconds until a sketch shows what it is about; 3 for those that are not named. */
const patience = {
  colours: 8,
  wave: 20,
  weave: 14,
  moths: 15,
  keeping: 6,
  murmur: 25,
  camera: 6,
  theremin: 9,
  shards: 4,
  hour: 12,
  weather: 14,
  snail: 12,
  marks: 10,
};

const all = readdirSync(sketches).filter((file) => file.endsWith('.js'));
const given = process.argv.slice(2);
const names = given.length > 0 ? given : all.map((file) => basename(file, '.js'));

const server = await createServer({ configFile: join(tree, 'vite.config.ts'), logLevel: 'error' });
await server.listen();
const address = server.resolvedUrls.local[0];
const browser = await chromium.launch({
  executablePath: process.env.GESSO_CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--use-fake-ui-for-media-stream',
    '--use-fake-device-for-media-stream',
    `--use-file-for-fake-video-capture=${camera}`,
  ],
});
const page = await browser.newPage({
  viewport: { width: 1280, height: 900 },
  deviceScaleFactor: 2,
});

/** A PNG as a picture of another type, no wider than cards are. */
async function as(type, png) {
  const url = `data:image/png;base64,${png.toString('base64')}`;
  const text = await page.evaluate(
    async ([source, type, wanted, sharpness]) => {
      const image = new Image();
      image.src = source;
      await image.decode();
      const canvas = document.createElement('canvas');
      canvas.width = Math.min(wanted, image.width) & ~1; // films want even sizes
      canvas.height = Math.round((canvas.width * image.height) / image.width) & ~1;
      const context = canvas.getContext('2d');
      context.imageSmoothingQuality = 'high';
      context.drawImage(image, 0, 0, canvas.width, canvas.height);
      return canvas.toDataURL(type, sharpness).split(',')[1];
    },
    [url, type, width, quality],
  );
  return Buffer.from(text, 'base64');
}

// A JPEG is a film of one picture.
writeFileSync(camera, await as('image/jpeg', readFileSync(join(shared, 'photos/chelsea.png'))));

/** The smallest box with all of these in it. */
function around(boxes) {
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  return { x, y, width: right - x, height: bottom - y };
}

mkdirSync(covers, { recursive: true });
for (const name of names) {
  await page.goto(`${address}sketches/${name}/`);
  const start = page.locator('[data-start]');
  if (await start.isVisible()) await start.click();
  const canvases = page.frameLocator('[data-stage]').locator('main');
  await canvases.locator('canvas').first().waitFor();
  await page.waitForTimeout(1000 * (patience[name] ?? 3));
  const boxes = await Promise.all(
    (await canvases.locator('canvas').all()).map((canvas) => canvas.boundingBox()),
  );
  const clip = around(boxes.filter((box) => box !== null));
  const webp = await as('image/webp', await page.screenshot({ clip }));
  writeFileSync(join(covers, `${name}.webp`), webp);
  console.log(`${name}: ${(webp.length / 1e3).toFixed(1)} KB`);
}
await browser.close();
await server.close();
