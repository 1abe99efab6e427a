// What is asked of a network about one of its answers, and what is told of it.
import type { ImageSource, Pixels } from '../../image.js';
import type { LoadedModel } from '../../model.js';
import type { Preprocess } from '../../recipe.js';
import type { FeatureExtractor } from '../../tasks/featureExtractor.js';
import type { ImageClassifier, Label } from '../../tasks/imageClassifier.js';
import type { TeachableMachine } from '../teachable/types.js';

/** What can be asked why it says what it says. */
export type Explainable = ImageClassifier | FeatureExtractor | LoadedModel | TeachableMachine;

/** How far something that takes a while has come. */
export interface ExplainProgress {
  /** Steps that are done. */
  step: number;
  /** Steps in all. */
  of: number;
}

/** What all questions share. */
export interface ExplainOptions {
  /**
   * How a picture becomes numbers, for a model that does not know it; each part given wins over what the
   * model knows.
   */
  preprocess?: Partial<Preprocess>;
  /** Stops the work, which then rejects with the signal's reason. */
  signal?: AbortSignal;
}

export interface SaliencyOptions extends ExplainOptions {
  /** The class that is asked about, by its name or its position; the surest answer if left out. */
  label?: string | number;
  /**
   * `gradient`: how strongly each pixel would change the answer, one backward pass for each of `samples`.
   * `occlusion`: how much the answer suffers when a grey patch hides a part; slower, and easier to explain.
   */
  method?: 'gradient' | 'occlusion';
  /**
   * For `gradient`: over how many noisy copies of the picture the map is averaged, which makes it calmer
   * (Smilkov et al., "SmoothGrad", 2017), 1 to 1000; 8 if left out, 1 for the plain gradient.
   */
  samples?: number;
  /** For `occlusion`: the side of the patch as a part of the shorter side, 0.01 to 1; 0.2 if left out. */
  patch?: number;
  /** Of the noise: a whole number; 0 if left out. */
  seed?: number;
  /** Told after every pass. */
  onProgress?: (progress: ExplainProgress) => void;
}

/** Which parts of a picture an answer hangs on. */
export interface Saliency {
  /** Of the picture, in pixels. */
  width: number;
  height: number;
  /**
   * One number for each pixel, row by row, 0 to 1: 1 where the answer hangs on the pixel the most.
   * What the model does not see, such as what its square cuts off, is 0.
   */
  values: Float32Array;
  /** The class that was asked about. */
  label: string;
  /** Its position among the outputs of the model. */
  index: number;
  /** How sure the model is of it. */
  confidence: number;
}

export interface DrawSaliencyOptions {
  /** How strongly the map covers the picture, 0 to 1; 0.85 if left out. */
  opacity?: number;
}

export interface AttackOptions extends ExplainOptions {
  /** By which part of its whole range each colour of each pixel may change, 0 to 1; 0.02 if left out. */
  strength?: number;
  /** What the model shall say, by name or position; if left out, anything but what it says now. */
  label?: string | number;
}

/** A picture that was changed to deceive a model, and what the model says of it. */
export interface Attack {
  /** The changed picture, in the size in which the model sees it. */
  image: Pixels;
  /** What was changed: brighter than middle grey where a colour was raised, darker where it was lowered. */
  change: Pixels;
  /** The five surest answers to the picture as it was, */
  before: Label[];
  /** and to the changed one. */
  after: Label[];
}

export interface ImagineProgress extends ExplainProgress {
  /** The picture so far. */
  image: Pixels;
  /** What is made as large as possible, of the step before. */
  activation: number;
}

export interface ImagineOptions extends ExplainOptions {
  /** The class whose picture is imagined, by its name or its position. */
  label?: string | number;
  /** In place of a class: a layer inside of the network. */
  layer?: string;
  /** The channel of the layer, from 0; all of them together if left out. */
  channel?: number;
  /** A picture to begin with, into which the network dreams; noise if left out. */
  image?: ImageSource;
  /** How often the picture is changed, 1 to 10,000; 120 if left out. */
  steps?: number;
  /** The side of the square picture in pixels, from the size of the model's own to 2048; its own if left out. */
  size?: number;
  /** Of the noise: a whole number, each gives another picture; 0 if left out. */
  seed?: number;
  /** Told after every step; what it promises is waited for, so that a page can draw. */
  onProgress?: (progress: ImagineProgress) => unknown;
}

/** A picture that nobody took. */
export interface Imagined {
  image: Pixels;
  /** What was made as large as possible: the logarithm of the odds of the class, or the mean of the layer. */
  activation: number;
}
