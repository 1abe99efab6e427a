// Projects of Teachable Machine beside its own published library; and pages with a network inside.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, type Page, test } from '@playwright/test';
import { buildSync } from 'esbuild';
import { root } from '../blocks.js';
import { imageProject, type MadeProject, poseProject } from '../web/teachableProject.js';
import { axe, mobilenet, needs, photo, posenet } from './page.js';
import { type FolderServer, serveFiles } from './server.js';

const labels = ['open hand', 'fist', 'nobody'];
const modules = resolve(root, 'node_modules');
const scripts: Record<string, string> = {
  'tf.js': resolve(modules, '@tensorflow/tfjs/dist/tf.min.js'),
  'tmImage.js': resolve(modules, '@teachablemachine/image/dist/teachablemachine-image.min.js'),
};
const page =
  '<!doctype html><link rel="icon" href="data:,"><title>Projects</title>' +
  Object.keys(scripts)
    .map((name) => `<script src="/${name}"></script>`)
    .join('');

/** Their library for poses: the script that they publish holds an older TensorFlow.js, in part. */
function poseLibrary(): Uint8Array {
  const { outputFiles } = buildSync({
    stdin: {
      contents: `export * from '@teachablemachine/pose'; export * as tf from '@tensorflow/tfjs';`,
      resolveDir: root,
    },
    bundle: true,
    format: 'iife',
    globalName: 'tmPose',
    mainFields: ['main'],
    platform: 'browser',
    logLevel: 'error',
    write: false,
  });
  return outputFiles[0]?.contents ?? new Uint8Array();
}

let server: FolderServer;
let poses: Uint8Array | undefined;
let projects: Record<string, MadeProject> = {};

test.beforeAll(async () => {
  projects = { image: await imageProject(labels), pose: await poseProject(labels) };
  server = await serveFiles((path) => {
    if (path === 'index.html') return Buffer.from(page);
    const script = scripts[path];
    if (script !== undefined) return readFileSync(script);
    if (path === 'tmPose.js') {
      poses ??= poseLibrary();
      return poses;
    }
    const [folder = '', ...rest] = path.split('/');
    const name = rest.join('/');
    if (folder === 'photos') return readFileSync(photo(name));
    if (folder === 'mobilenet') return readFileSync(resolve(mobilenet, name));
    if (folder === 'posenet') return readFileSync(resolve(posenet, name));
    const made = projects[folder]?.files.get(name);
    return made ?? readFileSync(resolve(root, 'dist', path));
  });
});

test.afterAll(() => server.close());

/** What every page of this test begins with. */
const begin = `
  await tf.setBackend('cpu'); // the others round in their own ways
  const library = await import('/index.js');
  const imageOf = async (name) => {
    const image = new Image();
    image.src = '/photos/' + name;
    await image.decode();
    return image;
  };
  const canvasOf = (image, size) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: size, height: size });
    canvas.getContext('2d').drawImage(image, 0, 0, size, size);
    return canvas;
  };
  const farthest = (ours, theirs) => Math.max(...theirs.map(({ className, probability }) =>
    Math.abs(probability - ours.find(({ label }) => label === className).confidence)));
`;

/** Runs the text of a function in a page that has begun. */
async function run<T>(page: Page, text: string): Promise<T> {
  await page.goto(server.address);
  return page.evaluate(`(async () => { ${begin} ${text} })()`) as Promise<T>;
}

test('an image project of theirs says here what it says in their library', async ({ page }) => {
  needs(photo('chelsea.png'), photo('coffee.png'));
  const { small, wide, zipped, sure } = await run<Record<string, number>>(
    page,
    `const theirs = await tmImage.load('/image/model.json', '/image/metadata.json');
     const ours = await library.teachableMachine('/image/');
     const coffee = await imageOf('coffee.png');
     const square = canvasOf(coffee, 224);
     const expected = await theirs.predict(square);
     const small = farthest(await ours.classify(square), expected);
     const wide = farthest(await ours.classify(coffee), await theirs.predict(coffee));
     const flipped = await library.teachableMachine('/image/', { flip: true });
     const zipped = farthest(await flipped.classify(coffee), await theirs.predict(coffee, true));
     return { small, wide, zipped, sure: Math.max(...expected.map(({ probability }) => probability)) };`,
  );
  expect(sure).toBeLessThan(0.999); // or anything would be the same
  expect(small).toBeLessThan(1e-4);
  expect(wide).toBeLessThan(1e-4);
  expect(zipped).toBeLessThan(1e-4);
});

