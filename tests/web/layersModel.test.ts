// Models of layers: made, trained, saved, opened by TensorFlow.js, and trained further.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { describe, expect } from 'vitest';
import {
  add,
  batchNormalization,
  bidirectional,
  concatenate,
  conv2d,
  dense,
  dropout,
  embedding,
  flatten,
  gru,
  input,
  type LayersModel,
  leakyReLU,
  loadLayersModel,
  loadModel,
  lstm,
  type ModelFiles,
  maxPooling2d,
  model,
  sequential,
  setDeterministic,
  type Tensor,
  tensor,
} from '../../web/src/index.js';
import { renamed } from '../../web/src/layers/storage.js';
import { Random } from '../../web/src/random.js';
import { itNeeds, messageFrom, model as modelFolder, wasm } from './fixtures.js';

const xor = {
  x: [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ],
  y: [[0], [1], [1], [0]],
};

const xorNet = (seed = 3) => {
  const net = sequential(
    [
      dense({ units: 8, activation: 'tanh', inputShape: [2] }),
      dense({ units: 1, activation: 'sigmoid' }),
    ],
    { seed },
  );
  net.compile({
    optimizer: { name: 'adam', learningRate: 0.05 },
    loss: 'binaryCrossentropy',
    metrics: ['accuracy'],
  });
  return net;
};

const random = (shape: number[], seed = 1): Tensor => {
  const numbers = new Random(seed);
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () =>
    numbers.normal(),
  );
  return tensor(data, shape);
};

const folder = () => mkdtempSync(join(tmpdir(), 'gesso-'));

