// What is behind charRNN(): a network, the characters that it knows, and whose voice it is.
import type { LayersModel, ModelFiles, SaveTarget } from '../layers/layersModel.js';
import { fail, readOptions, show, store } from '../library.js';
import { emptyCard, readCardText } from './card.js';
import { previewText } from './clean.js';
import { Held, type VoiceOptions } from './held.js';
import { isRecurrent, LayersFile, type VoiceNotes, withNotes } from './layersFile.js';
import { memorisation } from './memorisation.js';
import { writeMl5Folder } from './ml5Folder.js';
import { readVoice } from './reading.js';
import { Teacher } from './teacher.js';
import type {
  CharRNNOptions,
  ChoiceOptions,
  CleanOptions,
  ContinueOptions,
  FeedOptions,
  Generated,
  GenerateOptions,
  Memorisation,
  OnToken,
  Prediction,
  SaveVoiceOptions,
  TextHistory,
  TextPreview,
  TextSource,
  TextState,
  TextWarning,
  TrainTextOptions,
  VoiceAbout,
  VoiceCardText,
} from './types.js';
import { Writer } from './writer.js';

export type { VoiceOptions } from './held.js';

const saveOptions = { format: ['gesso', 'ml5', 'html'] } as const;

/** One voice. */
export class Voice {
  readonly #held: Held;
  readonly #writer: Writer;
  readonly #teacher: Teacher;
  readonly warnings: TextWarning[];

  constructor(options: VoiceOptions) {
    this.#held = new Held(options);
    this.#writer = new Writer(this.#held);
    this.#teacher = new Teacher(this.#held, this.#writer);
    this.warnings = this.#held.warnings;
  }

  /** Reads the voice that was asked for. */
  async load(source: NonNullable<CharRNNOptions['model']>): Promise<void> {
    const { vocabulary, onProgress, signal } = this.#held.options;
    signal?.throwIfAborted();
    const parts = await readVoice(source, {
      vocabulary,
      where: this.#held.options,
      onProgress,
      signal,
    });
    if (this.#held.disposed) {
      parts.model.dispose();
      return;
    }
    this.#held.take(parts);
    this.#held.warn(parts.warnings);
  }

  get vocabulary(): readonly string[] {
    return this.#held.parts?.vocabulary.characters ?? [];
  }

  get training(): boolean {
    return this.#teacher.training;
  }

  generate(options?: GenerateOptions, onToken?: OnToken): Promise<Generated> {
    return this.#writer.generate(options, onToken);
  }

  generateMultiple(
    seeds: readonly string[],
    options?: Omit<GenerateOptions, 'seed' | 'stateful'>,
  ): Promise<Generated[]> {
    return this.#writer.generateMultiple(seeds, options);
  }

  feed(text: string, options?: FeedOptions): Promise<string[]> {
    return this.#writer.feed(text, options);
  }

  predict(options?: number | ChoiceOptions): Promise<Prediction> {
    return this.#writer.predict(options);
  }

  reset(): Promise<void> {
    return this.#writer.reset();
  }

  state(): Promise<TextState> {
    return this.#writer.state();
  }

  setState(state: TextState): Promise<void> {
    return this.#writer.setState(state);
  }

  async preview(text: TextSource, options?: CleanOptions): Promise<TextPreview> {
    return previewText('preview', text, options);
  }

  train(text: TextSource, options?: TrainTextOptions): Promise<TextHistory> {
    return this.#teacher.train(text, options);
  }

  continueTraining(name: string, options?: ContinueOptions): Promise<TextHistory> {
    return this.#teacher.continueTraining(name, options);
  }

  pause(): void {
    this.#teacher.pause();
  }

  resume(): void {
    this.#teacher.resume();
  }

  stop(): void {
    this.#teacher.stop();
  }

  async memorisation(sample: string): Promise<Memorisation> {
    const { text } = this.#teacher;
    if (text !== undefined) return memorisation(sample, text);
    fail(
      'memorisation: the text that this voice learned from is not here',
      {},
      'memorisation(sample, text), which takes it',
    );
  }

  async describe(given: VoiceCardText): Promise<void> {
    const card = readCardText(given);
    this.#held.cardText = { ...this.#held.cardText, ...card };
    const { parts } = this.#held;
    if (parts === undefined) return;
    parts.card = { ...(parts.card ?? emptyCard), ...card };
  }

  async about(): Promise<VoiceAbout> {
    const { model, vocabulary, card, origin } = this.#held.ready('about');
    const about = await model.about();
    const name = about.name || card?.title || 'voice';
    return {
      ...about,
      name,
      ...origin,
      voice: card && { ...card },
      vocabularySize: vocabulary.size,
    };
  }

  async save(where: SaveTarget, options: SaveVoiceOptions = {}): Promise<void> {
    const { format } = readOptions('save', options, saveOptions);
    if (format !== 'gesso' && typeof where === 'string' && where.startsWith('indexeddb://')) {
      fail(
        "save: the browser's database keeps voices as they are, to be loaded again",
        { format, given: show(where) },
        `'downloads://my-voice' for this format`,
      );
    }
    const files = await this.files(options);
    if (typeof where !== 'string' || !where.startsWith('downloads://') || format === 'gesso') {
      return store(where, files);
    }
    const { downloadOne } = await import('./sharing.js');
    downloadOne(where.slice('downloads://'.length), files);
  }

  async files(options: SaveVoiceOptions = {}): Promise<ModelFiles> {
    const { format } = readOptions('save', options, saveOptions);
    const { model, vocabulary, card } = this.#held.ready('save');
    const all = await model.files({ optimizer: false });
    if (format === 'ml5') {
      const file = new LayersFile('model.json', all.get('model.json') ?? new Uint8Array());
      const layers = file
        .layers()
        .filter(({ className }) => isRecurrent(className) || /^(Embedding|Dense)$/.test(className))
        .map(({ className, config }) => ({ className, name: String(config.name) }));
      return writeMl5Folder(vocabulary.characters, layers, await model.getWeights(), card);
    }
    const notes: VoiceNotes = { vocabulary: [...vocabulary.characters], card };
    const files = withNotes(all, notes);
    if (format === 'gesso') return files;
    const { pageOf } = await import('./sharing.js');
    return new Map([['index.html', await pageOf(files, card)]]);
  }

  async model(): Promise<LayersModel> {
    return this.#held.ready('model').model;
  }

  dispose(): void {
    this.#held.disposed = true;
    this.#teacher.end('stop');
    this.#held.parts?.model.dispose();
  }
}
