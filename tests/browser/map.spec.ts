// The map of what is alike: layouts that move, a grid, names that spread, by pointer and by keys.
import type { Locator, Page } from '@playwright/test';
import { axe, drop, expect, model, needs, photo, picture, test } from './page.js';

const spoken = (page: Page) => page.locator('[data-spoken]');
const map = (page: Page) => page.locator('[data-map]');
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

/** Pretends that the server has no data sets: the digits are then drawings of ours. */
async function open(page: Page): Promise<void> {
  await page.route('**/data/index.json', (route) => route.fulfill({ json: [] }));
  await page.goto('/map/');
}

const laidOut = (page: Page, way: string) =>
  expect(spoken(page)).toHaveText(new RegExp(`^${way} has laid out [\\d,]+ things\\.$`), {
    timeout: 60_000,
  });

/** The canvas, small: what is drawn, and whether it moves. */
const pixels = (canvas: Locator) =>
  canvas.evaluate((element: HTMLCanvasElement) => {
    const small = new OffscreenCanvas(48, 48);
    const context = small.getContext('2d', { willReadFrequently: true });
    context?.drawImage(element, 0, 0, 48, 48);
    const { data = [] } = context?.getImageData(0, 0, 48, 48) ?? {};
    return Array.from(data).filter((_, i) => i % 4 === 3);
  });

/** How many different pictures a canvas shows within a time. */
async function motion(page: Page, milliseconds: number): Promise<number> {
  const seen = new Set<string>();
  for (const end = Date.now() + milliseconds; Date.now() < end; ) {
    seen.add(String(await pixels(map(page))));
  }
  return seen.size;
}

test('t-SNE is drawn as it goes, and stays where it ended', async ({ page }) => {
  await open(page);
  await expect(spoken(page)).toHaveText(/^t-SNE is laying out 320 things\.$/);
  expect(await motion(page, 1500)).toBeGreaterThan(5);
  await laidOut(page, 't-SNE');
  await page.waitForTimeout(800);
  expect(await motion(page, 400)).toBe(1);
  expect((await pixels(map(page))).filter((alpha) => alpha > 0).length).toBeGreaterThan(150);
  await picture(page, 'map-tsne');
});

test('other ways and a grid move the same things', async ({ page }) => {
  await open(page);
  for (const way of ['PCA', 'UMAP']) {
    await press(page, way);
    await laidOut(page, way);
    await picture(page, `map-${way}`);
  }
  await press(page, 'As a grid');
  await expect(spoken(page)).toHaveText('320 things in a grid of 18 columns.');
  await expect(page.getByRole('button', { name: 'As a grid' })).toHaveAttribute(
    'aria-pressed',
    'true',
  );
  await page.waitForTimeout(800);
  await picture(page, 'map-grid');
  const inGrid = String(await pixels(map(page)));
  await press(page, 'As a grid');
  await page.waitForTimeout(800);
  expect(String(await pixels(map(page)))).not.toBe(inGrid);
});

test('can be stopped', async ({ page }) => {
  await open(page);
  await press(page, 'UMAP');
  await press(page, 'Stop');
  await expect(spoken(page)).toHaveText('The layout has stopped where it was.');
  await expect(page.getByRole('button', { name: 'Stop' })).toBeDisabled();
});

test('shows what is under the pointer, and lets names spread', async ({ page }) => {
  await open(page);
  await press(page, 'PCA');
  await laidOut(page, 'PCA');
  await page.waitForTimeout(800);
  await map(page).hover();
  await expect(page.locator('[data-alike] canvas')).toHaveCount(8);
  await expect(page.locator('[data-large]')).toHaveAttribute('aria-label', /a handwritten \d/);
  await map(page).click();
  const name = page.getByRole('textbox', { name: 'Its name' });
  await expect(name).toBeFocused();
  await name.fill('mine');
  await name.press('Enter');
  const chip = page.getByRole('button', { name: /^mine, 320 things\./ });
  await expect(chip).toBeVisible();
  await expect(spoken(page)).toHaveText(/^One thing has a name/);
  await expect(page.locator('[data-opinion]')).toHaveText('mine');

  // A second name, by keys alone.
  await chip.press('Enter'); // no click gives the first one any more
  await map(page).focus();
  for (let i = 0; i < 6; i++) await map(page).press('ArrowRight');
  await map(page).press('Enter');
  await expect(name).toBeFocused();
  await name.fill('yours');
  await name.press('Enter');
  await expect(spoken(page)).toHaveText(/^2 things have a name/);
  const counts = await page.locator('[data-names] .chip').allInnerTexts();
  const numbers = counts.map((text) => Number(/\d+/.exec(text)?.[0]));
  expect(numbers.reduce((sum, count) => sum + count, 0)).toBe(320);
  expect(Math.min(...numbers)).toBeGreaterThan(5);
  await picture(page, 'map-names');
});

test('works with letters, pictures and tables', async ({ page }) => {
  await open(page);
  await press(page, 'Letters');
  await laidOut(page, 't-SNE');
  await picture(page, 'map-letters');
  await page.locator('[data-files]').setInputFiles({
    name: 'moths.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from(
      `name,wing,weight\n${Array.from({ length: 20 }, (_, i) => `moth ${i},${i % 5},${(i * 7) % 11}`).join('\n')}\n`,
    ),
  });
  await expect(spoken(page)).toHaveText('t-SNE has laid out 20 things.', { timeout: 30_000 });
  await map(page).focus();
  await map(page).press('ArrowRight');
  await expect(page.locator('[data-opinion]')).toHaveText(/^moth \d+$/);

  await page.locator('[data-files]').setInputFiles({
    name: 'words.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from('a,b\nc,d\n'),
  });
  await expect(page.locator('[data-model-trouble]')).toContainText(
    'words.csv: there is nothing to lay out',
  );
  await expect(spoken(page)).not.toHaveText(/2 things/);
});

