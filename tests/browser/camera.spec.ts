// The camera, played by a file: the photo of a cup of coffee as a video.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { decode } from 'fast-png';
import config from '../../playwright.config.js';
import { answer, expect, mobilenet, needs, photo, test } from './page.js';

const film = resolve(import.meta.dirname, '../../build/playwright-camera/coffee.y4m');
if (existsSync(photo('coffee.png'))) writeFilm(photo('coffee.png'), film);

/**
 * Writes a PNG as an uncompressed video of two frames: 4:2:0, colours by ITU-R BT.601.
 * Format: https://wiki.multimedia.cx/index.php/YUV4MPEG2
 */
function writeFilm(from: string, to: string): void {
  const { width, height, data, channels } = decode(readFileSync(from));
  const luma = new Uint8Array(width * height);
  const [blue, red] = [new Uint8Array(luma.length / 4), new Uint8Array(luma.length / 4)];
  for (let y = 0; y < height; ++y) {
    for (let x = 0; x < width; ++x) {
      const at = (y * width + x) * channels;
      const [r = 0, g = 0, b = 0] = [data[at], data[at + 1], data[at + 2]];
      luma[y * width + x] = 16 + (65.5 * r + 128.6 * g + 25 * b) / 255;
      const half = (y >> 1) * (width / 2) + (x >> 1);
      blue[half] = 128 + (-37.8 * r - 74.2 * g + 112 * b) / 255;
      red[half] = 128 + (112 * r - 93.8 * g - 18.2 * b) / 255;
    }
  }
  const head = Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`);
  const frame = Buffer.concat([Buffer.from('FRAME\n'), luma, blue, red]);
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, Buffer.concat([head, frame, frame]));
}

test.use({
  launchOptions: {
    ...config.use?.launchOptions,
    args: [
      ...(config.use?.launchOptions?.args ?? []),
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-video-capture=${film}`,
    ],
  },
});

test('the camera starts, is watched, and stops', async ({ page }) => {
  needs(mobilenet, photo('coffee.png'));
  await page.goto('/image-classifier/');
  await page.getByRole('button', { name: 'Look at a painted orange' }).click();
  await expect(answer(page)).not.toHaveText('espresso');

  await page.getByRole('button', { name: 'Use the camera' }).click();
  await expect(page.getByLabel('What the camera sees')).toBeVisible();
  await expect(answer(page)).toHaveText('espresso');

  await page.getByRole('button', { name: 'Stop the camera' }).click();
  await expect(page.getByLabel('What the camera sees')).toBeHidden();
  await expect(answer(page)).not.toHaveText('espresso');
  const live = await page.locator('video').evaluate((video: HTMLVideoElement) => video.srcObject);
  expect(live).toBeNull();
});
