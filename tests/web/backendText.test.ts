// Voices that write and learn on a graphics processor as on WebAssembly.
import { resolve } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import {
  type CharRNN,
  charRNN,
  dense,
  gru,
  lstm,
  type Prediction,
  sequential,
  setBackend,
} from '../../web/src/node.js';
import { accelerator } from '../../web/src/webgpu/accelerator.js';
import { DeviceWriting } from '../../web/src/webgpu/writing.js';
import { MemoryDatabase } from './database.js';
import { messageFrom } from './fixtures.js';
import { describeOnDawn, difference, expectNear, loseDevice, onBoth, status } from './onDawn.js';

/** How long training takes steps before it is looked at. */
const slices = vi.hoisted(() => ({ milliseconds: 25 }));
vi.mock('../../web/src/breath.js', async (original) => ({
  ...(await original<object>()),
  get sliceMilliseconds() {
    return slices.milliseconds;
  },
}));

const shakespeare = resolve(import.meta.dirname, '../../models/shakespeare');
const voiceOf = (model: string) => charRNN({ model, onWarning: () => {} });

/** With a voice, which is disposed of. */
async function withVoice<T>(work: (voice: CharRNN) => Promise<T>, model = shakespeare): Promise<T> {
  const voice = await voiceOf(model);
  try {
    return await work(voice);
  } finally {
    voice.dispose();
  }
}

const numbersOf = ({ probabilities }: Prediction) => probabilities.map((each) => each.probability);
const place = async () => (await status()).models.at(-1)?.writes;

