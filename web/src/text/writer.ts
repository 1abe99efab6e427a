// How a voice writes: goes on with a text, and remembers what it has read.

import { absent, fail, insideOf, instance, natural, readOptions, show, whole } from '../library.js';
import type { WritingAnswer, WritingGiven, WritingMethod } from '../runtime.js';
import type { Sampling, ToldWritten } from '../writing.js';
import type { Held } from './held.js';
import type {
  ChoiceOptions,
  FeedOptions,
  Generated,
  GenerateOptions,
  OnToken,
  Prediction,
  TextState,
  UnknownCharacters,
} from './types.js';
import { isUnknown, type Vocabulary } from './vocabulary.js';

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

const isText = (value: unknown): boolean => typeof value === 'string';

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
  seed: absent<string>('a text', "seed: 'The '", isText),
  stateful: false,
};

const feedOptions = { unknown };

/** Writes in the voice that is held. */
export class Writer {
  readonly #held: Held;

  constructor(held: Held) {
    this.#held = held;
  }

  async generate(given: GenerateOptions = {}, onToken?: OnToken): Promise<Generated> {
    const { seed = '', stateful, ...how } = readOptions('generate', given, generateOptions);
    if (onToken !== undefined && typeof onToken !== 'function') {
      fail('generate: onToken must be a function', { given: show(onToken) }, '(written) => {}');
    }
    const { vocabulary } = this.#held.ready('generate');
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

  /** What it writes where a training shows how far it has come. */
  async sample(
    seed: string,
    how: { temperature: number; random: number; length: number },
  ): Promise<string> {
    const [sample] = await this.#generate([seed], {
      ...how,
      stateful: false,
      topK: undefined,
      topP: undefined,
      stop: undefined,
      unknown: undefined,
      signal: undefined,
    });
    return sample?.sample ?? '';
  }

  async #generate(
    seeds: readonly string[],
    how: ReturnType<typeof readOptions<typeof manyOptions>> & { stateful: boolean },
    told?: ToldWritten,
  ): Promise<Generated[]> {
    const { vocabulary } = this.#held.ready('generate');
    const { length = 200, stateful, signal } = how;
    const goesOn = stateful && this.#held.read;
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
    const { vocabulary } = this.#held.ready('feed');
    const { codes, skipped } = vocabulary.encode('feed', text, options.unknown);
    if (codes.length > 0) await this.#reading(() => this.#write('feed', [codes]));
    return skipped;
  }

  /** Does what reads; where it fails, it may have read something or not. */
  async #reading<T>(work: () => Promise<T>): Promise<T> {
    this.#held.read = true;
    try {
      return await work();
    } catch (error) {
      const state = await this.state().catch(() => undefined);
      this.#held.read = (state?.lanes ?? 0) > 0;
      throw error;
    }
  }

  async predict(given: number | ChoiceOptions = {}): Promise<Prediction> {
    const options = typeof given === 'number' ? { temperature: given } : given;
    const how = readOptions('predict', options, choiceOptions);
    const { vocabulary } = this.#held.ready('predict');
    if (!this.#held.read) {
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
    this.#held.read = false;
    await this.#write('reset', []);
  }

  async state(): Promise<TextState> {
    return this.#write('state', []);
  }

  async setState(state: TextState): Promise<void> {
    await this.#write('setState', [checkedState(state)]);
    this.#held.read = state.lanes > 0;
  }

  async #write<M extends WritingMethod>(
    method: M,
    given: WritingGiven<M>,
    told?: ToldWritten,
    signal?: AbortSignal,
  ): Promise<WritingAnswer<M>> {
    const { model } = this.#held.ready(method);
    const inside = insideOf(model);
    if (inside === undefined) fail(`${method}: this voice cannot write`, {}, 'charRNN()');
    const { client, model: number } = await inside.session.opened();
    return client.write(number, method, given, told, signal);
  }
}

/** What comes before a text: the end of a line, or else a space. */
function beginning(vocabulary: Vocabulary): Int32Array<ArrayBuffer> {
  return Int32Array.of(vocabulary.code('\n') ?? vocabulary.code(' ') ?? 0);
}

function samplingOf(
  how: { [K in keyof Required<ChoiceOptions>]: ChoiceOptions[K] | undefined },
): Sampling {
  const [chance = 0] = crypto.getRandomValues(new Uint32Array(1));
  const { temperature = 0.5, topK = 0, topP = 1, random = chance } = how;
  return { temperature, topK, topP, random };
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
