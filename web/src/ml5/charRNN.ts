// ml5.charRNN as 0.12 had it: writes character by character in a voice that ml5 trained.
import { fail } from '../errors.js';
import { readOptions } from '../options.js';
import { charRNN as task } from '../tasks/charRNN.js';
import { show, type Tensor } from '../tensor.js';
import type { TextState } from '../text/types.js';
import {
  answerErrorFirst,
  callbackOf,
  type ErrorFirst,
  refuseMore,
  sortArguments,
} from './calls.js';
import { type Instance, instance } from './instance.js';

/** What `generate` takes; numbers may be texts, as sliders and fields give them. */
export interface GenerateOptions {
  /** What to read first; `'a'` if left out. */
  seed?: string;
  /** Characters to write, from 1; 20 if left out. */
  length?: number | string;
  /** From 0, where it always writes the most probable character; 0.5 if left out. */
  temperature?: number | string;
  /** Whether to go on from the state that it is in; false: from the beginning. */
  stateful?: boolean;
}

/** What a voice remembers, layer by layer. */
export interface CharRNNState {
  c: Tensor[];
  h: Tensor[];
}

/** What `generate` gives. */
export interface Written {
  sample: string;
  state: CharRNNState;
}

/** What `predict` gives. */
export interface Next {
  sample: string;
  probabilities: { char: string; probability: number }[];
}

/** What ml5 0.12 says a voice can do. */
export interface CharRNN {
  /**
   * Writes a text.
   *
   *     charRNN.generate({ seed: 'The ', length: 100, temperature: 0.5 }, gotText);
   *     function gotText(error, result) { text(result.sample, 0, 0); }
   */
  generate(callback?: ErrorFirst<Written>): Promise<Written>;
  generate(options: GenerateOptions, callback?: ErrorFirst<Written>): Promise<Written>;
  /** Reads a text, every character of it once; unlike in ml5 its last one, too. */
  feed(seed: string, callback?: (error?: unknown) => unknown): Promise<void>;
  /**
   * What may come next; the voice has not read it: feed() it to go on.
   *
   * @param temperature 0.1 if left out
   * @param callback with one argument told of the character, as in ml5; with two, of the error and
   *   the whole result
   */
  predict(
    temperature?: number | string,
    callback?: ((character: string) => unknown) | ErrorFirst<Next>,
  ): Promise<Next>;
  /** Forgets what was read. */
  reset(): void;
  /** The same. */
  resetState(): void;
  /** What it remembered when the last call was over. */
  getState(): CharRNNState;
  /** Goes back to what getState() gave. */
  setState(state: CharRNNState): void;
  /** What it remembered when the last call was over. */
  readonly state: CharRNNState;
  /** The code of every character, once it has loaded. */
  readonly vocab: Readonly<Record<string, number>>;
  /** How many characters it knows. */
  readonly vocabSize: number;
  /** How probable each character was when the last one was predicted, by code. */
  readonly probabilities: readonly number[];
  /** Frees the voice. */
  dispose(): void;
}

const who = 'ml5.charRNN';

const generateOptions = { seed: 'a', length: 20, temperature: 0.5, stateful: false };

/**
 * Loads a voice that ml5 trained, from the folder of its `manifest.json`.
 *
 *     const charRNN = ml5.charRNN('models/woolf/', modelLoaded);
 *
 * @param args the path of the folder; a callback, the error first
 */
