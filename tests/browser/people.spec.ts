// The pages that see people: pictures, films and the camera, what they find, and what they say of it.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { readPixels } from '../web/pictures.js';
import { cameraPlays, filmOf, writeFilm } from './films.js';
import {
  answer,
  axe,
  expect,
  expectNoSidewaysScroll,
  needs,
  photo,
  posenet,
  shared,
  test,
} from './page.js';

const goldens = resolve(shared, 'goldens/tasks.json');

const film = filmOf('pose');
if (existsSync(photo('tfjs_pose.jpg'))) writeFilm(readPixels(photo('tfjs_pose.jpg')), film);

interface Golden {
  pose: {
    photo: string;
    width: number;
    height: number;
    single: { keypoints: { part: string; position: { x: number; y: number } }[] };
    multiple: {
      score: number;
      keypoints: { part: string; position: { x: number; y: number } }[];
    }[];
  }[];
}

/** What the published package finds in a photo. */
function golden(name: string) {
  const { pose }: Golden = JSON.parse(readFileSync(goldens, 'utf8'));
  const found = pose.find(({ photo }) => photo === name);
  if (!found) throw new Error(`${goldens} has no ${name}`);
  return found;
}

/** The nose that stands in the table. */
async function nose(page: Page): Promise<{ x: number; y: number }> {
  const row = page.locator('[data-point="nose"]');
  await expect(row.locator('[data-x]')).toHaveText(/^\d+$/);
  const [x, y] = await row.locator('td').allInnerTexts();
  return { x: Number(x), y: Number(y) };
}

/** Waits until the nose is where it is wanted. */
function expectNose(page: Page, wanted: { x: number; y: number }, within: number): Promise<void> {
  return expect(async () => {
    const { x, y } = await nose(page);
    expect(Math.abs(x - wanted.x)).toBeLessThanOrEqual(within);
    expect(Math.abs(y - wanted.y)).toBeLessThanOrEqual(within);
  }).toPass({ timeout: 20_000 });
}

/** How many of the canvas's pixels are painted. */
const painted = (page: Page) =>
  page.locator('[data-drawn]').evaluate((canvas: HTMLCanvasElement) => {
    const { width, height } = canvas;
    const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    copy?.drawImage(canvas, 0, 0);
    const { data } = copy?.getImageData(0, 0, width, height) ?? {};
    return data?.filter((value, i) => i % 4 === 3 && value > 0).length ?? 0;
  });

const sample = (page: Page, name: string) =>
  page.getByRole('button', { name: `Look at ${name}` }).click();

