// The package as others get it: packed, installed in an empty folder, and used in each usual way.
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, type Page, test } from '@playwright/test';
import { build as esbuild } from 'esbuild';
import { createServer, build as vite } from 'vite';
import webpack from 'webpack';
import { answerShelf, cases, install, pack, root, Servers } from '../package/harness.js';

let archive = '';
const servers = new Servers();

test.beforeAll(() => {
  ({ archive } = pack());
});
test.afterEach(() => servers.close());

/** What a page of these tests may do, and how. */
interface Ways {
  /** Sent to the page with its address. */
  query?: string;
  workers?: number;
}

/** Opens a page for every case, and expects the right name, quietly. */
async function expectNames(page: Page, address: string, ways: Ways = {}): Promise<void> {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  for (const { model, label } of cases) {
    await page.goto(`${address}?model=${model}${ways.query ?? ''}`);
    await expect(page.locator('output')).toHaveText(label);
    expect(page.workers()).toHaveLength(ways.workers ?? 1);
  }
  expect(complaints).toEqual([]);
}

declare const gesso: typeof import('../../web/src/index.js');

/** A folder with the plain page, whose script is at `address`. */
function plainPage(address: string, folder = install(archive, 'plain.js', 'sketch.js')): string {
  const html = readFileSync(join(root, 'tests/package/plain.html'), 'utf8');
  writeFileSync(join(folder, 'index.html'), html.replace('GESSO', address));
  return folder;
}

const installed = './node_modules/gesso/dist/gesso.js';

test.describe('a script tag', () => {
  test('works from the folder that npm made', async ({ page }) => {
    await expectNames(page, await servers.serve(plainPage(installed)));
  });

  test('works from a copied folder, without a worker too', async ({ page }) => {
    const folder = install(archive, 'plain.js', 'sketch.js');
    cpSync(join(folder, 'node_modules/gesso/dist'), join(folder, 'vendor'), { recursive: true });
    const address = await servers.serve(plainPage('vendor/gesso.js', folder));
    await expectNames(page, address);
    await expectNames(page, address, { query: '&worker=false', workers: 0 });
  });

  const policy = "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:";

  test('works under a strict content security policy, without a worker too', async ({ page }) => {
    const headers = { 'content-security-policy': policy };
    const address = await servers.serve(plainPage(installed), headers);
    await expectNames(page, address);
    await expectNames(page, address, { query: '&worker=false', workers: 0 });
  });

  test('works from another origin, as from a CDN', async ({ page }) => {
    const folder = install(archive);
    const cdn = await servers.serve(join(folder, 'node_modules/gesso'), {
      'access-control-allow-origin': '*',
    });
    const here = plainPage(`${cdn}/dist/gesso.js`);
    await expectNames(page, await servers.serve(here));
    const strict = policy.replace("'self'", `'self' ${cdn}`);
    const address = await servers.serve(here, { 'content-security-policy': strict });
    await expectNames(page, address);
    await expectNames(page, address, { query: '&worker=false', workers: 0 });
  });

  test('says what a policy lacks that forbids workers of a CDN', async ({ page }) => {
    const folder = install(archive);
    const cdn = await servers.serve(join(folder, 'node_modules/gesso'), {
      'access-control-allow-origin': '*',
    });
    const strict = `script-src 'self' ${cdn} 'wasm-unsafe-eval'; worker-src 'self'`;
    const headers = { 'content-security-policy': strict };
    const address = await servers.serve(plainPage(`${cdn}/dist/gesso.js`), headers);
    await page.goto(`${address}?model=digits`);
    await expect(page.locator('output')).toContainText('allow blob: in worker-src');
    await page.goto(`${address}?model=digits&worker=false`);
    await expect(page.locator('output')).toHaveText('1');
  });

  test('says what a policy lacks that forbids WebAssembly', async ({ page }) => {
    const headers = { 'content-security-policy': "script-src 'self'" };
    await page.goto(`${await servers.serve(plainPage(installed), headers)}?model=digits`);
    await expect(page.locator('output')).toContainText("add 'wasm-unsafe-eval' to its script-src");
  });
});

/** A page that needs no server: no modules, no photo to fetch, only what is in it. */
function doubleClicked(script: string): string {
  const folder = install(archive);
  cpSync(join(folder, 'node_modules/gesso/dist'), join(folder, 'gesso'), { recursive: true });
  const html = `<!doctype html><meta charset="utf-8"><output></output>
    <script src="gesso/${script}"></script>
    <script>
      const canvas = document.createElement('canvas');
      canvas.width = canvas.height = 28;
      const pen = canvas.getContext('2d');
      pen.fillRect(0, 0, 28, 28);
      pen.fillStyle = 'white';
      pen.fillRect(13, 5, 2, 18);
      const output = document.querySelector('output');
      const worker = !location.search.includes('worker=false');
      gesso.imageClassifier('digits', { worker })
        .then((classifier) => classifier.classify(canvas))
        .then(([best]) => { output.textContent = best.label; })
        .catch((error) => { output.textContent = String(error); });
    </script>`;
  writeFileSync(join(folder, 'index.html'), html);
  return pathToFileURL(join(folder, 'index.html')).href;
}

