// ml5's featureExtractor, KNNClassifier and kmeans, called as ml5 1.x and 0.12 are called.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import ml5, {
  type FeatureExtractor,
  type KMeans,
  type KNNResult,
} from '../../web/src/ml5/index.js';
import { setModelPath } from '../../web/src/node.js';
import { itNeeds, messageFrom, model, models, photo, wasm } from './fixtures.js';
import { moved, readPixels } from './pictures.js';

const needs = [
  wasm,
  model('mobilenet_v1_025_224_layers'),
  photo('coffee.png'),
  photo('chelsea.png'),
];

beforeAll(() => setModelPath(models));
afterAll(() => setModelPath(null));

const part = (name: string, i: number) =>
  moved(readPixels(photo(name)), 224, 224, (x, y) => [x + 10 * i, y + 6 * i]);

describe('ml5.featureExtractor', () => {
  itNeeds(needs, 'as in 1.x: the result first, all classes, and epochs told', async () => {
    const extractor = ml5.featureExtractor('MobileNet', { task: 'classification', alpha: 0.25 });
    await extractor.ready;
    for (let i = 0; i < 4; i++) {
      await extractor.addImage(part('coffee.png', i), 'cup');
      extractor.addImage(part('chelsea.png', i), 'cat');
    }
    const told: [number, number][] = [];
    let finished = false;
    await extractor.train(
      { epochs: 6, batchSize: 0.4 },
      (epoch: number, { loss }: { loss: number }) => told.push([epoch, loss]),
      () => {
        finished = true;
      },
    );
    expect(finished).toBe(true);
    expect(told).toHaveLength(6);
    expect(told.at(-1)?.[1]).toBeLessThan(told[0]?.[1] ?? 0);
    const results = await new Promise<{ label: string; confidence: number }[]>(
      (resolve, reject) => {
        extractor.classify(part('coffee.png', 7), (found: never, error?: Error) =>
          error ? reject(error) : resolve(found),
        );
      },
    );
    expect(results.map(({ label }) => label)).toEqual(['cup', 'cat']);
    expect(Object.keys(results[0] ?? {})).toEqual(['label', 'confidence']);
    extractor.dispose();
  });

  itNeeds(needs, 'as in 0.12: the error first, losses as texts, null at the end', async () => {
    const extractor = ml5.featureExtractor('MobileNet', { numLabels: 2, epochs: 5 });
    const classifier = extractor.classification();
    for (let i = 0; i < 4; i++) {
      classifier.addImage(part('coffee.png', i), 'cup');
      classifier.addImage(part('chelsea.png', i), 'cat');
    }
    const losses: (string | null)[] = [];
    await classifier.train((loss: string | null) => losses.push(loss));
    expect(losses).toHaveLength(6);
    expect(losses[0]).toMatch(/^\d+\.\d{5}$/);
    expect(losses.at(-1)).toBeNull();
    const [error, results] = await new Promise<[unknown, { label: string }[]]>((resolve) => {
      classifier.classify(part('chelsea.png', 7), (error: unknown, found: { label: string }[]) =>
        resolve([error, found]),
      );
    });
    expect(error).toBeUndefined();
    expect(results[0]?.label).toBe('cat');
    const features = extractor.infer(part('coffee.png', 1));
    expect((await features).shape.at(-1)).toBe(256);
    classifier.dispose();
  });

  itNeeds(needs, 'predicts numbers, one way in 1.x and another in 0.12', async () => {
    for (const old of [false, true]) {
      const made = ml5.featureExtractor('MobileNet', old ? {} : { task: 'regression' });
      const regressor: FeatureExtractor = old ? made.regression() : made;
      for (let i = 0; i < 4; i++) {
        regressor.addImage(part('coffee.png', i), 10);
        regressor.addImage(part('chelsea.png', i), 20);
      }
      await regressor.train(old ? () => {} : { epochs: 30 });
      const found = await regressor.predict(part('coffee.png', 2));
      const { value } = Array.isArray(found) ? (found[0] ?? { value: 0 }) : found;
      expect(Array.isArray(found)).toBe(!old);
      expect(Math.abs(value - 10)).toBeLessThan(5);
      regressor.dispose();
    }
  });

  it('says what is missing', async () => {
    expect(await messageFrom(() => ml5.featureExtractor('Darknet'))).toContain(
      'ml5.featureExtractor: gesso does not have this model',
    );
    expect(
      await messageFrom(() => ml5.featureExtractor('MobileNet', { epoch: 3 } as object)),
    ).toContain('there is no option "epoch"');
  });
});

