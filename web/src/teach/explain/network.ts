// A network that sees pictures, as what explains it needs it: scores, and their derivatives by the pixels.

import type { Client } from '../../client.js';
import type { Picture } from '../../image.js';
import type { Inside, Taught } from '../../insides.js';
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

/** One network as the runtime knows it: a function of one input, with derivatives. */
interface Scoring {
  /** The shape of the result that came last. */
  readonly shape: readonly number[];
  run(data: Float32Array): Promise<Float32Array>;
  gradient(data: Float32Array, seed: Float32Array): Promise<Float32Array>;
}

function scoringOf(
  client: Client,
  model: number,
  input: { name: string; shape: readonly number[] },
): Scoring {
  let shape: readonly number[] = [];
  let output = '';
  const inputs = (data: Float32Array): Tensors => {
    return { [input.name]: { data, shape: [...input.shape], dtype: 'float32' } };
  };
  return {
    get shape() {
      return shape;
    },
    async run(data) {
      const [result] = Object.entries(await client.run(model, inputs(data)));
      [output, shape] = [result?.[0] ?? '', result?.[1].shape ?? []];
      return numbersOf(result?.[1]);
    },
    async gradient(data, seedData) {
      const seed = { data: seedData, shape: [...shape], dtype: 'float32' as const };
      const request = { output, of: [input.name], seed };
      return numbersOf((await client.gradient(model, inputs(data), request))[input.name]);
    },
  };
}

/** One after the other; between them the mean over the places of what the first gives. */
function chained(first: Scoring, second: Scoring): Scoring {
  const places = () => first.shape.slice(1, -1).reduce((product, size) => product * size, 1);
  let row = new Float32Array();
  return {
    get shape() {
      return second.shape;
    },
    async run(data) {
      const maps = await first.run(data);
      row = new Float32Array(maps.length / places());
      for (const [i, value] of maps.entries()) {
        row[i % row.length] = (row[i % row.length] ?? 0) + value / places();
      }
      return second.run(row);
    },
    async gradient(data, seed) {
      const ofRow = await second.gradient(row, seed);
      const ofMaps = new Float32Array(row.length * places());
      for (let i = 0; i < ofMaps.length; i++) ofMaps[i] = (ofRow[i % row.length] ?? 0) / places();
      return first.gradient(data, ofMaps);
    },
  };
}

/**
 * What a model is for who explains it.
 *
 * @throws MLError for what does not see pictures, or has several answers
 */
export async function networkOf(who: string, model: object, asked: Asked): Promise<Network> {
  const inside = insideOf(model);
  if (!inside) {
    fail(
      `${who}: this is no model that can be asked`,
      { known: 'what imageClassifier(), featureExtractor() and loadModel() give' },
      `${who}(await imageClassifier('mobilenet'), …)`,
    );
  }
  if (inside.taught) return taughtNetwork(who, await inside.taught(), asked);
  return plainNetwork(who, inside, asked);
}

/** A base and what was taught on top of it, as they are at the moment. */
async function taughtNetwork(who: string, taught: Taught, asked: Asked): Promise<Network> {
  const { client, features, head, names, input } = taught;
  const [height, width, channels] = input;
  checkChannels(who, channels);
  const own = readSomePreprocess(who, asked.preprocess);
  const preprocess = readPreprocess(who, [own, taught.preprocess]);
  const picture = { name: names.picture, shape: [1, height, width, channels] };
  const labels = asked.layer === undefined ? taught.labels(who) : []; // channels have no names
  const cut = asked.layer === undefined ? undefined : await client.cut(features, [asked.layer]);
  let scores = scoringOf(client, cut?.model ?? features, picture);
  if (cut === undefined) {
    if (head === undefined) {
      fail(`${who}: the extractor has not learned anything yet`, {}, 'await extractor.train()');
    }
    await scores.run(new Float32Array(height * width * channels)); // tells how many features it has
    const row = { name: names.row, shape: [1, scores.shape.at(-1) ?? 0] };
    scores = chained(scores, scoringOf(client, head, row));
  }
  const size = { height, width, channels };
  const facts = { size, preprocess, labels, activation: 'none' as const };
  return complete(client, features, scores, facts, cut, true);
}

async function plainNetwork(who: string, inside: Inside, asked: Asked): Promise<Network> {
  const whole = await inside.session.opened();
  const { client, description } = whole;
  const [input] = description.inputs;
  const [, height = -1, width = -1, channels = -1] = input?.shape ?? [];
  if (!input || description.inputs.length !== 1 || input.shape.length !== 4) {
    fail(
      `${who}: the model does not take one picture`,
      {
        inputs: description.inputs
          .map(({ name, shape }) => `${name} ${showShape(shape)}`)
          .join(', '),
        needed: '[1, height, width, 1 or 3]',
      },
      'a model that sees pictures in grey or in three colours',
    );
  }
  checkChannels(who, channels);
  const preprocess = await preprocessOf(who, inside, asked.preprocess);
  const { labels = [], activation = 'none' } = (await inside.classes?.()) ?? {};
  const open = height < 0 || width < 0;
  if (open && asked.side === undefined) {
    fail(
      `${who}: the model does not say which size its pictures have`,
      { input: `${input.name} ${showShape(input.shape)}` },
      'a model that was saved with a fixed size',
    );
  }
  const { side = 1 } = asked;
  const size = open ? { height: side, width: side, channels } : { height, width, channels };
  const cut = asked.layer === undefined ? undefined : await client.cut(whole.model, [asked.layer]);
  const { outputs } = (cut ?? whole).description;
  if (outputs.length !== 1) {
    fail(
      `${who}: the model has several outputs`,
      { outputs: outputs.map(({ name }) => name).join(', ') },
      "loadModel(source, { outputs: ['one of them'] })",
    );
  }
  const picture = { name: input.name, shape: [1, size.height, size.width, channels] };
  const scores = scoringOf(client, (cut ?? whole).model, picture);
  const facts = { size, preprocess, labels, activation };
  return complete(client, whole.model, scores, facts, cut, open);
}

function checkChannels(who: string, channels: number): void {
  if (channels === 1 || channels === 3) return;
  fail(
    `${who}: the pictures of this model have other channels than people see`,
    { channels },
    'a model that sees pictures in grey or in three colours',
  );
}

/** @param open whether the model may leave the size of its pictures open */
function complete(
  client: Client,
  model: number,
  scores: Scoring,
  facts: Pick<Network, 'size' | 'preprocess' | 'labels' | 'activation'>,
  cut: { model: number } | undefined,
  open: boolean,
): Network {
  const { size, preprocess } = facts;
  return {
    ...facts,
    get shape() {
      return scores.shape;
    },
    async read(picture) {
      const fixed = open ? ([size.height, size.width] as const) : undefined;
      return numbersOf(await client.prepared(model, picture, preprocess, fixed));
    },
    run: (x) => scores.run(x),
    gradient: (x, seed) => scores.gradient(x, seed),
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
