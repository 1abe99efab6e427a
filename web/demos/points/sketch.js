// Put points of two to four colours on the plane, and watch a small network part it among them.
import { dense, sequential } from 'gesso';
import { studio } from '../studio/points.ts';

studio.onBegin(() => {
  const model = sequential(
    [
      dense({ units: 24, activation: 'relu', inputShape: [2] }),
      dense({ units: 16, activation: 'relu' }),
      dense({ units: 4, activation: 'softmax' }),
    ],
    { seed: 1 },
  );
  model.compile({
    optimizer: { name: 'adam', learningRate: 0.01 },
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  return model;
});

studio.onTrain((model, { places, colours }, onEpochEnd) =>
  model.fit(places, colours, { epochs: 300, batchSize: 16, callbacks: { onEpochEnd } }),
);

studio.onLook((model, places) => model.predict(places, { batchSize: places.shape[0] }));

let seed = 7;
const random = () => {
  seed = (seed * 48271) % 2147483647; // Park and Miller's generator
  return seed / 2147483647;
};
const noise = () => (random() + random() + random() - 1.5) * 0.2;
const many = (count, make) => Array.from({ length: count }, (_, i) => make(i));
const onArc = (x, y, radius, angle, colour) => ({
  x: x + radius * Math.cos(angle) + noise(),
  y: y + radius * Math.sin(angle) + noise(),
  colour,
});

studio.onReadyMade({
  circle: () =>
    many(180, (i) => {
      const angle = 2 * Math.PI * random();
      return i % 2 ? onArc(0, 0, 0.7, angle, 1) : onArc(0, 0, 0.3 * random(), angle, 0);
    }),
  moons: () =>
    many(180, (i) => {
      const angle = Math.PI * random();
      const upper = i % 2;
      return upper ? onArc(-0.2, -0.1, 0.55, angle, 1) : onArc(0.2, 0.1, 0.55, -angle, 0);
    }),
  clusters: () =>
    many(160, (i) => {
      const colour = i % 4;
      return onArc(0, 0, 0.6, (colour + 0.4) * (Math.PI / 2) + 2 * noise(), colour);
    }),
});
