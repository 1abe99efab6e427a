// What is found of people in a picture.

/**
 * A point of a body or a face.
 *
 * Where it is counts in pixels of the picture that was given, from its upper left corner: of an image or
 * a video its own pixels, whatever size the page shows it at; of what p5.js makes its `width` and
 * `height`, whatever the pixel density. `place` brings it to where the picture is drawn.
 */
export interface Keypoint {
  x: number;
  y: number;
  /** From 0 to 1. */
  confidence: number;
  /** Such as `left_wrist`: left is the person's own left. */
  name: string;
}

/** A rectangle around something, in the same pixels as its points. */
export interface Box {
  xMin: number;
  yMin: number;
  xMax: number;
  yMax: number;
  width: number;
  height: number;
}

/** The parts of a body in the order of its keypoints. */
export const parts = [
  'nose',
  'left_eye',
  'right_eye',
  'left_ear',
  'right_ear',
  'left_shoulder',
  'right_shoulder',
  'left_elbow',
  'right_elbow',
  'left_wrist',
  'right_wrist',
  'left_hip',
  'right_hip',
  'left_knee',
  'right_knee',
  'left_ankle',
  'right_ankle',
] as const;

export type PartName = (typeof parts)[number];

/** Somebody in a picture. Each of the points is there under its name, too: `pose.left_wrist.x`. */
export type Pose = {
  /** How sure the model is of the whole person, 0 to 1. */
  confidence: number;
  /** All 17, also those that are hidden: look at the confidence of each. */
  keypoints: Keypoint[];
  /** Around the points that are likely. */
  box: Box;
  /** Stays with a person from frame to frame of a video; counts from 1. */
  id: number;
} & Record<PartName, Keypoint>;

/** Which points to draw lines between. */
export interface Skeleton {
  /** Positions in `keypoints`. */
  indices: [from: number, to: number][];
  names: [from: PartName, to: PartName][];
}

const bones: [PartName, PartName][] = [
  ['nose', 'left_eye'],
  ['nose', 'right_eye'],
  ['left_eye', 'left_ear'],
  ['right_eye', 'right_ear'],
  ['left_shoulder', 'right_shoulder'],
  ['left_shoulder', 'left_elbow'],
  ['left_shoulder', 'left_hip'],
  ['right_shoulder', 'right_elbow'],
  ['right_shoulder', 'right_hip'],
  ['left_elbow', 'left_wrist'],
  ['right_elbow', 'right_wrist'],
  ['left_hip', 'right_hip'],
  ['left_hip', 'left_knee'],
  ['right_hip', 'right_knee'],
  ['left_knee', 'left_ankle'],
  ['right_knee', 'right_ankle'],
];

/** A copy, so that nobody's changes are seen by others. */
export function skeleton(): Skeleton {
  return {
    indices: bones.map(([from, to]) => [parts.indexOf(from), parts.indexOf(to)]),
    names: bones.map(([from, to]) => [from, to]),
  };
}

/** The parts that BodyPix tells apart, in the order of their numbers. */
export const segmentedParts = [
  'left_face',
  'right_face',
  'left_upper_arm_front',
  'left_upper_arm_back',
  'right_upper_arm_front',
  'right_upper_arm_back',
  'left_lower_arm_front',
  'left_lower_arm_back',
  'right_lower_arm_front',
  'right_lower_arm_back',
  'left_hand',
  'right_hand',
  'torso_front',
  'torso_back',
  'left_upper_leg_front',
  'left_upper_leg_back',
  'right_upper_leg_front',
  'right_upper_leg_back',
  'left_lower_leg_front',
  'left_lower_leg_back',
  'right_lower_leg_front',
  'right_lower_leg_back',
  'left_foot',
  'right_foot',
] as const;

export type SegmentedPart = (typeof segmentedParts)[number];

/** What pixels have that are neither a part nor a person's. */
export const nobody = 255;

/** Which pixels of a picture are people. */
export interface Segmentation {
  /** Of the picture, in its own pixels. */
  width: number;
  height: number;
  /**
   * A byte for each pixel, row by row. Of a `person`: from 0 to 255, how much of it is one. Of
   * `background`: the same the other way round. Of `parts`: the position of its part in `parts`, and of
   * `people`: of its person in `people`; 255 where there is none.
   */
  data: Uint8Array<ArrayBuffer>;
  /**
   * The same to be drawn: what was asked for is there, all else is transparent. A person is white, parts
   * and people have a colour each.
   */
  mask: ImageData;
  /** Whom `people` told apart. */
  people: Pose[];
  /** Whether all of it is mirrored. */
  flip: boolean;
}
