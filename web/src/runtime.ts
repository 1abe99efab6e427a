// The side where WebAssembly lives: in a worker of the page, or in process. Knows no user interface.
import type { Analyses, ToldAnalysis } from './analysis.js';
import {
  type BuildName,
  type Core,
  type CoreImage,
  type CoreModel,
  type CoreProgram,
  type CoreTrainer,
  type CoreWriter,
  engine,
  guard,
  threadsRefused,
} from './engine.js';
import { fail, messageOf } from './errors.js';
import { gpuCode } from './gpuCode.js';
import { type Picture, type Pixels, pixelsOf } from './image.js';
import type { Held, ModelInMemory, ProgramInMemory } from './memory.js';
import { type Contents, readModel, type Saved, type Wanted } from './modelFiles.js';
import { type OwnFiles, useOwnFiles } from './ownFiles.js';
import type { Square } from './people/find.js';
import { type Measured, type MeasureRequest, measure, type StepDescription } from './profiling.js';
import type { Progress } from './progress.js';
import type { Preprocess } from './recipe.js';
import type { LookAnswer, LookMethod, LookRequest, Sight } from './seeing.js';
import { seeingCode } from './seeingCode.js';
import { type Backend, type Settings, settings } from './settings.js';
import { sha256 } from './sha256.js';
import { Shown } from './shown.js';
import { countOf, type DType, keep, showShape, type Tensor, type TypedArray } from './tensor.js';
import type { Acceleration, DataSet, Told, Training } from './training.js';
import type { Accelerator, AdapterInfo } from './webgpu/accelerator.js';
import type { Memory } from './webgpu/buffers.js';
import type { OnDevice } from './webgpu/onDevice.js';
import type { ShownPicture } from './webgpu/pictures.js';
import type { Trial, Trials } from './webgpu/trials.js';
import type { ToldWritten, Writing, WritingAcceleration } from './writing.js';

/** An input or output; sizes that the model leaves open are -1. */
export interface PortDescription {
  name: string;
  shape: number[];
  dtype: DType;
}

/** What CoreModel.describe() says. */
export interface ModelDescription {
  format: string;
  inputs: PortDescription[];
  outputs: PortDescription[];
  /** Number of weights. */
  parameters: number;
}

/** A layer of a model, as CoreModel.layers() tells; see LayerInfo in model.ts. */
export interface LayerDescription extends PortDescription {
  operator: string;
}

/** What CoreProgram.describe() says. */
interface ProgramDescription {
  inputs: PortDescription[];
  outputs: PortDescription[];
  memory: ProgramMemory;
}

/** Bytes of a program: see ProgramMemory in core/backends/backend.h. */
export interface ProgramMemory {
  arena: number;
  packed: number;
  shared: number;
}

/** What to put on the clock: inputs, a picture, or a step of training. Can be sent to a worker. */
export type ProfileRequest = MeasureRequest &
  (
    | { inputs: Tensors }
    | { picture: Picture; preprocess: Preprocess }
    | { set: number; training: DataSet }
  );

/** What came of it. */
export interface Profiled extends Measured {
  /** Milliseconds that reading the pixels of the picture took, once. */
  picture: number;
}

/** What to open, and how. Can be sent to a worker. */
export interface OpenRequest extends Wanted {
  /** The layers that take the place of the outputs. */
  layers?: readonly string[];
  /** Where it is to run; as setBackend() said if left out. */
  backend?: Backend | undefined;
}

/** How long it took until the first answer, in milliseconds, and what came over the network. */
export interface Timing {
  /** Loading the library's own WebAssembly, at the same time as the files; 0 once it is there. */
  engine: number;
  /** Reading the files and checking them: from the network, the cache or a folder. */
  reading: number;
  /** Bytes of them that came over the network; 0 when a folder or the cache had all of them. */
  downloaded: number;
  /** Parsing them, and decoding the weights. */
  building: number;
  /** Preparing the first run, for sizes that are known by then; null before it. */
  preparing: number | null;
  /** The first run; null before it. */
  firstRun: number | null;
}

/** A model that is ready. */
export interface Opened {
  /** Names the model in later calls. */
  model: number;
  description: ModelDescription;
  /** Where it was found. */
  address: string;
  /** Of its main file. */
  sha256: string;
  /** Size of all its files. */
  fileBytes: number;
  build: BuildName;
  threads: number;
  version: string;
  /** Where it is to run. */
  backend: Backend;
  timing: Timing;
  /** What was asked for by `withTraining`. */
  saved?: Saved;
}

export type Tensors = Record<string, Tensor>;

/** How a runtime runs. */
export interface Running {
  build: BuildName;
  threads: number;
  /** Bytes of WebAssembly memory. */
  memory: number;
  /** What was asked for. */
  deterministic: boolean;
  /** Whether the page is isolated from other sites, as threads need it. */
  isolated: boolean;
  /** Why threads that were wanted did not start. */
  refused?: string;
  /** The graphics processor, once a model has run on it. */
  adapter?: AdapterInfo;
  /** All that are open, in the order of their opening. */
  models: RunningModel[];
}

/** What computes a model. */
export interface RunningModel {
  address: string;
  /** Its runs; null before the first. */
  runs: RunningOn | null;
  /** The steps of its training; null before the first. */
  trains: RunningOn | null;
  /** The steps of its last text; null before the first. */
  writes: RunningOn | null;
}

