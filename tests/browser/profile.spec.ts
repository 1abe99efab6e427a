// profile() in a page, with a worker and without; and the page that shows where the time goes.
import { resolve } from 'node:path';
import { axe, digits, drop, expect, expectNoSidewaysScroll, picture, test } from './page.js';
import { serveLibrary } from './server.js';

const dist = resolve(import.meta.dirname, '../../dist');

test.describe('in a page', () => {
  let server: Awaited<ReturnType<typeof serveLibrary>>;
  test.beforeAll(async () => {
    server = await serveLibrary(dist);
  });
  test.afterAll(() => server.close());

  for (const worker of [true, false]) {
    test(`times a classifier ${worker ? 'in a worker' : 'without one'}`, async ({ browser }) => {
      const page = await browser.newPage();
      await page.goto(server.address);
      const [result, rows, still] = await page.evaluate(async (worker) => {
        const { imageClassifier, profile, profileTable } = await import('gesso');
        const classifier = await imageClassifier('digits', { worker });
        const canvas = document.createElement('canvas');
        canvas.width = canvas.height = 300;
        canvas.getContext('2d')?.fillRect(100, 50, 30, 200);
        const result = await profile(classifier, { input: canvas });
        const [best] = await classifier.classify(canvas);
        return [result, profileTable(result), best?.label];
      }, worker);
      await page.close();
      expect(result).toMatchObject({ model: 'digits', what: 'run', worker });
      // The clock ticks more seldom than most operators take, and yet each has its time.
      expect(result.clock).toBeGreaterThanOrEqual(0.005);
      expect(result.runs).toBeGreaterThan(50);
      const convolutions = result.operators.filter(({ operator }) => operator === 'conv2d');
      for (const { mean } of convolutions) expect(mean).toBeGreaterThan(0);
      expect(result.stages.picture).toBeGreaterThan(0);
      expect(rows).toHaveLength(result.operators.length);
      expect(still).toMatch(/\d/);
    });
  }
});

