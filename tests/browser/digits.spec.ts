// The drawing pad, by mouse, finger and keyboard.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { curve, type Stroke } from '../../web/demos/digits/asDigit.js';
import { answer, digits, expect, test } from './page.js';

interface Sample {
  label: string;
  strokes: Stroke[];
}

const samples: Sample[] = JSON.parse(readFileSync(resolve(digits, 'samples.json'), 'utf8')).digits;

async function open(page: Page): Promise<void> {
  await page.goto('/digits/');
  await expect(page.locator('[data-opinion]')).toHaveText(/^Draw a digit/);
}

/** Draws strokes with the mouse, in the middle of the pad. */
async function draw(page: Page, strokes: readonly Stroke[]): Promise<void> {
  const box = await page.locator('[data-pad]').boundingBox();
  if (!box) throw new Error('the pad is not on the page');
  const at = ([x, y]: Stroke[number]) =>
    [box.x + box.width * (0.2 + 0.006 * x), box.y + box.height * (0.2 + 0.006 * y)] as const;
  for (const stroke of strokes) {
    const [first, ...rest] = curve(stroke, 3);
    if (!first) continue;
    await page.mouse.move(...at(first));
    await page.mouse.down();
    for (const point of rest) await page.mouse.move(...at(point));
    await page.mouse.up();
  }
}

test.describe('the drawing pad', () => {
  test('reads every digit that the mouse draws', async ({ page }) => {
    await open(page);
    for (const { label, strokes } of samples) {
      await draw(page, strokes);
      await expect(answer(page)).toHaveText(label);
      await page.getByRole('button', { name: 'Clear' }).click();
      await expect(answer(page)).toBeEmpty();
    }
  });

  test('guesses while the pen is still down', async ({ page }) => {
    await open(page);
    const box = await page.locator('[data-pad]').boundingBox();
    await page.mouse.move((box?.x ?? 0) + 150, (box?.y ?? 0) + 60);
    await page.mouse.down();
    await page.mouse.move((box?.x ?? 0) + 150, (box?.y ?? 0) + 300, { steps: 20 });
    await expect(answer(page)).toHaveText('1');
    await expect(page.locator('[data-time]')).toHaveText(/ms$/);
    await page.mouse.up();
  });

  test('takes back one stroke', async ({ page }) => {
    await open(page);
    const four = samples.find(({ label }) => label === '4');
    await draw(page, four?.strokes ?? []);
    await expect(answer(page)).toHaveText('4');
    await page.getByRole('button', { name: 'Undo a stroke' }).click();
    await expect(answer(page)).not.toHaveText('4');
    await page.getByRole('button', { name: 'Undo a stroke' }).click();
    await expect(answer(page)).toBeEmpty();
  });

  test('draws with the arrow keys', async ({ page }) => {
    await open(page);
    await page.locator('[data-pad]').focus();
    const press = async (key: string, times = 1) => {
      for (let i = 0; i < times; ++i) await page.keyboard.press(key);
    };
    await press('ArrowUp', 6);
    await press('Space');
    await press('ArrowDown', 12);
    await press('Space');
    await expect(answer(page)).toHaveText('1');
    await expect(page.locator('[data-spoken]')).toHaveText(/^1, .* sure$/);
    await press('Escape');
    await expect(answer(page)).toBeEmpty();

    await press('ArrowUp', 12);
    await press('ArrowLeft', 4);
    await press('Space');
    await press('ArrowRight', 8);
    await press('ArrowDown', 12);
    await press('Space');
    await expect(answer(page)).toHaveText('7');
    await press('Backspace');
    await expect(answer(page)).toBeEmpty();
  });

  test('writes a ready-made digit on a key press', async ({ page }) => {
    await open(page);
    await page.getByRole('button', { name: 'Write a 5 on the pad' }).focus();
    await page.keyboard.press('Enter');
    await expect(answer(page)).toHaveText('5');
    const ink = await page.locator('[data-seen]').evaluate((canvas: HTMLCanvasElement) => {
      const data = canvas.getContext('2d')?.getImageData(0, 0, 28, 28).data ?? [];
      return Array.from(data).filter((value, i) => i % 4 === 0 && value > 128).length;
    });
    expect(ink).toBeGreaterThan(60);
  });
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });

  test('reads what a finger draws, and the page does not scroll away', async ({ page }) => {
    await open(page);
    const box = await page.locator('[data-pad]').boundingBox();
    const [left, top] = [box?.x ?? 0, box?.y ?? 0];
    const session = await page.context().newCDPSession(page);
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', x = 0, y = 0) =>
      session.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: type === 'touchEnd' ? [] : [{ x: left + x, y: top + y }],
      });
    await touch('touchStart', 160, 60);
    for (let y = 70; y <= 260; y += 10) await touch('touchMove', 160, y);
    await touch('touchEnd');
    await expect(answer(page)).toHaveText('1');
    expect(await page.evaluate(() => window.scrollY)).toBe(0);
  });
});
