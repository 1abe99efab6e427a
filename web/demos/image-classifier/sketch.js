// Names what is in a photo, or in front of the camera. Computed on this page: no picture leaves it.
import { imageClassifier } from 'gesso';
import { studio } from '../studio/photos.ts';

let classifier;

studio.onModel(async (model, options) => {
  classifier?.dispose();
  classifier = await imageClassifier(model, { ...options, topK: 5 });
  return classifier.about();
});

studio.onPicture((picture) => classifier.classify(picture));

studio.onCamera((video, show, onError) => classifier.watch(video, show, { onError }));
