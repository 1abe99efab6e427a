// The page on which a network is taught pictures: with the camera, with files, by keyboard, on a phone.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { encode } from 'fast-png';
import type { Pixels } from '../../web/src/image.js';
import { moved, readPixels } from '../web/pictures.js';
import { cameraPlays, filmOf, writeFilm } from './films.js';
import {
  answer,
  axe,
  expect,
  expectNoSidewaysScroll,
  mobilenet,
  needs,
  photo,
  picture,
  test,
} from './page.js';

const film = filmOf('coffee');
if (existsSync(photo('coffee.png'))) writeFilm(readPixels(photo('coffee.png')), film);

test.use({ launchOptions: cameraPlays(film) });

const subjects = { Cup: 'coffee.png', Cat: 'chelsea.png', Portrait: 'tfjs_portrait.jpg' };
type Subject = keyof typeof subjects;
const names = Object.keys(subjects) as Subject[];

interface Shot {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

/** Squares of a photo, each from somewhere else: of its left half to learn from, of its right one to ask. */
function shots(subject: Subject, count: number, half: 'left' | 'right' = 'left'): Shot[] {
  const whole = readPixels(photo(subjects[subject]));
  return Array.from({ length: count }, (_, i) => {
    const side = Math.floor(Math.min(whole.width / 2, whole.height) * (0.7 + 0.05 * (i % 5)));
    const spare = Math.floor(whole.width / 2) - side;
    const x = Math.floor((spare * ((i * 7) % 10)) / 10) + (half === 'left' ? 0 : whole.width >> 1);
    const y = Math.floor(((whole.height - side) * ((i * 3) % 10)) / 10);
    const crop = moved(whole, 160, 160, (u, v) => [
      x + Math.floor((u * side) / 160),
      y + Math.floor((v * side) / 160),
    ]);
    return { name: `${subject}-${half}-${i}.png`, mimeType: 'image/png', buffer: png(crop) };
  });
}

function png({ width, height, data }: Pixels): Buffer {
  return Buffer.from(encode({ width, height, data: new Uint8Array(data), channels: 4 }));
}

const card = (page: Page, name: string) => page.locator(`[data-class="${name}"]`);
const hold = (page: Page, name: string) =>
  page.getByRole('button', { name: `Hold to record: ${name}`, exact: true });
const pictures = (page: Page, name: string) =>
  page.getByRole('group', { name: `Pictures of ${name}`, exact: true }).getByRole('button');
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const course = (page: Page) => page.locator('[data-course]');

async function openPage(page: Page): Promise<void> {
  await page.goto('/teach/');
  await expect(page.getByText('Teach it first.')).toBeVisible({ timeout: 20_000 });
  await expect(page.locator('[data-small]')).toBeHidden();
  await expect(page.locator('[data-offer]')).toBeHidden();
}

/** Names the three cards after the subjects. */
async function nameClasses(page: Page): Promise<void> {
  for (const [i, name] of names.entries()) {
    const field = page.getByRole('textbox', { name: 'Name of the class' }).nth(i);
    await field.fill(name);
    await field.press('Enter');
    await expect(hold(page, name)).toBeVisible();
  }
}

async function give(page: Page, name: string, files: Shot[]): Promise<void> {
  await page.getByLabel(`Picture files for ${name}`).setInputFiles(files);
}

/** Three classes with pictures of the left halves, and the training. */
async function teach(page: Page, each = 8): Promise<void> {
  await nameClasses(page);
  for (const name of names) {
    await give(page, name, shots(name, each));
    await expect(pictures(page, name)).toHaveCount(each);
  }
  await button(page, 'Train').click();
  await expect(course(page)).toHaveText('It has learned.', { timeout: 30_000 });
}

/** Shows it a picture, and waits for the answer. */
async function ask(page: Page, shot: Shot | undefined): Promise<Record<string, string>> {
  if (!shot) throw new Error('there is no such shot');
  await page.getByLabel('A picture file').setInputFiles(shot);
  await expect(page.getByRole('img', { name: shot.name })).toBeVisible();
  await expect(page.locator('[data-bars] li')).toHaveCount(3);
  await page.waitForTimeout(300); // the bars are those of the picture before until it has answered
  const rows = await page.locator('[data-bars] li').allInnerTexts();
  return Object.fromEntries(rows.map((row) => row.split('\n') as [string, string]));
}

/** Drops files on an element, as a mouse would. */
async function dropOn(page: Page, selector: string, shots: Shot[]): Promise<void> {
  const files = shots.map(({ name, mimeType: type, buffer }) => {
    return { name, type, bytes: buffer.toString('base64') };
  });
  const transfer = await page.evaluateHandle((contents) => {
    const data = new DataTransfer();
    for (const { name, type, bytes } of contents) {
      const content = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0));
      data.items.add(new File([content], name, { type }));
    }
    return data;
  }, files);
  for (const event of ['dragenter', 'dragover', 'drop']) {
    await page.dispatchEvent(selector, event, { dataTransfer: transfer });
  }
}

