// Reaches the runtime: in a worker that all models of the page share, or in process.
import * as Comlink from 'comlink';
import type { ToldAnalysis } from './analysis.js';
import { embedded, embeddedWorker } from './embedded.js';
import { fail, MLError, messageOf, revived } from './errors.js';
import { type Picture, workersCanDraw } from './image.js';
import type { Held } from './memory.js';
import { nearRuntime } from './nearRuntime.js';
import { type Observed, type Observer, observed, tell } from './observer.js';
import { fileHint, ownFile, ownFiles } from './ownFiles.js';
import { platform } from './platform.js';
import type { Progress } from './progress.js';
import type { Preprocess } from './recipe.js';
import type {
  AnalysesAnswer,
  AnalysesGiven,
  AnalysesMethod,
  GradientRequest,
  LayerDescription,
  Opened,
  OpenRequest,
  Profiled,
  ProfileRequest,
  Running,
  Runtime,
  Tensors,
  Timing,
  TrainingAnswer,
  TrainingMethod,
  WritingAnswer,
  WritingGiven,
  WritingMethod,
} from './runtime.js';
import type { LookAnswer, LookMethod, LookRequest } from './seeing.js';
import { type Backend, settings } from './settings.js';
import type { Tensor } from './tensor.js';
import type { Slice, Told, Training } from './training.js';
import type { ToldWritten } from './writing.js';

/** Height and width of an input. */
type PictureSize = readonly [height: number, width: number];

/** A runtime, near or far. */
export interface Client {
  /** Whether it lives in a worker. */
  far: boolean;
  /** Whether it does better with an ImageBitmap than with the bytes of a picture. */
  readonly takesBitmaps: boolean;
  open(
    request: OpenRequest,
    onProgress?: (progress: Progress) => void,
    signal?: AbortSignal,
  ): Promise<Opened>;
  create(topology: string, seed: number, backend?: Backend): Promise<Opened>;
  layers(model: number): Promise<LayerDescription[]>;
  cut(model: number, layers: readonly string[]): Promise<Opened>;
  run(model: number, inputs: Tensors, into?: Tensors): Promise<Tensors>;
  see(
    model: number,
    picture: Picture,
    preprocess: Preprocess,
    size?: PictureSize,
  ): Promise<Tensors>;
  prepared(
    model: number,
    picture: Picture,
    preprocess: Preprocess,
    size?: PictureSize,
  ): Promise<Tensor>;
  look<M extends LookMethod>(
    method: M,
    picture: Picture,
    request: LookRequest<M>,
  ): Promise<LookAnswer<M>>;
  gradient(model: number, inputs: Tensors, request: GradientRequest): Promise<Tensors>;
  /** Calls a method of Training; `told` is the last argument of one that has it. */
  train<M extends TrainingMethod>(
    model: number,
    method: M,
    given: Parameters<Training[M]>,
    told?: Told,
  ): Promise<TrainingAnswer<M>>;
  /**
   * Calls a method of Writing.
   *
   * @param told of what generate() has written; what it throws ends the text
   */
  write<M extends WritingMethod>(
    model: number,
    method: M,
    given: WritingGiven<M>,
    told?: ToldWritten,
    signal?: AbortSignal,
  ): Promise<WritingAnswer<M>>;
  /**
   * Calls a method of Analyses.
   *
   * @param told of what compute() has found so far; what it throws ends it
   */
  analyse<M extends AnalysesMethod>(
    method: M,
    given: AnalysesGiven<M>,
    told?: ToldAnalysis,
    signal?: AbortSignal,
  ): Promise<AnalysesAnswer<M>>;
  status(): Promise<Running>;
  profile(model: number, request: ProfileRequest): Promise<Profiled>;
  timing(model: number): Promise<Timing>;
  memory(): Promise<Held | undefined>;
  close(model: number): Promise<void>;
}

/** Calls into a runtime, near or far. */
export type Calls = Pick<
  Runtime,
  | 'configure'
  | 'open'
  | 'create'
  | 'layers'
  | 'cut'
  | 'train'
  | 'write'
  | 'analyse'
  | 'abort'
  | 'run'
  | 'gradient'
  | 'see'
  | 'prepared'
  | 'look'
  | 'profile'
  | 'timing'
  | 'status'
  | 'memory'
  | 'close'
>;

let near: Client | undefined;
let far: Client | undefined;
let jobs = 0;

