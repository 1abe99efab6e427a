// Finds faces in a picture, and the points of each.
import type { ImageSource } from '../image.js';
import { peopleCode } from '../later.js';
import { type About, type LoadOptions, loadOptions } from '../model.js';
import { absent, readOptions } from '../options.js';
import { type DetectedFace, type Face, type FaceRegions, faceRegions } from '../people/faces.js';
import { faceTriangles } from '../people/faceTriangles.js';
import { confidence, count, smoothing, smoothingOf } from '../people/options.js';
import type { Smoothing } from '../people/smoothing.js';
import type { ModelSource } from '../source.js';
import { type Loading, usableAtOnce } from '../usable.js';
import { type WatchOptions, watchPlainly } from '../watch.js';
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
export interface CheckedFaceOptions {
  maxFaces: number;
  minConfidence: number;
  flip: boolean;
  smoothing: Smoothing | undefined;
  onProgress: LoadOptions['onProgress'];
  signal: AbortSignal | undefined;
  worker: boolean | undefined;
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
  /** Which three keypoints each triangle of the mesh has; the mouth is open. */
  readonly triangles: [number, number, number][];
  /** Which keypoints belong to lips, eyes, eyebrows and outline, in the order of their outlines. */
  readonly regions: FaceRegions;
  /** Where FaceMesh comes from, what it was trained on, and what it gets wrong. */
  about(): Promise<About>;
  /** Frees both models. Whatever is called afterwards rejects. */
  dispose(): void;
}

const shared = {
  maxFaces: count('maxFaces', 5),
  flip: false,
  smoothing,
  ...loadOptions,
};

const detectorSchema = { ...shared, minConfidence: confidence('minConfidence', 0.75) };

const meshSchema = {
  ...shared,
  minConfidence: confidence('minConfidence', 0.5),
  detector: absent<ModelSource>(
    'a known name, an address or files',
    "detector: 'blazeface'",
    (value) => typeof value === 'string' || (typeof value === 'object' && value !== null),
  ),
};

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
  const given = readOptions('faceDetector', options, detectorSchema);
  const { maxFaces = 10, minConfidence = 0.75 } = given;
  const checked = { ...given, maxFaces, minConfidence, smoothing: smoothingOf(given.smoothing) };
  const ready = peopleCode().then(({ openFaceDetector }) => openFaceDetector(model, checked));
  const sight = sightOf('faceDetector', ready);
  const faces: FaceDetector = {
    detect: (image) => sight.use((seer) => seer.detect(image)),
    watch(source, onFaces, options = {}) {
      const look = (source: ImageSource) => sight.use((seer) => seer.detect(source, true));
      const example = 'watch(video, (found) => { faces = found; })';
      return sight.watch(() => watchPlainly(source, look, onFaces, options, example));
    },
    about: () => sight.session.about(),
    dispose: () => sight.dispose(),
  };
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
  const given = readOptions('faceMesh', options, meshSchema);
  const { maxFaces = 1, minConfidence = 0.5, detector = 'blazeface' } = given;
  const smoothing = smoothingOf(given.smoothing);
  const checked = { ...given, maxFaces, minConfidence, smoothing, detector };
  const ready = peopleCode().then(({ openFaceMesh }) => openFaceMesh(model, checked));
  const sight = sightOf('faceMesh', ready);
  const mesh: FaceMesh = {
    detect: (image) => sight.use((seer) => seer.detect(image)),
    watch(source, onFaces, options = {}) {
      const look = (source: ImageSource) => sight.use((seer) => seer.detect(source, true));
      const example = 'watch(video, (found) => { faces = found; })';
      return sight.watch(() => watchPlainly(source, look, onFaces, options, example));
    },
    triangles: faceTriangles(),
    regions: faceRegions(),
    about: () => sight.session.about(),
    dispose: () => sight.dispose(),
  };
  return usableAtOnce(ready, mesh, { session: sight.session });
}
