// Layers: what they take, what is written of them, and how they make a network.
import { describe, expect, expectTypeOf, it } from 'vitest';
import { type Layer, writeLayer } from '../../web/src/layers/layer.js';
import * as layers from '../../web/src/layers/layers.js';
import { functionalTopology, input, sequentialTopology } from '../../web/src/layers/topology.js';
import { messageFrom } from './fixtures.js';

const { bidirectional, concatenate, conv2d, dense, dropout, embedding, flatten, lstm, relu } =
  layers;

const config = (layer: Layer) => writeLayer(layer, 'it').config;

describe('a layer', () => {
  it('is written as Keras writes it', () => {
    const layer = conv2d({
      filters: 8,
      kernelSize: [3, 5],
      padding: 'same',
      activation: 'hardSigmoid',
      useBias: false,
      kernelInitializer: { name: 'varianceScaling', mode: 'fanIn', scale: 2 },
      biasInitializer: 'zeros',
      kernelRegularizer: { l2: 0.01 },
      kernelConstraint: { name: 'maxNorm', maxValue: 3 },
      trainable: false,
      inputShape: [28, 28, 1],
    });
    expect(writeLayer(layer, 'conv')).toEqual({
      class_name: 'Conv2D',
      config: {
        name: 'conv',
        trainable: false,
        batch_input_shape: [null, 28, 28, 1],
        dtype: 'float32',
        filters: 8,
        kernel_size: [3, 5],
        padding: 'same',
        activation: 'hard_sigmoid',
        use_bias: false,
        kernel_initializer: { class_name: 'VarianceScaling', config: { mode: 'fan_in', scale: 2 } },
        bias_initializer: { class_name: 'Zeros', config: {} },
        kernel_regularizer: { class_name: 'L1L2', config: { l1: 0, l2: 0.01 } },
        kernel_constraint: { class_name: 'MaxNorm', config: { max_value: 3 } },
      },
    });
  });

  it('leaves out what was left out', () => {
    expect(config(dense({ units: 3, activation: undefined as never }))).toEqual({
      name: 'it',
      units: 3,
    });
  });

  it('holds another', () => {
    const layer = bidirectional({ layer: lstm({ units: 4, returnSequences: true }) });
    expect(config(layer)).toEqual({
      name: 'it',
      layer: {
        class_name: 'LSTM',
        config: {
          ...{ name: 'lstm', units: 4, return_sequences: true },
          // The versions of Keras differ on these.
          ...{ activation: 'tanh', recurrent_activation: 'sigmoid', unit_forget_bias: true },
        },
      },
    });
  });

  it('has precise types', () => {
    type Dense = Parameters<typeof dense>[0];
    expectTypeOf<Dense['units']>().toEqualTypeOf<number>();
    expectTypeOf<'relu'>().toExtend<Dense['activation']>();
    expectTypeOf<'rleu'>().not.toExtend<Dense['activation']>();
    expectTypeOf(relu).toBeCallableWith();
    // @ts-expect-error: units must be given
    expect(() => dense({})).toThrow('units');
  });

  it.each([
    [
      () => dense({ unit: 3 } as never),
      'dense: there is no option "unit".\n  known  units, activation,',
    ],
    [
      () => dense({} as never),
      'dense: units is missing.\n  needed  a whole number from 1\n  Try: { units: 32 }',
    ],
    [
      () => dense(32 as never),
      'dense: the options must be an object.\n  given  32\n  Try: dense({ units: … })',
    ],
    [() => dense({ units: 1.5 }), 'dense: units must be a whole number from 1.\n  given  1.5'],
    [
      () => dense({ units: 3, activation: 'rleu' as never }),
      'dense: activation must be one of linear, relu,',
    ],
    [
      () => conv2d({ filters: 8, kernelSize: [3] as never }),
      'conv2d: kernelSize must be a whole number from 1, or two: [height, width].',
    ],
    [
      () => dropout({ rate: 1 }),
      'dropout: rate must be a number from 0 to below 1.\n  given  1\n  Try: rate: 0.5',
    ],
    [
      () => dense({ units: 3, kernelInitializer: { name: 'zero' } as never }),
      'dense: kernelInitializer must be one of zeros, ones,',
    ],
    [
      () => dense({ units: 3, kernelInitializer: { name: 'heNormal', sed: 1 } as never }),
      'dense: kernelInitializer: there is no option "sed".\n  known  seed\n  Try: seed',
    ],
    [
      () => dense({ units: 3, kernelRegularizer: { l3: 1 } as never }),
      'dense: kernelRegularizer: there is no option "l3".\n  known  l1, l2',
    ],
    [
      () => dense({ units: 3, inputShape: [-1] }),
      'dense: inputShape must be a list of sizes from 1',
    ],
    [() => dense({ units: 3 }).apply(3 as never), 'Dense: apply() takes what input()'],
  ])('refuses a mistake: %#', async (make, expected) => {
    expect(await messageFrom(make)).toContain(expected);
  });

  it('has one factory for each class', () => {
    const given = {
      ...{ units: 2, filters: 2, kernelSize: 2, n: 2, inputDim: 2, outputDim: 2, rate: 0.5 },
      ...{ targetShape: [2], dims: [1], cropping: 1, stddev: 1, axes: 1 },
      ...{ activation: 'relu', layer: dense({ units: 2 }) },
    };
    const factories = Object.entries(layers) as [string, (options: object) => Layer][];
    for (const [name, make] of factories) {
      const known = knownTo(make);
      const own = Object.entries(given).filter(([option]) => known.includes(option));
      const more = name === 'rescaling' ? { scale: 2 } : {};
      const { className } = make({ ...Object.fromEntries(own), ...more });
      expect(className.toLowerCase()).toBe(name.toLowerCase());
    }
    expect(factories.length).toBe(51);
  });
});

