// MoveNet's graph, with made-up weights, gives what TensorFlow.js gives.
import { resolve } from 'node:path';
import { expect } from 'vitest';
import { loadModel, tensor } from '../../web/src/node.js';
import { madeUp, pixels, topologyPath } from '../oracle/movenetWeights.mjs';
import { itNeeds, models, readJson, wasm } from './fixtures.js';

const topology = resolve(models, '..', topologyPath);
const golden = resolve(import.meta.dirname, '../goldens/movenet_topology.json');

itNeeds([wasm, topology], 'runs the graph of MoveNet', async () => {
  const model = readJson<Parameters<typeof madeUp>[0]>(topology);
  const { shape, values } = readJson<{ shape: number[]; values: number[] }>(golden);
  const { specs, data } = madeUp(model);
  const weightsManifest = [{ paths: ['weights.bin'], weights: specs }];
  const text = new TextEncoder().encode(JSON.stringify({ ...model, weightsManifest }));
  const loaded = await loadModel(
    new Map([
      ['model.json', text],
      ['weights.bin', data],
    ]),
  );
  expect(loaded.inputs).toMatchObject([{ shape: [1, 192, 192, 3], dtype: 'int32' }]);
  const [y] = Object.values(await loaded.run(tensor(pixels(), [1, 192, 192, 3])));
  loaded.dispose();

  expect(y?.shape).toEqual(shape);
  expect(y?.data.length).toBe(values.length);
  const off = values.map((value, i) => Math.abs((y?.data[i] ?? 9) - value));
  expect(Math.max(...off)).toBeLessThan(1e-4 * Math.max(...values.map(Math.abs)));
});