test('takes pictures that are dropped, and compares what a network sees in them', async ({
  page,
}) => {
  // Two of people, two of animals, and a cup.
  const names = ['astronaut.png', 'tfjs_portrait.jpg', 'chelsea.png', 'tfjs_dog.jpg', 'coffee.png'];
  needs(...names.map(photo), model('mobilenet_v1_025_224_layers'));
  await open(page);
  await drop(page, names.map(photo));
  await expect(spoken(page)).toHaveText('t-SNE has laid out 5 things.', { timeout: 30_000 });
  await map(page).focus();
  const told = new Map<string, string>();
  const ways = ['Right', 'Down', 'Left', 'Up'];
  let steps = 0;
  const step = async () => {
    const way = ways[Math.floor(steps++ / names.length) % ways.length];
    await page.keyboard.press(`Arrow${way}`);
    const said = await spoken(page).innerText(); // of this step, or of one before
    const [, name = '', nearest = ''] = /^(\S+)\. Most like it: ([^,]+)/.exec(said) ?? [];
    if (name) told.set(name, nearest);
    return told.size;
  };
  await expect.poll(step, { intervals: [100], timeout: 15_000 }).toBe(names.length);
  expect(told.get('chelsea.png')).toBe('tfjs_dog.jpg');
  expect(told.get('tfjs_portrait.jpg')).toBe('astronaut.png');
});

test('what was asked for last lies there, however slow the rest was', async ({ page }) => {
  await open(page);
  await press(page, 'PCA');
  await laidOut(page, 'PCA');
  let asked = 0;
  let answered = () => {};
  const slow = new Promise<void>((resolve) => {
    answered = resolve;
  });
  await page.route('**/data/index.json', async (route) => {
    asked += 1;
    await slow;
    await route.fulfill({ json: [] });
  });
  await press(page, 'Digits');
  await expect.poll(() => asked).toBe(1);
  await press(page, 'Letters');
  await expect(spoken(page)).toHaveText(/^PCA has laid out (?!320)\d+ things\.$/);
  const said = await spoken(page).innerText();
  answered();
  await expect.poll(() => asked).toBe(2); // for the names of the digits
  await page.waitForTimeout(1500);
  await expect(spoken(page)).toHaveText(said);
  await expect(page.getByRole('button', { name: 'Letters', exact: true })).toHaveAttribute(
    'aria-pressed',
    'true',
  );
});

test('names that spread late spread over nothing else', async ({ page }) => {
  await page.route(/map\/sketch\.js\?.*raw/, async (route) => {
    const response = await route.fetch();
    const text = await response.text();
    const body = text.replace(
      'await named.load(',
      'await new Promise((done) => setTimeout(done, 1500)); await named.load(',
    );
    expect(body).not.toBe(text);
    await route.fulfill({ response, body });
  });
  await open(page);
  await press(page, 'PCA');
  await laidOut(page, 'PCA');
  await map(page).click();
  await page.getByRole('textbox', { name: 'Its name' }).fill('mine');
  await page.getByRole('textbox', { name: 'Its name' }).press('Enter');
  await expect(page.locator('[data-names] .chip')).toHaveCount(1);
  await press(page, 'Letters');
  await expect(spoken(page)).toHaveText(/^PCA has laid out (?!320)\d+ things\.$/);
  await page.waitForTimeout(2000);
  await map(page).focus();
  await map(page).press('ArrowRight');
  await expect(page.locator('[data-opinion]')).not.toBeEmpty();
  await expect(page.locator('[data-opinion]')).not.toHaveText('mine');
  await expect(spoken(page)).not.toHaveText(/name/);
});

test('reads a table with quotes: separators and line ends within a cell', async ({ page }) => {
  await open(page);
  const rows = Array.from({ length: 9 }, (_, i) => {
    return `"moth ${i}, ""grey""\nof night","${i % 5}",${(i * 7) % 11}`;
  });
  await page.locator('[data-files]').setInputFiles({
    name: 'moths.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from(`name,"wing, mm",weight\r\n${rows.join('\r\n')}\r\n`),
  });
  await expect(spoken(page)).toHaveText('t-SNE has laid out 9 things.', { timeout: 30_000 });
  await map(page).focus();
  await map(page).press('ArrowRight');
  await expect(page.locator('[data-opinion]')).toHaveText(/^moth \d, "grey"\sof night$/);
});

test('gives the places away as a table', async ({ page }) => {
  await open(page);
  await press(page, 'PCA');
  await laidOut(page, 'PCA');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    press(page, 'Save the places'),
  ]);
  expect(download.suggestedFilename()).toBe('map.csv');
  const stream = await download.createReadStream();
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  const lines = Buffer.concat(chunks).toString().trim().split('\n');
  expect(lines[0]).toBe('name,x,y,label');
  expect(lines).toHaveLength(321);
  expect(lines[1]).toMatch(/^"a handwritten \d",0\.\d{5},0\.\d{5},""$/);
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`is open to everybody, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await open(page);
    await press(page, 'PCA');
    await laidOut(page, 'PCA');
    await map(page).click();
    await page.getByRole('textbox', { name: 'Its name' }).fill('mine');
    await page.getByRole('textbox', { name: 'Its name' }).press('Enter');
    await expect(page.locator('[data-names] .chip')).toHaveCount(1);
    expect((await axe(page).analyze()).violations).toEqual([]);
  });
}
