// The pages in the documents, each in a browser, from a plain server without a bundler.
import { readFileSync } from 'node:fs';
import { normalize, resolve } from 'node:path';
import { inspect } from 'node:util';
import { expect, type Page, test } from '@playwright/test';
import { type Block, blocks, dense, patternOf, root, scriptOf } from '../blocks.js';
import { fakeCamera } from './p5Pages.js';
import { digits, mobilenet, models, needs, photo } from './page.js';
import { type FolderServer, serveFiles } from './server.js';

const dist = resolve(root, 'dist');
const coffee = photo('coffee.png');

test.use({
  launchOptions: fakeCamera,
});

/** Known models are in a folder of this server, as if the page had said so. */
const local =
  '<script type="module">' +
  "import { setModelPath } from './gesso/index.js'; setModelPath('./models');</script>";
const named =
  '<script type="importmap">{"imports": ' +
  '{"gesso": "./gesso/index.js", "gesso/image": "./gesso/image.js"}}</script>';
const tag = '<script src="./gesso/gesso.js"></script>';

function pageOf({ language, text }: Block): string {
  const script = `${tag}<script>gesso.setModelPath('./models')</script>`;
  const body =
    language === 'html' ? text.replace(tag, script) : `<script type="module">${text}</script>`;
  return `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">${named}${/'(mobilenet|posenet|bodypix)'/.test(text) ? local : ''}${body}`;
}

const folders: [prefix: string, folder: string][] = [
  ['/gesso/', dist],
  ['/models/', models],
];

/** The file that an address of the page stands for. */
function fileOf(path: string): string {
  if (path === '/coffee.jpg') return coffee;
  const [prefix = '', folder = ''] = folders.find(([start]) => path.startsWith(start)) ?? [];
  return resolve(folder, normalize(path.slice(prefix.length)));
}

const pages = blocks.filter(
  ({ language, note, text }) =>
    note === 'page' || (language === 'html' && (scriptOf(text) || text.includes(tag))),
);

let server: FolderServer;

test.beforeAll(async () => {
  server = await serveFiles((path) => {
    const block = pages[Number(path.replace('.html', '')) - 1];
    return block ? Buffer.from(pageOf(block)) : readFileSync(fileOf(`/${path}`));
  });
});

test.afterAll(() => server.close());

/** What each page must come to show, by a part of its text. */
const shown: [part: string, check: (page: Page) => Promise<void>][] = [
  ['#answer', async (page) => expect(page.locator('#answer')).toHaveText('espresso')],
  [
    'classifier.watch(',
    async (page) => {
      const caption = page.locator('p');
      await expect(caption).not.toHaveText('Looking …');
      await page.getByRole('button', { name: 'Stop' }).click();
      const live = await page.locator('video').evaluate((video: HTMLVideoElement) => {
        return (video.srcObject as MediaStream).getTracks()[0]?.readyState;
      });
      expect(live).toBe('ended');
      await expect(caption).not.toHaveText(/Error/);
    },
  ],
  [
    'bodies.skeleton',
    (page) => expect(page.locator('p')).toHaveText(/^\d to be seen$/, { timeout: 20_000 }),
  ],
  [
    'replaceBackground(',
    (page) => expect(page.getByRole('status')).toHaveText('You, elsewhere.', { timeout: 20_000 }),
  ],
  [
    'extractor.capture(',
    async (page) => {
      const button = page.getByRole('button');
      await button.dispatchEvent('pointerdown');
      await expect(button).toHaveText(/^Open hand: \d+ pictures$/, { timeout: 20_000 });
      await button.dispatchEvent('pointerup');
    },
  ],
  [
    'downloads://my-sketch',
    async (page) => {
      const downloading = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Take it along' }).click();
      await expect(page.getByRole('status')).toHaveText('my-sketch.zip is among your downloads.');
      expect((await downloading).suggestedFilename()).toBe('my-sketch.zip');
    },
  ],
  [
    'imageClassifier(input.files',
    async (page) => {
      const files = ['model.json', 'weights.bin', 'gesso.json'].map((name) =>
        resolve(digits, name),
      );
      await page.locator('input').setInputFiles(files);
      await expect(page.getByRole('status')).toHaveText('It knows 0, 1, 2, 3, 4, 5, 6, 7, 8, 9.');
      await page.locator('input').setInputFiles(files.slice(1));
      await expect(page.getByRole('status')).toHaveText(/^imageClassifier: none of these files/);
    },
  ],
];

for (const [i, block] of pages.entries()) {
  test(`${block.where} works`, async ({ page }) => {
    needs(mobilenet, coffee);
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    const printed: string[] = [];
    page.on('console', async (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
      const values = await Promise.all(message.args().map((value) => value.jsonValue()));
      printed.push(values.map((value) => inspect(rounded(value))).join(' '));
    });
    const foreign: string[] = [];
    page.context().on('request', (request) => {
      if (!request.url().startsWith(server.address) && request.url().startsWith('http'))
        foreign.push(request.url());
    });
    await page.goto(`${server.address}${i + 1}.html`);
    for (const [part, check] of shown) if (block.text.includes(part)) await check(page);
    const { prints } = block;
    if (prints !== undefined) {
      await expect(() => expect(dense(printed.join('\n'))).toMatch(patternOf(prints))).toPass({
        timeout: 20_000,
      });
    }
    await page.waitForLoadState('networkidle');
    expect({ complaints, foreign }).toEqual({ complaints: [], foreign: [] });
  });
}

/** Numbers to two digits, as documents show them. */
function rounded(value: unknown): unknown {
  if (typeof value === 'number') return Math.round(value * 100) / 100;
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, rounded(part)]));
}
