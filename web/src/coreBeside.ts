// The JavaScript half of each WebAssembly build, for gesso.js: in files beside it, because only pages
// without a worker need it.
import type { CreateCore } from './engine.js';
import { ownFile } from './ownFiles.js';

export function importCore(build: 'relaxed' | 'simd'): Promise<{ default: CreateCore }> {
  return import(new URL(`core-${build}.js`, ownFile('worker.js')).href);
}
