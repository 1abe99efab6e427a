/** ml5's functions over gesso's tasks: `gesso/ml5`. */
export * from '../ml5/index.js';
export { default } from '../ml5/index.js';
