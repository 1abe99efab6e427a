/**
 * gesso: machine learning that runs in your browser tab.
 *
 *     import { imageClassifier } from 'gesso';
 *
 *     const classifier = await imageClassifier('mobilenet');
 *     console.log(await classifier.classify(document.querySelector('img')));
 *     // [{ label: 'espresso', confidence: 0.93, index: 967 }, …]
 *
 * This file is what a page or a program can import, and nothing else. Each line from `entries` is also
 * a name of its own, such as `gesso/image`.
 */
export * from './entries/bodypose.js';
export * from './entries/bodysegmentation.js';
export * from './entries/cache.js';
export * from './entries/charrnn.js';
export * from './entries/explain.js';
export * from './entries/facemesh.js';
export * from './entries/image.js';
export * from './entries/knn.js';
export * from './entries/layers.js';
export * from './entries/maps.js';
export * from './entries/model.js';
export * from './entries/network.js';
export * from './entries/overlay.js';
export * from './entries/profile.js';
export * from './entries/teach.js';
export * from './entries/teachable.js';
export { MLError } from './errors.js';
export { type P5, type P5Image, setP5 } from './p5.js';
export { p5Image } from './p5Image.js';
export {
  type BackendOptions,
  setBackend,
  setDeterministic,
  setModelPath,
  setThreads,
  setWasmPath,
} from './settings.js';
export type { Loading } from './usable.js';
