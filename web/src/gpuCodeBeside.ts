// The same for scripts: in a file beside them, because most pages compute on the processor.
import { fail, messageOf } from './errors.js';
import { fileHint, ownFile } from './ownFiles.js';

type GpuCode = typeof import('./webgpu/code.js');

export async function gpuCode(): Promise<GpuCode> {
  const address = ownFile('webgpu.js');
  try {
    return await import(address);
  } catch (error) {
    fail(
      "gesso: the library's own file webgpu.js cannot be read",
      { address, reason: messageOf(error) },
      fileHint('copy webgpu.js beside worker.js'),
    );
  }
}
