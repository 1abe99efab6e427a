// Models and training on a graphics processor: Dawn, whose driver computes on the processor.
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readMnist } from '../../models/digits/mnist.mjs';
import {
  conv2d,
  dense,
  flatten,
  type LayersModel,
  type LoadedModel,
  loadModel,
  lstm,
  maxPooling2d,
  sequential,
  type Tensor,
  tensor,
} from '../../web/src/node.js';
import { platform } from '../../web/src/platform.js';
import { setBackend, setDeterministic } from '../../web/src/settings.js';
import { accelerator } from '../../web/src/webgpu/accelerator.js';
import { digits, itNeeds, messageFrom, model, models } from './fixtures.js';
import { describeOnDawn, difference, loseDevice, noise, onBoth, status } from './onDawn.js';

const mnist = resolve(models, '../data/mnist');

describe('setBackend', () => {
  it('knows three', async () => {
    expect(await messageFrom(() => setBackend('gpu' as 'webgpu'))).toBe(
      'setBackend: there is no such backend.\n' +
        '  given  gpu\n' +
        '  known  auto, wasm, webgpu\n' +
        '  Try: webgpu',
    );
  });

  it('is refused where results must not differ', async () => {
    setDeterministic(true);
    try {
      expect(await messageFrom(() => loadModel(digits, { backend: 'webgpu' }))).toBe(
        'gesso: results on a graphics processor differ by machine.\n' +
          '  given  setDeterministic(true)\n' +
          '  backend  webgpu\n' +
          "  Try: backend: 'wasm', or setDeterministic(false)",
      );
    } finally {
      setDeterministic(false);
    }
  });

  it('says where there is no WebGPU', async () => {
    expect(await messageFrom(() => loadModel(digits, { backend: 'webgpu' }))).toMatch(
      /^webgpu: there is no WebGPU here\.\n/,
    );
    const loaded = await loadModel(digits, { backend: 'auto' });
    await loaded.run(new Float32Array(784));
    expect((await status()).models.at(-1)).toMatchObject({ runs: { backend: 'wasm' } });
    loaded.dispose();
  });
});

