// Projects of Teachable Machine, as this library opens and writes them.
import type { ImageSource } from '../../image.js';
import type { About, LoadOptions } from '../../model.js';
import type { ModelSource } from '../../source.js';
import type { Label, WatchLabelsOptions } from '../../tasks/imageClassifier.js';

export interface TeachableMachineOptions extends LoadOptions {
  /** How many guesses a result holds, the surest first; all classes if left out. */
  topK?: number;
  /** Mirrors pictures left and right first, as Teachable Machine does with its own camera. */
  flip?: boolean;
  /** Of a pose project: the PoseNet that it was taught with; `'posenet'` if left out. */
  posenet?: ModelSource;
}

/** A project of Teachable Machine. */
export interface TeachableMachine {
  /** Whether it looks at pictures as such, or at the body in them. Known when it has loaded. */
  readonly kind: 'image' | 'pose';
  /**
   * Names what is in a picture, as it is at the moment of the call; the surest class first.
   *
   * @param image anything that can be drawn: see `ImageSource`
   * @param topK how many guesses; if left out, as the project was told
   * @throws MLError when the picture is not there yet or may not be read
   */
  classify(image: ImageSource, topK?: number): Promise<Label[]>;
  /** Classifies every new frame until the returned function is called. */
  watch(
    source: ImageSource,
    onResult: (results: Label[]) => void,
    options?: WatchLabelsOptions,
  ): () => void;
  /** The names of all classes, in the order of the project. */
  labels(): Promise<string[]>;
  /** Where the model comes from; the card of a project is null. */
  about(): Promise<About>;
  /** Frees it. Whatever is called afterwards rejects. */
  dispose(): void;
}

export interface ExportOptions {
  /** What the project is called; `untitled` if left out. */
  name?: string;
}

export interface ExportPageOptions {
  /** The heading of the page; that of the project's card, or else of its labels, if left out. */
  title?: string;
}
