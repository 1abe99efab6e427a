// Options objects: defaults, choices, and what a typo is told.
import { describe, expect, expectTypeOf, it } from 'vitest';
import { absent, callback, nearest, readOptions } from '../../web/src/options.js';
import { messageFrom } from './fixtures.js';

const schema = {
  topK: 3,
  flip: false,
  backend: ['auto', 'wasm', 'webgpu'],
  onProgress: callback<() => void>('onProgress: () => {}'),
  even: absent<number>('an even number', 'even: 2', (value) => Number(value) % 2 === 0),
} as const;

describe('readOptions', () => {
  it('gives the defaults, the first choice of a list, and undefined for what has none', () => {
    expect(readOptions('task', {}, schema)).toEqual({
      topK: 3,
      flip: false,
      backend: 'auto',
      onProgress: undefined,
      even: undefined,
    });
  });

  it('takes what is given, and undefined for left out', () => {
    const options = readOptions('task', { topK: 5, flip: undefined, backend: 'wasm' }, schema);
    expect(options).toMatchObject({ topK: 5, flip: false, backend: 'wasm' });
    expectTypeOf(options.backend).toEqualTypeOf<'auto' | 'wasm' | 'webgpu'>();
    expectTypeOf(options.even).toEqualTypeOf<number | undefined>();
  });

  it('suggests the nearest name for an unknown option', async () => {
    expect(await messageFrom(() => readOptions('task', { topk: 1 }, schema))).toBe(
      'task: there is no option "topk".\n' +
        '  known  topK, flip, backend, onProgress, even\n' +
        '  Try: topK',
    );
  });

  it('does not take names that every object has for options', async () => {
    expect(await messageFrom(() => readOptions('task', { constructor: 1 }, schema))).toMatch(
      'there is no option "constructor"',
    );
  });

  it('suggests the nearest choice', async () => {
    expect(await messageFrom(() => readOptions('task', { backend: 'gpu' }, schema))).toBe(
      'task: backend cannot be "gpu".\n  known  auto, wasm, webgpu\n  Try: webgpu',
    );
  });

  it.each([
    [{ topK: '3' }, 'task: topK must be a number.\n  given  "3"\n  Try: topK: 3'],
    [{ topK: Number.NaN }, 'task: topK must be a number.\n  given  NaN\n  Try: topK: 3'],
    [{ flip: 1 }, 'task: flip must be a boolean.\n  given  1\n  Try: flip: false'],
    [
      { onProgress: 'log' },
      'task: onProgress must be a function.\n  given  "log"\n  Try: onProgress: () => {}',
    ],
    [{ even: 3 }, 'task: even must be an even number.\n  given  3\n  Try: even: 2'],
  ])('refuses %j', async (given, message) => {
    expect(await messageFrom(() => readOptions('task', given, schema))).toBe(message);
  });

  it.each([[null], [[1]], ['topK'], [3]])('refuses %j in place of an object', async (given) => {
    const call = () => readOptions('task', given as object, schema);
    expect(await messageFrom(call)).toMatch('task: the options must be an object');
  });
});

describe('nearest', () => {
  it.each([
    ['mobilnet', 'mobilenet'],
    ['Doodle', 'doodlenet'],
    ['', 'crepe'],
  ])('takes "%s" for %s', (word, expected) => {
    expect(nearest(word, ['mobilenet', 'doodlenet', 'crepe'])).toBe(expected);
  });

  it('gives nothing when there is nothing', () => {
    expect(nearest('word', [])).toBe('');
  });
});