async function expectNothingForAxe(page: Page): Promise<void> {
  const { violations } = await axe(page).analyze();
  const found = violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  expect(found).toEqual([]);
}

const cameraRuns = (page: Page) =>
  page.locator('[data-stage] video').evaluate((video: HTMLVideoElement) => {
    return video.srcObject instanceof MediaStream && video.srcObject.active;
  });

test.describe('with the base model', () => {
  test.beforeEach(() => needs(mobilenet, ...Object.values(subjects).map(photo)));

  test('three classes from files: it learns, answers, is kept, and answers the same again', async ({
    page,
  }) => {
    test.setTimeout(120_000);
    await openPage(page);
    await page.getByLabel('Keep it in this browser as I go').check();
    await teach(page);
    await expect(page.locator('[data-verdict]')).toHaveText(/^Of \d+ pictures that were kept/);
    await expect(page.getByRole('table').first()).toContainText('Portrait');

    const before: Record<string, Record<string, string>> = {};
    for (const name of names) {
      const [shot] = shots(name, 1, 'right');
      before[name] = await ask(page, shot);
      await expect(answer(page)).toHaveText(name);
      await expect(page.locator('[data-nearest] img')).toHaveCount(5);
      await expect(page.locator('[data-nearest] img').first()).toHaveAttribute(
        'alt',
        new RegExp(`^Picture \\d+, ${name}$`),
      );
    }
    await page.getByLabel('What it is called').fill('Cups and cats');
    await page.getByLabel('Nobody, only things.').check();
    await expect(page.locator('[data-kept-told]')).toHaveText(/^Kept in this browser, /);
    await page.waitForTimeout(1500); // until the last change has settled, too
    await picture(page, 'teach-learned');

    await page.reload();
    await expect(page.getByText('Opened again as it was kept here.')).toBeVisible({
      timeout: 20_000,
    });
    for (const name of names) {
      await expect(pictures(page, name)).toHaveCount(8);
      const [shot] = shots(name, 1, 'right');
      expect(await ask(page, shot)).toEqual(before[name]);
      await expect(answer(page)).toHaveText(name);
    }
    await expect(page.getByLabel('What it is called')).toHaveValue('Cups and cats');
    await expect(page.getByLabel('Nobody, only things.')).toBeChecked();

    await page.getByLabel('Keep it in this browser as I go').uncheck();
    await expect(page.getByText('Nothing is kept here any more.')).toBeVisible();
    page.on('dialog', (dialog) => void dialog.accept());
    await page.reload();
    await expect(page.getByText('Teach it first.')).toBeVisible({ timeout: 20_000 });
    await expect(pictures(page, 'Class 1')).toHaveCount(0);
  });

  test('a button that is held takes pictures of the camera, and stops when it is let go', async ({
    page,
  }) => {
    await openPage(page);
    await hold(page, 'Class 1').hover();
    await page.mouse.down();
    await expect.poll(() => cameraRuns(page)).toBe(true);
    await expect.poll(() => pictures(page, 'Class 1').count()).toBeGreaterThan(4);
    await page.mouse.up();
    await page.waitForTimeout(400); // what was taken before the button was let go may still come
    const count = await pictures(page, 'Class 1').count();
    await page.waitForTimeout(600);
    expect(await pictures(page, 'Class 1').count()).toBe(count);
    await expect(page.locator('[data-told]')).toHaveText(/^Class 1 has \d+ pictures\.$/);

    await button(page, 'Undo').click(); // all of it at once
    await expect(pictures(page, 'Class 1')).toHaveCount(0);
  });

  test('a button that is let go while the camera starts takes nothing', async ({ page }) => {
    await page.addInitScript(() => {
      const { mediaDevices } = navigator;
      const open = mediaDevices.getUserMedia.bind(mediaDevices);
      mediaDevices.getUserMedia = async (wanted) => {
        await new Promise((done) => setTimeout(done, 700));
        return open(wanted);
      };
    });
    await openPage(page);
    await hold(page, 'Class 1').hover();
    await page.mouse.down();
    await page.mouse.up();
    await page.mouse.down();
    await page.mouse.up();
    await expect.poll(() => cameraRuns(page)).toBe(true);
    await page.waitForTimeout(700);
    await expect(pictures(page, 'Class 1')).toHaveCount(0);
  });

  test('by keyboard alone: names, recording, training, pictures, undo', async ({ page }) => {
    await openPage(page);
    await page.getByRole('textbox', { name: 'Name of the class' }).first().focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('Cup');
    await page.keyboard.press('Tab');
    await expect(hold(page, 'Cup')).toBeFocused();
    await page.keyboard.down(' ');
    await expect.poll(() => pictures(page, 'Cup').count()).toBeGreaterThan(3);
    await page.keyboard.up(' ');
    await hold(page, 'Class 2').focus();
    await page.keyboard.down('Enter');
    await expect.poll(() => pictures(page, 'Class 2').count()).toBeGreaterThan(3);
    await page.keyboard.up('Enter');
    await page.waitForTimeout(400);

    // One stop of the tab key for all pictures, arrows from there.
    await page.keyboard.press('Shift+Tab');
    await expect(pictures(page, 'Class 2').first()).toBeFocused();
    await page.keyboard.press('ArrowRight');
    await expect(pictures(page, 'Class 2').nth(1)).toBeFocused();
    const count = await pictures(page, 'Class 2').count();
    await page.keyboard.press('Delete');
    await expect(pictures(page, 'Class 2')).toHaveCount(count - 1);
    await page.keyboard.press('Enter');
    await expect(page.getByRole('dialog')).toBeVisible();
    await page.getByRole('dialog').getByRole('button', { name: 'Cup' }).press('Enter');
    await expect(pictures(page, 'Class 2')).toHaveCount(count - 2);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
    await page.keyboard.press('Control+z');
    await expect(pictures(page, 'Class 2')).toHaveCount(count - 1);
    await page.keyboard.press('Control+z');
    await expect(pictures(page, 'Class 2')).toHaveCount(count);

    await button(page, 'Train').press('Enter');
    await expect(course(page)).toHaveText('It has learned.', { timeout: 30_000 });
    await expect(page.locator('[data-bars] li')).toHaveCount(2);
  });

  test('leaving the page while it records turns the camera off', async ({ page }) => {
    await openPage(page);
    await hold(page, 'Class 1').hover();
    await page.mouse.down();
    await expect.poll(() => pictures(page, 'Class 1').count()).toBeGreaterThan(1);
    await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pagehide')));
    expect(await cameraRuns(page)).toBe(false);
    await expect(card(page, 'Class 1')).not.toHaveClass(/recording/);
    await page.mouse.up();
  });

  test('pictures that fall on a class belong to it, and names are only text', async ({ page }) => {
    await openPage(page);
    const field = page.getByRole('textbox', { name: 'Name of the class' }).first();
    const wild = '<img src=x onerror=alert(1)>';
    await field.fill(wild);
    await field.press('Enter');
    await dropOn(page, '.class-card:first-child .contact-sheet', shots('Cup', 3));
    await expect(page.locator('.class-card').first().locator('.contact-sheet button')).toHaveCount(
      3,
    );
    await dropOn(page, '.class-card:nth-child(2)', shots('Cat', 3));
    await expect(pictures(page, 'Class 2')).toHaveCount(3);
    await button(page, 'Train').click();
    await expect(course(page)).toHaveText('It has learned.', { timeout: 30_000 });
    await expect(page.locator('[data-confusion]')).toContainText(wild);
    await expect(page.locator('img[src="x"]')).toHaveCount(0);

    // What falls beside the classes is looked at.
    const [shot] = shots('Cup', 1, 'right');
    await dropOn(page, 'h1', shot ? [shot] : []);
    await expect(answer(page)).toHaveText(wild);
  });

  test('a folder fills a class, and what is no picture is told', async ({ page }) => {
    await openPage(page);
    const folder = resolve(import.meta.dirname, '../../build/playwright-projects/cats');
    mkdirSync(folder, { recursive: true });
    for (const { name, buffer } of shots('Cat', 5)) writeFileSync(resolve(folder, name), buffer);
    await page.getByLabel('A folder of pictures for Class 2').setInputFiles(folder);
    await expect(pictures(page, 'Class 2')).toHaveCount(5);
    const broken = { name: 'torn.png', mimeType: 'image/png', buffer: Buffer.from('no picture') };
    const [first, second] = shots('Cup', 2);
    if (!first || !second) throw new Error('there are no shots');
    await give(page, 'Class 1', [first, broken, second]);
    await expect(page.locator('[data-picture-trouble]')).toContainText('torn.png');
    await expect(pictures(page, 'Class 1')).toHaveCount(2);
    await button(page, 'Undo').click(); // both at once
    await expect(pictures(page, 'Class 1')).toHaveCount(0);
    await expect(pictures(page, 'Class 2')).toHaveCount(5);
  });

  test('adding can be cancelled: what has come stays, and one undo takes it back', async ({
    page,
  }) => {
    await page.addInitScript(() => {
      const make: (...args: never[]) => Promise<ImageBitmap> =
        window.createImageBitmap.bind(window);
      window.createImageBitmap = async (...args: unknown[]) => {
        await new Promise((done) => setTimeout(done, 60));
        return make(...(args as never[]));
      };
    });
    await openPage(page);
    const bar = page.getByRole('progressbar', { name: /: \d+ of \d+ pictures$/ });
    const cancel = page.locator('[data-work]').getByRole('button', { name: 'Cancel' });
    const cancelAfter = async (name: string) => {
      await expect.poll(() => pictures(page, name).count()).toBeGreaterThan(2);
      await expect(bar).toBeVisible();
      await cancel.click();
      await expect(cancel).toBeHidden();
      const count = await pictures(page, name).count();
      await page.waitForTimeout(600);
      await expect(pictures(page, name)).toHaveCount(count);
      await expect(page.locator('[data-told]')).toHaveText(`${name} has ${count} pictures.`);
      return count;
    };
    await give(page, 'Class 1', shots('Cup', 40));
    expect(await cancelAfter('Class 1')).toBeLessThan(40);
    await button(page, 'Undo').click();
    await expect(pictures(page, 'Class 1')).toHaveCount(0);

    // Of several classes, those that follow get none either.
    await button(page, 'Try it with paintings').click();
    expect(await cancelAfter('Oranges')).toBeLessThan(12);
    await expect(hold(page, 'Oranges')).toBeVisible();
    await expect(hold(page, 'Leaves')).toHaveCount(0);
    await expect(hold(page, 'Class 2')).toBeVisible();
    await button(page, 'Undo').click();
    await expect(pictures(page, 'Class 1')).toHaveCount(0);
    await expect(button(page, 'Try it with paintings')).toBeEnabled();
  });

  test('one tab keeps the project: another says so, and can when that is closed', async ({
    page,
    context,
  }) => {
    const keeps = (tab: Page) => tab.getByLabel('Keep it in this browser as I go');
    const told = (tab: Page) => tab.locator('[data-kept-told]');
    await openPage(page);
    await keeps(page).check();
    await give(page, 'Class 1', shots('Cup', 2));
    await expect(pictures(page, 'Class 1')).toHaveCount(2);
    await expect(told(page)).toHaveText(/^Kept in this browser, /);

    const other = await context.newPage();
    await openPage(other);
    await expect(told(other)).toHaveText(/^Another tab has this page open/);
    await expect(keeps(other)).toBeDisabled();
    await expect(keeps(other)).not.toBeChecked();
    await give(other, 'Class 1', shots('Cat', 3)); // it learns all the same
    await expect(pictures(other, 'Class 1')).toHaveCount(3);

    await page.close();
    await expect(other.getByText(/is kept here, by the tab that is closed now/)).toBeVisible();
    await expect(told(other)).not.toHaveText(/^Another tab/);
    await expect(keeps(other)).toBeDisabled();
    await expect(pictures(other, 'Class 1')).toHaveCount(3);
    await button(other, 'Open it').click();
    await expect(pictures(other, 'Class 1')).toHaveCount(2);
    await expect(keeps(other)).toBeChecked();
    await expect(told(other)).toHaveText(/^Opened again as it was kept here/);
  });

  test('a folder of more pictures than changes are kept is taken back whole', async ({ page }) => {
    test.setTimeout(120_000);
    await openPage(page);
    await give(page, 'Class 2', shots('Cat', 2));
    await expect(pictures(page, 'Class 2')).toHaveCount(2);
    await give(page, 'Class 1', Array(15).fill(shots('Cup', 8)).flat());
    await expect(pictures(page, 'Class 1')).toHaveCount(120, { timeout: 60_000 });
    await page.keyboard.press('Control+z');
    await expect(pictures(page, 'Class 1')).toHaveCount(0);
    await expect(pictures(page, 'Class 2')).toHaveCount(2);
    await page.keyboard.press('Control+z');
    await expect(pictures(page, 'Class 2')).toHaveCount(0);
    await expect(button(page, 'Undo')).toBeDisabled();
  });

  test('a picture that is deleted while others come is taken back by itself', async ({ page }) => {
    await page.addInitScript(() => {
      const make = window.createImageBitmap.bind(window) as (...given: unknown[]) => Promise<never>;
      Object.assign(window, {
        createImageBitmap: async (...given: unknown[]) => {
          await new Promise((done) => setTimeout(done, 80));
          return make(...given);
        },
      });
    });
    await openPage(page);
    await give(page, 'Class 2', shots('Cat', 3));
    await expect(pictures(page, 'Class 2')).toHaveCount(3);
    await give(page, 'Class 1', shots('Cup', 25));
    await expect.poll(() => pictures(page, 'Class 1').count()).toBeGreaterThan(3);
    await pictures(page, 'Class 2').first().focus();
    await page.keyboard.press('Delete');
    await expect(pictures(page, 'Class 2')).toHaveCount(2);
    expect(await pictures(page, 'Class 1').count()).toBeLessThan(25);
    await expect(pictures(page, 'Class 1')).toHaveCount(25);
    await expect(page.locator('[data-work]')).toBeHidden();
    for (const [own, others] of [
      ['some', 2],
      ['some', 3],
      [0, 3],
      [0, 0],
    ] as const) {
      await button(page, 'Undo').click();
      await expect(pictures(page, 'Class 2')).toHaveCount(others);
      if (own === 0) await expect(pictures(page, 'Class 1')).toHaveCount(0);
      else await expect(pictures(page, 'Class 1')).not.toHaveCount(0);
    }
    await expect(button(page, 'Undo')).toBeDisabled();
  });

  test('a class can be removed, joined by none, and comes back', async ({ page }) => {
    await openPage(page);
    await nameClasses(page);
    await give(page, 'Cup', shots('Cup', 4));
    await expect(pictures(page, 'Cup')).toHaveCount(4);
    const field = page.getByRole('textbox', { name: 'Name of the class' }).first();
    await field.fill('Cat');
    await field.press('Enter');
    await expect(field).toHaveValue('Cup');
    await expect(page.locator('[data-told]')).toHaveText('There is a class Cat already.');
    await page.getByRole('button', { name: 'Remove the class Cup' }).click();
    await expect(hold(page, 'Cup')).toHaveCount(0);
    await expect(page.locator('.class-card')).toHaveCount(2);
    await button(page, 'Undo').click();
    await expect(pictures(page, 'Cup')).toHaveCount(4);
    await expect(page.locator('.class-card').first()).toHaveAttribute('data-class', 'Cup');
    await field.fill('Mug');
    await field.press('Enter');
    await expect(pictures(page, 'Mug')).toHaveCount(4);
    await button(page, 'Undo').click();
    await expect(pictures(page, 'Cup')).toHaveCount(4);
    await expect(page.locator('.class-card')).toHaveCount(3);
  });

  test('another layer, and the first again, loses nothing', async ({ page }) => {
    test.setTimeout(120_000);
    await openPage(page);
    await teach(page, 4);
    const [shot] = shots('Cat', 1, 'right');
    const before = await ask(page, shot);
    await page.getByText('Settings').click();
    const layer = page.getByRole('combobox', { name: 'Looks through this layer' });
    const usual = await layer.inputValue();
    const other = await layer.locator('option').nth(-12).getAttribute('value');
    for (const name of [other ?? '', usual]) {
      await layer.selectOption(name);
      await expect(layer).toBeEnabled({ timeout: 30_000 });
      await expect(layer).toHaveValue(name);
      for (const subject of names) await expect(pictures(page, subject)).toHaveCount(4);
      await button(page, 'Train').click();
      await expect(course(page)).toHaveText('It has learned.', { timeout: 30_000 });
    }
    expect(await ask(page, shot)).toEqual(before);
  });

  test('the network itself can learn, and be told to stop', async ({ page }) => {
    test.setTimeout(120_000);
    await openPage(page);
    await teach(page, 4);
    await page.getByText('Settings').click();
    await page.getByLabel(/let the network itself learn/).check();
    await page.getByLabel(/learn from changed copies/).check();
    await button(page, 'Train').click();
    await expect(button(page, 'Stop')).toBeVisible();
    await expect(course(page)).toHaveText('It has learned.', { timeout: 90_000 });
    await page.getByRole('spinbutton', { name: 'Rounds through the pictures' }).fill('1000');
    await button(page, 'Train').click();
    await button(page, 'Stop').click();
    await expect(button(page, 'Train')).toBeEnabled({ timeout: 30_000 });
    const [shot] = shots('Cup', 1, 'right');
    await ask(page, shot);
    await expect(answer(page)).toHaveText('Cup');
  });

  test('works with paintings, and shows a new one', async ({ page }) => {
    await openPage(page);
    await button(page, 'Try it with paintings').click();
    for (const name of ['Oranges', 'Leaves', 'Moons']) {
      await expect(pictures(page, name)).toHaveCount(12);
    }
    await button(page, 'Train').click();
    await expect(course(page)).toHaveText('It has learned.', { timeout: 30_000 });
    for (const name of ['Oranges', 'Leaves', 'Moons']) {
      await button(page, 'Paint one').click();
      await expect(answer(page)).toHaveText(name);
    }
    await expect(page.locator('[data-nearest] img')).toHaveCount(5);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await expectNothingForAxe(page);
      await picture(page, `teach-paintings-${colorScheme}`);
    }
  });

  test('a project that cannot be opened changes nothing', async ({ page }) => {
    await openPage(page);
    await nameClasses(page);
    await give(page, 'Cup', shots('Cup', 2));
    await expect(pictures(page, 'Cup')).toHaveCount(2);
    const broken = {
      name: 'broken.gesso.zip',
      mimeType: 'application/zip',
      buffer: Buffer.from('no'),
    };
    page.on('dialog', (dialog) => void dialog.accept()); // it may take the place of what there is
    await page.getByLabel('A project file').setInputFiles(broken);
    await expect(page.locator('[data-model-trouble]')).toBeVisible();
    await expect(pictures(page, 'Cup')).toHaveCount(2);
    await expect(hold(page, 'Cup')).not.toHaveAttribute('aria-disabled', 'true');
  });

  test('a download is a project that opens again', async ({ page }) => {
    await openPage(page);
    await teach(page, 4);
    await page.getByLabel('What it is called').fill('Cups');
    const download = page.waitForEvent('download');
    await button(page, 'As a project').click();
    const file = await download;
    expect(file.suggestedFilename()).toBe('cups.gesso.zip');
    const folder = resolve(import.meta.dirname, '../../build/playwright-projects');
    mkdirSync(folder, { recursive: true });
    const path = resolve(folder, 'cups.gesso.zip');
    writeFileSync(path, readFileSync(await file.path()));
    const [shot] = shots('Cat', 1, 'right');
    const before = await ask(page, shot);
    await page.reload();
    await expect(page.getByText('Teach it first.')).toBeVisible({ timeout: 20_000 });
    await page.getByLabel('A project file').setInputFiles(path);
    for (const name of names) await expect(pictures(page, name)).toHaveCount(4);
    await expect(page.getByLabel('What it is called')).toHaveValue('Cups');
    expect(await ask(page, shot)).toEqual(before);
  });

  test('a project file asks before it takes the place of what is kept', async ({ page }) => {
    const folder = resolve(import.meta.dirname, '../../build/playwright-projects');
    mkdirSync(folder, { recursive: true });
    const path = resolve(folder, 'two-cats.gesso.zip');
    await openPage(page);
    await give(page, 'Class 1', shots('Cat', 2));
    await expect(pictures(page, 'Class 1')).toHaveCount(2);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      button(page, 'As a project').click(),
    ]);
    await download.saveAs(path);
    // What is saved, and not kept here, goes without a question.
    await page.getByLabel('A project file').setInputFiles(path);
    await expect(page.getByText('Teach it first.')).toBeVisible();
    await expect(pictures(page, 'Class 1')).toHaveCount(2);

    await page.getByLabel('Keep it in this browser as I go').check();
    await give(page, 'Class 1', shots('Cup', 3));
    await expect(pictures(page, 'Class 1')).toHaveCount(5);
    await expect(page.locator('[data-kept-told]')).toHaveText(/^Kept in this browser, /);
    const asked: string[] = [];
    const answers = [false, true];
    page.on('dialog', (dialog) => {
      asked.push(dialog.message());
      void (answers.shift() ? dialog.accept() : dialog.dismiss());
    });
    await page.getByLabel('A project file').setInputFiles(path);
    await expect
      .poll(() => asked)
      .toEqual(['All 5 pictures go. Open two-cats.gesso.zip in their place?']);
    await page.waitForTimeout(1500); // until it would have been saved
    await page.reload();
    await expect(page.getByText('Opened again as it was kept here.')).toBeVisible({
      timeout: 20_000,
    });
    await expect(pictures(page, 'Class 1')).toHaveCount(5);
    await page.getByLabel('A project file').setInputFiles(path);
    await expect(pictures(page, 'Class 1')).toHaveCount(2);
    expect(asked).toHaveLength(2);
  });

  test('works where the browser refuses locks', async ({ page }) => {
    await page.addInitScript(() => {
      LockManager.prototype.request = async () => {
        throw new DOMException('Access to the lock manager is denied', 'SecurityError');
      };
    });
    await openPage(page);
    await give(page, 'Class 1', shots('Cup', 2));
    await expect(pictures(page, 'Class 1')).toHaveCount(2);
  });

  test('begins anew when that is meant, and forgets what it has learned', async ({ page }) => {
    await openPage(page);
    await teach(page, 4);
    const answers = [false, true];
    page.on('dialog', (dialog) => void (answers.shift() ? dialog.accept() : dialog.dismiss()));
    await button(page, 'Begin anew').click();
    await expect(pictures(page, 'Cup')).toHaveCount(4);
    await button(page, 'Begin anew').click();
    await expect(page.getByText('Teach it first.')).toBeVisible({ timeout: 20_000 });
    await expect(pictures(page, 'Class 1')).toHaveCount(0);
    await expect(button(page, 'Train')).toBeDisabled();
  });

  test('the model is not given away before it is said who is seen', async ({ page }) => {
    await openPage(page);
    await teach(page, 4);
    const model = button(page, 'As a model');
    await expect(model).toBeDisabled();
    await expect(
      page.getByText('Before you give it away, say: who is in the pictures.'),
    ).toBeVisible();
    await page.getByLabel('Nobody was asked.').check();
    await expect(model).toBeDisabled();
    await page.getByLabel('Only me.').check();
    const downloads: string[] = [];
    page.on('download', (download) => downloads.push(download.suggestedFilename()));
    for (const [name, files] of [
      ['As a model', ['my-classes.json', 'my-classes.weights.bin']],
      ['As a page', ['my-classes.html']],
      ['For Teachable Machine', ['my-classes.zip']],
    ] as const) {
      await button(page, name).click();
      await expect.poll(() => downloads.toSorted(), { timeout: 20_000 }).toEqual(files);
      await expect(page.locator('[data-share-told]')).toHaveText('It is among your downloads.');
      downloads.length = 0;
    }
  });

  test.describe('on a phone', () => {
    test.use({ viewport: { width: 360, height: 740 }, hasTouch: true });

    test('a finger holds the button, and the camera stays in sight', async ({ page }) => {
      await openPage(page);
      await button(page, 'Use the camera').tap();
      await expect.poll(() => cameraRuns(page)).toBe(true);
      const last = hold(page, 'Class 3');
      await last.scrollIntoViewIfNeeded();
      const box = await last.boundingBox();
      const finger = { x: (box?.x ?? 0) + 40, y: (box?.y ?? 0) + 20 };
      const devtools = await page.context().newCDPSession(page);
      const touch = (type: 'touchStart' | 'touchEnd', touchPoints: (typeof finger)[]) =>
        devtools.send('Input.dispatchTouchEvent', { type, touchPoints });
      await touch('touchStart', [finger]);
      await expect.poll(() => pictures(page, 'Class 3').count()).toBeGreaterThan(2);
      await touch('touchEnd', []);
      await expect(card(page, 'Class 3')).not.toHaveClass(/recording/);
      await expect(page.locator('[data-peek]')).toBeVisible();
      await expectNoSidewaysScroll(page);
      await picture(page, 'teach-phone-camera');
      await expectNothingForAxe(page);
    });
  });
});

