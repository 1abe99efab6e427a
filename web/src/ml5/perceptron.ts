// A small network of dense layers that computes at once, where the sketch is: for evolution.
import { fail } from '../errors.js';
import { dense } from '../layers/layers.js';
import type { LayersModel } from '../layers/layersModel.js';
import { sequential } from '../layers/models.js';
import { isRecord } from '../options.js';
import type { Random } from '../random.js';
import { showShape, type Tensor } from '../tensor.js';

/** One layer: y = activation(x · kernel + bias). */
export interface Dense {
  readonly inputs: number;
  readonly units: number;
  readonly activation: Activation;
  /** [inputs, units] */
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

/** What is done with the sums of a layer, in place. */
const activations = {
  linear: () => {},
  relu: each((x) => Math.max(x, 0)),
  sigmoid: each((x) => 1 / (1 + Math.exp(-x))),
  tanh: each(Math.tanh),
  softmax(y: Float32Array) {
    const largest = y.reduce((most, x) => Math.max(most, x), Number.NEGATIVE_INFINITY);
    let sum = 0;
    for (const [i, x] of y.entries()) sum += y[i] = Math.exp(x - largest);
    for (const [i, x] of y.entries()) y[i] = x / sum;
  },
} satisfies Record<string, (y: Float32Array) => void>;

export type Activation = keyof typeof activations;

function each(f: (x: number) => number): (y: Float32Array) => void {
  return (y) => {
    for (const [i, x] of y.entries()) y[i] = f(x);
  };
}

export function isActivation(name: unknown): name is Activation {
  return typeof name === 'string' && Object.hasOwn(activations, name);
}

export class Perceptron {
  readonly layers: readonly Dense[];

  constructor(layers: readonly Dense[]) {
    this.layers = layers;
  }

  /** A network with kernels of Glorot's uniform noise, as a new dense layer has them. */
  static random(
    inputs: number,
    shape: readonly { units: number; activation: Activation }[],
    random: Random,
  ): Perceptron {
    const layers: Dense[] = [];
    let width = inputs;
    for (const { units, activation } of shape) {
      const limit = Math.sqrt(6 / (width + units));
      const kernel = new Float32Array(width * units).map(() => (2 * random.uniform() - 1) * limit);
      layers.push({ inputs: width, units, activation, kernel, bias: new Float32Array(units) });
      width = units;
    }
    return new Perceptron(layers);
  }

  /** The same network as a model; undefined for one that has other layers than dense ones. */
  static async from(model: LayersModel): Promise<Perceptron | undefined> {
    const files = await model.files({ optimizer: false });
    const text = new TextDecoder().decode(files.get('model.json'));
    const shape = denseLayers(JSON.parse(text));
    if (!shape) return undefined;
    const weights = Object.values(await model.getWeights());
    const layers = shape.map(({ activation, useBias }) => {
      const kernel = weights.shift() as Tensor;
      const [inputs = 0, units = 0] = kernel.shape;
      const bias = useBias ? weights.shift()?.data : undefined;
      return {
        inputs,
        units,
        activation,
        kernel: Float32Array.from(kernel.data),
        bias: Float32Array.from(bias ?? new Float32Array(units)),
      };
    });
    return new Perceptron(layers);
  }

  /** What comes out for the numbers of one row. */
  compute(row: Float32Array): Float32Array {
    let x = row;
    for (const { units, kernel, bias, activation } of this.layers) {
      const y = bias.slice();
      for (const [i, value] of x.entries()) {
        if (value === 0) continue; // many inputs of a game are
        for (let j = 0; j < units; j++) y[j] = (y[j] ?? 0) + value * (kernel[i * units + j] ?? 0);
      }
      activations[activation](y);
      x = y;
    }
    return x;
  }

  copy(): Perceptron {
    return this.#with((weights) => weights.slice());
  }

  /** Replaces each weight with probability `rate`. */
  mutate(rate: number, change: (weight: number) => number, random: Random): void {
    for (const weights of this.#all()) {
      for (const [i, weight] of weights.entries()) {
        if (random.uniform() < rate) weights[i] = change(weight);
      }
    }
  }

  /** A new network, each weight of which is from this one or the other, by chance. */
  crossover(other: Perceptron, random: Random): Perceptron {
    const [here, there] = [this.#shape(), other.#shape()];
    if (here !== there) {
      fail(
        'ml5 crossover: the two networks are not built alike',
        { here, there },
        'two networks of the same options, or copies of one',
      );
    }
    const others = other.#all();
    return this.#with((weights) => {
      const from = others.shift();
      return weights.map((weight, i) => (random.uniform() < 0.5 ? weight : (from?.[i] ?? 0)));
    });
  }

  /** The same network as a model. */
  async toModel(): Promise<LayersModel> {
    const model = await sequential(
      this.layers.map(({ inputs, units, activation }, i) =>
        dense({ units, activation, ...(i === 0 && { inputShape: [inputs] }) }),
      ),
    );
    await this.writeTo(model);
    return model;
  }

  /** Gives a model of the same layers these weights. */
  async writeTo(model: LayersModel): Promise<void> {
    const weights = await model.getWeights();
    const mine = this.#all();
    for (const { data } of Object.values(weights)) data.set(mine.shift() ?? []);
    await model.setWeights(weights);
  }

  #all(): Float32Array[] {
    return this.layers.flatMap(({ kernel, bias }) => [kernel, bias]);
  }

  #shape(): string {
    return showShape([this.layers[0]?.inputs ?? 0, ...this.layers.map(({ units }) => units)]);
  }

  #with(change: (weights: Float32Array) => Float32Array): Perceptron {
    const layers = this.layers.map((layer) => {
      const kernel = change(layer.kernel);
      return { ...layer, kernel, bias: change(layer.bias) };
    });
    return new Perceptron(layers);
  }
}

/** What a model.json says of its layers, if all of them can be computed here. */
function denseLayers(file: unknown): { activation: Activation; useBias: boolean }[] | undefined {
  const topology = isRecord(file) && isRecord(file.modelTopology) ? file.modelTopology : {};
  const inner = isRecord(topology.model_config) ? topology.model_config : topology;
  const config = isRecord(inner.config) ? inner.config.layers : inner.config;
  if (!Array.isArray(config)) return undefined;
  const layers = config
    .filter((layer) => isRecord(layer) && layer.class_name !== 'InputLayer')
    .map((layer) => {
      const options: unknown = layer.config;
      if (layer.class_name !== 'Dense' || !isRecord(options)) return undefined;
      const { activation = 'linear', use_bias = true } = options;
      return isActivation(activation) ? { activation, useBias: use_bias === true } : undefined;
    });
  return layers.every((layer) => layer !== undefined) ? layers : undefined;
}
