// What a network looks at, how little deceives it, and what it dreams of. All of it on this page: nothing leaves it.
import { attack, drawSaliency, imageClassifier, imagine, saliency } from 'gesso';
import { studio } from '../studio/doubt.ts';

let classifier;

studio.onModel(async (model, options) => {
  classifier?.dispose();
  classifier = await imageClassifier(model, options);
  return classifier.labels();
});

studio.onLook(async (canvas, picture, options) => {
  const map = await saliency(classifier, picture, options);
  await drawSaliency(canvas, picture, map);
  return map;
});

studio.onDeceive((picture, strength) => attack(classifier, picture, { strength }));

studio.onDream((label, options) => imagine(classifier, { label, ...options }));
