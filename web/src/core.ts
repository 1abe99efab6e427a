// The JavaScript half of each WebAssembly build.
import type { BuildName, CreateCore } from './engine.js';

export function importCore(build: BuildName): Promise<{ default: CreateCore }> {
  return build === 'relaxed' ? import('#core/relaxed') : import('#core/simd');
}
