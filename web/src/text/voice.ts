// What is behind charRNN(): a network, the characters that it knows, and whose voice it is.
import type { LayersModel, ModelFiles, SaveTarget } from '../layers/layersModel.js';
import type { WritingAnswer, WritingGiven, WritingMethod } from '../runtime.js';
import type { Sampling, ToldWritten } from '../writing.js';
import { canKeep, deleteCheckpoint, keepText, keepTraining, readTraining } from './checkpoints.js';
import { type Cleaned, cleaned, previewText } from './clean.js';
import { grown } from './growing.js';
import { isRecurrent, LayersFile, type VoiceNotes, withNotes } from './layersFile.js';
import { type Codes, Course, codesOf, type Lesson, partsOf } from './learning.js';
import {
  absent,
  dense,
  dropout,
  embedding,
  fail,
  gru,
  insideOf,
  instance,
  lstm,
  messageOf,
  natural,
  readOptions,
  sequential,
  show,
  store,
  tensor,
  whole,
} from './library.js';
import { memorisation } from './memorisation.js';
import { identity, writeMl5Folder } from './ml5Folder.js';
import { modelOf, type Parts, readVoice, tellWarnings } from './reading.js';
import {
  askedRates,
  completed,
  readContinue,
  readTrain,
  shapeNames,
  trainingPlan,
} from './settings.js';
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
  TextSettings,
  TextSource,
  TextState,
  TextWarning,
  TrainTextOptions,
  UnknownCharacters,
  VoiceAbout,
  VoiceCard,
  VoiceCardText,
} from './types.js';
import { isUnknown, Vocabulary } from './vocabulary.js';
import { warning } from './warnings.js';

const who = 'charRNN';

const choiceOptions = {
  temperature: { ...natural(0.5), example: 'temperature: 0.5' },
  topK: { ...whole(1, 10), example: 'topK: 10' },
  topP: absent<number>(
    'a number above 0 to 1',
    'topP: 0.9',
    (value) => Number.isFinite(value) && Number(value) > 0 && Number(value) <= 1,
  ),
  random: absent<number>(
    'a whole number from 0 to 4294967295',
    'random: 1',
    (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 32,
  ),
};

const unknown = absent<UnknownCharacters>(
  "'skip', 'refuse', or an object of replacements",
  "unknown: { 'é': 'e' }",
  isUnknown,
);

const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((each) => typeof each === 'string' && each !== '');

const manyOptions = {
  ...choiceOptions,
  length: { ...whole(1, 200), example: 'length: 200' },
  stop: absent<string | readonly string[]>(
    'a text, or a list of texts',
    "stop: '\\n'",
    (value) => (typeof value === 'string' && value !== '') || isTexts(value),
  ),
  unknown,
  signal: instance(AbortSignal, 'signal: AbortSignal.timeout(60_000)'),
};

const generateOptions = {
  ...manyOptions,
  seed: absent<string>('a text', "seed: 'The '", (value) => typeof value === 'string'),
  stateful: false,
};

const feedOptions = { unknown };

const isText = (value: unknown): boolean => typeof value === 'string';

const cardOptions = {
  title: absent<string>('a text', "title: 'Letters of my grandmother'", isText),
  author: absent<string>('a text', "author: 'Ada'", isText),
  source: absent<string>('a text', "source: 'her letters, 1950 to 1971'", isText),
  consent: absent<string>('a text', "consent: 'she agreed on 3 May'", isText),
  date: absent<string>('a day', "date: '2026-11-21'", (value) => {
    return typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value);
  }),
};

const emptyCard: VoiceCard = {
  ...{ title: '', author: '', source: '', consent: '', date: '' },
  ...{ characters: 0, loss: null, valLoss: null },
};

const saveOptions = { format: ['gesso', 'ml5', 'html'] } as const;

/** The options of charRNN(), checked. */
export type VoiceOptions = {
  [K in keyof Required<Omit<CharRNNOptions, 'model' | 'deterministic'>>]:
    | CharRNNOptions[K]
    | undefined;
};

