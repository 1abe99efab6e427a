/**
 * gesso: machine learning that runs in your browser tab.
 *
 *     import { imageClassifier } from 'gesso';
 *
 *     const classifier = await imageClassifier('mobilenet');
 *     console.log(await classifier.classify(document.querySelector('img')));
 *     // [{ label: 'espresso', confidence: 0.93, index: 967 }, …]
 *
 * This file is what a page or a program can import, and nothing else.
 */
export { MLError } from './errors.js';
export type { ImageSource, Pixels } from './image.js';
export * from './layers/index.js';
export { type Memory, type ModelInMemory, memory } from './memory.js';
export type {
  About,
  GradientOptions,
  Input,
  LoadedModel,
  LoadOptions,
  Port,
  RunOptions,
} from './model.js';
export { loadModel } from './model.js';
export {
  type CachedModel,
  cachedModels,
  clearModelCache,
  type PinOptions,
  pinModel,
  uncacheModel,
  unpinModel,
} from './models.js';
export { type OfflineFiles, type OfflineOptions, type OfflineTarget, offline } from './offline.js';
export type { Progress } from './progress.js';
export type { Timing } from './runtime.js';
export { setDeterministic, setModelPath, setWasmPath } from './settings.js';
export type { ModelSource } from './source.js';
export type {
  ImageClassifier,
  ImageClassifierOptions,
  Label,
  Preprocess,
  WatchOptions,
} from './tasks/imageClassifier.js';
export { imageClassifier } from './tasks/imageClassifier.js';
export type {
  DataOptions,
  EpochLogs,
  Estimate,
  NeuralNetwork,
  NeuralNetworkOptions,
  Row,
  TrainOptions,
  Value,
} from './tasks/neuralNetwork.js';
export { neuralNetwork } from './tasks/neuralNetwork.js';
export type { DType, NestedArray, Tensor, TypedArray } from './tensor.js';
export { tensor } from './tensor.js';
export type { Loading } from './usable.js';
