// The site as it is published: every page of it, built, and what it must be for everybody.
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { unzipSync } from 'fflate';
import { build, type PreviewServer, preview } from 'vite';
import {
  answer,
  axe,
  expect,
  expectNoSidewaysScroll,
  nameTwoColours,
  needs,
  picture,
  shared,
  test,
} from './page.js';
import { serveFiles, serveFolder } from './server.js';

const root = resolve(import.meta.dirname, '../..');
const worker = Number(process.env.TEST_PARALLEL_INDEX ?? 0);
const outDir = resolve(root, `build/site-tested-${worker}`);
const port = 5410 + worker;
const options = {
  configFile: resolve(root, 'vite.config.ts'),
  logLevel: 'error',
  build: { outDir },
} as const;

test.describe.configure({ mode: 'parallel' });
test.use({ baseURL: `http://localhost:${port}` });

let server: PreviewServer;
let paths: string[] = [];

function serve(): Promise<PreviewServer> {
  return preview({ ...options, preview: { port, strictPort: true } });
}

test.beforeAll(async () => {
  test.setTimeout(120_000);
  await build(options);
  server = await serve();
  paths = readdirSync(outDir, { recursive: true, encoding: 'utf8' })
    .filter((file) => /(^|\/)index\.html$/.test(file))
    .map((file) => `/${file.replace('index.html', '')}`)
    .sort();
});

test.afterAll(() => server.close());

