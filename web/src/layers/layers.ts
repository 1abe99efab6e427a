// Every layer there is, with the options it takes: Keras's names and meanings.
import { absent, needed } from '../options.js';
import {
  activationName,
  activations,
  border,
  choice,
  constraint,
  flag,
  fraction,
  initializer,
  natural,
  pair,
  positive,
  real,
  regularizer,
  whole,
  wholes,
} from './kinds.js';
import { Layer, layer } from './layer.js';

const wrapped = absent<Layer>('a layer', 'lstm({ units: 32 })', (value) => value instanceof Layer);

const penalty = {
  /** What large results of the layer cost; nothing if left out. */
  activityRegularizer: regularizer(),
};

const biased = {
  /** Whether a bias is added; true if left out. */
  useBias: flag(false),
  /** What the bias begins with; `zeros` if left out. */
  biasInitializer: initializer(),
  /** What a large bias costs; nothing if left out. */
  biasRegularizer: regularizer(),
  /** What the bias is held to after each update; nothing if left out. */
  biasConstraint: constraint(),
};

const kernel = {
  /** What the kernel begins with; `glorotUniform` if left out. */
  kernelInitializer: initializer(),
  /** What large weights of the kernel cost; nothing if left out. */
  kernelRegularizer: regularizer(),
  /** What the kernel is held to after each update; nothing if left out. */
  kernelConstraint: constraint(),
};

const depthwise = {
  /** Channels that come out for each that goes in, from 1; 1 if left out. */
  depthMultiplier: whole(1, 2),
  /** What the kernel of each channel begins with; `glorotUniform` if left out. */
  depthwiseInitializer: initializer(),
  /** What large weights of that kernel cost; nothing if left out. */
  depthwiseRegularizer: regularizer(),
  /** What that kernel is held to after each update; nothing if left out. */
  depthwiseConstraint: constraint(),
};

const ends = {
  /** The function that the result goes through; `linear` if left out. */
  activation: activationName(),
};

const channels = {
  /** Whether channels are the last axis or the second; `channelsLast` if left out. */
  dataFormat: choice(['channelsLast', 'channelsFirst']),
};

const sides = {
  /** `valid`: only where the window fits; `same`: zeros beside the picture. `valid` if left out. */
  padding: choice(['valid', 'same']),
};

const window2d = [
  {
    /** Steps of the window in pixels, from 1: one number or [vertical, horizontal]; 1 if left out. */
    strides: pair(1, 2),
    /** Distance of the pixels in a window, from 1; 1 if left out. Not together with strides. */
    dilationRate: pair(1, 2),
  },
  channels,
  sides,
] as const;

const filter2d = [
  {
    /** Height and width of the window in pixels, from 1: one number, or two. */
    kernelSize: needed(pair(1, 3)),
  },
  ...window2d,
  biased,
  ends,
  penalty,
] as const;

/** Fully connected: y = activation(x · kernel + bias), over the last axis. */
export const dense = layer('dense', 'Dense', [
  {
    /** Numbers that come out, from 1. */
    units: needed(whole(1, 32)),
  },
  ends,
  kernel,
  biased,
  penalty,
]);

/** Convolution along one axis: [samples, steps, channels] to [samples, steps, filters]. */
export const conv1d = layer('conv1d', 'Conv1D', [
  {
    /** Channels that come out, from 1. */
    filters: needed(whole(1, 32)),
    /** Length of the window in steps, from 1. */
    kernelSize: needed(whole(1, 3)),
    /** Steps that the window moves, from 1; 1 if left out. */
    strides: whole(1, 2),
    /** `causal`: a step sees itself and what came before. `valid` if left out. */
    padding: choice(['valid', 'same', 'causal']),
    /** Distance of the steps in a window, from 1; 1 if left out. */
    dilationRate: whole(1, 2),
  },
  channels,
  kernel,
  biased,
  ends,
  penalty,
]);

