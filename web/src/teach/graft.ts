// One layers model out of a base until a layer and a head, nested as Teachable Machine nests them.
import type { ModelFiles } from '../layers/layersModel.js';
import { fail, isRecord, nearest, parseRecord } from '../library.js';
import type { Preprocess } from '../recipe.js';
import type { Tensor } from '../tensor.js';

/** A network and its weights by name. */
export interface Part {
  /** As model.json has it under modelTopology. */
  topology: Keras;
  weights: ReadonlyMap<string, Tensor>;
}

/** A layer, or a model, as Keras writes it down. */
export interface Keras {
  class_name: string;
  config: Record<string, unknown>;
  name?: string;
  inbound_nodes?: unknown;
  [other: string]: unknown;
}

/** A base with its head as one model: pictures in, classes or a number out. */
export interface Graft {
  files: ModelFiles;
  /** The names of the outputs; one empty name for regression. */
  labels: string[];
  preprocess: Preprocess;
  /** Of the picture. */
  input: readonly [height: number, width: number, channels: number];
}

const weightsFile = 'weights.bin';
const signature = { keras_version: 'tfjs-layers 4.22.0', backend: 'tensor_flow.js' };

/** The network that a file tells of under modelTopology: some wrap it, some old ones list its layers bare. */
export function topologyIn(given: unknown): Keras {
  const { model_config: wrapped } = isRecord(given) ? given : {};
  const model = wrapped ?? given;
  if (isKeras(model)) return model;
  if (isRecord(model) && typeof model.class_name === 'string' && Array.isArray(model.config)) {
    return { class_name: model.class_name, config: { name: 'base', layers: model.config } };
  }
  fail(
    'featureExtractor: a network cannot be read',
    { reason: 'it has no topology' },
    'the files as they were saved',
  );
}

/** The part of a network that a layer needs, which becomes its output. */
export function truncated(who: string, { topology, weights }: Part, layer: string): Part {
  const { class_name: kind, config } = topology;
  const layers = layersOf(topology);
  const at = layers.findIndex((each) => nameOf(each) === layer);
  if (at < 0) {
    fail(
      `${who}: the base has no layer "${layer}" that it can end with`,
      { model: String(config.name ?? kind), known: 'layers inside of other models cannot be it' },
      `useLayer('${nearest(layer, layers.map(nameOf))}')`,
    );
  }
  const kept = kind === 'Sequential' ? layers.slice(0, at + 1) : needed(layers, layer);
  const names = new Set(kept.flatMap(insideOf));
  const ends = kind === 'Sequential' ? {} : { output_layers: [[layer, 0, 0]] };
  return {
    topology: { ...topology, config: { ...config, ...ends, layers: kept } },
    weights: new Map([...weights].filter(([name]) => names.has(name.split('/')[0] ?? ''))),
  };
}

/** Layers on the way to one of them, in their order. */
function needed(layers: readonly Keras[], last: string): Keras[] {
  const byName = new Map(layers.map((each) => [each.name ?? nameOf(each), each]));
  const wanted = new Set<string>();
  const visit = (name: string) => {
    if (wanted.has(name)) return;
    wanted.add(name);
    for (const source of sourcesOf(byName.get(name)?.inbound_nodes)) visit(source);
  };
  visit(last);
  return layers.filter((each) => wanted.has(each.name ?? nameOf(each)));
}

/** The names of layers in what stands for tensors: `["conv1", 0, 0, {}]`, nested in lists. */
function sourcesOf(node: unknown): string[] {
  if (!Array.isArray(node)) {
    return isRecord(node) ? Object.values(node).flatMap(sourcesOf) : [];
  }
  const [name, call] = node;
  if (typeof name === 'string' && typeof call === 'number') return [name];
  return node.flatMap(sourcesOf);
}

/** The names of all layers in a layer, itself first. */
function insideOf(layer: Keras): string[] {
  const own = [nameOf(layer), ...(layer.name === undefined ? [] : [layer.name])];
  const wrapped = isKeras(layer.config.layer) ? insideOf(layer.config.layer) : [];
  return [...own, ...wrapped, ...layersOf(layer).flatMap(insideOf)];
}

/** The layers of a model in the order of its file; none where it is a plain layer. */
export function layersOf({ config }: Keras): Keras[] {
  return Array.isArray(config.layers) ? config.layers.filter(isKeras) : [];
}

