// ml5.faceMesh: finds faces, and 468 points of each.
import { fail } from '../errors.js';
import { readOptions } from '../options.js';
import type { Face } from '../people/faces.js';
import { count } from '../people/options.js';
import { faceMesh as task } from '../tasks/faceMesh.js';
import { type Callback, callbackOf, refuseMore, sortArguments } from './calls.js';
import { anything, asShown, type Detecting, detecting, flipSchema } from './detecting.js';
import { type Instance, instance } from './instance.js';

export interface FaceMeshOptions {
  /** How many faces are found at most; 1 if left out. */
  maxFaces?: number;
  /** gesso has the 468 points without irises. */
  refineLandmarks?: false;
  flipped?: boolean;
  flipHorizontal?: boolean;
  /** Models of your own: see `faceMesh` of gesso. */
  landmarkModelUrl?: string;
  detectorModelUrl?: string;
}

/** What ml5 says a face mesh can do. */
export interface FaceMesh extends Detecting<Face[]> {
  /** Three positions in `keypoints` for each triangle of the mesh. */
  getTriangles(): [number, number, number][];
  /** Pairs of positions in `keypoints` to draw lines between. */
  getConnections(): [number, number][];
}

const who = 'ml5.faceMesh';

const schema = {
  maxFaces: count('maxFaces', 1),
  refineLandmarks: false,
  landmarkModelUrl: '',
  detectorModelUrl: '',
  runtime: anything,
  solutionPath: anything,
  ...flipSchema,
} as const;

/**
 * Loads the models that find faces and their points.
 *
 *     const faceMesh = ml5.faceMesh({ maxFaces: 1, flipped: true });
 *     faceMesh.detectStart(video, (faces) => { … });
 *
 * @param args the name of the model, options, a callback
 */
export function faceMesh(
  ...args: readonly (string | FaceMeshOptions | Callback<FaceMesh>)[]
): Instance<FaceMesh> {
  const given = sortArguments(args);
  const example = 'ml5.faceMesh({ maxFaces: 1, flipped: true }, modelLoaded)';
  refuseMore(who, given, { texts: 1, options: 1, callbacks: 1 }, example);
  const [name = 'FaceMesh'] = given.texts;
  if (name.toLowerCase() !== 'facemesh') {
    fail(`${who}: there is no such model`, { given: name, known: 'FaceMesh' }, example);
  }
  const options = readOptions(who, given.options[0] ?? {}, schema);
  if (options.refineLandmarks) {
    fail(
      `${who}: gesso has no points of the irises`,
      { given: 'refineLandmarks: true', known: '468 points, and the outlines of the eyes' },
      'face.leftEye.centerX, face.leftEye.centerY',
    );
  }
  const faces = task(options.landmarkModelUrl || 'facemesh', {
    maxFaces: options.maxFaces ?? 1,
    flip: options.flipped || options.flipHorizontal,
    ...(options.detectorModelUrl && { detector: options.detectorModelUrl }),
  });
  const methods: FaceMesh = {
    ...detecting(faces, asShown),
    getTriangles: () => faces.triangles.map(([a, b, c]) => [a, b, c]),
    getConnections: () => outlines(faces.triangles),
  };
  return instance(faces, methods, callbackOf(given));
}

/** Each edge of the mesh, once. */
function outlines(triangles: readonly [number, number, number][]): [number, number][] {
  const edges = new Map<string, [number, number]>();
  for (const [a, b, c] of triangles) {
    for (const [from, to] of [
      [a, b],
      [b, c],
      [c, a],
    ] as const) {
      const edge: [number, number] = [Math.min(from, to), Math.max(from, to)];
      edges.set(edge.join(), edge);
    }
  }
  return [...edges.values()];
}
