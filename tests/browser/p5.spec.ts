// p5 1 and p5 2: the same lines in both, `preload`, pictures in and out, and what a failed start shows.
import type { Page } from '@playwright/test';
import { blocks } from '../blocks.js';
import { fakeCamera, Pages, scripts, told, type Version, versions } from './p5Pages.js';
import { expect, mobilenet, needs, test } from './page.js';

const port = 5392;

test.use({ baseURL: `http://localhost:${port}`, launchOptions: fakeCamera });

let pages: Pages;

test.beforeAll(async () => {
  pages = await Pages.serve(port);
});

test.afterAll(() => pages.close());

/** Draws a one, in white on black, wherever p5's functions are. */
const one = (p5 = '') => `
  const paper = ${p5}createGraphics(100, 100);
  paper.pixelDensity(1);
  paper.background(0);
  paper.stroke(255);
  paper.strokeWeight(9);
  paper.line(50, 20, 50, 80);
`;

/** A sketch with gesso's own functions, as a module. */
const module = (version: Version, sketch: string) => `
  <script src="/p5/${version}/p5.min.js"></script>
  <script type="module">${sketch}</script>`;

const says = (page: Page, text: string | RegExp) =>
  expect(async () => expect(await told(page)).toMatch(text)).toPass({ timeout: 20_000 });

const message = (page: Page) => page.getByRole('alert');

for (const version of versions) {
  test.describe(`p5 ${version}`, () => {
    test('global: the object works at once, with no await', async ({ page }) => {
      const sketch = `
        import { imageClassifier } from '/gesso/index.js';
        const classifier = imageClassifier('digits');
        window.setup = () => {
          createCanvas(100, 100);
          ${one()}
          classifier.classify(paper).then(([best]) => describe('read ' + best.label));
        };`;
      await page.goto(pages.page(module(version, sketch)));
      await says(page, /^read 1\./);
    });

    test('instance: the object can be awaited in setup', async ({ page }) => {
      const sketch = `
        import { imageClassifier } from '/gesso/index.js';
        new p5((sketch) => {
          sketch.setup = async () => {
            sketch.createCanvas(100, 100);
            ${one('sketch.')}
            const classifier = await imageClassifier('digits');
            const [best] = await classifier.classify(paper);
            sketch.describe('read ' + best.label);
          };
        });`;
      await page.goto(pages.page(module(version, sketch)));
      await says(page, /^read 1\./);
    });

    test('takes p5.Graphics, p5.Image and p5.MediaElement, and gives p5.Image', async ({
      page,
    }) => {
      const sketch = `
        import { imageClassifier, p5Image } from '/gesso/index.js';
        window.setup = async () => {
          createCanvas(100, 100);
          ${one()}
          const classifier = imageClassifier('digits');
          const read = async (picture) => (await classifier.classify(picture, 1))[0].label;

          const stream = paper.elt.captureStream();
          const video = createVideo([]);
          video.elt.srcObject = stream;
          video.elt.muted = true;
          video.hide();
          const painting = setInterval(() => paper.point(50, 50), 30);
          await video.elt.play();
          const seen = [await read(paper), await read(paper.get()), await read(video)];
          clearInterval(painting);

          const picture = await p5Image(paper.get());
          image(picture, 0, 0, 100, 100);
          const pixel = get(50, 50).slice(0, 3).join(' ');
          const is = picture instanceof p5.Image && picture.width === 100;
          describe(seen.join(' ') + ', p5.Image: ' + is + ' ' + pixel);
        };`;
      await page.goto(pages.page(module(version, sketch)));
      await says(page, /^1 1 1, p5\.Image: true 255 255 255/);
    });

    test('watches a capture-like canvas until it is stopped', async ({ page }) => {
      const sketch = `
        let label = '';
        function setup() {
          createCanvas(100, 100);
          ${one()}
          window.paper = paper;
          window.classifier = ml5.imageClassifier('digits', (loaded, error) => {
            window.same = !error && typeof loaded.classifyStart === 'function';
          });
          window.calls = { first: 0, second: 0 };
          classifier.classifyStart(paper, () => calls.first++); // before it has loaded
          classifier.classifyStart(paper, 2, (results) => {
            calls.second++;
            window.shape = JSON.stringify(results.map((result) => Object.keys(result)));
          });
        }`;
      await page.goto(pages.page(scripts(version, sketch)));
      const state = () => page.evaluate('({ ...calls, shape: window.shape, same: window.same })');
      const wanted = {
        first: 0,
        shape: '[["label","confidence"],["label","confidence"]]',
        same: true,
      };
      await expect.poll(state, { timeout: 20_000 }).toMatchObject(wanted);
      await page.evaluate('classifier.classifyStop()');
      const before = await state();
      await page.waitForTimeout(300);
      expect(await state()).toEqual(before);
    });
  });
}

