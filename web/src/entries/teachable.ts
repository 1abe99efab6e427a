/** Projects of Teachable Machine, and pages with a network inside: `gesso/teachable`. */
export type { ImageSource, Pixels } from '../image.js';
export type { SaveTarget } from '../layers/layersModel.js';
export type { About, Where } from '../model.js';
export type { Backend } from '../settings.js';
export type { ModelSource } from '../source.js';
export { exportPage, exportTeachableMachine } from '../tasks/exporting.js';
export type { FeatureExtractor } from '../tasks/featureExtractor.js';
export type { Label, WatchLabelsOptions } from '../tasks/imageClassifier.js';
export { teachableMachine } from '../tasks/teachableMachine.js';
export type {
  ExportOptions,
  ExportPageOptions,
  TeachableMachine,
  TeachableMachineOptions,
} from '../teach/teachable/types.js';
