// All that pages load to compute on a graphics processor. Keeps no settings: it may be a file of its own.
import type { CreateCore } from '../engine.js';

export { accelerator } from './accelerator.js';
export { DeviceTraining } from './training.js';
export { runTrial, Trials } from './trials.js';
export { DeviceWriting } from './writing.js';

/** The JavaScript half of a WebAssembly build that can plan. */
export function importPlanner(
  build: 'relaxed-webgpu' | 'simd-webgpu',
): Promise<{ default: CreateCore }> {
  return build === 'relaxed-webgpu' ? import('#core/relaxed-webgpu') : import('#core/simd-webgpu');
}
