// Films for the camera of a browser, made of pictures.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import config from '../../playwright.config.js';
import type { Pixels } from '../../web/src/image.js';

/** Where the film of a name lies. */
export const filmOf = (name: string) =>
  resolve(import.meta.dirname, `../../build/playwright-camera/${name}.y4m`);

/**
 * Writes a picture as an uncompressed video of two frames: 4:2:0, colours by ITU-R BT.601. An odd row or
 * column at the end is left out.
 * Format: https://wiki.multimedia.cx/index.php/YUV4MPEG2
 */
export function writeFilm({ width: all, height: rows, data }: Pixels, to: string): void {
  const [width, height] = [all & ~1, rows & ~1];
  const luma = new Uint8Array(width * height);
  const [blue, red] = [new Uint8Array(luma.length / 4), new Uint8Array(luma.length / 4)];
  for (let y = 0; y < height; ++y) {
    for (let x = 0; x < width; ++x) {
      const at = (y * all + x) * 4;
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

/** A browser whose camera plays a film, and may be used. */
export const cameraPlays = (film: string) => ({
  ...config.use?.launchOptions,
  args: [
    ...(config.use?.launchOptions?.args ?? []),
    '--use-fake-ui-for-media-stream',
    '--use-fake-device-for-media-stream',
    `--use-file-for-fake-video-capture=${film}`,
  ],
});
