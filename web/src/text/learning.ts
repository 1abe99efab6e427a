// The course of learning from a text: steps, validation, samples, and what is kept on the way.
import type { Client } from '../client.js';
import type { Schedule } from '../layers/trainingOptions.js';
import { fail } from '../library.js';
import type { TrainingAnswer, TrainingMethod } from '../runtime.js';
import type { Tensor } from '../tensor.js';
import type { DataSet, EpochRequest, Slice, Told, Training } from '../training.js';
import type { Position, Wishes } from './checkpoints.js';
import { memorisation } from './memorisation.js';
import { type Plan, planOf, rateAt } from './settings.js';
import { blocksOf, Turns } from './turns.js';
import type {
  TextEpoch,
  TextHistory,
  TextSample,
  TextSettings,
  TrainTextProgress,
} from './types.js';
import type { Vocabulary } from './vocabulary.js';

/** Steps that are handed over at once. */
const segment = 16;

const sets = { training: 0, validation: 1 };

/** Codes of a text, in as few bytes as they need. */
export type Codes = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

/** A text as codes; characters that the vocabulary does not hold are left out. */
export async function codesOf(
  vocabulary: Vocabulary,
  text: string,
  characters: number,
): Promise<Codes> {
  const size = vocabulary.size;
  const Kind = size <= 256 ? Uint8Array : size <= 65536 ? Uint16Array : Int32Array;
  const codes = new Kind(characters);
  const turns = new Turns();
  let at = 0;
  for (const part of blocksOf(text)) {
    for (const char of part) {
      const code = vocabulary.code(char);
      if (code !== undefined) codes[at++] = code;
    }
    await turns.next();
  }
  return codes.subarray(0, at);
}

/** What a course needs to know. */
export interface Lesson {
  who: string;
  text: string;
  codes: Codes;
  vocabulary: Vocabulary;
  /** Whether codes go in as they are, or each as one 1 among zeros. */
  oneHot: boolean;
  settings: TextSettings;
  rates: readonly number[] | null;
  wishes: Wishes;
  /** How the first part of the text is cut, and the last one; undefined where none is kept. */
  plan: Plan;
  validation: Plan | undefined;
  position: Position;
  history: TextEpoch[];
  /** Writes a sample. */
  write: (temperature: number, random: number) => Promise<string>;
  /** Keeps all this, every so many seconds. */
  keep: ((position: Position, history: readonly TextEpoch[]) => Promise<void>) | undefined;
  keepSeconds: number;
  onProgress: ((progress: TrainTextProgress) => unknown) | undefined;
  onEpoch: ((epoch: TextEpoch) => unknown) | undefined;
}

/** Where the last part of the text begins, which is for validation, and how each part is cut. */
export function partsOf(
  characters: number,
  { validationSplit }: Pick<TextSettings, 'validationSplit'>,
  planTraining: (characters: number) => Plan,
): { plan: Plan; validation: Plan | undefined } {
  const count = Math.floor(characters * (1 - validationSplit));
  const plan = planTraining(count);
  const validation = planOf(characters - count, plan.lanes, plan.sequenceLength);
  return { plan, validation };
}

/** One training, from where it stands to its end. */
export class Course {
  readonly #client: Client;
  readonly #model: number;
  readonly #lesson: Lesson;
  readonly #rate: (epoch: number) => number;
  #position: Position;
  #ends: 'stop' | { reason: unknown } | undefined;
  #failed: { error: unknown } | undefined;
  #kept = performance.now();
  #seconds = 0;
  #read = 0;
  #waited = 0;
  #waitsSince: number | undefined;

  constructor(client: Client, model: number, lesson: Lesson) {
    this.#client = client;
    this.#model = model;
    this.#lesson = lesson;
    const { settings, rates } = lesson;
    const schedule: Schedule = settings.learningRate;
    this.#rate = rateAt(schedule, rates, settings.epochs);
    this.#position = { ...lesson.position };
  }

  /** Ends it after the step that runs; only the first reason counts. */
  end(ends: 'stop' | { reason: unknown }): void {
    this.#ends ??= ends;
    this.#train('stop', []).catch(() => {}); // a model that is gone has nothing to stop
  }

  /** Makes it wait after the step that runs. */
  pause(): void {
    this.#waitsSince ??= performance.now();
    this.#train('pause', []).catch(() => {}); // as above
  }

  resume(): void {
    this.#waited += performance.now() - (this.#waitsSince ?? performance.now());
    this.#waitsSince = undefined;
    this.#train('resume', []).catch(() => {});
  }

