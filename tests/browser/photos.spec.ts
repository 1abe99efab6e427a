// The photo demo, as a visitor uses it.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { answer, digits, drop, expect, mobilenet, needs, photo, test } from './page.js';

const digitFiles = ['model.json', 'weights.bin', 'gesso.json'].map((file) => resolve(digits, file));

test.describe('the photo demo', () => {
  test('names the espresso in the first photo', async ({ page }) => {
    needs(mobilenet, photo('coffee.png'));
    await page.goto('/image-classifier/');
    await expect(answer(page)).toHaveText('espresso');
    await expect(page.locator('[data-opinion]')).toHaveText('It looks like');
    const best = page.locator('.bars .best');
    await expect(best.locator('.label')).toHaveText('espresso');
    const confidence = Number.parseFloat(await best.locator('.percent').innerText());
    expect(confidence).toBeGreaterThanOrEqual(90);
    expect(confidence).toBeLessThanOrEqual(95);
    await expect(page.locator('.bars li')).toHaveCount(5);
    await expect(page.locator('[data-time]')).toHaveText(/^\d+(\.\d)? ms$/);
    await expect(page.locator('[data-build]')).toHaveText(/^(relaxed|simd)$/);
    await expect(page.locator('[data-model]')).toHaveText('mobilenet');
    await expect(page.locator('[data-spoken]')).toHaveText(/^espresso, 9\d % sure$/);
    await page.getByText('What this model learned, and gets wrong').click();
    await expect(page.locator('[data-card]')).toContainText('ImageNet');
  });

  test('names a photo that was chosen, pasted or dropped', async ({ page }) => {
    needs(mobilenet, photo('coffee.png'), photo('chelsea.png'));
    await page.goto('/image-classifier/');
    await expect(answer(page)).toHaveText('espresso');

    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose a picture' }).click();
    await (await chooser).setFiles(photo('chelsea.png'));
    await expect(answer(page)).toHaveText('Egyptian cat');
    await expect(page.getByRole('img', { name: 'chelsea.png' })).toBeVisible();

    await page.evaluate(
      (bytes) => {
        const data = new DataTransfer();
        const png = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0));
        data.items.add(new File([png], 'image.png', { type: 'image/png' }));
        window.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data }));
      },
      readFileSync(photo('coffee.png')).toString('base64'),
    );
    await expect(answer(page)).toHaveText('espresso');

    await drop(page, [photo('chelsea.png')]);
    await expect(answer(page)).toHaveText('Egyptian cat');
  });

  test('works by keyboard alone', async ({ page }) => {
    await page.goto('/image-classifier/');
    await expect(answer(page)).not.toBeEmpty();
    const seven = page.getByRole('button', { name: 'Look at a painted seven' });
    for (let i = 0; i < 30; ++i) {
      if (await seven.evaluate((button) => button === document.activeElement)) break;
      await page.keyboard.press('Tab');
    }
    await expect(seven).toBeFocused();
    const outline = await seven.evaluate((button) => getComputedStyle(button).outlineWidth);
    expect(outline).toBe('3px');
    await page.keyboard.press('Enter');
    await expect(seven).toHaveAttribute('aria-pressed', 'true');
    await expect(page.getByRole('img', { name: 'a painted seven' })).toBeVisible();
  });

  test('changes the model from the shelf', async ({ page }) => {
    await page.goto('/image-classifier/');
    await expect(answer(page)).not.toBeEmpty();
    await page.getByLabel('On this machine').selectOption('digits');
    await page.getByRole('button', { name: 'Look at a painted seven' }).click();
    await expect(answer(page)).toHaveText('7');
    await expect(page.locator('[data-model]')).toHaveText('digits');
  });

  test('takes a dropped model', async ({ page }) => {
    await page.goto('/image-classifier/');
    await expect(answer(page)).not.toBeEmpty();
    await page.getByRole('button', { name: 'Look at a painted seven' }).click();
    await drop(page, digitFiles);
    await expect(answer(page)).toHaveText('7');
    await expect(page.locator('.bars .best .percent')).toHaveText(/(9\d(\.\d)?|100) %$/);
  });

  test('takes the folder of a model', async ({ page }) => {
    await page.goto('/image-classifier/');
    await expect(answer(page)).not.toBeEmpty();
    await page.getByRole('button', { name: 'Look at a painted seven' }).click();
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose a folder' }).click();
    await (await chooser).setFiles(digits);
    await expect(answer(page)).toHaveText('7');
  });

  test('says what is missing from a dropped model', async ({ page }) => {
    await page.goto('/image-classifier/');
    await expect(answer(page)).not.toBeEmpty();
    await drop(page, [resolve(digits, 'model.json')]);
    const trouble = page.locator('[data-model-trouble]');
    await expect(trouble).toContainText('it names a file that was not given');
    await expect(trouble.locator('dd').first()).toHaveText('weights.bin');
    await expect(trouble.locator('.try')).toContainText('the file weights.bin');
  });

  test('says that a file is no picture', async ({ page }) => {
    await page.goto('/image-classifier/');
    await expect(answer(page)).not.toBeEmpty();
    await drop(page, [resolve(digits, 'weights.bin')]);
    const trouble = page.locator('[data-picture-trouble]');
    await expect(trouble).toContainText('the browser cannot show this file');
    await expect(trouble).toContainText('weights.bin');
  });

  test('shows how much has loaded, and can be cancelled', async ({ page }) => {
    await page.goto('/image-classifier/');
    await expect(answer(page)).not.toBeEmpty();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.context().route('**/digits/weights.bin', async (route) => {
      await held;
      await route.continue();
    });
    await page.getByLabel('On this machine').selectOption('digits');
    await expect(page.locator('[data-bytes]')).toHaveText(/^digits: \d+ KB of 18\d KB$/);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect(page.locator('[data-opinion]')).toHaveText('Loading was cancelled.');
    await expect(page.locator('[data-loading]')).toBeHidden();
    await expect(page.locator('[data-model-trouble]')).toBeHidden();
    release();
  });
});

test.describe('an address without a model', () => {
  test.use({ allowed: [/404/] });

  test('is answered with what, where and what to try', async ({ page, baseURL }) => {
    await page.goto('/image-classifier/');
    await expect(answer(page)).not.toBeEmpty();
    await page.getByLabel('By name or address').fill(`${baseURL}/models/nowhere/model.json`);
    await page.getByRole('button', { name: 'Load' }).click();
    const trouble = page.locator('[data-model-trouble]');
    await expect(trouble.locator('.what')).toHaveText('model.json: the file is not there.');
    await expect(trouble).toContainText(`${baseURL}/models/nowhere/model.json`);
    await expect(trouble).toContainText('404');
    await expect(trouble.locator('.try')).toContainText('Try');
    await expect(page.locator('[data-opinion]')).toHaveText('No model is loaded.');
  });
});
