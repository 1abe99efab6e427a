// The code that computes on graphics processors, which the first model that may run there loads.
type GpuCode = typeof import('./webgpu/code.js');

export function gpuCode(): Promise<GpuCode> {
  return import('./webgpu/code.js');
}