test('without a camera it says so, and pictures work', async ({ page }) => {
  needs(mobilenet, photo('coffee.png'));
  await page.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = async () => {
      throw new DOMException('Requested device not found', 'NotFoundError');
    };
  });
  await openPage(page);
  await hold(page, 'Class 1').hover();
  await page.mouse.down();
  await expect(page.locator('[data-picture-trouble]')).toContainText('Requested device not found');
  await expect(card(page, 'Class 1')).not.toHaveClass(/recording/);
  await page.mouse.up();
  await give(page, 'Class 1', shots('Cup', 2));
  await expect(pictures(page, 'Class 1')).toHaveCount(2);
});

test('without the base model it says what can be done, and the small one learns', async ({
  page,
}) => {
  await page.route('**/models/index.json', (route) => route.fulfill({ json: [] }));
  await page.goto('/teach/');
  await expect(page.getByText('It has no eyes yet.')).toBeVisible();
  await expect(page.locator('[data-offer]')).toContainText('mobilenet');
  await expect(hold(page, 'Class 1')).toHaveAttribute('aria-disabled', 'true');
  await expectNothingForAxe(page);
  await button(page, 'Use the small one').click();
  await expect(page.getByText('Teach it first.')).toBeVisible({ timeout: 20_000 });
  await button(page, 'Try it with paintings').click();
  await expect(pictures(page, 'Moons')).toHaveCount(12);
  await button(page, 'Train').click();
  await expect(course(page)).toHaveText('It has learned.', { timeout: 30_000 });
  await expect(page.locator('[data-verdict]')).toHaveText(/are right/);
});
