// A .wasm file of another version beside the script: said in words, in every way in which it is loaded.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import { type FolderServer, serveFiles } from './server.js';

const dist = resolve(import.meta.dirname, '../../dist');

/** What ships, but that its .wasm files are those of a version before. */
function readOlder(path: string): Uint8Array {
  const bytes = readFileSync(resolve(dist, path));
  if (!path.endsWith('.wasm')) return bytes;
  const text = bytes
    .toString('latin1')
    .replace(/gesso\d+\.\d+\.\d+ [0-9a-f]{8}$/, 'gesso0.0.9 01234567');
  return Buffer.from(text, 'latin1');
}

let server: FolderServer;

test.beforeAll(async () => {
  const page = '<!doctype html><title>A page</title><link rel="icon" href="data:,">';
  server = await serveFiles((path) =>
    path === 'index.html' ? Buffer.from(page) : readOlder(path),
  );
});

test.afterAll(() => server.close());

const loads = {
  'a script tag, in the worker': ['gesso.js', undefined],
  'a script tag, in the page': ['gesso.js', false],
  'a module, in the worker': ['index.js', undefined],
} as const;

for (const [how, [script, worker]] of Object.entries(loads)) {
  test(`an older WebAssembly file is refused by ${how}`, async ({ page }) => {
    await page.goto(server.address);
    if (script === 'gesso.js') await page.addScriptTag({ url: `${server.address}${script}` });
    const message = await page.evaluate(
      async ([script, worker]) => {
        const tag = (globalThis as { gesso?: typeof import('gesso') }).gesso;
        const { imageClassifier }: typeof import('gesso') = tag ?? (await import(`./${script}`));
        const options = worker === undefined ? {} : { worker };
        return imageClassifier('digits', options).then(
          () => 'it loaded',
          (error: Error) => error.message,
        );
      },
      [script, worker] as const,
    );
    expect(message).toMatch(
      /^gesso: its script and its WebAssembly file are of different versions\.\n {2}script {2}\d+\.\d+\.\d+ [0-9a-f]{8}\n {2}WebAssembly {2}0\.0\.9 01234567\n/,
    );
    expect(message).toContain('Try: copy the .js and .wasm files of one version again');
  });
}
