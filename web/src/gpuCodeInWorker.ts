// The same for the worker, a classic script: bundlers that meet import() in one make it a module.
import type { GpuCode } from './gpuCode.js';
import { ownFile, refuseScript } from './ownFiles.js';

export async function gpuCode(): Promise<GpuCode> {
  const address = ownFile('webgpu.js');
  try {
    if (globalThis.gessoGpu === undefined) importScripts(address);
  } catch (error) {
    refuseScript('webgpu.js', address, error);
  }
  return globalThis.gessoGpu as GpuCode;
}
