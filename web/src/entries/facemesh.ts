/** Finds faces, and the points of each: `gesso/facemesh`. */
export type { ImageSource, Pixels } from '../image.js';
export type { About, LoadOptions, Where } from '../model.js';
export type {
  DetectedFace,
  Face,
  FacePoint,
  FacePointName,
  FaceRegion,
  FaceRegionName,
  FaceRegions,
} from '../people/faces.js';
export { type Placed, type PlaceOptions, place } from '../people/place.js';
export type { Smoothing } from '../people/smoothing.js';
export type { Box, Keypoint } from '../people/types.js';
export type { Backend } from '../settings.js';
export {
  type FaceDetector,
  type FaceDetectorOptions,
  type FaceMesh,
  type FaceMeshOptions,
  faceDetector,
  faceMesh,
} from '../tasks/faceMesh.js';
export type { WatchOptions } from '../watch.js';
