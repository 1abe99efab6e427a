// What is found of faces in a picture.
import type { Box, Keypoint } from './types.js';

/** A point of the mesh of a face, in the same pixels as a {@link Keypoint}. */
export interface FacePoint {
  x: number;
  y: number;
  /** How far from the camera, in the same unit; less is nearer. */
  z: number;
  /** Of the whole face, from 0 to 1. */
  confidence: number;
  /** The region that it belongs to, if any. */
  name?: FaceRegionName;
}

/**
 * Positions in `keypoints`, in the order of the outline: first and last are neighbours. The lips have two
 * outlines of 20 points, the outer one first.
 *
 * Source: the contours of the face-landmarks-detection package of TensorFlow.js.
 */
const regions = {
  lips: [
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185, 78,
    95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191,
  ],
  leftEye: [263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466],
  leftEyebrow: [276, 283, 282, 295, 285, 336, 296, 334, 293, 300],
  rightEye: [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246],
  rightEyebrow: [46, 53, 52, 65, 55, 107, 66, 105, 63, 70],
  faceOval: [
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
  ],
};

/** Left and right are the person's own. */
export type FaceRegionName = keyof typeof regions;

export type FaceRegions = Record<FaceRegionName, number[]>;

/** A copy, so that nobody's changes are seen by others. */
export function faceRegions(): FaceRegions {
  return structuredClone(regions);
}

/** A part of a face: its points, and the rectangle around them. */
export interface FaceRegion {
  /** In the order of the outline. */
  keypoints: FacePoint[];
  /** The left and the upper edge. */
  x: number;
  y: number;
  width: number;
  height: number;
  centerX: number;
  centerY: number;
}

/** A face with all its points. */
export type Face = {
  /** How sure the model is that it is a face, 0 to 1. */
  confidence: number;
  /** All 468. */
  keypoints: FacePoint[];
  /** Around all points. */
  box: Box;
  /** Stays with a face from frame to frame of a video; counts from 1. */
  id: number;
} & Record<FaceRegionName, FaceRegion>;

/** The points of a face that was only detected, in the order of its keypoints. */
export const facePoints = [
  'right_eye',
  'left_eye',
  'nose',
  'mouth',
  'right_ear',
  'left_ear',
] as const;

export type FacePointName = (typeof facePoints)[number];

/** Where a face is. Each of the points is there under its name, too: `face.left_eye.x`. */
export type DetectedFace = {
  /** How sure the model is that it is a face, 0 to 1. */
  confidence: number;
  box: Box;
  /** Stays with a face from frame to frame of a video; counts from 1. */
  id: number;
  /** The six. */
  keypoints: Keypoint[];
} & Record<FacePointName, Keypoint>;
