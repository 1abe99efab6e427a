// Voices: read from the folders of ml5 and from layers models, writing, learning, saved and shared.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { MLError } from '../../web/src/errors.js';
import {
  type CharRNN,
  charRNN,
  dense,
  embedding,
  gru,
  listCheckpoints,
  lstm,
  memorisation,
  previewText,
  sequential,
  setDeterministic,
  setModelPath,
  type TextWarning,
} from '../../web/src/index.js';
import { MemoryDatabase } from './database.js';
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

/** The same for a network that is there. */
const shapeless = { sequenceLength: 16, batchSize: 8, learningRate: 0.01, temperatures: [] };

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

describe('names', () => {
  itNeeds([folder('charrnn_darwin')], 'are folders of voices, too', async () => {
    setModelPath(folder(''));
    const voice = await charRNN('charrnn_darwin');
    const { name, format, parameters, address, voice: card } = await voice.about();
    expect({ name, format, card }).toEqual({ name: 'charrnn_darwin', format: 'ml5', card: null });
    expect(parameters).toBe(100 * 128 + 2 * (256 * 512 + 512) + 128 * 100 + 100);
    expect(address).toMatch(/charrnn_darwin\/manifest\.json$/);
    const message = await messageFrom(() => charRNN('darwn'));
    expect(message).toContain('charRNN: there is no model "darwn"');
    setModelPath(null);
    voice.dispose();
  });

  it('of folders without a voice are refused', async () => {
    const message = await messageFrom(() => charRNN('./nowhere/'));
    expect(message).toContain('model.json: the file is not there');
  });
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

  it('keeps to a vocabulary, and says what it leaves out', async () => {
    const kinds: string[] = [];
    const vocabulary = [...' \nTheaisw'];
    const voice = charRNN({ vocabulary, onWarning: ({ kind }) => kinds.push(kind) });
    await voice.train(verse, quick);
    expect(kinds).toContain('skipped');
    expect(voice.vocabulary).toEqual(vocabulary);
    const { sample } = await voice.generate({ length: 30, random: 2 });
    expect([...sample].every((char) => vocabulary.includes(char))).toBe(true);
    voice.dispose();
  });

  it('says what a network from elsewhere has no room for', async () => {
    const model = sequential([
      lstm({ units: 8, returnSequences: true, inputShape: [null, 9] }),
      dense({ units: 9, activation: 'softmax' }),
    ]);
    const kinds: string[] = [];
    const voice = await charRNN({
      ...{ model: await model.files(), vocabulary: [...' \nTheaisw'] },
      onWarning: ({ kind }) => kinds.push(kind),
    });
    const { epochs } = await voice.train(verse, { ...shapeless, epochs: 3 });
    expect(kinds).toContain('skipped');
    expect(epochs.at(-1)?.loss).toBeLessThan(epochs[0]?.loss ?? 0);
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
      onProgress: ({ charactersPerSecond }) => {
        slowest = Math.min(slowest, charactersPerSecond);
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
    let [seen, still, slowest] = [-1, -2, Number.POSITIVE_INFINITY];
    const { epochs } = await training;
    expect(epochs).toHaveLength(3);
    expect(still).toBe(seen);
    expect(slowest).toBeGreaterThan(verse.length / 0.3); // waiting does not count
    voice.dispose();
  });

  it('writes while it learns, and learns the same', async () => {
    const losses: number[][] = [];
    for (const writes of [false, true]) {
      const voice = charRNN({ onWarning: () => {} });
      const texts: Promise<unknown>[] = [];
      const { epochs } = await voice.train(verse, {
        ...{ ...quick, dropout: 0.1, epochs: 3 },
        onProgress: () => {
          if (writes) texts.push(voice.generate({ seed: 'The ', length: 20, stateful: true }));
        },
      });
      await Promise.all(texts);
      expect(texts.length > 0).toBe(writes);
      losses.push(epochs.flatMap(({ loss, valLoss = 0 }) => [loss, valLoss]));
      voice.dispose();
    }
    expect(losses[1]).toEqual(losses[0]);
  });

  it('is forgotten when it is disposed of while it learns', async () => {
    const voice = charRNN({ onWarning: () => {} });
    const training = voice.train(verse, {
      ...quick,
      epochs: 50,
      onProgress: () => voice.dispose(),
    });
    await expect(training).rejects.toThrow(MLError);
    expect(voice.training).toBe(false);
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

describe('trainings that are kept', () => {
  let database: MemoryDatabase;
  beforeEach(() => {
    database = new MemoryDatabase();
    vi.stubGlobal('indexedDB', database);
  });
  afterEach(() => vi.unstubAllGlobals());

  const lesson = {
    ...{ ...quick, batchSize: 4, epochs: 2, dropout: 0.1 },
    learningRate: { type: 'cosine', from: 0.02, to: 0.0001 },
    checkpoint: 'verse',
  } as const;

  it('come to the same when they were stopped anywhere', async () => {
    const slow = { ...lesson, units: 192, sequenceLength: 24, batchSize: 8 }; // told of every step
    const whole = charRNN({ onWarning: () => {} });
    const { epochs: wanted } = await whole.train(verse, slow);
    whole.dispose();
    for (const at of [3, 21]) {
      let last = 0;
      const voice = charRNN({ onWarning: () => {} });
      const { ended } = await voice.train(verse, {
        ...slow,
        onProgress: ({ epoch, step }) => {
          last = step;
          if (epoch === 0 && step >= at) voice.stop();
        },
      });
      expect(ended).toBe('stop');
      expect(last % 16).not.toBe(0); // steps that are handed over together
      voice.dispose();
      const [kept] = await listCheckpoints();
      expect(kept?.done).toBeGreaterThan(0);
      expect(kept?.done).toBeLessThan(0.5);
      const other = charRNN({ onWarning: () => {} });
      const { epochs } = await other.continueTraining('verse');
      for (const [i, { loss, valLoss }] of wanted.entries()) {
        expect(epochs[i]?.loss).toBeCloseTo(loss, 6);
        expect(epochs[i]?.valLoss).toBeCloseTo(valLoss ?? 0, 6);
      }
      expect((await listCheckpoints())[0]?.done).toBe(1);
      other.dispose();
    }
  });

  it('go on with the steps that a short text got', async () => {
    const short = verse.slice(0, 400);
    const { sequenceLength: _, ...shape } = quick;
    const options = { ...shape, batchSize: 64, checkpoint: 'short' };
    const voice = charRNN({ onWarning: () => {} });
    const steps = new Set<number>();
    await voice.train(short, { ...options, onProgress: (told) => steps.add(told.steps) });
    voice.dispose();
    const other = charRNN({ onWarning: () => {} });
    await other.continueTraining('short', {
      epochs: 3,
      onProgress: (told) => steps.add(told.steps),
    });
    expect(steps.size).toBe(1);
    other.dispose();
  });

  it('keep what was said of them', async () => {
    const voice = charRNN({ onWarning: () => {} });
    await voice.describe({ title: 'Verse', author: 'Ada' });
    await voice.train(verse, lesson);
    expect((await voice.about()).voice).toMatchObject({ title: 'Verse', author: 'Ada' });
    await voice.train(verse, { ...shapeless, epochs: 1 });
    expect((await voice.about()).voice).toMatchObject({ title: '', author: '' });
    voice.dispose();
    const other = charRNN({ onWarning: () => {} });
    await other.describe({ author: 'Grace' });
    await other.continueTraining('verse', { epochs: 3 });
    expect((await other.about()).voice).toMatchObject({
      ...{ title: 'Verse', author: 'Grace', characters: verse.length },
    });
    other.dispose();
  });

  it('are told of where the database refuses, and learn all the same', async () => {
    database.full = true;
    const voice = charRNN({ onWarning: () => {} });
    const { epochs } = await voice.train(verse, lesson);
    expect(epochs).toHaveLength(2);
    const told = voice.warnings.filter(({ kind }) => kind === 'checkpoint');
    expect(told.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^train: this training cannot be kept[\s\S]*there is no room/),
    ]);
    voice.dispose();
  });

  it('stay what they were where another is stopped before it begins', async () => {
    const voice = charRNN({ onWarning: () => {} });
    await voice.train(verse, lesson);
    voice.dispose();
    const other = charRNN({ onWarning: () => {} });
    await other;
    const training = other.train(verse, lesson);
    while (!other.training) await Promise.resolve();
    other.stop();
    expect(await training).toEqual({ epochs: [], ended: 'stop' });
    const controller = new AbortController();
    const aborted = other.train(verse, { ...lesson, signal: controller.signal });
    while (!other.training) await Promise.resolve();
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    const { epochs } = await other.continueTraining('verse');
    expect(epochs).toHaveLength(2);
    other.dispose();
  });
});

describe('writing', () => {
  let voice: CharRNN;
  beforeAll(async () => {
    voice = await learned();
  });

  it('gives what its listener throws', async () => {
    const writing = voice.generate({ length: 1e5 }, () => {
      throw new Error('mine');
    });
    await expect(writing).rejects.toThrow('mine');
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
    await voice.reset();
    const nothing = await voice.state();
    expect(nothing.lanes).toBe(0);
    await voice.setState(structuredClone(kept));
    const again = await voice.generate({ length: 25, temperature: 0, stateful: true });
    expect(again.sample).toBe(second.sample);
    await voice.setState(nothing);
    const anew = await voice.generate({ seed: 'The ', length: 15, temperature: 0, stateful: true });
    expect(anew.sample).toBe(first.sample);
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

  it('tells nothing once it has stopped', async () => {
    const controller = new AbortController();
    let told = 0;
    const writing = voice.generate({ length: 1e6, signal: controller.signal }, () => {
      told++;
      controller.abort();
      if (told > 1) throw new Error('told after the end');
    });
    await expect(writing).rejects.toThrow();
    await voice.generate({ length: 5 }); // the one before is over by now
    expect(told).toBe(1);
  });

  it('goes on from what a text that was stopped has read', async () => {
    await voice.reset();
    const controller = new AbortController();
    const how = { stateful: true, temperature: 0 };
    const writing = voice.generate({ ...how, length: 1e6, signal: controller.signal }, () =>
      controller.abort(),
    );
    await expect(writing).rejects.toThrow();
    const kept = await voice.state();
    expect(kept.lanes).toBe(1);
    const { sample } = await voice.generate({ ...how, length: 10 });
    await voice.setState(kept);
    expect((await voice.generate({ ...how, length: 10 })).sample).toBe(sample);

    await voice.reset();
    const early = AbortSignal.abort();
    await expect(voice.generate({ ...how, signal: early })).rejects.toThrow();
    expect((await voice.generate({ ...how, length: 5 })).sample).toHaveLength(5);
  });

  it('forgets what it has read when it learns', async () => {
    const other = await learned();
    await other.feed('The s');
    await other.train(verse, { ...shapeless, epochs: 1 });
    expect((await other.state()).lanes).toBe(0);
    const { probabilities } = await other.predict(1);
    await other.reset();
    expect((await other.predict(1)).probabilities).toEqual(probabilities);
    other.dispose();
  });
});

describe('saving', () => {
  let voice: CharRNN;
  beforeAll(async () => {
    voice = await learned();
    await voice.describe({ title: 'Verse', author: 'Ada', source: 'made here', consent: 'nobody' });
  });

  it('keeps characters and card with the model', async () => {
    const place = join(mkdtempSync(join(tmpdir(), 'gesso-')), 'verse');
    await voice.save(place);
    const other = await charRNN(place, { onWarning: () => {} });
    expect(other.vocabulary).toEqual(voice.vocabulary);
    const { voice: card, name } = await other.about();
    expect(card).toMatchObject({ title: 'Verse', author: 'Ada', characters: verse.length });
    expect(card?.date).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(card?.loss).toBeGreaterThan(0);
    expect(name).toBe('verse');
    const wanted = await voice.generate({ seed: 'The ', length: 40, temperature: 0 });
    expect(await other.generate({ seed: 'The ', length: 40, temperature: 0 })).toEqual(wanted);
    const { epochs } = await other.train(verse, {
      epochs: 1,
      temperatures: [],
      sequenceLength: 16,
    });
    expect(epochs[0]?.loss).toBeLessThan(1);
    other.dispose();
  });

  it('writes a layers model that TensorFlow.js opens and that gives the same', async () => {
    const files = await voice.files();
    const { modelTopology, weightsManifest } = JSON.parse(
      new TextDecoder().decode(files.get('model.json')),
    );
    const weightData = files.get('weights.bin')?.slice().buffer;
    if (weightData === undefined) throw new Error('there are no weights');
    const opened = await tf.loadLayersModel(
      tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData }),
    );
    const codes = [...'The sea is '].map((char) => voice.vocabulary.indexOf(char));
    const output = opened.predict(tf.tensor2d([codes]));
    if (Array.isArray(output)) throw new Error('one output');
    const theirs = (await output.data()).slice(-voice.vocabulary.length);
    await voice.reset();
    await voice.feed('The sea is ');
    const { probabilities } = await voice.predict(1);
    for (const [i, { probability }] of probabilities.entries()) {
      expect(theirs[i]).toBeCloseTo(probability, 4);
    }
  });

  it('reads its own files, given in hand', async () => {
    const other = await charRNN({ model: await voice.files() });
    expect((await other.about()).voice?.title).toBe('Verse');
    other.dispose();
  });

  it('writes a folder of ml5 that reads back the same, and only for what ml5 knows', async () => {
    const message = await messageFrom(() => voice.files({ format: 'ml5' }));
    expect(message).toContain('save: ml5 cannot read this voice: it knows two layers of LSTM');
    expect(message).toContain('layers  LSTM');
    const double = charRNN({ onWarning: () => {} });
    await double.describe({ title: 'Twice' });
    await double.train(verse, { ...quick, layers: 2, embedding: 'oneHot' });
    const other = await charRNN({ model: await double.files({ format: 'ml5' }) });
    const wanted = await double.generate({ seed: 'The ', length: 40, temperature: 0 });
    expect(await other.generate({ seed: 'The ', length: 40, temperature: 0 })).toEqual(wanted);
    const [card, kept] = [(await double.about()).voice, (await other.about()).voice];
    expect(kept).toEqual(card);
    expect(kept?.title).toBe('Twice');
    double.dispose();
    other.dispose();
  });

  it('writes no folder of ml5 where codes have no characters of their own', async () => {
    const model = sequential([
      embedding({ inputDim: 3, outputDim: 2 }),
      lstm({ units: 2, returnSequences: true }),
      lstm({ units: 2, returnSequences: true }),
      dense({ units: 3, activation: 'softmax' }),
    ]);
    const vocabulary = ['a', '\uFFFD', '\uFFFD'];
    const gaps = await charRNN({ model: await model.files(), vocabulary });
    expect(await messageFrom(() => gaps.files({ format: 'ml5' }))).toContain(
      'save: ml5 cannot read this voice: several of its codes have the same character',
    );
    gaps.dispose();
  });

  it('refuses places that a format is not for', async () => {
    expect(await messageFrom(() => voice.save('indexeddb://verse', { format: 'html' }))).toContain(
      "save: the browser's database keeps voices as they are",
    );
  });

  it('refuses what is no card', async () => {
    expect(await messageFrom(() => voice.describe({ date: 'today' }))).toContain(
      'describe: date must be a day',
    );
  });
});

describe('layers models from elsewhere', () => {
  const characters = ['a', 'b', 'c', ' '];

  it('need their characters to be named', async () => {
    const model = sequential([
      lstm({ units: 4, returnSequences: true, inputShape: [null, 4] }),
      dense({ units: 4, activation: 'softmax' }),
    ]);
    const files = await model.files();
    const message = await messageFrom(() => charRNN({ model: files }));
    expect(message).toContain('charRNN: nothing says which characters this model knows');
    const short = await messageFrom(() => charRNN({ model: files, vocabulary: ['a'] }));
    expect(short).toContain('charRNN: the vocabulary does not fit the model');
    expect(short).toContain('outputs of the model  4');
    const twice = await messageFrom(() =>
      charRNN({ model: files, vocabulary: ['a', 'b', 'a', 'c'] }),
    );
    expect(twice).toContain('charRNN: the vocabulary holds a character twice');
    expect(twice).toContain('codes  0 and 2');
    const voice = await charRNN({ model: files, vocabulary: characters, onWarning: () => {} });
    const { sample } = await voice.generate({ seed: 'ab', length: 10, random: 1 });
    expect([...sample]).toHaveLength(10);
    const text = 'abc cba '.repeat(200);
    const { epochs } = await voice.train(text, {
      ...{ epochs: 5, learningRate: 0.02, sequenceLength: 10, batchSize: 4, temperatures: [] },
    });
    expect(epochs.at(-1)?.loss).toBeLessThan(epochs[0]?.loss ?? 0);
    voice.dispose();
  });

  it('tell of a vocab.json beside them that had to be repaired', async () => {
    const model = sequential([
      lstm({ units: 4, returnSequences: true, inputShape: [null, 4] }),
      dense({ units: 4, activation: 'softmax' }),
    ]);
    const files = await model.files();
    const beside = (vocabulary: unknown) =>
      new Map([...files, ['vocab.json', new TextEncoder().encode(JSON.stringify(vocabulary))]]);
    const voice = await charRNN({ model: beside({ a: 0, b: 1, c: 3 }), onWarning: () => {} });
    expect(voice.warnings.map(({ kind }) => kind)).toEqual(['vocabulary']);
    expect(voice.vocabulary).toEqual(['a', 'b', '\uFFFD', 'c']);
    voice.dispose();
    expect(await messageFrom(() => charRNN(beside({ a: 0, b: 4 })))).toContain(
      'vocab.json: a code does not fit the weights',
    );
  });

  it('are missed where a page has a manifest.json of its own', async () => {
    const place = mkdtempSync(join(tmpdir(), 'gesso-'));
    writeFileSync(join(place, 'manifest.json'), JSON.stringify({ name: 'My page', icons: [] }));
    expect(await messageFrom(() => charRNN(place))).toContain('model.json: the file is not there');
  });

  it('write with GRUs over an embedding', async () => {
    const model = sequential([
      embedding({ inputDim: 4, outputDim: 3 }),
      gru({ units: 4, returnSequences: true }),
      dense({ units: 4, activation: 'softmax' }),
    ]);
    const voice = await charRNN({ model: await model.files(), vocabulary: characters });
    expect([...(await voice.generate({ seed: 'ab', length: 10 })).sample]).toHaveLength(10);
    expect(await greedily(voice, 'abc', 12)).toBe(
      (await voice.generate({ seed: 'abc', length: 12, temperature: 0 })).sample,
    );
    voice.dispose();
  });
});

/** A voice of ml5 in memory: one layer of 2 units over 3 characters. */
function ml5Files(change: (parts: Ml5Parts) => void = () => {}): Map<string, Uint8Array> {
  const parts: Ml5Parts = {
    vocabulary: { a: 0, b: 1, c: 2 },
    shapes: {
      'rnnlm/multi_rnn_cell/cell_0/basic_lstm_cell/kernel': [5, 8],
      'rnnlm/multi_rnn_cell/cell_0/basic_lstm_cell/bias': [8],
      'rnnlm/softmax_w': [2, 3],
      'rnnlm/softmax_b': [3],
    },
    files: new Map(),
  };
  for (const [name, shape] of Object.entries(parts.shapes)) {
    const count = shape.reduce((product, size) => product * size, 1);
    parts.files.set(name.replaceAll('/', '_'), new Float32Array(count).fill(0.1));
  }
  change(parts);
  const manifest = Object.fromEntries(
    Object.entries(parts.shapes).map(([name, shape]) => {
      return [name, { filename: name.replaceAll('/', '_'), shape }];
    }),
  );
  const text = (content: unknown) =>
    new TextEncoder().encode(typeof content === 'string' ? content : JSON.stringify(content));
  return new Map([
    ['manifest.json', text(parts.manifest ?? manifest)],
    ['vocab.json', text(parts.vocabulary)],
    ...[...parts.files].map(([name, data]) => [name, new Uint8Array(data.buffer)] as const),
  ]);
}

interface Ml5Parts {
  vocabulary: unknown;
  shapes: Record<string, number[]>;
  files: Map<string, Float32Array<ArrayBuffer>>;
  manifest?: unknown;
}

describe('broken folders of ml5', () => {
  it('are whole in this test before they are broken', async () => {
    const voice = await charRNN(ml5Files());
    expect(voice.vocabulary).toEqual(['a', 'b', 'c']);
    expect((await voice.generate({ seed: 'a', length: 3, temperature: 0 })).sample).toBe('aaa');
    voice.dispose();
  });

  const cases: [what: string, change: (parts: Ml5Parts) => void, message: string][] = [
    [
      'a manifest that is no JSON',
      (parts) => (parts.manifest = '{'),
      'manifest.json: this is not the JSON of a voice of ml5',
    ],
    [
      'a manifest of something else',
      (parts) => (parts.shapes = { 'conv/weights': [3] }),
      'manifest.json: this is no voice of ml5: it has no LSTM cells',
    ],
    [
      'a path out of the folder',
      (parts) => (parts.manifest = { embedding: { filename: '../secret', shape: [1] } }),
      'manifest.json: a variable must name a file inside the folder',
    ],
    [
      'a shape that is none',
      (parts) => (parts.shapes['rnnlm/softmax_b'] = [-3]),
      'manifest.json: a variable has no shape',
    ],
    [
      'weights of the wrong size',
      (parts) => parts.files.set('rnnlm_softmax_w', new Float32Array(5)),
      'rnnlm_softmax_w: the file has another size than the manifest says',
    ],
    [
      'shapes that do not fit together',
      (parts) => (parts.shapes['rnnlm/softmax_w'] = [3, 3]),
      'manifest.json: the variables do not fit together',
    ],
    [
      'more characters than can be one 1 among zeros',
      (parts) => {
        const cell = 'rnnlm/multi_rnn_cell/cell_0/basic_lstm_cell';
        parts.shapes = {
          [`${cell}/kernel`]: [1_000_001, 4],
          [`${cell}/bias`]: [4],
          'rnnlm/softmax_w': [1, 1_000_000],
          'rnnlm/softmax_b': [1_000_000],
        };
      },
      'manifest.json: there are too many characters for a voice without an embedding',
    ],
    [
      'no output',
      (parts) => {
        delete parts.shapes['rnnlm/softmax_w'];
      },
      'manifest.json: a variable is missing',
    ],
    [
      'a weight that is not a number',
      (parts) => parts.files.get('rnnlm_softmax_w')?.set([Number.NaN], 2),
      'rnnlm_softmax_w: a weight is not a number',
    ],
    [
      'a vocabulary that is no JSON',
      (parts) => (parts.vocabulary = '<html>'),
      'vocab.json: this is not the JSON of a vocabulary',
    ],
    [
      'two characters of one code',
      (parts) => (parts.vocabulary = { a: 0, b: 1, c: 1 }),
      'vocab.json: two characters have the same code',
    ],
    [
      'a code that is too large',
      (parts) => (parts.vocabulary = { a: 0, b: 1, c: 3 }),
      'vocab.json: a code does not fit the weights',
    ],
    ['no characters', (parts) => (parts.vocabulary = {}), 'vocab.json: it holds no characters'],
  ];
  for (const [what, change, message] of cases) {
    it(`are refused: ${what}`, async () => {
      const error = await messageFrom(() => charRNN(ml5Files(change)));
      expect(error.split('\n')[0]).toBe(`${message}.`);
      expect(error).toMatch(/\n {2}Try: /);
    });
  }

  it('may have gaps in their vocabulary, which they tell of', async () => {
    const warnings: TextWarning[] = [];
    const voice = await charRNN({
      model: ml5Files((parts) => (parts.vocabulary = { a: 0, c: 2 })),
      onWarning: (warning) => warnings.push(warning),
    });
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^vocab\.json has gaps\.\n(.*\n)*.*codes without a character {2}1\n/),
    ]);
    expect(voice.vocabulary).toEqual(['a', '\uFFFD', 'c']);
    expect(voice.warnings).toEqual(warnings);
    voice.dispose();
  });
});

