// Threads in a page that is isolated from other sites, what happens where they cannot start, and that
// every build names the same things.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from '@playwright/test';
import type { Golden } from '../../web/src/golden.js';
import { goldenInput } from '../../web/src/golden.js';
import type { Status } from '../../web/src/index.js';
import { expect, needs, shared, testServedBy } from './page.js';
import { type FolderServer, serveFiles } from './server.js';

const dist = resolve(import.meta.dirname, '../../dist');
const models = process.env.GESSO_MODELS ?? join(shared, 'models');
const goldens = join(shared, 'goldens');

const html =
  '<!doctype html><meta charset="utf-8"><title>A page</title><link rel="icon" href="data:,">';

/** Serves the library, models and a page, with the headers that isolate it. */
async function serveIsolated(): Promise<FolderServer> {
  const server = await serveFiles((path) => {
    if (path === 'index.html') return Buffer.from(html);
    const model = /^models\/(.*)/.exec(path)?.[1];
    return readFileSync(model ? join(models, model) : join(dist, path));
  });
  server.meddle = (_, response) => isolate(response);
  return server;
}

function isolate(response: { setHeader(name: string, value: string): unknown }): false {
  response.setHeader('cross-origin-opener-policy', 'same-origin');
  response.setHeader('cross-origin-embedder-policy', 'require-corp');
  response.setHeader('cross-origin-resource-policy', 'cross-origin');
  response.setHeader('access-control-allow-origin', '*');
  return false;
}

const test = testServedBy(serveIsolated);

/** The library, as open() leaves it in the page. */
declare const gesso: typeof import('../../web/src/index.js');

/** What a page asks of the library before its first model. */
interface Wish {
  threads?: number | 'auto';
  deterministic?: boolean;
  /** Address of the library. */
  library?: string;
}

/** Opens a page with the library; @returns its status. */
async function open(page: Page, address: string, wish: Wish = {}): Promise<Status> {
  await page.goto(address);
  return page.evaluate(async ({ threads, deterministic, library }) => {
    Object.assign(window, { gesso: await import(library ?? '/index.js') });
    if (threads !== undefined) gesso.setThreads(threads);
    if (deterministic !== undefined) gesso.setDeterministic(deterministic);
    return gesso.status();
  }, wish);
}

/** What a model made of an output of a golden file. */
interface Answer {
  /** The elements that the file has. */
  values: number[];
  /** Where the largest number of each row stands; of tables only. */
  labels: number[];
}

/** Runs a model in the page. */
function run(page: Page, { model, inputs, outputs }: GoldenFile): Promise<Answer[]> {
  const given = inputs.map((input) => {
    const dtype = input.dtype === 'int32' ? 'int32' : 'float32';
    return { data: [...goldenInput(input, dtype).data], shape: input.shape, dtype } as const;
  });
  return page.evaluate(
    async ({ address, given, steps }) => {
      const loaded = await gesso.loadModel(address);
      const found = await loaded.run(
        Object.fromEntries(
          loaded.inputs.map(({ name }, i) => {
            const { data = [], shape = [], dtype } = given[i] ?? {};
            return [name, gesso.tensor(data, shape, dtype)];
          }),
        ),
      );
      return Object.values(found).map(({ data, shape }, i) => {
        const width = shape.length === 2 ? (shape[1] ?? 1) : 0;
        const rows = width > 0 ? data.length / width : 0;
        const { step, count } = steps[i] ?? { step: 1, count: 0 };
        return {
          values: Array.from({ length: count }, (_, k) => data[k * step] ?? Number.NaN),
          labels: Array.from({ length: rows }, (_, row) => {
            const numbers = data.slice(row * width, (row + 1) * width);
            return numbers.indexOf(Math.max(...numbers) as never);
          }),
        };
      });
    },
    {
      address: `/models/${model}`,
      given,
      steps: outputs.map(({ step, values }) => ({ step, count: values.length })),
    },
  );
}

interface GoldenFile extends Golden {
  /** Path of the model. */
  model: string;
}