describeOnDawn('writing', () => {
  it('writes what WebAssembly writes', async () => {
    const { wanted, got } = await onBoth(() =>
      withVoice(async (voice) => {
        const { sample } = await voice.generate({ seed: 'To be, ', length: 200, temperature: 0 });
        const chosen = await voice.generate({ length: 200, temperature: 0.7, random: 5 });
        return [sample, chosen.sample, (await place())?.backend];
      }),
    );
    expect(got[0]).toHaveLength(200);
    expect(got.slice(0, 2)).toEqual(wanted.slice(0, 2));
    expect([wanted[2], got[2]]).toEqual(['wasm', 'webgpu']);
  });

  it('reads what it is given with one submit', async () => {
    await withVoice(async (voice) => {
      await voice.generate({ seed: 'x', length: 1 });
      const queue = vi.spyOn(GPUQueue.prototype, 'submit');
      await voice.generate({ seed: 'y'.repeat(60), length: 3, temperature: 0 });
      expect(queue).toHaveBeenCalledTimes(3);
      queue.mockRestore();
    });
  });

  it('keeps weights in half the memory, where that is allowed', async () => {
    const read = (half: boolean) => {
      setBackend('webgpu', { half });
      return withVoice(async (voice) => {
        await voice.feed('What light through yonder window ');
        const numbers = numbersOf(await voice.predict(1));
        return { numbers, bytes: (await accelerator()).device.counts().bytes };
      });
    };
    const [whole, half] = [await read(false), await read(true)];
    expect(half.bytes).toBeLessThan(0.75 * whole.bytes);
    const error = difference(whole.numbers, half.numbers);
    expect(error).toBeGreaterThan(1e-6);
    expect(error).toBeLessThan(0.02);
  });

  it('remembers, forgets, and is taken up again', async () => {
    const { wanted, got } = await onBoth(() =>
      withVoice(async (voice) => {
        await voice.feed('What light through yonder window ');
        const first = numbersOf(await voice.predict(1));
        const state = await voice.state();
        const { sample } = await voice.generate({ length: 30, temperature: 0, stateful: true });
        const second = numbersOf(await voice.predict(1));
        await voice.setState(state);
        const again = numbersOf(await voice.predict(1));
        const repeated = await voice.generate({ length: 30, temperature: 0, stateful: true });
        await voice.reset();
        const empty = (await voice.state()).lanes;
        return { first, state, sample, second, again, repeated, empty };
      }),
    );
    expectNear(got, wanted, 1e-4);
    expect(got.repeated.sample).toBe(got.sample);
    expect(got.again).toEqual(got.first);
  });

  it('writes several texts at once', async () => {
    const seeds = ['A', 'Be or not', 'Come, ', 'D'];
    const { wanted, got } = await onBoth(() =>
      withVoice((voice) => voice.generateMultiple(seeds, { length: 60, random: 2, stop: '\n' })),
    );
    expect(got).toEqual(wanted);
  });

  it('takes one-hot rows and GRUs', async () => {
    const layers = [
      gru({ units: 12, returnSequences: true, inputShape: [null, 9] }),
      lstm({ units: 8, returnSequences: true }),
      dense({ units: 9, activation: 'softmax' }),
    ];
    const net = sequential(layers, { seed: 3 });
    const model = await net.files();
    const { wanted, got } = await onBoth(async () => {
      const voice = await charRNN({ model, vocabulary: [...' \nTheaisw'] });
      await voice.feed('The sea is a wish The sea is a wish The sea is a wish');
      const numbers = numbersOf(await voice.predict(1));
      const text = await voice.generate({ length: 50, temperature: 1, random: 1 });
      voice.dispose();
      return { numbers, text };
    });
    expectNear(got, wanted, 1e-4);
    net.dispose();
  });

  it('is stopped anywhere, and remembers what it had read', async () => {
    await withVoice(async (voice) => {
      const controller = new AbortController();
      let written = '';
      const endless = voice.generate(
        {
          ...{ seed: 'To be, ', length: 1e6, temperature: 0, stateful: true },
          signal: controller.signal,
        },
        (piece) => {
          written += piece;
          controller.abort();
        },
      );
      await expect(endless).rejects.toMatchObject({ name: 'AbortError' });
      expect((await place())?.backend).toBe('webgpu');
      const { sample } = await voice.generate({ length: 20, temperature: 0, stateful: true });
      const whole = await voice.generate({ seed: 'To be, ', length: 400, temperature: 0 });
      expect(whole.sample.slice(0, 400)).toContain(sample);
      expect(whole.sample.startsWith(written)).toBe(true);
    });
  });

  it('is disposed of in the middle', async () => {
    const before = (await accelerator()).device.counts();
    const voice = await voiceOf(shakespeare);
    const text = voice.generate({ length: 1e6 }, () => voice.dispose());
    expect(await messageFrom(() => text)).toMatch('gesso: this model has been disposed of');
    const other = await voiceOf(shakespeare);
    const never = other.generate({ length: 10 });
    other.dispose();
    await expect(never).rejects.toThrow();
    const { programs } = before;
    await expect.poll(async () => (await accelerator()).device.counts().programs).toBe(programs);
  });

  it('takes its turn', async () => {
    await withVoice(async (voice) => {
      const ask = (seed: string) => voice.generate({ seed, length: 20, temperature: 0 });
      const together = await Promise.all([ask('A'), ask('B'), ask('A')]);
      expect(together[2]).toEqual(together[0]);
      expect(await ask('B')).toEqual(together[1]);
    });
  });

  for (const stateful of [false, true]) {
    it(`goes on where it was when the device is lost${stateful ? ', and keeps it' : ''}`, async () => {
      const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
      const options = { seed: 'To be, ', length: 300, temperature: 0.5, random: 4, stateful };
      setBackend('wasm');
      const [wanted, state] = await withVoice(async (voice) => [
        (await voice.generate(options)).sample,
        await voice.state(),
      ]);
      setBackend('webgpu');
      await withVoice(async (voice) => {
        let pieces = 0;
        const { sample } = await voice.generate(options, async () => {
          if (++pieces === 2) await loseDevice();
        });
        expect(pieces).toBeGreaterThan(2);
        expect(sample).toBe(wanted);
        expectNear(await voice.state(), state, 1e-4);
        expect((await place())?.backend).toBe('wasm');
        expect((await voice.generate(options)).sample).not.toBe('');
      });
      expect(warn).toHaveBeenCalledTimes(1);
      warn.mockRestore();
    });
  }

  it('by itself takes the faster of both', async () => {
    const opened = await accelerator();
    const info = { ...opened.info };
    opened.info.software = false; // or it would not be tried
    setBackend('wasm');
    const seeds = ['A', 'B'];
    const how = { length: 40, temperature: 0 };
    const wanted = await withVoice((voice) => voice.generateMultiple(seeds, how));
    setBackend('auto');
    await withVoice(async (voice) => {
      expect(await voice.generateMultiple(seeds, how)).toEqual(wanted);
      const { backend, trial } = (await place()) ?? {};
      expect(trial?.wasm).toBeGreaterThan(0);
      expect(trial?.webgpu).toBeGreaterThan(0);
      expect(backend).toBe((trial?.wasm ?? 0) <= (trial?.webgpu ?? 0) ? 'wasm' : 'webgpu');
    });
    const quick = vi.spyOn(DeviceWriting.prototype, 'rehearse').mockResolvedValue(1e-9);
    for (let page = 0; page < 2; page++) {
      await withVoice(async (voice) => {
        expect((await voice.generate({ ...how, seed: 'A' })).sample).toBe(wanted[0]?.sample);
        expect((await place())?.backend).toBe('webgpu');
        expect(await voice.generateMultiple(seeds, how)).toEqual(wanted); // where that was faster
      });
    }
    expect(quick).toHaveBeenCalledTimes(1); // once for each number of texts, and model
    quick.mockRestore();
    Object.assign(opened.info, info);
  });
});