describe('ml5.KNNClassifier', () => {
  itNeeds([wasm], 'gives an empty set where there are no examples', async () => {
    const knn = ml5.KNNClassifier();
    const dataset = await knn.getClassifierDataset();
    const other = ml5.KNNClassifier();
    await other.addExample([1, 0], 'left');
    await other.setClassifierDataset(dataset);
    expect(other.getNumLabels()).toBe(0);
    expect(await messageFrom(() => knn.save('mine'))).toMatch('save: only a page can download');
    knn.dispose();
    other.dispose();
  });

  itNeeds([wasm], 'answers as in 0.12', async () => {
    const knn = ml5.KNNClassifier();
    knn.addExample([1, 0], 'left');
    knn.addExample(Promise.resolve([0.9, 0.1]), 'left');
    knn.addExample([0, 1], 5);
    expect(knn.getCountByLabel()).toEqual({ left: 2, 5: 1 });
    expect(knn.getCount()).toEqual({ 0: 2, 1: 1 });
    expect(knn.getNumLabels()).toBe(2);
    const result = await new Promise<KNNResult>((resolve, reject) => {
      knn.classify([0.95, 0], 2, (error, result) => (result ? resolve(result) : reject(error)));
    });
    expect(result).toEqual({
      label: 'left',
      classIndex: 0,
      confidences: { 0: 1, 1: 0 },
      confidencesByLabel: { left: 1, 5: 0 },
    });
    const dataset = await knn.getClassifierDataset();
    const other = ml5.KNNClassifier();
    await other.setClassifierDataset(dataset);
    expect(other.getCountByLabel()).toEqual({ left: 2, 5: 1 });
    expect(await other.classify([0, 1], 1)).toMatchObject({ label: '5', classIndex: 1 });
    await knn.clearLabel('left');
    expect(knn.getCountByLabel()).toEqual({ 5: 1 });
    await knn.clearAllLabels();
    expect(knn.getNumLabels()).toBe(0);
    await expect(knn.addExample([Number.NaN], 'x')).rejects.toThrow();
    expect(knn.getNumLabels()).toBe(0);
    knn.dispose();
    other.dispose();
  });
});

describe('ml5.kmeans', () => {
  itNeeds([wasm], 'groups rows, which then know their group', async () => {
    const rows = [
      [0, 0],
      [0, 1],
      [9, 9],
      [9, 8],
    ];
    const kmeans = ml5.kmeans(rows, { k: 2, maxIter: 10, threshold: 0.5 });
    expect(await messageFrom(() => kmeans.centroids)).toContain(
      'cannot be read before it has ended',
    );
    const [error, ready] = await new Promise<[unknown, KMeans | undefined]>((resolve) => {
      ml5.kmeans(rows, { k: 2 }, (error, result) => resolve([error, result]));
    });
    expect(error).toBeUndefined();
    expect(ready?.dataset).toHaveLength(4);
    await kmeans;
    const [a, b, c, d] = kmeans.dataset;
    expect(a?.centroid).toBe(b?.centroid);
    expect(c?.centroid).toBe(d?.centroid);
    expect(a?.centroid).not.toBe(c?.centroid);
    expect(kmeans.centroids[c?.centroid ?? 0]).toEqual([9, 8.5]);
    expect(kmeans.classify([8, 8])).toBe(c?.centroid);
    const named = await ml5.kmeans([{ x: 1 }, { x: 2 }, { x: 9 }], { k: 2 });
    expect(named.dataset[2]).toMatchObject({ x: 9 });
    expect(named.classify({ x: 8 })).toBe(named.dataset[2]?.centroid);
    await expect(ml5.kmeans([['a']] as never, { k: 1 })).rejects.toThrow('a row must be numbers');
  });
});
