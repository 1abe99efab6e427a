// loadModel: shapes, runs, errors, memory.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Core } from '../../web/src/engine.js';
import { checkInputs, type Input, type Port } from '../../web/src/model.js';
import { loadModel, type Progress, tensor } from '../../web/src/node.js';
import { digits, filesIn, itNeeds, messageFrom, model, serve, wasm } from './fixtures.js';

const port = (name: string, shape: number[], dtype: Port['dtype'] = 'float32') => ({
  name,
  shape,
  dtype,
});

describe('checkInputs', () => {
  const one = [port('x', [-1, 2])];
  const two = [port('latent', [-1, 2]), port('label', [1, 3], 'int32')];

  it.each([
    ['a tensor', tensor([[1, 2]]), [1, 2]],
    [
      'nested arrays',
      [
        [1, 2],
        [3, 4],
      ],
      [2, 2],
    ],
    ['a typed array, with as many rows as it fills', new Float32Array(6), [3, 2]],
    ['a name', { x: tensor([[1, 2]]) }, [1, 2]],
  ])('takes %s for the only input', (_, given, shape) => {
    expect(checkInputs(one, given as Input).x).toMatchObject({ shape, dtype: 'float32' });
  });

  it('takes nested arrays as the type of the input', () => {
    const inputs = checkInputs(two, { latent: [[1, 2]], label: [[0, 1, 2]] });
    expect(inputs.label?.data).toEqual(new Int32Array([0, 1, 2]));
  });

  it('takes bytes for truth values, and a number for a scalar', () => {
    expect(checkInputs([port('on', [2], 'bool')], new Uint8Array([0, 1])).on?.dtype).toBe('bool');
    expect(checkInputs([port('s', [])], 3).s).toMatchObject({ shape: [] });
    expect(checkInputs([port('s', [])], new Float32Array([3])).s).toMatchObject({ shape: [] });
  });

  it.each([
    [one, { y: [[1, 2]] }, 'run: the model has no input "y".\n  known  x\n  Try: x'],
    [
      two,
      { latent: [[1, 2]] },
      'run: the input "label" is missing.\n  wanted  int32 [1, 3]\n  Try: { "label": tensor(…) }',
    ],
    [
      two,
      [[1, 2]],
      'run: this model has several inputs.\n  known  latent, label\n  Try: run({ "latent": …, "label": … })',
    ],
    [
      one,
      tensor([1, 2]),
      'run: the input "x" has another shape.\n  wanted  [?, 2]\n  given  [2]\n  Try: tensor(data, [1, 2])',
    ],
    [
      one,
      [[1, 2, 3]],
      'run: the input "x" has another shape.\n  wanted  [?, 2]\n  given  [1, 3]\n  Try: tensor(data, [1, 2])',
    ],
    [
      one,
      tensor([[1, 2]], [1, 2], 'int32'),
      'run: the input "x" has another type.\n  wanted  float32 [?, 2]\n  given  int32 [1, 2]\n  Try: tensor(data, shape, \'float32\')',
    ],
    [
      one,
      new Int32Array(2),
      'run: the input "x" has another type.\n  wanted  float32\n  given  Int32Array\n  Try: tensor(data, shape, \'float32\')',
    ],
    [
      one,
      new Float32Array(3),
      'run: the input "x" does not fill the shape of the model.\n  wanted  [?, 2]\n  given  3 elements\n  Try: tensor(data, shape) with the sizes',
    ],
    [
      [port('x', [1, -1, 3])],
      new Float32Array(3),
      'run: the input "x" does not fill the shape of the model.\n  wanted  [1, ?, 3]',
    ],
    [
      [port('x', [4, 2])],
      new Float32Array(2),
      'run: the input "x" does not fill the shape of the model',
    ],
    [
      one,
      { x: { data: new Float32Array(3), shape: [1, 2], dtype: 'float32' } },
      'run: the input "x" is not a whole tensor',
    ],
    [
      one,
      { x: { data: new Int32Array(2), shape: [1, 2], dtype: 'float32' } },
      'run: the input "x" is not a whole tensor',
    ],
    [one, 'text', 'run: the inputs must be tensors.\n  given  "text"'],
    [one, undefined, 'run: the inputs must be tensors.\n  given  undefined'],
    [one, { x: 'text' }, 'every element must be a number'],
  ] as [Port[], Input, string][])('refuses %#', async (ports, given, expected) => {
    expect(await messageFrom(() => checkInputs(ports, given))).toContain(expected);
  });
});

