// The same for scripts of pages: in a file beside them, because most pages compute on the processor.
import type { GpuCode } from './gpuCode.js';
import { ownFile, refuseScript } from './ownFiles.js';

export async function gpuCode(): Promise<GpuCode> {
  const address = ownFile('webgpu.js');
  try {
    await import(address);
  } catch (error) {
    refuseScript('webgpu.js', address, error);
  }
  return globalThis.gessoGpu as GpuCode;
}
