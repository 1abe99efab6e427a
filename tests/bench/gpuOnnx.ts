// Writes networks of TF.js as ONNX, for ONNX Runtime: what MobileNet and PoseNet consist of, and no more.
// ONNX has images as [batch, channels, height, width], so there is a Transpose at the edges.
import type * as tf from '@tensorflow/tfjs';

type Attribute = number | string | number[];

const floats = 1; // TensorProto.FLOAT
const integers = 7; // TensorProto.INT64

/** Bytes of Protocol Buffers. */
class Message {
  readonly #parts: Uint8Array[] = [];

  varint(field: number, value: number): this {
    this.#parts.push(varint(field * 8), varint(value));
    return this;
  }

  float(field: number, value: number): this {
    this.#parts.push(varint(field * 8 + 5), new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  bytes(field: number, value: Uint8Array | string | Message): this {
    const bytes =
      value instanceof Message
        ? value.done()
        : typeof value === 'string'
          ? new TextEncoder().encode(value)
          : value;
    this.#parts.push(varint(field * 8 + 2), varint(bytes.length), bytes);
    return this;
  }

  done(): Uint8Array {
    const whole = new Uint8Array(this.#parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
    const more = rest > 127n;
    bytes.push(Number(rest & 127n) + (more ? 128 : 0));
    if (!more) return Uint8Array.from(bytes);
  }
}

function attribute(name: string, value: Attribute): Message {
  const message = new Message().bytes(1, name);
  if (typeof value === 'string') return message.bytes(4, value).varint(20, 3);
  if (typeof value === 'number') {
    return Number.isInteger(value)
      ? message.varint(3, value).varint(20, 2)
      : message.float(2, value).varint(20, 1);
  }
  for (const each of value) message.varint(8, each);
  return message.varint(20, 7);
}

/** A graph that grows node by node. */
class Graph {
  readonly #graph = new Message();
  #count = 0;

  node(op: string, inputs: string[], attributes: Record<string, Attribute> = {}): string {
    const output = `${op}_${this.#count++}`;
    const message = new Message();
    for (const input of inputs) message.bytes(1, input);
    message.bytes(2, output).bytes(3, output).bytes(4, op);
    for (const [name, value] of Object.entries(attributes)) {
      message.bytes(5, attribute(name, value));
    }
    this.#graph.bytes(1, message);
    return output;
  }

  constant(data: Float32Array | BigInt64Array, shape: readonly number[]): string {
    const name = `constant_${this.#count++}`;
    const message = new Message();
    for (const size of shape) message.varint(1, size);
    message.varint(2, data instanceof Float32Array ? floats : integers).bytes(8, name);
    message.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    this.#graph.bytes(5, message);
    return name;
  }

  input(name: string, shape: readonly number[]): void {
    this.#graph.bytes(11, port(name, shape));
  }

  output(name: string, shape: readonly number[]): void {
    this.#graph.bytes(12, port(name, shape));
  }

