// The pages that see people: pictures, films and the camera, what they find, and what they say of it.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { decode } from 'fast-png';
import { readPixels } from '../web/pictures.js';
import { cameraPlays, filmOf, writeFilm } from './films.js';
import {
  answer,
  axe,
  expect,
  expectNoSidewaysScroll,
  model,
  needs,
  photo,
  posenet,
  shared,
  test,
} from './page.js';

const facemesh = model('facemesh_tfhub');
const blazeface = model('blazeface_tfhub');
const bodypix = model('bodypix_mobilenet_float_050');
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

/** A table of numbers that another runtime made. */
const made = (name: string) =>
  JSON.parse(readFileSync(resolve(import.meta.dirname, `../goldens/${name}.json`), 'utf8'));

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
    const stream = canvas.captureStream(0); // a frame whenever it is told to
    const [track] = stream.getVideoTracks() as CanvasCaptureMediaStreamTrack[];
    const recorder = new MediaRecorder(stream, { videoBitsPerSecond: 4e6 });
    const parts: Blob[] = [];
    recorder.addEventListener('dataavailable', ({ data }) => parts.push(data));
    const ended = new Promise((resolve) => recorder.addEventListener('stop', resolve));
    recorder.start(100);
    // A busy machine drops the first frames: until enough have come.
    for (let i = 0; parts.filter(({ size }) => size > 0).length < 12; i++) {
      pen?.drawImage(image, 0, 0);
      pen?.fillRect(0, 0, 2 + (i % 50), 2); // so that each frame is another
      track?.requestFrame();
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
    await expect(page.locator('[data-time]')).toHaveText(/ a second$/, { timeout: 20_000 });
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
    await expect(page.locator('[data-time]')).toHaveText(/ a second$/, { timeout: 20_000 });
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

test.describe('faces', () => {
  test.beforeEach(() => needs(facemesh, blazeface));

  const numbers = async (page: Page, region: string) => {
    const row = page.locator(`[data-region="${region}"]`);
    await expect(row.locator('[data-x]')).toHaveText(/^\d+$/);
    const [x = 0, y = 0] = (await row.locator('td').allInnerTexts()).map(Number);
    return { x, y };
  };

  /** The middle of the eye that the published package finds. */
  function eyeOf(name: string, turn: string) {
    const { cases } = made('facemesh') as {
      cases: { photo: string; turn: string; faces: { points: number[] }[] }[];
    };
    const points = cases.find((one) => one.photo === name && one.turn === turn)?.faces[0]?.points;
    const eye = [263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466];
    const middle = (axis: number) => {
      const values = eye.map((i) => points?.[3 * i + axis] ?? 0);
      return (Math.min(...values) + Math.max(...values)) / 2;
    };
    return { x: middle(0), y: middle(1) };
  }

  test('wear a mask in the painted picture', async ({ page }) => {
    await page.goto('/face/');
    await expect(answer(page)).toHaveText('one face');
    await expect(page.locator('[data-spoken]')).toHaveText(
      /^one face The mouth of the first is at \d+, \d+\.$/,
    );
    const plaster = await painted(page);
    expect(plaster).toBeGreaterThan(5000);
    await page.getByRole('button', { name: 'a net' }).click();
    await expect(page.getByRole('button', { name: 'a net' })).toHaveAttribute(
      'aria-pressed',
      'true',
    );
    expect(await painted(page)).toBeLessThan(plaster);
    await expect(page.locator('[data-opening="leftEye"] .percent')).toHaveText(/^\d+ %$/);
  });

  test('have their parts where the published package finds them, mirrored too', async ({
    page,
  }) => {
    needs(photo('tfjs_portrait.jpg'));
    await page.goto('/face/');
    await sample(page, 'portrait');
    await expect(page.getByRole('img', { name: 'portrait', exact: true })).toBeVisible();
    const wanted = eyeOf('tfjs_portrait.jpg', 'upright');
    const near = (wantedX: number) =>
      expect(async () => {
        const { x, y } = await numbers(page, 'leftEye');
        expect(Math.abs(x - wantedX)).toBeLessThanOrEqual(3);
        expect(Math.abs(y - wanted.y)).toBeLessThanOrEqual(3);
      }).toPass({ timeout: 20_000 });
    await near(wanted.x);
    await page.getByRole('checkbox', { name: 'mirrored' }).check();
    await near(820 - 1 - wanted.x);
  });

  test('are followed in a film', async ({ page }) => {
    needs(photo('tfjs_portrait.jpg'));
    await page.goto('/face/');
    await expect(answer(page)).toHaveText('one face');
    await dropFilm(page, '../photos/tfjs_portrait.jpg');
    await expect(page.locator('[data-time]')).toHaveText(/ a second$/, { timeout: 20_000 });
    const wanted = eyeOf('tfjs_portrait.jpg', 'upright');
    await expect(async () => {
      const { x, y } = await numbers(page, 'leftEye');
      expect(Math.hypot(x - wanted.x, y - wanted.y)).toBeLessThan(8);
    }).toPass({ timeout: 20_000 });
  });

  test('are none in a cup of coffee', async ({ page }) => {
    needs(photo('coffee.png'));
    await page.goto('/face/');
    await sample(page, 'coffee');
    await expect(answer(page)).toHaveText('no face');
  });
});

test.describe('backgrounds', () => {
  test.beforeEach(() => needs(bodypix));

  /** Red, green, blue and alpha of what is drawn at a place, 0 to 1 across and down. */
  const colourAt = (page: Page, x: number, y: number) =>
    page.locator('[data-drawn]').evaluate(
      (canvas: HTMLCanvasElement, [x = 0, y = 0]) => {
        const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', {
          willReadFrequently: true,
        });
        copy?.drawImage(canvas, 0, 0);
        const [left, top] = [Math.floor(x * canvas.width), Math.floor(y * canvas.height)];
        return [...(copy?.getImageData(left, top, 1, 1).data ?? [])];
      },
      [x, y],
    );

  const cornerIs = async (page: Page) => (await colourAt(page, 0.02, 0.02))[3] ?? 255;

  test('become nothing, a colour, or a picture, and people stay', async ({ page }) => {
    await page.goto('/background/');
    await expect(answer(page)).toHaveText(/^\d+ % people$/);
    const shirt = [0.74, 0.4] as const; // of the one on the right: red
    const corner = [0.02, 0.02] as const;
    const isShirt = async () => {
      const [r = 0, g = 0, b = 0, alpha] = await colourAt(page, ...shirt);
      expect(r).toBeGreaterThan(1.5 * g);
      expect(r).toBeGreaterThan(1.5 * b);
      expect(alpha).toBeGreaterThan(240); // its edges are soft
    };
    await isShirt();
    await page.getByRole('button', { name: 'nothing' }).click();
    expect((await colourAt(page, ...corner))[3]).toBeLessThan(10);
    await isShirt();
    await page.getByLabel('Which colour').fill('#2060c0');
    await expect(page.getByRole('button', { name: 'a colour' })).toHaveAttribute(
      'aria-pressed',
      'true',
    );
    expect(await colourAt(page, ...corner)).toEqual([0x20, 0x60, 0xc0, 255]);
    await isShirt();
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'my own picture' }).click();
    needs(photo('coffee.png'));
    await (await chooser).setFiles(photo('coffee.png'));
    await expect(page.getByRole('button', { name: 'my own picture' })).toHaveAttribute(
      'aria-pressed',
      'true',
    );
    expect(await colourAt(page, ...corner)).not.toEqual([0x20, 0x60, 0xc0, 255]);
    await isShirt();
    await page.getByRole('slider', { name: 'How blurred' }).fill('30');
    await expect(page.getByRole('button', { name: 'a blur' })).toHaveAttribute(
      'aria-pressed',
      'true',
    );
    await isShirt();
  });

  test('leave a picture that can be saved, transparent where nothing is', async ({ page }) => {
    await page.goto('/background/');
    await expect(answer(page)).toHaveText(/people$/);
    await page.getByRole('button', { name: 'nothing' }).click();
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save it as a picture' }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe('gesso.png');
    const { width, height, channels, data } = decode(readFileSync(await download.path()));
    expect([width, height, channels]).toEqual([800, 600, 4]);
    expect(data[3]).toBeLessThan(10);
  });

  test('are as large as the published package says', async ({ page }) => {
    needs(photo('three_people.jpg'));
    const { cases } = made('bodypix') as {
      cases: { photo: string; model: string; person_share: number }[];
    };
    const wanted = cases.find(
      (one) => one.photo === 'three_people.jpg' && one.model.includes('float_050/model-stride16'),
    );
    await page.goto('/background/');
    await page.getByRole('checkbox', { name: 'soft edges' }).uncheck();
    await sample(page, 'three people');
    await expect(async () => {
      const share = Number.parseFloat(await answer(page).innerText());
      expect(Math.abs(share - 100 * (wanted?.person_share ?? 0))).toBeLessThan(2);
    }).toPass({ timeout: 20_000 });
  });

  test('go behind whoever is before the camera, and in a film', async ({ page }) => {
    needs(photo('tfjs_pose.jpg'));
    await page.goto('/background/');
    await expect(answer(page)).toHaveText(/people$/);
    await page.getByRole('button', { name: 'nothing' }).click();
    await page.getByRole('button', { name: 'Use the camera' }).click();
    await expect(page.locator('[data-time]')).toHaveText(/ a second$/, { timeout: 20_000 });
    await expect.poll(() => cornerIs(page)).toBeLessThan(10);
    expect(await painted(page)).toBeGreaterThan(5000);
    await page.getByRole('button', { name: 'Stop the camera' }).click();
    await dropFilm(page, '../photos/tfjs_pose.jpg');
    await expect(page.getByLabel('film.webm')).toBeVisible();
    await expect(page.locator('[data-time]')).toHaveText(/ a second$/, { timeout: 20_000 });
    await expect.poll(() => cornerIs(page)).toBeLessThan(10);
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

for (const path of ['body', 'face', 'background']) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`/${path}/ is for everybody once it has found somebody, ${colorScheme}`, async ({
      page,
    }) => {
      needs(posenet, facemesh, blazeface, bodypix);
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
