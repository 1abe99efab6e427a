// Voices: read from the folders of ml5 and from layers models, writing, learning, saved and shared.
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { MLError } from '../../web/src/errors.js';
import {
  type CharRNN,
  charRNN,
  dense,
  embedding,
  gru,
  lstm,
  memorisation,
  previewText,
  sequential,
  setDeterministic,
  type TextWarning,
} from '../../web/src/index.js';
import { itNeeds, messageFrom, model as modelFolder } from './fixtures.js';

beforeAll(() => setDeterministic(true));

/** What MODELS.md says of the voices: the most probable continuation of "The ", 60 characters. */
const goldens = {
  charrnn_charlotte_bronte: 'ervice it is a strange stranger of the stairs of the strange',
  charrnn_darwin: 'are of the sexes of the sexes of the sexes of the sexes of t',
  charrnn_shakespeare: 't offis on the world as the world as the world and the sea\nT',
};

const folder = (name: string) => modelFolder(name);

/** A text that a small network learns quickly, with something that repeats and something that does not. */
const verse = Array.from(
  { length: 400 },
  (_, i) => `The ${['sea', 'sky', 'sun'][i % 3]} is ${['wide', 'blue', 'warm'][(i * 7) % 3]}.\n`,
).join('');

const quick = {
  ...{ layers: 1, units: 16, embedding: 8, sequenceLength: 16, batchSize: 8, epochs: 2 },
  ...{ learningRate: 0.01, temperatures: [] },
} as const;

/** A small voice that has learned the verse. */
async function learned(): Promise<CharRNN> {
  const voice = await charRNN({ onWarning: () => {} });
  await voice.train(verse, { ...quick, epochs: 6 });
  return voice;
}

/** Greedy, character by character. */
async function greedily(voice: CharRNN, seed: string, length: number): Promise<string> {
  await voice.reset();
  await voice.feed(seed);
  let text = '';
  for (let i = 0; i < length; i++) {
    const { probabilities } = await voice.predict(1);
    const best = probabilities.reduce((a, b) => (b.probability > a.probability ? b : a));
    text += best.char;
    await voice.feed(best.char);
  }
  return text;
}

describe('voices of ml5', () => {
  for (const [name, golden] of Object.entries(goldens)) {
    itNeeds([folder(name)], `${name} continues "The " as it always has`, async () => {
      const warnings: TextWarning[] = [];
      const voice = await charRNN({
        model: folder(name),
        onWarning: (warning) => warnings.push(warning),
      });
      const { sample } = await voice.generate({ seed: 'The ', length: 60, temperature: 0 });
      expect(sample).toBe(golden);
      expect(await greedily(voice, 'The ', 60)).toBe(golden);
      expect(warnings.map(({ kind }) => kind)).toEqual(
        name === 'charrnn_shakespeare' ? ['vocabulary'] : [],
      );
      voice.dispose();
    });
  }
});