export interface RunningOn {
  backend: 'wasm' | 'webgpu';
  /** How long each takes, where both were tried. */
  trial?: Trial;
}

/** Which derivatives to compute. */
export interface GradientRequest {
  /** The output that they are of, */
  output: string;
  /** and the inputs by which. */
  of: readonly string[];
  /** How much each number of the output counts; 1 each if left out. */
  seed?: Tensor;
}

/** What train() can be asked for. */
export type TrainingMethod = Exclude<keyof Training, 'delete'>;
export type TrainingAnswer<M extends TrainingMethod> = Awaited<ReturnType<Training[M]>>;

/** What write() can be asked for. */
export type WritingMethod = Exclude<keyof Writing, 'delete' | 'place'>;
/** What each takes, without the signal and whom to tell. */
export type WritingGiven<M extends WritingMethod> = M extends 'generate' | 'feed'
  ? [Parameters<Writing[M]>[0]]
  : Parameters<Writing[M]>;
export type WritingAnswer<M extends WritingMethod> = Awaited<ReturnType<Writing[M]>>;

/** What analyse() can be asked for. */
export type AnalysesMethod = keyof Analyses;
/** What each takes, without the signal and whom to tell. */
export type AnalysesGiven<M extends AnalysesMethod> = M extends 'compute'
  ? Parameters<Analyses['compute']> extends [infer N, infer R, infer O, ...unknown[]]
    ? [N, R, O]
    : never
  : Parameters<Analyses[M]>;
export type AnalysesAnswer<M extends AnalysesMethod> = Awaited<ReturnType<Analyses[M]>>;

/** Programs kept for each model, one for each combination of input sizes. */
const programsKept = 4;

/** Where a model comes from. */
interface ModelOrigin extends Pick<Opened, 'address' | 'sha256' | 'fileBytes' | 'saved'> {
  timing: Timing;
}

/** What a model is to run with. */
interface PlaceToRun {
  core: Core;
  backend: Backend;
  /** Whether weights may be kept in 16 bits on a graphics processor. */
  half: boolean;
}

interface LoadedModel extends PlaceToRun {
  origin: ModelOrigin;
  model: CoreModel;
  description: ModelDescription;
  /** The least recently used first. */
  programs: Map<string, ReadyProgram>;
  /** Programs that are being made. */
  making: Map<string, Promise<ReadyProgram>>;
  /** Tells it from other models in trials that are kept. */
  identity: string;
  /** What came of trying both, the last time. */
  trial?: Trial | undefined;
  trainingTrial?: Trial | undefined;
  /** Whether weights have changed since the programs were made. */
  stale: boolean;
  /** The model whose weights these are, too. */
  whole?: LoadedModel;
  training?: Training;
  writing?: Writing;
}

/** A run on the device. */
interface DeviceRun {
  /** What it runs on; until others may write to the inputs of the program, these hold it. */
  inputs?: TypedArray[];
}

interface ReadyProgram {
  /** Whether it gives derivatives. */
  gradient: boolean;
  program: CoreProgram;
  /** What runs it in place of the processor, and the same program on the processor. */
  device?: OnDevice;
  here?: () => ReadyProgram;
  /** Runs on the device. */
  underWay: Set<DeviceRun>;
  /** How many work with it. */
  users: number;
  /** Whether to free it when they are done. */
  dropped: boolean;
  description: ProgramDescription;
}

/** How a picture becomes the input of a run. */
interface Showing {
  /** On the processor. */
  write(program: CoreProgram): void;
  /** Tells C++ where in the picture the elements of the input lie. */
  place(): Float32Array | Uint8Array;
  /** For a device that prepares it. */
  shown?: ShownPicture;
}

/** A program that a look works with. */
interface Looking {
  loaded: LoadedModel;
  ready: ReadyProgram;
  showing?: Showing;
}

/** Opens models and runs them. All methods are asynchronous, as if they were far away. */
export class Runtime {
  readonly #models = new Map<number, LoadedModel>();
  readonly #jobs = new Map<number, AbortController>();
  readonly #trials = new Map<Accelerator, Promise<Trials>>();
  #core: Core | undefined;
  #analyses: Analyses | undefined;
  readonly #images = new Map<Core, CoreImage>();
  readonly #uploaded = new Map<Core, Pixels>(); // what the images hold
  #backend: Backend | undefined; // of the latest model
  #accelerator: Accelerator | undefined;
  #count = 0;

  /**
   * Takes over the settings of the page that owns this runtime.
   *
   * @param files where the library's own files are
   */
  async configure(given: Settings, files: OwnFiles): Promise<void> {
    Object.assign(settings, given);
    useOwnFiles(files);
  }

  /**
   * Reads a model from the first place that has it.
   *
   * @param job a number by which abort() can name this call
   */
  async open(
    job: number,
    request: OpenRequest,
    onProgress?: (progress: Progress) => void,
  ): Promise<Opened> {
    const controller = new AbortController();
    this.#jobs.set(job, controller);
    try {
      const [core, contents] = await Promise.all([
        timed(coreFor(request.backend)),
        timed(readModel(request, controller.signal, onProgress)),
      ]);
      controller.signal.throwIfAborted();
      return this.#build(core, contents, request.layers);
    } finally {
      this.#jobs.delete(job);
      controller.abort(); // downloads that go on after one of them failed
    }
  }