/**
 * The runtime of this page or program; made on the first call.
 *
 * @param worker whether it must live in a worker; undefined: where it lives best
 */
export function connect(who: string, worker: boolean | undefined): Client {
  if (worker === true && !platform.hasWorker) {
    fail(`${who}: there is no worker in Node`, { given: 'worker: true' }, 'leave worker out');
  }
  if (worker ?? platform.hasWorker) {
    far ??= clientOf(
      workerCalls(startWorker(), () => (far = undefined)),
      true,
    );
    return far;
  }
  near ??= clientOf(nearRuntime(), false);
  return near;
}

/** The runtimes that have been started. */
export function started(): Client[] {
  return [near, far].filter((client) => client !== undefined);
}

function clientOf(calls: Calls, isFar: boolean): Client {
  const models = new Map<number, Observed>();
  let onDevice = false;
  const added = (opened: Opened) => {
    const { model, address, sha256, build, threads, backend } = opened;
    onDevice ||= backend !== 'wasm';
    models.set(model, { address, sha256, build, threads });
    return opened;
  };
  const answer = <T>(model: number, work: Promise<T>) => {
    const answered = (observer: Observer, which: Observed, time: number) =>
      observer.answered?.(which, time);
    return observed(models.get(model), work, answered);
  };
  const configure = () => calls.configure({ ...settings }, ownFiles());
  /** A call that the signal ends, and whatever `told` throws: wherever it is made, the user sees that. */
  async function abortable<T, Told>(
    signal: AbortSignal | undefined,
    told: ((news: Told) => unknown) | undefined,
    call: (job: number, told?: (news: Told) => unknown) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const job = ++jobs;
    let over = false;
    let stop = (_reason: unknown) => {};
    const stopped = new Promise<never>((_, reject) => {
      stop = (reason) => {
        over = true;
        reject(reason);
        calls.abort(job).catch(() => {}); // a runtime that is gone has nothing to stop
      };
    });
    const aborted = () => stop(signal?.reason);
    /** Resolves once the user has heard, whatever came of it: answers of users are not sent anywhere. */
    const safe = async (news: Told) => {
      if (over) return; // the call has been answered already
      try {
        await told?.(news);
      } catch (error) {
        stop(error);
      }
    };
    signal?.addEventListener('abort', aborted);
    try {
      return await Promise.race([call(job, told && safe), stopped]);
    } finally {
      signal?.removeEventListener('abort', aborted);
    }
  }
  return {
    far: isFar,
    get takesBitmaps() {
      return (isFar || onDevice) && workersCanDraw();
    },
    async open(request, onProgress, signal) {
      signal?.throwIfAborted();
      await configure();
      return added(
        await abortable(signal, onProgress, (job, told) => calls.open(job, request, told)),
      );
    },
    async create(...given) {
      await configure();
      return added(await calls.create(...given));
    },
    layers: (model) => calls.layers(model),
    async cut(model, layers) {
      return added(await calls.cut(model, layers));
    },
    train: (model, method, given, told) => {
      const work = calls.train(model, method, given, told);
      return observed(models.get(model), work, (observer, which, time, result) => {
        const steps = method === 'epoch' || method === 'batch' ? (result as Slice).step : 0;
        if (steps > 0) observer.trained?.(which, steps, time);
      });
    },
    write: (model, method, given, told, signal) =>
      abortable(signal, told, (job, told) => calls.write(job, model, method, given, told)),
    analyse: (method, given, told, signal) =>
      configure().then(() =>
        abortable(signal, told, (job, told) => calls.analyse(job, method, given, told)),
      ),
    run: (model, inputs, into) => answer(model, calls.run(model, inputs, into)),
    gradient: (model, inputs, request) => answer(model, calls.gradient(model, inputs, request)),
    see: (model, picture, preprocess, size) =>
      answer(model, calls.see(model, picture, preprocess, size)),
    prepared: (...given) => calls.prepared(...given),
    look: (method, picture, request) => answer(request.model, calls.look(method, picture, request)),
    profile: (model, request) => calls.profile(model, request),
    timing: (model) => calls.timing(model),
    async status() {
      await configure();
      return calls.status();
    },
    memory: () => calls.memory(),
    close: (model) => {
      const which = models.get(model);
      if (which) tell((observer) => observer.closed?.(which));
      models.delete(model);
      return calls.close(model);
    },
  };
}

