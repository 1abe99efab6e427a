// What charRNN() takes and gives: a voice, which writes character by character and learns from a text.
import type { LayersModel, ModelFiles, SaveTarget } from '../layers/layersModel.js';
import type { Schedule } from '../layers/trainingOptions.js';
import type { About, Where } from '../model.js';
import type { Progress } from '../progress.js';
import type { ModelSource } from '../source.js';

/** How a voice is loaded or made. */
export interface CharRNNOptions extends Where {
  /** Which voice: see {@link VoiceSource}. One that knows nothing yet if left out: train it. */
  model?: VoiceSource;
  /** The characters in the order of the codes, for a model whose folder does not tell them. */
  vocabulary?: readonly string[];
  /** Told how many bytes have arrived. */
  onProgress?: (progress: Progress) => void;
  /** Told what is doubtful but no error, such as a damaged vocabulary; `console.warn` if left out. */
  onWarning?: (warning: TextWarning) => unknown;
  /** Stops the loading, which then rejects with the signal's reason. */
  signal?: AbortSignal;
  /**
   * Whether the same `random` must give the same text on every machine, as `setDeterministic(true)`
   * does for the whole page; false.
   */
  deterministic?: boolean;
}

/**
 * What names a voice: a known name, the address or path of a folder of ml5 (`manifest.json`), of a
 * layers model of TensorFlow.js or of a voice that save() wrote, `'indexeddb://name'`, or files that
 * were dropped or chosen.
 */
export type VoiceSource = ModelSource;

/** How characters are chosen. */
export interface ChoiceOptions {
  /**
   * From 0: at 0 always the most probable character, at 1 as the text that was learned from, above
   * that wilder; 0.5 if left out.
   */
  temperature?: number;
  /** Choose among this many of the most probable characters, from 1; among all if left out. */
  topK?: number;
  /**
   * Choose among the most probable characters that together have this probability, above 0 to 1;
   * among all if left out.
   */
  topP?: number;
  /** Where the random numbers begin, from 0: equal numbers, equal choices. Else always others. */
  random?: number;
}

/**
 * What happens to characters that a voice does not know: they are skipped, refused with an error, or
 * replaced as an object says: `{ 'é': 'e' }`; those that it does not name are skipped.
 */
export type UnknownCharacters = 'skip' | 'refuse' | Readonly<Record<string, string>>;

