// Finds faces in a picture, and the points of each.
import type { ImageSource } from '../image.js';
import { peopleCode } from '../later.js';
import type { About, CheckedWhere, LoadOptions } from '../model.js';
import type { DetectedFace, Face, FaceRegions } from '../people/faces.js';
import type { Smoothing } from '../people/smoothing.js';
import type { ModelSource } from '../source.js';
import { type Loading, usableAtOnce } from '../usable.js';
import type { WatchOptions } from '../watch.js';
import { sightOf } from './seer.js';

export interface FaceDetectorOptions extends LoadOptions {
  /** How many faces are found at most; 10 if left out. */
  maxFaces?: number;
  /** Faces of which the model is less sure are left out; 0.75 if left out, 0 to 1. */
  minConfidence?: number;
  /** Mirrors the answers: for a camera that faces whom it shows, drawn mirrored. */
  flip?: boolean;
  /** Whether the points of a video are kept from trembling; true if left out, or how. */
  smoothing?: boolean | Smoothing;
}

export interface FaceMeshOptions extends LoadOptions {
  /** How many faces are found at most; 1 if left out. */
  maxFaces?: number;
  /** Faces of which the model is less sure are left out; 0.5 if left out, 0 to 1. */
  minConfidence?: number;
  /** Mirrors the answers: for a camera that faces whom it shows, drawn mirrored. */
  flip?: boolean;
  /** Whether the points of a video are kept from trembling; true if left out, or how. */
  smoothing?: boolean | Smoothing;
  /** The model that finds where faces are, a BlazeFace; `'blazeface'` if left out. */
  detector?: ModelSource;
}

/** Options that are complete. */
export interface CheckedFaceOptions extends CheckedWhere {
  maxFaces: number;
  minConfidence: number;
  flip: boolean;
  smoothing: Smoothing | undefined;
  onProgress: LoadOptions['onProgress'];
  signal: AbortSignal | undefined;
}

export interface CheckedFaceMeshOptions extends CheckedFaceOptions {
  detector: ModelSource;
}

export interface FaceDetector {
  /**
   * Finds the faces in a picture, the surest first; nobody is an empty list.
   *
   *     const [face] = await faces.detect(image);
   *     if (face) circle(face.nose.x, face.nose.y, 20);
   *
   * Faces in a video keep their `id`, and their points are smoothed, from one call to the next.
   *
   * @param image anything that can be drawn: see `ImageSource`
   * @throws MLError when the picture is not there yet or may not be read
   */
  detect(image: ImageSource): Promise<DetectedFace[]>;
  /**
   * Finds faces in every new frame until the returned function is called. Frames that come while one is
   * being looked at are left out. The first error ends the watching and is reported once.
   *
   *     const stop = faces.watch(video, (found) => { faces = found; });
   */
  watch(
    source: ImageSource,
    onFaces: (faces: DetectedFace[]) => void,
    options?: WatchOptions,
  ): () => void;
  /** Where the model comes from, what it was trained on, and what it gets wrong. */
  about(): Promise<About>;
  /** Frees the model. Whatever is called afterwards rejects. */
  dispose(): void;
}

export interface FaceMesh {
  /**
   * Finds the faces in a picture, and 468 points of each; nobody is an empty list.
   *
   *     const [face] = await faces.detect(image);
   *     if (face) circle(face.lips.centerX, face.lips.centerY, face.lips.height);
   *
   * In a video a face is followed from frame to frame, which is faster than finding it anew; it keeps its
   * `id`, and its points are smoothed.
   *
   * @param image anything that can be drawn: see `ImageSource`
   * @throws MLError when the picture is not there yet or may not be read
   */
  detect(image: ImageSource): Promise<Face[]>;
  /**
   * Finds faces in every new frame until the returned function is called. Frames that come while one is
   * being looked at are left out. The first error ends the watching and is reported once.
   *
   *     const stop = mesh.watch(video, (found) => { faces = found; });
   */
  watch(source: ImageSource, onFaces: (faces: Face[]) => void, options?: WatchOptions): () => void;
  /** Which three keypoints each triangle of the mesh has; the mouth is open. Known once it has loaded. */
  readonly triangles: [number, number, number][];
  /** Which keypoints belong to lips, eyes, eyebrows and outline, in the order of their outlines; as well. */
  readonly regions: FaceRegions;
  /** Where FaceMesh comes from, what it was trained on, and what it gets wrong. */
  about(): Promise<About>;
  /** Frees both models. Whatever is called afterwards rejects. */
  dispose(): void;
}

/**
 * Loads a model that finds faces, with six points of each: the fastest way to where somebody is.
 *
 *     const faces = await faceDetector('blazeface');
 *     const [face] = await faces.detect(image);
 *     face.box;                               // { xMin: 308, yMin: 221, xMax: 563, yMax: 540, … }
 *
 * @param model a known name (`'blazeface'`), an address or path, or dropped files: a BlazeFace
 */
export function faceDetector(
  model: ModelSource = 'blazeface',
  options: FaceDetectorOptions = {},
): Loading<FaceDetector> {
  const ready = peopleCode().then(({ openFaceDetector }) => openFaceDetector(model, options));
  const sight = sightOf('faceDetector', ready, 'watch(video, (found) => { faces = found; })');
  const faces: FaceDetector = sight.methods;
  return usableAtOnce(ready, faces, { session: sight.session });
}

/**
 * Loads a model that finds 468 points of a face, and one that finds where faces are.
 *
 *     const mesh = await faceMesh('facemesh');
 *     const [face] = await mesh.detect(image);
 *     face.keypoints[1];                      // the tip of the nose: { x: 405.7, y: 430.1, z: -38.2, … }
 *     face.leftEye;                           // { keypoints: [...], x, y, width, height, centerX, centerY }
 *
 * @param model a known name (`'facemesh'`), an address or path, or dropped files: a FaceMesh
 */
export function faceMesh(
  model: ModelSource = 'facemesh',
  options: FaceMeshOptions = {},
): Loading<FaceMesh> {
  const ready = peopleCode().then(({ openFaceMesh }) => openFaceMesh(model, options));
  const sight = sightOf('faceMesh', ready, 'watch(video, (found) => { faces = found; })');
  const mesh: FaceMesh = {
    ...sight.methods,
    get triangles() {
      return sight.loaded('triangles').triangles;
    },
    get regions() {
      return sight.loaded('regions').regions;
    },
  };
  return usableAtOnce(ready, mesh, { session: sight.session });
}