/** One voice. */
export class Voice {
  readonly #options: VoiceOptions;
  readonly warnings: TextWarning[] = [];
  #parts: Parts | undefined;
  /** What it learns from, or has learned from in this page. */
  #text: string | undefined;
  #course: Course | undefined;
  /** Places of the text that its network last learned from side by side. */
  #lanes: number | undefined;
  #training = false;
  #ends: 'stop' | { reason: unknown } | undefined;
  #paused = false;
  /** Whether it has read something that predict() can go on from. */
  #read = false;
  #disposed = false;
  #cardText: VoiceCardText = {};

  constructor(options: VoiceOptions) {
    this.#options = options;
  }

  /** Reads the voice that was asked for. */
  async load(source: NonNullable<CharRNNOptions['model']>): Promise<void> {
    const { vocabulary, worker, onProgress, signal } = this.#options;
    signal?.throwIfAborted();
    const parts = await readVoice(source, { vocabulary, worker, onProgress, signal });
    if (this.#disposed) {
      parts.model.dispose();
      return;
    }
    this.#take(parts);
    this.#warn(parts.warnings);
  }

  get vocabulary(): readonly string[] {
    return this.#parts?.vocabulary.characters ?? [];
  }

  get training(): boolean {
    return this.#training;
  }

  async generate(given: GenerateOptions = {}, onToken?: OnToken): Promise<Generated> {
    const { seed = '', stateful, ...how } = readOptions('generate', given, generateOptions);
    if (onToken !== undefined && typeof onToken !== 'function') {
      fail('generate: onToken must be a function', { given: show(onToken) }, '(written) => {}');
    }
    const { vocabulary } = this.#ready('generate');
    const told: ToldWritten | undefined =
      onToken &&
      ((chunk) => {
        for (const { codes } of chunk) onToken(vocabulary.decode(codes));
      });
    const [first] = await this.#generate([seed], { ...how, stateful }, told);
    return first ?? { sample: '', ended: 'length', skipped: [] };
  }

  async generateMultiple(
    seeds: readonly string[],
    given: Omit<GenerateOptions, 'seed' | 'stateful'> = {},
  ): Promise<Generated[]> {
    const how = readOptions('generateMultiple', given, manyOptions);
    if (!Array.isArray(seeds) || !seeds.every(isText)) {
      fail(
        'generateMultiple: it takes a list of beginnings',
        { given: show(seeds) },
        "generateMultiple(['The ', 'A '])",
      );
    }
    if (seeds.length === 0) return [];
    return this.#generate(seeds, { ...how, stateful: false });
  }

