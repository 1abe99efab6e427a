// What is behind featureExtractor(): methods that run one after the other.
import type { Taught } from '../insides.js';
import type { ModelFiles, SaveTarget } from '../layers/layersModel.js';
import {
  absent,
  callback,
  instance,
  isRecord,
  MLError,
  readCard,
  readOptions,
  store,
  tensor,
} from '../library.js';
import type { Open } from '../model.js';
import type { ModelSource } from '../source.js';
import type { Label } from '../tasks/imageClassifier.js';
import type { Estimate } from '../tasks/neuralNetwork.js';
import type { Tensor } from '../tensor.js';
import {
  checkCount,
  checkTask,
  classesOf,
  classified,
  evaluated,
  headOf,
  isStale,
  labelsOf,
  predicted,
  rowsOf,
  type Taken,
} from './extract/answering.js';
import { type CardText, emptyText, today } from './extract/card.js';
import { Course } from './extract/course.js';
import { featuresOf, learn, pictureOf } from './extract/learning.js';
import { closeAll, type Loaded, makeFrom, openFrom } from './extract/loading.js';
import { nearestOf, warningsOf } from './extract/nearest.js';
import { readTeach } from './extract/options.js';
import { blobOf, encoded } from './extract/picture.js';
import { graftOf, projectFiles } from './extract/saving.js';
import type {
  AddImageOptions,
  Evaluation,
  Example,
  ExampleWarning,
  FeatureExtractorOptions,
  LabelCount,
  LayerChoice,
  NearestExample,
  OpenProjectOptions,
  ProjectCard,
  SaveProjectOptions,
  TeachLogs,
  TeachOptions,
  TeachResult,
  UseLayerOptions,
} from './extract/types.js';
import { storeAsOne } from './storeAsOne.js';

export class Extractor {
  /** Rejects where it cannot be loaded. */
  readonly ready: Promise<Open>;
  readonly #who: string;
  readonly #loading: Promise<Loaded>;
  #loaded: Loaded | undefined;
  #cardGiven: Partial<CardText> = {};
  #disposed = false;
  /** The end of the call before. */
  #last: Promise<unknown> = Promise.resolve();
  readonly #courses = new Set<Course>();

