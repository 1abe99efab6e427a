// The overlay over p5 sketches: true, out of the way, and gone when it is told to go.
import type { Page } from '@playwright/test';
import { Pages, type Version, versions } from './p5Pages.js';
import { axe, expect, test } from './page.js';

const port = 5394;
const policy = {
  'content-security-policy':
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; connect-src 'self'; img-src data:",
};

let pages: Pages;

test.use({ baseURL: `http://localhost:${port}` });
test.beforeAll(async () => {
  pages = await Pages.serve(port);
});
test.afterAll(() => pages.close());

declare const gesso: typeof import('../../web/src/index.js');

declare global {
  interface Window {
    model?: { dispose(): void };
  }
}

/** A sketch that watches its own drawing, with the overlay in one line. */
const sketch = (version: Version) => `
  <title>A sketch</title>
  <script src="/p5/${version}/p5.min.js"></script>
  <script src="/gesso/gesso.js"></script>
  <script>
    let clicks = 0;
    function setup() {
      createCanvas(windowWidth, 300);
      gesso.overlay();
      const paper = createGraphics(100, 100);
      paper.background(0);
      const digits = gesso.imageClassifier('digits');
      digits.watch(paper, () => {});
    }
    function draw() {
      background(240);
      circle(mouseX, mouseY, 20);
    }
    function mousePressed() {
      clicks++;
    }
  </script>`;

const panel = (page: Page) =>
  page.getByRole('complementary', { name: 'gesso: how this page fares' });

/** What stands beside a word of the panel. */
function fact(page: Page, name: string) {
  return panel(page)
    .locator('dt', { hasText: new RegExp(`^${name}$`) })
    .locator('xpath=following-sibling::dd[1]');
}

async function noteShifts(page: Page): Promise<void> {
  await page.addInitScript(() => {
    window.shifts = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.shifts?.push(JSON.stringify(entry));
    }).observe({ type: 'layout-shift', buffered: true });
  });
}

for (const version of versions) {
  test(`p5 ${version}: one line shows frames, answers, memory and the build`, async ({ page }) => {
    await noteShifts(page);
    await page.goto(pages.page(sketch(version)));
    await expect(fact(page, 'digits')).toHaveText(/^[\d.]+ ms, \d+ a second$/, { timeout: 20_000 });
    await expect(fact(page, 'frames')).toHaveText(/^\d+ a second$/);
    await expect(fact(page, 'longest gap')).toHaveText(/^[\d.]+ ms$/);
    await expect(fact(page, 'video frames')).toHaveText(/^\d+ left out$/);
    await expect(fact(page, 'memory')).toHaveText(/^[\d.]+ MB of [\d.]+ MB$/);
    await expect(fact(page, 'build')).toHaveText(/relaxed|simd/);

    // The sketch gets what is clicked on the panel, and stays where it was.
    const box = await panel(page).boundingBox();
    await page.mouse.click((box?.x ?? 0) + 60, (box?.y ?? 0) + 90);
    expect(await page.evaluate('clicks')).toBe(1);
    expect(await page.evaluate(() => window.shifts)).toEqual([]);

    const { violations } = await axe(page)
      .include({ fromShadowDom: ['[data-gesso-overlay]', 'aside'] })
      .analyze();
    expect(violations).toEqual([]);

    await page.getByRole('button', { name: 'Close' }).click();
    await expect(panel(page)).toHaveCount(0);
  });
}

test('there is one at a time, and remove() takes it away', async ({ page }) => {
  await page.goto(pages.page('<title>A page</title><script src="/gesso/gesso.js"></script>'));
  const count = await page.evaluate(() => {
    const first = gesso.overlay();
    const second = gesso.overlay({ corner: 'left' });
    first.remove(); // replaced already: the second one stays
    const count = () => document.querySelectorAll('[data-gesso-overlay]').length;
    const before = count();
    second.remove();
    second.remove();
    return [before, count()];
  });
  expect(count).toEqual([1, 0]);
});

test('tells of training, of models that are gone, and refuses another corner', async ({ page }) => {
  await page.goto(pages.page('<title>A page</title><script src="/gesso/gesso.js"></script>'));
  const message = await page.evaluate(async () => {
    gesso.overlay({ corner: 'left' });
    const { dense, sequential } = gesso;
    const model = sequential([dense({ units: 1, inputShape: [1] })]);
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const end = performance.now() + 1500;
    while (performance.now() < end) await model.fit([[1], [2]], [1, 2], { epochs: 5 });
    window.model = model;
    try {
      gesso.overlay({ corner: 'middle' as 'left' });
    } catch (error) {
      return String(error);
    }
    return '';
  });
  expect(message).toBe(
    'MLError: overlay: corner cannot be "middle".\n  known  right, left\n  Try: right',
  );
  await expect(fact(page, 'network 1')).toHaveText(/^\d+ steps a second$/);
  await page.evaluate(() => window.model?.dispose());
  await expect(fact(page, 'network 1')).toHaveText('disposed of');
});

test.describe('under a strict content security policy', () => {
  test.use({ baseURL: `http://localhost:${port + 1}` });

  test('it is painted all the same', async ({ page }) => {
    const strict = await Pages.serve(port + 1, policy);
    try {
      await page.goto(strict.page('<title>A page</title><script src="/gesso/gesso.js"></script>'));
      await page.evaluate(() => void gesso.overlay());
      await expect(panel(page)).toHaveCSS('position', 'fixed');
      await expect(panel(page)).toHaveCSS('pointer-events', 'none');
    } finally {
      strict.close();
    }
  });
});
