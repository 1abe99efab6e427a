// The sketch beside the picture, changed and run in place.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { answer, expect, nameTwoColours, test } from './page.js';

const sketches = resolve(import.meta.dirname, '../../web/demos');
const policy = "script-src 'self' 'wasm-unsafe-eval'"; // changed sketches run in a frame with its own

// A page that the test has passed on may not reach the server's reloading.
test.use({ allowed: [/websocket/i] });

/** Opens a demo under a strict policy; gives the field with its sketch. */
async function open(page: Page, demo: string) {
  await page.route(`**/${demo}/`, async (route) => {
    const response = await route.fetch();
    const headers = { ...response.headers(), 'content-security-policy': policy };
    await route.fulfill({ response, headers });
  });
  await page.goto(`/${demo}/`);
  const field = page.getByRole('textbox', { name: 'The sketch' });
  const [, ...lines] = readFileSync(resolve(sketches, demo, 'sketch.js'), 'utf8').split('\n');
  await expect(field).toHaveText(lines.join('\n').trim());
  return field;
}

const status = (page: Page) => page.locator('[data-sketch-status]');
const trouble = (page: Page) => page.locator('[data-sketch-trouble]');

test.describe('the digits sketch', () => {
  test.beforeEach(async ({ page }) => {
    const field = await open(page, 'digits');
    await expect(page.locator('[data-opinion]')).toHaveText(/^Draw a digit/);
    await page.getByRole('button', { name: 'Write a 4 on the pad' }).click();
    await expect(answer(page)).toHaveText('4');
    await expect(field).toBeEditable();
  });

  const change = async (page: Page, from: string, to: string) => {
    const field = page.getByRole('textbox', { name: 'The sketch' });
    await field.fill((await field.innerText()).replace(from, to));
    return field;
  };

  test('runs as it is', async ({ page }) => {
    await page.getByRole('button', { name: 'Run it' }).click();
    await expect(status(page)).toHaveText('The sketch runs as it was.');
    await page.getByRole('button', { name: 'Write a 7 on the pad' }).click();
    await expect(answer(page)).toHaveText('7');
  });

  test('does what it was changed to, from the keyboard, again and again', async ({ page }) => {
    const words = 'labels: "zero one two three four five six seven eight nine".split(" ")';
    let field = await change(page, "'digits', options", `'digits', { ...options, ${words} }`);
    await field.press('Control+Enter');
    await expect(status(page)).toHaveText('Your sketch runs.');
    await expect(answer(page)).toHaveText('four');
    field = await change(page, 'four', 'vier');
    await field.press('Control+Enter');
    await expect(answer(page)).toHaveText('vier');
    await expect(field.locator('.keyword').first()).toHaveText('import');

    await page.keyboard.press('Tab'); // the field is no trap
    await expect(page.getByRole('button', { name: 'Run it' })).toBeFocused();
    await page.getByRole('button', { name: 'As it was' }).click();
    await expect(answer(page)).toHaveText('4');
    await expect(field).toContainText("imageClassifier('digits', options)");
    await expect(trouble(page)).toBeHidden();
  });

  for (const [what, from, to, expected] of [
    [
      'a mistyped option',
      "'digits', options",
      "'digits', { topk: 3 }",
      /there is no option "topk"/,
    ],
    ['a syntax error', 'studio.onModel(', 'studio.onModel((', /^SyntaxError: /],
    ['an unknown name', 'drawing, 10', 'drwing, 10', /drwing is not defined/],
    ['an import of nothing', '../studio/drawing.ts', 'nowhere', /^TypeError: .*nowhere/],
  ] as const) {
    test(`says beside it what is wrong: ${what}`, async ({ page }) => {
      await change(page, from, to);
      await page.getByRole('button', { name: 'Run it' }).click();
      await page.getByRole('button', { name: 'Write a 7 on the pad' }).click();
      await expect(trouble(page).locator('.what')).toHaveText(expected);
      await expect(page.locator('[data-model-trouble]')).toBeHidden();

      await page.getByRole('button', { name: 'As it was' }).click();
      await expect(trouble(page)).toBeHidden();
      await expect(answer(page)).toHaveText('7');
    });
  }
});

test('the photo sketch runs anew with the model and the picture that there are', async ({
  page,
}) => {
  const field = await open(page, 'image-classifier');
  await expect(answer(page)).not.toBeEmpty();
  await expect(page.locator('[data-bars] li')).toHaveCount(5);
  const word = await answer(page).innerText();
  const samples = await page.locator('[data-samples] li').count();
  await field.fill((await field.innerText()).replace('topK: 5', 'topK: 2'));
  await field.press('Control+Enter');
  await expect(page.locator('[data-bars] li')).toHaveCount(2);
  await expect(answer(page)).toHaveText(word);
  await expect(page.locator('[data-samples] li')).toHaveCount(samples);

  await field.fill((await field.innerText()).replace('topK: 2', 'topk: 2'));
  await field.press('Control+Enter');
  await expect(trouble(page).locator('.what')).toHaveText(/there is no option "topk"/);
});

test('the points sketch trains another network once it was changed', async ({ page }) => {
  const field = await open(page, 'points');
  const train = page.getByRole('button', { name: 'Train', exact: true });
  await train.click();
  await expect(page.locator('[data-epochs]')).toHaveText(/^\d{2}/);
  await field.fill((await field.innerText()).replace('epochs: 300', 'epochs: 12'));
  await field.press('Control+Enter');
  await expect(status(page)).toHaveText('Your sketch runs.');
  await expect(page.locator('[data-epochs]')).toHaveText('0');
  await train.click();
  await expect(page.locator('[data-spoken]')).toHaveText(/^After 12 epochs/);

  await field.fill((await field.innerText()).replace("name: 'adam'", "name: 'adamm'"));
  await field.press('Control+Enter');
  await expect(status(page)).toHaveText('Your sketch runs.');
  await train.click();
  await expect(trouble(page).locator('.what')).toHaveText(/there is no optimizer "adamm"/);
  await expect(page.locator('[data-model-trouble]')).toBeHidden();
});

test('the colours sketch learns anew once it was changed', async ({ page }) => {
  await page.route('**/data/index.json', (route) => route.fulfill({ json: [] }));
  const field = await open(page, 'colours');
  await nameTwoColours(page);
  await expect(answer(page)).toHaveText('bright', { timeout: 20_000 });
  await field.fill((await field.innerText()).replace("'classification'", "'clasification'"));
  await field.press('Control+Enter');
  await expect(trouble(page).locator('.what')).toHaveText(/task must be/);
  await page.getByRole('button', { name: 'As it was' }).click();
  await expect(page.locator('[data-learned]')).toHaveText('It has learned.', { timeout: 20_000 });
  await expect(trouble(page)).toBeHidden();
});
