// ml5.featureExtractor: a batch size below 1 is a part of the examples, so they must be counted rightly.
import { expect, it, vi } from 'vitest';
import ml5 from '../../web/src/ml5/index.js';
import { messageFrom } from './fixtures.js';
import { plain } from './pictures.js';

/** What trainings were asked for. */
const asked: { batchSize?: number }[] = [];

vi.mock('../../web/src/tasks/featureExtractor.js', () => {
  const loading = (loaded: object) =>
    Object.assign(Promise.resolve(loaded), {
      addImage: async () => 1,
      train: async (options: object) => void asked.push(options),
      dispose: () => {},
    });
  return {
    featureExtractor: () => loading({}),
    openProject: () => loading({ task: 'regression', size: 30 }),
  };
});

it('counts the examples of the one that learns', async () => {
  const extractor = ml5.featureExtractor('MobileNet', { batchSize: 0.5 });
  const add = async (count: number) => {
    for (let i = 0; i < count; i++) await extractor.addImage(plain(1, 1), i);
  };
  await add(8);
  expect(await messageFrom(() => extractor.addImage('nothing to look at'))).toMatch(
    'there is nothing to look at',
  );
  await extractor.train();
  extractor.regression();
  await add(4);
  await extractor.train();
  await add(6);
  await extractor.load(new Map());
  await extractor.train();
  expect(asked.map(({ batchSize }) => batchSize)).toEqual([4, 2, 15]);
});
