// A voice: a network that writes character by character, and learns from a text in the page.
import { fail } from '../errors.js';
import { voiceCode } from '../later.js';
import { loadOptions } from '../model.js';
import { absent, callback, isPlainObject, readOptions } from '../options.js';
import { setDeterministic } from '../settings.js';
import { show } from '../tensor.js';
import type {
  CharRNN,
  CharRNNOptions,
  CleanOptions,
  Memorisation,
  TextCheckpoint,
  TextPreview,
  TextSource,
  TextWarning,
  VoiceSource,
} from '../text/types.js';
import type { Voice } from '../text/voice.js';
import { type Loading, usableAtOnce } from '../usable.js';

const who = 'charRNN';

const charRNNOptions = {
  ...loadOptions,
  model: absent<VoiceSource>(
    'a name, an address, a path or files',
    "model: './voice/'",
    (value) => typeof value === 'string' || (typeof value === 'object' && value !== null),
  ),
  vocabulary: absent<readonly string[]>(
    'a list of characters',
    "vocabulary: ['a', 'b']",
    (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
  ),
  onWarning: callback<(warning: TextWarning) => unknown>('onWarning: ({ message }) => {}'),
  deterministic: false,
};

/**
 * A voice, which writes character by character; one that knows nothing yet learns from a text.
 *
 *     const voice = await charRNN('./darwin/');
 *     const { sample } = await voice.generate({ seed: 'The ', length: 200 });
 *
 *     const mine = charRNN();
 *     await mine.train(text, { onEpoch: ({ loss, samples }) => console.log(loss, samples[0].text) });
 *     await mine.save('downloads://my-voice', { format: 'html' });
 *
 * @param source a name, an address or a path, files, or options with all of it
 * @throws MLError when an option is wrong; the promise rejects when the voice cannot be read
 */
export function charRNN(
  source?: VoiceSource | CharRNNOptions,
  options: CharRNNOptions = {},
): Loading<CharRNN> {
  const given = isPlainObject(source)
    ? (source as CharRNNOptions)
    : { ...options, ...(source !== undefined && { model: source as VoiceSource }) };
  if (isPlainObject(source) && Object.keys(options).length > 0) {
    fail(`${who}: it takes one object with options`, { given: show(options) }, 'charRNN({ … })');
  }
  const { deterministic, model, ...checked } = readOptions(who, given, charRNNOptions);
  if (deterministic) setDeterministic(true);
  let voice: Voice | undefined;
  let disposed = false;
  const made = voiceCode().then((code) => {
    voice = new code.Voice(checked);
    if (disposed) voice.dispose();
    return voice;
  });
  const ready = made.then(async (voice) => {
    if (model !== undefined) await voice.load(model);
    return voice;
  });
  ready.catch(() => {}); // reported by the promise that the user holds, and by every method
  return usableAtOnce<CharRNN>(ready, {
    get vocabulary() {
      return voice?.vocabulary ?? [];
    },
    get warnings() {
      return voice?.warnings ?? [];
    },
    get training() {
      return voice?.training ?? false;
    },
    generate: async (options, onToken) => (await ready).generate(options, onToken),
    generateMultiple: async (seeds, options) => (await ready).generateMultiple(seeds, options),
    feed: async (text, options) => (await ready).feed(text, options),
    predict: async (options) => (await ready).predict(options),
    reset: async () => (await ready).reset(),
    state: async () => (await ready).state(),
    setState: async (state) => (await ready).setState(state),
    preview: async (text, options) => (await made).preview(text, options),
    train: async (text, options) => (await ready).train(text, options),
    continueTraining: async (name, options) => (await ready).continueTraining(name, options),
    pause: () => voice?.pause(),
    resume: () => voice?.resume(),
    stop: () => voice?.stop(),
    memorisation: async (sample) => (await ready).memorisation(sample),
    describe: async (card) => (await ready).describe(card),
    about: async () => (await ready).about(),
    save: async (where, options) => (await ready).save(where, options),
    files: async (options) => (await ready).files(options),
    model: async () => (await ready).model(),
    dispose: () => {
      disposed = true;
      voice?.dispose();
    },
  });
}

/**
 * How a text would be learned from: its characters, how often they come, and what is doubtful.
 *
 *     const { vocabulary, warnings } = await previewText(text, { case: 'lower' });
 *
 * @throws MLError where there is nothing to learn from
 */
export async function previewText(text: TextSource, options?: CleanOptions): Promise<TextPreview> {
  return (await voiceCode()).previewText('previewText', text, options);
}

/**
 * How much of a text is copied word for word from another one.
 *
 *     const { longest, copiedShare } = await memorisation(sample, text);
 *
 * @param sample what a voice wrote
 * @param text what it learned from; of millions of characters, too: the page goes on meanwhile
 */
export async function memorisation(sample: string, text: string): Promise<Memorisation> {
  return (await voiceCode()).memorisation(sample, text);
}

/** The trainings that are kept in this browser, for `continueTraining`. */
export async function listCheckpoints(): Promise<TextCheckpoint[]> {
  return (await voiceCode()).checkpoints();
}

/** Takes a training out of this browser's database. */
export async function deleteCheckpoint(name: string): Promise<void> {
  await (await voiceCode()).deleteCheckpoint(name);
}
