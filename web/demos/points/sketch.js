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

studio.onLook((model, places) => model.predict(places, { batchSize: places.length }));

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
  circle: () => many(180, (i) => onArc(0, 0, i % 2 ? 0.7 : 0.3 * random(), 6.3 * random(), i % 2)),
  moons: () =>
    many(180, (i) =>
      i % 2
        ? onArc(-0.25, -0.15, 0.55, Math.PI * random(), 1)
        : onArc(0.25, 0.15, 0.55, -Math.PI * random(), 0),
    ),
  clusters: () => many(160, (i) => onArc(0, 0, 0.6, (i % 4) * 1.57 + 0.6 + 2 * noise(), i % 4)),
});
