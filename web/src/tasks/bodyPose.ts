// Finds people and the parts of their bodies in a picture.
import type { ImageSource } from '../image.js';
import { peopleCode } from '../later.js';
import type { About, CheckedWhere, LoadOptions } from '../model.js';
import type { Smoothing } from '../people/smoothing.js';
import type { Pose, Skeleton } from '../people/types.js';
import type { Preprocess } from '../recipe.js';
import type { ModelSource } from '../source.js';
import { type Loading, usableAtOnce } from '../usable.js';
import type { WatchOptions } from '../watch.js';
import { sightOf } from './seer.js';

export interface BodyPoseOptions extends LoadOptions {
  /**
   * How many people are found at most; 5 if left out. With 1, each part is looked for by itself: the
   * better choice where there is one person only.
   */
  maxPeople?: number;
  /** People of whom the model is less sure are left out; 0.2 if left out, 0 to 1. */
  minConfidence?: number;
  /**
   * How many pixels of the picture, each way, PoseNet looks at: a multiple of 32, and 1. Fewer are
   * faster, more find people who are small in the picture. 257 if left out.
   */
  resolution?: number;
  /** Mirrors the answers: for a camera that faces whom it shows, drawn mirrored. */
  flip?: boolean;
  /** Whether the points of a video are kept from trembling; true if left out, or how. */
  smoothing?: boolean | Smoothing;
  /** A person is begun at a part of which PoseNet is at least so sure; 0.5 if left out. */
  partConfidence?: number;
  /** Pixels of what PoseNet looks at within which the same part counts once; 20 if left out. */
  radius?: number;
  /** How a picture becomes numbers, where a model wants it in another way than PoseNet's own. */
  preprocess?: Partial<Preprocess>;
}

/** Options that are complete. */
export interface CheckedPoseOptions extends CheckedWhere {
  maxPeople: number;
  minConfidence: number;
  resolution: number;
  flip: boolean;
  smoothing: Smoothing | undefined;
  partConfidence: number;
  radius: number;
  preprocess: Partial<Preprocess> | undefined;
  onProgress: LoadOptions['onProgress'];
  signal: AbortSignal | undefined;
}

export interface BodyPose {
  /**
   * Finds the people in a picture, the surest first; nobody is an empty list.
   *
   *     const [pose] = await bodies.detect(image);
   *     if (pose) circle(pose.nose.x, pose.nose.y, 20);
   *
   * People in a video keep their `id`, and their points are smoothed, from one call to the next.
   *
   * @param image anything that can be drawn: see `ImageSource`
   * @throws MLError when the picture is not there yet or may not be read
   */
  detect(image: ImageSource): Promise<Pose[]>;
  /**
   * Finds people in every new frame until the returned function is called. Frames that come while one is
   * being looked at are left out. The first error ends the watching and is reported once.
   *
   *     const stop = bodies.watch(video, (poses) => { people = poses; });
   */
  watch(source: ImageSource, onPoses: (poses: Pose[]) => void, options?: WatchOptions): () => void;
  /** Which keypoints to draw lines between. Known once the model has loaded. */
  readonly skeleton: Skeleton;
  /** Where the model comes from, what it was trained on, and what it gets wrong. */
  about(): Promise<About>;
  /** Frees the model. Whatever is called afterwards rejects. */
  dispose(): void;
}

const who = 'bodyPose';

/**
 * Loads a model that finds people and the parts of their bodies.
 *
 *     const bodies = await bodyPose('posenet');
 *     const [pose] = await bodies.detect(image);
 *     pose.nose;                              // { x: 312.4, y: 98.1, confidence: 0.99, name: 'nose' }
 *
 * @param model a known name (`'posenet'`, `'movenet'`), an address or path, or dropped files: a PoseNet,
 *   with one or several people, or a MoveNet for one
 */
export function bodyPose(
  model: ModelSource = 'posenet',
  options: BodyPoseOptions = {},
): Loading<BodyPose> {
  const ready = peopleCode().then(({ openPoser }) => openPoser(model, options));
  const sight = sightOf(who, ready, 'watch(video, (poses) => { people = poses; })');
  const bodies: BodyPose = {
    ...sight.methods,
    get skeleton() {
      return sight.loaded('skeleton').skeleton;
    },
  };
  return usableAtOnce(ready, bodies, { session: sight.session });
}
