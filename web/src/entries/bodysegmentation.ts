/** Tells people from what is behind them: `gesso/bodysegmentation`. */

export type { ImageSource, Pixels } from '../image.js';
export type { Where } from '../model.js';
export {
  type BlurOptions,
  blurBackground,
  cutOut,
  type DrawTarget,
  type EdgeOptions,
  replaceBackground,
} from '../people/backgrounds.js';
export type {
  Box,
  Keypoint,
  PartName,
  Pose,
  Segmentation,
  SegmentedPart,
} from '../people/types.js';
export type { Preprocess } from '../recipe.js';
export type { Backend } from '../settings.js';
export {
  type BodySegmentation,
  type BodySegmentationOptions,
  bodySegmentation,
  type MaskType,
} from '../tasks/bodySegmentation.js';
export type { WatchOptions } from '../watch.js';
