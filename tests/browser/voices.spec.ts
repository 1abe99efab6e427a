// Voices in a page: trainings that outlive it, and voices given away to ml5 and as a page of their own.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, type Page, test } from '@playwright/test';
import { root } from '../blocks.js';
import { type FolderServer, serveFiles } from './server.js';

let server: FolderServer;
/** Files that tests add to what is served. */
const added = new Map<string, Uint8Array>();

/** As sketches for ml5 0.12 are written: a callback when it has loaded, then one character at a time. */
const sketch = `<script src="/gesso-ml5.js"></script><body><script>
  const say = (words) => document.body.append(words);
  const charRNN = ml5.charRNN('./sea/', modelReady);

  async function modelReady(error) {
    if (error) return say(error.message);
    say('Model Loaded our ');
    charRNN.reset();
    await charRNN.feed('our ');
    loopRNN(80);
  }

  async function loopRNN(left) {
    if (left === 0) return;
    const { probabilities } = await charRNN.predict(0.5);
    const best = probabilities.reduce((a, b) => (b.probability > a.probability ? b : a));
    say(best.char);
    await charRNN.feed(best.char);
    loopRNN(left - 1);
  }
</script>`;

test.beforeAll(async () => {
  const page =
    '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Voices</title>';
  server = await serveFiles((path) => {
    if (path === 'index.html') return Buffer.from(page);
    if (path === 'script.html') return Buffer.from(`${page}<script src="/gesso.js"></script>`);
    if (path === 'ml5.html') return Buffer.from(`${page}<script src="/ml5.min.js"></script>`);
    if (path === 'sketch.html') return Buffer.from(page + sketch);
    if (path === 'ml5.min.js')
      return readFileSync(resolve(root, 'node_modules/ml5-0.12/dist', path));
    return added.get(path) ?? readFileSync(resolve(root, 'dist', path));
  });
});

test.afterAll(() => server.close());

/** What every page of this test begins with: the library, and a text. */
const begin = `
  const library = globalThis.gesso ?? (await import('/index.js'));
  const words = ['the sea', 'a ship', 'our house', 'two birds', 'no one'];
  const text = Array.from({ length: 900 }, (_, i) =>
    words[(i * i) % 5] + ' and ' + words[(i * 3 + 1) % 5] + (i % 4 ? ', ' : '.\\n'),
  ).join('');
  const options = {
    layers: 2, units: 24, embedding: 12, dropout: 0.1, sequenceLength: 20, batchSize: 8, epochs: 4,
    learningRate: { type: 'cosine', from: 0.01 }, seed: 5, temperatures: [0], sampleLength: 40,
  };
`;

const script = (body: string) => `(async () => { ${begin} ${body} })()`;

interface Epochs {
  loss: number;
  valLoss: number;
  samples: { text: string }[];
}

const run = <T>(page: Page, body: string) => page.evaluate<T>(script(body));

