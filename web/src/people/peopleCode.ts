// All that bodyPose(), bodySegmentation() and faceMesh() need beside what every page has.

export { openFaceDetector, openFaceMesh } from './faceSeer.js';
export { openPoser } from './poser.js';
export { openSegmenter } from './segmenter.js';