describe('learning', () => {
  it('lowers the loss, and writes samples that show what is copied', async () => {
    const warnings: string[] = [];
    const voice = charRNN({ onWarning: ({ kind }) => warnings.push(kind) });
    const losses: number[] = [];
    const { epochs, ended } = await voice.train(verse, {
      ...{ ...quick, epochs: 4, temperatures: [0, 1], sampleLength: 60 },
      onProgress: ({ loss }) => losses.push(loss),
    });
    expect(ended).toBe('epochs');
    expect(epochs.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3]);
    const [first, last] = [epochs[0], epochs.at(-1)];
    expect(last?.loss).toBeLessThan((first?.loss ?? 0) / 2);
    expect(last?.valLoss).toBeLessThan(first?.valLoss ?? 0);
    expect(last?.perplexity).toBeCloseTo(Math.exp(last?.loss ?? 0), 6);
    expect(losses.every((loss) => loss > 0)).toBe(true);
    const [greedy, wild] = last?.samples ?? [];
    expect(greedy?.temperature).toBe(0);
    expect([...(wild?.text ?? '')]).toHaveLength(60);
    expect(verse).toContain(greedy?.memorisation.longest);
    expect(greedy?.text).toContain(greedy?.memorisation.longest);
    expect(warnings).toContain('tooSmall');
    const { voice: card, vocabularySize } = await voice.about();
    expect(card).toMatchObject({
      characters: verse.length,
      loss: last?.loss,
      valLoss: last?.valLoss,
    });
    expect(vocabularySize).toBe(voice.vocabulary.length);
    voice.dispose();
  });

  it('gives the same voice for the same seed', async () => {
    const texts: string[] = [];
    for (let i = 0; i < 2; i++) {
      const voice = await learned();
      const { sample } = await voice.generate({ seed: 'The ', random: 7, temperature: 1 });
      texts.push(sample);
      voice.dispose();
    }
    expect(texts[0]).toBe(texts[1]);
    expect([...(texts[0] ?? '')]).toHaveLength(200);
  });

  for (const [what, options] of Object.entries({
    'with characters as one 1 among zeros': { embedding: 'oneHot' },
    'with GRUs': { cell: 'gru' },
    'with dropout between two layers': { layers: 2, dropout: 0.2 },
    'with a rate for every epoch': { learningRate: (epoch: number) => 0.01 / (epoch + 1) },
    'without validation': { validationSplit: 0 },
  } as const)) {
    it(`learns ${what}`, async () => {
      const voice = charRNN({ onWarning: () => {} });
      const { epochs } = await voice.train(verse, { ...quick, epochs: 3, ...options });
      expect(epochs.at(-1)?.loss).toBeLessThan((epochs[0]?.loss ?? 0) * 0.8);
      expect(epochs.at(-1)?.valLoss === undefined).toBe('validationSplit' in options);
      const { sample } = await voice.generate({ length: 20, temperature: 0.05, random: 1 });
      expect([...sample]).toHaveLength(20);
      voice.dispose();
    });
  }

  it('learns on, with room for new characters', async () => {
    const voice = await learned();
    const before = voice.vocabulary;
    const seen = await voice.generate({ seed: 'The ', length: 12, temperature: 0 });
    const other = verse.replaceAll('sea', 'zéphyr 🌊');
    const { epochs } = await voice.train(other, {
      sequenceLength: 16,
      epochs: 3,
      temperatures: [],
    });
    expect(voice.vocabulary.slice(0, before.length)).toEqual(before);
    expect(voice.vocabulary).toContain('🌊');
    expect(epochs[0]?.loss).toBeLessThan(2);
    expect(epochs.at(-1)?.loss).toBeLessThan(0.6);
    const { skipped } = await voice.generate({ seed: 'zéphyr 🌊', length: 5 });
    expect(skipped).toEqual([]);
    expect(seen.skipped).toEqual([]);
    voice.dispose();
  });

  it('stops, and stops for a signal', async () => {
    const voice = charRNN({ onWarning: () => {} });
    const history = await voice.train(verse, {
      ...{ ...quick, epochs: 50 },
      onEpoch: ({ epoch }) => epoch === 1 && voice.stop(),
    });
    expect(history.ended).toBe('stop');
    expect(history.epochs).toHaveLength(2);
    const controller = new AbortController();
    const training = voice.train(verse, {
      ...{ epochs: 50, temperatures: [], signal: controller.signal },
      onProgress: () => controller.abort(new Error('enough')),
    });
    await expect(training).rejects.toThrow('enough');
    expect(voice.training).toBe(false);
    const failing = voice.train(verse, {
      ...{ epochs: 50, temperatures: [] },
      onProgress: () => {
        throw new Error('mine');
      },
    });
    await expect(failing).rejects.toThrow('mine');
    voice.dispose();
  });

  it('waits while it is paused', async () => {
    const voice = charRNN({ onWarning: () => {} });
    let steps = 0;
    const training = voice.train(verse, {
      ...{ ...quick, epochs: 3 },
      onProgress: () => {
        if (steps++ > 0) return;
        voice.pause();
        setTimeout(() => {
          seen = steps;
        }, 100);
        setTimeout(() => {
          still = steps;
          voice.resume();
        }, 300);
      },
    });
    let [seen, still] = [-1, -2];
    const { epochs } = await training;
    expect(epochs).toHaveLength(3);
    expect(still).toBe(seen);
    voice.dispose();
  });

  it('goes back where the loss is no longer a number', async () => {
    const voice = await learned();
    const before = await voice.generate({ seed: 'The ', length: 30, temperature: 0 });
    const message = await messageFrom(() =>
      voice.train(verse, { epochs: 1, learningRate: 1e30, clip: 1e30, temperatures: [] }),
    );
    expect(message).toContain('train: the loss is no longer a number');
    expect(message).toContain('learning rate');
    const after = await voice.generate({ seed: 'The ', length: 30, temperature: 0 });
    expect(after.sample).toBe(before.sample);
    voice.dispose();
  });
});

