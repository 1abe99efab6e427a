// The course of a training: epochs, validation, callbacks, stopping, and what went wrong.
import { describe, expect, it, vi } from 'vitest';
import type { Client } from '../../web/src/client.js';
import { Fitting } from '../../web/src/layers/fitting.js';
import type { FitOptions, TrainingProgress } from '../../web/src/layers/trainingOptions.js';
import { type Open, Session } from '../../web/src/model.js';
import type { TrainingAnswer, TrainingMethod } from '../../web/src/runtime.js';
import { type Told, Training } from '../../web/src/training.js';
import { fakeCore, unused } from './fakeCore.js';
import { messageFrom } from './fixtures.js';

/** A model y = w x, and what its core was asked for. */
function line(pace = 0) {
  const { core, model, asked } = fakeCore(pace);
  const training = new Training(core, model, () => {});
  const client: Client = {
    far: false,
    takesBitmaps: false,
    open: unused,
    create: unused,
    layers: unused,
    cut: unused,
    run: unused,
    see: unused,
    prepared: unused,
    look: unused,
    write: unused,
    analyse: unused,
    gradient: unused,
    status: unused,
    profile: unused,
    timing: unused,
    memory: unused,
    close: unused,
    async train<M extends TrainingMethod>(
      _: number,
      method: M,
      given: Parameters<Training[M]>,
      told?: Told,
    ): Promise<TrainingAnswer<M>> {
      const call = training[method] as (...given: unknown[]) => unknown;
      return (await call.call(training, ...given, told)) as TrainingAnswer<M>;
    },
  };
  const description = JSON.parse(model.describe());
  const open = { client, model: 1, description } as Open;
  const fitting = new Fitting(new Session('sequential', Promise.resolve(open)));
  fitting.compile({ optimizer: { name: 'sgd', learningRate: 0.1 }, loss: 'meanSquaredError' });
  const weight = () => training.getWeights()['d/kernel']?.data[0];
  return { fitting, asked, weight, training };
}

const x = [[0.5], [1], [-1], [0.25]];
const y = [[1], [2], [-2], [0.5]];

const fit = (fitting: Fitting, options: FitOptions = {}) => fitting.fit(x, y, options);

