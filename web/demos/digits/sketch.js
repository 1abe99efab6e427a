// Draw a digit. With every stroke a small network, trained by us, says which one it sees.
import { imageClassifier } from 'gesso';
import { studio } from '../studio/drawing.ts';

studio.onModel(async (options) => {
  const classifier = await imageClassifier('digits', options);

  studio.onDrawing((drawing) => classifier.classify(drawing, 10));
  return classifier.about();
});