/** Draws a film of a picture that stands at the page, as a file would bring it. */
async function dropFilm(page: Page, from: string): Promise<void> {
  await page.evaluate(async (address) => {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const pen = canvas.getContext('2d');
    const recorder = new MediaRecorder(canvas.captureStream(10), { videoBitsPerSecond: 4e6 });
    const parts: Blob[] = [];
    recorder.addEventListener('dataavailable', ({ data }) => parts.push(data));
    const ended = new Promise((resolve) => recorder.addEventListener('stop', resolve));
    recorder.start();
    for (let i = 0; i < 12; i++) {
      pen?.drawImage(image, 0, 0);
      pen?.fillRect(0, 0, 2 + i, 2); // so that each frame is another
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    recorder.stop();
    await ended;
    const transfer = new DataTransfer();
    transfer.items.add(new File(parts, 'film.webm', { type: 'video/webm' }));
    const drop = new DragEvent('drop', { dataTransfer: transfer, bubbles: true });
    document.querySelector('main')?.dispatchEvent(drop);
  }, from);
}

test.use({ launchOptions: cameraPlays(film) });

test.describe('bodies', () => {
  test.beforeEach(() => needs(posenet));

  test('are found in the painted picture, and told in words', async ({ page }) => {
    await page.goto('/body/');
    await expect(answer(page)).toHaveText('2 people');
    await expect(page.locator('[data-spoken]')).toHaveText(
      /^2 people The nose of person 1 is at \d+, \d+\. The nose of person 2 is at \d+, \d+\.$/,
    );
    expect(await painted(page)).toBeGreaterThan(1000);
    const first = await nose(page);
    await page.getByRole('button', { name: 'Person 2' }).click();
    await expect(page.getByRole('button', { name: 'Person 2' })).toHaveAttribute(
      'aria-pressed',
      'true',
    );
    expect((await nose(page)).x).not.toBe(first.x);
    await expect(page.locator('[data-time]')).toHaveText(/ ms$/);
    await expect(page.locator('[data-model]')).toHaveText('posenet');
    await expect(page.getByText('What leaves this machine: nothing.')).toBeVisible();
  });

  test('are where the published package finds them', async ({ page }) => {
    needs(goldens, photo('three_people.jpg'));
    await page.goto('/body/');
    await sample(page, 'three people');
    await expect(answer(page)).toHaveText('3 people');
    const sure = golden('three_people.jpg').multiple.filter(({ score }) => score > 0.2);
    for (const [i, { keypoints }] of sure.entries()) {
      await page.getByRole('button', { name: `Person ${i + 1}` }).click();
      const wanted = keypoints[0]?.position ?? { x: 0, y: 0 };
      await expectNose(page, wanted, 2);
    }
  });

  test('are followed before the camera, mirrored and not', async ({ page }) => {
    needs(goldens, photo('tfjs_pose.jpg'));
    await page.goto('/body/');
    await page.getByLabel('At most').selectOption('one person');
    await expect(page.locator('[data-call]')).toContainText('maxPeople: 1');
    const button = page.getByRole('button', { name: 'Use the camera' });
    await expect(button).toBeEnabled();
    await button.click();
    await expect(page.getByRole('checkbox', { name: 'mirrored' })).toBeChecked();
    const { width, height, single } = golden('tfjs_pose.jpg');
    const video = page.getByLabel('What the camera sees');
    await expect(video).toBeVisible();
    await expect
      .poll(() => video.evaluate((video: HTMLVideoElement) => video.videoWidth))
      .toBeGreaterThan(0);
    const shown = await video.evaluate((video: HTMLVideoElement) => ({
      width: video.videoWidth,
      height: video.videoHeight,
    }));
    const { x, y } = single.keypoints[0]?.position ?? { x: 0, y: 0 };
    const wanted = { x: (x * shown.width) / width, y: (y * shown.height) / height };
    await expectNose(page, { x: shown.width - 1 - wanted.x, y: wanted.y }, 8);
    await expect(page.locator('[data-time]')).toHaveText(/ a second$/);
    await expect(answer(page)).toHaveText('one person');

    await page.getByRole('checkbox', { name: 'mirrored' }).uncheck();
    await expectNose(page, wanted, 8);
    await expect(page.locator('[data-call]')).toContainText('flip: false');

    await page.getByRole('button', { name: 'Stop the camera' }).click();
    await expect(video).toBeHidden();
    const live = await video.evaluate((video: HTMLVideoElement) => video.srcObject);
    expect(live).toBeNull();
    await expect(page.locator('[data-time]')).toHaveText(/ ms$/);
  });

  test('are followed in a film, which can wait', async ({ page }) => {
    needs(goldens, photo('tfjs_pose.jpg'));
    await page.goto('/body/');
    await expect(answer(page)).toHaveText('2 people');
    await dropFilm(page, '../photos/tfjs_pose.jpg');
    await expect(page.getByLabel('film.webm')).toBeVisible();
    await expect(page.locator('[data-time]')).toHaveText(/ a second$/);
    await expect(answer(page)).toHaveText('one person');
    const { x, y } = golden('tfjs_pose.jpg').multiple[0]?.keypoints[0]?.position ?? { x: 0, y: 0 };
    await expectNose(page, { x, y }, 6);
    await page.getByRole('button', { name: 'Pause the film' }).click();
    await expect(page.getByRole('button', { name: 'Play the film' })).toBeVisible();
    expect(
      await page.getByLabel('film.webm').evaluate((video: HTMLVideoElement) => video.paused),
    ).toBe(true);
    await sample(page, 'two painted people');
    await expect(page.getByLabel('film.webm')).toHaveCount(0);
    await expect(answer(page)).toHaveText('2 people');
  });

  test('are drawn in another way by a changed sketch', async ({ page }) => {
    await page.goto('/body/');
    await expect(answer(page)).toHaveText('2 people');
    const before = await painted(page);
    const sketch = page.getByRole('textbox', { name: 'The sketch' });
    await sketch.fill(
      (await sketch.innerText()).replace('pen.lineWidth = 5', 'pen.lineWidth = 25'),
    );
    await page.getByRole('button', { name: 'Run it' }).click();
    await expect(page.getByText('Your sketch runs.')).toBeVisible();
    await expect.poll(() => painted(page)).toBeGreaterThan(1.5 * before);
  });

  test('work by keyboard alone', async ({ page }) => {
    await page.goto('/body/');
    await expect(answer(page)).toHaveText('2 people');
    await page.locator('main').focus();
    const reached = new Set<string>();
    for (let i = 0; i < 40; ++i) {
      await page.keyboard.press('Tab');
      const name = await page.evaluate(
        () => document.activeElement?.ariaLabel ?? document.activeElement?.textContent ?? '',
      );
      reached.add(name.trim());
      if (name === 'Look at a painted dancer') await page.keyboard.press('Enter');
    }
    expect(reached).toContain('Choose a picture or a film');
    expect(reached).toContain('Use the camera');
    expect(reached).toContain('Person 2');
    expect(reached).toContain('Look at a painted dancer');
    await expect(page.getByRole('img', { name: 'a painted dancer' })).toBeVisible();
    await expect(answer(page)).toHaveText('one person');
  });

  test('are nobody in a cup of coffee', async ({ page }) => {
    needs(photo('coffee.png'));
    await page.goto('/body/');
    await sample(page, 'coffee');
    await expect(answer(page)).toHaveText('nobody');
    await expect(page.locator('[data-point="nose"] [data-x]')).toHaveText('–');
  });
});

test.describe('a camera that is refused', () => {
  test('is told in words, and the still picture goes on', async ({ page }) => {
    needs(posenet);
    await page.addInitScript(() => {
      navigator.mediaDevices.getUserMedia = () =>
        Promise.reject(new DOMException('Permission denied', 'NotAllowedError'));
    });
    await page.goto('/body/');
    await expect(answer(page)).toHaveText('2 people');
    await page.getByRole('button', { name: 'Use the camera' }).click();
    const trouble = page.locator('[data-picture-trouble]');
    await expect(trouble).toContainText('camera: it did not start');
    await expect(trouble).toContainText('Permission denied');
    await expect(trouble.locator('.try')).toContainText('allow the camera');
    await sample(page, 'a painted dancer');
    await expect(answer(page)).toHaveText('one person');
    await expect(trouble).toBeHidden();
  });
});

test('a model that is not there is offered, not fetched', async ({ page }) => {
  await page.route('**/models/index.json', (route) => route.fulfill({ json: [] }));
  await page.goto('/body/');
  await expect(page.getByText(/The model posenet is not on this machine/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Fetch it' })).toBeVisible();
  await page.getByRole('button', { name: 'Fetch it' }).click(); // the path of models has it here
  await expect(answer(page)).toHaveText('2 people');
  await expect(page.getByRole('button', { name: 'Fetch it' })).toBeHidden();
});

for (const path of ['body']) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`/${path}/ is for everybody once it has found somebody, ${colorScheme}`, async ({
      page,
    }) => {
      needs(posenet);
      await page.emulateMedia({ colorScheme });
      await page.goto(`/${path}/`);
      await expect(page.locator('[data-time]')).toHaveText(/ ms$/);
      const { violations } = await axe(page).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
      await page.setViewportSize({ width: 360, height: 740 });
      await expectNoSidewaysScroll(page);
    });
  }
}
