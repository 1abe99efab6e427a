// Teaches a loaded image model new classes, or numbers, from a few pictures.
import { fail } from '../errors.js';
import { type ImageSource, type Pixels, takePicture, workersCanDraw } from '../image.js';
import { teachCode } from '../later.js';
import { type LoadOptions, Session } from '../model.js';
import { absent, callback, readOptions } from '../options.js';
import { platform } from '../platform.js';
import type { ModelSource } from '../source.js';
import type {
  Example,
  FeatureExtractor,
  FeatureExtractorOptions,
  OpenProjectOptions,
  ProjectCard,
} from '../teach/extract/types.js';
import type { Extractor } from '../teach/extractor.js';
import { type Loading, usableAtOnce } from '../usable.js';
import { watchOptions, watchPlainly, watchWith } from '../watch.js';
import { type CardText, readCard } from './projectCard.js';

export type * from '../teach/extract/types.js';

/**
 * A loaded image model that learns new classes, or a number, from a few pictures.
 *
 *     const extractor = featureExtractor('mobilenet');
 *     await extractor.addImage(video, 'open hand');
 *     await extractor.addImage(video, 'fist');
 *     …
 *     await extractor.train();
 *     const [best] = await extractor.classify(video); // { label: 'fist', confidence: 0.98, … }
 *
 * The base is cut at a layer; its output there, the mean over height and width, describes a picture in
 * some hundred numbers, its features. A head of one or two layers learns from those. Nothing leaves this
 * machine.
 *
 * @param model a known name (`'mobilenet'`), an address or path, or dropped files of any model that takes
 *   one picture
 * @throws MLError (the promise and all methods reject) when the base cannot be loaded or is none for
 *   pictures
 */
export function featureExtractor(
  model: ModelSource = 'mobilenet',
  options: FeatureExtractorOptions = {},
): Loading<FeatureExtractor> {
  return thin(who, options, (code) => code.Extractor.make(model, options));
}

/**
 * Opens a project that FeatureExtractor.save() wrote.
 *
 *     const extractor = await openProject('indexeddb://cups');
 *
 * @param source `'indexeddb://name'`, the address or path of a folder or zip, or dropped files
 * @throws MLError (the promise rejects) naming the file and field that cannot be read
 */
export function openProject(
  source: ModelSource,
  options: OpenProjectOptions = {},
): Loading<FeatureExtractor> {
  return thin('openProject', options, (code) => code.Extractor.open(source, options));
}

const who = 'featureExtractor';

/** Methods that take no picture. */
type Method =
  | 'clear'
  | 'files'
  | 'layers'
  | 'picture'
  | 'relabel'
  | 'remove'
  | 'removeLabel'
  | 'rename'
  | 'save'
  | 'saveModel'
  | 'train'
  | 'undo'
  | 'useLayer'
  | 'warnings';

const captureOptions = {
  perSecond: absent<number>(
    'a number above 0 up to 60',
    'perSecond: 8',
    (value) => typeof value === 'number' && value > 0 && value <= 60,
  ),
  onExample: callback<(example: Example) => unknown>('onExample: ({ id, label }) => {}'),
  ...watchOptions,
};

const nothing: ProjectCard = {
  ...{ title: '', author: '', consent: '', notes: '', date: '' },
  counts: [],
};

