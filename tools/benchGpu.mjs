// Measures gesso on the GPU beside TF.js and ONNX Runtime, in Chromium and in Node on Dawn:
//   npm run bench:gpu [-- --json FILE] [--only mobilenet-v1-025,train-cnn] [--seconds 3] [--details]
//     [--peers tfjs,ort] [--no-node] [--no-browser] [--no-build] [--flag=--use-webgpu-adapter=swiftshader]
//   npm run bench:gpu -- --serve    only serves the page, to be opened in any browser
import { spawnSync } from 'node:child_process';
import { createReadStream, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { must, setUp } from './run.mjs';
import { tree } from './setup/places.mjs';

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
    serve: { type: 'boolean', default: false },
    flag: { type: 'string', multiple: true, default: [] },
  },
});

const models = join(process.env.GESSO_SHARED ?? join(tree, '../shared'), 'models');
const ort = join(tree, 'node_modules/onnxruntime-web/dist');

/** The files of ONNX Runtime as they are: Vite would rewrite them. */
const serveOrt = {
  name: 'bench-ort',
  configureServer({ middlewares }) {
    middlewares.use('/ort', (request, response, next) => {
      const name = request.url.slice(1).split('?')[0];
      if (!readdirSync(ort).includes(name)) return next();
      const type = name.endsWith('.wasm') ? 'application/wasm' : 'text/javascript';
      response.setHeader('Content-Type', type);
      createReadStream(join(ort, name)).pipe(response);
    });
  },
};

/** The address of the page, and what ends it. */
async function serve() {
  const { createServer } = await import('vite');
  const server = await createServer({
    configFile: join(tree, 'vite.config.ts'),
    root: join(tree, 'tests/bench'),
    plugins: [serveOrt],
    optimizeDeps: { include: ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-webgpu'] },
    server: { port: 5187, headers: { 'Cross-Origin-Embedder-Policy': 'unsafe-none' } },
    logLevel: 'warn',
  });
  await server.listen();
  return { address: `${server.resolvedUrls.local[0]}gpu.html`, close: () => server.close() };
}

/** A report for each peer, from a fresh browser or process: three devices are too many for SwiftShader. */
async function eachPeer(measure) {
  const reports = {};
  for (const peer of flags.peers.split(',')) reports[peer] = await measure(peer);
  return reports;
}

async function inBrowser() {
  const { address, close } = await serve();
  try {
    return await eachPeer((peer) => inChromium(peer, address));
  } finally {
    await close();
  }
}

/** gesso beside one other library, or what went wrong. */
async function inChromium(peer, address) {
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
    return failure ? { failure } : { ...report, runner: `Chromium ${browser.version()}` };
  } finally {
    await browser.close();
  }
}

async function inNode() {
  const { build } = await import('esbuild');
  const outfile = join(tree, 'build/bench/gpuNode.mjs');
  mkdirSync(join(tree, 'build/bench'), { recursive: true });
  await build({
    entryPoints: [join(tree, 'tests/bench/gpuNode.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    packages: 'external',
    external: ['gesso', 'gesso/*'], // what ships; TypeScript knows them as sources
    logLevel: 'warning',
  });
  return eachPeer((peer) => inOneNode(peer, outfile));
}

/** The same as inChromium(). */
function inOneNode(peer, script) {
  const { seconds, details, only } = flags;
  const asked = {
    peers: [peer],
    folder: models,
    ortFolder: `${pathToFileURL(ort)}/`,
    seconds: Number(seconds),
    details,
    ...(only && { only: only.split(',') }),
  };
  const { status, stdout } = spawnSync(process.execPath, [script, JSON.stringify(asked)], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) return { failure: `Node ended with ${status}` };
  return JSON.parse(stdout.slice(stdout.indexOf('{"adapter"'))); // others print greetings
}

function table(rows) {
  const number = (value) => (typeof value === 'number' ? Number(value.toPrecision(3)) : value);
  return rows.flatMap(({ name, libraries, ratios }) =>
    Object.entries(libraries).map(([library, times]) => {
      const { median_ms, best_ms, gpu_ms, cpu_ms, dispatches, nodes, agrees, failure } = times;
      const ratio = ratios[library];
      const figures = { median_ms, best_ms, gpu_ms, cpu_ms, dispatches, nodes, ratio, agrees };
      const shown = Object.entries(figures).map(([key, value]) => [key, number(value)]);
      return { name, library, ...(failure ? { failure } : Object.fromEntries(shown)) };
    }),
  );
}

function told(peer, { runner, adapter, gesso, rows, peers, failure }) {
  if (failure) return console.log(`\nbeside ${peer}: ${failure}`);
  const { vendor, architecture, device, description, software } = adapter;
  const gpu = [vendor, architecture, device, description].filter(Boolean).join(', ');
  console.log(`\n${runner}, beside ${peer} ${peers[peer]}; ${gesso.build} build`);
  console.log(`GPU: ${gpu}${software ? '; software, which says little about a real GPU' : ''}`);
  console.table(table(rows));
  if (!flags.details) return;
  for (const { name, libraries } of rows) {
    for (const [library, { kinds = [], gpu_ms }] of Object.entries(libraries)) {
      console.log(`${name}, ${library}, the costliest dispatches of ${gpu_ms?.toFixed(2)} ms`);
      console.table(kinds.slice(0, 12));
    }
  }
}

/** What went wrong, as sentences. */
function problems(report, where) {
  return Object.entries(report ?? {}).flatMap(([peer, { failure, rows = [] }]) => [
    ...(failure ? [`${where}, beside ${peer}: ${failure}`] : []),
    ...rows.flatMap(({ name, libraries }) =>
      Object.entries(libraries)
        .filter(([, { agrees }]) => !agrees)
        .map(
          ([library, { failure, difference }]) =>
            `${where}, ${name}: ${library} ${failure ?? `differs by ${difference}`}`,
        ),
    ),
  ]);
}

if (flags.build) {
  setUp('wasm', 'browser', 'npm');
  must(process.execPath, 'tools/build.mjs');
}
if (!existsSync(models))
  throw new Error(`there are no models.\n  folder  ${models}\n  Try: GESSO_SHARED`);
if (flags.serve) {
  const { address } = await serve();
  console.log(`Open ${address} in a browser with WebGPU. Ctrl+C ends.`);
} else {
  const browser = flags.browser ? await inBrowser() : null;
  const node = flags.node ? await inNode() : null;
  const machine = `${cpus()[0].model.trim()}, ${cpus().length} cores, ${process.platform}`;
  const date = new Date().toISOString();
  console.log(`\n${machine}, ${date.slice(0, 10)}; milliseconds; ratios are over gesso's medians`);
  for (const reports of [browser, node]) {
    for (const [peer, report] of Object.entries(reports ?? {})) told(peer, report);
  }
  if (flags.json) {
    const file = resolve(flags.json);
    writeFileSync(file, `${JSON.stringify({ machine, date, browser, node }, null, 2)}\n`);
    console.log(`Written to ${basename(file)}`);
  }
  const wrong = [...problems(browser, 'Chromium'), ...problems(node, 'Node')];
  for (const problem of wrong) console.error(problem);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}
