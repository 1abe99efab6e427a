/**
 * ml5's functions over gesso's tasks: names, options, callbacks and results as ml5 has them.
 *
 *     import ml5 from 'gesso/ml5';
 *
 *     const classifier = ml5.imageClassifier('MobileNet');
 *     classifier.classify(img, (results) => console.log(results[0].label));
 */
import { fail } from '../errors.js';
import { nearest } from '../options.js';
import { setP5 } from '../p5.js';
import { setModelPath, setBackend as setOwnBackend, setWasmPath } from '../settings.js';
import { show } from '../tensor.js';
import { missing } from './missing.js';
import * as tasks from './tasks.js';

export type { Callback } from './calls.js';
export type { Instance } from './instance.js';
export * from './tasks.js';

const backends = ['cpu', 'webgl', 'webgpu', 'wasm'];

/**
 * What computes the models that are loaded from now on: with `'webgpu'` each is tried on the graphics
 * processor, where there is one; all other names of ml5's mean WebAssembly.
 *
 * @returns true
 * @throws MLError for a name that nobody knows
 */
export function setBackend(backend: string): true {
  if (backends.includes(backend)) {
    setOwnBackend(backend === 'webgpu' ? 'auto' : 'wasm');
    return true;
  }
  fail(
    'ml5.setBackend: there is no such backend',
    { given: show(backend), known: backends.join(', ') },
    `'${nearest(String(backend), backends)}'`,
  );
}

/** The version of ml5 whose functions these are. */
export const version = '1.4.0';

export { setModelPath, setP5, setWasmPath };

const ml5 = { ...missing, ...tasks, setBackend, setModelPath, setP5, setWasmPath, version };

export default ml5;
