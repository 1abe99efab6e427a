// The base of an extractor: a model that sees pictures, cut at a layer.
import type { Picture } from '../../image.js';
import type { ModelFiles } from '../../layers/layersModel.js';
import {
  countOf,
  fail,
  knownBy,
  nearest,
  openModel,
  originsOf,
  readPreprocess,
  refuseReading,
  showShape,
} from '../../library.js';
import type { LayerInfo, LoadOptions, Open } from '../../model.js';
import type { Preprocess } from '../../recipe.js';

import type { ModelSource } from '../../source.js';
import type { Examined, ExamineRequest } from '../examine.js';
import type { LayerChoice } from './types.js';

/** Options as readOptions gives them: what was left out is undefined. */
type Checked<T> = { [K in keyof Required<T>]: T[K] | undefined };

/** Pictures in, features out: a base until a layer. */
export interface Cut {
  /** The layer; and after fine-tuning, which one it was: features of equal keys can be compared. */
  layer: string;
  key: string;
  model: number;
  /** How many features there are. */
  features: number;
  /** Of the layer's output, without the batch. */
  shape: number[];
  /** The network with weights of its own, after fine-tuning. */
  tuned?: ModelFiles;
}

/** Sides that are taken where the model leaves them open, in pixels. */
const usualSide = 224;

/** More features than this are pixels rather than what is in a picture. */
const mostFeatures = 1 << 16;

export class Base {
  readonly open: Open;
  /** Of its picture. */
  readonly size: readonly [height: number, width: number, channels: number];
  readonly preprocess: Preprocess;
  /** The layers at which it can be cut, in the order in which they are computed. */
  readonly layers: readonly LayerChoice[];
  /** What it is called by everybody, where it is a known model. */
  readonly name: string | undefined;
  readonly #cuts = new Map<string, Cut>();
  #isClosed = false;

  private constructor(
    open: Open,
    size: Base['size'],
    preprocess: Preprocess,
    layers: readonly LayerChoice[],
    name: string | undefined,
  ) {
    this.open = open;
    this.size = size;
    this.preprocess = preprocess;
    this.layers = layers;
    this.name = name;
  }

  static async load(
    who: string,
    source: ModelSource,
    options: Checked<LoadOptions>,
    given: Partial<Preprocess> | undefined,
  ): Promise<Base> {
    const open = await openModel(who, source, options);
    try {
      const size = sizeOf(who, open);
      const [name, found] = (await knownBy(open.sha256)) ?? [];
      const known = open.location.known ?? found;
      const mine = { labels: undefined, preprocess: given, activation: undefined };
      const origins = await originsOf(open, mine, options.signal);
      const usual = known?.features?.preprocess;
      const parts = origins.map(({ recipe }) => recipe.preprocess);
      // What the base was trained on comes after what is best for learning from it.
      if (usual) parts.splice(1, 0, usual);
      const preprocess = readPreprocess(who, parts);
      options.signal?.throwIfAborted();
      const layers = choicesOf(await open.client.layers(open.model), known?.features?.layer);
      if (layers.length === 0) {
        fail(
          `${who}: this model has no layer that describes a picture`,
          { address: open.address, format: open.description.format },
          "'mobilenet', or another model for pictures",
        );
      }
      return new Base(open, size, preprocess, layers, name);
    } catch (error) {
      await open.client.close(open.model);
      throw error;
    }
  }

  get client(): Open['client'] {
    return this.open.client;
  }

  /** The base until a layer; the one that is used if none is named. */
  async cut(who: string, layer?: string): Promise<Cut> {
    const choice =
      layer === undefined
        ? this.layers.find(({ isDefault }) => isDefault)
        : this.layers.find(({ name }) => name === layer);
    if (choice === undefined) {
      const names = this.layers.map(({ name }) => name);
      fail(
        `${who}: the base has no layer "${layer}" that gives features`,
        { known: `${names.slice(-12).join(', ')}; layers() lists all ${names.length}` },
        nearest(layer ?? '', names),
      );
    }
    const { name, shape, features } = choice;
    const known = this.#cuts.get(name);
    if (known) return known;
    const { model } = await this.client.cut(this.open.model, [name]);
    if (this.#isClosed) {
      await this.client.close(model); // close() could not know of it
      fail(`${who}: its base was disposed of meanwhile`, { layer: name }, 'load it again');
    }
    const cut = { layer: name, key: name, model, features, shape: shape.slice(1) };
    this.#cuts.set(name, cut);
    return cut;
  }

  /** Looks at a picture; the picture is handed over. */
  async examine(
    who: string,
    cut: Cut,
    picture: Picture,
    more: Pick<ExamineRequest, 'head' | 'copy' | 'input'> = {},
  ): Promise<Examined> {
    const { size, preprocess } = this;
    const { model, features } = cut;
    return this.client
      .look('examine', picture, { model, size, features, preprocess, ...more })
      .catch((error: unknown) => refuseReading(who, error)); // as it moves to the worker
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const models = [...this.#cuts.values()].map(({ model }) => model);
    await Promise.all([...models, this.open.model].map((model) => this.client.close(model)));
  }
}

/** The size of the base's picture; refuses a model that takes none. */
function sizeOf(who: string, { description, address }: Open): Base['size'] {
  const [input, second] = description.inputs;
  const [, height = 0, width = 0, channels = 0] = input?.shape ?? [];
  if (second || input?.shape.length !== 4 || ![1, 3, 4].includes(channels)) {
    fail(
      `${who}: this model does not take one picture`,
      {
        address,
        inputs: description.inputs
          .map(({ name, shape }) => `${name} ${showShape(shape)}`)
          .join(', '),
        needed: '[1, height, width, 1, 3 or 4]',
      },
      "'mobilenet', or another model for pictures",
    );
  }
  return [height < 0 ? usualSide : height, width < 0 ? usualSide : width, channels];
}

/**
 * What can be chosen. The usual layer is the last one that still has places, which is the one before the
 * classes; or else the one before the last.
 *
 * @param known the usual layer of a model that is known
 */
function choicesOf(layers: readonly LayerInfo[], known: string | undefined): LayerChoice[] {
  const usable = layers.filter(({ shape }) => {
    const features = shape.at(-1) ?? 0;
    const fits = (shape.length === 4 || shape.length === 2) && shape.slice(1).every((n) => n > 0);
    return fits && features > 1 && features <= mostFeatures;
  });
  const placed = usable.findLast(
    ({ shape }) => shape.length === 4 && countOf(shape.slice(1, 3)) > 1,
  );
  const usual = usable.find(({ name }) => name === known) ?? placed ?? usable.at(-2) ?? usable[0];
  return usable.map((info) => {
    const { name, operator, shape } = info;
    return { name, operator, shape, features: shape.at(-1) ?? 0, isDefault: info === usual };
  });
}