/** The options that a factory takes, as its message tells them. */
function knownTo(make: (options: object) => Layer): string[] {
  try {
    make({ nothing: 0 });
  } catch (error) {
    return (/known {2}(.*)/.exec(String(error))?.[1] ?? '').split(', ');
  }
  return [];
}

describe('sequential', () => {
  it('numbers layers without a name, and begins with the shape that goes in', () => {
    const topology = sequentialTopology(
      [
        dense({ units: 4, inputShape: [2] }),
        dense({ units: 4, name: 'dense_1' }),
        dense({ units: 1 }),
      ],
      'net',
    );
    expect(topology.class_name).toBe('Sequential');
    const written = topology.config.layers as { config: Record<string, unknown> }[];
    expect(written.map(({ config }) => config.name)).toEqual(['dense_2', 'dense_1', 'dense_3']);
    expect(written[0]?.config.batch_input_shape).toEqual([null, 2]);
    expect(written[1]?.config).not.toHaveProperty('batch_input_shape');
  });

  it('knows what goes into an embedding', () => {
    const first = (layer: Layer) =>
      (sequentialTopology([layer], 'net').config.layers as { config: object }[])[0]?.config;
    const words = { inputDim: 10, outputDim: 2 };
    expect(first(embedding({ ...words, inputLength: 7 }))).toMatchObject({
      batch_input_shape: [null, 7],
    });
    expect(first(embedding(words))).toMatchObject({ batch_input_shape: [null, null] });
  });

  it('refuses mistakes', async () => {
    const of = (given: unknown) => messageFrom(() => sequentialTopology(given as Layer[], 'net'));
    expect(await of([])).toMatch('sequential: it needs a list of layers');
    expect(await of([dense])).toMatch('sequential: this is not a layer.\n  layers[0]  a function');
    expect(await of([dense({ units: 3 })])).toMatch(
      'sequential: the first layer must say which shape goes in',
    );
    const named = dense({ units: 3, name: 'a', inputShape: [2] });
    expect(await of([named, flatten({ name: 'a' })])).toBe(
      'sequential: two layers are called "a".\n  classes  Dense,Flatten\n' +
        "  Try: name: 'a_2' for one of them",
    );
    expect(await of([named, named])).toBe(
      'sequential: a layer stands twice in the list.\n  layer  a\n' +
        '  Try: a layer for each place; or model(), where apply() shares the weights of one',
    );
  });
});

describe('model', () => {
  it('writes branches, and a layer that is used twice only once', () => {
    const a = input({ shape: [3], name: 'a' });
    const b = input({ shape: [3], name: 'b' });
    const shared = dense({ units: 4, name: 'shared' });
    const y = concatenate({ name: 'both' }).apply([shared.apply(a), shared.apply(b)]);
    shared.apply(input({ shape: [3] })); // in no model
    const { config } = functionalTopology([a, b], [y], 'net');
    expect(config).toMatchObject({
      input_layers: [
        ['a', 0, 0],
        ['b', 0, 0],
      ],
      output_layers: [['both', 0, 0]],
    });
    const written = config.layers as { name: string; inbound_nodes: unknown }[];
    expect(written.map(({ name }) => name)).toEqual(['a', 'b', 'shared', 'both']);
    expect(written[2]?.inbound_nodes).toEqual([[['a', 0, 0, {}]], [['b', 0, 0, {}]]]);
    expect(written[3]?.inbound_nodes).toEqual([
      [
        ['shared', 0, 0, {}],
        ['shared', 1, 0, {}],
      ],
    ]);
  });

  it('counts only the uses of a layer that are in the model', () => {
    const layer = dense({ units: 4, name: 'd' });
    layer.apply(input({ shape: [3] }));
    const x = input({ shape: [3] });
    const { config } = functionalTopology([x], [layer.apply(x)], 'net');
    expect(config.output_layers).toEqual([['d', 0, 0]]);
  });

  it('gives the states of a recurrent layer', () => {
    const x = input({ shape: [5, 2] });
    const y = lstm({ units: 4, returnState: true }).apply(x);
    expect(y.states.map(({ output }) => output)).toEqual([1, 2]);
    expect(lstm({ units: 4 }).apply(x).states).toEqual([]);
  });

  it('refuses an input that is missing', async () => {
    const a = input({ shape: [3], name: 'a' });
    const b = input({ shape: [3], name: 'b' });
    const y = concatenate().apply([a, b]);
    expect(await messageFrom(() => functionalTopology([a], [y], 'net'))).toMatch(
      'model: an output needs an input that is not among the inputs.\n  input  b\n',
    );
    expect(await messageFrom(() => functionalTopology([3 as never], [y], 'net'))).toMatch(
      'model: inputs and outputs are what input() and layers give',
    );
    expect(await messageFrom(() => input({ shpe: [3] } as never))).toMatch(
      'input: there is no option "shpe"',
    );
  });
});
