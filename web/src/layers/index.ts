// The middle floor: layers, and models made of them.

export type { Absent, Needed } from '../options.js';
export type {
  ActivationName,
  Border,
  Constraint,
  Initializer,
  OpenShape,
  Regularizer,
} from './kinds.js';
export { Flow, Layer, type LayerOptions } from './layer.js';
export * from './layers.js';
export type {
  Batch,
  Batches,
  EvaluateOptions,
  History,
  LayersModel,
  ModelFiles,
  PredictOptions,
  Samples,
  SaveOptions,
  SaveTarget,
  WeightInfo,
} from './layersModel.js';
export {
  type CreateOptions,
  loadLayersModel,
  type ModelOptions,
  model,
  sequential,
} from './models.js';
export { deleteModel, listModels, type StoredModel } from './storage.js';
export { type InputOptions, input } from './topology.js';
export type {
  Callbacks,
  CompileOptions,
  Curve,
  EarlyStopping,
  FitOptions,
  Logs,
  Loss,
  Metric,
  Optimizer,
  Schedule,
  TrainingProgress,
} from './trainingOptions.js';
