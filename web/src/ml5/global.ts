// For a script tag in place of ml5's: all that the global variable `ml5` holds.
export { default } from './index.js';
