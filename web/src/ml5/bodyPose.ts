// ml5.bodyPose: finds people and the parts of their bodies.
import { fail } from '../errors.js';
import { readOptions } from '../options.js';
import { confidence } from '../people/options.js';
import type { Pose } from '../people/types.js';
import { bodyPose as task } from '../tasks/bodyPose.js';
import { type Callback, callbackOf, refuseMore, sortArguments } from './calls.js';
import { anything, asShown, type Detecting, detecting, flipSchema } from './detecting.js';
import { type Instance, instance } from './instance.js';

export interface BodyPoseOptions {
  /**
   * One person or several. gesso has one MoveNet, for one person; PoseNet stands for the one for
   * several.
   */
  modelType?: 'MULTIPOSE_LIGHTNING' | 'SINGLEPOSE_LIGHTNING' | 'SINGLEPOSE_THUNDER';
  enableSmoothing?: boolean;
  /** People of whom the model is less sure are left out; 0.25 if left out. */
  minPoseScore?: number;
  /** People have an `id` in any case. */
  enableTracking?: boolean;
  /** A model of your own: see `bodyPose` of gesso. */
  modelUrl?: string;
  flipped?: boolean;
  flipHorizontal?: boolean;
  /** Taken, and changes nothing: gesso has a tracker of its own. */
  trackerType?: 'boundingBox' | 'keypoint';
  /** Taken, and changes nothing. */
  trackerConfig?: object;
  /** Taken, and changes nothing: the picture is looked at in 257 × 257 pixels. */
  multiPoseMaxDimension?: number;
}

/** What ml5 says a body pose detector can do. */
export interface BodyPose extends Detecting<Pose[]> {
  /** Pairs of positions in `keypoints` to draw lines between. */
  getConnections(): [number, number][];
  /** The same, as it was called before. */
  getSkeleton(): [number, number][];
}

const who = 'ml5.bodyPose';

const schema = {
  modelType: ['MULTIPOSE_LIGHTNING', 'SINGLEPOSE_LIGHTNING', 'SINGLEPOSE_THUNDER'],
  enableSmoothing: true,
  minPoseScore: confidence('minPoseScore', 0.25),
  enableTracking: true,
  modelUrl: '',
  trackerType: ['boundingBox', 'keypoint'],
  trackerConfig: anything,
  multiPoseMaxDimension: 256,
  ...flipSchema,
} as const;

/**
 * Loads a model that finds people.
 *
 *     const bodyPose = ml5.bodyPose('MoveNet', { flipped: true });
 *     bodyPose.detectStart(video, (poses) => { … });
 *
 * @param args the name of a model, options, a callback
 */
export function bodyPose(
  ...args: readonly (string | BodyPoseOptions | Callback<BodyPose>)[]
): Instance<BodyPose> {
  const given = sortArguments(args);
  const example = "ml5.bodyPose('MoveNet', { flipped: true }, modelLoaded)";
  refuseMore(who, given, { texts: 1, options: 1, callbacks: 1 }, example);
  const [name = 'MoveNet'] = given.texts;
  if (name.toLowerCase() !== 'movenet') {
    fail(
      `${who}: gesso does not have this model`,
      { given: name, known: 'MoveNet' },
      `${example}: 17 points of everybody; BlazePose has 33, of one person`,
    );
  }
  const options = readOptions(who, given.options[0] ?? {}, schema);
  const single = options.modelType.startsWith('SINGLE');
  const bodies = task(options.modelUrl || (single ? 'movenet' : 'posenet'), {
    maxPeople: single ? 1 : 6, // MoveNet finds so many
    minConfidence: options.minPoseScore ?? 0.25,
    smoothing: options.enableSmoothing,
    flip: options.flipped || options.flipHorizontal,
  });
  const connections = () =>
    bodies.skeleton.indices.map(([from, to]): [number, number] => [from, to]);
  const methods: BodyPose = {
    ...detecting(bodies, asShown),
    getConnections: connections,
    getSkeleton: connections,
  };
  return instance(bodies, methods, callbackOf(given));
}
