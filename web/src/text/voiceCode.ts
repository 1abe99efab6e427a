// All that charRNN() needs beside what every page has.
export { checkpoints, deleteCheckpoint } from './checkpoints.js';
export { previewText } from './clean.js';
export { memorisation } from './memorisation.js';
export { Voice } from './voice.js';
