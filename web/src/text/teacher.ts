// How a voice learns: one training at a time, from its text to its end.

import { fail, insideOf, messageOf, show } from '../library.js';
import { emptyCard, newCard } from './card.js';
import {
  deleteCheckpoint,
  keepText,
  keepTraining,
  readTraining,
  refuseNoDatabase,
  storable,
} from './checkpoints.js';
import { cleaned } from './clean.js';
import { defined } from './defined.js';
import type { Held } from './held.js';
import { Course, codesOf, type Lesson, partsOf } from './learning.js';
import { firstStep, prepare, withLanes } from './preparing.js';
import { modelOf, type Parts } from './reading.js';
import { askedRates, completed, readContinue, readTrain, trainingPlan } from './settings.js';
import type {
  ContinueOptions,
  TextEpoch,
  TextHistory,
  TextSettings,
  TextSource,
  TrainTextOptions,
} from './types.js';
import { Vocabulary } from './vocabulary.js';
import { warning } from './warnings.js';
import type { Writer } from './writer.js';

/** What a training knows before it knows the network. */
type Given = Omit<Lesson, 'vocabulary' | 'oneHot' | 'write' | 'keep'>;

/** Teaches the voice that is held. */
export class Teacher {
  readonly #held: Held;
  readonly #writer: Writer;
  #text: string | undefined;
  #course: Course | undefined;
  #training = false;
  #ends: 'stop' | { reason: unknown } | undefined;
  #paused = false;

  constructor(held: Held, writer: Writer) {
    this.#held = held;
    this.#writer = writer;
  }

  get training(): boolean {
    return this.#training;
  }

  /** What it learns from, or has learned from in this page. */
  get text(): string | undefined {
    return this.#text;
  }

