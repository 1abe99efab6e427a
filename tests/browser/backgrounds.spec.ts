// What is drawn behind people: pixels, with a mask that is made up.
import { Pages, scripts, told, versions } from './p5Pages.js';
import { expect, test } from './page.js';

const port = 5399;

test.use({ baseURL: `http://localhost:${port}` });

let pages: Pages;

test.beforeAll(async () => {
  pages = await Pages.serve(port);
});

test.afterAll(() => pages.close());

/** A picture that is red on the left and lime on the right, whose left half is somebody. */
const halves = `
  const [width, height] = [80, 60];
  const picture = document.createElement('canvas');
  Object.assign(picture, { width, height });
  const pen = picture.getContext('2d');
  pen.fillStyle = 'rgb(255 0 0)';
  pen.fillRect(0, 0, 40, 60);
  pen.fillStyle = 'rgb(0 255 0)';
  pen.fillRect(40, 0, 40, 60);
  const mask = new ImageData(width, height);
  for (let i = 0; i < mask.data.length; i += 4)
    mask.data.set([255, 255, 255, (i / 4) % width < 40 ? 255 : 0], i);
  const people = { width, height, mask, data: new Uint8Array(width * height), people: [], flip: false };
  const target = document.createElement('canvas');
  Object.assign(target, { width: 160, height: 120 });
  const context = target.getContext('2d', { willReadFrequently: true });
  const at = (x, y) => [...context.getImageData(x, y, 1, 1).data];
  const message = (call) => { try { call(); return 'nothing'; } catch (error) { return error.message; } };`;

async function answers(page: import('@playwright/test').Page, body: string): Promise<unknown> {
  await page.goto(
    pages.page(`<script type="module">
      import { blurBackground, cutOut, replaceBackground } from '/gesso/index.js';
      ${halves}
      ${body}
    </script>`),
  );
  const handle = await page.waitForFunction(() => (window as { answers?: object }).answers);
  return handle.jsonValue();
}

const [red, teal, nothing] = [
  [255, 0, 0, 255],
  [0, 128, 128, 255],
  [0, 0, 0, 0],
];

test('people stand before a colour, a picture, or nothing', async ({ page }) => {
  const found = await answers(
    page,
    `const behind = document.createElement('canvas');
     Object.assign(behind, { width: 20, height: 10 });
     behind.getContext('2d').fillStyle = 'teal';
     behind.getContext('2d').fillRect(0, 0, 20, 10);
     const all = [];
     for (const background of ['teal', behind]) {
       context.globalAlpha = 0.5; // a sketch's own settings are left alone, and do not count
       replaceBackground(target, picture, people, background);
       all.push(at(10, 10), at(150, 110), context.globalAlpha);
     }
     cutOut(context, picture, people);
     all.push(at(10, 10), at(150, 110));
     window.answers = all;`,
  );
  expect(found).toEqual([red, teal, 0.5, red, teal, 0.5, red, nothing]);
});

test('what is behind is blurred, people are not; all of it is mirrored with them', async ({
  page,
}) => {
  const found = (await answers(
    page,
    `blurBackground(target, picture, people, { radius: 20, edge: 0 });
     const sharp = at(76, 60), soft = at(84, 60);
     const mirror = { ...people, flip: true, mask: new ImageData(width, height) };
     for (let i = 0; i < mask.data.length; i += 4)
       mirror.mask.data.set([255, 255, 255, (i / 4) % width >= 40 ? 255 : 0], i);
     cutOut(target, picture, mirror);
     window.answers = [sharp, soft, at(10, 10), at(150, 10)];`,
  )) as number[][];
  const [sharp, soft, left, right] = found;
  expect(sharp).toEqual(red);
  expect(soft?.[0]).toBeGreaterThan(20); // red has come over from beside
  expect(soft?.[1]).toBeGreaterThan(20);
  expect([left, right]).toEqual([nothing, red]);
});

test('what cannot be drawn is refused', async ({ page }) => {
  const found = await answers(
    page,
    `window.answers = [
       message(() => replaceBackground(target, picture, people, 'teaal')),
       message(() => replaceBackground(target, picture, {}, 'teal')),
       message(() => cutOut(target, new Image(), people)),
       message(() => cutOut({}, picture, people)),
       message(() => blurBackground(target, picture, people, { radius: -1 })),
     ].map((text) => text.split('\\n')[0]);`,
  );
  expect(found).toEqual([
    'replaceBackground: this is nothing to put behind people.',
    'replaceBackground: it needs to know who is in the picture.',
    'cutOut: the picture has no size yet.',
    'cutOut: this is nothing to draw on.',
    'blurBackground: radius must be a number from 0.',
  ]);
});

for (const version of versions) {
  test(`p5 ${version}: a sketch is a target, in its own units`, async ({ page }) => {
    const sketch = `
      function setup() {
        createCanvas(160, 120);
        pixelDensity(2);
        ${halves}
        import('/gesso/index.js').then(({ replaceBackground }) => {
          replaceBackground(window.p5.instance ?? window, picture, people, 'teal');
          const { data } = drawingContext.getImageData(0, 0, 320, 240);
          const colour = (x, y) => [...data.slice(4 * (320 * y + x)).slice(0, 4)].join(' ');
          const seen = [colour(20, 20), colour(300, 220)];
          describe('seen ' + seen.join(', '));
        });
      }`;
    await page.goto(pages.page(scripts(version, sketch)));
    await expect(async () =>
      expect(await told(page)).toMatch('seen 255 0 0 255, 0 128 128 255'),
    ).toPass();
  });
}
