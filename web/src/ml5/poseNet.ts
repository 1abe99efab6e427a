// ml5.poseNet, as it was up to ml5 0.12.
import { fail } from '../errors.js';
import type { ImageSource } from '../image.js';
import { positive } from '../layers/kinds.js';
import { readOptions } from '../options.js';
import { confidence, count } from '../people/options.js';
import type { Keypoint, Pose } from '../people/types.js';
import { type BodyPose, bodyPose } from '../tasks/bodyPose.js';
import { show } from '../tensor.js';
import type { Loading } from '../usable.js';
import { answerErrorFirst, type ErrorFirst, loopCallback, sortArguments } from './calls.js';
import { anything, asShown } from './detecting.js';
import { type Instance, instance } from './instance.js';

export interface PoseNetOptions {
  detectionType?: 'single' | 'multiple';
  flipHorizontal?: boolean;
  /** Lines of the skeleton are drawn between points that are at least so likely; 0.5 if left out. */
  minConfidence?: number;
  maxPoseDetections?: number;
  /** A person begins at a part that is at least so likely; 0.5 if left out. */
  scoreThreshold?: number;
  nmsRadius?: number;
  /** Pixels of the picture, each way, that are looked at; the next smaller number that fits is taken. */
  inputResolution?: number;
  modelUrl?: string;
}

/** A point, as ml5 0.12 gives it. */
export interface PosePart {
  /** Such as `leftWrist`. */
  part: string;
  score: number;
  position: { x: number; y: number };
}

/** A person, as ml5 0.12 gives one. Each point is there under its name, too. */
export interface PoseNetPose {
  pose: { score: number; keypoints: PosePart[] } & Record<
    string,
    { x: number; y: number; confidence: number } | number | PosePart[]
  >;
  /** Pairs of points to draw lines between. */
  skeleton: [PosePart, PosePart][];
}

/** What ml5 0.12 says a PoseNet can do. */
export interface PoseNet {
  /** Told of every frame of the video that poseNet() was given. */
  on(event: 'pose', listener: (poses: PoseNetPose[]) => void): this;
  removeListener(event: 'pose', listener: (poses: PoseNetPose[]) => void): this;
  singlePose(media?: ImageSource, callback?: ErrorFirst<PoseNetPose[]>): Promise<PoseNetPose[]>;
  multiPose(media?: ImageSource, callback?: ErrorFirst<PoseNetPose[]>): Promise<PoseNetPose[]>;
  dispose(): void;
}

const who = 'ml5.poseNet';

const schema = {
  detectionType: ['multiple', 'single'],
  flipHorizontal: false,
  minConfidence: confidence('minConfidence', 0.5),
  maxPoseDetections: count('maxPoseDetections', 5),
  scoreThreshold: confidence('scoreThreshold', 0.5),
  nmsRadius: positive(20),
  inputResolution: 256,
  modelUrl: '',
  architecture: anything,
  outputStride: anything,
  multiplier: anything,
  quantBytes: anything,
  imageScaleFactor: anything,
} as const;

/**
 * Loads PoseNet, and looks at a video if it is given one.
 *
 *     const poseNet = ml5.poseNet(video, modelLoaded);
 *     poseNet.on('pose', (poses) => { … });
 *
 * @param args a video, options, `'single'` or `'multiple'`, a callback
 */
export function poseNet(
  ...args: readonly (ImageSource | PoseNetOptions | ErrorFirst<PoseNet>)[]
): Instance<PoseNet> {
  const given = sortArguments(args);
  const [video] = given.others as ImageSource[];
  const [kind] = given.texts;
  const ofMl5 = { ...given.options[0], ...(kind !== undefined && { detectionType: kind }) };
  const {
    minConfidence = 0.5,
    maxPoseDetections = 5,
    scoreThreshold = 0.5,
    nmsRadius = 20,
    ...options
  } = readOptions(who, ofMl5, schema);
  const people = (most: number): Loading<BodyPose> =>
    bodyPose(options.modelUrl || 'posenet', {
      maxPeople: most,
      minConfidence: 0,
      flip: options.flipHorizontal,
      partConfidence: scoreThreshold,
      radius: nmsRadius,
      resolution: Math.min(Math.max(2, Math.floor(options.inputResolution / 32)), 64) * 32 + 1,
      smoothing: false,
    });
  const single = options.detectionType === 'single';
  const usual = people(single ? 1 : maxPoseDetections);
  let other: BodyPose | undefined;
  const listeners = new Set<(poses: PoseNetPose[]) => void>();
  const convert = (poses: readonly Pose[], media: ImageSource) =>
    asShown(poses, media).map((pose) => converted(pose, usual, minConfidence));
  const detect = async (bodies: BodyPose, args: readonly unknown[]): Promise<PoseNetPose[]> => {
    const { others, options, texts } = sortArguments(args);
    const media = ([...others, ...options, ...texts][0] ?? video) as ImageSource | undefined;
    if (media !== undefined) return convert(await bodies.detect(media), media);
    fail(`${who}: there is nothing to look at`, {}, 'singlePose(image, gotPoses)');
  };
  const method =
    (isSingle: boolean) =>
    (...args: readonly unknown[]) => {
      other ??= isSingle === single ? undefined : people(isSingle ? 1 : maxPoseDetections);
      const bodies = isSingle === single ? usual : (other ?? usual);
      const callback = sortArguments(args).callbacks[0] as ErrorFirst<PoseNetPose[]> | undefined;
      return answerErrorFirst(detect(bodies, args), callback);
    };
  let stop = () => {};
  if (video !== undefined) {
    stop = usual.watch(video, (poses) => {
      const converted = convert(poses, video);
      for (const listener of listeners) {
        loopCallback(listener, () => listeners.delete(listener))(converted);
      }
    });
  }
  const methods: PoseNet = {
    on(event, listener) {
      if (event === 'pose') listeners.add(listener);
      else fail(`${who}: there is no such event`, { given: show(event) }, "on('pose', gotPoses)");
      return this;
    },
    removeListener(_, listener) {
      listeners.delete(listener);
      return this;
    },
    singlePose: method(true),
    multiPose: method(false),
    dispose() {
      stop();
      usual.dispose();
      other?.dispose();
    },
  };
  const callback = given.callbacks.at(-1) as ErrorFirst<PoseNet> | undefined;
  return instance(usual, methods, undefined, callback);
}

/** `left_wrist` is `leftWrist`. */
function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function converted(
  { confidence, keypoints }: Pose,
  { skeleton }: BodyPose,
  least: number,
): PoseNetPose {
  const parts = keypoints.map(({ name, x, y, confidence }: Keypoint): PosePart => {
    return { part: camelCase(name), score: confidence, position: { x, y } };
  });
  const named = parts.map(({ part, score, position }) => [
    part,
    { ...position, confidence: score },
  ]);
  const lines = skeleton.indices.flatMap(([i, j]): [PosePart, PosePart][] => {
    const [from, to] = [parts[i], parts[j]];
    return from && to && from.score >= least && to.score >= least ? [[from, to]] : [];
  });
  const pose = { score: confidence, keypoints: parts, ...Object.fromEntries(named) };
  return { pose, skeleton: lines };
}
