// What the browser tests share: a page that must stay quiet and on this machine, and local files.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { test as base, expect, type Page } from '@playwright/test';
import type { FolderServer } from './server.js';

const root = resolve(import.meta.dirname, '../..');
export const shared = process.env.GESSO_SHARED ?? resolve(root, '../shared');

export const digits = resolve(root, 'models/digits');
export const photo = (name: string) => resolve(shared, 'photos', name);
export const models = process.env.GESSO_MODELS ?? resolve(shared, 'models');
export const model = (name: string) => resolve(models, name);
export const mobilenet = model('mobilenet_v1_025_224_layers');
export const posenet = model('posenet_mobilenet075_s16_quant2');

/** Marks a test as skipped, with the reason, when a file that it needs is not on this machine. */
export function needs(...paths: string[]): void {
  const missing = paths.find((path) => !existsSync(path));
  test.skip(missing !== undefined, `there is no ${missing}`);
}

/** Errors that a test causes on purpose. */
interface Quiet {
  allowed: RegExp[];
}

/**
 * A page on which every request must go to this machine, and nothing may be written to the console
 * as an error or a warning.
 */
export const test = base.extend<Quiet>({
  allowed: [[], { option: true }],
  page: async ({ page, context, allowed, baseURL }, use) => {
    const complaints: string[] = [];
    const foreign: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    context.on('request', (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol.startsWith('http') && origin !== baseURL) foreign.push(request.url());
    });
    await use(page);
    expect(foreign, 'requests that leave the machine').toEqual([]);
    const unexpected = complaints.filter((text) => !allowed.some((known) => known.test(text)));
    expect(unexpected, 'complaints in the console').toEqual([]);
  },
});

/** The same, each test with a server of its own as `library`, from which its pages come. */
export function testServedBy(serve: () => Promise<FolderServer>) {
  return test.extend<{ library: FolderServer }>({
    library: async ({ browserName: _ }, use) => {
      const server = await serve();
      await use(server);
      server.close();
    },
    baseURL: async ({ library }, use) => use(library.address.replace(/\/$/, '')),
  });
}

export { expect };

/** The word above the bars, once there is one. */
export function answer(page: Page) {
  return page.locator('[data-answer]');
}

/** Mixes two colours on the page that learns their names, and names them. */
export async function nameTwoColours(page: Page): Promise<void> {
  const name = page.getByRole('combobox', { name: 'Your name for this colour' });
  for (const [word, red] of [
    ['dark', '10'],
    ['bright', '250'],
  ] as const) {
    await page.getByRole('slider', { name: 'Red' }).fill(red);
    await name.fill(word);
    await name.press('Enter');
  }
}

/** Drops files on the page, as a mouse would. */
export async function drop(page: Page, paths: string[]): Promise<void> {
  const files = paths.map((path) => ({
    name: path.split('/').at(-1) ?? path,
    bytes: readFileSync(path).toString('base64'),
  }));
  const transfer = await page.evaluateHandle((contents) => {
    const data = new DataTransfer();
    for (const { name, bytes } of contents) {
      const type = name.endsWith('.png') ? 'image/png' : '';
      data.items.add(
        new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name, { type }),
      );
    }
    return data;
  }, files);
  for (const event of ['dragenter', 'dragover', 'drop']) {
    await page.dispatchEvent('main', event, { dataTransfer: transfer });
  }
}

/** axe, for pages whose frames are all of their own site: the others cost four times as long. */
export function axe(page: Page): AxeBuilder {
  return new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] });
}

/** Keeps the whole page as a picture for people to look at, if `GESSO_PICTURES` is set. */
export async function picture(page: Page, name: string): Promise<void> {
  if (!process.env.GESSO_PICTURES) return;
  await page.screenshot({ path: resolve(root, `build/screenshots/${name}.png`), fullPage: true });
}

/** Nothing may stick out to the right: phones would scroll sideways. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const [content, screen] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    window.innerWidth,
  ]);
  expect(content).toBeLessThanOrEqual(screen ?? 0);
}
