// Every task gives on a graphics processor what it gives on WebAssembly.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Pixels } from '../../web/src/image.js';
import {
  attack,
  bodyPose,
  bodySegmentation,
  dense,
  faceMesh,
  featureExtractor,
  imageClassifier,
  imagine,
  knnClassifier,
  loadLayersModel,
  loadModel,
  lstm,
  neuralNetwork,
  profile,
  saliency,
  sequential,
  setModelPath,
  tensor,
} from '../../web/src/node.js';
import { accelerator } from '../../web/src/webgpu/accelerator.js';
import { digits, itNeeds, messageFrom, model, models, photo } from './fixtures.js';
import { describeOnDawn, expectNear, loseDevice, noise, onBoth, status } from './onDawn.js';
import { moved, plain, readPixels } from './pictures.js';

const mobilenet = model('mobilenet_v1_025_224_layers');
const labels = `${models}/imagenet_labels.txt`;
const three = photo('three_people.jpg');
const coffee = photo('coffee.png');
const portrait = photo('tfjs_portrait.jpg');

const known = { labels, preprocess: { mean: 127.5, std: 127.5 } };

/** A seven: white strokes on black, 28 pixels each way. */
function seven(): Pixels {
  return moved(plain(28, 28, 255), 28, 28, (x, y) => {
    const top = y >= 6 && y < 9 && x >= 7 && x < 21;
    const stroke = y >= 9 && y < 23 && Math.abs(x - (20 - (y - 9) * 0.6)) < 1.6;
    return top || stroke ? [0, 0] : [-1, -1];
  });
}

const backends = async () =>
  (await status()).models.flatMap(({ runs, trains }) =>
    [runs, trains].flatMap((on) => on?.backend ?? []),
  );

/** With something that is disposed of afterwards, on both; where it ran is expected. */
function both<M extends { dispose(): void }, T>(
  open: () => M | PromiseLike<M>,
  work: (opened: M) => Promise<T>,
): Promise<{ wanted: T; got: T }> {
  let expected: 'wasm' | 'webgpu' = 'wasm';
  return onBoth(async () => {
    const opened = await open();
    try {
      const answer = await work(opened);
      expect(new Set(await backends())).toEqual(new Set([expected]));
      expected = 'webgpu';
      return answer;
    } finally {
      opened.dispose();
    }
  });
}

describeOnDawn('pictures', () => {
  beforeEach(() => setModelPath(models));
  afterEach(() => setModelPath(null));

  itNeeds([mobilenet, labels, coffee], 'are classified', async () => {
    const { wanted, got } = await both(
      () => imageClassifier(mobilenet, known),
      (classifier) => classifier.classify(coffee, 5),
    );
    expectNear(got, wanted, 1e-4);
  });

  itNeeds([mobilenet, labels, coffee], 'are classified many at once', async () => {
    const pictures = [coffee, photo('chelsea.png'), photo('tfjs_dog.jpg'), coffee].map(readPixels);
    const { wanted, got } = await both(
      () => imageClassifier(mobilenet, known),
      (classifier) => Promise.all(pictures.map((picture) => classifier.classify(picture, 3))),
    );
    expectNear(got, wanted, 1e-4);
    expect(got[3]).toEqual(got[0]);
    expect(got[1]).not.toEqual(got[0]);
  });

  const posenet = model('posenet_mobilenet075_s16_quant2');
  itNeeds([posenet, three], 'of people show where they are', async () => {
    const { wanted, got } = await both(
      () => bodyPose('posenet'),
      (bodies) => bodies.detect(three),
    );
    expect(wanted.length).toBeGreaterThan(1);
    expectNear(got, wanted, 0.1); // pixels
  });

  const bodypix = model('bodypix_mobilenet_float_050');
  itNeeds([bodypix, three], 'of people are cut out', async () => {
    const { wanted, got } = await both(
      () => bodySegmentation('bodypix', { maskType: 'people' }),
      (bodies) => bodies.segment(three),
    );
    expect(got.people).toHaveLength(wanted.people.length);
    const other = wanted.data.filter((value, i) => value !== got.data[i]);
    expect(other.length / wanted.data.length).toBeLessThan(1e-4);
  });

  const [blazeface, facemesh] = [model('blazeface_tfhub'), model('facemesh_tfhub')];
  itNeeds([blazeface, facemesh, portrait], 'of faces have points', async () => {
    const { wanted, got } = await both(
      () => faceMesh(),
      (mesh) => mesh.detect(portrait),
    );
    expect(wanted).toHaveLength(1);
    expectNear(got, wanted, 0.1);
  });
});

