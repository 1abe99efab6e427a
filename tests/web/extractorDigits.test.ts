// Digits by the features of a network that has seen photos only: twenty examples of each.
import { resolve } from 'node:path';
import { describe, expect } from 'vitest';
import { isHeldOut, readMnist } from '../../models/digits/mnist.mjs';
import type { Pixels } from '../../web/src/image.js';
import { featureExtractor } from '../../web/src/node.js';
import { itNeeds, model, models, wasm } from './fixtures.js';

const mobilenet = model('mobilenet_v1_025_224_layers');
const mnist = resolve(models, '../data/mnist');
const perClass = 20;
/** Of the digits held out, one in so many is asked for: all 2,000, of which 87.6 % are right, take long. */
const oneIn = Number(process.env.GESSO_DIGITS_ONE_IN ?? 2);

function drawn(image: Uint8Array): Pixels {
  const data = new Uint8Array(28 * 28 * 4).fill(255);
  for (const [i, grey] of image.entries()) data.fill(grey, i * 4, i * 4 + 3);
  return { width: 28, height: 28, data };
}

describe('handwritten digits', () => {
  itNeeds([wasm, mobilenet, mnist], 'are told apart after twenty of each', async () => {
    const { images, labels } = readMnist(mnist);
    const extractor = featureExtractor(mobilenet);
    const counts = Array<number>(10).fill(0);
    for (const [i, image] of images.entries()) {
      const digit = labels[i] ?? 0;
      if (isHeldOut(i) || (counts[digit] ?? 0) >= perClass) continue;
      counts[digit] = (counts[digit] ?? 0) + 1;
      await extractor.addImage(drawn(image), `${digit}`);
    }
    expect(extractor.size).toBe(10 * perClass);
    await extractor.train({ epochs: 60, validationSplit: 0 });
    const asked = [...images.entries()]
      .filter(([i]) => isHeldOut(i))
      .filter((_, k) => k % oneIn === 0);
    const { accuracy, count, confusion } = await extractor.evaluate(
      asked.map(([i, image]) => ({ image: drawn(image), label: `${labels[i]}` })),
    );
    expect(count).toBe(2000 / oneIn);
    expect(confusion).toHaveLength(10);
    if (process.env.GESSO_DIGITS_ONE_IN) console.log(`${accuracy * 100} % of ${count} digits`);
    expect(accuracy).toBeGreaterThan(0.86);
    extractor.dispose();
  });
});
