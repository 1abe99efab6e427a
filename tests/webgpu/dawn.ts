// WebGPU in Node: Dawn.
import { create, globals } from 'webgpu';
import { hasDriver, swiftShader } from './driver.mjs';
import type { Host } from './host.js';
import { Session } from './session.js';

export { hasDriver };

/** What a page has as navigator.gpu. */
export function dawn(): GPU {
  if (!hasDriver()) {
    throw new Error(`webgpu: there is no driver.\n  file  ${swiftShader}\n  Try: VK_ICD_FILENAMES`);
  }
  process.env.VK_ICD_FILENAMES ??= swiftShader; // read when Vulkan is loaded
  Object.assign(globalThis, globals);
  return create([]);
}

/** The same without a driver: it has every feature, checks shaders, and computes nothing. */
export function checker(): GPU {
  Object.assign(globalThis, globals);
  return create(['backend=null']);
}

export async function openDawn(ask: 'most' | 'least'): Promise<Host> {
  const gpu = dawn();
  const session = await Session.open(gpu, ask);
  return {
    handle: (request) => session.handle(request),
    close: async () => {
      session.dispose();
      void gpu; // it must outlive its devices
    },
  };
}
