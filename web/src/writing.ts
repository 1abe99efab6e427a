// Lets a model write where WebAssembly lives: in slices, so that messages get through between them.
import { breath } from './breath.js';
import { type Core, type CoreModel, type CoreWriter, guard, type Throwing } from './engine.js';
import { fail } from './errors.js';
import { countOf } from './tensor.js';
import type { Trial } from './webgpu/trials.js';
import type { DeviceWriting } from './webgpu/writing.js';

/** How a code is chosen among those that may follow. */
export interface Sampling {
  /**
   * How far the choice strays from what is most probable: logits are divided by it. At 0 the most
   * probable code is chosen, the lowest one where several are.
   */
  temperature: number;
  /** Only so many of the most probable codes may be chosen; 0: all. */
  topK: number;
  /** Only the most probable codes that together have this probability may be chosen; 1: all. */
  topP: number;
  /** Seed of the choices, a whole number of 32 bits; each lane has a sequence of its own. */
  random: number;
}

/** What to write. Codes are positions in the vocabulary. */
export interface WriteRequest extends Sampling {
  /** What each lane reads first; as many texts are written as there are lanes. */
  prompts: Int32Array[];
  /** Codes that a lane writes at most. */
  length: number;
  /** A lane ends where it would write one of these; it has read it then, but does not tell it. */
  stops: Int32Array[];
  /** Whether to go on from the state that is kept, and to keep the new one; else from zeros. */
  stateful: boolean;
}

/** Codes that a lane has written since it was last heard of. */
export interface Written {
  lane: number;
  codes: Int32Array;
}

/** Told of codes as they are written. What may become a part of a stop is told once it has not. */
export type ToldWritten = (chunk: Written[]) => unknown;

/** What is probable next, and a choice. */
export interface Prediction {
  code: number;
  /** Of every code to be chosen, as temperature, topK and topP leave it; they sum to 1. */
  probabilities: Float32Array;
}

/** What a model remembers of what it has read. */
export interface VoiceState {
  /** 0: it has read nothing. */
  lanes: number;
  /** What its recurrent layers remember, then the logits of the code that follows. */
  tensors: { name: string; shape: number[]; data: Float32Array<ArrayBuffer> }[];
}

/** What CoreWriter.saveState() says. */
interface SavedState {
  tensors: { name: string; shape: number[]; dtype: 'float32' }[];
}

/** What of the core writing needs. */
export type WritingCore = Throwing & Pick<Core, 'Writer'>;

/** A graphics processor on which texts may be written. */
export interface WritingAcceleration {
  /** Opens it; what that gives moves a writer's steps there. */
  open(): Promise<(writer: CoreWriter) => DeviceWriting>;
  /** What came of an earlier trial with so many lanes. */
  trial?: (lanes: number) => Trial | undefined;
  /** Told what came of a trial. Left out: there is none, and all texts are written there. */
  tried?: (lanes: number, trial: Trial) => void;
}

/** Milliseconds of writing between two looks at messages: about a frame of the page. */
const frameMilliseconds = 16;

/** Milliseconds for which steps are tried, here and on a graphics processor. */
const trialMilliseconds = 5;

/** One model that writes. Every method can be called from another thread; each waits its turn. */
export class Writing {
  readonly #core: WritingCore;
  readonly #model: CoreModel;
  #acceleration: WritingAcceleration | undefined;
  #writer: CoreWriter | undefined;
  #device: DeviceWriting | undefined;
  #trial: Trial | undefined; // with as many lanes as the last text has
  #last: Promise<unknown> = Promise.resolve();
  #deleted = false;

  /** @param acceleration left out: all is written on the processor */
  constructor(core: WritingCore, model: CoreModel, acceleration?: WritingAcceleration) {
    this.#core = core;
    this.#model = model;
    this.#acceleration = acceleration;
  }

  /** What computes the last text; undefined before the first. */
  place(): { backend: 'wasm' | 'webgpu'; trial?: Trial } | undefined {
    if (!this.#writer) return undefined;
    const trial = this.#trial;
    return { backend: this.#device ? 'webgpu' : 'wasm', ...(trial && { trial }) };
  }

  /**
   * Writes as many texts as there are prompts.
   *
   * @param told about sixty times a second, of what has been written since; waited for at the end
   * @param signal ends it
   * @returns the codes that each lane has written
   */
  generate(
    request: WriteRequest,
    signal?: AbortSignal,
    told?: ToldWritten,
  ): Promise<Int32Array<ArrayBuffer>[]> {
    return this.#inTurn(async () => {
      const texts: number[][] = request.prompts.map(() => []);
      const { prompts, stops, ...how } = request;
      const options = { ...how, prompts: lists(prompts), stops: lists(stops) };
      signal?.throwIfAborted();
      this.#call((writer) => writer.begin(JSON.stringify(options)));
      await this.#choosePlace(prompts.length);
      try {
        for (;;) {
          const [done, chunk] = readSlice(await this.#slice());
          for (const { lane, codes } of chunk) {
            for (const code of codes) texts[lane]?.push(code);
          }
          const answered = chunk.length > 0 ? told?.(chunk) : undefined;
          if (done) {
            await answered; // nothing is told after the end
            return texts.map((codes) => Int32Array.from(codes));
          }
          await breath();
          signal?.throwIfAborted();
        }
      } catch (error) {
        await this.#onDevice((device) => device.keep());
        throw error;
      }
    });
  }

  /** Reads codes, on from the state that is kept. */
  async feed(codes: Int32Array, signal?: AbortSignal): Promise<void> {
    await this.generate(
      {
        prompts: [codes],
        length: 0,
        stops: [],
        stateful: true,
        temperature: 0,
        topK: 0,
        topP: 1,
        random: 0,
      },
      signal,
    );
  }

  /** What follows what was read, of the first lane. Reads nothing and changes nothing. */
  predict(sampling: Sampling): Promise<Prediction> {
    return this.#inTurn(() => {
      const code = this.#call((writer) => writer.predict(JSON.stringify(sampling)));
      return { code, probabilities: this.#call((writer) => writer.probabilities()).slice() };
    });
  }