export function charRNN(...args: readonly (string | ErrorFirst<CharRNN>)[]): Instance<CharRNN> {
  const given = sortArguments(args);
  refuseMore(who, given, { texts: 1, callbacks: 1 }, `${who}('models/woolf/', modelLoaded)`);
  const [path = './'] = given.texts;
  const voice = task(/\.json$/.test(path) ? inFolder(path) : manifestOf(path));
  const states = new WeakMap<CharRNNState, TextState>();
  let state: CharRNNState = { c: [], h: [] };
  states.set(state, { lanes: 0, tensors: [] }); // nothing has been read
  let probabilities: number[] = [];
  let last: Promise<unknown> = voice;

  /** One thing after the other, as the sketch asks for them. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work, work);
    last = result.catch(() => {}); // its caller hears of it
    return result;
  };
  const note = async () => {
    const kept = await voice.state();
    state = layered(kept);
    states.set(state, kept);
  };
  const reset = () => {
    inTurn(async () => {
      await voice.reset();
      await note();
    }).catch(() => {}); // whoever writes next hears of a voice that cannot be read
  };
  const written = (options: GenerateOptions): Promise<Written> =>
    inTurn(async () => {
      const { seed, length, temperature, stateful } = readGenerate(options);
      if (!stateful) await voice.reset();
      const { sample } = await voice.generate({ seed, length, temperature, stateful: true });
      await note();
      return { sample, state };
    });

  const methods: CharRNN = {
    generate(...args: readonly unknown[]) {
      const given = sortArguments(args);
      refuseMore(
        'ml5 generate',
        given,
        { options: 1, callbacks: 1 },
        'generate({ seed }, gotText)',
      );
      const work = written((given.options[0] ?? {}) as GenerateOptions);
      return answerErrorFirst(work, callbackOf(given) as ErrorFirst<Written> | undefined);
    },
    feed(seed, callback) {
      const work = inTurn(async () => {
        await voice.feed(seed);
        await note();
      });
      return answerErrorFirst(work, callback);
    },
    predict(temperature, callback) {
      const work = inTurn(async (): Promise<Next> => {
        const how = temperature === undefined ? 0.1 : number('predict', 'temperature', temperature);
        const prediction = await voice.predict(how);
        probabilities = prediction.probabilities.map(({ probability }) => probability);
        return prediction;
      });
      if (callback === undefined || callback.length > 1) {
        return answerErrorFirst(work, callback as ErrorFirst<Next> | undefined);
      }
      const told = callback as (character: string) => unknown;
      work.then(
        ({ sample }) => told(sample),
        () => {},
      ); // its error comes with the promise
      return work;
    },
    reset,
    resetState: reset,
    getState: () => state,
    setState(given) {
      const kept = states.get(given);
      if (kept === undefined) {
        fail(
          'ml5 setState: this is no state of this voice',
          { given: show(given) },
          'setState(state) with what getState() gave',
        );
      }
      state = given;
      inTurn(() => voice.setState(kept)).catch(() => {}); // see reset
    },
    get state() {
      return state;
    },
    get vocab() {
      return Object.fromEntries(voice.vocabulary.map((char, code) => [char, code]));
    },
    get vocabSize() {
      return voice.vocabulary.length;
    },
    get probabilities() {
      return probabilities;
    },
    dispose: () => voice.dispose(),
  };
  return instance(voice, methods, undefined, callbackOf(given) as ErrorFirst<CharRNN> | undefined);
}

function manifestOf(path: string): string {
  return inFolder(`${path.replace(/[\\/]$/, '')}/manifest.json`);
}

/** ml5 takes every text for a path: gesso takes one without a slash for a name. */
function inFolder(path: string): string {
  return /[\\/]/.test(path) ? path : `./${path}`;
}

function readGenerate(given: GenerateOptions): Required<typeof generateOptions> {
  const { length, temperature, ...rest } = given;
  return readOptions(
    'ml5 generate',
    {
      ...rest,
      ...(length !== undefined && { length: number('generate', 'length', length) }),
      ...(temperature !== undefined && {
        temperature: number('generate', 'temperature', temperature),
      }),
    },
    generateOptions,
  );
}

/** A number, also as a text: sliders and fields give such. */
function number(method: string, name: string, given: number | string): number {
  const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
  if (typeof value === 'number' && !Number.isNaN(value)) return value;
  fail(`ml5 ${method}: ${name} must be a number`, { given: show(given) }, `${name}: 0.5`);
}

/** What it remembers, by layer; the rest of it, which ml5 has not, stays out of sight. */
function layered({ tensors }: TextState): CharRNNState {
  const of = (end: string): Tensor[] =>
    tensors
      .filter(({ name }) => name.endsWith(end))
      .map(({ data, shape }) => ({ data: data.slice(), shape: [...shape], dtype: 'float32' }));
  return { h: of('/state_0'), c: of('/state_1') };
}