/** Convolution of pictures: [samples, height, width, channels] to as many channels as filters. */
export const conv2d = layer('conv2d', 'Conv2D', [
  {
    /** Channels that come out, from 1. */
    filters: needed(whole(1, 16)),
  },
  ...filter2d,
  kernel,
]);

/** Convolution of each channel by itself. */
export const depthwiseConv2d = layer('depthwiseConv2d', 'DepthwiseConv2D', [
  ...filter2d,
  depthwise,
]);

/** Convolution of each channel by itself, then of all channels at each pixel. */
export const separableConv2d = layer('separableConv2d', 'SeparableConv2D', [
  {
    /** Channels that come out, from 1. */
    filters: needed(whole(1, 16)),
    /** What the kernel over channels begins with; `glorotUniform` if left out. */
    pointwiseInitializer: initializer(),
    /** What large weights of that kernel cost; nothing if left out. */
    pointwiseRegularizer: regularizer(),
    /** What that kernel is held to after each update; nothing if left out. */
    pointwiseConstraint: constraint(),
  },
  ...filter2d,
  depthwise,
]);

/** The way back of a convolution: makes pictures larger where it has strides. */
export const conv2dTranspose = layer('conv2dTranspose', 'Conv2DTranspose', [
  {
    /** Channels that come out, from 1. */
    filters: needed(whole(1, 16)),
  },
  ...filter2d,
  kernel,
]);

const pool1d = [
  {
    /** Length of the window in steps, from 1; 2 if left out. */
    poolSize: whole(1, 2),
    /** Steps that the window moves, from 1; the length of the window if left out. */
    strides: whole(1, 2),
  },
  sides,
] as const;

const pool2d = [
  {
    /** Height and width of the window in pixels, from 1; 2 if left out. */
    poolSize: pair(1, 2),
    /** Steps of the window in pixels, from 1; the size of the window if left out. */
    strides: pair(1, 2),
  },
  sides,
  channels,
] as const;

/** The largest number of each window, along one axis. */
export const maxPooling1d = layer('maxPooling1d', 'MaxPooling1D', pool1d);
/** The largest number of each window of a picture. */
export const maxPooling2d = layer('maxPooling2d', 'MaxPooling2D', pool2d);
/** The mean of each window, along one axis. */
export const averagePooling1d = layer('averagePooling1d', 'AveragePooling1D', pool1d);
/** The mean of each window of a picture. */
export const averagePooling2d = layer('averagePooling2d', 'AveragePooling2D', pool2d);
/** The largest number of each channel over all steps: [samples, channels]. */
export const globalMaxPooling1d = layer('globalMaxPooling1d', 'GlobalMaxPooling1D', []);
/** The largest number of each channel over the picture: [samples, channels]. */
export const globalMaxPooling2d = layer('globalMaxPooling2d', 'GlobalMaxPooling2D', [channels]);
/** The mean of each channel over all steps: [samples, channels]. */
export const globalAveragePooling1d = layer('globalAveragePooling1d', 'GlobalAveragePooling1D', []);
/** The mean of each channel over the picture: [samples, channels]. */
export const globalAveragePooling2d = layer('globalAveragePooling2d', 'GlobalAveragePooling2D', [
  channels,
]);

/** All numbers of a sample in one row. */
export const flatten = layer('flatten', 'Flatten', [channels]);

/** The same numbers in another shape. */
export const reshape = layer('reshape', 'Reshape', [
  {
    /** The shape of one sample; one size may be -1, for whatever is left. */
    targetShape: needed(wholes(-1, '[7, 7, 16]')),
  },
]);

/** The axes in another order. */
export const permute = layer('permute', 'Permute', [
  {
    /** The axes of a sample in their new order, counted from 1: [2, 1] swaps two. */
    dims: needed(wholes(1, '[2, 1]')),
  },
]);

/** The same row n times: [samples, features] to [samples, n, features]. */
export const repeatVector = layer('repeatVector', 'RepeatVector', [
  {
    /** How many times, from 1. */
    n: needed(whole(1, 10)),
  },
]);

