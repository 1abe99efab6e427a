// Projects like those that Teachable Machine exports, made with TensorFlow.js: the same nested layers.
import * as tf from '@tensorflow/tfjs';
import { Random } from '../../web/src/random.js';

export interface MadeProject {
  /** The model of TensorFlow.js itself. */
  model: tf.LayersModel;
  /** model.json, weights.bin and metadata.json. */
  files: Map<string, Uint8Array<ArrayBuffer>>;
}

const encode = (content: unknown) =>
  Uint8Array.from(new TextEncoder().encode(JSON.stringify(content)));

/** The weights of a model, as a training might leave them: with averages that are not 0 and 1. */
function scatter(model: tf.LayersModel, seed: number): void {
  const random = new Random(seed);
  const weights = model.weights.map(({ name, shape }) => {
    const sizes = shape as number[];
    const count = sizes.reduce((product, size) => product * size, 1);
    const fan = sizes.length > 1 ? Math.sqrt(2 / (count / (sizes.at(-1) ?? 1))) : 0.1;
    const about = /variance|gamma/.test(name) ? 1 : 0;
    const data = Float32Array.from({ length: count }, () => {
      return about === 1 ? 0.8 + 0.4 * random.uniform() : fan * random.normal();
    });
    return tf.tensor(data, sizes);
  });
  model.setWeights(weights);
}

/** An inverted residual block, with the names that Keras gives its layers. */
function block(
  x: tf.SymbolicTensor,
  number: number,
  { filters, strides, expand }: { filters: number; strides: number; expand: number },
): tf.SymbolicTensor {
  const { layers } = tf;
  const name = number === 0 ? 'expanded_conv' : `block_${number}`;
  const apply = (layer: tf.layers.Layer, to: tf.SymbolicTensor) =>
    layer.apply(to) as tf.SymbolicTensor;
  const norm = (part: string) => layers.batchNormalization({ name: `${name}_${part}_BN` });
  const relu = (part: string) => layers.reLU({ maxValue: 6, name: `${name}_${part}_relu` });
  const channels = x.shape.at(-1) ?? 1;
  const conv = (part: string, filters: number) =>
    layers.conv2d({
      filters,
      kernelSize: 1,
      padding: 'same',
      useBias: false,
      name: `${name}_${part}`,
    });
  let y = x;
  if (expand > 1) {
    y = apply(conv('expand', expand * channels), y);
    y = apply(relu('expand'), apply(norm('expand'), y));
  }
  if (strides === 2) {
    const padding: [[number, number], [number, number]] = [
      [0, 1],
      [0, 1],
    ];
    y = apply(layers.zeroPadding2d({ padding, name: `${name}_pad` }), y);
  }
  y = apply(
    layers.depthwiseConv2d({
      kernelSize: 3,
      strides,
      padding: strides === 2 ? 'valid' : 'same',
      useBias: false,
      name: `${name}_depthwise`,
    }),
    y,
  );
  y = apply(relu('depthwise'), apply(norm('depthwise'), y));
  y = apply(norm('project'), apply(conv('project', filters), y));
  if (strides !== 1 || channels !== filters) return y;
  return layers.add({ name: `${name}_add` }).apply([x, y]) as tf.SymbolicTensor;
}

