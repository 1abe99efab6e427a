// What is found of people in a picture.

/** A point of a body or a face, in pixels of the picture. */
export interface Keypoint {
  x: number;
  y: number;
  /** From 0 to 1. */
  confidence: number;
  /** Such as `left_wrist`. */
  name: string;
}