test('two threads are two where they are asked for', async ({ page, library }) => {
  const status = await open(page, library.address, { threads: 2 });
  expect(status).toMatchObject({
    ...{ build: 'relaxed-threads', threads: 2, backend: 'wasm', worker: true, faster: [] },
  });
  expect(status.memory).toBeGreaterThan(1e6);
});

test('one core is left to the page', async ({ page, library }) => {
  const cores = await page.evaluate(() => navigator.hardwareConcurrency);
  const wanted = Math.max(1, Math.min(cores - 1, 4));
  const { threads, build, faster } = await open(page, library.address);
  expect(threads).toBe(wanted);
  expect(build).toBe(wanted > 1 ? 'relaxed-threads' : 'relaxed');
  const advice = `setThreads(2) before the first model: this machine has ${cores} cores, and one was left to the page.`;
  expect(faster).toEqual(wanted > 1 || cores < 2 ? [] : [advice]);
});

test('a page that is not isolated is told how it could be', async ({ page, library }) => {
  library.meddle = () => false;
  const { threads, faster } = await open(page, library.address, { threads: 2 });
  expect(threads).toBe(1);
  expect(faster).toEqual([
    'Threads: have the server of this page send Cross-Origin-Opener-Policy: same-origin and ' +
      'Cross-Origin-Embedder-Policy: require-corp.',
  ]);
});

test('the number is known before the first model, or not at all', async ({ page, library }) => {
  await open(page, library.address, { threads: 1 });
  const message = await page.evaluate(() => {
    gesso.setThreads(2);
    return gesso.status().catch((error: Error) => error.message);
  });
  expect(message).toBe(
    'gesso: setThreads(2) came too late.\n  already running  1 of them\n' +
      '  Try: setThreads before the first model is loaded or made',
  );
});

test.describe('where threads fail', () => {
  test.use({ allowed: [/404/] });

  /** Threads that were asked for and refused: one thread works, and status() says why. */
  async function expectOne(page: Page, address: string, reason: RegExp): Promise<void> {
    const { threads, build, faster } = await open(page, address, { threads: 2 });
    expect({ threads, build }).toEqual({ threads: 1, build: 'relaxed' });
    expect(faster).toHaveLength(1);
    expect(faster[0]).toMatch(/^Threads did not start: /);
    expect(faster[0]).toMatch(reason);
    const sum = await page.evaluate(async () => {
      const ones = { units: 1, inputShape: [2], kernelInitializer: 'ones' } as const;
      const model = gesso.sequential([gesso.dense(ones)]);
      return [...(await model.predict(gesso.tensor([3, 4], [1, 2]))).data];
    });
    expect(sum).toEqual([7]);
  }

  for (const file of ['core-relaxed-threads.js', 'gesso-relaxed-threads.wasm']) {
    test(`one works without ${file}`, async ({ page, library }) => {
      library.meddle = (path, response) => {
        isolate(response);
        if (path !== file) return false;
        response.writeHead(404).end();
        return true;
      };
      await expectOne(page, library.address, new RegExp(file.replace('.', '\\.')));
    });
  }

  test('one works where a helper has an error', async ({ page, library }) => {
    library.meddle = (path, response) => {
      isolate(response);
      if (path !== 'core-relaxed-threads.js') return false;
      const text = readFileSync(join(dist, path), 'utf8');
      const broken = `if (self.name.startsWith('em-pthread')) throw new Error('no helper today');\n`;
      response.setHeader('content-type', 'text/javascript');
      response.end(broken + text);
      return true;
    };
    await expectOne(page, library.address, /no helper today/);
  });

  test('one works where a page gets little shared memory', async ({ page, library }) => {
    library.meddle = (path, response) => {
      isolate(response);
      if (path !== 'worker.js') return false;
      const refuses = `{
        const { Memory } = WebAssembly;
        WebAssembly.Memory = function (wanted) {
          if (wanted.shared) throw new RangeError('could not allocate memory');
          return new Memory(wanted);
        };
      }\n`;
      response.setHeader('content-type', 'text/javascript');
      response.end(refuses + readFileSync(join(dist, path), 'utf8'));
      return true;
    };
    await expectOne(page, library.address, /could not allocate memory/);
  });
});

