// The lowest floor: a model file as a function from tensors to tensors.
import { type Client, connect } from './client.js';
import type { BuildName } from './engine.js';
import { fail } from './errors.js';
import { absent, callback, instance, isRecord, nearest, readOptions } from './options.js';
import { realAddress } from './ownFiles.js';
import type { Progress } from './progress.js';
import { type Card, type KnownModel, knownBy, nameFrom } from './registry.js';
import type { Opened, PortDescription, Tensors, Timing } from './runtime.js';
import { type Backend, backends } from './settings.js';
import { type Location, locate, type ModelSource, requestOf } from './source.js';
import {
  countOf,
  type DType,
  dtypeOf,
  isTensor,
  keep,
  type NestedArray,
  show,
  showShape,
  type Tensor,
  type TypedArray,
  tensor,
} from './tensor.js';
import { type Loading, usableAtOnce } from './usable.js';

/** An input or output of a model. A size that the model leaves open is -1. */
export type Port = PortDescription;

/** What one input may be given: a tensor, or numbers that fit the model's own shape. */
export type Input = Tensor | TypedArray | NestedArray;

/** A layer of a model, or a node, or whatever its file calls what is computed. */
export interface LayerInfo {
  /** As the file calls it; one that is called several times is there once for each: `dense#2`. */
  name: string;
  /** The operator that gives its value: `conv2d`, `relu`, … */
  operator: string;
  /** Of its value. The first size is that of the batch; a size that the model leaves open is -1. */
  shape: number[];
  /** The type of its numbers. */
  dtype: DType;
}

/** Where a model lives, and what computes it. */
export interface Where {
  /** Whether it lives in a worker; in pages true if left out, in Node always false. */
  worker?: boolean;
  /** What computes it; if left out, what {@link setBackend} has named for all models. */
  backend?: Backend;
}

