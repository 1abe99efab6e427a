// memory() and about().timing: what models hold, and what loading them cost.
import { describe, expect, it } from 'vitest';
import { dense, loadModel, memory, sequential } from '../../web/src/node.js';
import { digits, itNeeds, messageFrom, model, wasm } from './fixtures.js';

const xor = model('xor_layers');

describe('memory', () => {
  itNeeds([wasm, xor], 'tells of every program of a model', async () => {
    const loaded = await loadModel(xor);
    const held = async () => {
      const [first] = (await memory()).models;
      if (first === undefined) throw new Error('no model is held');
      return first;
    };
    expect((await held()).programs).toEqual([]);
    await loaded.run([[0, 1]]);
    await loaded.run(Array.from({ length: 1000 }, () => [0, 1]));
    await loaded.gradient([[0, 1]]);
    const { programs, weights, bytes, fileBytes, samples, optimizer } = await held();
    expect(programs.map(({ purpose }) => purpose)).toEqual(['run', 'run', 'gradient']);
    const [one, many] = programs;
    expect(many?.inputs).toEqual({ dense_1_input: [1000, 2] });
    expect(many?.arena).toBeGreaterThanOrEqual(1000 * (2 + 1) * 4);
    expect(one?.arena).toBeLessThan(many?.arena ?? 0);
    expect(one?.packed).toBeGreaterThan(0);
    expect({ samples, optimizer }).toEqual({ samples: 0, optimizer: 0 });
    expect(fileBytes).toBeGreaterThan(weights);
    const own = programs.reduce((sum, { arena, packed }) => sum + arena + packed, 0);
    expect(bytes).toBe(weights + own);
    loaded.dispose();
    expect(await memory()).toMatchObject({ used: 0, models: [] });
  });

  itNeeds([wasm], 'tells what a training holds', async () => {
    const learner = sequential([dense({ units: 3, inputShape: [5] })]);
    learner.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    const x = Array.from({ length: 16 }, () => [1, 2, 3, 4, 5]);
    const y = Array.from({ length: 16 }, () => [1, 2, 3]);
    await learner.fit(x, y, { batchSize: 8 });
    await learner.evaluate(x, y, { batchSize: 16 });
    const { wasm: all, used, models } = await memory();
    const [held] = models;
    expect(models).toHaveLength(1);
    expect(used).toBe(held?.bytes);
    expect(used).toBeLessThan(all);
    const numbers = 5 * 3 + 3;
    expect(held?.weights).toBe(numbers * 4);
    expect(held?.optimizer).toBeGreaterThanOrEqual(2 * numbers * 4); // Adam's mean and variance
    expect(held?.samples).toBeGreaterThanOrEqual(16 * (5 + 3) * 4);
    expect(held?.programs).toMatchObject([
      { purpose: 'training', inputs: { dense_1_input: [8, 5] } },
      { purpose: 'evaluation', inputs: { dense_1_input: [16, 5] } },
    ]);
    learner.dispose();
  });
});

describe('timing', () => {
  itNeeds([wasm], 'is complete once there has been an answer', async () => {
    const loaded = await loadModel(digits);
    const before = (await loaded.about()).timing;
    expect(before).toMatchObject({ downloaded: 0, preparing: null, firstRun: null });
    for (const part of ['engine', 'reading', 'building'] as const) {
      expect(before[part]).toBeGreaterThan(0);
    }
    await loaded.run(new Float32Array(28 * 28));
    const after = (await loaded.about()).timing;
    expect(after).toMatchObject({ reading: before.reading, building: before.building });
    expect(after.preparing).toBeGreaterThan(0);
    expect(after.firstRun).toBeGreaterThan(0);
    await loaded.run(new Float32Array(2 * 28 * 28));
    expect((await loaded.about()).timing).toEqual(after); // the first answer only
    loaded.dispose();
    expect(await messageFrom(() => loaded.about())).toMatch(/used after dispose\(\)/);
  });

  it('says nothing of files where there are none', async () => {
    const made = sequential([dense({ units: 1, inputShape: [1] })]);
    const { timing } = await made.about();
    expect(timing).toMatchObject({ reading: 0, downloaded: 0, preparing: null });
    made.dispose();
  });
});