test.describe('the page', () => {
  test.beforeEach(async ({ page }) => {
    await page.goto('/profile/');
    await page
      .getByLabel('A model')
      .selectOption({ label: 'digits (0.2 MB)' })
      .catch(() => {});
  });

  const flame = '[data-flame]';

  test('shows where the time of an answer goes, and the same in numbers', async ({ page }) => {
    const answer = page.locator('[data-answer]');
    await expect(answer).toHaveText(/^[\d.]+ ms$/, { timeout: 30_000 });
    const parts = page.locator(`${flame} button`);
    await expect(parts.first()).toHaveAttribute('aria-label', /[\d.]+ ms, all of it$/);
    const count = await parts.count();
    expect(count).toBeGreaterThan(8);
    const rows = page.locator('[data-table] tbody tr');
    const operators = await rows.count();
    expect(operators).toBeGreaterThan(4);

    const times = async () =>
      (await page.locator('[data-table] td:nth-last-child(2)').allInnerTexts()).map((text) =>
        Number.parseFloat(text.replace('< ', '')),
      );
    const falling = await times();
    expect(falling).toEqual([...falling].sort((a, b) => b - a));
    await page.getByRole('button', { name: 'Time', exact: true }).click();
    await expect(page.getByRole('columnheader', { name: 'Time' })).toHaveAttribute(
      'aria-sort',
      'ascending',
    );
    await expect(page.getByRole('button', { name: 'Time', exact: true })).toBeFocused();
    const rising = await times();
    expect(rising).toEqual([...rising].sort((a, b) => a - b));

    await page.getByRole('button', { name: 'By kind' }).click();
    await expect(page.getByRole('columnheader', { name: 'Calls' })).toBeVisible();
    expect(await rows.count()).toBeLessThan(operators);
    const calls = await page.locator('[data-table] td:nth-child(3)').allInnerTexts();
    expect(calls.reduce((sum, text) => sum + Number(text), 0)).toBe(operators);

    await expect(page.locator('[data-first]')).toContainText(/First run\s*[\d.]+ ms/);
    await expect(page.locator('[data-memory]')).toContainText(/Weights\s*[\d.]+ [KM]B/);
    await expect(page.locator('[data-facts]')).toContainText(/in a worker/);
  });

  test('is played on the keyboard', async ({ page }) => {
    await expect(page.locator('[data-answer]')).toHaveText(/ms/, { timeout: 30_000 });
    await page.locator(`${flame} button[tabindex="0"]`).focus();
    const told = page.locator('[data-part]');
    await page.keyboard.press('ArrowDown');
    await expect(told).not.toContainText('all of it');
    while (!(await told.innerText()).startsWith('The network runs')) {
      await page.keyboard.press('ArrowRight');
    }
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await expect(told).toContainText(/by (XNNPACK|a SIMD kernel|plain C\+\+) → [\d ×]+/);
    const here = page.locator(`${flame} button:focus`);
    const [before, whole] = [await here.boundingBox(), await page.locator(flame).boundingBox()];
    await page.keyboard.press('Enter');
    await expect
      .poll(async () => (await here.boundingBox())?.width)
      .toBeCloseTo(whole?.width ?? 0, 0);
    expect(before?.width).toBeLessThan(whole?.width ?? 0);
    await page.keyboard.press('Escape');
    await expect(told).toContainText('all of it');
    await expect(page.locator(`${flame} button`).first()).toBeFocused();
    expect(await page.locator(`${flame} button[tabindex="0"]`).count()).toBe(1);
  });

  test('times a step of learning, and is for everybody', async ({ page }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await expect(page.locator('[data-answer]')).toHaveText(/ms/, { timeout: 30_000 });
    await page.getByRole('button', { name: 'A step of learning' }).click();
    await expect(page.locator('[data-opinion]')).toHaveText(/^One step of learning/, {
      timeout: 30_000,
    });
    await expect(page.locator(flame).getByText('gradient of conv2d_2').first()).toBeVisible();
    await expect(page.getByRole('cell', { name: 'adam' }).first()).toBeVisible();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const { violations } = await axe(page).analyze();
      expect(violations).toEqual([]);
      await picture(page, `profile-learning-${colorScheme}`);
    }
    await page.setViewportSize({ width: 390, height: 800 });
    await expectNoSidewaysScroll(page);
  });

  test('runs a sketch that somebody has changed, and a model that is dropped', async ({ page }) => {
    await expect(page.locator('[data-answer]')).toHaveText(/ms/, { timeout: 30_000 });
    const sketch = page.getByRole('textbox', { name: 'The sketch' });
    const text = await sketch.innerText();
    await sketch.fill(text.replace('{ input }', '{ input, runs: 7 }'));
    await page.getByRole('button', { name: 'Run it' }).click();
    await expect(page.locator('[data-facts]')).toContainText(/Runs\s*7/);

    const files = ['model.json', 'weights.bin'].map((name) => resolve(digits, name));
    await drop(page, files);
    await expect(page.locator('[data-table]')).toContainText('softmax');
    await expect(page.locator('[data-memory]')).toContainText(/Weights\s*182 KB/);
  });

  test('says what is wrong with a model that is not there', async ({ page }) => {
    await expect(page.locator('[data-answer]')).toHaveText(/ms/, { timeout: 30_000 });
    await page.getByLabel('By name or address').fill('mobilnet');
    await page.getByRole('button', { name: 'Load', exact: true }).click();
    await expect(page.getByRole('alert').filter({ hasText: 'mobilenet' })).toBeVisible();
    await expect(page.locator('[data-opinion]')).toHaveText('No model is loaded.');
    await page.getByRole('button', { name: 'A step of learning' }).click();
    await expect(page.locator('[data-answer]')).toHaveText(/ms/, { timeout: 30_000 });
  });
});