test('threads start from a library on another site', async ({ browser, library }) => {
  const context = await browser.newContext(); // of its own: the usual one refuses other sites
  const page = await context.newPage();
  const here = library.address.replace('127.0.0.1', 'localhost');
  const status = await open(page, here, { threads: 2, library: `${library.address}index.js` });
  await context.close();
  expect(status).toMatchObject({ build: 'relaxed-threads', threads: 2 });
});

test('threads start under a strict content security policy', async ({ page, library }) => {
  library.meddle = (path, response) => {
    isolate(response);
    const policy =
      "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; img-src data:";
    response.setHeader('content-security-policy', policy);
    if (path !== 'page.js' && path !== 'strict.html') return false;
    const text = "import * as gesso from '/index.js'; Object.assign(window, { gesso });";
    response.setHeader('content-type', path === 'page.js' ? 'text/javascript' : 'text/html');
    response.end(
      path === 'page.js' ? text : `${html}<script type="module" src="page.js"></script>`,
    );
    return true;
  };
  await page.goto(`${library.address}strict.html`);
  await page.waitForFunction(() => 'gesso' in window);
  const status = await page.evaluate(() => {
    gesso.setThreads(2);
    return gesso.status();
  });
  expect(status).toMatchObject({ build: 'relaxed-threads', threads: 2 });
});

test('networks learn the same on two threads', async ({ page, library }) => {
  const losses: number[] = [];
  for (const threads of [1, 2]) {
    await open(page, library.address, { threads });
    const loss = await page.evaluate(async () => {
      const model = gesso.sequential(
        [
          gesso.conv2d({ filters: 8, kernelSize: 3, activation: 'relu', inputShape: [24, 24, 3] }),
          gesso.flatten(),
          gesso.dense({ units: 3, activation: 'softmax' }),
        ],
        { seed: 5 },
      );
      await model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
      const pixels = Float32Array.from({ length: 30 * 24 * 24 * 3 }, (_, i) => Math.sin(i * i));
      const x = gesso.tensor(pixels, [30, 24, 24, 3]);
      const y = gesso.tensor(
        Array.from({ length: 30 }, (_, i) => i % 3),
        [30, 1],
      );
      const { history } = await model.fit(x, y, { epochs: 5, batchSize: 10, shuffle: false });
      return history.loss?.at(-1) ?? Number.NaN;
    });
    losses.push(loss);
  }
  expect(losses[0]).toBeLessThan(1.2);
  expect(losses[1]).toBe(losses[0]);
});

test.describe('every build names the same things', () => {
  const names = existsSync(goldens)
    ? readdirSync(goldens).filter((name) => name !== 'tasks.json')
    : ['any golden'];
  const variants: [build: string, wish: Wish][] = [
    ['simd', { deterministic: true }],
    ['relaxed', { threads: 1 }],
    ['relaxed-threads', { threads: 2 }],
  ];
  for (const name of names) {
    test(name.replace('.json', ''), async ({ page, library }) => {
      needs(goldens, models);
      const golden = JSON.parse(readFileSync(join(goldens, name), 'utf8')) as GoldenFile;
      const labels: number[][][] = [];
      for (const [build, wish] of variants) {
        expect((await open(page, library.address, wish)).build).toBe(build);
        const answers = await run(page, golden);
        for (const [i, { values, max }] of golden.outputs.entries()) {
          const worst = Math.max(
            ...values.map((value, k) => Math.abs((answers[i]?.values[k] ?? Number.NaN) - value)),
          );
          expect(worst, `${build}, output ${i}`).toBeLessThanOrEqual(1e-4 * (max || 1));
        }
        labels.push(answers.map((answer) => answer.labels));
      }
      for (const other of labels) expect(other).toEqual(labels[0]);
    });
  }
});