  /**
   * Makes a model of layers.
   *
   * @param backend as in OpenRequest
   */
  async create(topology: string, seed: number, backend?: Backend): Promise<Opened> {
    const { value: place, time } = await timed(coreFor(backend));
    const { core } = place;
    const start = performance.now();
    const model = guard(core, () => core.createModel(topology, seed));
    const timing = newTiming(time, { building: performance.now() - start });
    const identity = sha256([new TextEncoder().encode(topology)]);
    return this.#add(place, model, { address: '', sha256: '', fileBytes: 0, timing }, identity);
  }

  /** What the model consists of, in the order of computation. */
  async layers(model: number): Promise<LayerDescription[]> {
    const { core, model: whole } = this.#find(model);
    return JSON.parse(guard(core, () => whole.layers())) as LayerDescription[];
  }

  /**
   * The model up to some layers, whose values are then its outputs. Either can be closed before the
   * other.
   */
  async cut(model: number, layers: readonly string[]): Promise<Opened> {
    const whole = this.#find(model);
    const { timing: _, ...origin } = whole.origin;
    const start = performance.now();
    const part = guard(whole.core, () => whole.model.cut(JSON.stringify(layers)));
    const building = performance.now() - start;
    const timed = { ...origin, timing: newTiming(0, { building }) };
    const opened = this.#add(whole, part, timed, [whole.identity, ...layers].join(' '));
    this.#find(opened.model).whole = whole.whole ?? whole;
    return opened;
  }

  /**
   * Calls a method of the model's training; the code for it is loaded by the first call.
   *
   * @param told of every slice of an epoch
   */
  async train<M extends TrainingMethod>(
    model: number,
    method: M,
    given: Parameters<Training[M]>,
    told?: Told,
  ): Promise<TrainingAnswer<M>> {
    const { Training } = await import('./training.js');
    const loaded = this.#find(model);
    const changed = () => {
      for (const each of this.#models.values()) {
        if (each === loaded || each.whole === loaded) each.stale = true;
      }
      this.#accelerator?.device.renew();
    };
    const { core, backend } = loaded;
    const acceleration = backend === 'wasm' ? undefined : await this.#acceleration(loaded);
    this.#checkOpen(loaded);
    loaded.training ??= new Training(core, loaded.model, changed, acceleration);
    const call = loaded.training[method] as (...given: unknown[]) => unknown;
    return (await call.call(loaded.training, ...given, told)) as TrainingAnswer<M>;
  }

  /**
   * Calls a method of the model's writing; the code for it is loaded by the first call.
   *
   * @param job a number by which abort() can name this call
   * @param told of what generate() has written
   */
  async write<M extends WritingMethod>(
    job: number,
    model: number,
    method: M,
    given: WritingGiven<M>,
    told?: ToldWritten,
  ): Promise<WritingAnswer<M>> {
    const controller = new AbortController();
    this.#jobs.set(job, controller);
    try {
      const { Writing } = await import('./writing.js');
      const loaded = this.#find(model);
      if (!loaded.writing && loaded.backend !== 'wasm') {
        const acceleration = await this.#writingAcceleration(loaded);
        this.#checkOpen(loaded);
        loaded.writing ??= new Writing(loaded.core, loaded.model, acceleration);
      }
      loaded.writing ??= new Writing(loaded.core, loaded.model);
      const call = loaded.writing[method] as (...given: unknown[]) => unknown;
      const all = [...given, controller.signal, told];
      return (await call.apply(loaded.writing, all)) as WritingAnswer<M>;
    } finally {
      this.#jobs.delete(job);
    }
  }

  /**
   * Calls a method of the analyses; the code for it is loaded by the first call.
   *
   * @param job a number by which abort() can name this call
   * @param told of what compute() has found so far
   */
  async analyse<M extends AnalysesMethod>(
    job: number,
    method: M,
    given: AnalysesGiven<M>,
    told?: ToldAnalysis,
  ): Promise<AnalysesAnswer<M>> {
    const controller = new AbortController();
    this.#jobs.set(job, controller);
    try {
      const [core, { Analyses }] = await Promise.all([engine(), import('./analysis.js')]);
      this.#core = core;
      this.#analyses ??= new Analyses(core);
      const call = this.#analyses[method] as (...given: unknown[]) => unknown;
      const all = [...given, controller.signal, told];
      return (await call.apply(this.#analyses, all)) as AnalysesAnswer<M>;
    } finally {
      this.#jobs.delete(job);
    }
  }

  /** Stops an open(), write() or analyse() that has not ended; it rejects with an AbortError. */
  async abort(job: number): Promise<void> {
    this.#jobs.get(job)?.abort();
  }

  /**
   * Runs a model.
   *
   * @param inputs one tensor for every input, of shapes that the model takes
   * @returns every output by name, in memory of its own
   */
  async run(model: number, inputs: Tensors, into?: Tensors): Promise<Tensors> {
    const loaded = this.#find(model);
    return this.#using(this.#program(loaded, shapesOf(inputs)), async (ready) => {
      giveInputs(ready, inputs);
      return this.#outputs(loaded, ready, into);
    });
  }

