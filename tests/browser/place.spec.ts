// Where things are: a dot of a picture is where the browser draws it, and people are where p5 and ml5 have
// them.
import type { Page } from '@playwright/test';
import { decode } from 'fast-png';
import { Pages, scripts, told, versions } from './p5Pages.js';
import { expect, models, needs, photo, test } from './page.js';

const port = 5398;

test.use({ baseURL: `http://localhost:${port}` });

let pages: Pages;

test.beforeAll(async () => {
  pages = await Pages.serve(port);
});

test.afterAll(() => pages.close());

/** The middle of what is red on the screen. */
async function redOn(page: Page): Promise<{ x: number; y: number }> {
  const { width, data, channels } = decode(await page.screenshot());
  let [count, sumX, sumY] = [0, 0, 0];
  for (let i = 0; i < data.length; i += channels) {
    if ((data[i] ?? 0) < 200 || (data[i + 1] ?? 255) > 60) continue;
    const at = i / channels;
    count += 1;
    sumX += (at % width) + 0.5;
    sumY += Math.floor(at / width) + 0.5;
  }
  expect(count).toBeGreaterThan(0);
  return { x: sumX / count, y: sumY / count };
}

/** A black picture of 240 × 120 with a red square whose middle is at 110, 30. */
const drawDot = `
  const dot = { x: 109.5, y: 29.5 };
  const paint = (canvas) => {
    canvas.width = 240;
    canvas.height = 120;
    const context = canvas.getContext('2d');
    context.fillRect(0, 0, 240, 120);
    context.fillStyle = 'red';
    context.fillRect(102, 22, 16, 16);
    return canvas;
  };`;

const styles = [
  'width: 240px; height: 120px',
  'width: 500px; height: 100px',
  'width: 300px; height: 300px; object-fit: contain',
  'width: 200px; height: 300px; object-fit: cover',
  'width: 300px; height: 260px; object-fit: contain; object-position: 20% 90%',
  'width: 300px; height: 260px; object-fit: cover; object-position: 30% 0',
  'width: 300px; height: 260px; object-fit: none; object-position: 12px 34px',
  'width: 400px; height: 260px; object-fit: scale-down',
  'width: 120px; height: 260px; object-fit: scale-down; padding: 5px 10px 15px 20px',
  'width: 300px; height: 200px; border: 7px solid #00f; padding: 3px 30px 9px 11px; transform: scaleX(-1)',
  'width: 300px; height: 200px; transform: rotateY(180deg)',
  'width: 300px; height: 200px; scale: -1 1',
  'width: 300px; height: 200px; rotate: y 180deg',
  'width: 300px; height: 260px; object-fit: none; object-position: right 10px top 5px',
  'width: 200px; height: 320px; object-fit: cover; transform: scaleX(-1); box-sizing: border-box; border-left: 9px solid #00f',
];

for (const style of styles) {
  test(`an image is placed as the page shows it: ${style}`, async ({ page }) => {
    await page.goto(
      pages.page(`<body style="margin: 40px"><img alt="A dot" style="${style}">
        <script type="module">
          import { place } from '/gesso/index.js';
          ${drawDot}
          const image = document.querySelector('img');
          image.src = paint(document.createElement('canvas')).toDataURL();
          await image.decode();
          const { x, y } = place(image)(dot);
          // From the corner of the element that is not turned: it is where the element begins.
          const { left, top } = image.getBoundingClientRect();
          const { x: across, y: down } = place(image).scale;
          window.dot = { x: left + x + across / 2, y: top + y + down / 2 };
        </script>`),
    );
    const dot = await page.waitForFunction(() => (window as { dot?: object }).dot);
    const found = (await dot.jsonValue()) as { x: number; y: number };
    const shown = await redOn(page);
    expect(Math.abs(found.x - shown.x)).toBeLessThan(1);
    expect(Math.abs(found.y - shown.y)).toBeLessThan(1);
  });
}

test('a video is placed as the page shows it', async ({ page }) => {
  await page.goto(
    pages.page(`<body style="margin: 0">
      <video muted playsinline style="width: 200px; height: 300px; object-fit: cover; transform: scaleX(-1)"></video>
      <script type="module">
        import { place } from '/gesso/index.js';
        ${drawDot}
        const canvas = paint(document.createElement('canvas'));
        const video = document.querySelector('video');
        video.srcObject = canvas.captureStream();
        const again = setInterval(() => paint(canvas), 50); // a still canvas sends no frames
        await video.play();
        await new Promise((shown) => video.requestVideoFrameCallback(shown));
        const { x, y } = place(video)(dot);
        const { left, top } = video.getBoundingClientRect();
        window.dot = { x: left + x, y: top + y };
      </script>`),
  );
  const dot = await page.waitForFunction(() => (window as { dot?: object }).dot);
  const found = (await dot.jsonValue()) as { x: number; y: number };
  const shown = await redOn(page);
  expect(Math.hypot(found.x - shown.x, found.y - shown.y)).toBeLessThan(3);
});

/** Where the nose is in photos/tfjs_pose.jpg, which has 1000 × 667 pixels. */
const nose = { x: 480, y: 278 };

const near = (found: { x: number; y: number }, scale: number) => {
  expect(Math.abs(found.x - nose.x * scale)).toBeLessThan(6 * scale);
  expect(Math.abs(found.y - nose.y * scale)).toBeLessThan(6 * scale);
};

