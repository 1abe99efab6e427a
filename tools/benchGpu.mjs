// Measures gesso on the GPU beside TF.js and ONNX Runtime in Chromium, and alone in Node on Dawn:
//   npm run bench:gpu [-- --json FILE] [--only mobilenet-v1-025,train-cnn] [--seconds 3] [--details]
//     [--peers tfjs,ort] [--no-node] [--no-browser] [--no-build] [--flag=--use-webgpu-adapter=swiftshader]
import {
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { cpus } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { must, setUp } from './run.mjs';
import { tree } from './setup/places.mjs';
import { presets } from './stamp.mjs';

const { values: flags } = parseArgs({
  allowNegative: true,
  options: {
    json: { type: 'string' },
    only: { type: 'string' },
    seconds: { type: 'string', default: '3' },
    details: { type: 'boolean', default: false },
    peers: { type: 'string', default: 'tfjs,ort' },
    node: { type: 'boolean', default: true },
    browser: { type: 'boolean', default: true },
    build: { type: 'boolean', default: true },
    flag: { type: 'string', multiple: true, default: [] },
  },
});

/** What ships cannot plan for a GPU: these builds can, in folders of their own. */
const files = join(tree, 'build/webgpu/files');
const folderOf = (build) => join(tree, 'build', `webgpu-${build}`);
const glue = ['relaxed', 'simd'].map((build) => ({
  find: `#core/${build}`,
  replacement: join(folderOf(build), 'wasm/gesso.mjs'),
}));
if (flags.build) {
  setUp('wasm', 'browser', 'npm');
  mkdirSync(files, { recursive: true });
  for (const build of ['relaxed', 'simd']) {
    const folder = folderOf(build);
    const asked = ['-B', folder, '-DGESSO_WEBGPU=ON', '--log-level=WARNING'];
    must('cmake', '--preset', presets[build], ...asked);
    must('cmake', '--build', folder, '--target', 'gesso');
    copyFileSync(join(folder, 'wasm/gesso.wasm'), join(files, `gesso-${build}.wasm`));
  }
}

const models = join(process.env.GESSO_SHARED ?? join(tree, '../shared'), 'models');

/** The library's sources: what is built does not let pages choose the GPU. */
const sources = [
  ...glue,
  { find: /^gesso$/, replacement: join(tree, 'web/src/index.ts') },
  { find: /^gesso\/(\w+)$/, replacement: join(tree, 'web/src/entries/$1.ts') },
];

/** Files as they are: Vite would rewrite them. */
const served = { '/ort': join(tree, 'node_modules/onnxruntime-web/dist'), '/gesso': files };
const serveFiles = {
  name: 'bench-files',
  configureServer({ middlewares }) {
    for (const [path, folder] of Object.entries(served)) {
      middlewares.use(path, (request, response, next) => {
        const name = request.url.slice(1).split('?')[0];
        if (!readdirSync(folder).includes(name)) return next();
        const type = name.endsWith('.wasm') ? 'application/wasm' : 'text/javascript';
        response.setHeader('Content-Type', type);
        createReadStream(join(folder, name)).pipe(response);
      });
    }
  },
};

/** One fresh browser for each of the others: three devices are too many for SwiftShader. */
async function inBrowser() {
  const { createServer } = await import('vite');
  const server = await createServer({
    configFile: join(tree, 'vite.config.ts'),
    root: join(tree, 'tests/bench'),
    plugins: [serveFiles],
    resolve: { alias: sources },
    optimizeDeps: { include: ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-webgpu'] },
    server: { port: 5187, headers: { 'Cross-Origin-Embedder-Policy': 'unsafe-none' } },
    logLevel: 'warn',
  });
  try {
    await server.listen();
    const reports = {};
    for (const peer of flags.peers.split(',')) {
      reports[peer] = await besides(peer, `${server.resolvedUrls.local[0]}gpu.html`);
    }
    return reports;
  } finally {
    await server.close();
  }
}

/** gesso beside one other library, or what went wrong. */
async function besides(peer, address) {
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({
    executablePath: process.env.GESSO_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--enable-unsafe-webgpu',
      '--enable-webgpu-developer-features', // clocks of the GPU that are not rounded
      '--enable-features=Vulkan',
      '--ignore-gpu-blocklist',
      ...flags.flag,
    ],
  });
  try {
    const { seconds, only, details } = flags;
    const asked = { start: '', seconds, peers: peer, ...(only && { only }) };
    const page = await browser.newPage();
    await page.goto(`${address}?${new URLSearchParams({ ...asked, ...(details && { details }) })}`);
    const over = () => window.gpuReport || window.failure;
    await page.waitForFunction(over, null, { timeout: 3_600_000 });
    const [report, failure] = await page.evaluate(() => [window.gpuReport, window.failure]);
    return failure ? { failure } : { ...report, version: browser.version() };
  } finally {
    await browser.close();
  }
}

/** gesso alone: the others have no WebGPU in Node. */
async function inNode() {
  const { build } = await import('esbuild');
  const outfile = join(tree, 'build/webgpu/gpuNode.mjs');
  mkdirSync(join(tree, 'build/webgpu'), { recursive: true });
  await build({
    entryPoints: [join(tree, 'tests/bench/gpuNode.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    packages: 'external',
    plugins: [{ name: 'own-library', setup: toOwnLibrary }],
    logLevel: 'warning',
  });
  const { gpuInNode } = await import(pathToFileURL(outfile).href);
  const only = flags.only?.split(',');
  const { details, seconds } = flags;
  return gpuInNode(models, files, { seconds: Number(seconds), details, ...(only && { only }) });
}

/** `gesso` and `gesso/layers` are the library's sources. */
function toOwnLibrary({ onResolve }) {
  onResolve({ filter: /^(gesso(\/\w+)?|#core\/\w+)$/ }, ({ path }) => {
    if (path === 'gesso') return { path: join(tree, 'web/src/node.ts') };
    const { find, replacement } = sources.find((each) =>
      typeof each.find === 'string' ? each.find === path : each.find.test(path),
    );
    return { path: path.replace(find, replacement) };
  });
}

function table(rows) {
  const number = (value) => (typeof value === 'number' ? Number(value.toPrecision(3)) : value);
  return rows.flatMap(({ name, libraries, ratios }) =>
    Object.entries(libraries).map(([library, times]) => {
      const { median_ms, best_ms, gpu_ms, dispatches, submits, nodes, failure } = times;
      const ratio = ratios[library];
      const figures = { median_ms, best_ms, gpu_ms, dispatches, submits, nodes, ratio };
      const shown = Object.entries(figures).map(([key, value]) => [key, number(value)]);
      return { name, library, ...(failure ? { failure } : Object.fromEntries(shown)) };
    }),
  );
}

function told(where, { adapter, gesso, rows, peers = {}, failure }) {
  if (failure) return console.log(`\n${where}: ${failure}`);
  console.log(`\n${where}: ${Object.values(adapter).join(' ')}; ${gesso.build} build`);
  for (const [name, version] of Object.entries(peers)) console.log(`${name}: ${version}`);
  console.table(table(rows));
  if (!flags.details) return;
  for (const { name, libraries } of rows) {
    for (const [library, { kinds = [], gpu_ms }] of Object.entries(libraries)) {
      console.log(`${name}, ${library}, the costliest dispatches of ${gpu_ms?.toFixed(2)} ms`);
      console.table(kinds.slice(0, 12));
    }
  }
}

if (!existsSync(models))
  throw new Error(`there are no models.\n  folder  ${models}\n  Try: GESSO_SHARED`);
const browser = flags.browser ? await inBrowser() : null;
const node = flags.node ? await inNode() : null;
const machine = `${cpus()[0].model.trim()}, ${cpus().length} cores, ${process.platform}`;
const date = new Date().toISOString();
console.log(`\n${machine}, ${date.slice(0, 10)}; milliseconds; ratios are over gesso's medians`);
for (const [peer, report] of Object.entries(browser ?? {})) {
  told(`Chromium ${report.version ?? ''}, beside ${peer}`, report);
}
if (node) told(`Node ${process.version} on Dawn`, node);
if (flags.json) {
  const file = resolve(flags.json);
  writeFileSync(file, `${JSON.stringify({ machine, date, browser, node }, null, 2)}\n`);
  console.log(`Written to ${basename(file)}`);
}
process.exit(); // Dawn's threads would keep Node alive
