// Measures gesso beside TF.js in Chromium:
//   npm run bench [-- --json FILE] [--kernels] [--only inference|training]
import { createReadStream, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { must, setUp } from './run.mjs';
import { tree } from './setup/places.mjs';

const { values: flags } = parseArgs({
  options: {
    json: { type: 'string' },
    kernels: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
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

const shared = process.env.GESSO_SHARED ?? join(tree, '../shared');

/** Folders that the pages of first labels come from, as they are: Vite would rewrite them. */
const folders = {
  '/plain': 'tests/bench',
  '/library': 'dist',
  '/tfjs': 'node_modules/@tensorflow/tfjs/dist',
  '/tfjs-wasm': 'node_modules/@tensorflow/tfjs-backend-wasm/dist',
  '/mnist': join(shared, 'data/mnist'),
};
const types = {
  gz: 'application/octet-stream',
  html: 'text/html',
  js: 'text/javascript',
  json: 'application/json',
  wasm: 'application/wasm',
};

const serveFolders = {
  name: 'bench-folders',
  configureServer({ middlewares }) {
    for (const [address, folder] of Object.entries(folders)) {
      if (!existsSync(resolve(tree, folder))) continue; // not everybody has the digits
      const known = new Set(readdirSync(resolve(tree, folder), { recursive: true }));
      middlewares.use(address, (request, response, next) => {
        const name = request.url.slice(1).split('?')[0];
        if (!known.has(name)) return next();
        response.setHeader('Content-Type', types[name.split('.').pop()] ?? 'text/plain');
        createReadStream(resolve(tree, folder, name)).pipe(response);
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

/** A row for the time from the start of a page to its first label. */
async function firstLabels(address, { build, threads, peer }) {
  const gesso_ms = await firstLabel(`${address}plain/first-gesso.html`);
  const peer_ms = await firstLabel(`${address}plain/first-tfjs.html`);
  const ratio = peer_ms / gesso_ms;
  return { name: 'first-label', build, threads, gesso_ms, peer, peer_ms, ratio };
}

/** Figures of whole trainings, and what they are to be; null where the digits are not at hand. */
async function learned(address) {
  if (!existsSync(join(shared, 'data/mnist'))) return null;
  const { fit_ms, steps_ms, memory } = await left(`${address}fit.html`, 'figures');
  const digits = await left(`${address}mnist.html`, 'digitFigures');
  const figure = (value, bar) => ({ value: Number(value.toPrecision(4)), bar });
  return {
    'an epoch of 8,000 digits, ms': figure(fit_ms, ''),
    'over the sum of its steps': figure(fit_ms / steps_ms, '≤ 1.15'),
    'memory after 10,000 steps, over before': figure(memory[1] / memory[0], '1'),
    'digits: accuracy on 2,000 held out': figure(digits.accuracy, '≥ 0.98'),
    'digits: seconds until then, from a fresh page': figure(digits.seconds, '≤ 60'),
    'digits: longest gap between frames, ms': figure(digits.gap_ms, '< 50'),
  };
}

function launch() {
  return chromium.launch({
    executablePath: process.env.GESSO_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update'],
  });
}

/** What a page of a fresh browser leaves under a name once it is done. */
async function left(address, name) {
  const browser = await launch();
  const page = await browser.newPage();
  await page.goto(address);
  const ready = (name) => window[name] || window.failure;
  await page.waitForFunction(ready, name, { timeout: 600_000 });
  const answer = await page.evaluate((name) => [window[name], window.failure], name);
  await browser.close();
  if (answer[1]) throw new Error(answer[1]);
  return answer[0];
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
  const rows = await left(flags.only ? `${address}?only=${flags.only}` : address, 'rows');
  if (flags.only !== 'training') rows.push(await firstLabels(address, rows[0]));
  const learning = flags.only === 'inference' ? null : await learned(address);

  const inference = rows.filter(({ bar }) => bar === undefined);
  const training = rows.filter(({ bar }) => bar !== undefined);
  const machine = `${cpus()[0].model.trim()}, ${cpus().length} cores, ${process.platform}`;
  const date = new Date().toISOString().slice(0, 10);
  const round = (row) => ({
    ...row,
    gesso_ms: Number(row.gesso_ms.toFixed(2)),
    peer_ms: Number(row.peer_ms.toFixed(2)),
    ratio: Number(row.ratio.toFixed(2)),
  });
  console.log(`\n${machine}, ${date}; one thread; medians in milliseconds`);
  if (inference.length > 0) console.table(inference.map(round));
  if (training.length > 0) {
    console.log('A step of training: the median over fits of many steps');
    console.table(training.map(round));
  }
  if (learning) console.table(learning);
  console.log('Download, in KB after gzip');
  console.table(Object.fromEntries(Object.entries(sizes()).map(([k, v]) => [k, Math.round(v)])));
  if (flags.json) {
    const file = resolve(flags.json);
    writeFileSync(
      file,
      `${JSON.stringify({ machine, date, rows, learning, sizes: sizes() }, null, 2)}\n`,
    );
    console.log(`Written to ${basename(file)}`);
  }
} finally {
  await server.close();
}
