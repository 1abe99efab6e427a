/** Finds people and the parts of their bodies: `gesso/bodypose`. */
export type { ImageSource, Pixels } from '../image.js';
export type { Where } from '../model.js';
export { type Placed, type PlaceOptions, place } from '../people/place.js';
export type { Smoothing } from '../people/smoothing.js';
export type { Box, Keypoint, PartName, Pose, Skeleton } from '../people/types.js';
export type { Preprocess } from '../recipe.js';
export type { Backend } from '../settings.js';
export { type BodyPose, type BodyPoseOptions, bodyPose } from '../tasks/bodyPose.js';
export type { WatchOptions } from '../watch.js';