/** A file that must not be read. */
class HugeFile extends Blob {
  override get size(): number {
    return 5e9;
  }
  override arrayBuffer(): Promise<ArrayBuffer> {
    throw new Error('it was read');
  }
}

describe('texts', () => {
  const bad: [what: string, text: unknown, message: string][] = [
    ['nothing', '', 'train: the text is empty'],
    ['blanks', ' \n\t ', 'train: the text is empty'],
    ['one character', 'a'.repeat(5000), 'train: the text repeats one character'],
    ['a few words', 'too short', 'train: the text is too small to learn from'],
    ['no text at all', 42, 'train: it learns from a text'],
    ['a file too large to be opened', new HugeFile(), 'train: the text is too long'],
    [
      'a binary file',
      new Blob([Uint8Array.from({ length: 4000 }, (_, i) => (i * 151) % 256)]),
      'train: this does not look like a text',
    ],
  ];
  for (const [what, text, message] of bad) {
    it(`are refused: ${what}`, async () => {
      const voice = charRNN();
      const error = await messageFrom(() => voice.train(text as string));
      expect(error.split('\n')[0]).toBe(`${message}.`);
      expect(error).toMatch(/\n {2}Try: /);
      expect(voice.training).toBe(false);
      voice.dispose();
    });
  }

  it('are tidied up as asked', async () => {
    const raw = `\uFEFF${'Ein  Haus.   \r\n\r\n\r\n\r\nUnd\tein Café,\u00a0nein.\r\n'.repeat(20)}`;
    const tidy = await previewText(raw);
    expect(tidy.text.slice(0, 36)).toBe('Ein  Haus.\n\nUnd ein Café, nein.\nEin ');
    expect(tidy.characters).toBe([...tidy.text].length);
    expect(tidy.vocabulary[0]).toEqual({ char: ' ', count: 100 });
    const { text } = await previewText(raw, { whitespace: 'collapse', case: 'lower' });
    expect(text.slice(0, 37)).toBe('ein haus. und ein café, nein. ein hau');
    const few = await previewText(raw, { characters: 'Einea Huds', rarest: 20 });
    expect(few.text).not.toMatch(/[éC.,]/);
    expect(few.removed.map(({ char }) => char)).toContain('é');
    expect(few.warnings.map(({ kind }) => kind)).toContain('removed');
  });

  it('come from files in UTF-8 and UTF-16', async () => {
    const text = 'Größe & Maß. '.repeat(30);
    const utf16 = Uint8Array.from([
      ...[0xff, 0xfe],
      ...[...text].flatMap((char) => [char.charCodeAt(0) & 255, char.charCodeAt(0) >> 8]),
    ]);
    for (const blob of [new Blob([text]), new Blob([utf16])]) {
      expect((await previewText(blob)).text).toBe(text);
    }
  });

  it('are counted by character, not by half of one', async () => {
    const { characters, vocabulary } = await previewText('🌊🌙a '.repeat(200));
    expect(characters).toBe(800);
    expect(vocabulary.map(({ char }) => char).sort()).toEqual([' ', 'a', '🌊', '🌙'].sort());
  });

  it('of 50 MB leave the page its turns', async () => {
    const long = `${'All work and no play makes a dull toy. '.repeat(1_300_000)}${' '.repeat(1e6)}!`;
    let turns = 0;
    const ticks = setInterval(() => turns++, 1);
    const { characters, warnings } = await previewText(long, { whitespace: 'collapse' });
    clearInterval(ticks);
    expect(characters).toBeGreaterThan(50e6);
    expect(warnings.map(({ kind }) => kind)).toContain('large');
    expect(turns).toBeGreaterThan(50); // on a busy machine their length says nothing
  });
});