test('a pose project of theirs says here what it says in their library', async ({ page }) => {
  needs(posenet, photo('tfjs_pose.jpg'));
  await page.route('https://storage.googleapis.com/**', (route) => {
    const name = new URL(route.request().url()).pathname.split('/').at(-1) ?? '';
    return route.fulfill({
      body: readFileSync(resolve(posenet, name)),
      headers: { 'access-control-allow-origin': '*' },
    });
  });
  const { difference, sure, kind } = await run<{ difference: number; sure: number; kind: string }>(
    page,
    `await new Promise((loaded) => {
       const script = Object.assign(document.createElement('script'), { src: '/tmPose.js', onload: loaded });
       document.head.append(script);
     });
     await tmPose.tf.setBackend('cpu');
     const theirs = await tmPose.load('/pose/model.json', '/pose/metadata.json');
     const ours = await library.teachableMachine('/pose/', { posenet: '/posenet/model-stride16.json' });
     const image = await imageOf('tfjs_pose.jpg');
     const canvas = Object.assign(document.createElement('canvas'), { width: 400, height: 300 });
     canvas.getContext('2d').drawImage(image, 0, 0, 400, 300);
     const { posenetOutput } = await theirs.estimatePose(canvas);
     const expected = await theirs.predict(posenetOutput);
     const difference = farthest(await ours.classify(canvas), expected);
     const sure = Math.max(...expected.map(({ probability }) => probability));
     return { difference, sure, kind: ours.kind };`,
  );
  expect(kind).toBe('pose');
  expect(sure).toBeLessThan(0.9999);
  expect(difference).toBeLessThan(1e-4);
});

/** Teaches two classes from crops of two photos. */
const teach = `
  const extractor = await library.featureExtractor('/mobilenet/');
  const [coffee, chelsea] = await Promise.all([imageOf('coffee.png'), imageOf('chelsea.png')]);
  const part = (image, i) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 224, height: 224 });
    canvas.getContext('2d').drawImage(image, -10 * i, -6 * i);
    return canvas;
  };
  for (let i = 0; i < 5; i++) {
    await extractor.addImage(part(coffee, i), 'a cup');
    await extractor.addImage(part(chelsea, i), 'a cat');
  }
  await extractor.train({ epochs: 8 });
`;

test('what was taught here says in their library what it says here', async ({ page }) => {
  needs(mobilenet, photo('chelsea.png'), photo('coffee.png'));
  const found = await run<Record<'same' | 'wide' | 'again' | 'sure', number>>(
    page,
    `${teach}
     let files;
     await library.exportTeachableMachine(extractor, { save: (map) => { files = map; } });
     const of = (name) => new File([files.get(name)], name);
     const theirs = await tmImage.loadFromFiles(of('model.json'), of('weights.bin'), of('metadata.json'));
     let [same, sure] = [0, 1];
     for (const picture of [part(coffee, 7), part(chelsea, 7), canvasOf(coffee, 224)]) {
       const expected = await theirs.predict(picture);
       same = Math.max(same, farthest(await extractor.classify(picture), expected));
       sure = Math.min(sure, ...expected.map(({ probability }) => Math.max(probability, 1 - probability)));
     }
     const opened = await library.teachableMachine([...files.keys()].map(of));
     let [wide, again] = [0, 0];
     for (const picture of [coffee, chelsea]) {
       const expected = await theirs.predict(picture);
       wide = Math.max(wide, farthest(await extractor.classify(picture), expected));
       again = Math.max(again, farthest(await opened.classify(picture), expected));
     }
     return { same, wide, again, sure };`,
  );
  test.info().annotations.push({ type: 'differences', description: JSON.stringify(found) });
  expect(found.same).toBeLessThan(1e-4);
  // Their library draws a picture of another size smaller on a canvas: so does teachableMachine().
  expect(found.again).toBeLessThan(1e-4);
  // The extractor reads between its pixels instead.
  expect(found.wide).toBeLessThan(0.05);
});

/** The address of a page with a network inside, as a file. */
async function pageOfCups(page: Page, options = '{}'): Promise<string> {
  const text = await run<string>(
    page,
    `${teach.replace("'/mobilenet/'", `'/mobilenet/', ${options}`)}
     extractor.card = { title: 'Cups & cats', consent: 'of the cat' };
     let files;
     await library.exportPage(extractor, { save: (map) => { files = map; } });
     return new TextDecoder().decode(files.get('index.html'));`,
  );
  const file = join(mkdtempSync(join(tmpdir(), 'gesso-')), 'cups.html');
  writeFileSync(file, text);
  return pathToFileURL(file).href;
}