/** Pictures enlarged. */
export const upSampling2d = layer('upSampling2d', 'UpSampling2D', [
  {
    /** Factors on height and width, from 1; 2 if left out. */
    size: pair(1, 2),
    /** What is between two pixels; `nearest` if left out. */
    interpolation: choice(['nearest', 'bilinear']),
  },
  channels,
]);

/** Zeros around pictures. */
export const zeroPadding2d = layer('zeroPadding2d', 'ZeroPadding2D', [
  {
    /** Rows and columns to add, from 0; 1 on each side if left out. */
    padding: border(),
  },
  channels,
]);

/** Pictures without their edges. */
export const cropping2d = layer('cropping2d', 'Cropping2D', [
  {
    /** Rows and columns to take away, from 0. */
    cropping: needed(border()),
  },
  channels,
]);

/** A row of numbers for each word: whole numbers in, [samples, steps, outputDim] out. */
export const embedding = layer('embedding', 'Embedding', [
  {
    /** How many words there are, from 1: numbers from 0 to inputDim − 1 go in. */
    inputDim: needed(whole(1, 1000)),
    /** Length of the row of each word, from 1. */
    outputDim: needed(whole(1, 16)),
    /** Words of a sample, from 1; may differ from run to run if left out. */
    inputLength: whole(1, 40),
    /** Whether word 0 stands for nothing, and later layers leave it out; false if left out. */
    maskZero: flag(true),
    /** What the rows begin with; `randomUniform` if left out. */
    embeddingsInitializer: initializer(),
    /** What large numbers in the rows cost; nothing if left out. */
    embeddingsRegularizer: regularizer(),
    /** What the rows are held to after each update; nothing if left out. */
    embeddingsConstraint: constraint(),
  },
  penalty,
]);

const recurrent = [
  {
    /** Numbers in its state, and that come out, from 1. */
    units: needed(whole(1, 32)),
    /** The function that new states go through; `tanh` if left out. */
    activation: activationName(),
    /** What the kernel of the state begins with; `orthogonal` if left out. */
    recurrentInitializer: initializer(),
    /** What large weights of that kernel cost; nothing if left out. */
    recurrentRegularizer: regularizer(),
    /** What that kernel is held to after each update; nothing if left out. */
    recurrentConstraint: constraint(),
    /** Part of the input that is left out at random in training, from 0 to below 1; 0 if left out. */
    dropout: fraction(0.2),
    /** Part of the state that is left out at random in training, from 0 to below 1; 0 if left out. */
    recurrentDropout: fraction(0.2),
    /** Whether a result comes out for every step, or only for the last; false if left out. */
    returnSequences: flag(true),
    /** Whether the last state comes out too, in `states` of the result; false if left out. */
    returnState: flag(true),
    /** Whether steps are read from the last to the first; false if left out. */
    goBackwards: flag(true),
    /** Whether the state stays for the next batch; false if left out. */
    stateful: flag(true),
  },
  kernel,
  biased,
  penalty,
] as const;

const gated = [
  {
    /** The function of the gates; `sigmoid` if left out. */
    recurrentActivation: activationName(),
  },
  ...recurrent,
] as const;

const usualGates = { activation: 'tanh', recurrentActivation: 'sigmoid' } as const;

/** A recurrent layer: h = activation(x · kernel + h · recurrent kernel + bias) at each step. */
export const simpleRNN = layer('simpleRNN', 'SimpleRNN', recurrent, { activation: 'tanh' });

/** Long short-term memory: [samples, steps, features] to [samples, units]. */
export const lstm = layer(
  'lstm',
  'LSTM',
  [
    {
      /** Whether the bias of the forget gate begins with 1; true if left out. */
      unitForgetBias: flag(false),
    },
    ...gated,
  ],
  { ...usualGates, unitForgetBias: true },
);

