// Loads the WebAssembly build that this browser or Node can run, and calls into it.
import { importCore } from './core.js';
import { embeddedFile } from './embedded.js';
import { fail, MLError, messageOf } from './errors.js';
import { gpuCode } from './gpuCode.js';
import { fileHint, ownFile } from './ownFiles.js';
import { platform } from './platform.js';
import { type Settings, settings, threadsWanted } from './settings.js';
import type { TypedArray } from './tensor.js';

/** What wasm/bindings.cpp and wasm/analysis_bindings.cpp export. Views into memory live until the next call: use them at once. */
export interface Core {
  Files: new () => CoreFiles;
  Model: new (files: CoreFiles, entry: string) => CoreModel;
  Image: new () => CoreImage;
  /** @param options JSON: see TrainerOptions in layers/trainingOptions.ts */
  Trainer: new (
    model: CoreModel,
    options: string,
  ) => CoreTrainer;
  Writer: new (model: CoreModel) => CoreWriter;
  /** @param who begins messages */
  Rows: new (
    who: string,
    width: number,
  ) => CoreRows;
  /**
   * @param rows taken over: they are empty afterwards
   * @param options JSON: see make_analysis in models/analysis/analysis.h
   */
  Analysis: new (
    method: string,
    rows: CoreRows,
    options: string,
  ) => CoreAnalysis;
  /** @param topology JSON as model.json has it under modelTopology */
  createModel(topology: string, seed: number): CoreModel;
  version(): string;
  build(): BuildName;
  threadCount(): number;
  stackSave(): number;
  stackRestore(stack: number): void;
  getExceptionMessage(error: unknown): [type: string, message: string];
  decrementExceptionRefcount(error: unknown): void;
}

/** The files of one model on their way into C++. */
export interface CoreFiles {
  reserve(name: string, bytes: number): Uint8Array;
  delete(): void;
}

export interface CoreModel {
  /** JSON: see ModelDescription. */
  describe(): string;
  /** @param shapes JSON `{"input name": [1, 224, 224, 3]}` */
  compile(shapes: string): CoreProgram;
  /**
   * The same program with the input `seed`, of the type of an output, and the outputs
   * `gradient of <input>`: derivatives of the sum of seed × output.
   *
   * @param inputs JSON: a list of names
   */
  compileGradient(shapes: string, output: string, inputs: string): CoreProgram;
  /**
   * The same programs for a device, which runs them in place of run().
   *
   * @param device JSON: see device_options in wasm/bindings.cpp
   */
  compileForDevice(shapes: string, device: string): CoreProgram;
  compileGradientForDevice(
    shapes: string,
    output: string,
    inputs: string,
    device: string,
  ): CoreProgram;
  /** JSON: see LayerDescription in runtime.ts. */
  layers(): string;
  /**
   * The same model up to some layers, with weights in common.
   *
   * @param layers JSON: a list of names
   */
  cut(layers: string): CoreModel;
  /** Grows whenever weights change: programs from before keep old ones. */
  version(): number;
  touch(): void;
  /** JSON: see WeightDescription; for layers models only, as all that follows. */
  weights(): string;
  /** May be written to; touch() then says so. */
  weight(i: number): TypedArray;
  setTrainable(layer: string, trainable: boolean): void;
  /** Stateful recurrent layers forget what they remember. */
  resetStates(): void;
  /** JSON as model.json has it under modelTopology. */
  topology(): string;
  delete(): void;
}

export interface CoreTrainer {
  /** JSON: see TrainingDescription in training.ts. */
  describe(): string;
  /**
   * Room for the samples of a set: inputs, targets or weights.
   *
   * @param index which input or target
   * @param row JSON `{"shape": [28, 28, 1], "dtype": "uint8"}`: of one sample, for sizes that the
   *   model leaves open and for bytes in place of other numbers
   */
  reserve(
    set: number,
    kind: 'x' | 'y' | 'w',
    index: number,
    samples: number,
    row?: string,
  ): TypedArray;
  /** @param options JSON: see EpochRequest in training.ts; @returns the steps of this epoch */
  begin(options: string): number;
  /** Steps until the time or the epoch is over; JSON: see Slice in training.ts. */
  run(milliseconds: number): string;
  /**
   * From now on steps run on a device: stage() fills the inputs of the next step's program, and settle()
   * takes what was written to its outputs; several steps may be staged before the first is settled.
   *
   * @param device JSON: see device_options in wasm/bindings.cpp
   */
  useDevice(device: string): void;
  /** From now on run() does all. */
  useProcessor(): void;
  /** @returns the number of the step's program; -1 when the epoch is over */
  stage(): number;
  /** JSON: see Plan in webgpu/plan.ts. */
  plan(program: number): string;
  stagedInput(program: number, i: number): TypedArray;
  /** Where the outputs are written of the step that is settled next. */
  result(program: number, i: number): TypedArray;
  /** JSON: see Slice in training.ts. */
  settle(): string;
  /** Remembers how far the epoch has come, and goes back there; the weights are not its business. */
  mark(): void;
  rewind(): void;
  /** JSON: addresses of the memory, beside inputs, that stage() writes. */
  writtenByStage(): string;
  /** JSON: the numbers of the programs that there are. */
  livePrograms(): string;
  /** Ends the epoch: run() does nothing until begin(). */
  stop(): void;
  /** One step on the clock: seconds for each of steps(), which are those of that step. */
  profile(): Float64Array;
  /** JSON: see StepDescription in profiling.ts. */
  steps(): string;
  /** JSON: see TrainingMemory in training.ts. */
  memory(): string;
  setLearningRate(rate: number): void;
  /** JSON that tells what stateBytes() holds. */
  saveState(): string;
  stateBytes(): Uint8Array;
  /** @param index what saveState() gave; @returns room for the bytes, which count from the next call */
  loadState(index: string): Uint8Array;
  delete(): void;
}

