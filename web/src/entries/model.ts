/** Models of any kind, from tensors to tensors: `gesso/model`. */

export type { BuildName } from '../engine.js';
export { type Memory, type ModelInMemory, memory, type ProgramInMemory } from '../memory.js';
export type {
  About,
  GradientOptions,
  Input,
  LayerInfo,
  LoadedModel,
  LoadModelOptions,
  LoadOptions,
  Port,
  RunOptions,
  Where,
} from '../model.js';
export { loadModel } from '../model.js';
export type { Progress } from '../progress.js';
export type { Timing } from '../runtime.js';
export type { Backend } from '../settings.js';
export type { ModelSource } from '../source.js';
export {
  type AdapterInfo,
  type RunningModel,
  type RunningOn,
  type Status,
  status,
  type Trial,
} from '../status.js';
export type { DType, NestedArray, Tensor, TypedArray } from '../tensor.js';
export { tensor } from '../tensor.js';
