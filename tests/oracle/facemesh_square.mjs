// What FaceMesh finds in photos, and in the same photos turned, when it looks at the square that
// models/face/facemesh.h describes instead of at the rectangle of the published facemesh package.
// Written from that description in plain JavaScript: the networks are run by TensorFlow.js, faces
// are found by the published blazeface package, and nothing of this project is used. published.mjs
// says how to run it.
//
// A case has for its surest face: `squares`, where the network looked one time after the other
// (x, y of the middle, size, angle clockwise); `confidence`; `box`, which is left, top, right and
// bottom of all points; `width` of the face from side to side, whichever way it is turned;
// `points`: x, y and z in pixels, one after the other.
import {
  load,
  readPhoto,
  rounded,
  tensorOf,
  tf,
  turns,
  versions,
  writeGolden,
} from './published.mjs';

const config = { margin: 1.5, tries: 3, settled: 0.1, confidence: 0.5 };

const detector = await load('@tensorflow-models/blazeface').load();
const network = await tf.loadGraphModel(
  'https://tfhub.dev/mediapipe/tfjs-model/facemesh/1/default/1',
  { fromTFHub: true },
);

/** The network's input has so many rows and columns. */
const side = 192;

/** The outer corners of the eyes: the person's right one is on the left of a picture. */
const [rightCorner, leftCorner] = [33, 263];

/** As wide as the longer side of a box, with a margin, and turned as a line between the eyes. */
function squareAround([left, top, right, bottom], [rightX, rightY], [leftX, leftY]) {
  return {
    x: (left + right) / 2,
    y: (top + bottom) / 2,
    size: config.margin * Math.max(right - left, bottom - top),
    angle: Math.atan2(leftY - rightY, leftX - rightX),
  };
}

/** Left, top, right and bottom of points. */
function boxOf(points) {
  const [x, y] = [0, 1].map((axis) => points.map((point) => point[axis]));
  return [Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)];
}

/** Turned clockwise, where y leads down. */
function turned(angle, [x, y]) {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [cos * x - sin * y, sin * x + cos * y];
}

/** Where in a picture a place of the square is: from 0, 0 in one corner to 1, 1 in the opposite. */
function placeIn({ x, y, size, angle }, across, down) {
  const [right, under] = turned(angle, [size * (across - 0.5), size * (down - 0.5)]);
  return [x + right, y + under];
}

/** A channel between the middles of pixels, each weighted by how near it is; outside is black. */
function sample({ width, height, data }, x, y, channel) {
  let sum = 0;
  for (const row of [Math.floor(y), Math.floor(y) + 1]) {
    for (const column of [Math.floor(x), Math.floor(x) + 1]) {
      if (row < 0 || column < 0 || row >= height || column >= width) continue;
      const weight = (1 - Math.abs(x - column)) * (1 - Math.abs(y - row));
      sum += weight * data[4 * (row * width + column) + channel];
    }
  }
  return sum;
}

/** The square in `side` times `side` equal cells: the colours in their middles, from 0 to 1. */
function cut(picture, square) {
  const values = [];
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const [x, y] = placeIn(square, (column + 0.5) / side, (row + 0.5) / side);
      for (const channel of [0, 1, 2]) values.push(sample(picture, x, y, channel) / 255);
    }
  }
  return tf.tensor4d(values, [1, side, side, 3]);
}

/** Runs the network once. What it finds is in pixels of its input, counted from the edge. */
function look(picture, square) {
  const [flag, coordinates] = tf.tidy(() => {
    const outputs = network.predict(cut(picture, square));
    return [1, 3 * 468].map((size) => outputs.find((output) => output.size === size).dataSync());
  });
  const points = Array.from({ length: 468 }, (_, i) => {
    const [x, y, z] = coordinates.subarray(3 * i);
    return [...placeIn(square, x / side, y / side), (z / side) * square.size];
  });
  return { confidence: flag[0], points };
}

/** Looks until the face lies upright in its square. Undefined if there turns out to be none. */
function meshOf(picture, first) {
  const squares = [];
  let square = first;
  for (;;) {
    squares.push(square);
    const { confidence, points } = look(picture, square);
    if (confidence < config.confidence) return undefined;
    const next = squareAround(boxOf(points), points[rightCorner], points[leftCorner]);
    const change = next.angle - square.angle;
    const apart = Math.abs(Math.atan2(Math.sin(change), Math.cos(change)));
    if (apart < config.settled || squares.length === config.tries) {
      return { squares, confidence, points };
    }
    square = next;
  }
}

/** How wide a face is once it is turned upright. */
function widthOf(points) {
  const [[rightX, rightY], [leftX, leftY]] = [points[rightCorner], points[leftCorner]];
  const angle = Math.atan2(leftY - rightY, leftX - rightX);
  const [left, , right] = boxOf(points.map(([x, y]) => turned(-angle, [x, y])));
  return right - left;
}

const cases = [];
for (const photo of ['tfjs_portrait.jpg', 'astronaut.png']) {
  for (const [turn, change] of Object.entries(turns)) {
    const picture = change(readPhoto(photo));
    const input = tensorOf(picture);
    const found = await detector.estimateFaces(input);
    tf.dispose(input);
    const first = found.map(({ topLeft, bottomRight, landmarks: [rightEye, leftEye] }) =>
      squareAround([...topLeft, ...bottomRight], rightEye, leftEye),
    );
    const mesh = first.reduce((mesh, square) => mesh ?? meshOf(picture, square), undefined);
    if (!mesh) throw new Error(`there is no face in ${photo}, ${turn}`);
    const { squares, confidence, points } = mesh;
    const { width, height } = picture;
    const face = {
      squares: squares.map(({ x, y, size, angle }) => rounded([x, y, size, angle], 4)),
      confidence: rounded(confidence, 5),
      box: rounded(boxOf(points), 2),
      width: rounded(widthOf(points), 2),
    };
    console.log(photo, turn, JSON.stringify(face));
    cases.push({
      photo,
      turn,
      width,
      height,
      face: { ...face, points: rounded(points.flat(), 2) },
    });
  }
}
writeGolden('facemesh_square', {
  made_by: 'tests/oracle/facemesh_square.mjs',
  packages: versions('@tensorflow/tfjs', '@tensorflow-models/blazeface'),
  models: ['blazeface_tfhub/model.json', 'facemesh_tfhub/model.json'],
  config,
  cases,
});
