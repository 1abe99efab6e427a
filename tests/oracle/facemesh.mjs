// What the published facemesh package finds in photos, and in the same photos turned, with its own
// defaults; published.mjs says how to run it. A case is the first frame of a fresh model. `crop`
// is the box that the package cuts out, in pixels, and the angle by which it turns the picture
// around the middle of the box before. `points` are x, y and z, one after the other. Where there is
// `next`, it is the frame after: the same picture again, where the crop comes from the mesh.
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

const facemesh = load('@tensorflow-models/facemesh');
const { computeRotation } = load('@tensorflow-models/facemesh/dist/util');

/** What the package will cut out for its faces: boxes with the detector's six or the mesh's points. */
function crops({ regionsOfInterest }) {
  return regionsOfInterest.map(({ startPoint, endPoint, landmarks }) => {
    const [low, high] = landmarks.length === 6 ? [3, 2] : [1, 168];
    const angle = computeRotation(landmarks[low], landmarks[high]);
    return { box: rounded([...startPoint, ...endPoint]), angle: rounded(angle, 6) };
  });
}

async function look(model, input) {
  const { pipeline } = model;
  let seen = crops(pipeline);
  const update = pipeline.updateRegionsOfInterest;
  pipeline.updateRegionsOfInterest = (boxes) => {
    update.call(pipeline, boxes);
    seen = crops(pipeline);
  };
  const faces = (await model.estimateFaces(input)) ?? [];
  pipeline.updateRegionsOfInterest = update;
  return faces.map((face, i) => ({
    crop: seen[i],
    confidence: rounded(face.faceInViewConfidence, 5),
    box: rounded([face.boundingBox.topLeft, face.boundingBox.bottomRight].flat()),
    points: rounded(face.scaledMesh.flat(), 2),
  }));
}

const cases = [];
for (const photo of ['tfjs_portrait.jpg', 'astronaut.png']) {
  for (const [name, turn] of Object.entries(turns)) {
    const picture = turn(readPhoto(photo));
    const input = tensorOf(picture);
    const model = await facemesh.load();
    const { width, height } = picture;
    const faces = await look(model, input);
    const next = name === 'upright' ? { next: await look(model, input) } : {};
    tf.dispose(input);
    cases.push({ photo, turn: name, width, height, faces, ...next });
    console.log(photo, name, JSON.stringify(faces.map(({ points, ...rest }) => rest)));
  }
}
writeGolden('facemesh', {
  made_by: 'tests/oracle/facemesh.mjs',
  packages: versions('@tensorflow/tfjs', '@tensorflow-models/facemesh'),
  models: ['blazeface_tfhub/model.json', 'facemesh_tfhub/model.json'],
  config: {
    maxContinuousChecks: 5,
    detectionConfidence: 0.9,
    maxFaces: 10,
    iouThreshold: 0.3,
    scoreThreshold: 0.75,
  },
  cases,
});