export interface LoadOptions extends Where {
  /** Told how many bytes have arrived. */
  onProgress?: (progress: Progress) => void;
  /** Stops the loading, which then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Facts about a model, for people who decide whether to use it. */
export interface About {
  /** Its known name, or the last part of its address. */
  name: string;
  /** Where its main file came from. */
  address: string;
  /** `tfjs-layers`, `tfjs-graph` or `tflite`. */
  format: string;
  /** Number of weights. */
  parameters: number;
  /** Size of its files in bytes. */
  bytes: number;
  /** SHA-256 of its main file, in hexadecimal. */
  sha256: string;
  /** Which build of the runtime it runs on; {@link status} tells more. */
  build: BuildName;
  /** How many threads compute together. */
  threads: number;
  /** Version of the runtime. */
  version: string;
  /** How long it took until the first answer, and what came over the network. */
  timing: Timing;
  /** What it was trained on, its licence and what it gets wrong; null for an unknown model. */
  card: Card | null;
}

export interface RunOptions {
  /** Results to write over, by name; outputs that it does not name are made anew. */
  into?: Record<string, Tensor>;
}

export interface GradientOptions {
  /** The output that is looked at; may be left out where there is only one. */
  output?: string;
  /** The inputs by which to derive; all that hold real numbers if left out. */
  of?: readonly string[];
  /** How much each number of the output counts, in its shape; 1 each if left out. */
  seed?: Tensor;
}

export interface LoadModelOptions extends LoadOptions {
  /**
   * Names of layers whose values are the outputs, in place of those that the file names: the model is
   * computed up to them. {@link LoadedModel.layers} lists what there is.
   */
  outputs?: readonly string[];
}

/** A model: tensors in, tensors out. */
export interface LoadedModel {
  /** What goes in. Known when the model has loaded: `await` it before reading this. */
  readonly inputs: readonly Port[];
  /** What comes out, in the order in which the file names it. */
  readonly outputs: readonly Port[];
  /**
   * What the model consists of, in the order of computation. Each may be an output:
   * `loadModel(source, { outputs: ['conv_pw_13_relu'] })`.
   */
  layers(): Promise<LayerInfo[]>;
  /**
   * Computes all outputs.
   *
   *     const { scores } = await model.run({ image: tensor(pixels, [1, 224, 224, 3]) });
   *
   * Each combination of input sizes is prepared once; the last four are kept.
   *
   * @param inputs for each input by name a tensor of its shape and type; a model with one input
   *   takes the tensor itself. Numbers without a shape take the model's own, with as many rows
   *   (first axis) as they fill.
   * @param options `into`: results of an earlier run, to be written over instead of making new
   *   ones: a loop that runs many times a second then leaves nothing to collect
   * @returns every output by name; plain objects of your own, nothing needs to be freed
   * @throws MLError when a name, a shape or a type does not fit
   */
  run(inputs: Input | Record<string, Input>, options?: RunOptions): Promise<Record<string, Tensor>>;
  /**
   * How the output changes with the inputs: derivatives of Σ seed × output by every number that
   * goes in. With a seed that is 1 at one class and 0 elsewhere they show which pixels speak for
   * that class.
   *
   * @returns for each input a tensor of its shape
   */
  gradient(
    inputs: Input | Record<string, Input>,
    options?: GradientOptions,
  ): Promise<Record<string, Tensor>>;
  /** Where the model comes from, what it was trained on, and what it gets wrong. */
  about(): Promise<About>;
  /** Frees the model. Whatever is called afterwards rejects. */
  dispose(): void;
}

/** The schema of Where. */
export const whereOptions = {
  worker: absent<boolean>('true or false', 'worker: false', (value) => typeof value === 'boolean'),
  backend: absent<Backend>(backends.join(', '), "backend: 'auto'", (value) =>
    backends.some((backend) => backend === value),
  ),
};

/** Where, as readOptions gives it. */
export type CheckedWhere = Checked<Where>;

/** The part of such options that says where. */
export function whereOf({ worker, backend }: CheckedWhere): Where {
  return { ...(worker !== undefined && { worker }), ...(backend !== undefined && { backend }) };
}

/** The schema of LoadOptions. */
export const loadOptions = {
  onProgress: callback<(progress: Progress) => void>('onProgress: ({ loaded, total }) => {}'),
  signal: instance(AbortSignal, 'signal: AbortSignal.timeout(60_000)'),
  ...whereOptions,
};

const loadModelOptions = {
  outputs: absent<readonly string[]>(
    'a list of names of layers',
    "outputs: ['conv_pw_13_relu']",
    (value) =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((name) => typeof name === 'string') &&
      new Set(value).size === value.length,
  ),
  ...loadOptions,
};

const runOptions = {
  into: absent<Record<string, Tensor>>('results of an earlier run', 'into: results', isRecord),
};

const gradientOptions = {
  output: absent<string>('a text', "output: 'scores'", (value) => typeof value === 'string'),
  of: absent<readonly string[]>('a list of names', "of: ['image']", Array.isArray),
  seed: absent<Tensor>('a tensor', 'seed: tensor([[0, 1, 0]])', isTensor),
};

/**
 * Loads a TensorFlow.js layers or graph model, or a TFLite file.
 *
 *     const model = await loadModel('./model/model.json');
 *     model.inputs;                                    // [{ name, shape: [-1, 2], dtype }]
 *     const { output } = await model.run([[0, 1]]);
 *
 * @param source an address or a path, a known name, or dropped files: see `ModelSource`
 * @throws MLError (the promise rejects) when a file is missing, damaged or not supported
 */
export function loadModel(
  source: ModelSource,
  options: LoadModelOptions = {},
): Loading<LoadedModel> {
  const opening = openChecked(source, options);
  const session = new Session('loadModel', opening);
  const model: LoadedModel = {
    get inputs() {
      return session.description('inputs');
    },
    get outputs() {
      return session.description('outputs');
    },
    layers: () => session.layers(),
    run: (inputs, options) => session.run(inputs, options),
    gradient: (inputs, options) => session.gradient(inputs, options),
    about: () => session.about(),
    dispose: () => session.dispose(),
  };
  return usableAtOnce(opening, model, { session });
}

async function openChecked(source: ModelSource, options: LoadModelOptions): Promise<Open> {
  const { outputs, ...checked } = readOptions('loadModel', options, loadModelOptions);
  return openModel('loadModel', source, checked, false, outputs);
}

/** Options as readOptions gives them: what was left out is undefined. */
type Checked<T> = { [K in keyof Required<T>]: T[K] | undefined };

/** A model that has been opened, and how to reach it. */
export interface Open extends Opened {
  client: Client;
  location: Location;
}

/**
 * Finds a model and opens it.
 *
 * @param withTraining whether to read what is needed to go on training, too
 * @param layers what takes the place of the outputs
 */
export async function openModel(
  who: string,
  source: ModelSource,
  { onProgress, signal, worker, backend }: Checked<LoadOptions>,
  withTraining = false,
  layers?: readonly string[],
): Promise<Open> {
  const location = await locate(who, source, { onProgress, signal });
  const client = connect(who, worker);
  const request = { ...requestOf(location), withTraining, backend, ...(layers && { layers }) };
  const opened = await client.open(request, onProgress, signal);
  return { ...opened, client, location };
}

/** One model from opening to disposal; its methods wait for the opening. */
export class Session {
  readonly #who: string;
  readonly #opening: Promise<Open>;
  #open: Open | undefined;
  #disposed = false;

