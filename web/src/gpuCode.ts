// The code that computes on graphics processors, which the first model that may run there loads.
export type GpuCode = typeof import('./webgpu/code.js');

declare global {
  /** What webgpu.js gives, which is a classic script. */
  var gessoGpu: GpuCode | undefined;
}

export function gpuCode(): Promise<GpuCode> {
  return import('./webgpu/code.js');
}