/** Gated recurrent units: [samples, steps, features] to [samples, units]. */
export const gru = layer(
  'gru',
  'GRU',
  [
    {
      /** Whether the reset gate comes after the product with the kernel; false if left out. */
      resetAfter: flag(true),
    },
    ...gated,
  ],
  { ...usualGates, resetAfter: false },
);

/** A recurrent layer that reads in both directions. */
export const bidirectional = layer('bidirectional', 'Bidirectional', [
  {
    /** The recurrent layer. */
    layer: needed(wrapped),
    /** How the two results become one; `concat` if left out. */
    mergeMode: choice(['concat', 'sum', 'mul', 'ave']),
  },
]);

/** A layer that is applied to every step by itself, with the mask of what lies inside the step. */
export const timeDistributed = layer('timeDistributed', 'TimeDistributed', [
  {
    /** The layer. */
    layer: needed(wrapped),
  },
]);

const leftOut = {
  /** Part that is left out at random in training, from 0 to below 1. */
  rate: needed(fraction(0.5)),
  /** Random numbers of its own; if left out they follow from the seed of the model. */
  seed: whole(0, 1),
};

/** Sets a part of the numbers to 0 in training, and enlarges the others to make up for it. */
export const dropout = layer('dropout', 'Dropout', [
  {
    /** The shape of the choice; a size of 1 makes it once for the whole axis. */
    noiseShape: wholes(1, '[1, 1, 16]'),
  },
  leftOut,
]);
/** Dropout of whole channels, along one axis. */
export const spatialDropout1d = layer('spatialDropout1d', 'SpatialDropout1D', [leftOut]);
/** Dropout of whole channels of pictures. */
export const spatialDropout2d = layer('spatialDropout2d', 'SpatialDropout2D', [leftOut, channels]);
/** Adds normal noise in training. */
export const gaussianNoise = layer('gaussianNoise', 'GaussianNoise', [
  {
    /** Standard deviation of the noise, from 0. */
    stddev: needed(natural(0.1)),
  },
]);
/** Multiplies by normal noise around 1 in training. */
export const gaussianDropout = layer('gaussianDropout', 'GaussianDropout', [
  {
    /** Strength, from 0 to below 1: the standard deviation is √(rate / (1 − rate)). */
    rate: needed(fraction(0.2)),
  },
]);
/** Dropout that keeps mean and variance, for the activation `selu`. */
export const alphaDropout = layer('alphaDropout', 'AlphaDropout', [
  {
    /** Part that is left out at random in training, from 0 to below 1. */
    rate: needed(fraction(0.2)),
  },
]);

/** Marks steps whose numbers are all equal to one value, so that later layers leave them out. */
export const masking = layer('masking', 'Masking', [
  {
    /** The value; 0 if left out. */
    maskValue: real(0),
  },
]);

const centred = {
  /** A small number that keeps the division finite, above 0; 0.001 if left out. */
  epsilon: positive(0.001),
  /** Whether a learned β is added; true if left out. */
  center: flag(false),
  /** Whether a learned γ is multiplied; true if left out. */
  scale: flag(false),
  /** What β begins with; `zeros` if left out. */
  betaInitializer: initializer(),
  /** What γ begins with; `ones` if left out. */
  gammaInitializer: initializer(),
  /** What a large β costs; nothing if left out. */
  betaRegularizer: regularizer(),
  /** What a large γ costs; nothing if left out. */
  gammaRegularizer: regularizer(),
};

/** y = γ (x − mean) / √(variance + ε) + β, over the batch in training, moving averages after it. */
export const batchNormalization = layer('batchNormalization', 'BatchNormalization', [
  {
    /** The axis of the channels; the last if left out. */
    axis: whole(-8, -1),
    /** How much of the moving averages stays at each step, from 0 to below 1; 0.99 if left out. */
    momentum: fraction(0.9),
    /** What β is held to after each update; nothing if left out. */
    betaConstraint: constraint(),
    /** What γ is held to after each update; nothing if left out. */
    gammaConstraint: constraint(),
    /** What the moving mean begins with; `zeros` if left out. */
    movingMeanInitializer: initializer(),
    /** What the moving variance begins with; `ones` if left out. */
    movingVarianceInitializer: initializer(),
  },
  centred,
]);

