// A network that has never seen a digit learns to read, here, in less than a minute. Watch it.
import { conv2d, dense, dropout, flatten, maxPooling2d, rescaling, sequential } from 'gesso';
import { studio } from '../studio/learning.ts';

studio.onBegin(() => {
  const model = sequential(
    [
      rescaling({ scale: 1 / 255, inputShape: [28, 28, 1] }),
      conv2d({ filters: 16, kernelSize: 5, activation: 'relu' }),
      maxPooling2d({ poolSize: 2 }),
      conv2d({ filters: 32, kernelSize: 5, activation: 'relu' }),
      maxPooling2d({ poolSize: 2 }),
      flatten(),
      dropout({ rate: 0.4 }),
      dense({ units: 64, activation: 'relu' }),
      dense({ units: 10, activation: 'softmax' }),
    ],
    { seed: 1 },
  );
  model.compile({
    optimizer: 'adam',
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  return model;
});

studio.onTrain((model, { pictures, labels }, onProgress, onEpochEnd) =>
  model.fit(pictures, labels, {
    epochs: 12,
    batchSize: 32,
    learningRate: { type: 'cosine', from: 0.002 },
    onProgress,
    callbacks: { onEpochEnd },
  }),
);

studio.onRead((model, pictures) => model.predict(pictures));