describeOnDawn('teaching', () => {
  const bright = (level: number) => plain(28, 28, level);

  it('trains a network on numbers and words', async () => {
    const { wanted, got } = await both(
      () => neuralNetwork({ task: 'classification', inputs: ['r', 'g', 'b'], seed: 1 }),
      async (network) => {
        for (let i = 0; i < 40; i++) {
          const other = (i * 37) % 100;
          network.addData([200 + (i % 50), other, other], 'red');
          network.addData([other, other, 200 + (i % 50)], 'blue');
        }
        await network.normalizeData();
        const losses: (number | undefined)[] = [];
        await network.train({ epochs: 10 }, (_, { loss }) => losses.push(loss));
        const answers = await Promise.all([
          network.classify([240, 20, 30]),
          network.classifyMultiple([
            [250, 0, 0],
            [0, 0, 250],
          ]),
        ]);
        return { losses, answers };
      },
    );
    expect(wanted.losses).toHaveLength(10);
    expectNear(got, wanted, 1e-3);
  });

  it('trains a head on the features of a network, then the network', async () => {
    const { wanted, got } = await both(
      () => featureExtractor(digits, { seed: 2 }),
      async (extractor) => {
        for (const level of [0, 10, 20, 30, 40]) await extractor.addImage(bright(level), 'dark');
        for (const level of [255, 245, 235, 225]) await extractor.addImage(bright(level), 'bright');
        const features = await extractor.infer(bright(100));
        const { head } = await extractor.train({ epochs: 4 });
        const first = await extractor.classify(bright(100));
        const fineTune = { from: 'all', epochs: 3, learningRate: 0.003, batchSize: 4 };
        const { network } = await extractor.train({ epochs: 4, fineTune });
        const tuned = await extractor.infer(bright(100));
        const nearest = await extractor.nearest(bright(0), 2);
        const last = await extractor.classify(bright(100));
        return {
          features,
          head,
          first,
          network,
          tuned,
          nearest: nearest.map(({ id }) => id),
          last,
        };
      },
    );
    expect(got.tuned.data).not.toEqual(got.features.data);
    expectNear(got, wanted, 1e-3);
  });

  itNeeds([mobilenet, coffee], 'finds neighbours by the features of a network', async () => {
    const { wanted, got } = await both(
      () => featureExtractor(mobilenet),
      async (extractor) => {
        const classifier = knnClassifier({ k: 1 });
        for (const name of ['coffee.png', 'chelsea.png']) {
          classifier.addExample(await extractor.infer(photo(name)), name);
        }
        const answer = await classifier.classify(await extractor.infer(coffee));
        classifier.dispose();
        return answer;
      },
    );
    expectNear(got, wanted, 1e-4);
  });

  it('answers with the weights of now, the whole and its parts', async () => {
    const { wanted, got } = await onBoth(async () => {
      const net = sequential(
        [
          dense({ units: 6, activation: 'tanh', inputShape: [4], name: 'first' }),
          dense({ units: 3, activation: 'softmax' }),
        ],
        { seed: 1 },
      );
      const optimizer = { name: 'sgd', learningRate: 0.5 } as const;
      net.compile({ optimizer, loss: 'categoricalCrossentropy' });
      const x = tensor(noise(8 * 4), [8, 4]);
      const y = tensor(
        noise(8 * 3).map((_, i) => Number(i % 3 === 1)),
        [8, 3],
      );
      const answers = [];
      for (let round = 0; round < 3; round++) {
        answers.push(...(await Promise.all([net.predict(x), net.predict(x), net.evaluate(x, y)])));
        await net.fit(x, y, { epochs: 2 });
      }
      net.dispose();
      return answers;
    });
    expect(wanted[3]).not.toEqual(wanted[0]);
    expectNear(got, wanted, 1e-3);
  });

  it('remembers and forgets in stateful layers', async () => {
    const { wanted, got } = await onBoth(async () => {
      const net = sequential(
        [lstm({ units: 5, stateful: true, inputShape: [3, 2] }), dense({ units: 2 })],
        { seed: 1 },
      );
      const x = tensor(noise(6), [1, 3, 2]);
      const answers = [await net.predict(x), await net.predict(x)];
      await net.resetStates();
      answers.push(await net.predict(x));
      net.dispose();
      return answers;
    });
    expectNear(got, wanted, 1e-5);
    expect(got[2]).toEqual(got[0]);
    expect(got[1]).not.toEqual(got[0]);
  });
});

