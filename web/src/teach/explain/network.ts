// A network that sees pictures, as what explains it needs it: scores, and their derivatives by the pixels.

import type { Picture } from '../../image.js';
import type { Inside } from '../../insides.js';
import {
  countOf,
  fail,
  insideOf,
  readPreprocess,
  readSomePreprocess,
  showShape,
} from '../../library.js';
import type { Activation, Preprocess } from '../../recipe.js';
import type { Tensors } from '../../runtime.js';

/** Of the input of a network. */
export interface Size {
  height: number;
  width: number;
  channels: number;
}

export interface Network {
  size: Size;
  preprocess: Preprocess;
  /** The names of its classes; empty where nobody named them. */
  labels: readonly string[];
  activation: Activation;
  /** A picture as the network gets it: height × width × channels numbers. */
  read(picture: Picture): Promise<Float32Array>;
  /** The scores of an input. */
  run(x: Float32Array): Promise<Float32Array>;
  /** The shape of the scores that came last. */
  readonly shape: readonly number[];
  /** The derivatives of Σ seed × score by the input. */
  gradient(x: Float32Array, seed: Float32Array): Promise<Float32Array>;
  /** Frees what was made for the questions only. */
  close(): void;
}

/** How a network is asked. */
export interface Asked {
  preprocess?: Partial<Preprocess> | undefined;
  /** Whose numbers are the scores, in place of the network's own output. */
  layer?: string | undefined;
  /** The side of the pictures of a network that takes any. */
  side?: number | undefined;
}

export async function networkOf(who: string, model: object, asked: Asked): Promise<Network> {
  const inside = insideOf(model);
  if (!inside) {
    fail(
      `${who}: this is no model that can be asked`,
      { known: 'what imageClassifier() and loadModel() give' },
      `${who}(await imageClassifier('mobilenet'), …)`,
    );
  }
  const preprocess = await preprocessOf(who, inside, asked.preprocess);
  const { labels = [], activation = 'none' } = (await inside.classes?.()) ?? {};
  const whole = await inside.session.opened();
  const { client } = whole;
  const [input] = whole.description.inputs;
  const [, height = -1, width = -1, channels = -1] = input?.shape ?? [];
  if (
    !input ||
    whole.description.inputs.length !== 1 ||
    input.shape.length !== 4 ||
    ![1, 3].includes(channels)
  ) {
    fail(
      `${who}: the model does not take one picture`,
      {
        inputs: whole.description.inputs
          .map(({ name, shape }) => `${name} ${showShape(shape)}`)
          .join(', '),
        needed: '[1, height, width, 1 or 3]',
      },
      'a model that sees pictures in grey or in three colours',
    );
  }
  const open = height < 0 || width < 0;
  if (open && asked.side === undefined) {
    fail(
      `${who}: the model does not say which size its pictures have`,
      { input: `${input.name} ${showShape(input.shape)}` },
      'a model that was saved with a fixed size',
    );
  }
  const size = open
    ? { height: asked.side ?? 1, width: asked.side ?? 1, channels }
    : { height, width, channels };
  const cut = asked.layer === undefined ? undefined : await client.cut(whole.model, [asked.layer]);
  const { model: number, description } = cut ?? whole;
  const [output] = description.outputs;
  if (!output || description.outputs.length !== 1) {
    fail(
      `${who}: the model has several outputs`,
      { outputs: description.outputs.map(({ name }) => name).join(', ') },
      "loadModel(source, { outputs: ['one of them'] })",
    );
  }
  const sizes = [1, size.height, size.width, size.channels];
  const inputs = (data: Float32Array): Tensors => {
    return { [input.name]: { data, shape: sizes, dtype: 'float32' } };
  };
  let shape: readonly number[] = [];
  return {
    size,
    preprocess,
    labels,
    activation,
    get shape() {
      return shape;
    },
    async read(picture) {
      const fixed = open ? ([size.height, size.width] as const) : undefined;
      return numbersOf(await client.prepared(whole.model, picture, preprocess, fixed));
    },
    async run(x) {
      const result = (await client.run(number, inputs(x)))[output.name];
      shape = result?.shape ?? [];
      return numbersOf(result);
    },
    async gradient(x, data) {
      const seed = { data, shape: [...shape], dtype: 'float32' as const };
      const request = { output: output.name, of: [input.name], seed };
      return numbersOf((await client.gradient(number, inputs(x), request))[input.name]);
    },
    close() {
      if (cut) client.close(cut.model).catch(() => {}); // it is gone already
    },
  };
}

/** The numbers of a tensor, which are real. */
function numbersOf(tensor: Tensors[string] | undefined): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data;
  fail(
    'explain: the model does not compute with real numbers',
    { dtype: tensor?.dtype ?? 'none', numbers: countOf(tensor?.shape ?? []) },
    'a model of float32',
  );
}

async function preprocessOf(
  who: string,
  { preprocess }: Inside,
  given: Partial<Preprocess> | undefined,
): Promise<Preprocess> {
  const own = readSomePreprocess(who, given);
  return readPreprocess(who, [own, await preprocess?.()]);
}