test('a training goes on after its tab was closed in the middle, as if it had never stopped', async ({
  page,
  context,
}) => {
  await page.goto(server.address);
  const whole = await run<Epochs[]>(
    page,
    `const voice = library.charRNN({ onWarning: () => {} });
     return (await voice.train(text, options)).epochs;`,
  );
  expect(whole).toHaveLength(4);

  // The tab closes in the middle of the second epoch, while the training runs.
  const tab = await context.newPage();
  await tab.goto(server.address);
  const closing = new Promise<void>((close) => {
    void tab.exposeFunction('inTheMiddle', () => close());
  });
  await tab.waitForFunction(() => 'inTheMiddle' in window);
  void tab
    .evaluate(
      script(`
        const voice = library.charRNN({ onWarning: () => {} });
        await voice.describe({ title: 'Sea', consent: 'made up' });
        let told = false;
        await voice.train(text, {
          ...options, checkpoint: 'sea', checkpointSeconds: 0,
          onProgress: ({ epoch, step, steps }) => {
            if (told || epoch < 1 || step < steps / 2) return;
            told = true;
            voice.pause();
            inTheMiddle();
          },
        });
      `),
    )
    .catch(() => {}); // the tab is gone before it ends
  await closing;
  await tab.close({ runBeforeUnload: false });

  const later = await context.newPage();
  await later.goto(server.address);
  const found = await run<{ kept: unknown[]; resumed: Epochs[]; told: number; title: string }>(
    later,
    `const kept = await library.listCheckpoints();
     const voice = library.charRNN({ onWarning: () => {} });
     let told = 0;
     const { epochs } = await voice.continueTraining('sea', { onEpoch: () => { told++; } });
     const { voice: card } = await voice.about();
     await library.deleteCheckpoint('sea');
     const error = await voice.continueTraining('sea').catch(String);
     if (!error.includes('there is no training "sea" in this browser')) throw new Error(error);
     return { kept, resumed: epochs, told, title: card.title };`,
  );
  expect(found.kept).toMatchObject([{ name: 'sea', epoch: 1, epochs: 4 }]);
  expect(found.told).toBe(3);
  expect(found.resumed).toEqual(whole);
  expect(found.title).toBe('Sea');
});

/** A voice of two layers of LSTM that has learned a little, its files, and its greedy text. */
async function shared(page: Page, format: string) {
  await page.goto(server.address);
  return run<{ files: [string, string][]; text: string }>(
    page,
    `const voice = library.charRNN({ onWarning: () => {} });
     await voice.train(text, { ...options, epochs: 2 });
     await voice.describe({ title: 'The <sea>', author: 'Ada', consent: 'nobody lived it' });
     const files = await voice.files({ format: '${format}' });
     const { sample } = await voice.generate({ seed: 'our ', length: 80, temperature: 0 });
     const base64 = (bytes) => {
       let all = '';
       for (const byte of bytes) all += String.fromCharCode(byte);
       return btoa(all);
     };
     return { files: [...files].map(([name, bytes]) => [name, base64(bytes)]), text: sample };`,
  );
}

test('ml5 0.12 reads a voice and says the same', async ({ page }) => {
  const { files, text } = await shared(page, 'ml5');
  expect(files.map(([name]) => name)).toEqual(
    expect.arrayContaining(['manifest.json', 'vocab.json', 'embedding', 'card.json']),
  );
  for (const [name, content] of files) added.set(`sea/${name}`, Buffer.from(content, 'base64'));
  await page.goto(`${server.address}ml5.html`);
  const said = await page.evaluate<string>(`(async () => {
    const voice = ml5.charRNN('./sea/');
    await voice.ready;
    for (const char of 'our ') await voice.feed(char);
    let text = '';
    for (let i = 0; i < ${text.length}; i++) {
      const { probabilities } = await voice.predict(1);
      const best = probabilities.reduce((a, b) => (b.probability > a.probability ? b : a));
      text += best.char;
      await voice.feed(best.char);
    }
    return text;
  })()`);
  expect(said).toBe(text);
});

test('a page of its own talks from a file, without a network', async ({ page, browser }) => {
  const { files, text } = await shared(page, 'html');
  const [[name, content] = ['', '']] = files;
  expect(name).toBe('index.html');
  const folder = mkdtempSync(join(tmpdir(), 'gesso-'));
  writeFileSync(join(folder, name), Buffer.from(content, 'base64'));

  const context = await browser.newContext({ offline: true });
  const alone = await context.newPage();
  const complaints: string[] = [];
  const asked: string[] = [];
  alone.on('pageerror', (error) => complaints.push(String(error)));
  alone.on('console', (message) => complaints.push(message.text()));
  context.on('request', (request) => {
    if (request.url().startsWith('http')) asked.push(request.url());
  });
  await alone.goto(pathToFileURL(join(folder, name)).href);
  await expect(alone.getByRole('heading', { name: 'The <sea>' })).toBeVisible();
  await expect(alone.getByText('nobody lived it')).toBeVisible();
  await alone.getByLabel('A beginning').fill('our ');
  await alone.getByLabel('Temperature').fill('0');
  await alone.getByRole('button', { name: 'Write' }).click();
  await expect(alone.getByRole('status')).toContainText(`our ${text}`);
  expect({ complaints, asked }).toEqual({ complaints: [], asked: [] });
  await context.close();
});

