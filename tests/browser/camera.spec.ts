// The camera, played by a file: the photo of a cup of coffee as a video.
import { existsSync } from 'node:fs';
import { readPixels } from '../web/pictures.js';
import { cameraPlays, filmOf, writeFilm } from './films.js';
import { answer, expect, mobilenet, needs, photo, test } from './page.js';

const film = filmOf('coffee');
if (existsSync(photo('coffee.png'))) writeFilm(readPixels(photo('coffee.png')), film);

test.use({ launchOptions: cameraPlays(film) });

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
