// What is behind faceDetector() and faceMesh(): one network that finds faces, and one for their points.
import type { ImageSource } from '../image.js';
import { absent, loadOptions, openModel, readOptions } from '../library.js';
import type { Open } from '../model.js';
import type { Progress } from '../progress.js';
import type { ModelSource } from '../source.js';
import type {
  CheckedFaceMeshOptions,
  CheckedFaceOptions,
  FaceDetectorOptions,
  FaceMeshOptions,
} from '../tasks/faceMesh.js';
import { boxAround } from './boxes.js';
import {
  cornersOfFace,
  nextSquareOf,
  partsOf,
  perFace,
  perMesh,
  pointsOfFace,
  pointsOfMesh,
} from './faceLayout.js';
import {
  type DetectedFace,
  type Face,
  type FacePoint,
  type FacePointName,
  type FaceRegion,
  type FaceRegionName,
  type FaceRegions,
  facePoints,
  faceRegions,
} from './faces.js';
import { faceTriangles } from './faceTriangles.js';
import type { Square } from './find.js';
import { Followed } from './following.js';
import { Looking, type Place } from './looking.js';
import { refuseNetwork, takesPicture } from './networks.js';
import { confidence, count, smoothing, smoothingOf } from './options.js';
import type { FacesRequest } from './seeFaces.js';
import type { Keypoint } from './types.js';

/** Boxes whose intersection is this part of their union are one face, as in the published package. */
const overlap = 0.3;

/** How sure BlazeFace is of a face that gets a mesh. */
const surelyFace = 0.75;

/** A mesh that is less sure has left its square. */
const sure = 0.8;

/** After so many frames another face is looked for, while fewer are known than wanted. */
const patience = 5;

/** Pixels along the longer side of a picture beyond which a detector, or a mesh, finds no more. */
const finestDetected = 320;
const finestMeshed = 640;

/** Finds where faces are. */
export class FaceDetecting {
  readonly open: Open;
  readonly #decode: FacesRequest['decode'];
  readonly #looking: Looking<Followed>;

  constructor(open: Open, { maxFaces, minConfidence, flip, smoothing }: CheckedFaceOptions) {
    this.open = open;
    this.#decode = { kind: 'faces', most: maxFaces, score: minConfidence, overlap };
    this.#looking = new Looking(
      'detect',
      open.client,
      flip,
      finestDetected,
      () => new Followed(smoothing),
    );
  }

  async detect(image: ImageSource, follows = false): Promise<DetectedFace[]> {
    const { look, memory, place, time } = await this.#looking.glance(image, follows);
    const { found } = await look('faces', { model: this.open.model, decode: this.#decode });
    const faces = partsOf(found, perFace);
    // The corners of the box move with the points.
    const followed = memory.follow(
      faces.map((face) => [
        ...facePoints.map((name, i) => pointAt(face, pointsOfFace + 2 * i, name, place)),
        pointAt(face, cornersOfFace, '', place),
        pointAt(face, cornersOfFace + 2, '', place),
      ]),
      time,
    );
    return followed.map(({ id, points }) => {
      const keypoints = points.slice(0, facePoints.length);
      const box = boxAround(points.slice(facePoints.length));
      const byName = Object.fromEntries(keypoints.map((point) => [point.name, point]));
      const named = byName as Record<FacePointName, Keypoint>;
      return { confidence: points[0]?.confidence ?? 0, box, id, keypoints, ...named };
    });
  }
}

function pointAt(face: Float32Array, at: number, name: string, place: Place): Keypoint {
  const [confidence = 0] = face;
  const [x = 0, y = 0] = face.subarray(at, at + 2);
  return { x: place.x(x), y: place.y(y), confidence, name };
}

interface Memory {
  followed: Followed;
  squares: Square[];
  /** Frames in which no other face was looked for. */
  waited: number;
}

/** Finds the points of faces. */
export class FaceMeshing {
  /** FaceMesh. */
  readonly open: Open;
  readonly #detector: Open;
  readonly #most: number;
  readonly #least: number;
  readonly #looking: Looking<Memory>;
  readonly triangles = faceTriangles();
  readonly regions = faceRegions();
  readonly #regions = faceRegions();
  readonly #names = namesOf(this.#regions);

  constructor(
    open: Open,
    detector: Open,
    { maxFaces, minConfidence, flip, smoothing }: CheckedFaceMeshOptions,
  ) {
    this.open = open;
    this.#detector = detector;
    this.#most = maxFaces;
    this.#least = minConfidence;
    this.#looking = new Looking('detect', open.client, flip, finestMeshed, () => {
      return { followed: new Followed(smoothing), squares: [], waited: 0 };
    });
  }

  async detect(image: ImageSource, follows = false): Promise<Face[]> {
    const { look, memory, place, time } = await this.#looking.glance(image, follows);
    const { squares } = memory;
    const anew = squares.length < this.#most && memory.waited >= patience;
    memory.waited = anew || squares.length === 0 ? 0 : memory.waited + 1;
    const answer = await look('faces', {
      model: this.#detector.model,
      decode: { kind: 'faces', most: Math.max(10, this.#most), score: surelyFace, overlap },
      mesh: {
        model: this.open.model,
        most: this.#most,
        least: this.#least,
        squares,
        sure,
        anew,
      },
    });
    const meshes = partsOf(answer.meshes, perMesh);
    memory.squares = meshes.map(nextSquareOf);
    const followed = memory.followed.follow(
      meshes.map((mesh) => this.#points(mesh, place)),
      time,
    );
    return followed.map(({ id, points }) => this.#face(points, id));
  }

  dispose(): void {
    this.#detector.client.close(this.#detector.model);
  }

  #points(mesh: Float32Array, place: Place): FacePoint[] {
    const [confidence = 0] = mesh;
    const points: FacePoint[] = [];
    for (let at = pointsOfMesh; at < mesh.length; at += 3) {
      const x = place.x(mesh[at] ?? 0);
      const y = place.y(mesh[at + 1] ?? 0);
      const z = place.across * (mesh[at + 2] ?? 0);
      const name = this.#names.get(points.length);
      points.push(name ? { x, y, z, confidence, name } : { x, y, z, confidence });
    }
    return points;
  }

  #face(keypoints: FacePoint[], id: number): Face {
    const named = Object.entries(this.#regions).map(([name, positions]) => {
      return [name, regionOf(positions.flatMap((position) => keypoints[position] ?? []))];
    });
    const regions: Record<FaceRegionName, FaceRegion> = Object.fromEntries(named);
    const confidence = keypoints[0]?.confidence ?? 0;
    return { confidence, keypoints, box: boxAround(keypoints), id, ...regions };
  }
}