test('a page with a script tag loads the code of voices when it needs it', async ({ page }) => {
  await page.goto(`${server.address}script.html`);
  server.asked.length = 0;
  const facts = await run<{ sample: string; known: boolean }>(
    page,
    `const voice = library.charRNN({ onWarning: () => {} });
     await voice.train(text, { ...options, epochs: 1, temperatures: [] });
     const { sample } = await voice.generate({ length: 30 });
     const error = await library.charRNN().generate().catch((error) => error);
     return { sample, known: error instanceof library.MLError };`,
  );
  expect([...facts.sample]).toHaveLength(30);
  expect(facts.known).toBe(true);
  expect(server.asked).toContain('voice.js');
  expect(server.asked).not.toContain('index.js');
});

test('a sketch made for ml5 0.12 talks in a voice of its folder', async ({ page }) => {
  const { files, text } = await shared(page, 'ml5');
  for (const [name, content] of files) added.set(`sea/${name}`, Buffer.from(content, 'base64'));
  await page.goto(`${server.address}sketch.html`);
  await expect(page.locator('body')).toHaveText(`Model Loaded our ${text}`, { timeout: 20_000 });
});

test('a text of 50 MB is learned from without freezing the page', async ({ page }) => {
  await page.goto(server.address);
  const { gap, kinds, steps } = await run<{ gap: number; kinds: string[]; steps: number }>(
    page,
    `const long = text.repeat(Math.ceil(50e6 / text.length));
     let gap = 0;
     let last = performance.now();
     const look = () => {
       gap = Math.max(gap, performance.now() - last);
       last = performance.now();
       requestAnimationFrame(look);
     };
     requestAnimationFrame(look);
     const kinds = [];
     const voice = library.charRNN({ onWarning: ({ kind }) => kinds.push(kind) });
     let steps = 0;
     await voice.train(long, { ...options, onProgress: ({ step }) => {
       steps = step;
       if (step > 20) voice.stop();
     } });
     return { gap, kinds, steps };`,
  );
  expect(steps).toBeGreaterThan(20);
  expect(kinds).toContain('large');
  expect(gap).toBeLessThan(1000);
});

test('a voice is downloaded in each way, and kept in the browser', async ({ page }) => {
  await page.goto(server.address);
  const names: string[] = [];
  page.on('download', (download) => names.push(download.suggestedFilename()));
  const texts = await run<string[]>(
    page,
    `const voice = library.charRNN({ onWarning: () => {} });
     await voice.train(text, { ...options, epochs: 1, temperatures: [] });
     const say = async (one) =>
       (await one.generate({ seed: 'our ', length: 40, temperature: 0 })).sample;
     await voice.save('indexeddb://sea');
     const kept = await library.charRNN('indexeddb://sea');
     const files = await voice.files();
     const dropped = await library.charRNN(
       [...files].map(([name, bytes]) => new File([bytes], name.replace('model', 'sea'))),
     );
     for (const format of ['gesso', 'ml5', 'html']) {
       await voice.save('downloads://sea', { format });
     }
     return [await say(voice), await say(kept), await say(dropped)];`,
  );
  expect(texts[1]).toBe(texts[0]);
  expect(texts[2]).toBe(texts[0]);
  await expect
    .poll(() => names.sort())
    .toEqual(['sea.html', 'sea.json', 'sea.weights.bin', 'sea.zip']);
});
