// How the numbers lie in what wasm/decode.h gives for faces.
import type { Square } from './find.js';

/** Numbers of a found face: score, two corners, six points, and its square. */
export const perFace = 21;
export const cornersOfFace = 1;
export const pointsOfFace = 5;
const squareOfFace = 17;

/** Numbers of a mesh: score, the square for the next frame, and 468 points. */
export const perMesh = 1 + 4 + 3 * 468;
const squareOfMesh = 1;
export const pointsOfMesh = 5;

/** Parts of so many numbers each. */
export function partsOf(numbers: Float32Array, size: number): Float32Array[] {
  return Array.from({ length: Math.floor(numbers.length / size) }, (_, i) =>
    numbers.subarray(i * size, (i + 1) * size),
  );
}

export const squareOf = (face: Float32Array) => squareAt(face, squareOfFace);

export const nextSquareOf = (mesh: Float32Array) => squareAt(mesh, squareOfMesh);

function squareAt(numbers: Float32Array, at: number): Square {
  const [x = 0, y = 0, size = 0, angle = 0] = numbers.subarray(at, at + 4);
  return { x, y, size, angle };
}
