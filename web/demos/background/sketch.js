// What is behind people becomes a blur, a colour, a picture of yours, or nothing. No picture leaves this page.
import { blurBackground, bodySegmentation, cutOut, replaceBackground } from 'gesso';
import { studio } from '../studio/backdrops.ts';

let bodies;

studio.onModel(async (model, options) => {
  bodies?.dispose();
  bodies = await bodySegmentation(model, options);
  return bodies.about();
});

studio.onPicture((picture) => bodies.segment(picture));

studio.onVideo((video, show, onError) => bodies.watch(video, show, { onError }));

studio.onDraw((canvas, picture, people, { radius, background }) => {
  if (radius) blurBackground(canvas, picture, people, { radius });
  else if (background) replaceBackground(canvas, picture, people, background);
  else cutOut(canvas, picture, people);
});
