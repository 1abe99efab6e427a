// Calls of one model that are under way at once.
import { expect, it } from 'vitest';
import { loadModel, tensor } from '../../web/src/node.js';
import { digits } from './fixtures.js';

const pictures = (count: number) =>
  tensor(new Float32Array(count * 784).fill(count / 8), [count, 28, 28, 1]);

it('answers calls of more sizes than programs are kept', async () => {
  const model = await loadModel(digits);
  const alone: number[][] = [];
  for (let count = 1; count <= 7; count++) {
    const [output] = Object.values(await model.run(pictures(count)));
    alone.push([...(output?.data ?? [])]);
  }
  const together = await Promise.all(alone.map((_, i) => model.run(pictures(i + 1))));
  model.dispose();
  expect(together.map((outputs) => [...(Object.values(outputs)[0]?.data ?? [])])).toEqual(alone);
});
