// Mix a colour. A small network that learns from people's own words says what it would call it.
import { neuralNetwork } from 'gesso';
import { studio } from '../studio/palette.ts';

studio.onLearn(async (examples, showEpoch) => {
  const network = neuralNetwork({ task: 'classification', hiddenUnits: 24 });
  for (const { r, g, b, label } of examples) network.addData({ r, g, b }, label);
  await network.normalizeData();

  await network.train({ epochs: 120, batchSize: 16 }, (epoch, logs) =>
    showEpoch(network, epoch, logs),
  );
});

studio.onColours((network, colours) => network.classifyMultiple(colours));