describe('fit', () => {
  it('goes through all epochs and tells their losses', async () => {
    const { fitting, asked, weight } = line();
    const { epoch, history, ended } = await fit(fitting, { epochs: 40, batchSize: 2 });
    expect(weight()).toBeCloseTo(2, 3);
    expect(epoch).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(history.loss).toHaveLength(40);
    expect(history.loss?.at(-1)).toBeLessThan(1e-4);
    expect(ended).toBe('epochs');
    expect(asked.epochs[3]).toMatchObject({
      ...{ set: 0, train: true, batchSize: 2, shuffle: true, first: 0, count: 4, epoch: 3 },
    });
  });

  it('gives every epoch another order, also in a later call', async () => {
    const { fitting, asked } = line();
    await fit(fitting, { epochs: 2 });
    await fit(fitting, { epochs: 4, initialEpoch: 2 });
    expect(asked.epochs.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3]);
  });

  it('keeps the last samples for validation', async () => {
    const { fitting, asked } = line();
    const { history } = await fit(fitting, { validationSplit: 0.25 });
    expect(asked.epochs.map(({ train, first, count }) => [train, first, count])).toEqual([
      [true, 0, 3],
      [false, 3, 1],
    ]);
    expect(history.val_loss).toHaveLength(1);
  });

  it('validates with samples beside them', async () => {
    const { fitting, asked } = line();
    await fit(fitting, {
      validationData: [
        [[1], [2]],
        [[2], [4]],
      ],
    });
    expect(asked.epochs[1]).toMatchObject({ set: 1, train: false, count: 2, shuffle: false });
  });

  it('calls back in order, and waits', async () => {
    const { fitting } = line();
    const calls: string[] = [];
    const call = (name: string) => (first?: unknown) => {
      calls.push(first === undefined ? name : `${name} ${first}`);
      return new Promise((resolve) => setTimeout(resolve, 1));
    };
    const names = ['onTrainBegin', 'onEpochBegin', 'onBatchEnd', 'onEpochEnd', 'onTrainEnd'];
    const callbacks = Object.fromEntries(names.map((name) => [name, call(name)]));
    await fit(fitting, { batchSize: 2, callbacks });
    expect(calls).toEqual([
      ...['onTrainBegin', 'onEpochBegin 0', 'onBatchEnd 0', 'onBatchEnd 1', 'onEpochEnd 0'],
      'onTrainEnd',
    ]);
  });

  it('tells its progress', async () => {
    const { fitting } = line(20);
    const told: TrainingProgress[] = [];
    await fit(fitting, { epochs: 2, batchSize: 1, onProgress: (progress) => told.push(progress) });
    expect(told.length).toBeGreaterThanOrEqual(4);
    expect(told.at(-1)).toMatchObject({ epoch: 1, epochs: 2, step: 4, steps: 4, secondsLeft: 0 });
    expect(told.at(-1)?.samplesPerSecond).toBeGreaterThan(5);
    expect(told[0]?.secondsLeft).toBeGreaterThan(0.02);
    expect(told.at(-1)?.loss).toBe(told.at(-1)?.metrics.loss);
  });

  it('weighs samples and classes', async () => {
    const { fitting } = line();
    const options = { classWeight: { 2: 0 }, sampleWeight: [1, 1, 0, 0], learningRate: 0 };
    const { history } = await fit(fitting, options);
    expect(history.loss).toEqual([1 / 4]);
  });

  it.each([
    [0.5, [0.5, 0.5, 0.5]],
    [(epoch: number) => 1 / (epoch + 1), [1, 1 / 2, 1 / 3]],
    [{ type: 'exponential', from: 1, factor: 0.5 } as const, [1, 0.5, 0.25]],
    [{ type: 'step', from: 1, factor: 0.1, every: 2 } as const, [1, 1, 0.1]],
    [{ type: 'cosine', from: 1, epochs: 2 } as const, [1, 0.5, 0]],
  ])('follows a schedule: %j', async (learningRate, expected) => {
    const { fitting, asked } = line();
    await fit(fitting, { epochs: 3, learningRate });
    expect(asked.rates).toHaveLength(3);
    for (const [i, rate] of expected.entries()) expect(asked.rates[i]).toBeCloseTo(rate, 12);
  });

  it('stops when nothing gets better, and brings back the best weights', async () => {
    const { fitting, weight } = line();
    const seen: (number | undefined)[] = [];
    const { ended, history } = await fit(fitting, {
      epochs: 50,
      // Grows: training gets worse after a while.
      learningRate: (epoch) => 0.2 * 1.7 ** epoch,
      earlyStopping: { monitor: 'loss', patience: 2, restoreBestWeights: true },
      callbacks: { onEpochEnd: () => seen.push(weight()) },
    });
    expect(ended).toBe('earlyStopping');
    const losses = history.loss ?? [];
    const best = losses.indexOf(Math.min(...losses));
    expect(losses).toHaveLength(best + 3);
    expect(weight()).toBe(seen[best]);
  });

  it('brings back the best weights where training fails', async () => {
    const { fitting, weight } = line();
    const seen: (number | undefined)[] = [];
    const options = {
      epochs: 9,
      learningRate: (epoch: number) => (epoch < 3 ? 0.1 : 1e30),
      earlyStopping: { monitor: 'loss', patience: 9, restoreBestWeights: true },
      callbacks: { onEpochEnd: () => seen.push(weight()) },
    };
    expect(await messageFrom(() => fit(fitting, options))).toMatch('no longer a number');
    expect(weight()).toBe(seen[3]);
    // They are not those of a later training that has no best epoch.
    fitting.stop();
    const before = weight();
    const signal = new AbortController();
    const onTrainBegin = () => signal.abort();
    const again = fit(fitting, { ...options, signal: signal.signal, callbacks: { onTrainBegin } });
    await expect(again).rejects.toMatchObject({ name: 'AbortError' });
    expect(weight()).toBe(before);
  });

  it('does not take a loss that is not a number for the best', async () => {
    const { fitting } = line();
    const { history, ended } = await fit(fitting, {
      epochs: 9,
      validationData: [[[Number.NaN]], [[1]]],
      earlyStopping: { patience: 2 },
    });
    expect(history.val_loss).toEqual([Number.NaN, Number.NaN]);
    expect(ended).toBe('earlyStopping');
  });

  it('weighs classes in training, not in validation', async () => {
    const { fitting } = line();
    const options = { validationSplit: 0.5, learningRate: 0 };
    const { history } = await fit(fitting, { ...options, classWeight: { 1: 0, 2: 0 } });
    expect(history).toEqual({ loss: [0], val_loss: [(4 + 0.25) / 2] });
    const counted = await fit(fitting, { ...options, sampleWeight: [1, 1, 0, 1] });
    expect(counted.history.val_loss).toEqual([0.25 / 2]);
  });

  it('waits for resume() too where it begins later; looking does not', async () => {
    const { fitting, asked } = line(1);
    await fit(fitting, { batchSize: 1, callbacks: { onTrainEnd: () => fitting.pause() } });
    const running = fit(fitting, { batchSize: 1 });
    await wait(30);
    expect(asked.steps).toBe(4);
    fitting.resume();
    await running;
    expect(asked.steps).toBe(8);
    fitting.pause();
    expect((await fitting.evaluate(x, y)).loss).toBeGreaterThan(0);
  });

  it('stops when it is told to', async () => {
    const { fitting } = line(5);
    const running = fit(fitting, { epochs: 1000, batchSize: 1 });
    setTimeout(() => fitting.stop(), 60);
    const { ended, epoch } = await running;
    expect(ended).toBe('stop');
    expect(epoch.length).toBeLessThan(100);
    expect(fitting.running).toBe(false);
  });

  it('is aborted by a signal within 50 ms', async () => {
    const { fitting } = line(5);
    const signal = AbortSignal.timeout(60);
    const running = fit(fitting, { epochs: 1000, batchSize: 1, signal });
    await expect(running).rejects.toMatchObject({ name: 'TimeoutError' });
    expect((await fit(fitting)).ended).toBe('epochs');
    const late = fit(fitting, { signal: AbortSignal.abort() });
    await expect(late).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('waits while it is paused', async () => {
    const { fitting, asked } = line(5);
    const running = fit(fitting, { epochs: 4, batchSize: 1 });
    await wait(40);
    fitting.pause();
    await wait(60);
    const { steps } = asked;
    await wait(60);
    expect(asked.steps).toBe(steps);
    expect(steps).toBeLessThan(16);
    fitting.resume();
    await running;
    expect(asked.steps).toBe(16);
  });

  it('lets other work through between slices', async () => {
    const { fitting } = line(2);
    const gaps: number[] = [];
    let before = performance.now();
    const timer = setInterval(() => {
      gaps.push(performance.now() - before);
      before = performance.now();
    }, 1);
    await fit(fitting, { epochs: 1, batchSize: 1, onProgress: () => {} });
    await fitting.fit(
      Array.from({ length: 100 }, () => [1]),
      Array.from({ length: 100 }, () => [2]),
      { batchSize: 1 },
    );
    clearInterval(timer);
    expect(gaps.length).toBeGreaterThan(5);
    expect(Math.max(...gaps)).toBeLessThan(100);
  });

  it('tells the page what its callback threw', async () => {
    const { fitting } = line(1);
    const options = {
      onProgress: () => {
        throw new RangeError('mine');
      },
    };
    await expect(fit(fitting, { ...options, epochs: 100 })).rejects.toThrow('mine');
  });

  it('says why the loss is no longer a number', async () => {
    const { fitting } = line();
    const large = [[200], [100], [-255]];
    expect(await messageFrom(() => fitting.fit(large, [[1], [1], [1]], { epochs: 99 }))).toMatch(
      /^fit: the loss is no longer a number, so training has stopped\.\n {2}epoch {2}\d+\n {2}step {2}1\n {2}first not a number {2}loss\n {2}learning rate {2}0\.1\n {2}x {2}numbers from -255 to 200\n {2}y {2}numbers from 1 to 1\n {2}weights {2}of no more use: begin again with a new model\n {2}Try: bring x to numbers near −1 … 1, such as x \/ 255; or learningRate: 0\.01; or globalClipNorm: 1 in compile\(\)$/,
    );
    const holes = [[1], [Number.NaN], [2]];
    expect(await messageFrom(() => fitting.fit(holes, [[1], [1], [1]], {}))).toMatch(
      'x  row 1 holds something that is not a number',
    );
    fitting.compile({ optimizer: 'sgd', loss: 'meanSquaredError', globalClipNorm: 1 });
    const message = await messageFrom(() => fitting.fit(x, y, { learningRate: 1e30, epochs: 9 }));
    expect(message).toMatch(/Try: learningRate: 1e\+29$/);
  });

  it.each([
    [{ epoch: 3 }, 'fit: there is no option "epoch".'],
    [{ epochs: 1.5 }, 'fit: epochs must be a whole number from 1'],
    [{ batchSize: 0 }, 'fit: batchSize must be a whole number from 1'],
    [{ validationSplit: 1 }, 'fit: validationSplit must be a number from 0 to below 1'],
    [{ validationSplit: 0.99 }, 'fit: validation takes all samples'],
    [
      { validationSplit: 0.5, validationData: [x, y] },
      'fit: validationSplit and validationData cannot be given together',
    ],
    [{ validationData: [x] }, 'fit: validationData: a batch is [x, y] or { x, y }'],
    [{ callbacks: { onEpochend: () => {} } }, 'fit: callbacks: there is no option "onEpochend"'],
    [{ earlyStopping: { patienc: 1 } }, 'fit: earlyStopping: there is no option "patienc"'],
    [
      { earlyStopping: { monitor: 'los' } },
      'fit: earlyStopping watches a number that there is not',
    ],
    [{ learningRate: { type: 'linear' } }, 'fit: there is no learning rate schedule "linear"'],
    [{ learningRate: { type: 'step', from: 1 } }, 'fit: learningRate step: factor is missing'],
    [
      { sampleWeight: new Float32Array([1, 1, Number.NaN, 1]) },
      'fit: sampleWeight must be a number',
    ],
    [
      { classWeight: { first: 2 } },
      'fit: classWeight names a class that there is not.\n  given  "first"\n  classes  whole numbers',
    ],
    [{ learningRate: () => 'fast' }, 'fit: the learning rate must be a number from 0'],
    [{ sampleWeight: [1] }, 'fit: sampleWeight must have one number for each sample'],
  ])('refuses %j', async (options, expected) => {
    const { fitting } = line();
    expect(await messageFrom(() => fit(fitting, options as object))).toContain(expected);
    expect(fitting.running).toBe(false);
  });

  it('refuses to go on from a file that is cut short', async () => {
    const { core, model } = fakeCore();
    const state = { index: '{}', bytes: new Uint8Array(3) };
    const training = new Training(core, model, () => {});
    const optimizer = { className: 'SGD', config: { learningRate: 0.1 } };
    training.compile({ optimizer, loss: 'meanSquaredError', metrics: [], seed: 0 });
    expect(await messageFrom(() => training.restore(state))).toBe(
      'fit: what was saved of the optimizer is not whole.\n  bytes  3\n  wanted  4\n' +
        '  Try: the files that one save() wrote, or compile() to begin anew',
    );
  });

  it('refuses a second training at once, and one before compile()', async () => {
    const { fitting } = line(1);
    const first = fit(fitting, { epochs: 5 });
    expect(await messageFrom(() => fit(fitting))).toMatch('fit: this model is being trained');
    expect(await messageFrom(() => fitting.compile({} as never))).toMatch('is being trained');
    await first;
    const { fitting: fresh } = line();
    const bare = new Fitting(new Session('s', new Promise(() => {})));
    expect(await messageFrom(() => fit(bare))).toMatch('the model does not know how to train yet');
    await fit(fresh);
  });
});

describe('batches', () => {
  const batches = function* () {
    yield { x: [[1], [0.5]], y: [[2], [1]] };
    yield [[[1]], [[2]]] as const;
  };
  const endless = async function* () {
    for (;;) yield* batches();
  };

  it('come anew for every epoch from a function', async () => {
    const { fitting, asked } = line();
    const { history } = await fitting.fit(batches, { epochs: 3 }, undefined);
    expect(history.loss).toHaveLength(3);
    expect(asked.steps).toBe(6);
    expect(history.loss?.[0]).toBeCloseTo((4 + 1 + (0.25 - 2) ** 2) / 3, 1);
  });

  it('come from one generator with stepsPerEpoch', async () => {
    const { fitting, asked } = line();
    const validationData = batches;
    const options = { epochs: 2, stepsPerEpoch: 5, validationData };
    const { history } = await fitting.fit(endless(), options, undefined);
    expect(asked.steps).toBe(2 * (5 + 2));
    expect(history.val_loss).toHaveLength(2);
  });

  it('are closed, however it ends', async () => {
    const { fitting } = line();
    let closed = 0;
    const counting = (bad: boolean) =>
      function* () {
        try {
          for (;;) yield bad ? (3 as never) : { x: [[1]], y: [[2]] };
        } finally {
          closed++;
        }
      };
    const onProgress = () => fitting.stop();
    expect((await fitting.fit(counting(false), { onProgress }, undefined)).ended).toBe('stop');
    expect(closed).toBe(1);
    await messageFrom(() => fitting.fit(counting(true), {}, undefined));
    expect(closed).toBe(2);
    const once = { epochs: 2, stepsPerEpoch: 1 };
    await fitting.fit(counting(false), once, undefined);
    expect(closed).toBe(4);
  });

  it('may fail by themselves, and training can begin again', async () => {
    const { fitting } = line();
    const failing = function* () {
      yield* batches();
      throw new RangeError('mine');
    };
    await expect(fitting.fit(failing, {}, undefined)).rejects.toThrow('mine');
    expect((await fit(fitting)).ended).toBe('epochs');
  });

  it('are refused where there are none', async () => {
    const { fitting } = line();
    const nothing = function* () {};
    expect(await messageFrom(() => fitting.fit(nothing, {}, undefined))).toBe(
      'fit: the generator gives no batch.\n  Try: yield { x, y } at least once',
    );
    const list = () => [{ x, y }];
    expect(await messageFrom(() => fitting.fit(list as never, {}, undefined))).toBe(
      'fit: the function gives no generator.\n  given  an array of 1\n' +
        '  Try: function* () { yield { x, y }; }',
    );
    const once = { epochs: 2, validationData: batches() };
    expect(await messageFrom(() => fit(fitting, once))).toMatch(
      /^fit: validationData: a generator gives its batches only once\.\n.*\n {2}Try: validationSteps/,
    );
  });

  it('are refused where they end too early', async () => {
    const { fitting } = line();
    const short = () => fitting.fit(batches(), { epochs: 2, stepsPerEpoch: 2 }, undefined);
    expect(await messageFrom(short)).toMatch(
      'fit: the generator ended too early.\n  batches  0\n  stepsPerEpoch  2',
    );
    expect(await messageFrom(() => fitting.fit(batches(), { epochs: 2 }, undefined))).toMatch(
      'fit: a generator gives its batches only once',
    );
    const wrong = function* () {
      yield 3;
    };
    expect(await messageFrom(() => fitting.fit(wrong as never, {}, undefined))).toMatch(
      'fit: a batch is [x, y] or { x, y }.\n  given  3',
    );
  });
});

describe('evaluate and trainOnBatch', () => {
  it('tell the loss, with and without a step', async () => {
    const { fitting, weight } = line();
    expect(await fitting.evaluate(x, y)).toEqual({ loss: (1 + 4 + 4 + 0.25) / 4 });
    expect(weight()).toBe(0);
    expect((await fitting.trainOnBatch(x, y)).loss).toBeCloseTo(2.3125);
    expect(weight()).toBeGreaterThan(0);
  });

  it('take their turns when called at once', async () => {
    const { fitting } = line();
    const losses = await Promise.all([
      fitting.evaluate([[1]], [[1]]),
      fitting.evaluate([[1], [1]], [[2], [2]]),
      fitting.trainOnBatch([[1]], [[3]]),
      fitting.evaluate([[0]], [[4]]),
    ]);
    expect(losses.map(({ loss }) => loss)).toEqual([1, 4, 9, 16]);
  });

  it('say what is wrong with their options', async () => {
    const { fitting } = line();
    expect(await messageFrom(() => fitting.evaluate(x, y, { batchSize: 0 }))).toBe(
      'evaluate: batchSize must be a whole number from 1.\n  given  0\n  Try: batchSize: 1',
    );
    const bare = new Fitting(new Session('s', new Promise(() => {})));
    expect(await messageFrom(() => bare.evaluate(x, y))).toMatch(
      'evaluate: the model does not know how to train yet',
    );
  });

  it('may be used between epochs, not within one', async () => {
    const { fitting } = line(1);
    const losses: unknown[] = [];
    const onEpochEnd = async () => losses.push(await fitting.evaluate(x, y));
    const onBatchEnd = vi.fn(async () => messageFrom(() => fitting.evaluate(x, y)));
    await fit(fitting, { epochs: 2, callbacks: { onEpochEnd, onBatchEnd } });
    expect(losses).toHaveLength(2);
    expect(await onBatchEnd.mock.results[0]?.value).toMatch('in the middle of an epoch');
  });
});

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