function isKeras(value: unknown): value is Keras {
  return isRecord(value) && typeof value.class_name === 'string' && isRecord(value.config);
}

export function nameOf({ config, name, class_name }: Keras): string {
  return typeof config.name === 'string' ? config.name : (name ?? class_name);
}

/**
 * Base and head as one.
 *
 * @param places whether the base's output has height and width, over which the mean is taken
 */
export function grafted(base: Part, head: Part, places: boolean): Part {
  const mean = {
    class_name: 'GlobalAveragePooling2D',
    config: { name: 'base_mean', trainable: true, data_format: 'channels_last' },
  };
  const model = ({ class_name, config }: Keras) => ({ class_name, config });
  return {
    topology: {
      ...sequence('teachable', [
        sequence('base', [model(base.topology), ...(places ? [mean] : [])]),
        model(head.topology),
      ]),
      ...signature,
    },
    weights: new Map([...base.weights, ...head.weights]),
  };
}

function sequence(name: string, layers: Keras[]): Keras {
  return { class_name: 'Sequential', config: { name, layers } };
}

/** A head that gives numbers in units of the labels: output × deviation + mean, in its last layer. */
export function rescaled(head: Part, scale: { mean: number; deviation: number } | null): Part {
  if (scale === null) return head;
  const last = nameOf(layersOf(head.topology).at(-1) ?? head.topology);
  const weights = new Map(head.weights);
  for (const [kind, more] of [
    ['kernel', 0],
    ['bias', scale.mean],
  ] as const) {
    const weight = weights.get(`${last}/${kind}`);
    if (weight === undefined) continue;
    const data = Float32Array.from(weight.data, (value) => value * scale.deviation + more);
    weights.set(`${last}/${kind}`, { ...weight, data });
  }
  return { ...head, weights };
}

/** The same network with other weights, where those have its names. */
export function reweighted(
  { topology, weights }: Part,
  other: Readonly<Record<string, Tensor>>,
): Part {
  const entries = [...weights].map(([name, weight]) => [name, other[name] ?? weight] as const);
  return { topology, weights: new Map(entries) };
}

/** A network as the files of a layers model. */
export function filesOf({ topology, weights }: Part): ModelFiles {
  const tensors = [...weights];
  const bytes = tensors.reduce((sum, [, { data }]) => sum + data.byteLength, 0);
  const binary = new Uint8Array(bytes);
  let at = 0;
  for (const [, { data }] of tensors) {
    binary.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  const content = {
    format: 'layers-model',
    generatedBy: 'gesso',
    convertedBy: null,
    modelTopology: topology,
    weightsManifest: [
      {
        paths: [weightsFile],
        weights: tensors.map(([name, { shape, dtype }]) => ({ name, shape, dtype })),
      },
    ],
  };
  return new Map([
    ['model.json', new TextEncoder().encode(JSON.stringify(content))],
    [weightsFile, binary],
  ]);
}

/** What this library wrote as the files of a layers model. */
export function partOf(files: ModelFiles): Part {
  const text = new TextDecoder().decode(files.get('model.json'));
  const content = parseRecord(text);
  const refuse = (reason: string): never =>
    fail('featureExtractor: a network cannot be read', { reason }, 'the files as they were saved');
  if (typeof content === 'string') return refuse(content);
  const { modelTopology: topology, weightsManifest: groups } = content;
  const entries = Array.isArray(groups) && isRecord(groups[0]) ? groups[0].weights : undefined;
  if (!Array.isArray(entries)) return refuse('it has no list of weights');
  const bytes = files.get(weightsFile) ?? new Uint8Array(0);
  const weights = new Map<string, Tensor>();
  let at = 0;
  for (const entry of entries) {
    const { name, shape } = isRecord(entry) ? entry : {};
    const sizes = Array.isArray(shape) && shape.every((n) => Number.isInteger(n) && n >= 0);
    if (typeof name !== 'string' || !sizes) return refuse('a weight has no name or shape');
    const count = shape.reduce((product: number, size: number) => product * size, 1);
    if (at + 4 * count > bytes.length) return refuse(`${weightsFile} is too short`);
    const data = new Float32Array(bytes.slice(at, at + 4 * count).buffer);
    weights.set(name, { data, shape, dtype: 'float32' });
    at += 4 * count;
  }
  return { topology: topologyIn(topology), weights };
}
