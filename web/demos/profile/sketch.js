// Every operator of a network on the clock: how long it takes, and what computes it, on your own machine.
import { conv2d, dense, flatten, loadModel, maxPooling2d, profile, sequential } from 'gesso';
import { studio } from '../studio/profile.ts';

let model;

studio.onModel(async (source, options) => {
  model?.dispose();
  model = await loadModel(source, options);
  return model;
});

studio.onMeasure((input) => profile(model, { input }));

studio.onLesson(async (pictures, digits) => {
  const learner = sequential([
    conv2d({ filters: 16, kernelSize: 3, activation: 'relu', inputShape: [28, 28, 1] }),
    maxPooling2d({ poolSize: 2 }),
    conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
    maxPooling2d({ poolSize: 2 }),
    flatten(),
    dense({ units: 64, activation: 'relu' }),
    dense({ units: 10, activation: 'softmax' }),
  ]);
  learner.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  const step = await profile(learner, { training: [pictures, digits] });
  learner.dispose();
  return step;
});