test.describe('a page opened from a file', () => {
  test('runs with gesso-single.js, which carries all it needs', async ({ page }) => {
    const address = doubleClicked('gesso-single.js');
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(address);
    await expect(page.locator('output')).toHaveText('1');
    expect(page.workers()).toHaveLength(1);
    await page.goto(`${address}?worker=false`);
    await expect(page.locator('output')).toHaveText('1');
    const files = asked.filter((url) => url.startsWith('file:') && !url.includes('index.html'));
    expect(new Set(files.map((url) => url.split('/').at(-1)))).toEqual(
      new Set(['gesso-single.js']),
    );
  });

  test('is told of gesso-single.js where it has another script', async ({ page }) => {
    await page.goto(doubleClicked('gesso.js'));
    await expect(page.locator('output')).toContainText('Try: gesso-single.js');
    const answer = await page.evaluate(async () => {
      const { dense, sequential } = gesso;
      const model = sequential([dense({ units: 1, inputShape: [1] })]);
      return model.predict([[1]]).catch(String);
    });
    expect(answer).toMatch(/its worker did not start[\s\S]*Try: gesso-single\.js/);
  });
});

test.describe('a bundled page', () => {
  const project = () => install(archive, 'index.html', 'bundled.js', 'sketch.js');

  test('works with Vite, built', async ({ page }) => {
    const folder = project();
    await vite({ root: folder, configFile: false, logLevel: 'error' });
    await expectNames(page, await servers.serve(join(folder, 'dist')));
  });

  test('works with Vite, while it is written', async ({ page }) => {
    const folder = project();
    const server = await createServer({
      root: folder,
      configFile: false,
      logLevel: 'error',
      plugins: [
        {
          name: 'photos',
          configureServer: ({ middlewares }) => void middlewares.use(answerShelf),
        },
      ],
      server: { host: '127.0.0.1', port: 0 },
    });
    try {
      await server.listen();
      await expectNames(page, server.resolvedUrls?.local[0] ?? '');
    } finally {
      await server.close();
    }
  });

  test('works with webpack', async ({ page }) => {
    const folder = project();
    const compiler = webpack({
      mode: 'production',
      context: folder,
      entry: './bundled.js',
      output: { path: join(folder, 'dist'), filename: 'bundled.js' },
      performance: false, // the .wasm files are larger than it likes
    });
    const { errors, warnings } = await new Promise<webpack.StatsCompilation>((done, failed) => {
      compiler.run((error, stats) => {
        if (error || !stats) failed(error);
        else compiler.close(() => done(stats.toJson({ all: false, errors: true, warnings: true })));
      });
    });
    expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
    cpSync(join(folder, 'index.html'), join(folder, 'dist/index.html'));
    await expectNames(page, await servers.serve(join(folder, 'dist')));
  });

  test('works with esbuild, with the files of the library beside it', async ({ page }) => {
    const folder = project();
    const out = join(folder, 'out');
    const { warnings } = await esbuild({
      absWorkingDir: folder,
      entryPoints: ['bundled.js'],
      outdir: out,
      bundle: true,
      format: 'esm',
      minify: true,
      logLevel: 'silent',
    });
    expect(warnings).toEqual([]);
    cpSync(join(folder, 'node_modules/gesso/dist'), out, { recursive: true });
    cpSync(join(folder, 'index.html'), join(out, 'index.html'));
    await expectNames(page, await servers.serve(out));
  });

  test('works with esbuild as a classic script, when told where the files are', async ({
    page,
  }) => {
    const folder = project();
    const build = (told: string) =>
      esbuild({
        absWorkingDir: folder,
        stdin: {
          contents: `import * as gesso from 'gesso'; ${told} import { sketch } from './sketch.js'; sketch(gesso);`,
          resolveDir: folder,
        },
        outfile: join(folder, 'bundled.js'),
        allowOverwrite: true,
        bundle: true,
        format: 'iife',
        logLevel: 'silent', // it warns that such a script has no import.meta
      });
    await build('');
    const address = await servers.serve(folder);
    await page.goto(`${address}?model=digits`);
    await expect(page.locator('output')).toContainText("Try: setWasmPath('/gesso/')");
    await build("gesso.setWasmPath('/node_modules/gesso/dist/');");
    await expectNames(page, address);
  });
});

test('a Node script classifies a photo', () => {
  const folder = install(archive, 'script.mjs');
  for (const { model, label, path } of cases) {
    const text = execFileSync(process.execPath, ['script.mjs', path, model], {
      cwd: folder,
      encoding: 'utf8',
      env: {
        ...process.env,
        GESSO_MODELS: process.env.GESSO_MODELS ?? resolve(root, '../shared/models'),
      },
    });
    expect(JSON.parse(text)).toEqual([label, label]);
  }
});