describeOnDawn('webgpu', () => {
  async function answersOf(open: () => PromiseLike<LoadedModel>, input: Tensor) {
    const loaded = await open();
    const outputs = await loaded.run(input);
    const runs = (await status()).models.at(-1)?.runs;
    loaded.dispose();
    return { numbers: Object.values(outputs).map(({ data }) => data), backend: runs?.backend };
  }

  for (const [name, pixels] of [
    ['mobilenet_v1_025_224_layers', 224],
    ['posenet_mobilenet075_s16_quant2/model-stride16.json', 257],
  ] as const) {
    itNeeds([model(name)], `answers as WebAssembly does: ${name}`, async () => {
      const picture = tensor(noise(pixels * pixels * 3), [1, pixels, pixels, 3]);
      const { wanted, got } = await onBoth(() => answersOf(() => loadModel(model(name)), picture));
      expect([wanted.backend, got.backend]).toEqual(['wasm', 'webgpu']);
      for (const [i, numbers] of wanted.numbers.entries()) {
        expect(difference(numbers, got.numbers[i] ?? [])).toBeLessThan(1e-4);
      }
    });
  }

  it('gives derivatives as WebAssembly does', async () => {
    const gradients = [];
    for (const backend of ['wasm', 'webgpu'] as const) {
      setBackend(backend);
      const loaded = await loadModel(digits);
      const [gradient] = Object.values(await loaded.gradient(noise(784)));
      gradients.push(gradient?.data ?? []);
      loaded.dispose();
    }
    const [wanted = [], got = []] = gradients;
    expect(difference(wanted, got)).toBeLessThan(1e-4);
  });

  it('never takes a processor for a graphics processor by itself', async () => {
    setBackend('auto');
    const loaded = await loadModel(digits);
    await loaded.run(noise(784));
    expect((await status()).models.at(-1)).toMatchObject({ runs: { backend: 'wasm' } });
    loaded.dispose();
  });

  describe('on an adapter that says it is hardware', () => {
    beforeEach(async () => {
      (await accelerator()).info.software = false;
      setBackend('auto');
    });
    afterEach(async () => {
      (await accelerator()).info.software = true;
    });

    it('tries a model on both processors, once', async () => {
      const trials = [];
      for (let page = 0; page < 2; page++) {
        const loaded = await loadModel(digits);
        await loaded.run(noise(784));
        const { runs } = (await status()).models.at(-1) ?? {};
        const { wasm = 0, webgpu = 0 } = runs?.trial ?? {};
        expect(Math.min(wasm, webgpu)).toBeGreaterThan(0);
        expect(runs?.backend).toBe(webgpu < wasm ? 'webgpu' : 'wasm');
        trials.push(runs?.trial);
        loaded.dispose();
      }
      expect(trials[1]).toEqual(trials[0]);
      const kept = await (await platform.openStore())?.keys('trials/');
      expect(kept).toHaveLength(1);
    });

    it('tries training on both processors, with steps that count', async () => {
      const [make, x, y] = networks['a convolutional network']();
      setBackend('wasm');
      const wanted = await train(make, x, y);
      setBackend('auto');
      const trials: unknown[] = [];
      for (let page = 0; page < 2; page++) {
        const whenDone = async () => {
          trials.push((await status()).models.at(-1)?.trains?.trial);
        };
        const got = await train(make, x, y, { whenDone });
        expect(got).toHaveLength(100);
        for (const [step, loss] of wanted.entries()) {
          expect(Math.abs(loss - (got[step] ?? Number.NaN)), `step ${step}`).toBeLessThan(1e-3);
        }
      }
      expect(trials[0]).toMatchObject({
        wasm: expect.any(Number),
        webgpu: expect.any(Number),
      });
      expect(trials[1]).toEqual(trials[0]);
    });

    it('stays on the processor where the graphics processor refuses', async () => {
      const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
      const opened = await accelerator();
      const load = vi.spyOn(opened, 'load').mockRejectedValue(new Error('no memory today'));
      const loaded = await loadModel(digits);
      await loaded.run(tensor(noise(2 * 784), [2, 28, 28, 1])); // other sizes than those that were tried
      expect((await status()).models.at(-1)?.runs).toEqual({ backend: 'wasm' });
      expect(warn.mock.calls).toEqual([
        ['gesso: the model stays on the processor. no memory today'],
      ]);
      loaded.dispose();
      load.mockRestore();
      warn.mockRestore();
    });
  });

  it('tells which adapter it is', async () => {
    const loaded = await loadModel(digits);
    await loaded.run(noise(784));
    expect((await status()).adapter).toMatchObject({ software: true });
    loaded.dispose();
  });

  it('keeps nothing after 1,000 runs and a dispose', async () => {
    const { device } = await accelerator();
    const left = () => {
      device.trim();
      return device.counts();
    };
    const nothing = { programs: 0, buffers: 0, bytes: 0, pipelines: 0 };
    await expect.poll(left).toEqual(nothing); // dispose() does not wait: others may still be going
    const loaded = await loadModel(digits);
    const input = noise(784);
    await loaded.run(input);
    const during = device.counts();
    expect(during.programs).toBe(1);
    for (let i = 0; i < 1000; i++) await loaded.run(input);
    expect(device.counts()).toEqual(during);
    loaded.dispose();
    await expect.poll(left).toEqual(nothing);
  });

  /** The losses of 100 steps. */
  async function train(
    make: () => LayersModel,
    x: Given,
    y: Given,
    { batchSize = 16, whenDone = () => Promise.resolve() } = {},
  ) {
    const net = make();
    const losses: number[] = [];
    await net.fit(tensor(x.data, x.shape), tensor(y.data, y.shape), {
      epochs: 100 / (x.shape[0] / batchSize),
      batchSize,
      callbacks: {
        onBatchEnd: (_, { loss = Number.NaN }) => {
          losses.push(loss);
        },
      },
    });
    await whenDone();
    net.dispose();
    return losses;
  }
  interface Given {
    data: Float32Array;
    shape: [number, ...number[]];
  }

  /** Classes that can be learned: which of ten stripes is the brightest. */
  function stripes(samples: number, numbers: number, classes: number): [Given, Given] {
    const x = noise(samples * numbers);
    const y = new Float32Array(samples * classes);
    for (let i = 0; i < samples; i++) {
      const which = (i * 7) % classes;
      y[i * classes + which] = 1;
      const from = Math.floor((which * numbers) / classes);
      for (let j = from; j < from + numbers / classes; j++) {
        x[i * numbers + j] = (x[i * numbers + j] ?? 0) + 1;
      }
    }
    return [
      { data: x, shape: [samples, numbers] },
      { data: y, shape: [samples, classes] },
    ];
  }

  const networks = {
    'a convolutional network': () => {
      const [x, y] = stripes(80, 784, 10);
      x.shape = [80, 28, 28, 1];
      const make = () => {
        const net = sequential(
          [
            conv2d({ filters: 16, kernelSize: 3, activation: 'relu', inputShape: [28, 28, 1] }),
            maxPooling2d({}),
            conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
            maxPooling2d({}),
            flatten(),
            dense({ units: 64, activation: 'relu' }),
            dense({ units: 10, activation: 'softmax' }),
          ],
          { seed: 1 },
        );
        net.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy' });
        return net;
      };
      return [make, x, y] as const;
    },
    'a recurrent network': () => {
      const [x, y] = stripes(80, 12 * 8, 10);
      x.shape = [80, 12, 8];
      const make = () => {
        const net = sequential(
          [
            lstm({ units: 24, returnSequences: true, inputShape: [12, 8] }),
            lstm({ units: 24 }),
            dense({ units: 10, activation: 'softmax' }),
          ],
          { seed: 1 },
        );
        net.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy' });
        return net;
      };
      return [make, x, y] as const;
    },
  };
  async function expectSameTraining(make: () => LayersModel, x: Given, y: Given, batchSize = 16) {
    const { wanted, got } = await onBoth(() => train(make, x, y, { batchSize }));
    expect(got).toHaveLength(100);
    for (const [step, loss] of wanted.entries()) {
      expect(Math.abs(loss - (got[step] ?? Number.NaN)), `step ${step}`).toBeLessThan(1e-3);
    }
    expect(got.at(-1)).toBeLessThan(got[0] ?? 0);
  }

  for (const [name, network] of Object.entries(networks)) {
    it(`trains ${name} as WebAssembly does, for 100 steps`, () => expectSameTraining(...network()));
  }

  itNeeds([mnist], 'learns MNIST as WebAssembly does, for 100 steps', async () => {
    const { images, labels } = readMnist(mnist);
    const [count, batchSize] = [6400, 64];
    const x = { data: new Float32Array(count * 784), shape: [count, 28, 28, 1] } satisfies Given;
    const y = { data: new Float32Array(count * 10), shape: [count, 10] } satisfies Given;
    for (let i = 0; i < count; i++) {
      x.data.set(
        Float32Array.from(images[i] ?? [], (byte) => byte / 255),
        i * 784,
      );
      y.data[i * 10 + (labels[i] ?? 0)] = 1;
    }
    const [make] = networks['a convolutional network']();
    await expectSameTraining(make, x, y, batchSize);
  });

  it('goes on where it was when the device is lost, in training and in a loop', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const [make, x, y] = networks['a convolutional network']();
    setBackend('wasm');
    const wanted = await train(make, x, y);
    setBackend('webgpu');
    const loaded = await loadModel(digits);
    const before = await loaded.run(noise(784));
    const net = make();
    const losses: number[] = [];
    await net.fit(tensor(x.data, x.shape), tensor(y.data, y.shape), {
      epochs: 20,
      batchSize: 16,
      callbacks: {
        onBatchEnd: async (_, { loss = Number.NaN }) => {
          losses.push(loss);
          if (losses.length === 30) await loseDevice();
        },
      },
    });
    net.dispose();
    expect(losses).toHaveLength(100);
    for (const [step, loss] of wanted.entries()) {
      expect(Math.abs(loss - (losses[step] ?? Number.NaN)), `step ${step}`).toBeLessThan(1e-3);
    }
    const after = await loaded.run(noise(784));
    const [[wantedOutput], [got]] = [Object.values(before), Object.values(after)];
    expect(difference(wantedOutput?.data ?? [], got?.data ?? [])).toBeLessThan(1e-4);
    await loaded.run(noise(784));
    expect((await status()).models.at(-1)?.runs?.backend).toBe('wasm');
    expect(warn).toHaveBeenCalledTimes(2);
    loaded.dispose();
    warn.mockRestore();
  });
});
