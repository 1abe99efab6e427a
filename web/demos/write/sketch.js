// Write a beginning, and a network that has read somebody's text goes on, one character at a time.
import { charRNN } from 'gesso';
import { studio } from '../studio/writing.ts';

let voice;

studio.onVoice(async (model, options) => {
  voice?.dispose();
  voice = await charRNN({ ...options, model });
  return voice.about();
});

studio.onBeginning(async (text) => {
  await voice.reset();
  return voice.feed(text); // gives the characters that it does not know
});

studio.onNext((temperature) => voice.predict(temperature));

studio.onChosen((character) => voice.feed(character));

studio.onAtOnce((temperature, signal, show) =>
  voice.generate({ temperature, length: 400, stateful: true, signal }, show),
);
