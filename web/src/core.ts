// The JavaScript half of each WebAssembly build.
import type { CreateCore } from './engine.js';

export function importCore(build: 'relaxed' | 'simd'): Promise<{ default: CreateCore }> {
  return build === 'relaxed' ? import('#core/relaxed') : import('#core/simd');
}