export interface CoreWriter {
  /** @param options JSON: see WriteRequest in writing.ts */
  begin(options: string): void;
  /**
   * Reads and writes until the time or the texts are over.
   *
   * @returns whether they are over, then for each lane that has written its number, how many codes, and
   *   these
   */
  run(milliseconds: number): Int32Array<ArrayBuffer>;
  /** What run() says, without doing anything. */
  told(): Int32Array<ArrayBuffer>;
  /**
   * From now on a device runs the program of each text, as often as stage() says, and settle() takes what
   * was written to result(). A text that is not done goes on there.
   *
   * @param device JSON: see device_options in wasm/bindings.cpp
   */
  useDevice(device: string): void;
  /** From now on run() does all; a text goes on from what has been kept, and reads the rest again. */
  useProcessor(): void;
  /** @returns milliseconds of a step here, tried for so long */
  rehearse(milliseconds: number): number;
  /** The number of the text's program, and JSON: see Plan in webgpu/plan.ts. */
  program(): number;
  plan(): string;
  /** @returns how often to run the program, at most as often as given; 0 when the text is over */
  stage(most: number): number;
  /** Its input for each of these runs, one after the other. */
  staged(): TypedArray;
  /** Where the output of the last of them is written. */
  result(): TypedArray;
  /** @returns whether the variables are now to be written back to memory, for keep() */
  settle(): boolean;
  keep(): void;
  /** As those of CoreProgram. */
  callInput(call: number, i: number): TypedArray;
  callOutput(call: number, i: number): TypedArray;
  call(call: number): void;
  /** @param options JSON: see Sampling in writing.ts; @returns the code that was chosen */
  predict(options: string): number;
  /** Those that predict() chose from. */
  probabilities(): Float32Array<ArrayBuffer>;
  reset(): void;
  /** JSON that tells what stateBytes() holds: the kept state. */
  saveState(): string;
  stateBytes(): Uint8Array<ArrayBuffer>;
  /** @param index what saveState() gave; @returns room for the bytes, which count from the next call */
  loadState(index: string): Uint8Array;
  delete(): void;
}

export interface CoreRows {
  /** @returns room for the numbers of some rows, which add() or nearest() takes */
  reserve(count: number): Float32Array;
  /** Adds what is in the room, all of it or nothing. */
  add(firstId: number): void;
  /** @returns how many rows with these ids there were */
  remove(ids: readonly number[]): number;
  clear(): void;
  count(): number;
  row(i: number): Float32Array;
  /**
   * @param options JSON `{"metric": "cosine"}`
   * @returns of each of the k rows nearest to the one in the room its id and its distance
   */
  nearest(k: number, options: string): Float64Array;
  delete(): void;
}

export interface CoreAnalysis {
  /** Works until all is done or the time is over; JSON: see Slice in analysis.ts. */
  run(milliseconds: number): string;
  /** JSON `[{"name": "points", "shape": [10, 2]}]`: what output() gives. */
  outputs(): string;
  output(i: number): Float32Array;
  delete(): void;
}

