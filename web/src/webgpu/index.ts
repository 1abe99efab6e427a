// Runs plans of core/backends/webgpu on any device that speaks WebGPU.
export type { Memory, SharedBuffer } from './buffers.js';
export { Device, type DeviceCounts, type DeviceOptions, openDevice } from './device.js';
export { type Limits, limitsOf } from './limits.js';
export type * from './plan.js';
export type { DoCall, Program } from './program.js';