  /**
   * The derivatives of Σ seed × output by some inputs.
   *
   * @param seed of the shape of the output; ones if left out
   * @returns the derivatives by the name of their input
   */
  async gradient(
    model: number,
    inputs: Tensors,
    { output, of, seed }: GradientRequest,
  ): Promise<Tensors> {
    const loaded = this.#find(model);
    const asked = this.#program(loaded, shapesOf(inputs), { output, of });
    const outputs = await this.#using(asked, async (ready) => {
      for (const [i, { name }] of ready.description.inputs.entries()) {
        const room = ready.program.input(i);
        if (name !== 'seed') room.set(inputs[name]?.data ?? []);
        else if (seed === undefined) room.fill(1);
        else if (seed.data.length === room.length) room.set(seed.data);
        else refuseSeed(output, room.length, seed);
      }
      return this.#outputs(loaded, ready);
    });
    return Object.fromEntries(
      of.flatMap((name) => {
        const derivative = outputs[`gradient of ${name}`];
        return derivative ? [[name, derivative]] : [];
      }),
    );
  }

  /**
   * Runs a model that has one input, on a picture.
   *
   * @param size height and width of the input, where the model leaves them open
   */
  async see(
    model: number,
    picture: Picture,
    preprocess: Preprocess,
    size?: readonly [height: number, width: number],
  ): Promise<Tensors> {
    const loaded = this.#find(model);
    return this.#using(this.#programOf(loaded, size), async (ready) => {
      const shown = new Shown(picture);
      try {
        const showing = this.#show(loaded, ready, shown, preprocess);
        return await this.#run(loaded, ready, () => readOutputs(ready), showing);
      } finally {
        shown.close();
      }
    });
  }

  /** A picture as the input of a model that has one; `size` as in see(). */
  async prepared(
    model: number,
    picture: Picture,
    preprocess: Preprocess,
    size?: readonly [height: number, width: number],
  ): Promise<Tensor> {
    const loaded = this.#find(model);
    return this.#using(this.#programOf(loaded, size), async (ready) => {
      this.#upload(loaded, pixelsOf(picture));
      this.#prepare(loaded, ready, preprocess);
      const data = ready.program.input(0);
      const { name = '', shape = [], dtype = 'float32' } = ready.description.inputs[0] ?? {};
      return keep(name, { data, shape, dtype }, undefined);
    });
  }

  /**
   * Looks for something in a picture, with one model or several; the code for it is loaded by the first
   * call.
   */
  async look<M extends LookMethod>(
    method: M,
    picture: Picture,
    request: LookRequest<M>,
  ): Promise<LookAnswer<M>> {
    const { looks } = await seeingCode();
    const loaded = this.#find(request.model);
    const shown = new Shown(picture);
    const known = new Map<CoreProgram, Looking>();
    const find = (program: CoreProgram) =>
      known.get(program) ?? fail('look: this program is not known', {}, 'program() first');
    const sight: Sight = {
      guard: (call) => guard(loaded.core, call),
      program: async (model, size) => {
        const found = this.#find(model);
        const ready = await this.#programOf(found, size);
        if (known.has(ready.program)) release(ready);
        known.set(ready.program, { loaded: found, ready });
        return ready.program;
      },
      show: (program, preprocess, square) => {
        const looking = find(program);
        const { loaded, ready } = looking;
        looking.showing = this.#show(loaded, ready, shown, preprocess, square);
      },
      prepare: (program, preprocess) => {
        const { loaded } = find(program);
        this.#write(loaded, program, shown, preprocess);
        return program.input(0);
      },
      run: (program, read) => {
        const { loaded, ready, showing } = find(program);
        return this.#run(loaded, ready, read, showing);
      },
    };
    const look = looks[method] as (sight: Sight, request: LookRequest<M>) => Promise<LookAnswer<M>>;
    try {
      return await look(sight, request);
    } finally {
      shown.close();
      for (const { ready } of known.values()) release(ready);
    }
  }

  /** What runs here. Loads the WebAssembly, if nothing has. */
  async status(): Promise<Running> {
    const { core } = await coreFor(this.#backend);
    this.#core = core;
    const refused = threadsRefused();
    return {
      build: core.build(),
      threads: core.threadCount(),
      memory: this.#memoryOf(),
      deterministic: settings.deterministic,
      isolated: globalThis.crossOriginIsolated === true,
      ...(refused !== undefined && { refused }),
      ...(this.#accelerator && { adapter: this.#accelerator.info }),
      models: [...this.#models.values()].map(runningModel),
    };
  }

  /** Runs a model, or trains it, several times on the clock. */
  async profile(model: number, request: ProfileRequest): Promise<Profiled> {
    if ('training' in request) {
      const { set, training, ...often } = request;
      return { picture: 0, ...(await this.train(model, 'profile', [set, training, often])) };
    }
    const start = performance.now();
    const pixels = 'picture' in request ? pixelsOf(request.picture) : undefined;
    const picture = pixels ? performance.now() - start : 0;
    const inputs = 'inputs' in request ? request.inputs : {};
    // Looked up each time: between two runs others have their turn.
    const found = <T>(work: (loaded: LoadedModel, ready: ReadyProgram) => T | Promise<T>) => {
      const loaded = this.#find(model);
      return this.#using(this.#program(loaded, shapesOf(inputs)), async (ready) =>
        work(loaded, ready),
      );
    };
    const measured = await measure(request, {
      upload: () =>
        found((loaded, ready) => {
          if (pixels) this.#upload(loaded, pixels);
          else giveInputs(ready, inputs);
        }),
      ...('picture' in request && {
        prepare: () => found((loaded, ready) => this.#prepare(loaded, ready, request.preprocess)),
      }),
      run: () =>
        found(async (loaded, ready) => {
          const start = performance.now();
          const seconds = ready.device
            ? await ready.device.profile()
            : guard(loaded.core, () => ready.program.profile()).slice();
          loaded.origin.timing.firstRun ??= performance.now() - start;
          return seconds;
        }),
      read: () => found((_, ready) => readOutputs(ready)),
      steps: () =>
        found(
          ({ core }, ready) =>
            JSON.parse(guard(core, () => ready.program.steps())) as StepDescription[],
        ),
    });
    return { picture, ...measured };
  }

  /** How long it took until the first answer, as far as there is one. */
  async timing(model: number): Promise<Timing> {
    return { ...this.#find(model).origin.timing };
  }

  /** What is in memory; undefined before the first model. */
  async memory(): Promise<Held | undefined> {
    if (this.#core === undefined) return undefined;
    return {
      wasm: this.#memoryOf(),
      models: [...this.#models.values()].map(memoryOf),
    };
  }

  /** Frees a model and its programs. */
  async close(model: number): Promise<void> {
    const loaded = this.#models.get(model);
    if (loaded === undefined) return;
    this.#models.delete(model);
    loaded.training?.delete();
    loaded.writing?.delete();
    forgetPrograms(loaded);
    loaded.model.delete();
  }

  /** Copies a picture to where C++ reads it. */
  #upload({ core }: LoadedModel, pixels: Pixels): CoreImage {
    const { width, height, data } = pixels;
    this.#uploaded.set(core, pixels);
    return guard(core, () => {
      const image = this.#imageOf(core);
      image.reserve(width, height).set(data);
      return image;
    });
  }

  /** Makes a picture the input of a program on the processor. */
  #write(
    loaded: LoadedModel,
    program: CoreProgram,
    { pixels }: Shown,
    preprocess: Preprocess,
    square?: Square,
  ): void {
    const { core } = loaded;
    const known = this.#uploaded.get(core) === pixels && this.#images.get(core);
    const image = known || this.#upload(loaded, pixels);
    const options = JSON.stringify({ ...preprocess, ...square });
    guard(core, () =>
      square ? program.writeSquare(0, image, options) : program.writeImage(0, image, options),
    );
  }

  /** Makes a picture the input of a program: at once, or with the run where the device prepares it. */
  #show(
    loaded: LoadedModel,
    ready: ReadyProgram,
    picture: Shown,
    preprocess: Preprocess,
    square?: Square,
  ): Showing {
    const { device, program } = ready;
    const { width, height, bitmap } = picture;
    const options = JSON.stringify({ ...preprocess, ...square });
    const write = (program: CoreProgram) =>
      this.#write(loaded, program, picture, preprocess, square);
    const place = () =>
      guard(loaded.core, () =>
        square
          ? program.placeSquare(0, width, height, options)
          : program.placeImage(0, width, height, options),
      );
    if (bitmap && device?.takes(bitmap)) {
      const isSquare = square !== undefined;
      const shown = { source: bitmap, isSquare, place, colours: preprocess };
      return { write, place, shown };
    }
    write(program);
    return { write, place };
  }

  /** Makes what was uploaded last the input of a program. */
  #prepare({ core }: LoadedModel, { program }: ReadyProgram, preprocess: Preprocess): void {
    guard(core, () => program.writeImage(0, this.#imageOf(core), JSON.stringify(preprocess)));
  }

  #build(place: Timed<PlaceToRun>, read: Timed<Contents>, layers?: readonly string[]): Opened {
    const { core } = place.value;
    const contents = read.value;
    const { entry, address, sha256, downloaded, saved } = contents;
    let fileBytes = 0;
    const start = performance.now();
    const model = guard(core, () => {
      const files = new core.Files();
      try {
        for (const [name, pieces] of contents.files) {
          const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
          const room = files.reserve(name, bytes);
          let at = 0;
          for (const piece of pieces) {
            room.set(piece, at);
            at += piece.length;
          }
          fileBytes += bytes;
        }
        contents.files.clear(); // before parsing, so that the weights are in memory only once
        const whole = new core.Model(files, entry);
        return layers ? partOf(whole, layers) : whole;
      } finally {
        files.delete();
      }
    });
    const building = performance.now() - start;
    const timing = newTiming(place.time, { reading: read.time, downloaded, building });
    const origin = { address, sha256, fileBytes, timing, ...(saved && { saved }) };
    return this.#add(place.value, model, origin, [sha256, ...(layers ?? [])].join(' '));
  }

  /** Bytes of WebAssembly memory. */
  #memoryOf(): number {
    const cores = new Set([...this.#models.values()].map(({ core }) => core));
    if (this.#core) cores.add(this.#core);
    return [...cores].reduce((sum, core) => sum + this.#bytesOf(core).byteLength, 0);
  }

  #memory(core: Core): Memory {
    return (at, bytes) => new Uint8Array(this.#bytesOf(core), at, bytes);
  }

  #bytesOf(core: Core): ArrayBufferLike {
    this.#uploaded.delete(core);
    return this.#imageOf(core).reserve(1, 1).buffer; // a view of all the memory there is
  }

  #imageOf(core: Core): CoreImage {
    let image = this.#images.get(core);
    if (image === undefined) {
      image = new core.Image();
      this.#images.set(core, image);
    }
    return image;
  }

  #add(
    { core, backend, half }: PlaceToRun,
    model: CoreModel,
    origin: ModelOrigin,
    identity: string,
  ): Opened {
    this.#core = core;
    this.#backend = backend;
    const description = JSON.parse(guard(core, () => model.describe())) as ModelDescription;
    const number = ++this.#count;
    this.#models.set(number, {
      core,
      origin,
      model,
      description,
      programs: new Map(),
      making: new Map(),
      backend,
      half,
      identity,
      stale: false,
    });
    const runs = {
      build: core.build(),
      threads: core.threadCount(),
      version: core.version(),
      backend,
    };
    return { model: number, description, ...origin, ...runs };
  }

  #find(model: number): LoadedModel {
    const loaded = this.#models.get(model);
    if (loaded) return loaded;
    fail('gesso: this model has been disposed of', { model }, 'load it again');
  }

  /** Others have had their turn: a model may have been closed meanwhile. */
  #checkOpen(loaded: LoadedModel): void {
    for (const each of this.#models.values()) if (each === loaded) return;
    fail('gesso: this model has been disposed of', {}, 'load it again');
  }

  /** Works with a program, which is not freed meanwhile. */
  async #using<T>(
    asked: Promise<ReadyProgram>,
    work: (ready: ReadyProgram) => Promise<T>,
  ): Promise<T> {
    const ready = await asked;
    try {
      return await work(ready);
    } finally {
      release(ready);
    }
  }

  /** The program for pictures of a size; of the model's own if left out. To be released. */
  #programOf(loaded: LoadedModel, size?: readonly [number, number]): Promise<ReadyProgram> {
    const [input] = loaded.description.inputs;
    const shapes = input && size ? { [input.name]: [1, ...size, input.shape[3] ?? 3] } : {};
    return this.#program(loaded, shapes);
  }

  /** Others have their turn before the caller: whoever gets the program has to release() it. */
  async #program(
    loaded: LoadedModel,
    shapes: Record<string, readonly number[]>,
    gradient?: Omit<GradientRequest, 'seed'>,
  ): Promise<ReadyProgram> {
    const { programs, making } = loaded;
    if (loaded.stale) forgetPrograms(loaded);
    const sizes = JSON.stringify(shapes);
    const key = gradient ? sizes + JSON.stringify(gradient) : sizes;
    let ready = programs.get(key);
    if (ready) {
      programs.delete(key); // and back at the end, as the latest used
    } else {
      const start = performance.now();
      if (loaded.backend === 'wasm') {
        ready = readyHere(loaded, sizes, gradient);
      } else {
        const made = making.get(key) ?? this.#makeOnDevice(loaded, sizes, gradient);
        making.set(key, made);
        ready = await made.catch((error) => {
          making.delete(key);
          throw error;
        });
        if (making.get(key) !== made && programs.get(key) !== ready) {
          // Weights have changed since it was begun, or the model is closed: it runs no more than this once.
          ready.dropped = true;
          ready.users++;
          return ready;
        }
        making.delete(key);
      }
      loaded.origin.timing.preparing ??= performance.now() - start;
      if (programs.size >= programsKept && !programs.has(key)) {
        const [oldest] = programs.keys();
        free(programs.get(oldest ?? ''));
        programs.delete(oldest ?? '');
      }
    }
    programs.set(key, ready);
    keepInputs(ready);
    ready.users++;
    return ready;
  }

  async #acceleration(loaded: LoadedModel): Promise<Acceleration> {
    const { core, identity, backend } = loaded;
    const { accelerator, DeviceTraining } = await gpuCode();
    const calls = <T>(call: () => T) => guard(core, call);
    const key = `${identity} training`;
    const open = async () => {
      const opened = await accelerator();
      this.#accelerator = opened;
      await opened.recall(core.version());
      return (trainer: CoreTrainer) =>
        new DeviceTraining(opened, trainer, calls, this.#memory(core));
    };
    if (backend === 'webgpu') return { open };
    const trials = await this.#trialsOf(core, await accelerator());
    loaded.trainingTrial = trials.get(key);
    const tried = (trial: Trial) => {
      loaded.trainingTrial = trial;
      trials.keep(key, trial);
    };
    return { open, trial: loaded.trainingTrial, tried };
  }

  async #writingAcceleration(loaded: LoadedModel): Promise<WritingAcceleration> {
    const { core, identity, backend, half } = loaded;
    const { accelerator, DeviceWriting } = await gpuCode();
    const calls = <T>(call: () => T) => guard(core, call);
    const open = async () => {
      const opened = await accelerator();
      this.#accelerator = opened;
      await opened.recall(core.version());
      return (writer: CoreWriter) =>
        new DeviceWriting(opened, writer, calls, this.#memory(core), half);
    };
    if (backend === 'webgpu') return { open };
    const trials = await this.#trialsOf(core, await accelerator());
    const key = (lanes: number) => `${identity} ${half ? 'half ' : ''}writing ${lanes}`;
    const tried = (lanes: number, trial: Trial) => trials.keep(key(lanes), trial);
    return { open, trial: (lanes) => trials.get(key(lanes)), tried };
  }

  async #trialsOf(core: Core, opened: Accelerator): Promise<Trials> {
    const { Trials } = await gpuCode();
    const trials = this.#trials.get(opened) ?? Trials.open(opened.info, core.version());
    this.#trials.set(opened, trials);
    return trials;
  }

  /** On the graphics processor, if that is wanted, or faster. */
  async #makeOnDevice(
    loaded: LoadedModel,
    sizes: string,
    gradient: Omit<GradientRequest, 'seed'> | undefined,
  ): Promise<ReadyProgram> {
    if (loaded.backend === 'webgpu') return this.#readyOnDevice(loaded, sizes, gradient);
    const here = () => readyHere(loaded, sizes, gradient);
    try {
      const { accelerator, runTrial } = await gpuCode();
      const trials = await this.#trialsOf(loaded.core, await accelerator());
      const key = `${loaded.identity} ${loaded.half ? 'half ' : ''}${sizes}${gradient ? JSON.stringify(gradient) : ''}`;
      loaded.trial = trials.get(key);
      if (loaded.trial && !isFaster(loaded.trial)) return here();
      const there = await this.#readyOnDevice(loaded, sizes, gradient);
      if (there.device?.remembers) {
        free(there); // a trial would change what it remembers
        return here();
      }
      if (loaded.trial || !there.device) return there;
      const other = here();
      try {
        loaded.trial = await runTrial(there.device, other.program);
        trials.keep(key, loaded.trial);
      } finally {
        free(loaded.trial && isFaster(loaded.trial) ? other : there);
      }
      return isFaster(loaded.trial) ? there : other;
    } catch (error) {
      console.warn(`gesso: the model stays on the processor. ${messageOf(error)}`);
      loaded.backend = 'wasm';
      return here();
    }
  }

  async #readyOnDevice(
    loaded: LoadedModel,
    sizes: string,
    gradient: Omit<GradientRequest, 'seed'> | undefined,
  ): Promise<ReadyProgram> {
    const { core, model, half } = loaded;
    const here = () => readyHere(loaded, sizes, gradient);
    const { accelerator } = await gpuCode();
    let opened: Accelerator;
    try {
      opened = await accelerator();
    } catch (error) {
      takeOver(loaded, error); // it was there when the model was opened
      return here();
    }
    const calls = <T>(call: () => T) => guard(core, call);
    const make = (options: string) => {
      this.#checkOpen(loaded);
      return calls(() =>
        gradient
          ? model.compileGradientForDevice(
              sizes,
              gradient.output,
              JSON.stringify(gradient.of),
              options,
            )
          : model.compileForDevice(sizes, options),
      );
    };
    let program: CoreProgram | undefined;
    try {
      program = await opened.compile(make, half, calls, core.version());
      const device = await opened.load(program, calls, this.#memory(core));
      this.#accelerator = opened;
      return { ...described(core, program, gradient), device, here };
    } catch (error) {
      program?.delete();
      if (!opened.lost) throw error;
      takeOver(loaded, error);
      return here();
    }
  }

  /**
   * Runs a program on what its inputs hold, and then at once what reads its outputs. Where the graphics
   * processor has gone the processor takes over, for good.
   */
  async #run<T>(
    loaded: LoadedModel,
    ready: ReadyProgram,
    read: () => T,
    showing?: Showing,
  ): Promise<T> {
    const { core, origin } = loaded;
    const start = performance.now();
    const answer = () => {
      origin.timing.firstRun ??= performance.now() - start;
      return read();
    };
    const { device, program, here } = ready;
    if (!device || !here) {
      guard(core, () => program.run());
      return guard(core, answer);
    }
    const placed = () => {
      showing?.place(); // others may have had their turn
      return answer();
    };
    const run: DeviceRun = {};
    ready.underWay.add(run);
    if (ready.users > 1) keepInputs(ready);
    try {
      return await device.run(placed, showing?.shown);
    } catch (error) {
      if (!device.isLost) throw error;
      takeOver(loaded, error);
      const other = here();
      const answered = guard(core, () => {
        for (const i of ready.description.inputs.keys()) {
          other.program.input(i).set(run.inputs?.[i] ?? program.input(i));
        }
        if (showing?.shown) showing.write(other.program);
        other.program.run();
        for (const i of ready.description.outputs.keys()) {
          program.output(i).set(other.program.output(i));
        }
        other.program.delete();
        return placed();
      });
      forgetPrograms(loaded);
      return answered;
    } finally {
      ready.underWay.delete(run);
    }
  }

  #outputs(loaded: LoadedModel, ready: ReadyProgram, into?: Tensors): Promise<Tensors> {
    return this.#run(loaded, ready, () => readOutputs(ready, into));
  }
}