export interface CoreProgram {
  /** JSON: see ProgramDescription. */
  describe(): string;
  input(i: number): TypedArray;
  output(i: number): TypedArray;
  run(): void;
  /** JSON: see Plan in webgpu/plan.ts; empty where run() does the work. */
  plan(): string;
  /** Inputs and outputs of what a plan leaves to the processor, and how it is done. */
  callInput(call: number, i: number): TypedArray;
  callOutput(call: number, i: number): TypedArray;
  call(call: number): void;
  /**
   * For a picture of which a shader makes an input: what ShownPicture in webgpu/pictures.ts wants to know.
   *
   * @param options as those of writeImage and writeSquare
   */
  placeImage(i: number, width: number, height: number, options: string): Uint8Array<ArrayBuffer>;
  placeSquare(i: number, width: number, height: number, options: string): Float32Array<ArrayBuffer>;
  /** Runs once on the clock: seconds for each of steps(). */
  profile(): Float64Array;
  /** JSON: see StepDescription in profiling.ts. */
  steps(): string;
  writeImage(i: number, image: CoreImage, options: string): void;
  /** @param options JSON: those of writeImage, and a Square as in people/find.ts */
  writeSquare(i: number, image: CoreImage, options: string): void;
  /** @param options JSON: see Decode in people/find.ts; points are where the picture written last has them */
  decode(options: string): Float32Array<ArrayBuffer>;
  /**
   * @param options JSON: see Mask in people/masks.ts, and `flip`
   * @returns a byte for each pixel of the picture that was written last
   */
  mask(options: string): Uint8Array<ArrayBuffer>;
  /** The people whom mask() told apart, as decode() gives poses. */
  found(): Float32Array<ArrayBuffer>;
  delete(): void;
}

export interface CoreImage {
  /** @returns room for height × width × 4 bytes of RGBA */
  reserve(width: number, height: number): Uint8Array;
  delete(): void;
}

/** What Emscripten's module exports by default. */
export type CreateCore = (options: {
  wasmBinary: ArrayBuffer;
  printErr(text: string): void;
}) => Promise<Core>;

/**
 * The builds there are: relaxed SIMD is faster, SIMD runs in more places, threads need a page that is
 * isolated from other sites.
 */
export type BuildName = 'relaxed' | 'simd' | 'relaxed-threads';

/** What a core can do: compute, or also plan for a graphics processor. */
export type CoreKind = 'wasm' | 'webgpu';

/** The names of the WebAssembly files. */
export type ModuleName = BuildName | 'relaxed-webgpu' | 'simd-webgpu';

/** Starts a build with threads; rejects where it cannot run. */
export type StartThreads = (
  build: BuildName,
  wasmBinary: ArrayBuffer,
  count: number,
) => Promise<Core>;

let startThreads: StartThreads | undefined;

/** Allows threads in a place that may wait for them. */
export function allowThreads(start: StartThreads): void {
  startThreads = start;
}

const loading: Partial<Record<CoreKind, Promise<Core>>> = {};
let threadsThen: Settings['threads'] = 'auto';
let refusal: string | undefined;

/** Why threads that were wanted did not start. */
export function threadsRefused(): string | undefined {
  return refusal;
}

/** The core, loaded on the first call; a failed load is tried again by the next call. */
export async function engine(kind: CoreKind = 'wasm'): Promise<Core> {
  if (loading.wasm === undefined) threadsThen = settings.threads;
  loading[kind] ??= load(kind).catch((error: unknown) => {
    delete loading[kind];
    throw error;
  });
  const core = await loading[kind];
  if (kind === 'wasm' && settings.threads !== threadsThen) {
    fail(
      `gesso: setThreads(${JSON.stringify(settings.threads)}) came too late`,
      { 'already running': `${core.threadCount()} of them` },
      'setThreads before the first model is loaded or made',
    );
  }
  if (settings.deterministic && core.build() !== 'simd') {
    fail(
      'gesso: setDeterministic(true) came too late',
      { 'already running': `the build ${core.build()}` },
      'setDeterministic(true) before the first model is loaded or made',
    );
  }
  return core;
}

/** A function body that uses one vector instruction: what a browser that validates it can run. */
function moduleOf(body: readonly number[]): Uint8Array<ArrayBuffer> {
  const code = [0, ...body, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // \0asm, version 1
    ...[1, 5, 1, 0x60, 0, 1, 0x7b], // one type: () -> v128
    ...[3, 2, 1, 0], // one function of that type
    ...[10, code.length + 2, 1, code.length, ...code],
  ]);
}

const zero = [0xfd, 0x0c, ...Array<number>(16).fill(0)]; // v128.const 0
const probes: Record<'relaxed' | 'simd', readonly number[]> = {
  relaxed: [...zero, ...zero, ...zero, 0xfd, 0x85, 0x02], // f32x4.relaxed_madd
  simd: zero,
};

/** The best build that `validates` says can run here. */
export function chooseBuild(
  validates: (bytes: Uint8Array<ArrayBuffer>) => boolean = (bytes) => WebAssembly.validate(bytes),
): 'relaxed' | 'simd' {
  if (validates(moduleOf(probes.relaxed))) return 'relaxed';
  if (validates(moduleOf(probes.simd))) return 'simd';
  fail(
    'gesso: this browser cannot run WebAssembly SIMD',
    { needed: 'Chrome or Edge 100, Firefox 114, Safari 16.4, Node 20, or newer' },
    'a newer browser',
  );
}

