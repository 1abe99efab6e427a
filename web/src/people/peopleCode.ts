// All that bodies and faces need beside what every page has.
export { blurBackground, cutOut, replaceBackground } from './backgrounds.js';
export { openFaceDetector, openFaceMesh } from './faceSeer.js';
export { place } from './place.js';
export { openPoser } from './poser.js';
export { openSegmenter } from './segmenter.js';