/** A MobileNet v2 of width 0.35, cut short, as the base of a project is cut at `out_relu`. */
function base(size: number, channels: number): tf.LayersModel {
  const { layers } = tf;
  const input = tf.input({ shape: [size, size, channels], name: 'input_1' });
  const apply = (layer: tf.layers.Layer, to: tf.SymbolicTensor) =>
    layer.apply(to) as tf.SymbolicTensor;
  const padding: [[number, number], [number, number]] = [
    [0, 1],
    [0, 1],
  ];
  let x = apply(layers.zeroPadding2d({ padding, name: 'Conv1_pad' }), input);
  const first = { filters: 16, kernelSize: 3, strides: 2, useBias: false, name: 'Conv1' };
  x = apply(layers.conv2d({ ...first, padding: 'valid' }), x);
  x = apply(layers.batchNormalization({ name: 'bn_Conv1' }), x);
  x = apply(layers.reLU({ maxValue: 6, name: 'Conv1_relu' }), x);
  const blocks = [
    { filters: 8, strides: 1, expand: 1 },
    { filters: 8, strides: 2, expand: 6 },
    { filters: 8, strides: 1, expand: 6 },
    { filters: 16, strides: 2, expand: 6 },
    { filters: 16, strides: 1, expand: 6 },
    { filters: 24, strides: 2, expand: 6 },
  ];
  for (const [number, sizes] of blocks.entries()) x = block(x, number, sizes);
  x = apply(layers.conv2d({ filters: 128, kernelSize: 1, useBias: false, name: 'Conv_1' }), x);
  x = apply(layers.batchNormalization({ name: 'Conv_1_bn' }), x);
  x = apply(layers.reLU({ maxValue: 6, name: 'out_relu' }), x);
  return tf.model({ inputs: input, outputs: x });
}

/** An image project: Sequential [ Sequential [ base, mean ], Sequential [ dense, dense ] ]. */
export async function imageProject(
  labels: readonly string[],
  { size = 224, grayscale = false } = {},
): Promise<MadeProject> {
  const { layers } = tf;
  const truncated = base(size, grayscale ? 1 : 3);
  const features = tf.sequential();
  features.add(truncated);
  features.add(layers.globalAveragePooling2d({}));
  const head = tf.sequential({
    layers: [
      layers.dense({ inputShape: [128], units: 100, activation: 'relu' }),
      layers.dense({ units: labels.length, useBias: false, activation: 'softmax' }),
    ],
  });
  const model = tf.sequential();
  model.add(features);
  model.add(head);
  scatter(model, 3);
  return saved(model, {
    tfjsVersion: '1.3.1',
    tmVersion: '2.4.7',
    packageVersion: '0.8.4-alpha2',
    packageName: '@teachablemachine/image',
    timeStamp: '2026-01-01T00:00:00.000Z',
    userMetadata: {},
    modelName: 'tm-my-image-model',
    labels,
    imageSize: size,
    ...(grayscale && { grayscale }),
  });
}

/** A pose project: dense layers over what PoseNet sees in 257 × 257 pixels. */
export async function poseProject(labels: readonly string[]): Promise<MadeProject> {
  const { layers } = tf;
  const model = tf.sequential({
    layers: [
      layers.dense({ inputShape: [17 * 17 * 51], units: 100, activation: 'relu' }),
      layers.dropout({ rate: 0.5 }),
      layers.dense({ units: labels.length, useBias: false, activation: 'softmax' }),
    ],
  });
  scatter(model, 5);
  // Offsets are some hundred pixels: with smaller weights the answer is not all or nothing.
  model.setWeights(model.getWeights().map((weight) => weight.mul(0.1)));
  return saved(model, {
    packageVersion: '0.8.4',
    packageName: '@teachablemachine/pose',
    timeStamp: '2026-01-01T00:00:00.000Z',
    userMetadata: {},
    modelName: 'my-pose-model',
    labels,
    modelSettings: {
      posenet: {
        architecture: 'MobileNetV1',
        outputStride: 16,
        inputResolution: 257,
        multiplier: 0.75,
      },
    },
  });
}

async function saved(model: tf.LayersModel, metadata: object): Promise<MadeProject> {
  const files: MadeProject['files'] = new Map();
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const group = { paths: ['weights.bin'], weights: weightSpecs };
      files.set('model.json', encode({ modelTopology, weightsManifest: [group] }));
      files.set('weights.bin', new Uint8Array(weightData as ArrayBuffer));
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
    }),
  );
  files.set('metadata.json', encode(metadata));
  return { model, files };
}