/** Leaves a model to the processor, where the graphics processor has gone. */
function takeOver(loaded: LoadedModel, error: unknown): void {
  if (loaded.backend !== 'wasm') {
    console.warn(`gesso: the processor takes over from the graphics processor. ${error}`);
  }
  loaded.backend = 'wasm';
}

function runningModel(loaded: LoadedModel): RunningModel {
  const { origin, programs, training, writing, trial, trainingTrial } = loaded;
  const last = [...programs.values()].at(-1);
  const trains = training?.backend();
  const on = (backend: RunningOn['backend'], tried: Trial | undefined) => ({
    backend,
    ...(tried && { trial: tried }),
  });
  return {
    address: origin.address,
    runs: last ? on(last.device ? 'webgpu' : 'wasm', trial) : null,
    trains: trains ? on(trains, trainingTrial) : null,
    writes: writing?.place() ?? null,
  };
}

const isFaster = ({ wasm, webgpu }: Trial) => webgpu < wasm;

function readyHere(
  { core, model }: LoadedModel,
  sizes: string,
  gradient: Omit<GradientRequest, 'seed'> | undefined,
): ReadyProgram {
  const program = guard(core, () =>
    gradient
      ? model.compileGradient(sizes, gradient.output, JSON.stringify(gradient.of))
      : model.compile(sizes),
  );
  return described(core, program, gradient);
}

