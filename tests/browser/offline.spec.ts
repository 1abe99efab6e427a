// The folder for machines without a network: in a fresh browser that can reach nothing but it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { unzipSync } from 'fflate';
import { mobilenet, needs, photo, shared } from './page.js';
import { type FolderServer, serveFiles, serveFolder, serveLibrary } from './server.js';

const dist = resolve(import.meta.dirname, '../../dist');
const models = process.env.GESSO_MODELS ?? resolve(shared, 'models');

let server: FolderServer | undefined;

test.afterEach(() => server?.close());

/** Lets a context reach one server only; what it asks of others is noted. */
async function confine(context: BrowserContext, address: string): Promise<string[]> {
  const foreign: string[] = [];
  await context.route(
    (url) => url.protocol.startsWith('http') && !url.href.startsWith(address),
    (route) => {
      foreign.push(route.request().url());
      return route.abort();
    },
  );
  return foreign;
}

/** The page of a folder with MobileNet, PoseNet and digits works. */
async function tryModels(page: Page): Promise<void> {
  await expect(page.getByRole('row')).toHaveCount(4);
  await page.getByLabel('Picture').setInputFiles(photo('coffee.png'));
  await expect(page.getByRole('status')).toHaveText(/^espresso: 9\d %\ncup: 1 %/);
  await page.getByLabel('Model').selectOption('posenet');
  await page.getByRole('button', { name: 'Load' }).click();
  await expect(page.getByRole('status')).toHaveText(/^It works: \d+ weights are loaded\.$/);
}

test('the folder that the command writes runs where there is no network', async ({
  page,
  context,
}) => {
  needs(mobilenet, photo('coffee.png'));
  const folder = join(mkdtempSync(join(tmpdir(), 'gesso-')), 'my-sketch');
  const cli = resolve(dist, 'cli.js');
  const { status, stderr } = spawnSync(
    process.execPath,
    [cli, 'offline', 'mobilenet', 'posenet', 'digits', folder],
    { encoding: 'utf8', env: { ...process.env, GESSO_MODELS: models } },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });

  server = await serveFolder(folder);
  const foreign = await confine(context, server.address);
  await page.goto(server.address);
  await expect(page.getByText('Open this page from a server')).toBeHidden();
  await tryModels(page);
  expect(foreign).toEqual([]);
});

test('the folder for a double click needs no server either', async ({ page, context }) => {
  needs(mobilenet, photo('coffee.png'));
  const folder = join(mkdtempSync(join(tmpdir(), 'gesso-')), 'my sketch');
  const cli = resolve(dist, 'cli.js');
  const { status, stderr } = spawnSync(
    process.execPath,
    [cli, 'offline', 'mobilenet', 'posenet', 'digits', folder, '--double-click'],
    { encoding: 'utf8', env: { ...process.env, GESSO_MODELS: models } },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(readdirSync(folder, { recursive: true }).sort()).toEqual([
    'gesso',
    'gesso/gesso-single.js',
    'gesso/models.js',
    'index.html',
  ]);

  await context.setOffline(true);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(pathToFileURL(join(folder, 'index.html')).href);
  await tryModels(page);

  // What the page shows as a sketch runs when it is copied beside it.
  const example = await page.locator('pre').innerText();
  const logged = page.waitForEvent('console');
  const copy = join(folder, 'copy.html');
  const picture = '<canvas id="c" width="100" height="100"></canvas>';
  writeFileSync(copy, `<!doctype html>${picture}${example.replace("'img'", "'canvas'")}`);
  await page.goto(pathToFileURL(copy).href);
  expect((await logged).text()).toBe('[Object, Object, Object]');
  expect(complaints).toEqual([]);
});

test('a page downloads the same as a zip', async ({ page, context }) => {
  const library = await serveLibrary(dist);
  await page.goto(library.address);
  const downloading = page.waitForEvent('download');
  await page.evaluate(async () => {
    const { offline } = await import('gesso');
    await offline('digits', 'downloads://my-sketch');
  });
  const download = await downloading;
  expect(download.suggestedFilename()).toBe('my-sketch.zip');
  const files = unzipSync(readFileSync(await download.path()));
  const read = (path: string): Uint8Array => {
    const file = files[`my-sketch/${path}`];
    if (file) return file;
    throw new Error(path);
  };
  library.close();

  server = await serveFiles(read);
  const foreign = await confine(context, server.address);
  await page.goto(server.address);
  await page.getByRole('button', { name: 'Load' }).click();
  await expect(page.getByRole('status')).toHaveText(/^It works: \d+ weights are loaded\.$/);
  expect(foreign).toEqual([]);
});

test('a page writes into a folder that the user gave it', async ({ page }) => {
  server = await serveLibrary(dist);
  await page.goto(server.address);
  const [names, bytes, mistake] = await page.evaluate(async () => {
    const { offline } = await import('gesso');
    const root = await navigator.storage.getDirectory(); // the browser's own: nobody need choose it
    await offline(['digits'], root);
    const names: string[] = [];
    for await (const name of root.keys()) names.push(name);
    const gesso = await root.getDirectoryHandle('gesso');
    const inside = await gesso.getDirectoryHandle('models');
    const digits = await inside.getDirectoryHandle('digits');
    const { size } = await (await digits.getFileHandle('weights.bin')).getFile();
    const mistake = await offline('digits', './folder').catch((error: Error) => error.message);
    return [names.sort(), size, mistake] as const;
  });
  expect({ names, bytes }).toEqual({ names: ['gesso', 'index.html'], bytes: 181_864 });
  expect(mistake).toBe(
    'offline: this is no place for a folder.\n' +
      '  given  "./folder"\n' +
      '  known  downloads://name, a folder from showDirectoryPicker(), { save }\n' +
      "  Try: 'downloads://my-sketch'",
  );
});