async function load(kind: CoreKind): Promise<Core> {
  if (typeof WebAssembly === 'undefined') {
    fail(
      'gesso: there is no WebAssembly here',
      { known: 'some browsers turn it off in a lockdown mode' },
      'allow WebAssembly for this page, or another browser',
    );
  }
  const best = chooseBuild();
  const build = settings.deterministic ? 'simd' : best;
  if (kind === 'webgpu') return start(`${build}-webgpu`);
  const count = threadsHere(build);
  if (count > 1 && startThreads) {
    try {
      const wasmBinary = await readWasm(ownFile('gesso-relaxed-threads.wasm'), 'relaxed-threads');
      return await startThreads('relaxed-threads', wasmBinary, count);
    } catch (error) {
      refusal = messageOf(error);
    }
  }
  return start(build);
}

/** How many threads to start where nothing but their number has to be decided. */
function threadsHere(build: 'relaxed' | 'simd'): number {
  const possible = startThreads && build === 'relaxed' && globalThis.crossOriginIsolated;
  const carried = embeddedFile(`gesso-${build}.wasm`) !== undefined; // and then without threads
  return possible && !carried ? threadsWanted() : 1;
}

async function start(module: Exclude<ModuleName, 'relaxed-threads'>): Promise<Core> {
  const address = ownFile(`gesso-${module}.wasm`);
  const [{ default: create }, wasmBinary] = await Promise.all([
    module === 'relaxed' || module === 'simd'
      ? importCore(module)
      : gpuCode().then(({ importPlanner }) => importPlanner(module)),
    readWasm(address, module),
  ]);
  try {
    // What it would print is also in what it throws.
    return await create({ wasmBinary, printErr: () => {} });
  } catch (error) {
    fail(
      'gesso: the WebAssembly module did not start',
      { address, reason: messageOf(error) },
      "if the page has a Content-Security-Policy, add 'wasm-unsafe-eval' to its script-src; " +
        'else copy the .wasm and .js files of one version again',
    );
  }
}

/**
 * Refuses a WebAssembly file that is not of the same build as this script: the names between them differ
 * from build to build, so that anything could happen.
 */
export function checkStamp(address: string, wasm: ArrayBuffer, wanted: string): void {
  const end = new Uint8Array(wasm, Math.max(wasm.byteLength - 64, 0));
  const found = /gesso(\d+\.\d+\.\d+\S* [0-9a-f]{8})$/.exec(String.fromCharCode(...end))?.[1];
  if (found === wanted) return;
  fail(
    'gesso: its script and its WebAssembly file are of different versions',
    { script: wanted, WebAssembly: found ?? 'unknown', address },
    'copy the .js and .wasm files of one version again; if they are, reload without the cache, ' +
      'which may hold an older one',
  );
}

async function readWasm(address: string, module: ModuleName): Promise<ArrayBuffer> {
  const hint = fileHint();
  const response = await platform.fetch(address).catch((error: unknown) => {
    fail('gesso: its WebAssembly file cannot be read', { address, reason: messageOf(error) }, hint);
  });
  if (!response.ok) {
    const answer = `${response.status} ${response.statusText}`.trim();
    fail('gesso: its WebAssembly file is not there', { address, answer }, hint);
  }
  const bytes = await response.arrayBuffer();
  const magic = [...new Uint8Array(bytes, 0, Math.min(4, bytes.byteLength))];
  if (String.fromCharCode(...magic) !== '\0asm') {
    const kind = response.headers.get('content-type') ?? 'unknown';
    fail('gesso: its WebAssembly file is something else', { address, 'content-type': kind }, hint);
  }
  const stamps = typeof gessoStamps === 'undefined' ? undefined : gessoStamps;
  if (stamps) checkStamp(address, bytes, stamps[module]);
  return bytes;
}

/** What it takes to catch what C++ throws. */
export type Throwing = Pick<
  Core,
  'stackSave' | 'stackRestore' | 'getExceptionMessage' | 'decrementExceptionRefcount'
>;

/** Calls into C++. The only place that knows how a C++ exception looks from JavaScript. */
export function guard<T>(core: Throwing, call: () => T): T {
  const stack = core.stackSave();
  try {
    return call();
  } catch (error) {
    if (!(error instanceof WebAssembly.Exception)) throw error;
    core.stackRestore(stack);
    const [type, message] = core.getExceptionMessage(error);
    core.decrementExceptionRefcount(error);
    if (type === 'std::bad_alloc') {
      fail(
        'gesso: there is not enough memory',
        { known: 'WebAssembly has at most 4 GB, phones give less' },
        'dispose() of models that are no longer needed, or smaller inputs',
      );
    }
    throw new MLError(message);
  }
}