  done(): Uint8Array {
    this.#graph.bytes(2, 'bench');
    const operators = new Message().bytes(1, '').varint(2, 13);
    return new Message().varint(1, 8).bytes(7, this.#graph).bytes(8, operators).done();
  }
}

function port(name: string, shape: readonly number[]): Message {
  const sizes = new Message();
  for (const size of shape) sizes.bytes(1, new Message().varint(1, size));
  const type = new Message().varint(1, floats).bytes(2, sizes);
  return new Message().bytes(1, name).bytes(2, new Message().bytes(1, type));
}

/** A value of the network: what ONNX calls it, and its height and width there. */
interface Image {
  name: string;
  size: [number, number];
}

interface Convolution {
  filter: tf.Tensor;
  bias?: tf.Tensor;
  strides: [number, number];
  same: boolean;
  /** The filter is [height, width, channels, 1]. */
  depthwise: boolean;
}

function convolve(graph: Graph, { name, size }: Image, by: Convolution): Image {
  const { filter, bias, strides, same, depthwise } = by;
  const [height = 1, width = 1, channels = 1] = filter.shape;
  const kernel = [height, width];
  // [height, width, in, out], or of each channel, to [out, in, height, width]
  const turned = filter.transpose(depthwise ? [2, 3, 0, 1] : [3, 2, 0, 1]);
  const inputs = [name, graph.constant(turned.dataSync() as Float32Array, turned.shape)];
  if (bias) inputs.push(graph.constant(bias.dataSync() as Float32Array, bias.shape));
  const sizes = size.map((of, i) => {
    const stride = strides[i] ?? 1;
    const out = same ? Math.ceil(of / stride) : Math.ceil((of - (kernel[i] ?? 1) + 1) / stride);
    const padding = same ? Math.max(0, (out - 1) * stride + (kernel[i] ?? 1) - of) : 0;
    const before = Math.floor(padding / 2);
    return { out, before, after: padding - before };
  });
  const pads = [...sizes.map(({ before }) => before), ...sizes.map(({ after }) => after)];
  const group = depthwise ? channels : 1;
  const output = graph.node('Conv', inputs, { kernel_shape: kernel, strides, pads, group });
  return { name: output, size: sizes.map(({ out }) => out) as [number, number] };
}

function upToSix(graph: Graph, { name, size }: Image): Image {
  const bounds = [0, 6].map((bound) => graph.constant(Float32Array.of(bound), []));
  return { name: graph.node('Clip', [name, ...bounds]), size };
}

function begin(graph: Graph, shape: readonly number[]): Image {
  graph.input('x', shape);
  const [, height = 1, width = 1] = shape;
  return { name: graph.node('Transpose', ['x'], { perm: [0, 3, 1, 2] }), size: [height, width] };
}

/** What a layer of TF.js says of itself, as far as it is of interest here. */
interface Settings {
  padding: string | [number[], number[]];
  strides: [number, number];
  epsilon: number;
}

/** A model of layers one after the other, as MobileNet is. */
export function onnxOfLayers(model: tf.LayersModel, shape: readonly number[]): Uint8Array {
  const graph = new Graph();
  let image = begin(graph, shape);
  for (const layer of model.layers) {
    const config = layer.getConfig() as unknown as Settings;
    const weights = layer.getWeights();
    const [height, width] = image.size;
    switch (layer.getClassName()) {
      case 'InputLayer':
      case 'Dropout':
        break;
      case 'ZeroPadding2D': {
        const [[top, bottom], [left, right]] = config.padding as [number[], number[]];
        const pads = [0, 0, top, left, 0, 0, bottom, right].map((each) => BigInt(each ?? 0));
        const amounts = graph.constant(BigInt64Array.from(pads), [8]);
        const size = [height + Number(pads[2]) + Number(pads[6])];
        size.push(width + Number(pads[3]) + Number(pads[7]));
        image = {
          name: graph.node('Pad', [image.name, amounts]),
          size: size as [number, number],
        };
        break;
      }
      case 'Conv2D':
      case 'DepthwiseConv2D': {
        const [filter, bias] = weights;
        image = convolve(graph, image, {
          filter: filter as tf.Tensor,
          ...(bias && { bias }),
          strides: config.strides,
          same: config.padding === 'same',
          depthwise: layer.getClassName() === 'DepthwiseConv2D',
        });
        break;
      }
      case 'BatchNormalization': {
        const numbers = weights.map((each) =>
          graph.constant(each.dataSync() as Float32Array, each.shape),
        );
        const { epsilon } = config;
        const name = graph.node('BatchNormalization', [image.name, ...numbers], { epsilon });
        image = { ...image, name };
        break;
      }
      case 'ReLU':
        image = upToSix(graph, image);
        break;
      case 'GlobalAveragePooling2D':
        image = { name: graph.node('GlobalAveragePool', [image.name]), size: [1, 1] };
        break;
      case 'Reshape': // of 1×1: the channels stay where they are, the last one flattens
        break;
      case 'Activation': {
        const flat = graph.node('Flatten', [image.name], { axis: 1 });
        image = { ...image, name: graph.node('Softmax', [flat], { axis: -1 }) };
        break;
      }
      default:
        throw new Error(`there is no ONNX for a layer ${layer.getClassName()} here`);
    }
  }
  graph.output(
    image.name,
    (model.outputs[0]?.shape ?? []).map((size) => size ?? 1),
  );
  return graph.done();
}

interface GraphNode {
  name: string;
  op: string;
  inputNames: string[];
  inputs: GraphNode[];
  children: GraphNode[];
  rawAttrs: Record<string, { list?: { i?: (string | number)[] }; s?: unknown } | undefined>;
}

/** A graph of convolutions, as PoseNet is. */
export function onnxOfGraph(model: tf.GraphModel, shape: readonly number[]): Uint8Array {
  const { executor } = model as unknown as {
    executor: {
      graph: { nodes: Record<string, GraphNode> };
      weightMap: Record<string, tf.Tensor[]>;
    };
  };
  const weight = (node: GraphNode | undefined) => {
    const [found] = executor.weightMap[node?.name ?? ''] ?? [];
    if (found === undefined) throw new Error(`${node?.name} is no weight`);
    return found;
  };
  const graph = new Graph();
  const images = new Map<GraphNode, Image>();
  const imageOf = (node: GraphNode): Image => {
    let image = images.get(node);
    if (image === undefined) {
      image = make(node);
      images.set(node, image);
    }
    return image;
  };
  const make = (node: GraphNode): Image => {
    const [from, other] = node.inputs;
    if (node.op === 'Placeholder') return begin(graph, shape);
    if (from === undefined) throw new Error(`${node.name} has no input`);
    if (node.op === 'Relu6') return upToSix(graph, imageOf(from));
    if (node.op !== 'BiasAdd') throw new Error(`there is no ONNX for ${node.op} here`);
    const [image, filter] = from.inputs;
    if (image === undefined) throw new Error(`${from.name} has no input`);
    const [, down, across] = (from.rawAttrs.strides?.list?.i ?? []).map(Number);
    return convolve(graph, imageOf(image), {
      filter: weight(filter),
      bias: weight(other),
      strides: [down ?? 1, across ?? 1],
      same: true,
      depthwise: from.op === 'DepthwiseConv2dNative',
    });
  };
  const last = Object.values(executor.graph.nodes).filter(
    ({ op, children }) => op !== 'Const' && children.length === 0,
  );
  for (const node of last) {
    const { name, size } = imageOf(node);
    const channels = weight(node.inputs[1]).size;
    const turned = graph.node('Transpose', [name], { perm: [0, 2, 3, 1] });
    graph.output(turned, [1, ...size, channels]);
  }
  return graph.done();
}
