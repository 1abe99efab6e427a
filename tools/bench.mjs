// Measures: operators natively, then whole models in Chromium beside TF.js. --page: only the latter.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { createServer } from 'vite';
import { must, setUp } from './run.mjs';
import { tree } from './setup/places.mjs';

setUp();
if (!process.argv.includes('--page')) {
  must('cmake', '--preset', 'release', '--log-level=WARNING');
  must('cmake', '--build', '--preset', 'release', '--target', 'gesso_bench');
  must('build/release/gesso_bench');
}
must(process.execPath, 'tools/build.mjs');

const server = await createServer({
  configFile: join(tree, 'vite.config.ts'),
  root: join(tree, 'tests/bench'),
  server: { port: 5184 },
});
await server.listen();
const browser = await chromium.launch({
  executablePath: process.env.GESSO_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update'],
});
try {
  const page = await browser.newPage();
  await page.goto(server.resolvedUrls.local[0]);
  await page.waitForFunction(() => window.rows || window.failure, undefined, { timeout: 600_000 });
  const { rows, failure } = await page.evaluate(() => ({ rows, failure: window.failure }));
  if (failure) throw new Error(failure);
  console.table(rows);
  mkdirSync(join(tree, 'build/reports'), { recursive: true });
  writeFileSync(join(tree, 'build/reports/bench.json'), `${JSON.stringify(rows, null, 2)}\n`);
} finally {
  await browser.close();
  await server.close();
}
