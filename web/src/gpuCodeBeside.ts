// The same for scripts of pages: in a file beside them, because most pages compute on the processor.
import { fail, messageOf } from './errors.js';
import type { GpuCode } from './gpuCode.js';
import { fileHint, ownFile } from './ownFiles.js';

export async function gpuCode(): Promise<GpuCode> {
  const address = ownFile('webgpu.js');
  try {
    await import(address);
  } catch (error) {
    fail(
      "gesso: the library's own file webgpu.js cannot be read",
      { address, reason: messageOf(error) },
      fileHint('copy webgpu.js beside worker.js'),
    );
  }
  return globalThis.gessoGpu as GpuCode;
}
