// profile(): every operator, stages that add up, clocks that are coarse, and nothing changed by it.
import { describe, expect, it, vi } from 'vitest';
import {
  conv2d,
  dense,
  flatten,
  imageClassifier,
  type LayersModel,
  loadModel,
  neuralNetwork,
  type Profile,
  profile,
  profileTable,
  sequential,
  tensor,
} from '../../web/src/node.js';
import { measure } from '../../web/src/profiling.js';
import { digits, itNeeds, messageFrom, model, wasm } from './fixtures.js';

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/** What holds of every profile. */
function expectSound(result: Profile): void {
  const { operators, kinds, stages, total, runs, clock } = result;
  expect(runs).toBeGreaterThan(0);
  expect(clock).toBeGreaterThan(0);
  expect(total).toBeCloseTo(sum(Object.values(stages)), 6);
  expect(sum(operators.map(({ share }) => share))).toBeCloseTo(1, 6);
  expect(sum(kinds.map(({ calls }) => calls))).toBe(operators.length);
  expect(sum(kinds.map(({ mean }) => mean))).toBeCloseTo(sum(operators.map(({ mean }) => mean)), 6);
  expect(sum(operators.map(({ mean }) => mean))).toBeLessThanOrEqual(stages.run * 1.001);
  for (const { mean, min } of operators) expect(min ?? 0).toBeLessThanOrEqual(mean);
  for (const [i, { mean }] of kinds.entries()) {
    expect(mean).toBeLessThanOrEqual(kinds[i - 1]?.mean ?? mean);
  }
  expect(JSON.parse(JSON.stringify(result))).toEqual(result);
}

describe('profile', () => {
  itNeeds([wasm], 'times every operator of a classifier, and what is around it', async () => {
    const classifier = imageClassifier(digits);
    const result = await profile(classifier, { runs: 20, warmup: 1 });
    expectSound(result);
    expect(result).toMatchObject({ model: 'digits', what: 'run', runs: 20, worker: false });
    expect(result.build).toBe((await classifier.about()).build);
    const convolution = result.operators.find(({ operator }) => operator === 'conv2d');
    expect(convolution).toMatchObject({ kernel: 'xnnpack', shape: [1, 24, 24, 12] });
    expect(result.operators.at(-1)).toMatchObject({ operator: 'softmax', shape: [1, 10] });
    expect(result.stages.prepare).toBeGreaterThan(0);
    const picture = { width: 40, height: 30, data: new Uint8Array(40 * 30 * 4) };
    expectSound(await profile(await classifier, { input: picture, runs: 2 }));
    classifier.dispose();
  });

  const xor = model('xor_layers');
  itNeeds([wasm, xor], 'runs for about a second where nobody says how often', async () => {
    const loaded = await loadModel(xor);
    const result = await profile(loaded, { input: [[0, 1]] });
    expectSound(result);
    expect(result.runs).toBe(1000); // a network this small is through with them much sooner
    expectSound(await profile(loaded, { runs: 3 })); // numbers are made up
    loaded.dispose();
  });

  const posenet = model('posenet_mobilenet075_s16_quant2');
  itNeeds([wasm, posenet], 'asks for an input where the model leaves its size open', async () => {
    const loaded = await loadModel(`${posenet}/model-stride16.json`);
    expect(await messageFrom(() => profile(loaded))).toBe(
      'profile: the model leaves open how large its input is.\n' +
        '  input  sub_2 [1, ?, ?, 3]\n' +
        '  Try: input: a tensor of the size that you have',
    );
    const input = tensor(new Float32Array(65 * 65 * 3), [1, 65, 65, 3]);
    const result = await profile(loaded, { input, runs: 3 });
    expect(result.operators[0]).toMatchObject({
      name: 'MobilenetV1/MobilenetV1/Conv2d_0/Relu6',
      shape: [1, 33, 33, 24],
    });
    loaded.dispose();
  });

  /** A network that learns the same whenever it is made. */
  function learner(): LayersModel {
    const made = sequential(
      [
        conv2d({ filters: 4, kernelSize: 3, activation: 'relu', inputShape: [8, 8, 1] }),
        flatten(),
        dense({ units: 3, activation: 'softmax' }),
      ],
      { seed: 3 },
    );
    made.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    return made;
  }
  const x = tensor(
    Float32Array.from({ length: 12 * 64 }, (_, i) => Math.sin(i)),
    [12, 8, 8, 1],
  );
  const y = Int32Array.from({ length: 12 }, (_, i) => i % 3);

  itNeeds([wasm], 'times a step of training, from which nothing is learned', async () => {
    const [watched, other] = [learner(), learner()];
    for (const each of [watched, other]) await each.fit(x, y, { epochs: 2, batchSize: 4 });
    const result = await profile(watched, { training: [x, y], runs: 5 });
    expectSound(result);
    expect(result).toMatchObject({ model: '', what: 'training' });
    const names = new Set(result.operators.map(({ name }) => name));
    expect(names).toContain('loss');
    expect(names).toContain('optimizer');
    expect([...names].some((name) => name.startsWith('gradient of conv2d'))).toBe(true);

    const losses = async (each: LayersModel) => (await each.fit(x, y, { epochs: 3 })).history.loss;
    expect(await losses(watched)).toEqual(await losses(other));
    for (const each of [watched, other]) each.dispose();
  });

  itNeeds(
    [wasm],
    'refuses a model that is being trained, and ends when the model does',
    async () => {
      const busy = learner();
      const fitting = busy.fit(x, y, { epochs: 1000 });
      expect(await messageFrom(() => profile(busy, { training: [x, y], runs: 2 }))).toBe(
        'profile: this model is being trained.\n  Try: await fit(), or stop() it first',
      );
      busy.stop();
      await fitting;
      const timing = profile(busy, { training: [x, y] });
      setTimeout(() => busy.dispose(), 100);
      expect(await messageFrom(() => timing)).toMatch(/^profile: it was stopped before its end/);
    },
  );

  itNeeds([wasm], 'takes a network that has learned', async () => {
    const network = neuralNetwork({ task: 'classification' });
    for (let i = 0; i < 8; i++) network.addData([i], i < 4 ? 'small' : 'large');
    await network.train({ epochs: 1 });
    expectSound(await profile(network, { runs: 4 }));
    network.dispose();
  });

  itNeeds([wasm], 'gives rows for a table, the costliest first', async () => {
    const result = await profile(imageClassifier(digits), { runs: 10 });
    const rows = profileTable(result);
    expect(Object.keys(rows[0] ?? {})).toEqual([
      'name',
      'operator',
      'kernel',
      'shape',
      'mean ms',
      'min ms',
      '%',
    ]);
    const means = rows.map((row) => Number(row['mean ms']));
    expect(means).toEqual([...means].sort((a, b) => b - a));
    expect(rows.every(({ shape }) => /^\[[\d, ]+\]$/.test(String(shape)))).toBe(true);
  });

  itNeeds([wasm], 'refuses what is no model, and options that make no sense', async () => {
    const notAModel = {} as LayersModel;
    expect(await messageFrom(() => profile(notAModel))).toBe(
      'profile: this is not a model.\n  given  an object (with no keys)\n' +
        '  Try: what loadModel(), imageClassifier(), neuralNetwork() or sequential() gave',
    );
    const classifier = await imageClassifier(digits);
    expect(await messageFrom(() => profile(classifier, { runs: 0 }))).toBe(
      'profile: runs must be a whole number from 1.\n  given  0\n  Try: runs: 50',
    );
    expect(await messageFrom(() => profile(classifier, { warmup: -1 }))).toMatch(
      /^profile: warmup must be a whole number from 0/,
    );
    expect(await messageFrom(() => profile(classifier, { training: [x, y] }))).toBe(
      'profile: this model cannot be trained.\n  Try: loadLayersModel(), or leave training out',
    );
    expect(
      await messageFrom(() =>
        profile(sequential([flatten({ inputShape: [2] })]), { training: [x, y] }),
      ),
    ).toMatch(/^profile: the model does not know how to train yet/);
    classifier.dispose();
    expect(await messageFrom(() => profile(classifier))).toMatch(/used after dispose\(\)/);
  });
});

