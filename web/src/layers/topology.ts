// A network as Keras writes it down: what the core is told, and what model.json keeps.
import { fail } from '../errors.js';
import { needed, readOptions } from '../options.js';
import { type DType, dtypes, show } from '../tensor.js';
import { choice, type OpenShape, openShape, type Serialized, text } from './kinds.js';
import { Flow, Layer, namesOf, writeLayer } from './layer.js';

/** What model.json has under `modelTopology`. */
export interface Topology extends Serialized {
  keras_version: string;
  backend: string;
}

export interface InputOptions {
  /** The shape of one sample, without the axis of the samples; `null` leaves a size open. */
  shape: OpenShape;
  /** The type of its numbers; `float32` if left out. */
  type?: DType;
  /** What the input is called, in `fit({ name: … })` and in results. Numbered if left out. */
  name?: string;
}

const inputOptions = {
  shape: needed(openShape('shape: [28, 28, 1]')),
  type: choice(dtypes as ['float32', 'int32', 'uint8', 'int8', 'bool']),
  name: text('image'),
};

/**
 * Where samples go in, for models with several inputs or branches: see `model`.
 *
 *     const x = input({ shape: [4] });
 *     const y = dense({ units: 3, activation: 'softmax' }).apply(x);
 *     const net = model({ inputs: x, outputs: y });
 */
export function input(options: InputOptions): Flow {
  const { shape, type, name } = readOptions('input', options, inputOptions);
  const layer = new Layer(
    'InputLayer',
    {},
    {
      inputShape: shape,
      ...(type !== undefined && { inputType: type }),
      ...(name !== undefined && { name }),
    },
  );
  layer.uses.push([]);
  return new Flow(layer, 0, 0);
}

/** Layers one after the other. */
export function sequentialTopology(layers: readonly Layer[], name: string): Topology {
  const example = 'sequential([dense({ units: 32, inputShape: [4] }), dense({ units: 3 })])';
  const [first] = Array.isArray(layers) ? layers : [];
  if (first === undefined) {
    fail('sequential: it needs a list of layers', { given: show(layers) }, example);
  }
  for (const [i, each] of layers.entries()) {
    if (each instanceof Layer) continue;
    fail('sequential: this is not a layer', { [`layers[${i}]`]: show(each) }, example);
  }
  const again = layers.find((layer, i) => layers.indexOf(layer) !== i);
  if (again !== undefined) {
    fail(
      'sequential: a layer stands twice in the list',
      { layer: again.common.name ?? again.className },
      'a layer for each place; or model(), where apply() shares the weights of one',
    );
  }
  const inputShape = first.inputShape ?? wordsOf(first);
  if (inputShape === undefined) {
    fail(
      'sequential: the first layer must say which shape goes in',
      { 'first layer': first.className, needed: 'inputShape, without the axis of the samples' },
      'inputShape: [4], or [28, 28, 1] for pictures',
    );
  }
  const names = namesOf('sequential', layers);
  const written = layers.map((layer) => writeLayer(layer, names.get(layer) ?? ''));
  const start = {
    batch_input_shape: [null, ...inputShape],
    dtype: first.common.inputType ?? 'float32',
  };
  if (written[0]) Object.assign(written[0].config, start);
  return { class_name: 'Sequential', config: { name, layers: written }, ...signature };
}

/** The shape that goes into an embedding, which knows it by itself. */
function wordsOf({ className, config }: Layer): OpenShape | undefined {
  if (className !== 'Embedding') return undefined;
  return [typeof config.input_length === 'number' ? config.input_length : null];
}

const signature = { keras_version: 'tfjs-layers 4.22.0', backend: 'tensor_flow.js' };

/** Everything between inputs and outputs. */
export function functionalTopology(
  inputs: readonly Flow[],
  outputs: readonly Flow[],
  name: string,
): Topology {
  for (const flow of [...inputs, ...outputs]) {
    if (flow instanceof Flow) continue;
    fail(
      'model: inputs and outputs are what input() and layers give',
      { given: show(flow) },
      'model({ inputs: x, outputs: dense({ units: 3 }).apply(x) })',
    );
  }
  const uses = usesBetween(inputs, outputs);
  const layers = [...uses.keys()];
  const names = namesOf('model', layers);
  const nameOf = (layer: Layer) => names.get(layer) ?? '';
  // Uses of a layer outside this model do not count.
  const place = ({ layer, use, output }: Flow): [string, number, number] => [
    nameOf(layer),
    uses.get(layer)?.indexOf(use) ?? 0,
    output,
  ];
  const written = layers.map((layer) => ({
    ...writeLayer(layer, nameOf(layer)),
    name: nameOf(layer),
    inbound_nodes: (uses.get(layer) ?? [])
      .map((use) => layer.uses[use] ?? [])
      .filter((flows) => flows.length > 0)
      .map((flows) => flows.map((flow) => [...place(flow), {}])),
  }));
  const config = {
    name,
    layers: written,
    input_layers: inputs.map(place),
    output_layers: outputs.map(place),
  };
  return { class_name: 'Functional', config, ...signature };
}

/** The layers on the way from inputs to outputs, earlier ones first, and which uses of them. */
function usesBetween(inputs: readonly Flow[], outputs: readonly Flow[]): Map<Layer, number[]> {
  const uses = new Map<Layer, number[]>();
  const visit = ({ layer, use }: Flow): void => {
    if (uses.get(layer)?.includes(use)) return;
    if (layer.className === 'InputLayer' && !inputs.some((flow) => flow.layer === layer)) {
      fail(
        'model: an output needs an input that is not among the inputs',
        { input: layer.common.name ?? `of shape ${show(layer.inputShape)}` },
        'model({ inputs: [a, b], outputs }) with every input',
      );
    }
    for (const flow of layer.uses[use] ?? []) visit(flow);
    const known = uses.get(layer);
    if (known) known.push(use);
    else uses.set(layer, [use]);
  };
  for (const flow of inputs) visit(flow);
  for (const flow of outputs) visit(flow);
  for (const numbers of uses.values()) numbers.sort((a, b) => a - b);
  return uses;
}
