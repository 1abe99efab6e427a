/** Why a network says what it says, how easily it is deceived, and what it dreams of: `gesso/explain`. */
export type { ImageSource, Pixels } from '../image.js';
export type { LoadedModel } from '../model.js';
export type { DrawTarget } from '../people/backgrounds.js';
export type { Preprocess } from '../recipe.js';
export { attack, drawSaliency, imagine, saliency } from '../tasks/explain.js';
export type { ImageClassifier, Label } from '../tasks/imageClassifier.js';
export type {
  Attack,
  AttackOptions,
  DrawSaliencyOptions,
  Explainable,
  ExplainOptions,
  ExplainProgress,
  Imagined,
  ImagineOptions,
  ImagineProgress,
  Saliency,
  SaliencyOptions,
} from '../teach/explain/types.js';