/** What each sketch of the documents must come to say, by a part of its text. */
const documented: [part: string, words: RegExp][] = [
  ['createCapture', /The camera, captioned \w+/],
  ['async () =>', /The model is there/],
  ['ml5.', /The network reads 1/],
];

test.describe('sketches of the documents', () => {
  const sketches = blocks.filter(({ note }) => note === 'p5');

  for (const { where, text } of sketches) {
    for (const version of versions) {
      test(`${where}, p5 ${version}`, async ({ page }) => {
        needs(mobilenet);
        const [, words] = documented.find(([part]) => text.includes(part)) ?? [];
        expect(words, 'what it says').toBeDefined();
        const local = text.includes('import ')
          ? module(
              version,
              `import { setModelPath } from '/gesso/index.js'; setModelPath('/models/');`,
            )
          : scripts(version, '');
        await page.goto(pages.page(`${local}<script type="module">${text}</script>`));
        await says(page, words ?? /^$/);
      });
    }
  }
});

test.describe('preload of p5 1', () => {
  const late = async (page: Page) => {
    await page.route('**/models/digits/weights.bin', async (route) => {
      await new Promise((done) => setTimeout(done, 700));
      await route.continue();
    });
  };

  test('holds setup back until the model is there', async ({ page }) => {
    const sketch = `
      let classifier, loaded = false;
      function preload() {
        classifier = ml5.imageClassifier('digits');
        classifier.ready.then(() => { loaded = true; });
      }
      function setup() {
        createCanvas(100, 100);
        describe('loaded: ' + loaded + ', usable: ' + typeof classifier.classify);
      }`;
    await late(page);
    await page.goto(pages.page(scripts('1', sketch)));
    await expect(page.getByText('Loading...')).toBeVisible();
    await says(page, /loaded: true, usable: function/);
    await expect(page.getByText('Loading...')).toHaveCount(0);
  });

  test('holds back the sketch that waits, and no other', async ({ page }) => {
    const sketch = `
      const order = [];
      new p5((sketch) => {
        sketch.preload = () => {
          ml5.imageClassifier('digits').ready.then(() => order.push('loaded'));
        };
        sketch.setup = () => {
          sketch.createCanvas(100, 100);
          order.push('first');
          sketch.describe(order.join(', '));
        };
      });
      new p5((sketch) => {
        sketch.preload = () => {};
        sketch.setup = () => {
          sketch.createCanvas(100, 100);
          order.push('second');
        };
      });`;
    await late(page);
    await page.goto(pages.page(scripts('1', sketch)));
    await says(page, /second, loaded, first/);
  });

  test('holds setup back for a module, and for data of a network', async ({ page }) => {
    const sketch = `
      import ml5 from '/gesso/ml5.js';
      let nn;
      window.preload = () => {
        nn = ml5.neuralNetwork({ task: 'classification', dataUrl: '/sketches/warmth.json' });
      };
      window.setup = async () => {
        createCanvas(100, 100);
        await nn.train({ epochs: 30, batchSize: 4 });
        describe('30 degrees are ' + nn.classifySync([30])[0].label);
      };`;
    await page.goto(pages.page(module('1', sketch)));
    await says(page, /^30 degrees are warm/);
  });

  test('works whichever script comes first', async ({ page }) => {
    const sketch = `
      function preload() { window.classifier = ml5.imageClassifier('digits'); }
      function setup() { createCanvas(100, 100); describe('it has begun'); }`;
    const [p5, ml5, ...rest] = scripts('1', sketch).split('\n');
    await late(page);
    await page.goto(pages.page([ml5, p5, ...rest].join('\n')));
    await expect(page.getByText('Loading...')).toBeVisible();
    await says(page, /it has begun/);
  });

  test('lets a sketch be removed while it waits', async ({ page }) => {
    await late(page);
    const sketch = `
      function preload() {
        window.ready = ml5.imageClassifier('digits').ready;
        setTimeout(remove, 50);
      }
      function setup() { createCanvas(100, 100); }`;
    await page.goto(pages.page(scripts('1', sketch)));
    await page.evaluate('ready');
    await page.waitForTimeout(100);
    await expect(page.locator('canvas')).toHaveCount(0);
  });
});

