// The gallery, and what every page must be: wide enough for a phone, and named for everybody.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, expectNoSidewaysScroll, picture, test } from './page.js';

const demos = resolve(import.meta.dirname, '../../web/demos');
const demoNames = [
  'background',
  'body',
  'colours',
  'digits',
  'face',
  'image-classifier',
  'map',
  'mnist',
  'points',
  'profile',
  'voice',
  'write',
];
const pages = ['', ...demoNames.map((name) => `${name}/`), 'storage/'];

test('the gallery shows each demo with the first comment of its sketch', async ({ page }) => {
  await page.goto('/');
  for (const demo of demoNames) {
    const sketch = readFileSync(resolve(demos, demo, 'sketch.js'), 'utf8');
    const caption = sketch.split('\n')[0]?.replace('// ', '') ?? '';
    const card = page.getByRole('main').getByRole('link', { name: caption });
    await expect(card).toBeVisible();
    await card.click();
    await expect(page.locator('[data-caption]')).toHaveText(caption);
    await expect(page.locator('[data-code]')).toContainText("from 'gesso'");
    await expect(page.getByText('What leaves this machine: nothing.')).toBeVisible();
    await page.getByRole('link', { name: 'gesso: all demos' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(/primed for the canvas/);
  }
});

for (const path of pages) {
  for (const [device, width, height] of [
    ['phone', 360, 740],
    ['tablet', 820, 1180],
    ['desktop', 1440, 900],
  ] as const) {
    test(`/${path} fits a ${device}`, async ({ page }) => {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ reducedMotion: 'reduce' });
      await page.goto(`/${path}`);
      await page.waitForLoadState('networkidle');
      if (path === 'digits/') {
        await page.getByRole('button', { name: 'Write a 7 on the pad' }).click();
        await expect(page.locator('[data-answer]')).toHaveText('7');
      }
      const name = path.replace('/', '') || 'gallery';
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await expectNoSidewaysScroll(page);
        expect(await namelessElements(page)).toEqual([]);
        await picture(page, `${name}-${device}-${colorScheme}`);
      }
    });
  }
}

/** What can be used or looked at, and has no name that is read aloud. */
function namelessElements(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    Array.from(document.querySelectorAll('button, a, input, select, img, canvas, video'))
      .filter((element) => element.checkVisibility())
      .filter(
        (element) =>
          !element.getAttribute('aria-label') &&
          !element.textContent?.trim() &&
          !(element instanceof HTMLInputElement && element.labels?.length) &&
          !(element instanceof HTMLSelectElement && element.labels.length) &&
          !(element instanceof HTMLImageElement && element.hasAttribute('alt')) &&
          !element.closest('button[aria-label]'),
      )
      .map((element) => element.outerHTML.slice(0, 80)),
  );
}