test('a page with a network inside runs from a file', async ({ page, context }) => {
  needs(mobilenet, photo('chelsea.png'), photo('coffee.png'));
  const address = await pageOfCups(page);
  const asked: string[] = [];
  const complaints: string[] = [];
  context.on('request', (request) => asked.push(request.url()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  await page.goto(address);
  await expect(page.getByRole('heading')).toHaveText('Cups & cats');
  const answer = page.getByRole('status');
  await expect(answer).toHaveText('Nothing to see yet.', { timeout: 30_000 });
  const chooser = page.getByLabel('Choose a picture');
  await chooser.setInputFiles(photo('chelsea.png'));
  await expect(answer).toContainText('a cat');
  await chooser.setInputFiles(photo('coffee.png'));
  await expect(answer).toContainText('a cup');
  await expect(page.getByRole('listitem')).toHaveCount(2);
  await expect(page.getByRole('img')).toHaveAttribute('aria-label', /a cup/);
  await page.getByRole('button', { name: 'Camera' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).not.toBeEmpty(); // there is no camera on this machine
  const { violations } = await axe(page).analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);
  expect(complaints).toEqual([]);
  const outside = asked.filter((address) => !/^(file|data|blob):/.test(address));
  expect(outside, 'requests that leave the page').toEqual([]);
});

test('a page with a network inside has one camera at most, and none beside a picture', async ({
  page,
}) => {
  needs(mobilenet, photo('chelsea.png'), photo('coffee.png'));
  const address = await pageOfCups(page, "{ preprocess: { fit: 'stretch' } }");
  // A camera that nobody allows before the test does, of a canvas.
  await page.addInitScript(() => {
    const cameras: { stream: MediaStream; allow: () => void }[] = [];
    const paint = (context: CanvasRenderingContext2D | null) => {
      context?.fillRect(0, 0, 64, 48);
      setTimeout(() => paint(context), 30);
    };
    const getUserMedia = () => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 48 });
      paint(canvas.getContext('2d'));
      const stream = canvas.captureStream();
      return new Promise<MediaStream>((resolve) => {
        cameras.push({ stream, allow: () => resolve(stream) });
      });
    };
    Object.defineProperty(navigator, 'mediaDevices', { value: { getUserMedia } });
    Object.assign(window, { cameras });
  });
  await page.goto(address);
  const answer = page.getByRole('status');
  await expect(answer).toHaveText('Nothing to see yet.', { timeout: 30_000 });
  const camera = page.getByRole('button', { name: 'Camera' });
  const allow = () => page.evaluate('cameras.forEach(({ allow }) => allow())');
  const live = () =>
    page.evaluate<number>(
      'cameras.filter(({ stream }) => stream.getTracks().some((t) => t.readyState === "live")).length',
    );

  // Off again while the question is open, and on once more.
  await camera.click();
  await camera.click();
  await expect(camera).toHaveAttribute('aria-pressed', 'false');
  await camera.click();
  await allow();
  await expect(camera).toHaveAttribute('aria-pressed', 'true');
  await expect(answer).not.toHaveText('Nothing to see yet.');
  expect(await live()).toBe(1);
  await camera.click();
  await expect.poll(live).toBe(0);

  // A picture that comes while the question is open stays.
  await camera.click();
  await page.getByLabel('Choose a picture').setInputFiles(photo('chelsea.png'));
  await expect(answer).toContainText('a cat');
  await allow();
  await expect.poll(live).toBe(0);
  await expect(camera).toHaveAttribute('aria-pressed', 'false');
  await expect(answer).toContainText('a cat');
  // All of it is seen, and all of it is shown: 451 × 300 pixels.
  const { width, height } = await page
    .getByRole('img')
    .evaluate(({ width, height }: HTMLCanvasElement) => ({ width, height }));
  expect(width / height).toBeCloseTo(451 / 300, 2);

  // A video that does not play leaves no camera on.
  await page.evaluate(() => {
    HTMLVideoElement.prototype.play = () => Promise.reject(new Error('it does not play'));
  });
  await camera.click();
  await allow();
  await expect(page.getByRole('alert')).toHaveText('it does not play');
  await expect.poll(live).toBe(0);
  await expect(camera).toHaveAttribute('aria-pressed', 'false');
});