/** Starts worker.js, also when the library comes from another site than the page. */
function startWorker(): Worker {
  try {
    if (embedded.worker !== undefined) return workerOf(embeddedWorker(embedded.worker));
    const address = ownFile('worker.js');
    const near = new URL(address).origin === location.origin;
    if (near) return new Worker(address, { name: 'gesso' });
    return workerOf(`importScripts(${JSON.stringify(address)});`);
  } catch (error) {
    throw error instanceof MLError ? error : notStarted(messageOf(error));
  }
}

function workerOf(text: string): Worker {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  return new Worker(address, { name: 'gesso' });
}

function notStarted(reason: string): MLError {
  const hint = fileHint(
    'copy worker.js beside the library, allow blob: in worker-src of the ' +
      'Content-Security-Policy, or worker: false',
  );
  return new MLError(
    ['gesso: its worker did not start.', `  reason  ${reason}`, `  Try: ${hint}`].join('\n'),
  );
}

/**
 * The runtime in a worker, as if it were here: pictures are handed over, errors are ours again.
 *
 * @param onDeath called when the worker could not start, so that the next model starts a new one
 */
export function workerCalls(worker: Comlink.Endpoint, onDeath: () => void): Calls {
  const remote = Comlink.wrap<Calls>(worker);
  // Not Promise.race with one promise of the end: that would keep every result ever given.
  const waiting = new Set<(reason: MLError) => void>();
  let end: MLError | undefined;
  worker.addEventListener('error', (event) => {
    const { message } = event as ErrorEvent;
    end = notStarted(message || 'worker.js cannot be loaded');
    onDeath();
    for (const reject of waiting) reject(end);
  });
  const far = <T>(call: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      if (end) reject(end);
      waiting.add(reject);
      call
        .then(resolve, (error: unknown) => reject(revived(error)))
        .finally(() => waiting.delete(reject));
    });
  return {
    configure: (given, files) => far(remote.configure(given, files)),
    open: (job, request, onProgress) =>
      far(remote.open(job, request, onProgress && Comlink.proxy(onProgress)) as Promise<Opened>),
    abort: (job) => far(remote.abort(job)),
    create: (...given) => far(remote.create(...given)),
    layers: (model) => far(remote.layers(model)),
    cut: (model, layers) => far(remote.cut(model, layers)),
    train: <M extends TrainingMethod>(
      model: number,
      method: M,
      given: Parameters<Training[M]>,
      told?: Told,
    ) => {
      const answer = remote.train(model, method, given, told && Comlink.proxy(told));
      return far(answer as Promise<TrainingAnswer<M>>);
    },
    write: <M extends WritingMethod>(
      job: number,
      model: number,
      method: M,
      given: WritingGiven<M>,
      told?: ToldWritten,
    ) => {
      const answer = remote.write(job, model, method, given, told && Comlink.proxy(told));
      return far(answer as Promise<WritingAnswer<M>>);
    },
    analyse: <M extends AnalysesMethod>(
      job: number,
      method: M,
      given: AnalysesGiven<M>,
      told?: ToldAnalysis,
    ) => {
      const answer = remote.analyse(job, method, given, told && Comlink.proxy(told));
      return far(answer as Promise<AnalysesAnswer<M>>);
    },
    run: (model, inputs) => far(remote.run(model, inputs)),
    gradient: (model, inputs, request) => far(remote.gradient(model, inputs, request)),
    see: (model, picture, ...how) => far(remote.see(model, handOver(picture), ...how)),
    prepared: (model, picture, ...how) => far(remote.prepared(model, handOver(picture), ...how)),
    look: <M extends LookMethod>(method: M, picture: Picture, request: LookRequest<M>) =>
      far(remote.look(method, handOver(picture), request) as Promise<LookAnswer<M>>),
    profile: (model, request) => {
      if (!('picture' in request)) return far(remote.profile(model, request));
      const { picture } = request;
      const moved = 'data' in picture ? [] : [picture];
      return far(remote.profile(model, Comlink.transfer(request, moved)));
    },
    timing: (model) => far(remote.timing(model)),
    status: () => far(remote.status()),
    memory: () => far(remote.memory()),
    close: (model) => far(remote.close(model)),
  };
}

/** An ImageBitmap moves to the worker; bytes are copied, because they may be the user's own. */
function handOver(picture: Picture): Picture {
  return 'data' in picture ? picture : Comlink.transfer(picture, [picture]);
}