test.describe('a start that fails', () => {
  test.use({ allowed: [/MLError|404/] });

  const wrong = 'imageClassifier: there is no model "digitz".';

  test('says why in place of "Loading...", p5 1', async ({ page }) => {
    const sketch = `
      function preload() { ml5.imageClassifier('digitz', (classifier, error) => {}); }
      function setup() { createCanvas(100, 100); }`;
    await page.goto(pages.page(scripts('1', sketch)));
    await expect(message(page)).toContainText(wrong);
    await expect(message(page)).toContainText('Try: ');
    await expect(page.getByText('Loading...')).toHaveCount(0);
    await expect(page.locator('canvas')).toHaveCount(0);
  });

  test('says which task is missing, p5 1', async ({ page }) => {
    const sketch = `
      function preload() { handPose = ml5.handPose(); }
      function setup() { createCanvas(100, 100); }`;
    await page.goto(pages.page(scripts('1', sketch)));
    await expect(message(page)).toContainText('ml5.handPose: gesso does not have this task.');
  });

  for (const [mode, sketch] of [
    [
      'global',
      `async function setup() {
         createCanvas(100, 100);
         classifier = await ml5.imageClassifier('digitz');
       }`,
    ],
    [
      'instance',
      `new p5((sketch) => {
         sketch.setup = async () => {
           sketch.createCanvas(100, 100);
           await ml5.imageClassifier('digitz');
         };
       }, 'place');`,
    ],
  ] as const) {
    test(`says why instead of turning a wheel, p5 2 ${mode}`, async ({ page }) => {
      await page.goto(pages.page(`<main id="place"></main>${scripts('2', sketch)}`));
      await expect(message(page)).toContainText(wrong);
      await expect(page.locator('.loading-indicator')).toHaveCount(0);
    });
  }

  test('leaves the page alone when the sketch takes care of it, p5 2', async ({ page }) => {
    const sketch = `
      async function setup() {
        createCanvas(100, 100);
        try { await ml5.imageClassifier('digitz'); } catch { describe('taken care of'); }
      }`;
    await page.goto(pages.page(scripts('2', sketch)));
    await says(page, /taken care of/);
    await expect(message(page)).toHaveCount(0);
  });
});

test.describe("callbacks of ml5's loops", () => {
  test.use({ allowed: [/mine/] });

  test('are not called again for what they throw themselves', async ({ page }) => {
    const sketch = `
      window.calls = [];
      function setup() {
        createCanvas(100, 100);
        ${one()}
        ml5.imageClassifier('digits').classifyStart(paper, (results, error) => {
          calls.push([Array.isArray(results), String(error)]);
          throw new Error('mine');
        });
      }`;
    await page.goto(pages.page(scripts('1', sketch)));
    await expect
      .poll(() => page.evaluate('calls'), { timeout: 20_000 })
      .toEqual([[true, 'undefined']]);
    await page.waitForTimeout(200);
    expect(await page.evaluate('calls.length')).toBe(1);
  });
});