/** A text that a small network learns quickly. */
const verse = Array.from(
  { length: 400 },
  (_, i) => `The ${['sea', 'sky', 'sun'][i % 3]} is ${['wide', 'blue', 'warm'][(i * 7) % 3]}.\n`,
).join('');

const lesson = {
  ...{ layers: 2, units: 24, embedding: 8, sequenceLength: 16, batchSize: 8, epochs: 2 },
  ...{ learningRate: 0.01, temperatures: [], validationSplit: 0.1, dropout: 0.1 },
} as const;

describeOnDawn('learning', () => {
  /** The losses of this many steps. */
  async function losses(steps: number): Promise<number[]> {
    const voice = charRNN({ onWarning: () => {} });
    const all: number[] = [];
    await voice.train(verse, {
      ...{ ...lesson, epochs: 3 },
      onProgress: ({ recentLoss }) => {
        if (all.push(recentLoss) >= steps) voice.stop();
      },
    });
    voice.dispose();
    return all.slice(0, steps);
  }

  it('learns as WebAssembly does, for 100 steps', async () => {
    slices.milliseconds = 1e-6; // each step by itself
    const { wanted, got } = await onBoth(() => losses(100));
    slices.milliseconds = 25;
    expect(wanted).toHaveLength(100);
    expect(wanted.at(-1)).toBeLessThan((wanted[0] ?? 0) * 0.8);
    expectNear(got, wanted, 1e-3);
  });

  it('writes while it learns, what it has learned by then', async () => {
    const { wanted, got } = await onBoth(async () => {
      const voice = charRNN({ onWarning: () => {} });
      const { epochs } = await voice.train(verse, {
        ...{ ...lesson, temperatures: [0], sampleLength: 30, dropout: 0 },
      });
      const { sample } = await voice.generate({ seed: 'The ', length: 40, temperature: 0 });
      voice.dispose();
      return [...epochs.map(({ samples }) => samples[0]?.text), sample];
    });
    expect(got).toEqual(wanted);
  });

  let database: MemoryDatabase;
  beforeEach(() => {
    database = new MemoryDatabase();
    vi.stubGlobal('indexedDB', database);
  });
  afterEach(() => {
    vi.stubGlobal('indexedDB', undefined);
  });

  it('goes on with a training that was kept', async () => {
    const kept = { ...lesson, checkpoint: 'verse', checkpointSeconds: 0 };
    const { wanted, got } = await onBoth(async () => {
      const whole = charRNN({ onWarning: () => {} });
      const all = await whole.train(verse, kept);
      whole.dispose();
      const voice = charRNN({ onWarning: () => {} });
      let told = 0;
      const part = await voice.train(verse, {
        ...kept,
        onProgress: () => {
          if (++told === 3) voice.stop();
        },
      });
      expect(part.ended).toBe('stop');
      voice.dispose();
      const other = charRNN({ onWarning: () => {} });
      const rest = await other.continueTraining('verse');
      other.dispose();
      return { all, rest };
    });
    expectNear(got, wanted, 1e-3);
    expectNear(got.rest, got.all, 1e-4);
  });
});