/** The object that users hold, around what is loaded later. */
function thin(
  who: string,
  { worker }: LoadOptions,
  make: (code: Awaited<ReturnType<typeof teachCode>>) => Extractor,
): Loading<FeatureExtractor> {
  let made: Extractor | undefined;
  let disposed = false;
  let card: Partial<CardText> = {}; // until the code is there
  const making = teachCode().then((code) => {
    made = make(code);
    made.card = card;
    if (disposed) made.dispose();
    return made;
  });
  const ready = making.then((extractor) => extractor.ready);
  making.catch(() => {}); // reported by every method
  const session = new Session(who, ready);
  const stops = new Set<() => void>();

  /** Calls a method once the code is there; calls keep their order. */
  const call = <M extends Method>(method: M) =>
    ((...given: never[]) =>
      making.then((extractor) =>
        (extractor[method] as (...given: never[]) => unknown)(...given),
      )) as Extractor[M];
  /** A picture as it is now. */
  const take = (caller: string, image: ImageSource) => {
    session.refuseDisposed();
    const taken = takePicture(
      caller,
      still(image),
      (worker ?? platform.hasWorker) && workersCanDraw(),
    );
    taken.catch(() => {}); // reported when it is its turn
    return taken;
  };
  const loaded = (property: string) => {
    if (made?.loaded) return made.loaded;
    fail(
      `${who}: ${property} cannot be read before the base has loaded`,
      { known: 'its methods wait by themselves, its properties cannot' },
      `const loaded = await ${who}(…)`,
    );
  };
  const watching = (stop: () => void) => {
    const ended = () => {
      stops.delete(ended);
      stop();
    };
    stops.add(ended);
    return ended;
  };

  const extractor: FeatureExtractor = {
    get task() {
      return loaded('task').task;
    },
    get layer() {
      return loaded('layer').cut.layer;
    },
    get preprocess() {
      return { ...loaded('preprocess').base.preprocess };
    },
    get size() {
      return made?.loaded?.examples.list.length ?? 0;
    },
    get counts() {
      return made?.counts ?? [];
    },
    get examples() {
      return made?.examples ?? [];
    },
    get classes() {
      return made?.classes ?? [];
    },
    get stale() {
      return made?.stale ?? false;
    },
    get training() {
      return made?.training ?? false;
    },
    get card(): ProjectCard {
      return made?.card ?? { ...nothing, ...card };
    },
    set card(given: Partial<ProjectCard>) {
      if (made) made.card = given;
      else card = { ...card, ...readCard('card', given) };
    },
    layers: call('layers'),
    useLayer: call('useLayer'),
    addImage: (image, label, options) => {
      const taken = take('addImage', image);
      return making.then((extractor) => extractor.addImage(taken, label, options));
    },
    capture(source, label, given = {}) {
      const { perSecond, onExample, onError } = readOptions('capture', given, captureOptions);
      const group = {};
      const shoot = async (source: ImageSource) => {
        const next = performance.now() + 1000 / (perSecond ?? 8);
        const taken = take('capture', source);
        const id = await making.then((extractor) => extractor.addImage(taken, label, { group }));
        await onExample?.({ id, label });
        await new Promise((resolve) => setTimeout(resolve, next - performance.now()));
      };
      return watching(watchWith(source, shoot, () => {}, onError, "capture(video, 'fist')"));
    },
    picture: call('picture'),
    remove: call('remove'),
    removeLabel: call('removeLabel'),
    relabel: call('relabel'),
    rename: call('rename'),
    clear: call('clear'),
    undo: call('undo'),
    train: call('train'),
    stop: () => void making.then((extractor) => extractor.stop()),
    classify: (image, topK) => {
      const taken = take('classify', image);
      return making.then((extractor) => extractor.classify(taken, topK));
    },
    predict: (image) => {
      const taken = take('predict', image);
      return making.then((extractor) => extractor.predict(taken));
    },
    watch(source, onResult, given = {}) {
      const look = (image: ImageSource) => {
        const taken = take('watch', image);
        return making.then((extractor) => extractor.look(taken));
      };
      const example = 'watch(video, ([best]) => show(best.label))';
      return watching(watchPlainly(source, look, onResult, given, example));
    },
    infer: (image) => {
      const taken = take('infer', image);
      return making.then((extractor) => extractor.infer(taken));
    },
    nearest: (image, k) => {
      const taken = take('nearest', image);
      return making.then((extractor) => extractor.nearest(taken, k));
    },
    evaluate: (pictures) => {
      const given = pictures?.map(({ image, label }) => ({
        taken: take('evaluate', image),
        label,
      }));
      return making.then((extractor) => extractor.evaluate(given));
    },
    warnings: call('warnings'),
    save: call('save'),
    files: call('files'),
    saveModel: call('saveModel'),
    about: () => session.about(),
    dispose() {
      disposed = true;
      for (const stop of stops) stop();
      made?.dispose();
      session.dispose();
    },
  };
  const taught = () => making.then((extractor) => extractor.taught());
  const preprocess = async () => (await taught()).preprocess;
  return usableAtOnce(ready, extractor, { session, preprocess, taught });
}

/** Bytes that nobody changes while they wait for their turn. */
function still(image: ImageSource): ImageSource {
  if (image instanceof Uint8Array) return image.slice();
  if (typeof image !== 'object' || !('data' in image) || !('width' in image)) return image;
  const { width, height, data } = image as Pixels;
  return ArrayBuffer.isView(data) ? { width, height, data: data.slice() } : image;
}