  /** @param who what the user called, to begin messages with */
  constructor(who: string, opening: Promise<Open>) {
    this.#who = who;
    this.#opening = opening;
    opening.then(
      (open) => {
        this.#open = open;
      },
      () => {}, // reported by the promise that the user holds, and by every method
    );
  }

  /** The model, once it has loaded. */
  async opened(): Promise<Open> {
    this.refuseDisposed();
    const open = await this.#opening;
    this.refuseDisposed();
    return open;
  }

  /** The inputs or outputs of the model, which must have loaded. */
  description(which: 'inputs' | 'outputs'): readonly Port[] {
    if (this.#open) return this.#open.description[which];
    fail(
      `${this.#who}: ${which} cannot be read before the model has loaded`,
      { known: 'its methods wait by themselves, its properties cannot' },
      'const model = await loadModel(…)',
    );
  }

  async layers(): Promise<LayerInfo[]> {
    const { client, model } = await this.opened();
    return client.layers(model);
  }

  async run(inputs: Input | Record<string, Input>, options: RunOptions = {}): Promise<Tensors> {
    const { into } = readOptions('run', options, runOptions);
    const { client, model, description } = await this.opened();
    const checked = checkInputs(description.inputs, inputs);
    if (!client.far) return client.run(model, checked, into);
    const results = await client.run(model, checked);
    for (const [name, made] of Object.entries(results)) {
      if (into?.[name] !== undefined) results[name] = keep(name, made, into[name]);
    }
    return results;
  }

  async gradient(
    inputs: Input | Record<string, Input>,
    options: GradientOptions = {},
  ): Promise<Tensors> {
    const given = readOptions('gradient', options, gradientOptions);
    const { client, model, description } = await this.opened();
    const known = description.outputs.map(({ name }) => name);
    const output = given.output ?? (known.length === 1 ? known[0] : undefined);
    if (output === undefined || !known.includes(output)) {
      fail(
        output === undefined
          ? 'gradient: this model has several outputs'
          : `gradient: the model has no output "${output}"`,
        { known: known.join(', ') },
        `output: '${nearest(output ?? '', known)}'`,
      );
    }
    const real = description.inputs.filter(({ dtype }) => dtype === 'float32');
    const names = real.map(({ name }) => name);
    const of = given.of ?? names;
    for (const name of of) {
      if (names.includes(name)) continue;
      fail(
        `gradient: "${name}" is no input of real numbers`,
        { known: names.join(', ') },
        nearest(name, names),
      );
    }
    const { seed } = given;
    const checked = checkInputs(description.inputs, inputs);
    return client.gradient(model, checked, { output, of, ...(seed && { seed }) });
  }

  async about(): Promise<About> {
    const open = await this.opened();
    const { client, model, description, sha256, fileBytes: bytes } = open;
    const { build, threads, version } = open;
    const timing = await client.timing(model);
    const address = realAddress(open.address);
    const [name, known] = await this.#known(open);
    const { format, parameters } = description;
    const card = known?.card ?? null;
    return {
      name,
      address,
      format,
      parameters,
      bytes,
      sha256,
      build,
      threads,
      version,
      timing,
      card,
    };
  }

  async #known({ sha256, address }: Open): Promise<[string, KnownModel | undefined]> {
    const known = await knownBy(sha256);
    return known ?? [nameFrom(address), undefined];
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#opening.then(
      ({ client, model }) => client.close(model),
      () => {}, // nothing was opened
    );
  }

