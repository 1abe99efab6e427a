/** Names what is in a picture: `gesso/image`. */
export type { ImageSource, Pixels } from '../image.js';
export type { Where } from '../model.js';
export type { Activation } from '../recipe.js';
export type { Backend } from '../settings.js';
export type {
  ImageClassifier,
  ImageClassifierOptions,
  Label,
  Preprocess,
  WatchLabelsOptions,
} from '../tasks/imageClassifier.js';
export { imageClassifier } from '../tasks/imageClassifier.js';
export type { WatchOptions } from '../watch.js';