describe('memorisation', () => {
  it('finds the longest run and the share of copied runs of 20', async () => {
    const text = 'It was the best of times, it was the worst of times, it was the age of wisdom.';
    const copy = 'XX best of times, it was the worst of times YY and something else altogether.';
    const { longest, longestAt, longestLength, copiedShare } = await memorisation(copy, text);
    expect(longest).toBe(' best of times, it was the worst of times');
    expect(longestLength).toBe(longest.length);
    expect(longestAt).toBe(text.indexOf(longest));
    const runs = (of: string) =>
      Array.from({ length: of.length - 19 }, (_, i) => of.slice(i, i + 20));
    const share = runs(copy).filter((run) => text.includes(run)).length / runs(copy).length;
    expect(copiedShare).toBeCloseTo(share, 12);
    expect(copiedShare).toBeGreaterThan(0.3);
  });

  it('counts characters, and finds nothing in nothing', async () => {
    expect(await memorisation('🌊🌙', 'a🌙🌊🌙b')).toEqual({
      ...{ longest: '🌊🌙', longestAt: 2, longestLength: 2, copiedShare: 0 },
    });
    expect(await memorisation('', 'abc')).toEqual({
      ...{ longest: '', longestAt: 0, longestLength: 0, copiedShare: 0 },
    });
  });

  it('agrees with plain search on texts of few letters', async () => {
    const letters = (count: number, step: number) =>
      Array.from({ length: count }, (_, i) => 'abc'[(i * i * step + (i >> 2)) % 3]).join('');
    const [sample, text] = [letters(90, 5), letters(700, 7)];
    const { longestLength } = await memorisation(sample, text);
    let best = 0;
    for (let from = 0; from < sample.length; from++) {
      while (text.includes(sample.slice(from, from + best + 1)) && from + best < sample.length) {
        best++;
      }
    }
    expect(longestLength).toBe(best);
  });
});