  /** Forgets what was read. */
  reset(): Promise<void> {
    return this.#inTurn(() => this.#call((writer) => writer.reset()));
  }

  /** What is remembered of what was read. */
  state(): Promise<VoiceState> {
    return this.#inTurn(() => {
      const { tensors } = JSON.parse(this.#call((writer) => writer.saveState())) as SavedState;
      const { buffer } = this.#call((writer) => writer.stateBytes()).slice();
      let at = 0;
      const filled = tensors.map(({ name, shape }) => {
        const data = new Float32Array(buffer, at, countOf(shape)).slice();
        at += data.byteLength;
        return { name, shape, data };
      });
      return { lanes: tensors[0]?.shape[0] ?? 0, tensors: filled };
    });
  }

  /** Goes back to what state() gave. */
  setState({ tensors }: VoiceState): Promise<void> {
    return this.#inTurn(() => {
      for (const { name, shape, data } of tensors) {
        if (data.length === countOf(shape) && data.every(Number.isFinite)) continue;
        fail(
          'setState: a tensor is not whole',
          { name, numbers: data.length, shape: JSON.stringify(shape) },
          'what state() gave, as it was',
        );
      }
      const saved: SavedState = {
        tensors: tensors.map(({ name, shape }) => ({ name, shape, dtype: 'float32' })),
      };
      const room = this.#call((writer) => writer.loadState(JSON.stringify(saved)));
      let at = 0;
      for (const { data } of tensors) {
        room.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
        at += data.byteLength;
      }
    });
  }

  delete(): void {
    this.#deleted = true;
    this.#device?.dispose();
    this.#device = undefined;
    this.#writer?.delete();
    this.#writer = undefined;
  }

  /** Begins when everything that was asked for before is over. */
  #inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#last.then(work, work);
    this.#last = result.catch(() => {}); // its caller hears of it
    return result;
  }

  /** Writes for about a frame. @returns what CoreWriter.run() says */
  async #slice(): Promise<Int32Array<ArrayBuffer>> {
    const said = await this.#onDevice((device) => device.slice(frameMilliseconds));
    return said ?? this.#call((writer) => writer.run(frameMilliseconds));
  }

  /** Moves a text that has just begun to where it is to be written. */
  async #choosePlace(lanes: number): Promise<void> {
    const { trial, tried } = this.#acceleration ?? {};
    if (tried) {
      this.#trial = trial?.(lanes) ?? (await this.#try());
      if (this.#trial === undefined) return;
      tried(lanes, this.#trial);
      if (this.#trial.wasm <= this.#trial.webgpu) return this.#moveHere();
    }
    await this.#moveToDevice();
  }

  /** Milliseconds of a step here and there. */
  async #try(): Promise<Trial | undefined> {
    this.#moveHere();
    const wasm = this.#call((writer) => writer.rehearse(trialMilliseconds));
    await this.#moveToDevice();
    const webgpu = await this.#onDevice((device) => device.rehearse(trialMilliseconds));
    return webgpu === undefined ? undefined : { wasm, webgpu };
  }

  async #moveToDevice(): Promise<void> {
    if (!this.#device) {
      try {
        const move = await this.#acceleration?.open();
        this.#device = move && this.#call(move);
      } catch (error) {
        this.#stay(error, false);
      }
    }
    await this.#onDevice((device) => device.begin());
  }

  #moveHere(): void {
    if (!this.#device) return;
    this.#device.dispose();
    this.#device = undefined;
    this.#call((writer) => writer.useProcessor());
  }

  /** Does something on the device, where one writes; undefined where it does not, or no longer. */
  async #onDevice<T>(work: (device: DeviceWriting) => Promise<T>): Promise<T | undefined> {
    const device = this.#device;
    if (device === undefined) return undefined;
    try {
      return await work(device);
    } catch (error) {
      if (this.#deleted) return undefined; // whoever asks for more hears of it
      this.#stay(error, device.isLost);
      return undefined;
    }
  }

  /** From now on the processor writes, unless it must not. */
  #stay(error: unknown, isLost: boolean): void {
    if (this.#deleted || !(isLost || this.#acceleration?.tried)) throw error;
    console.warn(`gesso: the processor takes over from the graphics processor. ${error}`);
    this.#acceleration = undefined;
    this.#moveHere();
  }

  #call<T>(work: (writer: CoreWriter) => T): T {
    if (this.#deleted) {
      fail('gesso: this model has been disposed of', {}, 'load it again');
    }
    return guard(this.#core, () => {
      this.#writer ??= new this.#core.Writer(this.#model);
      return work(this.#writer);
    });
  }
}

/** What CoreWriter.run() says. */
function readSlice(said: Int32Array<ArrayBuffer>): [done: boolean, chunk: Written[]] {
  const chunk: Written[] = [];
  for (let at = 1; at < said.length; ) {
    const [lane = 0, count = 0] = said.subarray(at, at + 2);
    chunk.push({ lane, codes: said.slice(at + 2, at + 2 + count) });
    at += 2 + count;
  }
  return [said[0] === 1, chunk];
}

function lists(all: readonly Int32Array[]): number[][] {
  return all.map((codes) => [...codes]);
}
