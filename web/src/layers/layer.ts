// A layer before it belongs to a model: its class, its options, and where it has been applied.
import { fail } from '../errors.js';
import { type Given, isRecord, readOptions, type Schema } from '../options.js';
import { dtypes, show } from '../tensor.js';
import {
  choice,
  flag,
  openShape,
  type Serialized,
  schemaOf,
  snakeCase,
  text,
  type Whole,
  writeConstraint,
  writeInitializer,
  writeRegularizer,
} from './kinds.js';

/** What every layer takes. */
const common = {
  /** What the weights of the layer are called; must be unique in the model. Numbered if left out. */
  name: text('encoder'),
  /** Whether training changes the weights; true if left out. */
  trainable: flag(false),
  /** For the first layer of `sequential`: the shape of one sample. `null` leaves a size open. */
  inputShape: openShape('[28, 28, 1]'),
  /** For the first layer of `sequential`: the type of the input; `float32` if left out. */
  inputType: choice(dtypes as ['float32', 'int32', 'uint8', 'int8', 'bool']),
} satisfies Schema;

type Common = Given<typeof common>;

/** The options of a layer: its own, and those that every layer takes. */
export type LayerOptions<S> = Given<S> & Common;

/** A layer, to be put into a model: see `sequential` and `model`. */
export class Layer {
  /** As Keras calls it: `Conv2D`. */
  readonly className: string;
  /** The options as Keras writes them, without those of every layer. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The options that every layer takes. */
  readonly common: Readonly<Common>;
  /** The shape of one sample, where it is known. */
  readonly inputShape: readonly (number | null)[] | undefined;
  /** Every use of the layer, in order: what went in. */
  readonly uses: (readonly Flow[])[] = [];

  constructor(
    className: string,
    config: Readonly<Record<string, unknown>>,
    { inputShape, ...rest }: Readonly<Common>,
  ) {
    this.className = className;
    this.config = config;
    this.common = rest;
    this.inputShape = inputShape;
  }

  /**
   * Applies the layer to what `input` or another layer gives. A layer that is applied several times
   * has its weights only once.
   *
   *     const x = input({ shape: [4] });
   *     const y = dense({ units: 3 }).apply(x);
   *
   * @param given one value, or several for a layer that joins them
   */
  apply(given: Flow | readonly Flow[]): Flow {
    const inputs = given instanceof Flow ? [given] : given;
    if (!Array.isArray(inputs) || inputs.length === 0 || !inputs.every(isFlow)) {
      fail(
        `${this.className}: apply() takes what input() or another layer gives`,
        { given: show(given) },
        'dense({ units: 3 }).apply(input({ shape: [4] }))',
      );
    }
    this.uses.push([...inputs]);
    return new Flow(this, this.uses.length - 1, 0);
  }
}

function isFlow(value: unknown): value is Flow {
  return value instanceof Flow;
}

/** What flows from one layer to the next: the result of applying a layer. */
export class Flow {
  readonly layer: Layer;
  /** Which use of the layer it comes from. */
  readonly use: number;
  /** Which of its results it is. */
  readonly output: number;

  constructor(layer: Layer, use: number, output: number) {
    this.layer = layer;
    this.use = use;
    this.output = output;
  }

  /** The last states of a recurrent layer with `returnState`: h, and c of an LSTM. */
  get states(): Flow[] {
    const count = this.layer.config.return_state ? (statesOf[this.layer.className] ?? 0) : 0;
    return Array.from({ length: count }, (_, i) => new Flow(this.layer, this.use, i + 1));
  }
}

const statesOf: Record<string, number> = { SimpleRNN: 1, GRU: 1, LSTM: 2 };

/**
 * Makes the factory of one class of layers. Its schema is all that there is to say in JavaScript:
 * defaults, shapes and everything else are known where the layer computes.
 *
 * @param who the factory's own name, to begin messages with
 * @param parts the schema
 * @param usual options on which the versions of Keras differ: written into every file
 */
export function layer<const P extends readonly Schema[]>(
  who: string,
  className: string,
  parts: P,
  usual: Partial<Given<Whole<P>>> = {},
): Factory<Whole<P>> {
  const schema = schemaOf(...parts) as Schema;
  const make = (given: object = {}): Layer => {
    if (!isRecord(given)) {
      const [first = 'name'] = Object.keys(schema);
      fail(
        `${who}: the options must be an object`,
        { given: show(given) },
        `${who}({ ${first}: … })`,
      );
    }
    readOptions(who, given, withNames({ ...schema, ...common }));
    const set = Object.entries(given).filter(([, value]) => value !== undefined);
    const options = Object.entries({ ...usual, ...Object.fromEntries(set) });
    const own = options.filter(([name]) => Object.hasOwn(schema, name));
    const shared = options.filter(([name]) => Object.hasOwn(common, name));
    const config = Object.fromEntries(own.map(([name, value]) => write(who, name, value)));
    return new Layer(className, config, Object.fromEntries(shared) as Common);
  };
  return make as Factory<Whole<P>>;
}

/** A factory whose options may be left out where none must be given. */
export type Factory<S> =
  Record<never, never> extends LayerOptions<S>
    ? (options?: LayerOptions<S>) => Layer
    : (options: LayerOptions<S>) => Layer;

/** The examples of a schema with the names of the options before them. */
function withNames(schema: Schema): Schema {
  return Object.fromEntries(
    Object.entries(schema).map(([name, known]) => [
      name,
      typeof known === 'object' && 'example' in known
        ? { ...known, example: `${name}: ${known.example}` }
        : known,
    ]),
  ) as Schema;
}

/** An option as Keras writes it: its name, and its value. */
function write(who: string, name: string, value: unknown): [string, unknown] {
  return [snakeCase(name), writeValue(`${who}: ${name}`, name, value)];
}

function writeValue(who: string, name: string, value: unknown): unknown {
  if (/initializer$/i.test(name)) return writeInitializer(who, value);
  if (/constraint$/i.test(name)) return writeConstraint(who, value);
  if (/regularizer$/i.test(name)) return writeRegularizer(who, value);
  if (value instanceof Layer) return writeLayer(value, snakeCase(value.className));
  return typeof value === 'string' ? snakeCase(value) : value;
}

/** A layer as Keras writes it. */
export function writeLayer(given: Layer, name: string): Serialized {
  const { trainable, inputType } = given.common;
  const shape = given.inputShape;
  return {
    class_name: given.className,
    config: {
      name: given.common.name ?? name,
      ...(trainable !== undefined && { trainable }),
      ...(shape !== undefined && { batch_input_shape: [null, ...shape] }),
      ...(shape !== undefined && { dtype: inputType ?? 'float32' }),
      ...given.config,
    },
  };
}

/** Names for layers that have none: the class and a number, counted within the model. */
export function namesOf(who: string, layers: readonly Layer[]): Map<Layer, string> {
  const names = new Map<Layer, string>();
  const taken = new Set<string>();
  for (const each of layers) {
    const { name } = each.common;
    if (name === undefined) continue;
    if (taken.has(name)) {
      fail(
        `${who}: two layers are called "${name}"`,
        { classes: layers.filter((one) => one.common.name === name).map((one) => one.className) },
        `name: '${name}_2' for one of them`,
      );
    }
    taken.add(name);
    names.set(each, name);
  }
  for (const each of layers) {
    if (names.has(each)) continue;
    let number = 1;
    const stem = snakeCase(each.className);
    while (taken.has(`${stem}_${number}`)) number++;
    taken.add(`${stem}_${number}`);
    names.set(each, `${stem}_${number}`);
  }
  return names;
}
