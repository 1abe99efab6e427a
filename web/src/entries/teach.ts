/** Teaches a model new classes from a few pictures: `gesso/teach`. */
export type { ImageSource, Pixels } from '../image.js';
export type { ModelFiles, SaveTarget } from '../layers/layersModel.js';
export type { Where } from '../model.js';
export type { Progress } from '../progress.js';
export type { Preprocess } from '../recipe.js';
export type { Backend } from '../settings.js';
export {
  type AddImageOptions,
  type Augment,
  type CaptureOptions,
  type ClassAccuracy,
  type Evaluation,
  type Example,
  type ExampleWarning,
  type FeatureExtractor,
  type FeatureExtractorOptions,
  type FineTune,
  featureExtractor,
  type LabelCount,
  type LabelledPicture,
  type LayerChoice,
  type Mistake,
  type NearestExample,
  type OpenProjectOptions,
  openProject,
  type ProjectCard,
  type SaveProjectOptions,
  type TeachLogs,
  type TeachOptions,
  type TeachProgress,
  type TeachResult,
  type TeachTask,
  type UseLayerOptions,
} from '../tasks/featureExtractor.js';
export type { Label } from '../tasks/imageClassifier.js';
export type { Estimate } from '../tasks/neuralNetwork.js';
export type { WatchOptions } from '../watch.js';