export interface GenerateOptions extends ChoiceOptions {
  /**
   * What it reads before it writes; if left out, the end of a line. It is not part of what comes
   * out.
   */
  seed?: string;
  /** Characters to write at most, from 1; 200 if left out. */
  length?: number;
  /** Whether it goes on from what it has read and written before; false: it begins anew. */
  stateful?: boolean;
  /** Where to end before `length`: a text, or several. It is not part of what comes out. */
  stop?: string | readonly string[];
  /** What happens to characters of `seed` and `stop` that it does not know; `'skip'`. */
  unknown?: UnknownCharacters;
  /** Stops the writing, which then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Told what has been written since the last call, about sixty times a second. */
export type OnToken = (written: string) => unknown;

/** A text that a voice wrote. */
export interface Generated {
  sample: string;
  /** Whether it wrote all of `length`, or came to a `stop`. */
  ended: 'length' | 'stop';
  /** The characters of `seed` that it does not know and so did not read, each once. */
  skipped: string[];
}

export interface FeedOptions {
  /** What happens to characters that it does not know; `'skip'`. */
  unknown?: UnknownCharacters;
}

/** A character that may come next. */
export interface NextCharacter {
  char: string;
  /** From 0 to 1; those of all characters make 1. */
  probability: number;
}

/** What may come next. */
export interface Prediction {
  /** The character that was chosen; the voice has not read it: feed() it to go on. */
  sample: string;
  /** All characters in the order of the vocabulary. */
  probabilities: NextCharacter[];
}

/** What a voice remembers of what it has read. Plain data, which can be kept and sent. */
export interface TextState {
  /** 0: it has read nothing. */
  lanes: number;
  tensors: { name: string; shape: number[]; data: Float32Array<ArrayBuffer> }[];
}

/** A text to learn from: itself, or a file in UTF-8 or UTF-16 that the user chose. */
export type TextSource = string | Blob;

/** How a text is tidied up before it is learned from. */
export interface CleanOptions {
  /** Whether capital letters stay; `'keep'`. Fewer different characters are learned sooner. */
  case?: 'keep' | 'lower' | 'upper';
  /**
   * What happens to white space. `'tidy'`, the default: kinds of line ends and spaces become one,
   * spaces at ends of lines and more than one empty line go. `'collapse'`: every run becomes one
   * space. `'keep'`: only line ends become one kind.
   */
  whitespace?: 'tidy' | 'collapse' | 'keep';
  /** Only these characters stay, and white space; all if left out. */
  characters?: string;
  /** Characters that come less often than this go, from 1; 1: none go. */
  rarest?: number;
}

/** A character and how often it comes. */
export interface CharacterCount {
  char: string;
  count: number;
}

/** Something doubtful that is no error. */
export interface TextWarning {
  /** What it is about. */
  kind:
    | 'tooSmall'
    | 'small'
    | 'large'
    | 'repeats'
    | 'manyCharacters'
    | 'rareCharacters'
    | 'removed'
    | 'binary'
    | 'vocabulary'
    | 'skipped'
    | 'memorised'
    | 'checkpoint';
  /** What it is, the facts, and what to try, as errors say it. */
  message: string;
}

/** A text as it would be learned from. */
export interface TextPreview {
  /** The text after it was tidied up. */
  text: string;
  /** Its characters, and those of the text as it was given. */
  characters: number;
  given: number;
  /** Its different characters, the most frequent first. */
  vocabulary: CharacterCount[];
  /** Characters that went, the most frequent first; white space that was tidied up is not listed. */
  removed: CharacterCount[];
  /** Every warning that train() would give. */
  warnings: TextWarning[];
  /** How train() would learn from it where it is not told otherwise. */
  settings: TextSettings;
}

/** How a voice is built and learns; what train() takes for each that is left out goes by the size of the text. */
export interface TextSettings {
  /** Recurrent layers, from 1 to 8. */
  layers: number;
  /** Units of each, from 1. */
  units: number;
  /** Which kind of recurrent layer. */
  cell: 'lstm' | 'gru';
  /** How characters enter: as learned vectors of so many numbers, or as one 1 among zeros. */
  embedding: number | 'oneHot';
  /** Part of what goes from layer to layer that is left out at random, from 0 to below 1. */
  dropout: number;
  /** Characters of one step in a row, from 1. */
  sequenceLength: number;
  /** Places of the text that are read side by side, from 1. */
  batchSize: number;
  /** How often to go through the text, from 1. */
  epochs: number;
  /** How far each step goes: a number, a function of the epoch, or a curve. */
  learningRate: Schedule;
  /** The longest gradient of all weights together, above 0: a longer one is shortened. */
  clip: number;
  /** Part of the text at its end that is kept for validation, from 0 to below 1. */
  validationSplit: number;
}

export interface TrainTextOptions extends Partial<TextSettings> {
  /** How the text is tidied up first. */
  clean?: CleanOptions;
  /** Where random numbers begin: the first weights and dropout; 0 if left out. */
  seed?: number;
  /** At which temperatures to write a sample after each epoch; [0.5] if left out, [] for none. */
  temperatures?: readonly number[];
  /** Characters of each sample, from 1; 200 if left out. */
  sampleLength?: number;
  /** What samples begin with; the beginning of the text if left out. It is not part of them. */
  sampleSeed?: string;
  /**
   * A name under which the training is kept in the browser's database every few seconds, so that
   * {@link CharRNN.continueTraining} goes on with it after the tab was closed; another training of
   * this name goes. Not kept if left out.
   */
  checkpoint?: string;
  /** Seconds between checkpoints, from 0; 5 if left out. */
  checkpointSeconds?: number;
  /** Told several times a second how far training has come. */
  onProgress?: (progress: TrainTextProgress) => unknown;
  /** Told after every epoch; training goes on when its promise has settled. */
  onEpoch?: (epoch: TextEpoch) => unknown;
  /** Stops training, which then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** How training that was kept goes on. */
export type ContinueOptions = Pick<
  TrainTextOptions,
  'checkpointSeconds' | 'onProgress' | 'onEpoch' | 'signal'
> & {
  /** How often to go through the text in all, for more than was asked for at first. */
  epochs?: number;
};

/** How far training has come. */
export interface TrainTextProgress {
  /** The epoch that runs, from 0, and how many there are. */
  epoch: number;
  epochs: number;
  /** Steps of this epoch so far, and all of them. */
  step: number;
  steps: number;
  /** The mean loss of this epoch so far, in nats a character. */
  loss: number;
  /** The mean loss of the steps since the last call. */
  recentLoss: number;
  charactersPerSecond: number;
  /** Time until the end of training, as far as one can tell. */
  secondsLeft: number;
}

/** What one epoch has come to. */
export interface TextEpoch {
  /** Its number, from 0. */
  epoch: number;
  epochs: number;
  /** The mean loss in nats a character: how surprised it was by the text. */
  loss: number;
  /** e^loss: among how many characters it seemed to guess. */
  perplexity: number;
  /** The same over the part that is kept for validation, which it has not learned; if there is one. */
  valLoss?: number;
  valPerplexity?: number;
  /** One for each of `temperatures`. */
  samples: TextSample[];
}

/** What a voice wrote while it learned. */
export interface TextSample {
  temperature: number;
  text: string;
  /** How much of it is copied from the text that it learns. */
  memorisation: Memorisation;
}

/** How much of a text is copied word for word from another one. */
export interface Memorisation {
  /** The longest run of characters that both have. */
  longest: string;
  /** Its length in characters, and where in the other text it begins, counted in characters. */
  longestLength: number;
  longestAt: number;
  /** Part of all runs of 20 characters of the first text that the other one has, from 0 to 1. */
  copiedShare: number;
}

/** How a training went. */
export interface TextHistory {
  /** One entry for every epoch, those before a closed tab among them. */
  epochs: TextEpoch[];
  /** Why it ended: after all epochs, or because of stop(). */
  ended: 'epochs' | 'stop';
}

/** A training that was kept in the browser's database. */
export interface TextCheckpoint {
  name: string;
  /** Epochs that are complete, and how many there are to be. */
  epoch: number;
  epochs: number;
  /** Part of the training that is done, from 0 to 1. */
  done: number;
  /** Characters of the text. */
  characters: number;
  /** Bytes in the database. */
  bytes: number;
  saved: Date;
}

/** Whose voice it is: travels with it wherever it is saved, and about() shows it. */
export interface VoiceCard {
  title: string;
  /** Who made the voice. */
  author: string;
  /** Which text it learned from, and where that is from. */
  source: string;
  /** Whether those whose words they are agreed, and to what. */
  consent: string;
  /** Day on which it learned, `'2026-11-21'`; empty where nobody knows. */
  date: string;
  /** Characters of the text; 0 where nobody knows. */
  characters: number;
  /** Loss in nats a character at the end of training, and that of validation; null: not known. */
  loss: number | null;
  valLoss: number | null;
}

/** What people fill in of a card; the rest follows from the training. */
export type VoiceCardText = Partial<
  Pick<VoiceCard, 'title' | 'author' | 'source' | 'consent' | 'date'>
>;

/** Facts about a voice. */
export interface VoiceAbout extends About {
  /** Whose voice it is; null: nobody has said so. */
  voice: VoiceCard | null;
  /** How many characters it knows. */
  vocabularySize: number;
}

export interface SaveVoiceOptions {
  /**
   * `'gesso'`, the default: a layers model of TensorFlow.js whose file holds the characters and the
   * card, too. `'ml5'`: a folder for ml5 up to 0.12, LSTM only. `'html'`: one page that talks in this voice
   * without a network.
   */
  format?: 'gesso' | 'ml5' | 'html';
}

/** A voice: writes character by character, and learns from a text. */
export interface CharRNN {
  /** Characters in the order of the codes. Known when it has loaded or learned. */
  readonly vocabulary: readonly string[];
  /** Every warning so far. */
  readonly warnings: readonly TextWarning[];
  /** Whether train() is running, also while it waits. */
  readonly training: boolean;
  /**
   * Writes.
   *
   *     const { sample } = await voice.generate({ seed: 'The ', length: 100, temperature: 0.7 });
   *
   * @param onToken told what comes while it is written; together all of it
   */
  generate(options?: GenerateOptions, onToken?: OnToken): Promise<Generated>;
  /** Writes as many texts as there are seeds, side by side, which is faster than one by one. */
  generateMultiple(
    seeds: readonly string[],
    options?: Omit<GenerateOptions, 'seed' | 'stateful'>,
  ): Promise<Generated[]>;
  /** Reads a text, so that predict() tells what may come after it. Gives what was skipped. */
  feed(text: string, options?: FeedOptions): Promise<string[]>;
  /**
   * What may come after all that was read.
   *
   *     const { sample, probabilities } = await voice.predict(0.5);
   */
  predict(temperature?: number | ChoiceOptions): Promise<Prediction>;
  /** Forgets what was read. */
  reset(): Promise<void>;
  /** What it remembers of what was read: for setState(). */
  state(): Promise<TextState>;
  setState(state: TextState): Promise<void>;
  /** How train() would take a text. */
  preview(text: TextSource, options?: CleanOptions): Promise<TextPreview>;
  /**
   * Learns from a text. A voice that was loaded learns on; characters that it does not know are added.
   * At the end it has forgotten what it had read.
   *
   *     await voice.train(text, { onEpoch: ({ loss, samples }) => console.log(loss, samples[0].text) });
   *
   * @throws MLError when there is nothing to learn from, or the loss is no longer a number
   */
  train(text: TextSource, options?: TrainTextOptions): Promise<TextHistory>;
  /** Goes on with a training that was kept under a name, with the losses of one that never stopped. */
  continueTraining(checkpoint: string, options?: ContinueOptions): Promise<TextHistory>;
  /** Makes training wait after the step that runs, until resume(). */
  pause(): void;
  resume(): void;
  /** Ends training after the step that runs; train() then gives its history. */
  stop(): void;
  /** How much of a text is copied from the text that this voice learned in this page. */
  memorisation(sample: string): Promise<Memorisation>;
  /** Fills in the card. */
  describe(card: VoiceCardText): Promise<void>;
  /** Whose voice it is, where it comes from, what it runs on. */
  about(): Promise<VoiceAbout>;
  /**
   * Saves the voice with its card.
   *
   *     await voice.save('downloads://grandmother', { format: 'html' });
   *
   * @param where `'downloads://name'` in pages, `'indexeddb://name'`, or a folder in Node
   */
  save(where: SaveTarget, options?: SaveVoiceOptions): Promise<void>;
  /** The files that save() writes, by name. */
  files(options?: SaveVoiceOptions): Promise<ModelFiles>;
  /** The model below, for everything that layers can. */
  model(): Promise<LayersModel>;
  /** Frees the voice. */
  dispose(): void;
}
