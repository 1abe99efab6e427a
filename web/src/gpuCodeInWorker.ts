// The same for the worker, a classic script: bundlers that meet import() in one make it a module.
import { fail, messageOf } from './errors.js';
import type { GpuCode } from './gpuCode.js';
import { fileHint, ownFile } from './ownFiles.js';

export async function gpuCode(): Promise<GpuCode> {
  const address = ownFile('webgpu.js');
  try {
    if (globalThis.gessoGpu === undefined) importScripts(address);
  } catch (error) {
    fail(
      "gesso: the library's own file webgpu.js cannot be read",
      { address, reason: messageOf(error) },
      fileHint('copy webgpu.js beside worker.js'),
    );
  }
  return globalThis.gessoGpu as GpuCode;
}
