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
      // The strings of MODELS.md go on behind the seed's last letters.
      expect(sample).toBe(golden);
      expect(await greedily(voice, 'The ', 60)).toBe(golden);
      expect(warnings.map(({ kind }) => kind)).toEqual(
        name === 'charrnn_shakespeare' ? ['vocabulary'] : [],
      );
      voice.dispose();
    });
  }
});