/** Sums up the layout shifts and notes the first paint, from the start of the page. */
async function observe(page: Page): Promise<void> {
  await page.addInitScript(() => {
    window.shifts = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & Shift)[]) {
        const moved = entry.sources.map(({ node }) =>
          node instanceof Element ? node.outerHTML.slice(0, 90) : String(node?.textContent),
        );
        if (!entry.hadRecentInput) window.shifts?.push(`${entry.value.toFixed(4)} ${moved.join()}`);
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
}

interface Shift {
  value: number;
  hadRecentInput: boolean;
  sources: { node?: Node }[];
}

declare global {
  interface Window {
    shifts?: string[];
  }
}

test('there are pages for demos, guide, reference, operators and speed', () => {
  for (const folder of ['', 'digits/', 'guide/', 'reference/', 'operators/', 'benchmark/']) {
    expect(paths).toContain(`/${folder}`);
  }
  expect(paths.length).toBeGreaterThan(20);
});

test('the built site reads a digit with the library that ships', async ({ page }) => {
  const files: string[] = [];
  page.on('request', (request) => files.push(new URL(request.url()).pathname));
  await page.goto('/');
  await page.getByRole('link', { name: /Which digit did you draw/ }).click();
  await page.getByRole('button', { name: 'Write a 4 on the pad' }).click();
  await expect(answer(page)).toHaveText('4');
  expect(files).toContain('/gesso/index.js');

  const sketch = page.getByRole('textbox', { name: 'The sketch' });
  const labels = "labels: [...'abcdefghij']";
  const text = await sketch.innerText();
  await sketch.fill(text.replace("'digits', options", `'digits', { ...options, ${labels} }`));
  await page.getByRole('button', { name: 'Run it' }).click();
  await expect(answer(page)).toHaveText('e');
});

/** Has the pages served with a policy as strict as a host may send, while something is done. */
async function underStrictPolicy(work: () => Promise<void>): Promise<void> {
  await server.close();
  const strict = await serveFolder(outDir, port);
  const policy = "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:";
  strict.meddle = (path, response) => {
    if (path !== 'frame.html') response.setHeader('content-security-policy', policy);
    return false;
  };
  try {
    await work();
  } finally {
    strict.close();
    server = await serve();
  }
}

test('every page has a policy of its own, and nothing that a strict one forbids', () => {
  for (const path of paths) {
    const html = readFileSync(resolve(outDir, `.${path}index.html`), 'utf8');
    expect(html, path).toContain('http-equiv="Content-Security-Policy"');
    expect(html, path).not.toMatch(/<script(?![^>]* src=)|\son\w+="/);
  }
});

test('a strict policy lets a changed sketch work in its frame', async ({ page }) => {
  await underStrictPolicy(async () => {
    await page.goto('/points/');
    const sketch = page.getByRole('textbox', { name: 'The sketch' });
    await sketch.fill((await sketch.innerText()).replace('epochs: 300', 'epochs: 11'));
    await page.getByRole('button', { name: 'Run it' }).click();
    await expect(page.getByText('Your sketch runs.')).toBeVisible();
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await expect(page.getByText(/^After 11 epochs/)).toBeAttached();
  });
});

test.describe('what its policy forbids', () => {
  test.use({ allowed: [/violates the following Content Security Policy directive: "script-src/] });

  test('is a script that a page has made of a text', async ({ page }) => {
    await page.goto('/');
    const refused = await page.evaluate(async () => {
      const address = URL.createObjectURL(new Blob(['export {}'], { type: 'text/javascript' }));
      return import(address).then(
        () => 'ran',
        () => 'refused',
      );
    });
    expect(refused).toBe('refused');
  });
});

test('the built site trains with the library that ships', async ({ page }) => {
  await page.goto('/points/');
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await expect(page.locator('[data-epochs]')).toHaveText(/^\d{2}/);
});

test('the built site gives its models along, with a page to try them', async ({
  page,
  browser,
}) => {
  await page.goto('/storage/');
  await page.getByLabel('By name or address').fill('digits');
  await page.getByRole('button', { name: 'Download and pin' }).click();
  await expect(page.getByRole('heading', { name: 'digits' })).toBeVisible();
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Take them along as a zip' }).click();
  const files = unzipSync(readFileSync(await (await downloading).path()));
  const folder = await serveFiles((path) => {
    const file = files[`gesso-offline/${path}`];
    if (file) return file;
    throw new Error(path);
  });
  const fresh = await browser.newPage();
  await fresh.goto(folder.address);
  await fresh.getByRole('button', { name: 'Load' }).click();
  await expect(fresh.getByRole('status')).toHaveText(/^It works: \d+ weights are loaded\.$/);
  await fresh.close();
  folder.close();
});

/** What must hold for every page. Its console is watched as well. */
async function audit(page: Page, device: string): Promise<void> {
  await observe(page);
  const paints: [milliseconds: number, path: string][] = [];
  for (const path of paths) {
    await page.goto(path, { waitUntil: 'networkidle' });
    await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
    await expectNoSidewaysScroll(page);

    const paint = await page
      .waitForFunction(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime)
      .then((handle) => handle.jsonValue());
    paints.push([paint ?? 0, path]);
    const shifts = await page.evaluate(() => window.shifts);
    expect.soft(shifts, `${path}: layout shifts`).toEqual([]);

    const { violations } = await axe(page).exclude('[data-stage]').analyze();
    const found = violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
    );
    expect.soft(found, `${path}: what axe finds`).toEqual([]);

    const name = path.replaceAll('/', '-').replace(/^-|-$/g, '') || 'home';
    await picture(page, `site/${name}-${device}`);
  }
  paints.sort(([a], [b]) => a - b);
  const [middle, last] = [paints[Math.floor(paints.length / 2)], paints.at(-1)];
  console.log(`first paint, ${device}: ${middle?.[0]} ms, at most ${last?.[0]} ms (${last?.[1]})`);
}

test.describe('every page stays still and is for everybody', () => {
  test.describe.configure({ timeout: 300_000 });

  // Each width and each set of colours once: what is wrong in one is wrong beside any other.
  test('on a phone, dark', async ({ page }) => {
    await page.setViewportSize({ width: 390, height: 800 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await audit(page, 'phone-dark');
  });

  test('on a desktop, light, under a strict policy', async ({ page }) => {
    await page.setViewportSize({ width: 1280, height: 860 });
    await page.emulateMedia({ colorScheme: 'light' });
    await underStrictPolicy(() => audit(page, 'desktop-light'));
  });
});

test('every link leads somewhere', async ({ page, request }) => {
  const anchors = new Map<string, Set<string>>();
  const links: [from: string, to: URL][] = [];
  for (const path of paths) {
    // Read, not visited: a sketch that is left while it loads would complain of that.
    const text = await (await request.get(path)).text();
    const { ids, found } = await page.evaluate((html) => {
      const parsed = new DOMParser().parseFromString(html, 'text/html');
      const all = [...parsed.querySelectorAll('[id]')];
      const targets = [...parsed.querySelectorAll('a[href]')];
      return {
        ids: all.map(({ id }) => id),
        found: targets.map((link) => link.getAttribute('href') ?? ''),
      };
    }, text);
    anchors.set(path, new Set(ids));
    const here = `http://localhost:${port}${path}`;
    links.push(...found.map((to): [string, URL] => [path, new URL(to, here)]));
  }
  const broken: string[] = [];
  for (const [from, { origin, pathname, hash }] of links) {
    if (!origin.endsWith(`:${port}`)) continue; // another site: not asked by a test
    const ids = anchors.get(pathname);
    const there = ids ?? ((await request.get(pathname)).ok() ? new Set<string>() : undefined);
    const id = decodeURIComponent(hash.slice(1));
    if (!there || (id && !there.has(id))) broken.push(`${from} → ${pathname}${hash}`);
  }
  expect(broken).toEqual([]);
});

test('light and dark can be chosen, and the choice stays', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto('/');
  const ground = () =>
    page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await ground();
  const button = page.getByRole('button', { name: 'Dark colours' });
  await expect(button).toHaveAttribute('aria-pressed', 'false');
  await button.click();
  await expect(button).toHaveAttribute('aria-pressed', 'true');
  const dark = await ground();
  expect(dark).not.toBe(light);
  await page.goto('/guide/');
  await expect(page.getByRole('button', { name: 'Dark colours' })).toHaveAttribute(
    'aria-pressed',
    'true',
  );
  expect(await ground()).toBe(dark);
});

test('the keyboard gets past the header at once', async ({ page }) => {
  await page.goto('/guide/classify/');
  await page.keyboard.press('Tab');
  const skip = page.getByRole('link', { name: 'Skip to the content' });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press('Enter');
  await expect(page.locator('main')).toBeFocused();
});

test('the canvas on the first page reads what is drawn on it', async ({ page }) => {
  await page.goto('/');
  const box = await page.locator('[data-pad]').boundingBox();
  const [left, top] = [box?.x ?? 0, box?.y ?? 0];
  await page.mouse.move(left + 200, top + 60);
  await page.mouse.down();
  await page.mouse.move(left + 200, top + 260, { steps: 15 });
  await page.mouse.up();
  await expect(answer(page)).toHaveText('1');
  await page.getByRole('button', { name: 'Clear' }).click();
  await expect(answer(page)).toBeEmpty();
  await expect(page.getByText('Draw a digit here')).toBeVisible();
});

test('the reference tells of everything that can be imported', async ({ page }) => {
  const exported = await import('../../dist/index.js');
  await page.goto('/reference/');
  for (const name of Object.keys(exported)) {
    await expect(page.getByRole('link', { name, exact: true })).toHaveCount(1);
  }
  const { default: ml5, ...own } = await import('../../dist/ml5.js');
  const names = Object.keys(own) as (keyof typeof own)[];
  const others: Record<string, unknown> = exported;
  const shared = names.filter((name) => own[name] === others[name]);
  expect(shared).toEqual(['setModelPath', 'setP5', 'setWasmPath']); // told of once
  for (const name of names.filter((name) => !shared.includes(name))) {
    expect(ml5).toHaveProperty(name);
    await expect(page.getByRole('link', { name: `ml5.${name}`, exact: true })).toHaveCount(1);
  }
  await page.getByRole('link', { name: 'ml5.imageClassifier', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'ml5.imageClassifier' })).toBeInViewport();
  await expect(page.locator('[id="ImageClassifier.classifyStart"]')).toBeVisible();
});

test.describe('beside TensorFlow.js', () => {
  test.use({ allowed: [/GL Driver Message/] }); // its WebGL backend, on a machine without a graphics card

  test('measures on this machine, and fetches the peer only then', async ({ page }) => {
    test.setTimeout(120_000);
    const files: string[] = [];
    page.on('request', (request) => files.push(request.url()));
    await page.goto('/benchmark/', { waitUntil: 'networkidle' });
    expect(files.filter((file) => /tfjs|races/.test(file))).toEqual([]);
    for (const box of await page.getByRole('checkbox').all()) await box.uncheck();
    for (const name of [/matrices/, /three dense layers/]) {
      await page.getByRole('checkbox', { name }).check();
    }
    await page.getByRole('button', { name: 'Measure' }).click();
    await expect(page.getByText('Done.')).toBeVisible({ timeout: 100_000 });
    const ratios = await page.locator('.ratio').allInnerTexts();
    const measured = ratios.filter(Boolean);
    expect(measured).toHaveLength(2);
    for (const ratio of measured) expect(ratio).toMatch(/^[\d,.]+ ×$/);
    await expect(page.locator('[data-build]')).toHaveText(/relaxed|simd/);
    await picture(page, 'site/benchmark-measured');
  });
});

test.describe('without a network', () => {
  test.use({ allowed: [/GL Driver Message|Failed to load resource/] });

  /** Visits a page, waits until the site is kept, and cuts the network. */
  async function visitAndCut(page: Page, path: string, stop = cut): Promise<void> {
    await page.goto(path, { waitUntil: 'networkidle' });
    await expect(page.getByText('This site now works without a network, too.')).toBeVisible({
      timeout: 30_000,
    });
    await page.waitForLoadState('networkidle');
    await stop(page);
  }

  async function cut(page: Page): Promise<void> {
    await server.close(); // nobody answers any more
    await page.context().setOffline(true);
  }

  test.afterEach(async () => {
    await server.close().catch(() => {}); // a test has closed it
    server = await serve();
  });

  const works: Record<string, (page: Page) => Promise<void>> = {
    async 'points/'(page) {
      await page.getByRole('button', { name: 'Train', exact: true }).click();
      await expect(page.locator('[data-epochs]')).toHaveText(/^\d{2}/);
    },
    async 'digits/'(page) {
      await page.getByRole('button', { name: 'Write a 4 on the pad' }).click();
      await expect(answer(page)).toHaveText('4');
    },
    async 'colours/'(page) {
      await nameTwoColours(page);
      await expect(page.getByText('It has learned.')).toBeAttached({ timeout: 20_000 });
      await expect(answer(page)).not.toBeEmpty();
    },
    async 'image-classifier/'(page) {
      await page.getByRole('button', { name: 'Look at a painted seven' }).click();
      await expect(answer(page)).toHaveText('7');
    },
    async 'body/'(page) {
      await expect(page.getByRole('img', { name: 'two painted people' })).toBeVisible();
      await expect(page.getByText(/^The model posenet is not on this machine/)).toBeVisible();
    },
    async 'storage/'(page) {
      await page.getByLabel('By name or address').fill('digits');
      await page.getByRole('button', { name: 'Download and pin' }).click();
      await expect(page.getByRole('heading', { name: 'digits' })).toBeVisible();
    },
    async 'write/'(page) {
      await page.getByRole('button', { name: 'At once' }).click();
      await page.getByRole('button', { name: 'Let it write' }).click();
      await expect(page.locator('.said')).toHaveText(/\w/);
    },
    async 'voice/'(page) {
      await page.getByRole('button', { name: 'Take an example' }).click();
      await page.getByRole('button', { name: 'Train', exact: true }).click();
      await expect(page.locator('[data-pace]')).toHaveText(/^\d/, { timeout: 20_000 });
    },
    async 'sketches/digits/'(page) {
      const canvas = page.frameLocator('[data-stage]').locator('canvas').first();
      await expect(canvas).toContainText(/the network reads \d/);
      await page.getByRole('button', { name: 'p5 1' }).click();
      await expect(canvas).toContainText(/the network reads \d/);
    },
    async 'sketches/keeping/'(page) {
      const canvas = page.frameLocator('[data-stage]').locator('canvas').first();
      await expect(canvas).toContainText(/31 degrees are warm/, { timeout: 20_000 });
    },
    async 'benchmark/'(page) {
      await page.getByRole('button', { name: 'Measure' }).click();
      await expect(page.getByRole('alert')).toContainText('TensorFlow.js is not on this machine');
    },
    async 'guide/classify/'(page) {
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Classify');
    },
  };

  test('goes on after a visit of its first page', async ({ page }) => {
    test.setTimeout(120_000);
    await server.close();
    const published = await serveFolder(outDir, port); // as it lies on a host: nothing of this machine
    await visitAndCut(page, '/', async () => {
      published.close();
      await page.context().setOffline(true);
    });
    await page.reload();
    await expect(page.getByText('There is no network.')).toBeVisible();
    for (const [path, check] of Object.entries(works)) {
      await page.goto(`/${path}`);
      await check(page);
    }
    await page.getByRole('link', { name: 'gesso: all demos' }).click();
    await page.getByRole('link', { name: /Which digit did you draw/ }).click();
    await works['digits/']?.(page);
  });

  test('trains on the digits that were there when its page was visited', async ({ page }) => {
    needs(resolve(shared, 'data/mnist/t10k-images-idx3-ubyte.gz'));
    await visitAndCut(page, '/mnist/');
    await page.reload();
    await expect(page.getByText('There is no network.')).toBeVisible();
    await page.getByRole('button', { name: 'Train' }).click();
    await expect(page.locator('[data-steps]')).toHaveText(/^\d{2}/);
  });

  test('measures once it has measured', async ({ page }) => {
    test.setTimeout(120_000);
    await page.goto('/benchmark/');
    await expect(page.getByText('This site now works without a network, too.')).toBeVisible();
    for (const box of await page.getByRole('checkbox').all()) await box.uncheck();
    await page.getByRole('checkbox', { name: /matrices/ }).check();
    const measure = async () => {
      await page.getByRole('button', { name: 'Measure' }).click();
      await expect(page.getByText('Done.')).toBeVisible({ timeout: 50_000 });
    };
    await measure();
    await cut(page);
    await page.reload();
    await expect(page.getByText('There is no network.')).toBeVisible();
    for (const box of await page.getByRole('checkbox').all()) await box.uncheck();
    await page.getByRole('checkbox', { name: /matrices/ }).check();
    await measure();
    await expect(page.locator('.ratio').first()).toHaveText(/^[\d,.]+ ×$/);
  });
});
