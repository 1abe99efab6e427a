// The digit model of our own: drawings of ours, the 2,000 MNIST digits that it never saw, its recipe.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isHeldOut, isValidation, pixels, readMnist, side } from '../../models/digits/mnist.mjs';
import { asDigit, curve, type Stroke } from '../../web/demos/digits/asDigit.js';
import { type ImageClassifier, imageClassifier } from '../../web/src/node.js';
import { cli, digits, itNeeds, readJson } from './fixtures.js';

interface Samples {
  digits: { label: string; strokes: [number, number][][] }[];
}

interface Report {
  heldOut: { right: number; of: number };
  lossOfFirstSteps: number;
}

const mnist = resolve(process.env.GESSO_SHARED ?? '../shared', 'data/mnist');
const samples = readJson<Samples>(resolve(digits, 'samples.json')).digits;

async function read(classifier: ImageClassifier, strokes: readonly Stroke[]): Promise<string> {
  const [best] = await classifier.classify(asDigit(strokes), 1);
  return best?.label ?? '';
}

/** The same strokes elsewhere, in another size, turned. */
function moved(strokes: readonly Stroke[], turn: number, size: number): Stroke[] {
  const [cos, sin] = [size * Math.cos(turn), size * Math.sin(turn)];
  return strokes.map((stroke) =>
    stroke.map(([x, y]) => [300 + cos * x - sin * y, 20 + sin * x + cos * y] as const),
  );
}

describe('the digit model', () => {
  it('reads twenty drawings of ours', async () => {
    const classifier = await imageClassifier(digits);
    const answers: string[] = [];
    for (const { strokes } of samples) {
      answers.push(
        await read(
          classifier,
          strokes.map((stroke) => curve(stroke)),
        ),
      );
    }
    classifier.dispose();
    expect(answers).toEqual(samples.map(({ label }) => label));
  });

  it('reads them small, in a corner and turned by ten degrees', async () => {
    const classifier = await imageClassifier(digits);
    for (const { label, strokes } of samples) {
      const curves = strokes.map((stroke) => curve(stroke));
      expect(await read(classifier, moved(curves, 0.17, 0.3))).toBe(label);
      expect(await read(classifier, moved(curves, -0.17, 3))).toBe(label);
    }
    classifier.dispose();
  });

  itNeeds([mnist], 'reads 98 % of 2,000 digits that it never saw, as its report says', async () => {
    const classifier = await imageClassifier(digits, { topK: 1 });
    const { images, labels } = readMnist(mnist);
    const heldOut = Array.from(images.keys()).filter(isHeldOut);
    expect(heldOut.length).toBe(2000);
    expect(heldOut.some(isValidation)).toBe(false);
    let right = 0;
    for (const index of heldOut) {
      const [best] = await classifier.classify(picture(images[index]));
      if (best?.index === labels[index]) right += 1;
    }
    classifier.dispose();
    expect(right / heldOut.length).toBeGreaterThanOrEqual(0.98);
    const { heldOut: reported } = readJson<Report>(resolve(digits, 'report.json'));
    expect(Math.abs(right - reported.right)).toBeLessThanOrEqual(1); // rounding may tip one over
  });

  itNeeds([mnist, cli], 'begins its recipe as its report says', () => {
    const recipe = resolve(digits, 'train.mjs');
    const { stdout, stderr } = spawnSync(process.execPath, [recipe, '--begin'], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    const { lossOfFirstSteps } = readJson<Report>(resolve(digits, 'report.json'));
    expect(Number(stdout)).toBeCloseTo(lossOfFirstSteps, 4); // equal, for the version that wrote it
  });
});

describe('asDigit', () => {
  it('gives black pixels for no strokes', () => {
    const { data, width, height } = asDigit([]);
    expect([width, height, data.length]).toEqual([side, side, 4 * pixels]);
    expect(data.every((value, i) => value === (i % 4 === 3 ? 255 : 0))).toBe(true);
  });

  it('makes the same picture of a small drawing and a large one', () => {
    const strokes: Stroke[] = [
      [
        [10, 10],
        [30, 12],
        [18, 50],
      ].map(([x = 0, y = 0]) => [x, y] as const),
    ];
    const large = strokes.map((stroke) => stroke.map(([x, y]) => [4 * x + 90, 4 * y] as const));
    expect(asDigit(large)).toEqual(asDigit(strokes));
  });

  it('centres the ink by mass', () => {
    const { data } = asDigit([
      [
        [0, 0],
        [0, 100],
        [60, 100],
      ],
    ]);
    let [mass, x, y] = [0, 0, 0];
    for (let i = 0; i < pixels; ++i) {
      const ink = data[4 * i] ?? 0;
      mass += ink;
      x += ink * ((i % side) + 0.5);
      y += ink * (Math.floor(i / side) + 0.5);
    }
    expect(x / mass).toBeCloseTo(side / 2, 1);
    expect(y / mass).toBeCloseTo(side / 2, 1);
  });

  it('draws a dot where the pen only touched', () => {
    const { data } = asDigit([[[5, 5]]]);
    expect(data[4 * (14 * side + 14)]).toBeGreaterThan(128);
  });
});

function picture(image: Uint8Array | undefined) {
  const data = new Uint8ClampedArray(4 * pixels).fill(255);
  for (const [i, value] of image?.entries() ?? []) data.fill(value, 4 * i, 4 * i + 3);
  return { width: side, height: side, data };
}
