// What the oracles of networks that see people share: the published packages of TensorFlow.js, made
// to read their models from a folder, and pictures as plain pixels.
//
// `npm install` brings the packages; GESSO_ORACLE names another folder to take them from. Models
// and photos lie in $GESSO_SHARED, or else in ../shared, as for the tests. An oracle, such as
// `node tests/oracle/blazeface.mjs`, writes its file in tests/goldens anew, which then wants
// `npm run format`. Everything is computed by the cpu backend: plain JavaScript, the same numbers
// on every machine. The pixels are those that web/src/decode.ts gives.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateSync } from 'node:zlib';
import { decode as decodePng } from 'fast-png';

const root = fileURLToPath(new URL('../..', import.meta.url));
const shared = process.env.GESSO_SHARED ?? join(root, '../shared');

/** Loads a module from the folder of the packages. */
export const load = createRequire(join(resolve(process.env.GESSO_ORACLE ?? root), 'package.json'));

export const tf = load('@tensorflow/tfjs');
await tf.setBackend('cpu');

/** The versions of packages, for the golden. */
export function versions(...names) {
  return Object.fromEntries(names.map((name) => [name, load(`${name}/package.json`).version]));
}

/** Where the packages look for their models, and the folders that have them. */
const folders = {
  'https://tfhub.dev/tensorflow/tfjs-model/blazeface/1/default/1': 'blazeface_tfhub',
  'https://tfhub.dev/mediapipe/tfjs-model/facemesh/1/default/1': 'facemesh_tfhub',
  'https://storage.googleapis.com/tfjs-models/savedmodel/bodypix/mobilenet/float/050':
    'bodypix_mobilenet_float_050',
  'https://storage.googleapis.com/tfjs-models/savedmodel/bodypix/mobilenet/quant1/050':
    'bodypix_mobilenet_quant1_050',
};

tf.env().setPlatform('folders', {
  ...tf.env().platform,
  async fetch(address) {
    const { origin, pathname } = new URL(address);
    const path = origin + pathname;
    const known = Object.keys(folders).find((start) => path.startsWith(`${start}/`));
    if (!known) throw new Error(`no folder is known for ${address}`);
    const file = join(shared, 'models', folders[known], path.slice(known.length + 1));
    const kind = file.endsWith('.json') ? 'application/json' : 'application/octet-stream';
    return new Response(readFileSync(file), { headers: { 'content-type': kind } });
  },
  now: () => performance.now(),
  encode: (text) => new TextEncoder().encode(text),
  decode: (bytes) => new TextDecoder().decode(bytes),
  isTypedArray: (a) => ArrayBuffer.isView(a) && !(a instanceof DataView),
});

/** A photo as { width, height, data }, four bytes for a pixel. */
export function readPhoto(name) {
  const bytes = readFileSync(join(shared, 'photos', name));
  if (!name.endsWith('.png')) return load('jpeg-js').decode(bytes, { useTArray: true });
  const { width, height, channels, data: given } = decodePng(bytes);
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) {
    data.set(given.subarray(i * channels, (i + 1) * channels), 4 * i);
  }
  return { width, height, data };
}

/** Red, green and blue of a picture as a tensor [height, width, 3]. */
export function tensorOf({ width, height, data }) {
  const values = new Int32Array(width * height * 3);
  for (let i = 0; i < values.length; i++) values[i] = data[Math.floor(i / 3) * 4 + (i % 3)];
  return tf.tensor3d(values, [height, width, 3], 'int32');
}

/** A picture where pixel (x, y) is that at `from(x, y)` of another; outside of it, opaque black. */
function moved(picture, width, height, from) {
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = from(x, y);
      const inside = u >= 0 && u < picture.width && v >= 0 && v < picture.height;
      const at = 4 * (v * picture.width + u);
      data.set(inside ? picture.data.subarray(at, at + 4) : [0, 0, 0, 255], 4 * (y * width + x));
    }
  }
  return { width, height, data };
}

/** Ways to turn a picture that a test can repeat to the bit. */
export const turns = {
  upright: (picture) => picture,

  mirrored: (picture) =>
    moved(picture, picture.width, picture.height, (x, y) => [picture.width - 1 - x, y]),

  // A quarter turn clockwise: the left column becomes the top row, read upwards.
  clockwise90: (picture) =>
    moved(picture, picture.height, picture.width, (x, y) => [y, picture.height - 1 - x]),

  // 30 degrees clockwise around the middle, in a picture of the same size, from the nearest pixel.
  // The cosine is a literal, so that it does not depend on anybody's Math.cos.
  clockwise30(picture) {
    const { width, height } = picture;
    const [cos, sin] = [0.8660254037844387, 0.5];
    const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2];
    return moved(picture, width, height, (x, y) => [
      Math.floor(middleX + cos * (x - middleX) + sin * (y - middleY) + 0.5),
      Math.floor(middleY - sin * (x - middleX) + cos * (y - middleY) + 0.5),
    ]);
  },
};

/** Numbers with so many digits after the point, in arrays of any depth. */
export function rounded(value, digits = 3) {
  if (value?.length !== undefined) return Array.from(value, (element) => rounded(element, digits));
  return Number(value.toFixed(digits));
}

/**
 * Bytes of a map with so many columns: each row from the second on is combined by exclusive or with
 * the one above it, then zlib, then base64.
 */
export function packed(bytes, width) {
  const changes = Uint8Array.from(bytes, (byte, i) => byte ^ (i < width ? 0 : bytes[i - width]));
  return deflateSync(changes, { level: 9 }).toString('base64');
}

/** Writes a golden: one line for each case. */
export function writeGolden(name, { cases, ...rest }) {
  const head = JSON.stringify(rest, null, 2).replace(/\n\}$/, '');
  const lines = cases.map((one) => `    ${JSON.stringify(one)}`).join(',\n');
  const path = join(root, 'tests/goldens', `${name}.json`);
  writeFileSync(path, `${head},\n  "cases": [\n${lines}\n  ]\n}\n`);
  console.log(`${path}: ${Math.round(lines.length / 1000)} KB in ${cases.length} cases`);
}