describe('a model of layers', () => {
  itNeeds([wasm], 'learns', async () => {
    const net = xorNet();
    const before = await net.evaluate(xor.x, xor.y);
    const { history, ended } = await net.fit(xor.x, xor.y, { epochs: 200, batchSize: 4 });
    expect(ended).toBe('epochs');
    expect(history.loss?.[0]).toBeCloseTo(before.loss ?? 0, 5);
    expect(history.loss?.at(-1)).toBeLessThan(0.05);
    expect(history.accuracy?.at(-1)).toBe(1);
    const after = await net.evaluate(xor.x, xor.y);
    expect(after.loss).toBeLessThan(0.05);
    const y = await net.predict(xor.x);
    expect([y.shape, Array.from(y.data, Math.round)]).toEqual([
      [4, 1],
      [0, 1, 1, 0],
    ]);
    expect((await net.predict(xor.x, { batchSize: 3 })).data).toEqual(y.data);
    net.dispose();
  });

  itNeeds([wasm], 'is the same for the same seed, and another for another', async () => {
    const losses = async (seed: number) => {
      const net = xorNet(seed);
      const { history } = await net.fit(xor.x, xor.y, { epochs: 5, batchSize: 2 });
      net.dispose();
      return history.loss;
    };
    const [a, b, c] = [await losses(1), await losses(1), await losses(2)];
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });

  itNeeds([wasm], 'sees what training has changed in every later prediction', async () => {
    const net = xorNet();
    const seen: number[] = [];
    await net.fit(xor.x, xor.y, {
      epochs: 3,
      callbacks: {
        onEpochEnd: async () => {
          seen.push((await net.predict([[1, 0]])).data[0] ?? 0);
        },
      },
    });
    expect(new Set(seen).size).toBe(3);
    net.dispose();
  });

  itNeeds([wasm], 'has several inputs and outputs', async () => {
    const a = input({ shape: [2], name: 'a' });
    const b = input({ shape: [3], name: 'b' });
    const shared = dense({ units: 4, activation: 'relu' });
    const left = shared.apply(dense({ units: 3 }).apply(a));
    const right = shared.apply(b);
    const sum = dense({ units: 1, name: 'sum' }).apply(add().apply([left, right]));
    const both = dense({ units: 2, activation: 'softmax', name: 'both' }).apply(
      concatenate().apply([left, right]),
    );
    const net = await model({ inputs: [a, b], outputs: [sum, both] });
    expect(net.inputs.map(({ name }) => name)).toEqual(['a', 'b']);
    net.compile({
      optimizer: 'adam',
      loss: ['meanSquaredError', 'categoricalCrossentropy'],
      lossWeights: [1, 0.5],
    });
    const x = { a: random([12, 2]), b: random([12, 3]) };
    const [sumName = '', bothName = ''] = net.outputs.map(({ name }) => name);
    const y = [
      random([12, 1]),
      Array.from({ length: 12 }, (_, i) => [Number(i % 2 === 0), Number(i % 2 === 1)]),
    ] as const;
    const { history } = await net.fit(x, [...y], { epochs: 30, batchSize: 4 });
    expect(history.loss?.at(-1)).toBeLessThan(history.loss?.[0] ?? 0);
    const outputs = await net.run(x);
    expect([outputs[sumName]?.shape, outputs[bothName]?.shape]).toEqual([
      [12, 1],
      [12, 2],
    ]);
    expect(await messageFrom(() => net.predict(x))).toMatch(
      'predict: this model has several outputs',
    );
    net.dispose();
  });

  itNeeds([wasm], 'takes classes as numbers, words, and generators', async () => {
    const net = sequential([
      embedding({ inputDim: 6, outputDim: 4, inputLength: 5, maskZero: true }),
      gru({ units: 6 }),
      dense({ units: 2, activation: 'softmax' }),
    ]);
    net.compile({
      optimizer: { name: 'adam', learningRate: 0.02 },
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
    });
    // Does a 5 come before the padding?
    const numbers = new Random(4);
    const sample = () => {
      const words = Array.from({ length: 5 }, () => 1 + (numbers.bits() % 5));
      return { x: words, y: Number(words.includes(5)) };
    };
    const batches = function* () {
      for (let i = 0; i < 8; i++) {
        const samples = Array.from({ length: 16 }, sample);
        yield [samples.map(({ x }) => x), samples.map(({ y }) => y)] as const;
      }
    };
    const { history } = await net.fit(batches, { epochs: 25 });
    expect(history.accuracy?.at(-1)).toBeGreaterThan(0.9);
    const { loss } = await net.trainOnBatch([[1, 2, 3, 4, 5]], [1]);
    expect(loss).toBeLessThan(0.7);
    net.dispose();
  });

  itNeeds([wasm], 'trains on bytes with weights for classes, and stops early', async () => {
    const net = sequential([
      conv2d({ filters: 4, kernelSize: 3, activation: 'relu', inputShape: [6, 6, 1] }),
      maxPooling2d({ poolSize: 2 }),
      flatten(),
      dropout({ rate: 0.1 }),
      dense({ units: 2, activation: 'softmax' }),
    ]);
    net.compile({
      optimizer: { name: 'adam', learningRate: 0.01 },
      loss: 'categoricalCrossentropy',
      globalClipNorm: 1,
    });
    const numbers = new Random(2);
    const x = Uint8Array.from({ length: 40 * 36 }, (_, i) =>
      Math.floor(i / 36) % 2 ? numbers.bits() % 4 : 4 + (numbers.bits() % 4),
    );
    const y = Array.from({ length: 40 }, (_, i) => [i % 2, 1 - (i % 2)]);
    const { history, ended } = await net.fit(x, y, {
      epochs: 200,
      validationSplit: 0.2,
      classWeight: { 0: 2 },
      earlyStopping: { patience: 3, minDelta: 0.01, restoreBestWeights: true },
    });
    expect(ended).toBe('earlyStopping');
    expect(Math.min(...(history.val_loss ?? []))).toBeLessThan(history.val_loss?.[0] ?? 0);
    net.dispose();
  });

  itNeeds([wasm], 'gives and takes weights, and keeps what is frozen', async () => {
    const net = await xorNet();
    const weights = await net.weights();
    expect(weights.map(({ name, shape, trainable }) => [name, shape, trainable])).toEqual([
      ['dense_1/kernel', [2, 8], true],
      ['dense_1/bias', [8], true],
      ['dense_2/kernel', [8, 1], true],
      ['dense_2/bias', [1], true],
    ]);
    await net.setWeights({ 'dense_2/kernel': tensor(new Float32Array(8), [8, 1]) });
    await net.setWeights({ 'dense_2/bias': tensor([100], [1]) });
    expect((await net.predict([[0, 1]])).data[0]).toBeCloseTo(1, 5);
    await net.setTrainable('dense_1', false);
    net.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const before = await net.getWeights();
    await net.setWeights({ 'dense_2/bias': tensor([0], [1]) });
    await net.fit(xor.x, xor.y, { epochs: 2 });
    const after = await net.getWeights();
    expect(after['dense_1/kernel']).toEqual(before['dense_1/kernel']);
    expect(after['dense_2/kernel']).not.toEqual(before['dense_2/kernel']);
    expect(await net.summary()).toBe(
      [
        'layer    class  weights     numbers',
        'dense_1  Dense  [2, 8] [8]  24',
        'dense_2  Dense  [8, 1] [1]  9',
        '33 numbers, 9 of them are trained',
      ].join('\n'),
    );
    const again = await loadLayersModel(await net.files());
    expect((await again.weights()).map(({ trainable }) => trainable)).toEqual([
      ...[false, false, true, true],
    ]);
    expect(await messageFrom(() => net.setTrainable('dens_1', true))).toMatch(
      'setTrainable: there is no layer "dens_1" with weights.\n  known  dense_1, dense_2\n  Try: dense_1',
    );
    expect(await messageFrom(() => net.setWeights({ 'dense_2/bia': tensor([0]) }))).toMatch(
      'setWeights: there is no weight "dense_2/bia"',
    );
    expect(await messageFrom(() => net.setWeights({ 'dense_2/bias': tensor([0, 1]) }))).toBe(
      'setWeights: "dense_2/bias" does not fit.\n  wanted  float32 [1]\n  given  float32 [2]\n' +
        '  Try: tensor(data, shape)',
    );
    net.dispose();
    expect(await messageFrom(() => net.fit(xor.x, xor.y))).toMatch('used after dispose()');
  });

  itNeeds([wasm], 'tells how its output changes with its inputs', async () => {
    const net = await sequential([dense({ units: 2, activation: 'tanh', inputShape: [3] })]);
    const kernel = [
      [1, 2],
      [-1, 0.5],
      [0.25, 0],
    ];
    await net.setWeights({ 'dense_1/kernel': tensor(kernel) });
    const x = [
      [0.1, 0.2, 0.3],
      [-0.4, 0.5, 0.6],
    ];
    const [name = ''] = net.inputs.map((port) => port.name);
    const seed = tensor([
      [0, 1],
      [1, 0],
    ]);
    const { [name]: derivative } = await net.gradient(x, { seed });
    expect(derivative?.shape).toEqual([2, 3]);
    const expected = x.flatMap((row, i) => {
      const column = 1 - i; // which output the seed counts
      const sum = row.reduce((total, value, j) => total + value * (kernel[j]?.[column] ?? 0), 0);
      return row.map((_, j) => (1 - Math.tanh(sum) ** 2) * (kernel[j]?.[column] ?? 0));
    });
    for (const [i, value] of expected.entries()) expect(derivative?.data[i]).toBeCloseTo(value, 5);
    const all = await net.gradient(x);
    expect(all[name]?.data).not.toEqual(derivative?.data);
    expect(await messageFrom(() => net.gradient(x, { seed: tensor([1]) }))).toMatch(
      'gradient: the seed has another size than the output',
    );
    expect(await messageFrom(() => net.gradient(x, { of: ['y'] }))).toMatch(
      'gradient: "y" is no input of real numbers',
    );
    expect(await messageFrom(() => net.gradient(x, { output: 'no' }))).toMatch(
      'gradient: the model has no output "no"',
    );
    net.dispose();
  });

  itNeeds([wasm], 'names the layer that does not fit', async () => {
    const wrong = sequential([
      dense({ units: 4, inputShape: [3] }),
      conv2d({ filters: 2, kernelSize: 3 }),
    ]);
    expect(await messageFrom(() => wrong)).toMatch(/conv2d_1|Conv2D/);
    const net = xorNet();
    expect(await messageFrom(() => net.fit([[1, 2, 3]], [[1]]))).toMatch(
      'fit: x has another shape than the model.\n  wanted  [?, 2]\n  given  [1, 3]',
    );
    net.dispose();
    const line = sequential([dense({ units: 1, inputShape: [2] })]);
    line.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const large = { learningRate: 1e20, epochs: 20 };
    expect(await messageFrom(() => line.fit([[1e6, 2e6]], [[1]], large))).toMatch(
      'fit: the loss is no longer a number, so training has stopped',
    );
    line.dispose();
  });

  itNeeds([wasm], 'is the same everywhere only from the beginning', async () => {
    const { build } = await loadModel('digits')
      .about()
      .catch(() => ({ build: 'simd' }));
    setDeterministic(true);
    try {
      const making = async () => (await xorNet()).dispose();
      if (build === 'relaxed') {
        expect(await messageFrom(making)).toMatch('gesso: setDeterministic(true) came too late');
      } else await making();
    } finally {
      setDeterministic(false);
    }
  });
});

