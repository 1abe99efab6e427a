// What the published blazeface package finds in photos, with its own defaults; published.mjs says
// how to run it. Boxes and landmarks are in pixels, as the package gives them: there the left edge
// of the picture is 0 and the right edge its width.
import { load, readPhoto, rounded, tensorOf, tf, versions, writeGolden } from './published.mjs';

const config = { maxFaces: 10, iouThreshold: 0.3, scoreThreshold: 0.75 };
const detector = await load('@tensorflow-models/blazeface').load(config);

const cases = [];
for (const photo of ['tfjs_portrait.jpg', 'astronaut.png', 'three_people.jpg']) {
  const picture = readPhoto(photo);
  const input = tensorOf(picture);
  const faces = await detector.estimateFaces(input);
  tf.dispose(input);
  cases.push({
    photo,
    width: picture.width,
    height: picture.height,
    faces: faces.map(({ topLeft, bottomRight, landmarks, probability }) => ({
      box: rounded([...topLeft, ...bottomRight]),
      landmarks: rounded(landmarks),
      confidence: rounded(probability[0], 5),
    })),
  });
}
writeGolden('blazeface', {
  made_by: 'tests/oracle/blazeface.mjs',
  packages: versions('@tensorflow/tfjs', '@tensorflow-models/blazeface'),
  model: 'blazeface_tfhub/model.json',
  config,
  landmarks: ['right eye', 'left eye', 'nose', 'mouth', 'right ear', 'left ear'],
  cases,
});