describe('mistakes', () => {
  it('are refused before anything is loaded', async () => {
    expect(() => charRNN({ modle: 'x' } as object)).toThrow(MLError);
    expect(() => charRNN({ modle: 'x' } as object)).toThrow('charRNN: there is no option "modle"');
    const voice = charRNN({ onWarning: () => {} });
    expect(await messageFrom(() => voice.generate())).toContain(
      'generate: this voice has not learned anything yet',
    );
    expect(await messageFrom(() => voice.train(verse, { units: 0 }))).toContain(
      'train: units must be a whole number from 1',
    );
    expect(await messageFrom(() => voice.train(verse, { checkpoint: 'x' }))).toContain(
      'there is no database here to keep a training in',
    );
    expect(await messageFrom(() => voice.memorisation('x'))).toContain(
      'memorisation(sample, text)',
    );
    expect(
      await messageFrom(() =>
        voice.train(verse.slice(0, 300), { batchSize: 100, sequenceLength: 100 }),
      ),
    ).toContain('train: the text is too short for one step');
    const { epochs } = await voice.train(verse, quick); // a mistake before leaves nothing behind
    expect(epochs).toHaveLength(2);
    voice.dispose();
  });

  it('in what a voice is asked for name the option', async () => {
    const voice = await learned();
    for (const [options, message] of [
      [{ temperature: -1 }, 'generate: temperature must be a number from 0'],
      [{ temperature: Number.NaN }, 'generate: temperature must be a number from 0'],
      [{ length: 0 }, 'generate: length must be a whole number from 1'],
      [{ topP: 2 }, 'generate: topP must be a number above 0 to 1'],
      [{ topk: 2 } as object, 'generate: there is no option "topk"'],
      [{ random: -1 }, 'generate: random must be a whole number'],
    ] as const) {
      expect(await messageFrom(() => voice.generate(options))).toContain(message);
    }
    expect(await messageFrom(() => voice.train(verse, { units: 8 }))).toContain(
      'train: this voice has a network already',
    );
    expect(await messageFrom(() => voice.setState({ lanes: 1 } as never))).toContain(
      'setState: this is no state',
    );
    voice.dispose();
    expect(await messageFrom(() => voice.generate())).toContain('it was used after dispose()');
  });
});