describe('saving', () => {
  itNeeds([wasm], 'lets training go on as if it had never stopped', async () => {
    const net = () => {
      const made = sequential(
        [
          dense({ units: 8, activation: 'relu', inputShape: [4] }),
          batchNormalization(),
          dropout({ rate: 0.3 }),
          dense({ units: 2 }),
        ],
        { seed: 7 },
      );
      made.compile({ optimizer: 'adam', loss: 'meanSquaredError', seed: 9 });
      return made;
    };
    const [x, y] = [random([50, 4], 1), random([50, 2], 2)];
    const whole = await net().fit(x, y, { epochs: 6, batchSize: 8 });

    const first = net();
    const begun = await first.fit(x, y, { epochs: 3, batchSize: 8 });
    const where = folder();
    await first.save(where);
    first.dispose();
    const second = await loadLayersModel(where);
    const rest = await second.fit(x, y, { epochs: 6, initialEpoch: 3, batchSize: 8 });
    expect(rest.epoch).toEqual([3, 4, 5]);
    expect([...(begun.history.loss ?? []), ...(rest.history.loss ?? [])]).toEqual(
      whole.history.loss,
    );

    const without = await loadLayersModel(new Map([...(await second.files({ optimizer: false }))]));
    expect((await without.predict(x)).data).toEqual((await second.predict(x)).data);
    second.dispose();
    without.dispose();
  });

  itNeeds([wasm], 'goes anywhere', async () => {
    const net = xorNet();
    const saved: ModelFiles[] = [];
    await net.save({ save: (files) => saved.push(files) });
    expect([...(saved[0]?.keys() ?? [])]).toEqual(['model.json', 'weights.bin']);
    await net.fit(xor.x, xor.y);
    expect([...(await net.files()).keys()]).toEqual(['model.json', 'weights.bin', 'optimizer.bin']);
    expect(await messageFrom(() => net.save('downloads://xor'))).toMatch(
      'save: only a page can download',
    );
    expect(await messageFrom(() => net.save('indexeddb://xor'))).toMatch(
      'gesso: there is no database here',
    );
    expect(await messageFrom(() => net.save('downloads://'))).toMatch('name of the model is empty');
    expect(await messageFrom(() => net.save(3 as never))).toMatch('save: this is no place');
    expect(await messageFrom(() => net.save(folder(), { optimiser: true } as never))).toMatch(
      'save: there is no option "optimiser".\n  known  optimizer',
    );
    net.dispose();
  });

  itNeeds([wasm], 'keeps files together that are downloaded', async () => {
    const net = xorNet();
    await net.fit(xor.x, xor.y);
    const files = renamed('xor', (await net.files()).set('model_meta.json', new Uint8Array(2)));
    expect([...files.keys()]).toEqual([
      ...['xor.json', 'xor.weights.bin', 'xor.optimizer.bin', 'xor_meta.json'],
    ]);
    files.delete('xor_meta.json');
    const again = await loadLayersModel(files);
    expect((await again.predict(xor.x)).data).toEqual((await net.predict(xor.x)).data);
    expect((await again.fit(xor.x, xor.y)).history).toEqual((await net.fit(xor.x, xor.y)).history);
  });

  itNeeds([wasm, modelFolder('xor_layers')], 'also of models that others have made', async () => {
    const net = await loadLayersModel(modelFolder('xor_layers'));
    expect(Array.from((await net.predict(xor.x)).data, Math.round)).toEqual([0, 1, 1, 0]);
    expect(await messageFrom(() => net.fit(xor.x, xor.y))).toMatch(
      'fit: the model does not know how to train yet',
    );
    net.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    const { history } = await net.fit(xor.x, [[1], [0], [0], [1]], { epochs: 50 });
    expect(history.loss?.at(-1)).toBeLessThan(history.loss?.[0] ?? 0);
    net.dispose();
  });

  itNeeds([wasm, modelFolder('blazeface_tfhub')], 'not of graph models', async () => {
    expect(await messageFrom(() => loadLayersModel(modelFolder('blazeface_tfhub')))).toMatch(
      'loadLayersModel: this model is not made of layers, so it cannot be trained',
    );
  });

  itNeeds([wasm], 'refuses what it did not write', async () => {
    const files = await xorNet().files();
    const json = JSON.parse(new TextDecoder().decode(files.get('model.json')));
    const changed = (change: object) =>
      new Map([
        ...files,
        [
          'model.json',
          new TextEncoder().encode(JSON.stringify({ ...json, userDefinedMetadata: change })),
        ] as const,
      ]);
    const bad = { gesso: { compile: 3, epochs: 1 } };
    expect(await messageFrom(() => loadLayersModel(changed(bad)))).toMatch(
      'loadLayersModel: what the file tells of its training cannot be read',
    );
    const outside = { gesso: { optimizer: '../secret' } };
    expect(await messageFrom(() => loadLayersModel(changed(outside)))).toMatch(
      'a weight file must be named by a path inside the folder',
    );
  });
});

