// Writing where WebAssembly lives: pieces that make up the text, turns, ends, and states.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connect } from '../../web/src/client.js';
import { setDeterministic } from '../../web/src/settings.js';
import type { WriteRequest, Written } from '../../web/src/writing.js';
import { messageFrom } from './fixtures.js';

const vocabulary = 9;
const topology = JSON.stringify({
  class_name: 'Sequential',
  config: {
    name: 'voice',
    layers: [
      {
        class_name: 'Embedding',
        config: {
          ...{ name: 'in', input_dim: vocabulary, output_dim: 6, batch_input_shape: [null, null] },
          ...{ dtype: 'int32', embeddings_initializer: 'random_normal' },
        },
      },
      {
        class_name: 'LSTM',
        config: { name: 'cell', units: 8, return_sequences: true, kernel_initializer: 'ones' },
      },
      { class_name: 'Dense', config: { name: 'out', units: vocabulary, activation: 'softmax' } },
    ],
  },
});

let client: Client;
let model: number;

beforeAll(async () => {
  setDeterministic(true);
  client = connect('test', false);
  ({ model } = await client.create(topology, 2));
});

afterAll(() => client.close(model));

function request(prompts: number[][], more: Partial<WriteRequest> = {}): WriteRequest {
  return {
    ...{ prompts: prompts.map((codes) => Int32Array.from(codes)), stops: [], stateful: false },
    ...{ length: 50, temperature: 1, topK: 0, topP: 1, random: 3 },
    ...more,
  };
}

const write = (given: WriteRequest, told?: (chunk: Written[]) => unknown, signal?: AbortSignal) =>
  client.write(model, 'generate', [given], told, signal);

const sampling = { temperature: 1, topK: 0, topP: 1, random: 1 };
const predict = () => client.write(model, 'predict', [sampling]);

describe('generate', () => {
  it('tells pieces that make up the texts', async () => {
    const pieces: number[][] = [[], []];
    const texts = await write(request([[1], [2, 3]], { length: 30_000 }), (chunk) => {
      for (const { lane, codes } of chunk) pieces[lane]?.push(...codes);
    });
    expect(texts.map(({ length }) => length)).toEqual([30_000, 30_000]);
    expect(pieces).toEqual(texts.map((codes) => [...codes]));
  });

  it('lets others have their turn', async () => {
    let turns = 0;
    let done = false;
    const text = write(request([[1]], { length: 100_000 })).then(() => {
      done = true;
    });
    while (!done) {
      await client.timing(model);
      await new Promise((resolve) => setTimeout(resolve));
      turns += 1;
    }
    await text;
    expect(turns).toBeGreaterThan(5);
  });

  it('ends when it is told to, and what was asked for next begins', async () => {
    const controller = new AbortController();
    let told = 0;
    const endless = write(
      request([[1]], { length: 2 ** 30 }),
      () => {
        told += 1;
        if (told === 2) controller.abort();
      },
      controller.signal,
    );
    const next = write(request([[1]]));
    await expect(endless).rejects.toMatchObject({ name: 'AbortError' });
    expect(await next).toEqual(await write(request([[1]])));
    expect(told).toBeLessThan(4);
    await expect(write(request([[1]]), undefined, controller.signal)).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it('ends with what its listener throws', async () => {
    const oops = () => {
      throw new Error('oops');
    };
    await expect(write(request([[1]], { length: 2 ** 30 }), oops)).rejects.toThrow('oops');
    expect(await write(request([[1]], { length: 5 }))).toHaveLength(1);
  });

  it('ends before a stop', async () => {
    const [whole] = await write(request([[4]]));
    const stop = whole?.subarray(10, 12) ?? new Int32Array();
    const [text] = await write(request([[4]], { stops: [stop] }));
    const at = whole?.findIndex((code, i) => code === stop[0] && whole[i + 1] === stop[1]);
    expect([...(text ?? [])]).toEqual([...(whole?.subarray(0, at) ?? [])]);
  });

  it('says which code it does not know', async () => {
    expect(await messageFrom(() => write(request([[1, 9]])))).toBe(
      'generate: a code is not in the vocabulary.\n' +
        '  code  9\n' +
        '  vocabulary  9\n' +
        '  Try: codes from 0 to below that',
    );
  });
});

describe('what is kept', () => {
  it('goes on, is taken up again, and is forgotten', async () => {
    expect(await client.write(model, 'state', [])).toEqual({ lanes: 0, tensors: [] });
    expect(await messageFrom(predict)).toBe(
      'predict: nothing has been read yet.\n  Try: feed() a few characters first',
    );
    await client.write(model, 'feed', [Int32Array.of(1, 2, 3)]);
    const state = await client.write(model, 'state', []);
    expect(state.lanes).toBe(1);
    expect(state.tensors.map(({ name, shape }) => [name, shape])).toEqual([
      ['cell/state_0', [1, 8]],
      ['cell/state_1', [1, 8]],
      ['next', [1, vocabulary]],
    ]);
    const prediction = await predict();
    expect(prediction.probabilities).toHaveLength(vocabulary);
    const sum = prediction.probabilities.reduce((a, b) => a + b, 0);
    expect(sum).toBeCloseTo(1, 6);

    await client.write(model, 'feed', [Int32Array.of(8, 8)]);
    expect(await predict()).not.toEqual(prediction);
    await client.write(model, 'setState', [state]);
    expect(await predict()).toEqual(prediction);
    expect(await client.write(model, 'state', [])).toEqual(state);

    await client.write(model, 'reset', []);
    expect((await client.write(model, 'state', [])).lanes).toBe(0);
  });

  it('is of one model only, and whole', async () => {
    await client.write(model, 'feed', [Int32Array.of(1)]);
    const state = await client.write(model, 'state', []);
    const [first, ...others] = state.tensors;
    if (first === undefined) throw new Error('no state');
    const with_ = (tensor: typeof first) =>
      messageFrom(() =>
        client.write(model, 'setState', [{ lanes: 1, tensors: [tensor, ...others] }]),
      );
    expect(await with_({ ...first, data: first.data.subarray(1) })).toBe(
      'setState: a tensor is not whole.\n' +
        '  name  cell/state_0\n' +
        '  numbers  7\n' +
        '  shape  [1,8]\n' +
        '  Try: what state() gave, as it was',
    );
    expect(await with_({ ...first, data: first.data.map(() => Number.NaN) })).toMatch(
      'setState: a tensor is not whole',
    );
    expect(await with_({ ...first, shape: [1, 4], data: first.data.slice(4) })).toBe(
      'setState: the state is not of this model.\n' +
        '  its first tensor  cell/state_0\n' +
        '  its type  float32 [1, 4]\n' +
        "  the model's  float32 [1, 8]\n" +
        '  Try: what state() of the same model gave',
    );
  });
});

describe('a model that is gone', () => {
  it('writes no more', async () => {
    const { model: other } = await client.create(topology, 2);
    const text = client.write(other, 'generate', [request([[1]], { length: 2 ** 30 })]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await client.close(other);
    expect(await messageFrom(() => text)).toBe(
      'gesso: this model has been disposed of.\n  Try: load it again',
    );
  });
});