  /** Throws after dispose(). */
  refuseDisposed(): void {
    if (!this.#disposed) return;
    fail(`${this.#who}: it was used after dispose()`, {}, `${this.#who}(…) again`);
  }
}

/**
 * Brings what run() was given to one tensor for each input.
 *
 * @throws MLError naming the first input that is missing, unknown, or of a wrong shape or type
 */
export function checkInputs(ports: readonly Port[], given: Input | Record<string, Input>): Tensors {
  const byName = nameInputs(ports, given);
  const names = ports.map(({ name }) => name);
  for (const name of Object.keys(byName)) {
    if (!names.includes(name)) {
      fail(
        `run: the model has no input "${name}"`,
        { known: names.join(', ') },
        nearest(name, names),
      );
    }
  }
  return Object.fromEntries(ports.map((port) => [port.name, checkInput(port, byName[port.name])]));
}

function nameInputs(
  ports: readonly Port[],
  given: Input | Record<string, Input>,
): Record<string, Input | undefined> {
  const [only] = ports;
  if (!isInput(given)) {
    if (typeof given === 'object' && given !== null) return given;
    fail('run: the inputs must be tensors', { given: show(given) }, 'run(tensor([[1, 2]]))');
  }
  if (only && ports.length === 1) return { [only.name]: given };
  const names = ports.map(({ name }) => name);
  fail(
    'run: this model has several inputs',
    { known: names.join(', ') },
    `run({ ${names.map((name) => `${JSON.stringify(name)}: …`).join(', ')} })`,
  );
}

export function isInput(value: unknown): value is Input {
  const plain = typeof value === 'number' || typeof value === 'boolean';
  return plain || Array.isArray(value) || ArrayBuffer.isView(value) || isTensor(value);
}

function checkInput(port: Port, given: Input | undefined): Tensor {
  const { name, shape, dtype } = port;
  const wanted = `${dtype} ${showShape(shape)}`;
  if (given === undefined) {
    fail(
      `run: the input "${name}" is missing`,
      { wanted },
      `{ ${JSON.stringify(name)}: tensor(…) }`,
    );
  }
  const made = toTensor(port, given);
  if (made.dtype !== dtype) {
    fail(
      `run: the input "${name}" has another type`,
      { wanted, given: `${made.dtype} ${showShape(made.shape)}` },
      `tensor(data, shape, '${dtype}')`,
    );
  }
  const fits =
    made.shape.length === shape.length &&
    shape.every((size, axis) => size < 0 || size === made.shape[axis]);
  if (!fits) {
    fail(
      `run: the input "${name}" has another shape`,
      { wanted: showShape(shape), given: showShape(made.shape) },
      `tensor(data, ${showShape(shape.map((size) => Math.max(size, 1)))})`,
    );
  }
  return made;
}

function toTensor(port: Port, given: Input): Tensor {
  const { name, shape, dtype } = port;
  if (isTensor(given)) return checkTensor(`run: the input "${name}"`, given);
  if (!ArrayBuffer.isView(given)) return tensor(given, undefined, dtype);
  if (dtypeOf(given) !== dtype && !(dtype === 'bool' && given instanceof Uint8Array)) {
    fail(
      `run: the input "${name}" has another type`,
      { wanted: dtype, given: given.constructor.name },
      `tensor(data, shape, '${dtype}')`,
    );
  }
  const [rows = 1, ...row] = shape;
  const each = countOf(row);
  const count = given.length / each;
  if (row.some((size) => size < 0) || !Number.isInteger(count) || (rows >= 0 && rows !== count)) {
    fail(
      `run: the input "${name}" does not fill the shape of the model`,
      { wanted: showShape(shape), given: `${given.length} elements` },
      'tensor(data, shape) with the sizes',
    );
  }
  return tensor(given, shape.length === 0 ? [] : [count, ...row], dtype);
}

/** A tensor that the user may have built by hand. */
export function checkTensor(what: string, { data, shape, dtype }: Tensor): Tensor {
  const fits = dtypeOf(data) === dtype || (dtype === 'bool' && data instanceof Uint8Array);
  if (fits && data.length === countOf(shape)) return { data, shape: [...shape], dtype };
  fail(
    `${what} is not a whole tensor`,
    { data: `${show(data)} of ${data.length}`, shape: showShape(shape), dtype },
    'tensor(data, shape, dtype)',
  );
}
