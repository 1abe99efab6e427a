// The page of doubts: maps of what a network looks at, attacks, and dreams.
import { resolve } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { axe, expect, mobilenet, needs, photo, picture, test } from './page.js';

const says = (page: Page) => page.locator('[data-model-says]');
const deceived = (page: Page) => page.locator('[data-deceived]');

/** How much the colours of a canvas differ from each other: 0 for a plain one. */
async function spread(canvas: Locator): Promise<number> {
  return canvas.evaluate((canvas: HTMLCanvasElement) => {
    const { width, height } = canvas;
    const pixels = canvas.getContext('2d')?.getImageData(0, 0, width, height).data ?? [];
    let [sum, squares, count] = [0, 0, 0];
    for (let i = 1; i < pixels.length; i += 4) {
      const value = pixels[i] ?? 0;
      sum += value;
      squares += value * value;
      count++;
    }
    return Math.sqrt(squares / count - (sum / count) ** 2);
  });
}

async function expectNothingForAxe(page: Page): Promise<void> {
  const { violations } = await axe(page).analyze();
  const found = violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  expect(found).toEqual([]);
}

test('shows what a MobileNet looks at, deceives it, and lets it dream', async ({ page }) => {
  needs(resolve(mobilenet, 'model.json'), photo('coffee.png'));
  await page.goto('/doubt/');
  await expect(says(page)).toHaveText(/“espresso”/, { timeout: 30_000 });
  expect(await spread(page.locator('[data-look]'))).toBeGreaterThan(15);
  await expect(deceived(page)).toHaveText(/^espresso → (?!espresso)/);

  const slider = page.getByRole('slider', { name: /Change of each colour/ });
  await slider.focus();
  await page.keyboard.press('Home');
  await expect(deceived(page)).toHaveText(/^espresso → espresso/);
  await page.keyboard.press('End');
  await expect(deceived(page)).toHaveText(/^espresso → (?!espresso)/);
  await expect(page.getByText('8 %')).toBeVisible();

  const dream = page.locator('[data-dream]');
  await expect(dream).toHaveAttribute('aria-label', /goldfish/);
  const progress = page.locator('[data-dream-progress]');
  await expect
    .poll(() => progress.evaluate((bar: HTMLProgressElement) => bar.value), { timeout: 30_000 })
    .toBe(1);
  expect(await spread(dream)).toBeGreaterThan(10);
  await expectNothingForAxe(page);
  await picture(page, 'doubt');

  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Keep the picture' }).click();
  expect((await download).suggestedFilename()).toBe('goldfish.png');

  await page.getByRole('radio', { name: 'by hiding parts' }).check();
  const map = page.locator('[data-look-progress]');
  await expect.poll(() => map.evaluate((bar: HTMLProgressElement) => bar.value)).toBe(1);
  await expect(page.locator('[data-look]')).toHaveAttribute('aria-label', /espresso/);
});

test('dreams by keyboard, wakes up, and says what it does not know', async ({ page }) => {
  needs(resolve(mobilenet, 'model.json'), photo('coffee.png'));
  await page.goto('/doubt/');
  await expect(says(page)).toHaveText(/“/, { timeout: 30_000 });
  const word = page.getByRole('combobox', { name: 'A class' });
  await word.fill('monarch');
  await word.press('Enter');
  await expect(page.locator('[data-dream]')).toHaveAttribute('aria-label', /monarch/);
  const wake = page.getByRole('button', { name: 'Wake up' });
  await expect(wake).toBeEnabled();
  await wake.press('Enter');
  await expect(wake).toBeDisabled();
  await expect(page.locator('[data-dream-trouble]')).toBeHidden();
  await word.fill('unicorn');
  await word.press('Enter');
  await expect(page.locator('[data-dream-trouble]')).toContainText(
    'the model has no class "unicorn"',
  );
});

test('asks the digits’ network where there is no other', async ({ page }) => {
  await page.route('**/models/index.json', (route) => route.fulfill({ json: [] }));
  await page.route('**/photos/index.json', (route) => route.fulfill({ json: [] }));
  await page.goto('/doubt/');
  await expect(says(page)).toHaveText(/It says “\d”/, { timeout: 30_000 });
  await expect(deceived(page)).toHaveText(/^\d → \d/);
  await expect(page.getByRole('listitem').filter({ has: page.locator('.sample') })).toHaveCount(10);
  const progress = page.locator('[data-dream-progress]');
  await expect
    .poll(() => progress.evaluate((bar: HTMLProgressElement) => bar.value), { timeout: 30_000 })
    .toBe(1);
  await expectNothingForAxe(page);
  await page.setViewportSize({ width: 360, height: 720 });
  const wider = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  expect(wider).toBe(false);
  await picture(page, 'doubt-digits');
});
