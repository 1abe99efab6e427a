// The site in another language: a made-up one, in which every text has changed and runs from right to left.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { build } from 'vite';
import { root } from '../blocks.js';
import { answer, expect, expectNoSidewaysScroll, picture, test } from './page.js';
import { type FolderServer, serveFolder } from './server.js';

const outDir = resolve(root, 'build/site-translated');
const textsFile = resolve(root, 'build/texts-translated.json');
const port = 5189;

test.use({ baseURL: `http://localhost:${port}` });

let server: FolderServer;

const plain = 'abcdefghijklmnopqrstuvwxyz';
const other = 'áƀćđéƒǵĥíĵķĺɱńóƥɋŕśťúṽẃẋýź';

/** "Clear {name}" → "⟦Ćĺéáŕ {name}⟧": what stands between braces, tags and entities stays. */
function translated(text: string): string {
  const changed = text.replace(/(<[^>]*>|\{\w+\}|&\w+;)|([A-Za-z])/g, (whole, kept, letter) => {
    if (kept) return whole;
    const small = letter.toLowerCase();
    const turned = other[plain.indexOf(small)] ?? letter;
    return small === letter ? turned : turned.toUpperCase();
  });
  return `⟦${changed}⟧`;
}

function translateAll(texts: unknown): unknown {
  if (typeof texts === 'string') return translated(texts);
  if (Array.isArray(texts)) return texts.map(translateAll);
  const entries = Object.entries(texts as Record<string, unknown>);
  return Object.fromEntries(entries.map(([key, text]) => [key, translateAll(text)]));
}

/** What the sketches say of themselves, by the names that the texts have for them. */
function captions(): Record<string, string> {
  const first = (path: string) => readFileSync(resolve(root, path), 'utf8').split('\n')[0] ?? '';
  const sketches = readdirSync(resolve(root, 'web/sketches')).filter((file) =>
    file.endsWith('.js'),
  );
  const demos = readdirSync(resolve(root, 'web/demos')).filter((name) =>
    existsSync(resolve(root, 'web/demos', name, 'sketch.js')),
  );
  return Object.fromEntries([
    ...demos.map((name) => [name, first(`web/demos/${name}/sketch.js`).slice(3)]),
    ...sketches.map((file) => [
      `sketches/${file.replace('.js', '')}`,
      first(`web/sketches/${file}`).slice(3),
    ]),
  ]);
}

test.beforeAll(async () => {
  test.setTimeout(120_000);
  const texts = JSON.parse(readFileSync(resolve(root, 'web/site/texts/en.json'), 'utf8'));
  const all = translateAll({ ...texts, captions: captions() }) as Record<string, unknown>;
  mkdirSync(resolve(root, 'build'), { recursive: true });
  const made = JSON.stringify({ ...all, language: 'he', direction: 'rtl' });
  writeFileSync(textsFile, made);
  process.env.GESSO_TEXTS = textsFile;
  await build({
    configFile: resolve(root, 'vite.config.ts'),
    logLevel: 'error',
    build: { outDir },
  }).finally(() => delete process.env.GESSO_TEXTS);
  server = await serveFolder(outDir, port);
});

test.afterAll(() => server.close());

/**
 * Texts, titles and labels of a page in which a word has not changed. Code, what is marked as English, and
 * names that nobody translates do not count.
 */
function untranslated(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const exempt = '[lang="en"], [translate="no"], code, pre, kbd, script, style, iframe';
    const words = (text: string) =>
      // Paths and the names of models and methods (t-SNE) are the same in every language.
      text
        .replace(/\S*[/_]\S*/g, '')
        .match(/(?<!\p{L})[A-Za-z]{3,}(?!\p{L})/gu)
        ?.some((word) => !/^(digits|shakespeare|relaxed|simd|SNE|UMAP|PCA)$/.test(word));
    const found: string[] = [];
    const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node.parentElement?.closest(exempt)) continue;
      if (words(node.textContent ?? '')) found.push((node.textContent ?? '').trim());
    }
    for (const name of ['aria-label', 'alt', 'title', 'data-live', 'data-drop', 'content']) {
      for (const element of document.querySelectorAll(`[${name}]`)) {
        const value = element.getAttribute(name) ?? '';
        if (element.matches('meta:not([name="description"])') || element.closest(exempt)) continue;
        if (words(value)) found.push(`${name}: ${value}`);
      }
    }
    return found;
  });
}

const paths = () =>
  readdirSync(outDir, { recursive: true, encoding: 'utf8' })
    .filter((file) => /(^|\/)index\.html$/.test(file))
    .map((file) => `/${file.replace('index.html', '')}`)
    .sort();

test('has no English left on any page, in its own direction', async ({ page }) => {
  test.setTimeout(300_000);
  await page.setViewportSize({ width: 390, height: 800 });
  for (const path of paths()) {
    await page.goto(path, { waitUntil: 'networkidle' });
    await expect(page.locator('html')).toHaveAttribute('lang', 'he');
    await expect(page.locator('html')).toHaveAttribute('dir', 'rtl');
    expect.soft(await untranslated(page), path).toEqual([]);
    await expectNoSidewaysScroll(page);
  }
});

test('says in it what comes while a demo works', async ({ page }) => {
  await page.goto('/digits/');
  await page
    .getByRole('button', { name: '4', exact: true })
    .or(page.locator('.digit').nth(4))
    .first()
    .click();
  await expect(answer(page)).toHaveText('4');
  await expect(page.locator('[data-opinion]')).toHaveText(/^⟦/);
  expect(await untranslated(page)).toEqual([]);

  await page.goto('/points/');
  await page.locator('[data-train]').click();
  await expect(page.locator('[data-epochs]')).toHaveText(/^\d{2}/);
  await expect(page.locator('[data-spoken]')).toHaveText(/^⟦/);
  expect(await untranslated(page)).toEqual([]);
  await picture(page, 'points-translated');

  await page.goto('/voice/');
  await page.locator('[data-example]').click();
  await expect(page.locator('[data-size]')).toHaveText(/^⟦61,\d{3} /);
  await expect(page.locator('[data-train]')).toBeEnabled();
  expect(await untranslated(page)).toEqual([]);

  await page.goto('/teach/');
  await page.locator('[data-small] button').click();
  await page.locator('[data-paintings]').click();
  await expect(page.locator('.contact-sheet button')).toHaveCount(36);
  await page.locator('[data-train]').click();
  await expect(page.locator('[data-verdict]')).toHaveText(/\d+ %/);
  await page.locator('[data-paint]').click();
  await expect(page.locator('[data-nearest] img')).toHaveCount(5);
  await page.locator('.contact-sheet button').first().click();
  expect(await untranslated(page)).toEqual([]);
  await picture(page, 'teach-translated');

  await page.goto('/storage/');
  await page.getByRole('textbox').fill('digits');
  await page.locator('[data-pin-form] button').click();
  await expect(page.locator('.kept-model')).toHaveCount(1);
  await expect(page.locator('[data-models-told]')).toHaveText(/^⟦.*⟧ ⟦.*⟧$/);
  expect(await untranslated(page)).toEqual([]);
  await picture(page, 'storage-translated');
});