  async train(given: TextSource, options: TrainTextOptions = {}): Promise<TextHistory> {
    const { clean, signal, ...asked } = readTrain(options);
    const { checkpoint, sampleSeed, seed = 0, temperatures = [0.5], sampleLength = 200 } = asked;
    return this.#alone('train', signal, async () => {
      if (checkpoint !== undefined) refuseNoDatabase('train');
      const text = await cleaned('train', given, clean);
      if (this.#isOver()) return { epochs: [], ended: 'stop' };
      this.#held.warn(text.warnings);
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
      const prepared = await prepare(this.#held, text, settings, wanted, seed);
      const { vocabulary } = prepared;
      const codes = await codesOf(vocabulary, text.text, text.characters);
      const parts = cut(codes.length);
      const { model } = await withLanes(this.#held, prepared, parts.plan.lanes);
      model.compile({
        optimizer: 'adam',
        loss: 'sparseCategoricalCrossentropy',
        globalClipNorm: settings.clip,
        seed,
      });
      if (this.#isOver()) return { epochs: [], ended: 'stop' };
      this.#held.ready('train').card = newCard(text.characters, this.#held.cardText);
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
      refuseNoDatabase('continueTraining');
      const kept = await readTraining(name);
      const settings: TextSettings = { ...kept.settings, epochs: epochs ?? kept.settings.epochs };
      const vocabulary = new Vocabulary('continueTraining', kept.vocabulary);
      const model = await modelOf(kept.files, this.#held.options);
      const card = { ...emptyCard, ...kept.card, ...this.#held.cardText };
      this.#held.take({ model, vocabulary, card, origin: {}, warnings: [] });
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
    this.#held.refuseDisposed();
    if (this.#ends && this.#ends !== 'stop') throw this.#ends.reason;
    return this.#ends === 'stop';
  }

  /** Lets one training run, and tells it of a signal. */
  async #alone<T>(
    caller: string,
    signal: AbortSignal | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    this.#held.refuseDisposed();
    if (this.#training) {
      fail(`${caller}: this voice is being trained`, {}, 'await train(), or stop() it first');
    }
    signal?.throwIfAborted();
    this.#training = true;
    this.#ends = undefined;
    const aborted = () => this.end({ reason: signal?.reason });
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
  }: Given & { checkpoint: string | undefined }): Promise<TextHistory> {
    const parts = this.#held.ready(lesson.who);
    const { model, vocabulary } = parts;
    const { text, codes, wishes, plan, who } = lesson;
    this.#text = text;
    this.#held.lanes = plan.lanes;
    const [port] = model.inputs;
    const oneHot = port?.shape.length === 3;
    this.#warnOfSmall(lesson);
    const keep = this.#keeping(checkpoint, lesson, parts);
    const write = (temperature: number, random: number) => {
      const { sampleLength: length, sampleSeed: seed } = wishes;
      return this.#writer.sample(seed, { temperature, random, length });
    };
    const inside = insideOf(model);
    const first = firstStep(codes, plan, oneHot ? vocabulary.size : undefined);
    if (inside?.training === undefined) fail(`${who}: this voice cannot learn`, {}, 'charRNN()');
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
    const history = await training.finally(() => this.#writer.reset().catch(() => {}));
    this.#held.cardText = {}; // the next text is another one
    this.#conclude(who, history.epochs.at(-1));
    return history;
  }

  /** Keeps a training under its name, where it has one. */
  #keeping(
    name: string | undefined,
    { who, codes, settings, rates, wishes }: Given,
    { model, vocabulary }: Parts,
  ): Lesson['keep'] {
    if (name === undefined) return undefined;
    return async (position, history) => {
      const kept = keepTraining({
        name,
        files: await model.files(),
        position,
        history: [...history],
        vocabulary: [...vocabulary.characters],
        card: this.#held.parts?.card ?? null,
        settings: storable(settings, rates),
        rates: rates === null ? null : [...rates],
        wishes,
        characters: codes.length,
        saved: new Date(),
      });
      await kept.catch((error: unknown) => this.#warnOfCheckpoint(who, error));
    };
  }

  /** Says on the card, and in a warning, what the last epoch has come to. */
  #conclude(caller: string, last: TextEpoch | undefined): void {
    const { card } = this.#held.ready(caller);
    if (card && last) {
      card.loss = last.loss;
      card.valLoss = last.valLoss ?? null;
    }
    const copied = last?.samples.find(({ memorisation: { copiedShare } }) => copiedShare > 0.5);
    if (copied) {
      const { copiedShare, longest } = copied.memorisation;
      this.#held.warn([
        warning(
          'memorised',
          `${caller}: more than half of a sample is copied from the text`,
          { share: `${Math.round(copiedShare * 100)} %`, longest: show(longest.slice(0, 80)) },
          'fewer epochs, a smaller network, or more text',
        ),
      ]);
    }
  }

  #warnOfSmall({ who, codes, settings, validation }: Given): void {
    if (validation !== undefined || settings.validationSplit <= 0) return;
    this.#held.warn([
      warning(
        'small',
        `${who}: the part for validation is too short for one step, so there is none`,
        { characters: codes.length - Math.floor(codes.length * (1 - settings.validationSplit)) },
        'a larger validationSplit, or more text',
      ),
    ]);
  }

  /** A training goes on where it cannot be kept; it says so once. */
  #warnOfCheckpoint(caller: string, error: unknown): void {
    if (this.#held.warnings.some(({ kind }) => kind === 'checkpoint')) return;
    this.#held.warn([
      warning(
        'checkpoint',
        `${caller}: this training cannot be kept, so a closed tab would end it`,
        { reason: messageOf(error).split('\n').join('; ') },
        'save() at the end, and more free space for the next time',
      ),
    ]);
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
    if (this.#training) this.end('stop');
  }

  /** Ends the training that runs, or is about to; only the first reason counts. */
  end(ends: 'stop' | { reason: unknown }): void {
    this.#ends ??= ends;
    this.#course?.end(this.#ends);
  }
}

/** The first words of a text. */
function beginningOf(text: string): string {
  const start = [...text.trimStart().slice(0, 60)].slice(0, 24).join('');
  const end = start.lastIndexOf(' ');
  return end > 0 ? start.slice(0, end + 1) : start;
}