function described(core: Core, program: CoreProgram, gradient: unknown): ReadyProgram {
  const description = JSON.parse(guard(core, () => program.describe())) as ProgramDescription;
  const isGradient = gradient !== undefined;
  const underWay = new Set<DeviceRun>();
  return { gradient: isGradient, program, description, underWay, users: 0, dropped: false };
}

/** Copies the inputs for the runs that need them should the device be lost: others come to write them. */
function keepInputs({ program, description, underWay }: ReadyProgram): void {
  for (const run of underWay) {
    run.inputs ??= description.inputs.map((_, i) => program.input(i).slice());
  }
}

/** Frees a program, once nobody works with it. */
function free(ready: ReadyProgram | undefined): void {
  if (ready === undefined) return;
  ready.dropped = true;
  if (ready.users > 0) return;
  ready.device?.dispose();
  ready.program.delete();
}

/** Ends the work with a program that #program() gave. */
function release(ready: ReadyProgram): void {
  if (--ready.users === 0 && ready.dropped) free(ready);
}

/** The model up to some layers, in place of the whole. */
function partOf(whole: CoreModel, layers: readonly string[]): CoreModel {
  try {
    return whole.cut(JSON.stringify(layers));
  } finally {
    whole.delete();
  }
}

function giveInputs({ program, description }: ReadyProgram, inputs: Tensors): void {
  for (const [i, { name }] of description.inputs.entries()) {
    const tensor = inputs[name];
    if (tensor) program.input(i).set(tensor.data);
  }
}