function namesOf(regions: FaceRegions): Map<number, FaceRegionName> {
  const names = Object.keys(regions) as FaceRegionName[];
  return new Map(names.flatMap((name) => regions[name].map((position) => [position, name])));
}

function regionOf(keypoints: FacePoint[]): FaceRegion {
  const { xMin: x, yMin: y, width, height } = boxAround(keypoints);
  return { keypoints, x, y, width, height, centerX: x + width / 2, centerY: y + height / 2 };
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

export async function openFaceDetector(
  source: ModelSource,
  wanted: FaceDetectorOptions,
): Promise<FaceDetecting> {
  const given = readOptions('faceDetector', wanted, detectorSchema);
  const { maxFaces = 10, minConfidence = 0.75 } = given;
  const options: CheckedFaceOptions = {
    ...given,
    maxFaces,
    minConfidence,
    smoothing: smoothingOf(given.smoothing),
  };
  const open = await openModel('faceDetector', source, options);
  try {
    if (!findsFaces(open)) await refuseNetwork('faceDetector', open, 'find faces', 'BlazeFace');
    return new FaceDetecting(open, options);
  } catch (error) {
    await open.client.close(open.model);
    throw error;
  }
}

export async function openFaceMesh(
  source: ModelSource,
  wanted: FaceMeshOptions,
): Promise<FaceMeshing> {
  const given = readOptions('faceMesh', wanted, meshSchema);
  const { maxFaces = 1, minConfidence = 0.5, detector = 'blazeface' } = given;
  const smoothing = smoothingOf(given.smoothing);
  const options: CheckedFaceMeshOptions = {
    ...given,
    maxFaces,
    minConfidence,
    smoothing,
    detector,
  };
  const { onProgress } = options;
  const told = onProgress ? together(2, onProgress) : [];
  const opening = [source, options.detector].map((source, i) =>
    openModel('faceMesh', source, { ...options, onProgress: told[i] }),
  );
  try {
    const [mesh, finder] = (await Promise.all(opening)) as [Open, Open];
    const both = 'FaceMesh, and as its detector BlazeFace';
    const models = "faceMesh('facemesh', { detector: 'blazeface' })";
    if (!findsPoints(mesh))
      await refuseNetwork('faceMesh', mesh, 'find the points of a face', both, models);
    if (!findsFaces(finder)) await refuseNetwork('faceMesh', finder, 'find faces', both, models);
    return new FaceMeshing(mesh, finder, options);
  } catch (error) {
    // What is still on its way is freed when it comes.
    for (const one of opening) one.then(({ client, model }) => client.close(model)).catch(() => {});
    throw error;
  }
}

/** Tells of several downloads as of one, once something is known of each. */
function together(count: number, onProgress: (progress: Progress) => void) {
  const latest = new Map<number, Progress>();
  return Array.from({ length: count }, (_, i) => (progress: Progress) => {
    latest.set(i, progress);
    if (latest.size < count) return;
    const sum = (of: 'loaded' | 'total') =>
      [...latest.values()].reduce((sum, one) => sum + one[of], 0);
    onProgress({ loaded: sum('loaded'), total: sum('total'), file: progress.file });
  });
}

const findsFaces = (open: Open) =>
  takesPicture(open) &&
  open.description.outputs.length === 1 &&
  open.description.outputs[0]?.shape.at(-1) === 17;

const findsPoints = (open: Open) =>
  takesPicture(open) && open.description.outputs.some(({ shape }) => shape.at(-1) === 3 * 468);