describe('writing', () => {
  let voice: CharRNN;
  beforeAll(async () => {
    voice = await learned();
  });

  it('tells what it writes, in order', async () => {
    const pieces: string[] = [];
    const { sample } = await voice.generate({ seed: 'The ', length: 300, random: 3 }, (written) =>
      pieces.push(written),
    );
    expect(pieces.join('')).toBe(sample);
  });

  it('ends before a stop', async () => {
    const { sample, ended } = await voice.generate({ seed: 'The ', temperature: 0, stop: '.\n' });
    expect(ended).toBe('stop');
    expect(sample).toMatch(/^[a-z ]+$/);
    const { ended: other } = await voice.generate({ seed: 'The ', length: 5, stop: ['Ω'] });
    expect(other).toBe('length');
  });

  it('reads and writes on from where it was', async () => {
    const whole = await voice.generate({ seed: 'The ', length: 40, temperature: 0 });
    await voice.reset();
    const first = await voice.generate({
      seed: 'The ',
      length: 15,
      temperature: 0,
      stateful: true,
    });
    const kept = await voice.state();
    const second = await voice.generate({ length: 25, temperature: 0, stateful: true });
    expect(first.sample + second.sample).toBe(whole.sample);
    await voice.setState(kept);
    const again = await voice.generate({ length: 25, temperature: 0, stateful: true });
    expect(again.sample).toBe(second.sample);
    expect(await greedily(voice, 'The ', 40)).toBe(whole.sample);
  });

  it('writes many texts side by side, each as if it were alone', async () => {
    const seeds = ['The ', 'The sky', 'is w'];
    const all = await voice.generateMultiple(seeds, { length: 30, temperature: 0 });
    for (const [i, seed] of seeds.entries()) {
      const { sample } = await voice.generate({ seed, length: 30, temperature: 0 });
      expect(all[i]?.sample).toBe(sample);
    }
    expect(await voice.generateMultiple([])).toEqual([]);
  });

  it('predicts before it has read anything, and never gives NaN', async () => {
    await voice.reset();
    for (const temperature of [0, 0.001, 0.5, 1, 100]) {
      const { sample, probabilities } = await voice.predict({ temperature, random: 1 });
      expect(voice.vocabulary).toContain(sample);
      const sum = probabilities.reduce((all, { probability }) => all + probability, 0);
      expect(sum).toBeCloseTo(1, 4);
    }
  });

  it('skips, refuses or replaces what it does not know', async () => {
    const { skipped } = await voice.generate({ seed: 'Thé ☃ ', length: 3 });
    expect(skipped).toEqual(['é', '☃']);
    expect(await voice.feed('☃☃')).toEqual(['☃']);
    const replaced = await voice.generate({
      ...{ seed: 'Thé ', length: 20, temperature: 0, unknown: { é: 'e' } },
    });
    const plain = await voice.generate({ seed: 'The ', length: 20, temperature: 0 });
    expect(replaced).toEqual(plain);
    const message = await messageFrom(() => voice.feed('Thé', { unknown: 'refuse' }));
    expect(message).toMatch(/^feed: the voice does not know the character "é"\./);
  });

  it('stops for a signal', async () => {
    const controller = new AbortController();
    const writing = voice.generate({ length: 1e6, signal: controller.signal }, () =>
      controller.abort(new Error('enough')),
    );
    await expect(writing).rejects.toThrow('enough');
    expect((await voice.generate({ length: 5 })).sample).toHaveLength(5);
  });
});