/** Copies of what the last run gave. */
function readOutputs({ program, description }: ReadyProgram, into?: Tensors): Tensors {
  return Object.fromEntries(
    description.outputs.map(({ name, shape, dtype }, i) => {
      const data = program.output(i);
      if (data.length !== countOf(shape)) {
        fail(
          'gesso: an output has another size than it says',
          { name, shape: showShape(shape), elements: data.length },
          'report this with the address of the model',
        );
      }
      return [name, keep(name, { data, shape, dtype }, into?.[name])];
    }),
  );
}

/** Loads what a model is to run with. Software that pretends to be a graphics processor is never faster. */
async function coreFor(backend: Backend = settings.backend): Promise<PlaceToRun> {
  const { half } = settings;
  const here = async () => ({ core: await engine(), backend: 'wasm' as const, half });
  if (backend === 'wasm') return here();
  if (settings.deterministic) {
    if (backend === 'auto') return here();
    fail(
      'gesso: results on a graphics processor differ by machine',
      { given: 'setDeterministic(true)', backend },
      "backend: 'wasm', or setDeterministic(false)",
    );
  }
  if (backend === 'auto' && globalThis.navigator?.gpu === undefined) return here();
  const opening = gpuCode().then(({ accelerator }) => accelerator());
  if (backend === 'webgpu') {
    await opening;
  } else {
    const opened = await opening.catch(() => undefined);
    if (opened === undefined || opened.info.software) return here();
  }
  return { core: await engine('webgpu'), backend, half };
}

