/** Names what is in a picture: `gesso/image`. */
export type { ImageSource, Pixels } from '../image.js';
export type {
  ImageClassifier,
  ImageClassifierOptions,
  Label,
  Preprocess,
  WatchOptions,
} from '../tasks/imageClassifier.js';
export { imageClassifier } from '../tasks/imageClassifier.js';
