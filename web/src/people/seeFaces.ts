// Finds faces with two models: one sees where they are, the other one their points.
import type { Preprocess } from '../recipe.js';
import type { Sight } from '../seeing.js';
import { nextSquareOf, partsOf, perFace, squareOf } from './faceLayout.js';
import { type Decode, find, type Square } from './find.js';

export interface FacesRequest {
  /** BlazeFace. */
  model: number;
  decode: Extract<Decode, { kind: 'faces' }>;
  /** What to do with FaceMesh; without it faces are only found. */
  mesh?: MeshRequest;
}

export interface MeshRequest {
  model: number;
  /** How many faces are wanted. */
  most: number;
  /** Faces that are less sure are none. */
  least: number;
  /** Where faces were in the frame before. */
  squares: readonly Square[];
  /** Faces that are less sure than this have left their square. */
  sure: number;
  /** Whether to look for faces elsewhere, too. That is done in any case where none is known or one was lost. */
  anew: boolean;
}

export interface FacesAnswer {
  /** Of each face that was found anew what wasm/decode.h says for `faces`. */
  found: Float32Array<ArrayBuffer>;
  /** Of each mesh what it says for `mesh`; those that were known come first. */
  meshes: Float32Array<ArrayBuffer>;
}

/** As BlazeFace was trained: all of the picture, with colours from -1 to 1. */
const wholePicture: Preprocess = {
  fit: 'stretch',
  sampling: 'asymmetric',
  mean: 127.5,
  std: 127.5,
  binarize: false,
  flip: false,
};

/** As FaceMesh was trained: colours from 0 to 1. */
const oneFace: Preprocess = { ...wholePicture, mean: 0, std: 255 };

export async function faces(
  sight: Sight,
  { model, decode, mesh }: FacesRequest,
): Promise<FacesAnswer> {
  const findAnew = () => find(sight, { model, preprocess: wholePicture, decode });
  if (!mesh) return { found: await findAnew(), meshes: new Float32Array() };
  const meshes: Float32Array[] = [];
  const isNew = (square: Square) => !meshes.some((known) => isSame(nextSquareOf(known), square));
  const look = async (square: Square, least: number, tries = 1): Promise<void> => {
    if (meshes.length >= mesh.most || !isNew(square)) return;
    const found = await find(sight, {
      model: mesh.model,
      preprocess: oneFace,
      square,
      decode: { kind: 'mesh' },
    });
    const [score = 0] = found;
    const next = nextSquareOf(found);
    if (!(score >= least && next.size > 0)) return;
    if (tries > 1 && !isAligned(square, next)) await look(next, least, tries - 1);
    else if (isNew(next)) meshes.push(found); // two squares may have come to lie over one face
  };
  for (const square of mesh.squares) await look(square, Math.max(mesh.least, mesh.sure));
  const isComplete = meshes.length > 0 && meshes.length === mesh.squares.length;
  const found = mesh.anew || !isComplete ? await findAnew() : new Float32Array();
  for (const face of partsOf(found, perFace)) await look(squareOf(face), mesh.least, tries);
  return { found, meshes: joined(meshes) };
}

/**
 * How often a face that was found anew is looked at, until it lies upright in its square: BlazeFace says of
 * tilted faces only roughly how they are turned.
 */
const tries = 3;

/** Whether two squares are turned by nearly the same angle: within 6 degrees. */
function isAligned(a: Square, b: Square): boolean {
  return Math.cos(a.angle - b.angle) > Math.cos(0.1);
}

/** Whether two squares are around one face: their middles are less than half a face apart. */
function isSame(a: Square, b: Square): boolean {
  return Math.hypot(a.x - b.x, a.y - b.y) < Math.max(a.size, b.size) / 3;
}

function joined(arrays: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const all = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}
