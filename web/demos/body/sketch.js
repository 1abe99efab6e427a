// People in a picture, a film or before the camera, and their bones. Found on this page: nothing leaves it.
import { bodyPose, place } from 'gesso';
import { studio } from '../studio/bodies.ts';

let bodies;

studio.onModel(async (model, options) => {
  bodies?.dispose();
  bodies = await bodyPose(model, options);
  return bodies.about();
});

studio.onPicture((picture) => bodies.detect(picture));

studio.onVideo((video, show, onError) => bodies.watch(video, show, { onError }));

studio.onDraw((pen, poses, picture, stage) => {
  const onStage = place(picture, stage);
  for (const pose of onStage(poses)) {
    pen.strokeStyle = studio.colourOf(pose.id);
    for (const [from, to] of bodies.skeleton.names) {
      // What the network is unsure of is drawn fainter.
      pen.globalAlpha = Math.min(pose[from].confidence, pose[to].confidence);
      pen.lineWidth = 5;
      pen.beginPath();
      pen.moveTo(pose[from].x, pose[from].y);
      pen.lineTo(pose[to].x, pose[to].y);
      pen.stroke();
    }
    for (const { x, y, confidence } of pose.keypoints) studio.dot(x, y, confidence);
    studio.label(pose);
  }
});
