// 468 points of a face, and a mask of the triangles between them. It goes where you go; nothing leaves the page.
import { faceMesh, place } from 'gesso';
import { studio } from '../studio/masks.ts';

let mesh;

studio.onModel(async (model, options) => {
  mesh?.dispose();
  mesh = await faceMesh(model, options);
  return mesh.about();
});

studio.onPicture((picture) => mesh.detect(picture));

studio.onVideo((video, show, onError) => mesh.watch(video, show, { onError }));

studio.onDraw((pen, faces, picture, stage, mask) => {
  const onStage = place(picture, stage);
  for (const face of onStage(faces)) {
    for (const corners of mesh.triangles) {
      const [a, b, c] = corners.map((i) => face.keypoints[i]);
      pen.fillStyle = pen.strokeStyle = mask.colourOf(a, b, c);
      studio.outline([a, b, c]);
      pen.stroke();
      if (mask.filled) pen.fill();
    }
    // Holes to look through.
    pen.globalCompositeOperation = 'destination-out';
    for (const eye of [face.leftEye, face.rightEye]) {
      studio.outline(eye.keypoints);
      pen.fill();
    }
    pen.globalCompositeOperation = 'source-over';
  }
});
