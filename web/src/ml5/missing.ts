// The functions of ml5 that `gesso/ml5` does not have: each says so, and what there is.
import { fail } from '../errors.js';
import * as tasks from './tasks.js';

/** Every function that ml5 1.x or 0.12 makes a task with. */
const functions = [
  'bodyPix',
  'bodyPose',
  'bodySegmentation',
  'cartoon',
  'charRNN',
  'CVAE',
  'dbscan',
  'DCGAN',
  'depthEstimation',
  'faceApi',
  'facemesh',
  'faceMesh',
  'featureExtractor',
  'handPose',
  'handpose',
  'imageClassifier',
  'kmeans',
  'KNNClassifier',
  'neuralNetwork',
  'objectDetection',
  'objectDetector',
  'pitchDetection',
  'pix2pix',
  'poseNet',
  'sentiment',
  'sketchRNN',
  'soundClassifier',
  'styleTransfer',
  'uNet',
  'universalSentenceEncoder',
  'word2vec',
] as const;

type Missing = Exclude<(typeof functions)[number], keyof typeof tasks>;

export const missing = Object.fromEntries(
  functions.filter((name) => !Object.hasOwn(tasks, name)).map((name) => [name, () => refuse(name)]),
) as Record<Missing, (...args: readonly unknown[]) => never>;

function refuse(name: string): never {
  const known = Object.keys(tasks).sort((a, b) => a.localeCompare(b));
  fail(
    `ml5.${name}: gesso does not have this task`,
    { known: known.map((task) => `ml5.${task}`).join(', ') },
    'one of these, or ml5.js itself for this sketch',
  );
}
