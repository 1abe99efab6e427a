// Measures gesso beside TF.js in Chromium:
//   npm run bench [-- --json FILE] [--kernels] [--frames COUNT]
//     [--only inference|training|charrnn|voice|frames|threads|people|analysis|teaching]
import { createReadStream, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { must, setUp } from './run.mjs';
import { tree } from './setup/places.mjs';
import { loadedBy, zipped } from './sizes.mjs';

const { values: flags } = parseArgs({
  options: {
    json: { type: 'string' },
    kernels: { type: 'boolean', default: false },
    only: { type: 'string' },
    frames: { type: 'string', default: '10000' },
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
  '/photos': join(shared, 'photos'),
  '/mnist': join(shared, 'data/mnist'),
  '/text': join(shared, 'data/text'),
  '/ml5-old': 'node_modules/ml5-0.12/dist',
};
const types = {
  gz: 'application/octet-stream',
  html: 'text/html',
  jpg: 'image/jpeg',
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
  const demo = await demoLearns();
  const figure = (value, bar) => ({ value: Number(value.toPrecision(4)), bar });
  return {
    'an epoch of 8,000 digits, ms': figure(fit_ms, ''),
    'over the sum of its steps': figure(fit_ms / steps_ms, '≤ 1.15'),
    'memory after 10,000 steps, over before': figure(memory[1] / memory[0], '1'),
    'demo: best % of 2,000 digits held out': figure(demo.best, '≥ 98'),
    'demo: seconds from a fresh page to 98 %': figure(demo.seconds, '≤ 60'),
    'demo: longest gap between frames, ms': figure(demo.gap, '< 50'),
  };
}

/** Whether the page goes on smoothly while a network trains and PoseNet follows a video. */
async function smooth(address) {
  const { build, gaps, trainingSteps, answers } = await left(`${address}frames.html`, 'smoothness');
  const figure = (value, bar) => ({ value: Number(value.toPrecision(3)), bar, build });
  return {
    'gap between frames, median, ms': figure(gaps.median, ''),
    'gap between frames, 95th percentile, ms': figure(gaps.most, '≤ 34'),
    'gap between frames, longest, ms': figure(gaps.longest, ''),
    'training steps a second meanwhile': figure(trainingSteps, ''),
    'answers of PoseNet a second meanwhile': figure(answers, ''),
  };
}

/** Whole answers about people beside the packages of TF.js; null where there are no photos. */
async function peopleSeen(address) {
  if (!existsSync(join(shared, 'photos'))) return null;
  return left(`${address}people.html?frames=${flags.frames}`, 'people');
}

/** A head that learns beside TF.js, and features beside the network alone; null without MobileNet. */
async function taught(address) {
  if (!existsSync(join(shared, 'models/mobilenet_v1_025_224_layers'))) return null;
  const { build, epoch, peers, ...times } = await left(`${address}teaching.html`, 'teaching');
  const [peer, best] = Object.entries(peers).sort(([, a], [, b]) => a - b)[0];
  const figure = (value, bar) => ({ value: Number(value.toPrecision(3)), bar, build });
  return {
    'epoch of a head, 300 examples, ms': figure(epoch, ''),
    [`the same, tfjs ${peer}, ms`]: figure(best, ''),
    'times faster': figure(best / epoch, '≥ 10'),
    'MobileNet alone, ms': figure(times.network, ''),
    'features of a picture, ms': figure(times.features, ''),
    'over MobileNet alone': figure(times.features / times.network, '≤ 1.1'),
    'an example that is kept, ms': figure(times.example, ''),
    'fine-tuning, an example in an epoch, ms': figure(times.fineTuning, ''),
  };
}

/** How long a voice of two layers of 128 learns; null where its text is not at hand. */
async function voiceLearns(address) {
  if (!existsSync(join(shared, 'data/text/shakespeare.txt'))) return null;
  const { build, ...learnt } = await left(`${address}learn.html`, 'learnt');
  const figure = (value, bar) => ({ value: Number(value.toPrecision(4)), bar, build });
  return {
    'loss of validation, nats a character': figure(learnt.valLoss, '≤ 1.6'),
    'seconds from nothing to that': figure(learnt.seconds, '≤ 600'),
    'times through the text': figure(learnt.epochs, ''),
    'characters a second': figure(learnt.charactersPerSecond, ''),
    'longest gap between frames, ms': figure(learnt.gap, '< 50'),
  };
}

/** What the demo that learns to read does in a fresh browser. */
async function demoLearns() {
  const demos = await createServer({
    configFile: join(tree, 'vite.config.ts'),
    server: { port: 5185 },
    logLevel: 'warn',
  });
  const browser = await launch();
  try {
    await demos.listen();
    const address = `${demos.resolvedUrls.local[0]}mnist/`;
    const before = await browser.newPage(); // the server translates its files only once
    await before.goto(address, { waitUntil: 'networkidle' });
    await before.close();
    const page = await (await browser.newContext()).newPage();
    await page.goto(address);
    return await page.evaluate(watchDemo, { goal: 98 });
  } finally {
    await browser.close();
    await demos.close();
  }
}

/** Runs in the page: presses Train, and looks at every frame until the training is over. */
function watchDemo({ goal }) {
  const find = (name) => document.querySelector(`[data-${name}]`);
  const seen = { seconds: Number.POSITIVE_INFINITY, best: 0, gap: 0 };
  let before = 0; // the time of the frame before; 0: not pressed yet
  return new Promise((resolve) => {
    const look = (now) => {
      if (before > 0) seen.gap = Math.max(seen.gap, now - before);
      if (before > 0 && find('stop').disabled) return resolve(seen);
      if (before === 0 && !find('train').disabled) find('train').click();
      if (!find('stop').disabled) before = now;
      seen.best = Math.max(seen.best, Number.parseFloat(find('held-out')?.textContent) || 0);
      if (seen.best >= goal) seen.seconds = Math.min(seen.seconds, now / 1000);
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}

function launch() {
  return chromium.launch({
    executablePath: process.env.GESSO_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update'],
  });
}

/** What a page of a fresh browser has under a name once it is done. */
async function left(address, name) {
  const browser = await launch();
  const page = await browser.newPage();
  await page.goto(address);
  const ready = (name) => window[name] || window.failure;
  await page.waitForFunction(ready, name, { timeout: 3_600_000 });
  const answer = await page.evaluate((name) => [window[name], window.failure], name);
  await browser.close();
  if (answer[1]) throw new Error(answer[1]);
  return answer[0];
}

/** What a page downloads, in compressed kilobytes. */
function sizes() {
  return {
    'gesso-relaxed.wasm': zipped('gesso-relaxed.wasm'),
    'gesso-simd.wasm': zipped('gesso-simd.wasm'),
    'gesso-relaxed-threads.wasm': zipped('gesso-relaxed-threads.wasm'),
    JavaScript: zipped(...loadedBy('index.js'), 'worker.js'),
  };
}

/** @param policy whether pages are isolated from other sites: with `require-corp` they may use threads */
async function serve(port, policy) {
  const server = await createServer({
    configFile: join(tree, 'vite.config.ts'),
    root: join(tree, 'tests/bench'),
    plugins: [serveFolders],
    server: { port, headers: { 'Cross-Origin-Embedder-Policy': policy } },
    logLevel: 'warn',
  });
  await server.listen();
  return server;
}

/** The networks on one and on two threads, in turns. */
async function threaded() {
  const server = await serve(5186, 'require-corp');
  const browser = await launch();
  try {
    const pages = [];
    for (const threads of [1, 2]) {
      const page = await browser.newPage();
      await page.goto(`${server.resolvedUrls.local[0]}threads.html?threads=${threads}`);
      await page.waitForFunction(() => window.threaded || window.failure, null, {
        timeout: 60_000,
      });
      const failure = await page.evaluate(() => window.failure);
      if (failure) throw new Error(failure);
      const found = await page.evaluate(() => window.threaded.threads);
      if (found !== threads) throw new Error(`${threads} threads asked for, ${found} started`);
      pages.push(page);
    }
    const rounds = [];
    for (let i = 0; i < 12; ++i) {
      const round = [];
      for (const page of pages) round.push(await page.evaluate(() => window.threaded.time()));
      rounds.push(round);
    }
    const median = (times) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
    return Object.keys(rounds[0][0]).map((name) => {
      const [one_ms, two_ms] = [0, 1].map((page) =>
        median(rounds.map((round) => round[page][name])),
      );
      return { name, one_ms, two_ms, ratio: one_ms / two_ms };
    });
  } finally {
    await browser.close();
    await server.close();
  }
}

const server = await serve(5184, 'unsafe-none');
try {
  const [address] = server.resolvedUrls.local;
  const wants = (part) => flags.only === undefined || flags.only === part;
  const query = flags.only ? `?only=${flags.only}` : '';
  const timed = wants('inference') || wants('training') || wants('charrnn');
  const rows = timed ? await left(`${address}${query}`, 'rows') : [];
  if (wants('inference')) rows.push(await firstLabels(address, rows[0]));
  const learning = wants('training') ? await learned(address) : null;
  const frames = wants('frames') ? await smooth(address) : null;
  const threads = wants('threads') ? await threaded() : null;
  const voice = wants('voice') ? await voiceLearns(address) : null;
  const people = wants('people') ? await peopleSeen(address) : null;
  const analysis = wants('analysis') ? await left(`${address}analysis.html`, 'analysed') : null;
  const teaching = wants('teaching') ? await taught(address) : null;
  const voices = wants('charrnn') ? await left(`${address}voices.html`, 'voices') : null;

  const inference = rows.filter(({ bar }) => bar === undefined);
  const training = rows.filter(({ bar }) => bar !== undefined);
  const machine = `${cpus()[0].model.trim()}, ${cpus().length} cores, ${process.platform}`;
  const date = new Date().toISOString().slice(0, 10);
  const round = (row) =>
    Object.fromEntries(
      Object.entries(row).map(([key, value]) => [
        key,
        typeof value === 'number' ? Number(value.toFixed(2)) : value,
      ]),
    );
  console.log(`\n${machine}, ${date}; one thread; medians in milliseconds`);
  if (frames) {
    console.log(
      'While a CNN trains in batches of 64 and PoseNet follows a video of 30 frames a second',
    );
    console.table(frames);
  }
  if (inference.length > 0) console.table(inference.map(round));
  if (training.length > 0) {
    console.log('A step of training: the median over fits of many steps');
    console.table(training.map(round));
  }
  if (learning) console.table(learning);
  if (voices) {
    console.log(`Characters a second in the worker, ${voices.build} build`);
    console.table(voices.rows.map(round));
  }
  if (voice) {
    console.log('A voice of two layers of 128 learns Shakespeare from nothing');
    console.table(voice);
  }
  if (teaching) {
    console.log('A head of 256-100-3 in batches of 16, in the worker; pictures of 320 × 240');
    console.table(teaching);
  }
  if (people) {
    console.log('Whole answers, from the picture to the points. Shares of the time of gesso:');
    console.log('reading: by the browser, the picture; beside: neither that nor the network');
    console.table(people.rows.map(round));
    console.log(`WebAssembly memory after ${people.frames} pictures, over that before`);
    console.table(people.growth);
  }
  if (analysis) {
    const { build, threads, divergence, gap } = analysis;
    console.log(`Analyses of rows in the worker, ${build} build, threads: ${threads}`);
    console.table(analysis.rows.map(round));
    console.log(
      'Divergence of the t-SNE above over that of exact t-SNE in double; longest gap, ms',
    );
    console.table({ ...divergence, gap });
  }
  if (threads) {
    console.log('One run in the worker, with its way there and back, on one thread and on two');
    console.table(threads.map(round));
  }
  console.log('Download, in KB after gzip');
  console.table(Object.fromEntries(Object.entries(sizes()).map(([k, v]) => [k, Math.round(v)])));
  if (flags.json) {
    const file = resolve(flags.json);
    writeFileSync(
      file,
      `${JSON.stringify({ machine, date, rows, learning, frames, threads, people, voice, voices, teaching, analysis, sizes: sizes() }, null, 2)}\n`,
    );
    console.log(`Written to ${basename(file)}`);
  }
} finally {
  await server.close();
}
