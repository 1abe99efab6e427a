// Measures gesso beside TF.js in Chromium: npm run bench [-- --json FILE] [--kernels]
import { createReadStream, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { must, setUp } from './run.mjs';
import { tree } from './setup/places.mjs';

const { values: flags } = parseArgs({
  options: { json: { type: 'string' }, kernels: { type: 'boolean', default: false } },
});

setUp('wasm', 'browser', 'npm', ...(flags.kernels ? ['native'] : []));
if (flags.kernels) {
  must('cmake', '--preset', 'release', '--log-level=WARNING');
  must('cmake', '--build', '--preset', 'release', '--target', 'gesso_bench');
  must('build/release/gesso_bench');
}
must(process.execPath, 'tools/build.mjs');

const { chromium } = await import('playwright-core');
const { createServer } = await import('vite');

/** Folders that the pages of first labels come from, as they are: Vite would rewrite them. */
const folders = {
  '/plain': 'tests/bench',
  '/library': 'dist',
  '/tfjs': 'node_modules/@tensorflow/tfjs/dist',
  '/tfjs-wasm': 'node_modules/@tensorflow/tfjs-backend-wasm/dist',
};
const types = {
  html: 'text/html',
  js: 'text/javascript',
  json: 'application/json',
  wasm: 'application/wasm',
};

const serveFolders = {
  name: 'bench-folders',
  configureServer({ middlewares }) {
    for (const [address, folder] of Object.entries(folders)) {
      const known = new Set(readdirSync(join(tree, folder), { recursive: true }));
      middlewares.use(address, (request, response, next) => {
        const name = request.url.slice(1).split('?')[0];
        if (!known.has(name)) return next();
        response.setHeader('Content-Type', types[name.split('.').pop()] ?? 'text/plain');
        createReadStream(join(tree, folder, name)).pipe(response);
      });
    }
  },
};

/** The median of what five fresh browsers take from the start of the page to the label. */
async function firstLabel(address) {
  const times = [];
  for (let i = 0; i < 5; ++i) {
    const browser = await launch();
    const page = await browser.newPage();
    await page.goto(address);
    await page.waitForFunction(() => window.first);
    const { milliseconds, index } = await page.evaluate(() => window.first);
    if (index !== 967) throw new Error(`${address} sees class ${index}, not 967, an espresso`);
    times.push(milliseconds);
    await browser.close();
  }
  return times.sort((a, b) => a - b)[2];
}

function launch() {
  return chromium.launch({
    executablePath: process.env.GESSO_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update'],
  });
}

async function rowsOf(address) {
  const browser = await launch();
  const page = await browser.newPage();
  await page.goto(address);
  await page.waitForFunction(() => window.rows || window.failure, undefined, { timeout: 600_000 });
  const { rows, failure } = await page.evaluate(() => ({
    rows: window.rows,
    failure: window.failure,
  }));
  await browser.close();
  if (failure) throw new Error(failure);
  return rows;
}

/** What a page downloads, in compressed kilobytes. */
function sizes() {
  const zipped = (file) => gzipSync(readFileSync(file), { level: 9 }).length / 1024;
  const dist = join(tree, 'dist');
  const scripts = readdirSync(dist).filter((f) => f.endsWith('.js') && !/^(cli|node)\.js$/.test(f));
  return {
    'gesso-relaxed.wasm': zipped(join(dist, 'gesso-relaxed.wasm')),
    'gesso-simd.wasm': zipped(join(dist, 'gesso-simd.wasm')),
    JavaScript: scripts.reduce((sum, file) => sum + zipped(join(dist, file)), 0),
  };
}

const server = await createServer({
  configFile: join(tree, 'vite.config.ts'),
  root: join(tree, 'tests/bench'),
  plugins: [serveFolders],
  server: { port: 5184 },
  logLevel: 'warn',
});
try {
  await server.listen();
  const [address] = server.resolvedUrls.local;
  const rows = await rowsOf(address);
  const gesso_ms = await firstLabel(`${address}plain/first-gesso.html`);
  const peer_ms = await firstLabel(`${address}plain/first-tfjs.html`);
  const { build, threads, peer } = rows[0];
  rows.push({
    name: 'first-label',
    build,
    threads,
    gesso_ms,
    peer,
    peer_ms,
    ratio: peer_ms / gesso_ms,
  });

  const machine = `${cpus()[0].model.trim()}, ${cpus().length} cores, ${process.platform}`;
  const date = new Date().toISOString().slice(0, 10);
  const round = (row) => ({
    ...row,
    gesso_ms: Number(row.gesso_ms.toFixed(2)),
    peer_ms: Number(row.peer_ms.toFixed(2)),
    ratio: Number(row.ratio.toFixed(2)),
  });
  console.log(`\n${machine}, ${date}; one thread; medians in milliseconds`);
  console.table(rows.map(round));
  console.log('Download, in KB after gzip');
  console.table(Object.fromEntries(Object.entries(sizes()).map(([k, v]) => [k, Math.round(v)])));
  if (flags.json) {
    const file = resolve(flags.json);
    writeFileSync(file, `${JSON.stringify({ machine, date, rows, sizes: sizes() }, null, 2)}\n`);
    console.log(`Written to ${basename(file)}`);
  }
} finally {
  await server.close();
}