  private constructor(who: string, loading: Promise<Loaded>) {
    this.#who = who;
    this.#loading = loading.then((loaded) => {
      loaded.card = { ...loaded.card, ...this.#cardGiven };
      this.#loaded = loaded;
      return loaded;
    });
    this.ready = this.#loading.then(({ base }) => base.open);
    this.ready.catch(() => {}); // reported by every method
  }

  static make(model: ModelSource, options: FeatureExtractorOptions): Extractor {
    return new Extractor('featureExtractor', makeFrom(model, options));
  }

  static open(source: ModelSource, options: OpenProjectOptions): Extractor {
    return new Extractor('openProject', openFrom(source, options));
  }

  /** What can be read at once. */
  get loaded(): Loaded | undefined {
    return this.#loaded;
  }

  get examples(): Example[] {
    const list = this.#loaded?.examples.list ?? [];
    return list.map(({ id, label }) => ({ id, label }));
  }

  get counts(): LabelCount[] {
    return this.#loaded?.examples.counts ?? [];
  }

  get classes(): string[] {
    return this.#loaded ? classesOf(this.#loaded) : [];
  }

  get stale(): boolean {
    return this.#loaded ? isStale(this.#loaded) : false;
  }

  get training(): boolean {
    return this.#courses.size > 0;
  }

  get card(): ProjectCard {
    const { card, date } = this.#loaded ?? {};
    const text = { ...emptyText, ...(card ?? this.#cardGiven) };
    return { ...text, date: date ?? today(), counts: this.counts };
  }

  set card(given: Partial<ProjectCard>) {
    const text = readCard('card', given);
    if (this.#loaded) this.#loaded.card = { ...this.#loaded.card, ...text };
    else this.#cardGiven = { ...this.#cardGiven, ...text };
  }

  layers(): Promise<LayerChoice[]> {
    return this.#turn(async ({ base }) => base.layers.map((choice) => structuredClone(choice)));
  }

  useLayer(name: string, given: UseLayerOptions = {}): Promise<void> {
    return this.#turn(async (loaded) => {
      const { signal, onProgress } = readOptions('useLayer', given, layerOptions);
      signal?.throwIfAborted();
      const { base, tuned, examples } = loaded;
      const cut = tuned.get(name) ?? (await base.cut('useLayer', name));
      const total = examples.list.length;
      for (const [i, kept] of examples.list.entries()) {
        onProgress?.({ loaded: i, total });
        await featuresOf('useLayer', base, cut, kept);
        signal?.throwIfAborted();
      }
      onProgress?.({ loaded: total, total });
      loaded.cut = cut;
    });
  }

  addImage(taken: Taken, label: string | number, given: AddImageOptions = {}): Promise<number> {
    return this.#turn(async (loaded) => {
      const { group } = readOptions('addImage', given, addOptions);
      const { base, cut, examples } = loaded;
      const checked = examples.checkLabel('addImage', label);
      const { features, copy } = await base.examine('addImage', cut, await taken, { copy: true });
      const picture = copy && (await encoded(copy));
      this.#refuseDisposed();
      this.#changed(loaded);
      return examples.add(checked, picture, new Map([[cut.key, features]]), group).id;
    });
  }

  picture(id: number): Promise<Blob> {
    return this.#turn(async ({ examples }) => {
      return blobOf(pictureOf('picture', examples.find('picture', id)));
    });
  }

  remove(id: number): Promise<void> {
    return this.#change(({ examples }) => examples.remove(id));
  }

  removeLabel(label: string | number): Promise<void> {
    return this.#change(({ examples }) => examples.removeLabel(label));
  }

  relabel(id: number, label: string | number): Promise<void> {
    return this.#change(({ examples }) => examples.relabel(id, label));
  }

  rename(label: string, to: string): Promise<void> {
    return this.#change(({ examples }) => examples.rename(label, to));
  }

  clear(): Promise<void> {
    return this.#change(({ examples }) => examples.clear());
  }

  undo(): Promise<boolean> {
    return this.#change(({ examples }) => examples.undo());
  }

  train(
    given: TeachOptions = {},
    whileTraining?: (epoch: number, logs: TeachLogs) => unknown,
  ): Promise<TeachResult> {
    const signal =
      isRecord(given) && given.signal instanceof AbortSignal ? given.signal : undefined;
    // From now on, so that stop() also ends a training that waits for its turn.
    const course = new Course(signal);
    this.#courses.add(course);
    return this.#turn(async (loaded) => {
      const { cut, base, tuned, heads, examples, task, seed, where } = loaded;
      const options = readTeach(given);
      course.signal.throwIfAborted();
      const own = await base.cut('train', cut.layer);
      const room = { base, cut: own, examples, task, seed, where };
      const { learned, result } = await learn(room, options, course, (epoch, logs) =>
        whileTraining?.(epoch, logs),
      );
      if (learned === undefined) return result;
      const { layer } = own;
      const [oldHead, oldCut] = [heads.get(layer), tuned.get(layer)];
      loaded.cut = learned.cut;
      heads.set(layer, learned.head);
      if (learned.cut === own) tuned.delete(layer);
      else tuned.set(layer, learned.cut);
      this.#changed(loaded);
      if (oldHead) await base.client.close(oldHead.open.model);
      if (oldCut) {
        examples.forget(oldCut.key);
        await base.client.close(oldCut.model);
      }
      return result;
    }).finally(() => {
      course.close();
      this.#courses.delete(course);
    });
  }

  stop(): void {
    for (const course of this.#courses) course.stop();
  }

  classify(taken: Taken, topK?: number): Promise<Label[]> {
    return this.#turn(async (loaded) => {
      checkTask('classify', loaded, 'classification');
      const most = topK === undefined ? undefined : checkCount('classify', 'topK', topK);
      return classified(loaded, taken, most);
    });
  }

  predict(taken: Taken): Promise<Estimate[]> {
    return this.#turn(async (loaded) => {
      checkTask('predict', loaded, 'regression');
      return [{ label: 'value', value: await predicted(loaded, taken) }];
    });
  }

  /** What watch() gives: classes, or a number, as parts that the others do not have. */
  async look(taken: Taken): Promise<(Label & Estimate)[]> {
    const { task } = await this.#loading;
    const answers = task === 'regression' ? this.predict(taken) : this.classify(taken);
    return (await answers) as (Label & Estimate)[];
  }

  infer(taken: Taken): Promise<Tensor> {
    return this.#turn(async ({ base, cut }) => {
      const { features } = await base.examine('infer', cut, await taken);
      return tensor(features, [features.length]);
    });
  }

  nearest(taken: Taken, count = 5): Promise<NearestExample[]> {
    return this.#turn(async (loaded) => {
      const { base, cut } = loaded;
      const most = checkCount('nearest', 'k', count);
      const { features } = await base.examine('nearest', cut, await taken);
      return nearestOf(base.client, features, await rowsOf('nearest', loaded), most);
    });
  }

  evaluate(pictures?: readonly { taken: Taken; label: string | number }[]): Promise<Evaluation> {
    return this.#turn((loaded) => evaluated(loaded, pictures));
  }

  warnings(): Promise<ExampleWarning[]> {
    return this.#turn(async (loaded) => {
      const { base, examples, task } = loaded;
      return warningsOf(base.client, task, examples.counts, await rowsOf('warnings', loaded));
    });
  }

  save(where: SaveTarget, options?: SaveProjectOptions): Promise<void> {
    return this.#turn(async (loaded) => {
      await storeAsOne(where, await projectFiles(loaded, options), '.gesso.zip');
    });
  }

  files(options?: SaveProjectOptions): Promise<ModelFiles> {
    return this.#turn((loaded) => projectFiles(loaded, options));
  }

  saveModel(where: SaveTarget): Promise<void> {
    return this.#turn(async (loaded) => store(where, (await graftOf('saveModel', loaded)).files));
  }

  /** What explains it and what exports it may know. */
  taught(): Promise<Taught> {
    return this.#turn(async (loaded) => {
      const { base, cut, task } = loaded;
      const head = headOf(loaded);
      return {
        client: base.client,
        features: cut.model,
        names: {
          picture: base.open.description.inputs[0]?.name ?? '',
          row: head?.open.description.inputs[0]?.name ?? '',
        },
        head: head?.open.model,
        labels: (who) => labelsOf(who, loaded),
        task,
        preprocess: base.preprocess,
        input: base.size,
        graft: () => this.#turn((loaded) => graftOf('featureExtractor', loaded)),
      };
    });
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const course of this.#courses) course.fail(this.#gone());
    this.#loading.then(closeAll).catch(() => {}); // what was not loaded, or is gone, need not be freed
  }

  #changed(loaded: Loaded): void {
    loaded.date = today();
  }

  #change<T>(work: (loaded: Loaded) => T): Promise<T> {
    return this.#turn(async (loaded) => {
      const result = work(loaded);
      this.#changed(loaded);
      return result;
    });
  }

  /** Does something after everything that was called before. */
  #turn<T>(work: (loaded: Loaded) => Promise<T>): Promise<T> {
    const done = this.#last.then(async () => {
      this.#refuseDisposed();
      const loaded = await this.#loading;
      this.#refuseDisposed();
      try {
        return await work(loaded);
      } catch (error) {
        // Models that are gone fail in words of their own.
        throw this.#disposed && error instanceof MLError ? this.#gone() : error;
      }
    });
    this.#last = done.catch(() => {});
    return done;
  }

  #refuseDisposed(): void {
    if (this.#disposed) throw this.#gone();
  }

  #gone(): MLError {
    const again = `  Try: ${this.#who}(…) again`;
    return new MLError(`${this.#who}: it was used after dispose().\n${again}`);
  }
}

const addOptions = {
  group: absent<object>('an object', 'group: pictures, with const pictures = {}', isRecord),
};

const layerOptions = {
  signal: instance(AbortSignal, 'signal: AbortSignal.timeout(60_000)'),
  onProgress: callback<NonNullable<UseLayerOptions['onProgress']>>(
    'onProgress: ({ loaded, total }) => {}',
  ),
};