  /** Milliseconds, but for those that it waited. */
  #now(): number {
    return (this.#waitsSince ?? performance.now()) - this.#waited;
  }

  async run(): Promise<TextHistory> {
    const { settings, history, onEpoch } = this.#lesson;
    while (this.#position.epoch < settings.epochs && !this.#ends) {
      await this.#epoch();
      if (this.#ends) break;
      const result = await this.#result();
      if (result === undefined) break;
      history.push(result);
      const epoch = this.#position.epoch + 1;
      this.#position = { epoch, step: 0, sum: 0, samples: 0 };
      await this.#keep(epoch === settings.epochs);
      await onEpoch?.(result);
    }
    if (this.#failed) throw this.#failed.error;
    if (this.#ends && this.#ends !== 'stop') throw this.#ends.reason;
    if (this.#ends) await this.#keep(true);
    return { epochs: history, ended: this.#ends ? 'stop' : 'epochs' };
  }

  /** The steps of one epoch that are left. */
  async #epoch(): Promise<void> {
    const { plan, settings } = this.#lesson;
    const { epoch, step: from } = this.#position;
    await this.#train('keepWeights', []);
    while (this.#position.step < plan.steps && !this.#ends) {
      const first = this.#position.step;
      // A training that went on in the middle of a segment ends it first: rates go by segments.
      const within = first % segment;
      const count = Math.min(segment - within, plan.steps - first);
      const rate = this.#rate(epoch + (first - within) / plan.steps);
      await this.#train('setLearningRate', [rate]);
      const base = { ...this.#position };
      const start = this.#now();
      const before = this.#seconds;
      const told = (slice: Slice) => {
        this.#seconds = before + (this.#now() - start) / 1000;
        this.#tell(base, slice);
      };
      const data = this.#rows(plan, 0, offsetOf(plan, epoch), first, count);
      await this.#train('give', [sets.training, data]);
      // Each segment has figures of its own, so that their sum does not depend on where one began.
      const how = { train: true, epoch, fresh: first === 0 };
      const slice = await this.#go(plan, count, how, told);
      this.#seconds = before + (this.#now() - start) / 1000;
      if (this.#failed) throw this.#failed.error;
      if (slice.bad !== null) await this.#refuse(slice.bad, from, rate, settings);
      this.#advance(base, slice);
      await this.#keep(false);
    }
  }

  /** Notes how far an epoch has come, by the figures of the segment that runs. */
  #advance(base: Position, { step, samples, metrics }: Slice): void {
    if (step === 0) return; // it was stopped before the first step
    this.#position.step = base.step + step;
    this.#position.sum = base.sum + (metrics.loss ?? 0) * samples;
    this.#position.samples = base.samples + samples;
  }

  #tell(base: Position, slice: Slice): void {
    const { onProgress, settings, plan } = this.#lesson;
    const { sum, samples, step } = this.#position;
    this.#advance(base, slice);
    const position = this.#position;
    const each = plan.lanes * plan.sequenceLength;
    this.#read += (position.step - step) * each;
    const charactersPerSecond = this.#read / Math.max(this.#seconds, 1e-6);
    const left = (settings.epochs - position.epoch) * plan.steps - position.step;
    const newSamples = position.samples - samples;
    try {
      onProgress?.({
        epoch: position.epoch,
        epochs: settings.epochs,
        step: position.step,
        steps: plan.steps,
        loss: position.sum / position.samples,
        recentLoss:
          newSamples > 0 ? (position.sum - sum) / newSamples : position.sum / position.samples,
        charactersPerSecond,
        secondsLeft: (left * each) / charactersPerSecond,
      });
    } catch (error) {
      this.#failed ??= { error };
      this.end('stop'); // wherever training happens, the user sees what the callback threw
    }
  }

  /** What the epoch has come to; undefined where it was stopped meanwhile. */
  async #result(): Promise<TextEpoch | undefined> {
    const { settings, wishes, write, text } = this.#lesson;
    const { epoch, sum, samples: counted } = this.#position;
    const loss = Math.fround(sum / counted);
    const valLoss = await this.#validate();
    if (this.#ends) return undefined;
    const samples: TextSample[] = [];
    for (const [i, temperature] of wishes.temperatures.entries()) {
      const random = (wishes.seed + Math.imul(epoch + 1, 0x9e3779b9) + i) >>> 0;
      const written = await write(temperature, random);
      const copied = await memorisation(written, text);
      samples.push({ temperature, text: written, memorisation: copied });
    }
    return {
      epoch,
      epochs: settings.epochs,
      loss,
      perplexity: Math.exp(loss),
      ...(valLoss !== undefined && { valLoss, valPerplexity: Math.exp(valLoss) }),
      samples,
    };
  }

  /** The mean loss over the part of the text that nothing was learned from. */
  async #validate(): Promise<number | undefined> {
    const { validation: plan, codes, settings } = this.#lesson;
    if (plan === undefined || this.#ends) return undefined;
    const from = Math.floor(codes.length * (1 - settings.validationSplit));
    let loss = Number.NaN;
    for (let first = 0; first < plan.steps && !this.#ends; first += segment) {
      const count = Math.min(segment, plan.steps - first);
      await this.#train('give', [sets.validation, this.#rows(plan, from, 0, first, count)]);
      const how = { train: false, epoch: 0, goesOn: first > 0 };
      const slice = await this.#go(plan, count, how);
      if (slice.step > 0) loss = slice.metrics.loss ?? Number.NaN;
    }
    return this.#ends ? undefined : Math.fround(loss);
  }

  #go(
    { lanes }: Plan,
    steps: number,
    how: Pick<EpochRequest, 'train' | 'epoch' | 'goesOn' | 'fresh'>,
    told?: Told,
  ): Promise<Slice> {
    const set = how.train ? sets.training : sets.validation;
    const all = { set, first: 0, count: lanes * steps, batchSize: lanes, shuffle: false };
    return this.#train('epoch', [{ ...all, ...how }, false], told);
  }

  /** Steps as samples: one lane after the other in every step. */
  #rows(plan: Plan, from: number, offset: number, first: number, count: number): DataSet {
    const { codes, oneHot, vocabulary } = this.#lesson;
    const { lanes, sequenceLength: length, steps } = plan;
    const samples = lanes * count;
    const small = vocabulary.size <= 256;
    const made = () =>
      small ? new Uint8Array(samples * length) : new Float32Array(samples * length);
    const [x, y] = [made(), made()];
    for (let step = 0; step < count; step++) {
      for (let lane = 0; lane < lanes; lane++) {
        const at = from + offset + (lane * steps + first + step) * length;
        const to = (step * lanes + lane) * length;
        x.set(codes.subarray(at, at + length), to);
        y.set(codes.subarray(at + 1, at + 1 + length), to);
      }
    }
    const dtype = small ? 'uint8' : 'float32';
    const plain = (data: typeof x): Tensor => ({ data, shape: [samples, length], dtype });
    return {
      samples,
      x: [oneHot ? spread(x, samples, length, vocabulary.size) : plain(x)],
      y: [plain(y)],
      w: [null],
    };
  }

  async #keep(now: boolean): Promise<void> {
    const { keep, keepSeconds, history } = this.#lesson;
    if (!keep || (!now && performance.now() - this.#kept < keepSeconds * 1000)) return;
    await keep({ ...this.#position }, history);
    this.#kept = performance.now();
  }

  /** A voice that has come to nothing goes back to where the epoch began, or went on. */
  async #refuse(bad: string, from: number, rate: number, { clip }: TextSettings): Promise<never> {
    await this.#train('restoreWeights', []);
    fail(
      `${this.#lesson.who}: the loss is no longer a number, so training has stopped`,
      {
        epoch: this.#position.epoch,
        step: this.#position.step,
        'first not a number': bad,
        'learning rate': rate,
        clip,
        'the voice':
          from === 0
            ? 'is what it was at the beginning of this epoch'
            : `is what it was at step ${from} of this epoch, where the training went on`,
      },
      `learningRate: ${Number((rate / 4).toPrecision(2))}, or clip: 1`,
    );
  }

  #train<M extends TrainingMethod>(
    method: M,
    given: Parameters<Training[M]>,
    told?: Told,
  ): Promise<TrainingAnswer<M>> {
    return this.#client.train(this.#model, method, given, told);
  }
}

/** Each epoch begins elsewhere, so that what is left over is not always the same. */
function offsetOf({ slack }: Plan, epoch: number): number {
  return (epoch * 7919) % (slack + 1);
}

/** Codes as one 1 among zeros each, in bytes. */
function spread(codes: Iterable<number>, samples: number, length: number, size: number): Tensor {
  const data = new Uint8Array(samples * length * size);
  let at = 0;
  for (const code of codes) {
    data[at + code] = 1;
    at += size;
  }
  return { data, shape: [samples, length, size], dtype: 'uint8' };
}