  async #generate(
    seeds: readonly string[],
    how: ReturnType<typeof readOptions<typeof manyOptions>> & { stateful: boolean },
    told?: ToldWritten,
  ): Promise<Generated[]> {
    const { vocabulary } = this.#ready('generate');
    const { length = 200, stateful, signal } = how;
    const goesOn = stateful && this.#read;
    const read = seeds.map((seed) => vocabulary.encode('generate', seed, how.unknown));
    const prompts = read.map(({ codes }) =>
      codes.length > 0 || goesOn ? codes : beginning(vocabulary),
    );
    const stops = [how.stop ?? []].flat().flatMap((stop) => {
      const { codes, skipped } = vocabulary.encode('generate: stop', stop);
      return skipped.length > 0 ? [] : [codes]; // what it cannot write never comes
    });
    const request = { ...samplingOf(how), prompts, stops, length, stateful };
    const writing = () => this.#write('generate', [request], told, signal);
    const texts = await (stateful ? this.#reading(writing) : writing());
    return texts.map((codes, lane) => ({
      sample: vocabulary.decode(codes),
      ended: codes.length < length ? 'stop' : 'length',
      skipped: read[lane]?.skipped ?? [],
    }));
  }

  async feed(text: string, given: FeedOptions = {}): Promise<string[]> {
    const options = readOptions('feed', given, feedOptions);
    if (typeof text !== 'string') {
      fail('feed: it reads a text', { given: show(text) }, "feed('The ')");
    }
    const { vocabulary } = this.#ready('feed');
    const { codes, skipped } = vocabulary.encode('feed', text, options.unknown);
    if (codes.length > 0) await this.#reading(() => this.#write('feed', [codes]));
    return skipped;
  }

  /** Does what reads; where it fails, it may have read something or not. */
  async #reading<T>(work: () => Promise<T>): Promise<T> {
    this.#read = true;
    try {
      return await work();
    } catch (error) {
      const state = await this.state().catch(() => undefined);
      this.#read = (state?.lanes ?? 0) > 0;
      throw error;
    }
  }

  async predict(given: number | ChoiceOptions = {}): Promise<Prediction> {
    const options = typeof given === 'number' ? { temperature: given } : given;
    const how = readOptions('predict', options, choiceOptions);
    const { vocabulary } = this.#ready('predict');
    if (!this.#read) {
      await this.#reading(() => this.#write('feed', [beginning(vocabulary)]));
    }
    const { code, probabilities } = await this.#write('predict', [samplingOf(how)]);
    return {
      sample: vocabulary.decode([code]),
      probabilities: vocabulary.characters.map((char, i) => {
        return { char, probability: probabilities[i] ?? 0 };
      }),
    };
  }

  async reset(): Promise<void> {
    this.#read = false;
    await this.#write('reset', []);
  }

  async state(): Promise<TextState> {
    return this.#write('state', []);
  }

  async setState(state: TextState): Promise<void> {
    await this.#write('setState', [checkedState(state)]);
    this.#read = state.lanes > 0;
  }

  async preview(text: TextSource, options?: CleanOptions): Promise<TextPreview> {
    return previewText('preview', text, options);
  }

  async train(given: TextSource, options: TrainTextOptions = {}): Promise<TextHistory> {
    const { clean, signal, ...asked } = readTrain(options);
    const { checkpoint, sampleSeed, seed = 0, temperatures = [0.5], sampleLength = 200 } = asked;
    return this.#alone('train', signal, async () => {
      if (checkpoint !== undefined) refuseNoDatabase();
      const text = await cleaned('train', given, clean);
      if (this.#isOver()) return { epochs: [], ended: 'stop' };
      this.#warn(text.warnings);
      const wanted = defined({
        layers: asked.layers,
        units: asked.units,
        cell: asked.cell,
        embedding: asked.embedding,
        dropout: asked.dropout,
        sequenceLength: asked.sequenceLength,
        batchSize: asked.batchSize,
        epochs: asked.epochs,
        learningRate: asked.learningRate,
        clip: asked.clip,
        validationSplit: asked.validationSplit,
      });
      const settings = completed(wanted, text.characters);
      const rates = askedRates(settings.learningRate, settings.epochs);
      const cut = (count: number) =>
        partsOf(count, settings, (characters) =>
          trainingPlan('train', characters, settings, wanted),
        );
      cut(text.characters); // refuses what is too short before there is a network
      const prepared = await this.#prepare(text, settings, wanted, seed);
      const { vocabulary } = prepared;
      const codes = await codesOf(vocabulary, text.text, text.characters);
      const parts = cut(codes.length);
      const { model } = await this.#withLanes(prepared, parts.plan.lanes);
      model.compile({
        optimizer: 'adam',
        loss: 'sparseCategoricalCrossentropy',
        globalClipNorm: settings.clip,
        seed,
      });
      if (this.#isOver()) return { epochs: [], ended: 'stop' };
      this.#cardOf(text.characters);
      const name = checkpoint && (await this.#keptText(checkpoint, text.text));
      const wishes = {
        seed,
        temperatures,
        sampleLength,
        sampleSeed: sampleSeed ?? beginningOf(text.text),
      };
      return this.#learn({
        who: 'train',
        text: text.text,
        codes,
        // What a short text has made smaller stays so: a training that goes on cuts it the same way.
        settings: {
          ...settings,
          batchSize: parts.plan.lanes,
          sequenceLength: parts.plan.sequenceLength,
        },
        rates,
        wishes,
        ...parts,
        position: { epoch: 0, step: 0, sum: 0, samples: 0 },
        history: [],
        checkpoint: name,
        keepSeconds: asked.checkpointSeconds ?? 5,
        onProgress: asked.onProgress,
        onEpoch: asked.onEpoch,
      });
    });
  }

  async continueTraining(name: string, given: ContinueOptions = {}): Promise<TextHistory> {
    const { epochs, signal, onProgress, onEpoch, checkpointSeconds } = readContinue(given);
    return this.#alone('continueTraining', signal, async () => {
      refuseNoDatabase();
      const kept = await readTraining(name);
      const settings: TextSettings = { ...kept.settings, epochs: epochs ?? kept.settings.epochs };
      const vocabulary = new Vocabulary('continueTraining', kept.vocabulary);
      const model = await modelOf(kept.files, this.#options.worker);
      const card = { ...emptyCard, ...kept.card, ...this.#cardText };
      this.#take({ model, vocabulary, card, origin: {}, warnings: [] });
      const codes = await codesOf(vocabulary, kept.text, kept.characters);
      const parts = partsOf(codes.length, settings, (characters) =>
        trainingPlan('continueTraining', characters, settings, {}),
      );
      return this.#learn({
        who: 'continueTraining',
        text: kept.text,
        codes,
        settings,
        rates: kept.rates,
        wishes: kept.wishes,
        ...parts,
        position: kept.position,
        history: kept.history,
        checkpoint: name,
        keepSeconds: checkpointSeconds ?? 5,
        onProgress,
        onEpoch,
      });
    });
  }

  /** Keeps the text of a training; where that fails, the training goes on and is not kept. */
  async #keptText(checkpoint: string, text: string): Promise<string | undefined> {
    try {
      await deleteCheckpoint(checkpoint); // never a training with the text of another
      await keepText(checkpoint, text);
      return checkpoint;
    } catch (error) {
      this.#warnOfCheckpoint('train', error);
      return undefined;
    }
  }

  /** Whether it was stopped before there was a course; throws the reason of a signal. */
  #isOver(): boolean {
    this.#refuseDisposed();
    if (this.#ends && this.#ends !== 'stop') throw this.#ends.reason;
    return this.#ends === 'stop';
  }

  /** Lets one training run, and tells it of a signal. */
  async #alone<T>(
    caller: string,
    signal: AbortSignal | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    this.#refuseDisposed();
    if (this.#training) {
      fail(`${caller}: this voice is being trained`, {}, 'await train(), or stop() it first');
    }
    signal?.throwIfAborted();
    this.#training = true;
    this.#ends = undefined;
    const aborted = () => this.#end({ reason: signal?.reason });
    signal?.addEventListener('abort', aborted);
    try {
      return await work();
    } finally {
      signal?.removeEventListener('abort', aborted);
      this.#training = false;
      this.#course = undefined;
      this.#paused = false;
    }
  }

  async #learn({
    checkpoint,
    ...lesson
  }: Omit<Lesson, 'vocabulary' | 'oneHot' | 'write' | 'keep'> & {
    checkpoint: string | undefined;
  }): Promise<TextHistory> {
    const { model, vocabulary } = this.#ready(lesson.who);
    const { text, codes, wishes, settings, plan, who: caller } = lesson;
    this.#text = text;
    this.#lanes = plan.lanes;
    const [port] = model.inputs;
    const oneHot = port?.shape.length === 3;
    if (lesson.validation === undefined && settings.validationSplit > 0) {
      this.#warn([
        warning(
          'small',
          `${caller}: the part for validation is too short for one step, so there is none`,
          { characters: codes.length - Math.floor(codes.length * (1 - settings.validationSplit)) },
          'a larger validationSplit, or more text',
        ),
      ]);
    }
    const keep: Lesson['keep'] =
      checkpoint === undefined
        ? undefined
        : async (position, history) => {
            const kept = keepTraining({
              name: checkpoint,
              files: await model.files(),
              position,
              history: [...history],
              vocabulary: [...vocabulary.characters],
              card: this.#parts?.card ?? null,
              settings: storable(settings, lesson.rates),
              rates: lesson.rates === null ? null : [...lesson.rates],
              wishes,
              characters: codes.length,
              saved: new Date(),
            });
            await kept.catch((error: unknown) => this.#warnOfCheckpoint(caller, error));
          };
    const write = async (temperature: number, random: number) => {
      const { sampleLength: length, sampleSeed: seed } = wishes;
      const how = { temperature, random, length, stateful: false };
      const [sample] = await this.#generate([seed], {
        ...how,
        topK: undefined,
        topP: undefined,
        stop: undefined,
        unknown: undefined,
        signal: undefined,
      });
      return sample?.sample ?? '';
    };
    const inside = insideOf(model);
    const first = firstStep(codes, plan, oneHot ? vocabulary.size : undefined);
    if (inside?.training === undefined) fail(`${caller}: this voice cannot learn`, {}, 'charRNN()');
    const training = inside.training(first.x, first.y, async () => {
      const { client, model: number } = await inside.session.opened();
      const all: Lesson = { ...lesson, vocabulary, oneHot, write, keep };
      const course = new Course(client, number, all);
      this.#course = course;
      if (this.#ends) course.end(this.#ends);
      else if (this.#paused) course.pause();
      return course.run();
    });
    // What it has read, it has read as another: what it remembers says nothing to the new weights.
    const history = await training.finally(() => this.reset().catch(() => {}));
    this.#cardText = {}; // the next text is another one
    const last = history.epochs.at(-1);
    const { card } = this.#ready(caller);
    if (card && last) {
      card.loss = last.loss;
      card.valLoss = last.valLoss ?? null;
    }
    const copied = last?.samples.find(({ memorisation: { copiedShare } }) => copiedShare > 0.5);
    if (copied) {
      const { copiedShare, longest } = copied.memorisation;
      this.#warn([
        warning(
          'memorised',
          `${caller}: more than half of a sample is copied from the text`,
          { share: `${Math.round(copiedShare * 100)} %`, longest: show(longest.slice(0, 80)) },
          'fewer epochs, a smaller network, or more text',
        ),
      ]);
    }
    return history;
  }

  /** A training goes on where it cannot be kept; it says so once. */
  #warnOfCheckpoint(caller: string, error: unknown): void {
    if (this.warnings.some(({ kind }) => kind === 'checkpoint')) return;
    this.#warn([
      warning(
        'checkpoint',
        `${caller}: this training cannot be kept, so a closed tab would end it`,
        { reason: messageOf(error).split('\n').join('; ') },
        'save() at the end, and more free space for the next time',
      ),
    ]);
  }

  /** The network for a text: a new one, or the one that is there, with room for new characters. */
  async #prepare(
    { vocabulary: counts }: Cleaned,
    settings: TextSettings,
    wanted: Partial<TextSettings>,
    seed: number,
  ): Promise<Parts> {
    const characters = counts.map(({ char }) => char);
    const parts = this.#parts;
    if (parts === undefined) {
      const vocabulary = new Vocabulary('train', this.#options.vocabulary ?? characters);
      this.#warnOfSkipped(
        characters.filter((char) => !vocabulary.has(char)),
        'a vocabulary with all of them, or none, which then follows from the text',
      );
      const model = await newModel(vocabulary.size, settings, seed, this.#options.worker);
      return this.#take({ model, vocabulary, card: null, origin: {}, warnings: [] });
    }
    const named = shapeNames.filter((name) => wanted[name] !== undefined);
    if (named.length > 0) {
      fail(
        'train: this voice has a network already, which cannot become another one',
        { given: named.join(', ') },
        'charRNN() for a new voice, or train() without these options',
      );
    }
    await this.#refuseUntrainable(parts);
    const missing = characters.filter((char) => !parts.vocabulary.has(char));
    if (missing.length === 0) return parts;
    const all = [...parts.vocabulary.characters, ...missing];
    const size = parts.vocabulary.size;
    const model = await grown(parts.model, size, all.length, this.#options.worker);
    if (model === undefined) {
      this.#warnOfSkipped(missing, 'charRNN() for a new voice: this network has no more room');
      return parts;
    }
    return this.#take({ ...parts, model, vocabulary: new Vocabulary('train', all) });
  }

  /** A network remembers for as many places side by side as it learned from: a copy has no such past. */
  async #withLanes(parts: Parts, lanes: number): Promise<Parts> {
    if (this.#lanes === undefined || this.#lanes === lanes) return parts;
    const files = await parts.model.files({ optimizer: false });
    return this.#take({ ...parts, model: await modelOf(files, this.#options.worker) });
  }

  #warnOfSkipped(characters: readonly string[], hint: string): void {
    if (characters.length === 0) return;
    const some = characters.slice(0, 12).map((char) => show(char));
    this.#warn([
      warning(
        'skipped',
        'train: characters of the text that are not in the vocabulary are left out',
        { characters: some.join(' '), 'there are': characters.length },
        hint,
      ),
    ]);
  }

  async #refuseUntrainable({ model }: Parts): Promise<void> {
    const shape = model.outputs[0]?.shape ?? [];
    if (model.inputs.length === 1 && shape.length === 3) return;
    fail(
      'train: this network cannot learn here: it must give a guess after every character',
      { output: JSON.stringify(shape), wanted: '[samples, characters, vocabulary]' },
      'charRNN() for a new voice, or a model whose last LSTM has returnSequences: true',
    );
  }

  /** The card of what is being learned: what it said before was about another text. */
  #cardOf(characters: number): void {
    const parts = this.#ready('train');
    parts.card = { ...emptyCard, date: today(), ...this.#cardText, characters };
  }

  pause(): void {
    if (!this.#training) return;
    this.#paused = true;
    this.#course?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#course?.resume();
  }

  stop(): void {
    if (this.#training) this.#end('stop');
  }

  #end(ends: 'stop' | { reason: unknown }): void {
    this.#ends ??= ends;
    this.#course?.end(this.#ends);
  }

  async memorisation(sample: string): Promise<Memorisation> {
    if (this.#text !== undefined) return memorisation(sample, this.#text);
    fail(
      'memorisation: the text that this voice learned from is not here',
      {},
      'memorisation(sample, text), which takes it',
    );
  }

  async describe(given: VoiceCardText): Promise<void> {
    const card = defined(readOptions('describe', given, cardOptions));
    this.#cardText = { ...this.#cardText, ...card };
    const parts = this.#parts;
    if (parts === undefined) return;
    parts.card = { ...(parts.card ?? emptyCard), ...card };
  }

  async about(): Promise<VoiceAbout> {
    const { model, vocabulary, card, origin } = this.#ready('about');
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
    const { model, vocabulary, card } = this.#ready('save');
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
    return this.#ready('model').model;
  }

  dispose(): void {
    this.#disposed = true;
    this.#end('stop');
    this.#parts?.model.dispose();
  }

  /** Becomes the voice of other parts; the network before goes. */
  #take(parts: Parts): Parts {
    if (this.#disposed) parts.model.dispose();
    this.#refuseDisposed();
    if (this.#parts && this.#parts.model !== parts.model) this.#parts.model.dispose();
    if (this.#parts?.model !== parts.model) this.#lanes = undefined;
    this.#parts = parts;
    this.#read = false;
    return parts;
  }

  #ready(caller: string): Parts {
    this.#refuseDisposed();
    if (this.#parts) return this.#parts;
    fail(
      `${caller}: this voice has not learned anything yet`,
      {},
      "await train(text) first, or charRNN('./voice/') with a voice that has",
    );
  }

  #refuseDisposed(): void {
    if (this.#disposed) fail(`${who}: it was used after dispose()`, {}, 'charRNN(…) again');
  }

  async #write<M extends WritingMethod>(
    method: M,
    given: WritingGiven<M>,
    told?: ToldWritten,
    signal?: AbortSignal,
  ): Promise<WritingAnswer<M>> {
    const { model } = this.#ready(method);
    const inside = insideOf(model);
    if (inside === undefined) fail(`${method}: this voice cannot write`, {}, 'charRNN()');
    const { client, model: number } = await inside.session.opened();
    return client.write(number, method, given, told, signal);
  }

  #warn(warnings: readonly TextWarning[]): void {
    this.warnings.push(...warnings);
    tellWarnings(warnings, this.#options.onWarning);
  }
}

/** What comes before a text: the end of a line, or else a space. */
function beginning(vocabulary: Vocabulary): Int32Array<ArrayBuffer> {
  return Int32Array.of(vocabulary.code('\n') ?? vocabulary.code(' ') ?? 0);
}

/** The first words of a text. */
function beginningOf(text: string): string {
  const start = [...text.trimStart().slice(0, 60)].slice(0, 24).join('');
  const end = start.lastIndexOf(' ');
  return end > 0 ? start.slice(0, end + 1) : start;
}

function samplingOf(
  how: { [K in keyof Required<ChoiceOptions>]: ChoiceOptions[K] | undefined },
): Sampling {
  const [chance = 0] = crypto.getRandomValues(new Uint32Array(1));
  const { temperature = 0.5, topK = 0, topP = 1, random = chance } = how;
  return { temperature, topK, topP, random };
}

/** What was given, without what was not. */
function defined<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** Settings that a database takes: functions are kept as the rates that they gave. */
function storable(settings: TextSettings, rates: readonly number[] | null): TextSettings {
  return rates === null ? settings : { ...settings, learningRate: rates[0] ?? 0 };
}

function refuseNoDatabase(): void {
  if (canKeep()) return;
  fail(
    'train: there is no database here to keep a training in',
    { needed: 'indexedDB' },
    'train() without checkpoint, and save() at the end',
  );
}

function checkedState(state: unknown): TextState {
  const { lanes, tensors } = (state ?? {}) as Partial<TextState>;
  const isTensor = (each: TextState['tensors'][number]) =>
    typeof each?.name === 'string' &&
    Array.isArray(each.shape) &&
    each.data instanceof Float32Array;
  if (Number.isInteger(lanes) && Array.isArray(tensors) && tensors.every(isTensor)) {
    return state as TextState;
  }
  return fail('setState: this is no state', { given: show(state) }, 'what state() gave');
}

function today(): string {
  const now = new Date();
  const two = (part: number) => String(part).padStart(2, '0');
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

/** A first step, by which it is known whether text and network fit. */
function firstStep(
  codes: Codes,
  { lanes, sequenceLength }: { lanes: number; sequenceLength: number },
  oneHot: number | undefined,
) {
  const count = lanes * sequenceLength;
  const y = tensor(Float32Array.from(codes.subarray(1, count + 1)), [lanes, sequenceLength]);
  if (oneHot === undefined) {
    return { x: tensor(Float32Array.from(codes.subarray(0, count)), [lanes, sequenceLength]), y };
  }
  const data = new Float32Array(count * oneHot);
  for (let i = 0; i < count; i++) data[i * oneHot + (codes[i] ?? 0)] = 1;
  return { x: tensor(data, [lanes, sequenceLength, oneHot]), y };
}

/** A network that knows nothing yet. */
async function newModel(
  size: number,
  settings: TextSettings,
  seed: number,
  worker: boolean | undefined,
): Promise<LayersModel> {
  const { layers, units, cell, embedding: width, dropout: rate } = settings;
  const recurrent = cell === 'gru' ? gru : lstm;
  const oneHot = width === 'oneHot';
  const model = sequential(
    [
      embedding({
        name: 'embedding',
        inputDim: size,
        outputDim: oneHot ? size : width,
        trainable: !oneHot,
      }),
      ...Array.from({ length: layers }, (_, i) => [
        recurrent({ name: `${cell}_${i + 1}`, units, returnSequences: true, stateful: true }),
        ...(rate > 0 ? [dropout({ name: `dropout_${i + 1}`, rate })] : []),
      ]).flat(),
      dense({ name: 'dense', units: size, activation: 'softmax' }),
    ],
    { name: 'voice', seed, ...(worker !== undefined && { worker }) },
  );
  if (oneHot) {
    await model.setWeights({
      'embedding/embeddings': { data: identity(size), shape: [size, size], dtype: 'float32' },
    });
  }
  return model;
}
