/** Layers, and models made of them: `gesso/layers`. */
export * from '../layers/index.js';