describe('loadModel', () => {
  const xor = model('xor_layers');
  const files = ['model.json', 'group1-shard1of1', 'group2-shard1of1'];
  const needs = [wasm, xor];

  itNeeds(needs, 'says what goes in and out', async () => {
    const loaded = await loadModel(xor);
    expect(loaded.inputs).toEqual([port('dense_1_input', [-1, 2])]);
    expect(loaded.outputs).toEqual([port('activation_2', [-1, 1])]);
    loaded.dispose();
  });

  itNeeds(needs, 'computes, for several batch sizes, and the same again', async () => {
    const loaded = await loadModel(xor);
    const table = [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ];
    const { activation_2: all } = await loaded.run(table);
    expect(all).toMatchObject({ shape: [4, 1], dtype: 'float32' });
    expect(Array.from(all?.data ?? [], Math.round)).toEqual([0, 1, 1, 0]);
    for (const rows of [1, 2, 3, 5, 6, 7, 4, 1]) {
      const some = Array.from({ length: rows }, (_, i) => table[i % 4] ?? []);
      const { activation_2: out } = await loaded.run(some);
      expect(out?.shape).toEqual([rows, 1]);
      for (const [i, value] of (out?.data ?? []).entries())
        expect(value).toBeCloseTo(all?.data[i % 4] ?? 9, 5);
    }
    loaded.dispose();
  });

  itNeeds(needs, 'lists its layers, and can end at some of them', async () => {
    const loaded = await loadModel(xor);
    const layers = await loaded.layers();
    expect(layers.at(-1)).toEqual({ ...port('activation_2', [-1, 1]), operator: 'sigmoid' });
    const [{ name = '' } = {}] = layers;
    const part = await loadModel(xor, { outputs: ['activation_2', name] });
    expect(part.outputs.map((output) => output.name)).toEqual(['activation_2', name]);
    const all = await part.run([[0, 1]]);
    expect(all.activation_2).toEqual((await loaded.run([[0, 1]])).activation_2);
    expect(all[name]?.shape).toEqual([1, ...(layers[0]?.shape.slice(1) ?? [])]);
    loaded.dispose();
    part.dispose();
  });

  itNeeds(needs, 'refuses outputs that it has not', async () => {
    const wrong = (outputs: unknown) =>
      messageFrom(() => loadModel(xor, { outputs: outputs as string[] }));
    expect(await wrong(['activation_9'])).toMatch(
      /^layers: the model has no layer "activation_9"\.\n {2}layers {2}\d\n {2}Try: "activation_\d"$/,
    );
    for (const outputs of [[], ['activation_2', 'activation_2'], 'activation_2', [2]]) {
      expect(await wrong(outputs)).toContain('a list of names of layers');
    }
  });

  itNeeds(needs, 'gives results of its own, which later runs leave alone', async () => {
    const loaded = await loadModel(xor);
    const { activation_2: first } = await loaded.run([[0, 1]]);
    const kept = first?.data[0];
    await loaded.run([[1, 1]]);
    expect(first?.data[0]).toBe(kept);
    expect(first?.data.buffer.byteLength).toBe(4);
    loaded.dispose();
  });

  itNeeds(needs, 'writes into results of an earlier run when it is told to', async () => {
    const loaded = await loadModel(xor);
    const into = await loaded.run([[0, 1]]);
    const first = into.activation_2?.data[0];
    const again = await loaded.run([[1, 1]], { into });
    expect(again.activation_2).toBe(into.activation_2);
    expect(again.activation_2?.data[0]).not.toBe(first);
    const wrong = { activation_2: tensor([1, 2]) };
    expect(await messageFrom(() => loaded.run([[1, 1]], { into: wrong }))).toMatch(
      'run: the tensor to write "activation_2" into does not fit.\n  wanted  float32 [1, 1]',
    );
    loaded.dispose();
  });

  itNeeds(needs, 'can be used before it has loaded', async () => {
    const loading = loadModel(xor);
    expect(await messageFrom(() => loading.inputs)).toMatch(
      'loadModel: inputs cannot be read before the model has loaded',
    );
    const { activation_2: out } = await loading.run([[1, 0]]);
    expect(out?.data[0]).toBeGreaterThan(0.5);
    expect(loading.inputs).toHaveLength(1);
    loading.dispose();
  });

  itNeeds(needs, 'takes dropped files, a Map, an address and a file: address', async () => {
    const map = filesIn(xor, files);
    const dropped = [...map].map(([name, bytes]) => new File([Uint8Array.from(bytes)], name));
    const server = await serve(Object.fromEntries(map));
    for (const source of [map, dropped, server, `${server}model.json`, new URL(`file://${xor}`)]) {
      const loaded = await loadModel(source);
      expect((await loaded.run([[1, 1]])).activation_2?.data[0]).toBeLessThan(0.5);
      loaded.dispose();
    }
  });

  itNeeds(needs, 'tells progress in bytes', async () => {
    const told: Progress[] = [];
    const loaded = await loadModel(xor, { onProgress: (progress) => told.push(progress) });
    const bytes = files.reduce((sum, name) => sum + readFileSync(join(xor, name)).length, 0);
    expect(told.at(-1)).toMatchObject({ loaded: bytes, total: bytes });
    expect((await loaded.about()).bytes).toBe(bytes);
    loaded.dispose();
  });

  itNeeds(needs, 'rejects with what the progress callback throws', async () => {
    const onProgress = () => {
      throw new Error('my bar is broken');
    };
    await expect(loadModel(xor, { onProgress })).rejects.toThrow('my bar is broken');
  });

  itNeeds([wasm], 'loads the digits that travel with the library, by name', async () => {
    const loaded = await loadModel('digits');
    const about = await loaded.about();
    expect(about).toMatchObject({ name: 'digits', format: 'tfjs-layers' });
    expect(about.address).toMatch(/^file:.*\/dist\/models\/digits\/model\.json$/);
    expect(about.card?.trainedOn).toMatch('MNIST');
    expect(about.card?.limits).not.toBe('');
    loaded.dispose();
  });

  itNeeds(needs, 'says what it knows of a model that is not a known one', async () => {
    const loaded = await loadModel(xor);
    expect(await loaded.about()).toMatchObject({ name: 'xor_layers', card: null, parameters: 33 });
    loaded.dispose();
  });

  itNeeds([wasm], 'rejects the object and every method with the same message', async () => {
    const loading = loadModel('./nowhere');
    const messages = await Promise.all([
      messageFrom(() => loading),
      messageFrom(() => loading.run([[1]])),
      messageFrom(() => loading.about()),
    ]);
    expect(new Set(messages).size).toBe(1);
    expect(messages[0]).toMatch('model.json: the file is not there.\n  address  file:');
    loading.dispose();
  });

  it.each([
    [{ onprogress: () => {} }, 'loadModel: there is no option "onprogress"'],
    [{ onProgress: 'bar' }, 'loadModel: onProgress must be a function'],
    [{ signal: 3 }, 'loadModel: signal must be an AbortSignal'],
    [{ worker: 'yes' }, 'loadModel: worker must be true or false'],
    [{ worker: true }, 'loadModel: there is no worker in Node'],
  ])('refuses the options %o', async (options, expected) => {
    expect(await messageFrom(() => loadModel('digits', options as object))).toMatch(expected);
  });

  itNeeds(needs, 'stops with the reason of the signal', async () => {
    const server = await serve({ 'model.json': () => {} }); // which never answers
    const controller = new AbortController();
    const loading = loadModel(server, { signal: controller.signal });
    controller.abort(new Error('the user left'));
    await expect(loading).rejects.toThrow('the user left');
    await expect(loadModel(xor, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    await expect(loadModel(server, { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });

  itNeeds(needs, 'does not mind an abort after loading', async () => {
    const controller = new AbortController();
    const loaded = await loadModel(xor, { signal: controller.signal });
    controller.abort();
    expect((await loaded.run([[0, 0]])).activation_2?.shape).toEqual([1, 1]);
    loaded.dispose();
  });

  itNeeds(needs, 'refuses everything after dispose()', async () => {
    const loaded = await loadModel(xor);
    loaded.dispose();
    loaded.dispose();
    expect(await messageFrom(() => loaded.run([[0, 0]]))).toMatch(
      'loadModel: it was used after dispose()',
    );
    expect(await messageFrom(() => loaded.about())).toMatch(
      'loadModel: it was used after dispose()',
    );
  });

  itNeeds(needs, 'names the file and the field of a damaged model, and works on', async () => {
    const whole = filesIn(xor, files);
    const short = new Map(whole).set('group1-shard1of1', new Uint8Array(10));
    const message = await messageFrom(() => loadModel(short));
    expect(message).toMatch(/group1-shard1of1|weightsManifest/);
    expect(message).toMatch(/\n {2}Try: /);

    const unknown = JSON.parse(readFileSync(join(xor, 'model.json'), 'utf8'));
    unknown.modelTopology.model_config.config[0].class_name = 'Telepathy';
    const strange = new Map(whole).set(
      'model.json',
      new TextEncoder().encode(JSON.stringify(unknown)),
    );
    expect(await messageFrom(() => loadModel(strange))).toMatch('Telepathy');

    const loaded = await loadModel(whole);
    expect((await loaded.run([[0, 1]])).activation_2?.data[0]).toBeGreaterThan(0.5);
    loaded.dispose();
  });

  itNeeds([wasm, model('cvae_quick_draw')], 'runs a model with two inputs by name', async () => {
    const loaded = await loadModel(model('cvae_quick_draw/models'));
    const names = loaded.inputs.map(({ name }) => name);
    expect(names).toEqual(['latent_input', 'label']);
    const label = Array.from({ length: 51 }, (_, i) => Number(i === 3));
    const outputs = await loaded.run({ latent_input: new Float32Array(16), label: [label] });
    const [picture] = Object.values(outputs);
    expect(picture?.shape).toEqual([1, 28, 28, 1]);
    loaded.dispose();
  });

  itNeeds([wasm, digits], 'frees what it took: a hundred loads need no more memory', async () => {
    const source = filesIn(digits, ['model.json', 'weights.bin']);
    for (let i = 0; i < 100; i++) {
      const loaded = await loadModel(source);
      await loaded.run(new Float32Array(28 * 28));
      loaded.dispose();
      await loaded.about().catch(() => {});
    }
    const { engine } = await import('../../web/src/engine.js');
    const core = (await engine()) as Core & { HEAPU8: Uint8Array };
    expect(core.HEAPU8.length).toBeLessThan(64 * 2 ** 20);
  });
});