describe('measure', () => {
  /** A clock that moves only when work is done, and shows whole ticks. */
  function coarse(tick: number) {
    let time = 0.123;
    const now = vi.spyOn(performance, 'now').mockImplementation(() => {
      time += 1e-4; // looking takes time, too
      return Math.floor(time / tick) * tick;
    });
    return { pass: (milliseconds: number) => (time += milliseconds), end: () => now.mockRestore() };
  }

  it('finds times that are shorter than a tick of the clock', async () => {
    const { pass, end } = coarse(1);
    const measured = await measure(
      { runs: 500, warmup: 0 },
      {
        upload: () => pass(0.05),
        prepare: () => pass(0.3),
        run: () => {
          pass(1.7);
          return Float64Array.of(0.0017);
        },
        read: () => pass(0.12),
        steps: () => [{ operator: 'neg', kernel: 'simd', name: '', shape: [] }],
      },
    );
    end();
    expect(measured.clock).toBe(1);
    expect(measured.stages.upload.mean).toBeCloseTo(0.05, 1);
    expect(measured.stages.prepare.mean).toBeCloseTo(0.3, 1);
    expect(measured.stages.run.mean).toBeCloseTo(1.7, 1);
    expect(measured.stages.read.mean).toBeCloseTo(0.12, 1);
    expect(measured.steps[0]?.mean).toBeCloseTo(1.7, 6);
  });

  it('leaves out what something else has interrupted', async () => {
    const { pass, end } = coarse(0.1);
    let runs = 0;
    const measured = await measure(
      { runs: 100, warmup: 0 },
      {
        run: () => {
          const time = ++runs % 20 === 0 ? 90 : 2;
          pass(time);
          return Float64Array.of(time / 1000);
        },
        steps: () => [{ operator: 'neg', kernel: 'simd', name: '', shape: [] }],
      },
    );
    end();
    expect(measured).toMatchObject({ runs: 100, interrupted: 5 });
    expect(measured.stages.run.mean).toBeCloseTo(2, 1);
    expect(measured.steps[0]).toMatchObject({ mean: expect.closeTo(2, 6), min: 2 });
  });

  it('lets others have their turn', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const run = () => {
      const until = performance.now() + 10;
      while (performance.now() < until);
      return Float64Array.of(0.01);
    };
    await measure({ runs: 30, warmup: 0 }, { run, steps: () => [] });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });
});
