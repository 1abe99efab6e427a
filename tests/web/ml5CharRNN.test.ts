// ml5.charRNN of gesso/ml5: called as ml5 0.12 is called, and none of its traps.
import { beforeAll, describe, expect, it } from 'vitest';
import ml5, { type CharRNN } from '../../web/src/ml5/index.js';
import { setDeterministic } from '../../web/src/node.js';
import { itNeeds, messageFrom, model } from './fixtures.js';

const darwin = model('charrnn_darwin');

beforeAll(() => setDeterministic(true));

/** The value that a callback is given, error first. */
function told<T>(call: (callback: (error: unknown, result?: T) => unknown) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, result) => (error ? reject(error) : resolve(result as T)));
  });
}

describe('ml5.charRNN', () => {
  itNeeds([darwin], 'loads with a callback, the error first', async () => {
    const voice = await told<CharRNN>((callback) => ml5.charRNN(darwin, callback));
    expect(voice.vocabSize).toBe(100);
    expect(voice.vocab[' ']).toBe(0);
    voice.dispose();
  });

  itNeeds([darwin], 'generates with and without options, by promise and callback', async () => {
    const voice = ml5.charRNN(`${darwin}/`);
    const { sample } = await voice.generate({ seed: 'The ', length: '60', temperature: '0' });
    expect(sample).toBe('are of the sexes of the sexes of the sexes of the sexes of t');
    const { sample: usual, state } = await told<{ sample: string; state: { h: unknown[] } }>(
      (callback) => voice.generate(callback),
    );
    expect([...usual]).toHaveLength(20);
    expect(state.h).toHaveLength(2);
    voice.dispose();
  });

  itNeeds([darwin], 'feeds every character once, the last one too', async () => {
    const voice = await ml5.charRNN(darwin);
    await voice.feed('The ');
    const { probabilities } = await voice.predict(1);
    const best = probabilities.reduce((a, b) => (b.probability > a.probability ? b : a));
    expect(best.char).toBe('a');
    const whole = voice.getState();
    voice.reset();
    for (const char of 'The ') await voice.feed(char);
    expect(voice.state.h[1]?.data).toEqual(whole.h[1]?.data);
    expect(voice.state.c[0]?.data).toEqual(whole.c[0]?.data);
    voice.dispose();
  });

  itNeeds([darwin], 'forgets, and goes back to a state', async () => {
    const voice = await ml5.charRNN(darwin);
    await voice.feed('The species of ');
    const kept = voice.getState();
    expect(kept.h[1]?.data.every((value) => Math.abs(value) < 1)).toBe(true);
    expect(kept.c[1]?.data.some((value) => Math.abs(value) > 1)).toBe(true);
    const first = await voice.predict(1);
    voice.reset();
    await voice.feed('x');
    expect((await voice.predict(1)).probabilities).not.toEqual(first.probabilities);
    voice.setState(kept);
    expect((await voice.predict(1)).probabilities).toEqual(first.probabilities);
    expect(voice.probabilities).toHaveLength(100);
    expect(await messageFrom(() => voice.setState({ c: [], h: [] }))).toContain(
      'ml5 setState: this is no state of this voice',
    );
    voice.dispose();
  });

  itNeeds([darwin], 'goes back to the state before it was called at all', async () => {
    const voice = await ml5.charRNN(darwin);
    const nothing = voice.getState();
    const first = await voice.predict(1);
    await voice.feed('The species');
    voice.setState(nothing);
    expect((await voice.predict(1)).probabilities).toEqual(first.probabilities);
    voice.dispose();
  });

  itNeeds([darwin], 'gives callbacks of predict what ml5 gives, or both', async () => {
    const voice = await ml5.charRNN(darwin);
    const char = await new Promise<string>(
      (done) => void voice.predict(0, (char: string) => done(char)),
    );
    expect([...char]).toHaveLength(1);
    const { sample, probabilities } = await told<{ sample: string; probabilities: unknown[] }>(
      (callback) => voice.predict(0.5, (error: unknown, result?: never) => callback(error, result)),
    );
    expect(probabilities).toHaveLength(100);
    expect([...sample]).toHaveLength(1);
    for (const temperature of [0.01, 0.05]) {
      const result = await voice.generate({ temperature, length: 50 });
      expect([...result.sample]).toHaveLength(50); // ml5 has NaN there, and writes nothing
    }
    voice.dispose();
  });

  it('tells of a folder that is not there', async () => {
    const error = await told((callback) => ml5.charRNN('./nowhere/', callback)).catch(String);
    expect(error).toContain('manifest.json: the file is not there');
  });

  itNeeds([darwin], 'refuses what it does not take', async () => {
    const voice = await ml5.charRNN(darwin);
    expect(await messageFrom(() => voice.generate({ lenght: 3 } as object))).toContain(
      'ml5 generate: there is no option "lenght"',
    );
    expect(await messageFrom(() => voice.generate({ length: 'many' }))).toContain(
      'ml5 generate: length must be a number',
    );
    voice.dispose();
  });
});
