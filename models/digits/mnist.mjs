// Reads the handwritten digits the model is trained on and judged by, and says which are for what.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export const side = 28;
export const pixels = side * side;

/** A digit whose index leaves this remainder modulo 5 is never trained on, nor used to choose. */
export const isHeldOut = (index) => index % 5 === 4;

/** 1,000 of the other 8,000: everything that is chosen (layers, epochs, warps) is chosen on them. */
export const isValidation = (index) => index % 10 === 3;

/**
 * Reads MNIST's two IDX files from a folder.
 * Format (http://yann.lecun.com/exdb/mnist): big-endian magic, sizes, then one byte a value.
 * @returns {{ images: Uint8Array[], labels: Uint8Array }} 784 bytes an image, rows from the top,
 *   0 is the black ground and 255 full ink; labels 0 to 9
 */
export function readMnist(folder) {
  const images = readIdx(`${folder}/t10k-images-idx3-ubyte.gz`, 0x803);
  const labels = readIdx(`${folder}/t10k-labels-idx1-ubyte.gz`, 0x801);
  const [count, height, width] = images.sizes;
  if (height !== side || width !== side || labels.sizes[0] !== count) {
    throw new Error(
      `mnist: images and labels must belong together.\n  images  [${images.sizes}]\n` +
        `  labels  [${labels.sizes}]\n  Try: the two t10k files of one download`,
    );
  }
  return {
    images: Array.from({ length: count }, (_, i) =>
      images.values.subarray(i * pixels, (i + 1) * pixels),
    ),
    labels: labels.values,
  };
}

function readIdx(path, magic) {
  const bytes = gunzipSync(readFileSync(path));
  const rank = magic & 0xff;
  if (bytes.readUInt32BE(0) !== magic) {
    throw new Error(
      `mnist: ${path} must be an IDX file of rank ${rank}.\n` +
        `  begins with  ${bytes.readUInt32BE(0)}\n  Try: the file as downloaded, gzipped`,
    );
  }
  const sizes = Array.from({ length: rank }, (_, i) => bytes.readUInt32BE(4 + 4 * i));
  return { sizes, values: new Uint8Array(bytes.subarray(4 + 4 * rank)) };
}
