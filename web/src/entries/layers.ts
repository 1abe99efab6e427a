/** Layers, and models made of them: `gesso/layers`. */
export * from '../layers/index.js';
export type { Where } from '../model.js';
export type { Backend } from '../settings.js';
