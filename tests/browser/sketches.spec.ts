// The pages of the sketches for p5 and ml5: each runs, on both versions of p5, and anew once it was changed.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { root } from '../blocks.js';
import { fakeCamera } from './p5Pages.js';
import { expect, mobilenet, model, needs, posenet, test } from './page.js';

test.use({ launchOptions: fakeCamera });

const folder = resolve(root, 'web/sketches');

/** What each sketch comes to say of itself. */
const words: Record<string, RegExp> = {
  camera: /The camera, captioned \w+/,
  colours: /The network calls this red after 32 epochs/,
  digits: /The pen wrote \d, the network reads \d/,
  hour: /The sky is that of 12:00, and it sees 1[123]:\d\d\./,
  keeping: /31 degrees are warm/,
  marks: /The (ring becomes a sun|peak becomes a mountain|wave becomes a sea)\./,
  moths: /Generation \d+: the best moth is \d+ pixels/,
  murmur: /It murmurs: MENENIUS:/,
  parrot: /After \d+ rounds it is surprised by [1234]\.\d/,
  pebbles: /300 pebbles, sorted by colour\./,
  photo: /^espresso; /,
  shards: /The face (is whole|flies apart)\./,
  snail: /There is (a leaf, and the snail comes out|no leaf, and the snail hides)\./,
  theremin: /The string sounds [A-G]( flat| sharp)?\./,
  two: /It reads 1\..* It reads 7\./,
  watching: /It looks, and sees [17]/,
  wave: /At a quarter the wave is y = 0\.[789]/,
  weather: /The sea has (calm|wind|storm)\./,
  weave: /checks, stripes, checks/,
};

/** The models that come from elsewhere; where there is one, the sketch waits until it is told to begin. */
const models: Record<string, string> = {
  camera: mobilenet,
  hour: mobilenet,
  photo: mobilenet,
  shards: model('facemesh_tfhub'),
  snail: mobilenet,
  theremin: posenet,
  weather: mobilenet,
};

const canvases = (page: Page) => page.frameLocator('[data-stage]').locator('canvas');

const says = (page: Page, text: RegExp) =>
  expect(async () => {
    const texts = await canvases(page).allTextContents();
    expect(texts.join(' ').replace(/\s+/g, ' ').trim()).toMatch(text);
  }).toPass({ timeout: 30_000 });

/** The version of p5 that runs in the frame. */
const versionOf = (page: Page) =>
  canvases(page)
    .first()
    .evaluate((canvas) => {
      const { p5 } = canvas.ownerDocument.defaultView as Window & { p5?: { VERSION: string } };
      return p5?.VERSION ?? '';
    });

test('there is a page for each sketch, with a picture of it', async ({ page }) => {
  const names = readdirSync(folder).filter((file) => file.endsWith('.js'));
  expect(names.map((name) => name.replace('.js', '')).sort()).toEqual(Object.keys(words).sort());
  await page.goto('/');
  for (const file of names) {
    const name = file.replace('.js', '');
    const [first = ''] = readFileSync(resolve(folder, file), 'utf8').split('\n');
    const card = page.getByRole('main').getByRole('link', { name: first.replace('// ', '') });
    await expect(card).toHaveAttribute('href', `./sketches/${name}/`);
    const picture = card.locator('img');
    await picture.scrollIntoViewIfNeeded();
    await expect
      .poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth))
      .toBeGreaterThan(300);
    expect(existsSync(resolve(root, `web/demos/public/covers/${name}.webp`))).toBe(true);
  }
});

for (const [name, text] of Object.entries(words)) {
  test(`${name} runs on its page, p5 2 and p5 1`, async ({ page }) => {
    const fetched = models[name];
    if (fetched) needs(fetched);
    await page.goto(`/sketches/${name}/`);
    const start = page.getByRole('button', { name: 'Start it' });
    if (fetched) {
      await expect(page.getByText(/downloads a model/)).toBeVisible();
      await expect(canvases(page)).toHaveCount(0);
      await start.click();
    }
    await expect(start).toBeHidden();
    await says(page, text);
    expect(await versionOf(page)).toMatch(/^2\./);
    await page.getByRole('button', { name: 'p5 1' }).click();
    await expect(page.getByRole('button', { name: 'p5 1' })).toHaveAttribute(
      'aria-pressed',
      'true',
    );
    await expect.poll(() => versionOf(page)).toMatch(/^1\./);
    await says(page, text);
    await expect(page.locator('[data-sketch-trouble]')).toBeHidden();
  });
}

test('a sketch runs anew once it was changed, and as it was', async ({ page }) => {
  await page.goto('/sketches/two/');
  await says(page, /It reads 1/);
  const field = page.getByRole('textbox', { name: 'The sketch' });
  const text = await field.innerText();
  await field.fill(text.replace('It reads $', 'That is a $'));
  await field.press('Control+Enter');
  await expect(page.getByText('Your sketch runs.')).toBeVisible();
  await says(page, /That is a 1\..* That is a 7/);
  await page.getByRole('button', { name: 'As it was' }).click();
  await says(page, /It reads 1/);
  await expect(field).toHaveText(text);
});

test.describe('what goes wrong', () => {
  test.use({ allowed: [/nowhere|MLError|SyntaxError/] });

  for (const [what, from, to, expected] of [
    [
      'in what p5 calls',
      'function draw() {',
      'function draw() { nowhere();',
      /nowhere is not defined/,
    ],
    ['in the text itself', 'function draw() {', 'function draw( {', /SyntaxError|Unexpected/],
    ['in a call of ml5', "'digits'", "'digitz'", /there is no model "digitz"/],
  ] as const) {
    test(`is told beside the sketch: ${what}`, async ({ page }) => {
      await page.goto('/sketches/digits/');
      const field = page.getByRole('textbox', { name: 'The sketch' });
      await field.fill((await field.innerText()).replace(from, to));
      await page.getByRole('button', { name: 'Run it' }).click();
      await expect(page.locator('[data-sketch-trouble] .what')).toHaveText(expected);
      await page.getByRole('button', { name: 'As it was' }).click();
      await expect(page.locator('[data-sketch-trouble]')).toBeHidden();
      await says(page, /The pen wrote/);
    });
  }
});
