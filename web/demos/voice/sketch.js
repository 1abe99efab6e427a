// Give it a text that is yours, or that you may use: a network learns to write in its voice, here.
import { charRNN, previewText } from 'gesso';
import { studio } from '../studio/teaching.ts';

studio.onBegin((options) => charRNN(options));

studio.onPreview((text, clean) => previewText(text, clean));

studio.onTrain((voice, text, options) =>
  voice.train(text, { ...options, temperatures: [0.4, 0.8, 1.2], sampleLength: 240 }),
);

studio.onContinue((voice, name, options) => voice.continueTraining(name, options));

studio.onWrite(async (voice, temperature, seed) => {
  const { sample } = await voice.generate({ seed, temperature, length: 400 });
  return { text: sample, memorisation: await voice.memorisation(sample) };
});

studio.onKeep(async (voice, card, where, options) => {
  await voice.describe(card);
  await voice.save(where, options);
});