describeOnDawn('models', () => {
  it('give derivatives, several at once', async () => {
    const { wanted, got } = await both(
      () => loadModel(digits),
      (loaded) =>
        Promise.all([
          loaded.gradient(noise(784)),
          loaded.run(noise(784)),
          loaded.gradient(noise(784).fill(0.5)),
          loaded.run(noise(784).fill(0.5)),
        ]),
    );
    expectNear(got, wanted, 1e-4);
  });

  it('answer each call with its own', async () => {
    const { wanted, got } = await both(
      () => loadModel(digits),
      (loaded) =>
        Promise.all(
          Array.from({ length: 24 }, (_, i) => {
            const batch = 1 + (i % 6); // more sizes than programs are kept
            const input = noise(784 * batch).map((x) => (x * (i + 1)) % 1);
            return loaded.run(tensor(input, [batch, 28, 28, 1]));
          }),
        ),
    );
    expectNear(got, wanted, 1e-4);
  });

  it('are disposed of while they run', async () => {
    const before = (await accelerator()).device.counts().programs;
    const loaded = await loadModel(digits);
    const running = Array.from({ length: 4 }, () => loaded.run(noise(784)));
    loaded.dispose();
    await Promise.allSettled(running);
    expect(await messageFrom(() => loaded.run(noise(784)))).toMatch('dispose()');
    const net = sequential([dense({ units: 2, inputShape: [2] })]);
    net.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const x = tensor(noise(64), [32, 2]);
    const fitting = net.fit(x, x, { epochs: 1000 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    net.dispose();
    await fitting.catch(() => {});
    const counts = async () => (await accelerator()).device.counts().programs;
    await expect.poll(counts).toBe(before);
  });

  it('tell how long each step takes, or that the device cannot', async () => {
    const loaded = await loadModel(digits);
    const { operators, stages, total } = await profile(loaded, { runs: 3, warmup: 1 });
    expect(operators.length).toBeGreaterThan(2);
    expect(total).toBeGreaterThan(0);
    expect(stages.run).toBeGreaterThan(0);
    loaded.dispose();
    const net = await loadLayersModel(digits);
    net.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
    const y = tensor(
      noise(20).map((_, i) => Number(i % 10 === 0)),
      [2, 10],
    );
    const x = tensor(noise(2 * 784), [2, 28, 28, 1]);
    const result = await profile(net, { training: [x, y], runs: 2 });
    expect(result.total).toBeGreaterThan(0);
    net.dispose();
  });

  it('go on together when the device is lost', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const loaded = await loadModel(digits);
    const inputs = Array.from({ length: 6 }, (_, i) => noise(784).map((x) => x ** (i + 1)));
    const wanted: object[] = [];
    for (const input of inputs) wanted.push(await loaded.run(input));
    const running = inputs.map((input) => loaded.run(input));
    await Promise.resolve();
    await loseDevice();
    expectNear(await Promise.all(running), wanted, 1e-4);
    expect(warn).toHaveBeenCalledTimes(1);
    expectNear(await loaded.run(noise(784)), wanted[0], 1e-4);
    expect(await backends()).toEqual(['wasm']);
    loaded.dispose();
    warn.mockRestore();
  });
});

describeOnDawn('explanations', () => {
  it('are those of WebAssembly', async () => {
    const { wanted, got } = await both(
      () => imageClassifier(digits),
      async (classifier) => {
        const byGradient = await saliency(classifier, seven(), { method: 'gradient' });
        const byOcclusion = await saliency(classifier, seven(), { method: 'occlusion' });
        const { before, after } = await attack(classifier, seven(), { strength: 0.1 });
        return { byGradient, byOcclusion, before, after };
      },
    );
    expectNear(got, wanted, 0.01);
  });

  it('imagine what WebAssembly imagines', async () => {
    const { wanted, got } = await both(
      () => imageClassifier(digits),
      async (classifier) => {
        const { image } = await imagine(classifier, { label: 3, steps: 20 });
        return { image, answer: await classifier.classify(image, 1) };
      },
    );
    expect(got.answer[0]?.label).toBe(wanted.answer[0]?.label);
    expectNear(got.answer, wanted.answer, 0.02);
  });
});
