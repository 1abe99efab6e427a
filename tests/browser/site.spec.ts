// The site as it is published: built, with the library beside it under its own name.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { unzipSync } from 'fflate';
import { build, type PreviewServer, preview } from 'vite';
import { answer, expect, test } from './page.js';
import { serveFiles } from './server.js';

const root = resolve(import.meta.dirname, '../..');
const configFile = resolve(root, 'vite.config.ts');
const outDir = resolve(root, 'build/site-tested');
const port = 5184;

test.use({ baseURL: `http://localhost:${port}` });

let server: PreviewServer;

test.beforeAll(async () => {
  await build({ configFile, logLevel: 'error', build: { outDir } });
  const where = { port, strictPort: true };
  server = await preview({ configFile, logLevel: 'error', preview: where, build: { outDir } });
});

test.afterAll(() => server.close());

test('the built site reads a digit with the library that ships', async ({ page }) => {
  const files: string[] = [];
  page.on('request', (request) => files.push(new URL(request.url()).pathname));
  await page.goto('/');
  await page.getByRole('link', { name: 'Digits', exact: true }).click();
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