/** The two numbers of a text such as `nose 474 280`. */
async function pointIn(page: Page): Promise<{ x: number; y: number }> {
  let point = { x: Number.NaN, y: Number.NaN };
  await expect(async () => {
    const [, x, y] = /nose (-?\d+) (-?\d+)/.exec(await told(page)) ?? [];
    point = { x: Number(x), y: Number(y) };
    expect(point.x + point.y).not.toBeNaN();
  }).toPass({ timeout: 20_000 });
  return point;
}

const posenet = () => needs(`${models}/posenet_mobilenet075_s16_quant2`, photo('tfjs_pose.jpg'));

for (const version of versions) {
  test.describe(`p5 ${version}`, () => {
    test('points count in the units of the graphics, whatever the pixel density', async ({
      page,
    }) => {
      posenet();
      const sketch = `
        import { bodyPose, setModelPath } from '/gesso/index.js';
        setModelPath('/models/');
        window.setup = async () => {
          createCanvas(100, 100);
          const photo = new Image();
          photo.src = '/photos/tfjs_pose.jpg';
          await photo.decode();
          const paper = createGraphics(500, 333.5);
          paper.pixelDensity(2);
          paper.drawingContext.drawImage(photo, 0, 0, 500, 333.5);
          const [pose] = await bodyPose('posenet', { maxPeople: 1 }).detect(paper);
          describe('nose ' + Math.round(pose.nose.x) + ' ' + Math.round(pose.nose.y));
        };`;
      await page.goto(
        pages.page(
          `<script src="/p5/${version}/p5.min.js"></script><script type="module">${sketch}</script>`,
        ),
      );
      near(await pointIn(page), 0.5);
    });

    test('ml5.bodyPose counts in pixels of what is shown', async ({ page }) => {
      posenet();
      const sketch = `
        async function setup() {
          createCanvas(100, 100);
          const photo = new Image(600, 400.2);
          photo.src = '/photos/tfjs_pose.jpg';
          await photo.decode();
          document.body.append(photo);
          const bodies = ml5.bodyPose('MoveNet', { flipped: false });
          bodies.detect(photo, (poses) => {
            const { nose } = poses[0];
            describe('nose ' + Math.round(nose.x) + ' ' + Math.round(nose.y));
          });
        }`;
      await page.goto(pages.page(scripts(version, sketch)));
      near(await pointIn(page), 0.6);
    });

    test('ml5.poseNet of ml5 0.12 tells of every frame', async ({ page }) => {
      posenet();
      const sketch = `
        async function setup() {
          createCanvas(100, 100);
          const photo = new Image();
          photo.src = '/photos/tfjs_pose.jpg';
          await photo.decode();
          const paper = createGraphics(1000, 667);
          paper.pixelDensity(1);
          paper.drawingContext.drawImage(photo, 0, 0);
          const poseNet = ml5.poseNet(paper, { flipHorizontal: true });
          let frames = 0;
          poseNet.on('pose', ([{ pose, skeleton }]) => {
            frames += 1;
            if (frames < 3 || skeleton.length < 8) return;
            const { x, y } = pose.keypoints[0].position;
            if (pose.nose.x !== x || pose.keypoints[0].part !== 'nose') return;
            describe('nose ' + Math.round(999 - x) + ' ' + Math.round(y));
          });
        }`;
      await page.goto(pages.page(scripts(version, sketch)));
      near(await pointIn(page), 1);
    });

    test('ml5.bodySegmentation gives a mask for p5', async ({ page }) => {
      needs(`${models}/bodypix_mobilenet_float_050`, photo('tfjs_pose.jpg'));
      const sketch = `
        async function setup() {
          createCanvas(100, 100);
          const photo = new Image();
          photo.src = '/photos/tfjs_pose.jpg';
          await photo.decode();
          const bodies = ml5.bodySegmentation('BodyPix', { maskType: 'person' });
          const { mask, maskImageData, data } = await bodies.detect(photo);
          const body = 4 * (420 * 1000 + 500);
          describe([
            mask instanceof p5.Image && mask.width === 1000 && mask.height === 667,
            maskImageData.data[body + 3] > 200 && maskImageData.data[body] === 0,
            data[420 * 1000 + 500] === 255 && [...new Set(data)].sort().join() === '0,255',
          ].join(' '));
        }`;
      await page.goto(pages.page(scripts(version, sketch)));
      await expect(async () => expect(await told(page)).toMatch('true true true')).toPass();
    });

    test('ml5.faceMesh finds the regions of a face', async ({ page }) => {
      needs(`${models}/facemesh_tfhub`, `${models}/blazeface_tfhub`, photo('tfjs_portrait.jpg'));
      const sketch = `
        async function setup() {
          createCanvas(100, 100);
          const photo = new Image(410, 512);
          photo.src = '/photos/tfjs_portrait.jpg';
          await photo.decode();
          const faces = ml5.faceMesh({ maxFaces: 1 });
          const [face] = await faces.detect(photo);
          const { lips, leftEye, rightEye, box, keypoints } = face;
          describe([
            keypoints.length === 468 && faces.getTriangles().length > 800,
            lips.centerX > box.xMin && lips.centerX < box.xMax && lips.centerY < box.yMax,
            leftEye.centerX > rightEye.centerX && leftEye.centerY < lips.centerY,
            box.xMax < 410 && box.yMax < 512,
          ].join(' '));
        }`;
      await page.goto(pages.page(scripts(version, sketch)));
      await expect(async () => expect(await told(page)).toMatch('true true true true')).toPass();
    });
  });
}