describe('TensorFlow.js', () => {
  /** The files as TensorFlow.js takes them. */
  const opened = (files: ModelFiles): Promise<tf.LayersModel> => {
    const json = JSON.parse(new TextDecoder().decode(files.get('model.json')));
    const weightData = (files.get('weights.bin') as Uint8Array).slice().buffer;
    const [{ weights: weightSpecs }] = json.weightsManifest;
    return tf.loadLayersModel(tf.io.fromMemory({ ...json, weightSpecs, weightData }));
  };

  const expectSame = async (net: LayersModel, x: Tensor) => {
    const theirs = await opened(await net.files());
    const given = tf.tensor(x.data, x.shape as [number]);
    const expected = (theirs.predict(given) as tf.Tensor).dataSync();
    const { data } = await net.predict(x);
    expect(data.length).toBe(expected.length);
    for (const [i, value] of expected.entries()) expect(data[i]).toBeCloseTo(value, 5);
    return theirs;
  };

  itNeeds([wasm], 'opens what we trained, with the same outputs and losses', async () => {
    const net = sequential([
      conv2d({ filters: 4, kernelSize: 3, padding: 'same', inputShape: [8, 8, 2] }),
      batchNormalization(),
      leakyReLU({ alpha: 0.1 }),
      maxPooling2d({ poolSize: 2 }),
      flatten(),
      dense({ units: 3, activation: 'softmax', kernelRegularizer: { l2: 0.01 } }),
    ]);
    net.compile({
      optimizer: { name: 'sgd', learningRate: 0.05, momentum: 0.9 },
      loss: 'categoricalCrossentropy',
      metrics: ['accuracy'],
    });
    const x = random([20, 8, 8, 2]);
    const y = Array.from({ length: 20 }, (_, i) => [0, 1, 2].map((c) => Number(c === i % 3)));
    await net.fit(x, y, { epochs: 4, batchSize: 5 });
    const theirs = await expectSame(net, x);

    const options = { batchSize: 20, verbose: 0 as const };
    const [loss, accuracy] = theirs.evaluate(
      tf.tensor(x.data, [20, 8, 8, 2]),
      tf.tensor(y),
      options,
    ) as tf.Scalar[];
    const ours = await net.evaluate(x, y);
    // Keras counts regularisers when it evaluates, and so do we; TensorFlow.js does not.
    const penalty =
      0.01 * (theirs.layers.at(-1)?.getWeights()[0]?.square().sum().dataSync()[0] ?? 0);
    expect(penalty).toBeGreaterThan(0);
    expect(ours.loss).toBeCloseTo((loss?.dataSync()[0] ?? 0) + penalty, 4);
    expect(ours.accuracy).toBeCloseTo(accuracy?.dataSync()[0] ?? 0, 5);
    net.dispose();
  });

  itNeeds([wasm], 'opens recurrent layers', async () => {
    const net = sequential([
      lstm({ units: 5, returnSequences: true, inputShape: [6, 3] }),
      bidirectional({ layer: gru({ units: 4 }) }),
      dense({ units: 2 }),
    ]);
    net.compile({ optimizer: 'rmsprop', loss: 'meanSquaredError' });
    await net.fit(random([8, 6, 3]), random([8, 2]), { epochs: 2 });
    await expectSame(net, random([8, 6, 3]));
    net.dispose();
  });

  itNeeds([wasm], 'opens branches', async () => {
    const x = input({ shape: [4] });
    const left = dense({ units: 3, activation: 'relu' }).apply(x);
    const right = dense({ units: 3, activation: 'tanh' }).apply(x);
    const net = model({
      inputs: x,
      outputs: dense({ units: 1 }).apply(add().apply([left, right])),
    });
    await expectSame(net, random([5, 4]));
    net.dispose();
  });

  itNeeds([wasm], 'saves what we train further', async () => {
    const theirs = tf.sequential({
      layers: [
        tf.layers.dense({ units: 4, activation: 'relu', inputShape: [3] }),
        tf.layers.dense({ units: 1 }),
      ],
    });
    theirs.compile({ optimizer: tf.train.adam(0.01), loss: 'meanSquaredError', metrics: ['mae'] });
    const where = folder();
    await theirs.save(
      tf.io.withSaveHandler(async ({ weightData, weightSpecs, ...artifacts }) => {
        const manifest = [{ paths: ['./weights.bin'], weights: weightSpecs }];
        const json = { ...artifacts, weightsManifest: manifest };
        writeFileSync(join(where, 'model.json'), JSON.stringify(json));
        writeFileSync(join(where, 'weights.bin'), new Uint8Array(weightData as ArrayBuffer));
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
      }),
    );
    expect(readFileSync(join(where, 'model.json'), 'utf8')).toContain('modelTopology');
    const net = await loadLayersModel(where);
    const [x, y] = [random([16, 3]), random([16, 1])];
    const options = { epochs: 3, batchSize: 16, shuffle: false };
    const expected = (theirs.predict(tf.tensor(x.data, [16, 3])) as tf.Tensor).dataSync();
    const { data } = await net.predict(x);
    for (const [i, value] of expected.entries()) expect(data[i]).toBeCloseTo(value, 5);
    net.compile({ optimizer: { name: 'adam', learningRate: 0.01 }, loss: 'meanSquaredError' });
    const ours = await net.fit(x, y, options);
    const trained = await theirs.fit(tf.tensor(x.data, [16, 3]), tf.tensor(y.data, [16, 1]), {
      ...options,
      verbose: 0,
    });
    for (const [i, loss] of (trained.history.loss ?? []).entries()) {
      expect(ours.history.loss?.[i]).toBeCloseTo(Number(loss), 4);
    }
    net.dispose();
  });
});