const axes = (example: string) =>
  absent<number | readonly number[]>(
    'a whole number, or a list of them',
    example,
    (value) => Number.isInteger(value) || (Array.isArray(value) && value.every(Number.isInteger)),
  );

/** y = γ (x − mean) / √(variance + ε) + β, over each sample by itself. */
export const layerNormalization = layer('layerNormalization', 'LayerNormalization', [
  {
    /** The axes that are brought to one mean and variance; the last if left out. */
    axis: axes('-1'),
  },
  centred,
]);

/** An activation function as a layer of its own. */
export const activation = layer('activation', 'Activation', [
  {
    /** The function. */
    activation: needed(choice(activations)),
  },
]);
/** max(x, 0), and at most `maxValue`. */
export const relu = layer('relu', 'ReLU', [
  {
    /** The largest result, from 0; none if left out. */
    maxValue: natural(6),
  },
]);
/** x where it is above 0, else α x. */
export const leakyReLU = layer('leakyReLU', 'LeakyReLU', [
  {
    /** Slope below 0, from 0; 0.3 if left out. */
    alpha: natural(0.3),
  },
]);
/** x where it is above 0, else α x with a learned α. */
export const prelu = layer('prelu', 'PReLU', [
  {
    /** What α begins with; `zeros` if left out. */
    alphaInitializer: initializer(),
    /** What a large α costs; nothing if left out. */
    alphaRegularizer: regularizer(),
    /** What α is held to after each update; nothing if left out. */
    alphaConstraint: constraint(),
    /** Axes along which all numbers have the same α, from 1; none if left out. */
    sharedAxes: wholes(1, '[1, 2]'),
  },
]);
/** x where it is above 0, else α (exp(x) − 1). */
export const elu = layer('elu', 'ELU', [
  {
    /** How far below 0 it goes, from 0; 1 if left out. */
    alpha: natural(1),
  },
]);
/** x where it is above θ, else 0. */
export const thresholdedReLU = layer('thresholdedReLU', 'ThresholdedReLU', [
  {
    /** The threshold, from 0; 1 if left out. */
    theta: natural(1),
  },
]);
/** exp(x) / Σ exp(x): numbers above 0 that make 1 together. */
export const softmax = layer('softmax', 'Softmax', [
  {
    /** The axis to sum over; the last if left out. */
    axis: whole(-8, -1),
  },
]);

/** The sum of its inputs. */
export const add = layer('add', 'Add', []);
/** The product of its inputs, number by number. */
export const multiply = layer('multiply', 'Multiply', []);
/** The mean of its inputs. */
export const average = layer('average', 'Average', []);
/** The larger of its inputs, number by number. */
export const maximum = layer('maximum', 'Maximum', []);
/** The smaller of its inputs, number by number. */
export const minimum = layer('minimum', 'Minimum', []);
/** Its inputs one after the other. */
export const concatenate = layer('concatenate', 'Concatenate', [
  {
    /** The axis along which they follow each other; the last if left out. */
    axis: whole(-8, -1),
  },
]);
/** The sum of the products of two inputs along an axis of each. */
export const dot = layer('dot', 'Dot', [
  {
    /** The axis, or one for each input, counted with that of the samples. */
    axes: needed(axes('1')),
    /** Whether rows are brought to length 1 first: the result is then a cosine. false if left out. */
    normalize: flag(true),
  },
]);

/** x × scale + offset: brings pixels from 0 … 255 to 0 … 1 inside the model. */
export const rescaling = layer('rescaling', 'Rescaling', [
  {
    /** The factor. */
    scale: needed(real(1 / 255)),
    /** What is added; 0 if left out. */
    offset: real(0),
  },
]);