/** A result, and the milliseconds until it came. */
interface Timed<T> {
  value: T;
  time: number;
}

async function timed<T>(work: Promise<T>): Promise<Timed<T>> {
  const start = performance.now();
  const value = await work;
  return { value, time: performance.now() - start };
}

function newTiming(engine: number, known: Partial<Timing>): Timing {
  return {
    engine,
    reading: 0,
    downloaded: 0,
    building: 0,
    ...known,
    preparing: null,
    firstRun: null,
  };
}

function memoryOf({ origin, description, programs, training }: LoadedModel): ModelInMemory {
  const inTraining = training?.memory();
  const shapes = (ports: readonly PortDescription[]) =>
    Object.fromEntries(ports.map(({ name, shape }) => [name, shape]));
  const list: ProgramInMemory[] = [
    ...[...programs.values()].map(({ gradient, description: { inputs, memory } }) => {
      const purpose = gradient ? ('gradient' as const) : ('run' as const);
      return { purpose, inputs: shapes(inputs), ...memory };
    }),
    ...(inTraining?.programs ?? []).map(({ train, batch, memory }) => {
      const inputs = description.inputs.map(({ name, shape: [, ...row] }) => [
        name,
        [batch, ...row],
      ]);
      const purpose = train ? ('training' as const) : ('evaluation' as const);
      return { purpose, inputs: Object.fromEntries(inputs), ...memory };
    }),
  ];
  const weights = description.parameters * bytesOfWeight;
  const { samples = 0, optimizer = 0 } = inTraining ?? {};
  const own = list.reduce((sum, { arena, packed }) => sum + arena + packed, 0);
  const { address, fileBytes } = origin;
  const bytes = weights + samples + optimizer + own;
  return { address, fileBytes, bytes, weights, samples, optimizer, programs: list };
}

/** Whatever a file has, weights become numbers of 32 bits. */
const bytesOfWeight = 4;

function shapesOf(inputs: Tensors): Record<string, readonly number[]> {
  return Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape]));
}

function refuseSeed(output: string, wanted: number, { data, shape }: Tensor): never {
  fail(
    'gradient: the seed has another size than the output',
    { output, wanted: `${wanted} numbers`, given: `${data.length} in ${showShape(shape)}` },
    'a tensor of the shape that run() gives for this output',
  );
}

function forgetPrograms(loaded: LoadedModel): void {
  for (const ready of loaded.programs.values()) free(ready);
  loaded.programs.clear();
  loaded.making.clear();
  loaded.stale = false;
}
