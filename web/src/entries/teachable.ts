/** Projects of Teachable Machine: `gesso/teachable`. */
export type { ImageSource, Pixels } from '../image.js';
export type { About } from '../model.js';
export type { ModelSource } from '../source.js';
export type { Label } from '../tasks/imageClassifier.js';
export { teachableMachine } from '../tasks/teachableMachine.js';
export type { TeachableMachine, TeachableMachineOptions } from '../teach/teachable/types.js';
