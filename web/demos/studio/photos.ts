// The page around the photo demo: it brings pictures and models to the sketch and shows its answers.
import { setModelPath } from 'gesso';
import source from '../image-classifier/sketch.js?raw';
import { Camera } from './camera.js';
import { takeDrops } from './drops.js';
import { type Card, type Model, ModelShelf, showCard } from './models.js';
import { find, type LoadOptions, type Result, showTimeSince, Trouble, Verdict } from './page.js';
import { paintOrange, paintSeven } from './paintings.js';
import { Easel, type Picture } from './pictures.js';
import { Sketch } from './sketch.js';
import { tell, texts } from './texts.js';

type Load = (model: Model, options: LoadOptions) => Promise<Card>;
type Classify = (picture: Picture) => Promise<Result[]>;
type Watch = (
  video: HTMLVideoElement,
  show: (results: Result[]) => void,
  onError: (error: unknown) => void,
) => () => void;

let classify: Classify | undefined;
let watch: Watch | undefined;
let load: Load | undefined;
let shelf: ModelShelf<Card> | undefined;
let ready = false;

const verdict = new Verdict();
const trouble = new Trouble(find('[data-picture-trouble]'));
const camera = new Camera({ started: watchCamera, stopped: look }, trouble);
const easel = new Easel(() => {
  camera.stop();
  void look();
}, trouble);

/** What the sketch can do with this page. */
export const studio = {
  /** Called with every model that the user picks; resolves to what the model says of itself. */
  onModel(given: Load): void {
    load = given;
    if (shelf) shelf.useAgain(sketch.troubleOr(shelf.trouble));
    else void open();
  },
  /** Called with every picture; its answer is shown. */
  onPicture(answer: Classify): void {
    classify = answer;
  },
  /** Called when the camera starts; what it returns is called when the camera stops. */
  onCamera(begin: Watch): void {
    watch = begin;
  },
};

const sketch = new Sketch(source, { '../studio/photos.ts': { studio } });
setModelPath('../models/'); // models known by name are looked for on this machine first

async function open(): Promise<void> {
  const opened = new ModelShelf<Card>(
    async (model, options) => (await load?.(model, options)) ?? {},
    {
      begun() {
        ready = false;
        camera.stop();
        camera.enable(false);
        verdict.clear(texts.loadingTheModel);
        find('[data-model]').textContent = '–';
        showCard(null);
      },
      loaded(card, name) {
        ready = true;
        camera.enable(true);
        find('[data-model]').textContent = card.name ?? name;
        find('[data-build]').textContent = card.build ?? '–';
        showCard(card.card ?? null);
        void look();
      },
      failed: (sentence) => verdict.clear(sentence),
    },
    (task) => task === 'imageClassifier',
  );
  shelf = opened;
  takeDrops((files) => {
    const [only] = files;
    if (files.some(({ name }) => name.endsWith('.json'))) opened.useFiles(files);
    else if (only) void easel.hangFile(only);
  });
  await easel.hangSamples([
    [texts.paintedOrange, paintOrange()],
    [texts.paintedSeven, paintSeven()],
  ]);
  const first = await opened.open();
  if (first === 'digits') easel.hangSample(texts.paintedSeven);
  else easel.hangSample('coffee', texts.paintedOrange);
}

/** Classifies the picture on the easel. */
async function look(): Promise<void> {
  const { picture } = easel;
  const answer = classify;
  if (!ready || !picture || !answer) return;
  const start = performance.now();
  try {
    const results = await answer(picture);
    if (picture === easel.picture) verdict.show(results, showTimeSince(start));
  } catch (error) {
    if (answer === classify) sketch.troubleOr(trouble).show(error);
  }
}

function watchCamera(video: HTMLVideoElement): () => void {
  if (!watch) return () => {};
  let last = performance.now();
  let pace = 0;
  const show = (results: Result[]) => {
    const now = performance.now();
    pace = pace === 0 ? now - last : 0.9 * pace + 0.1 * (now - last);
    last = now;
    verdict.show(results, tell(texts.aSecond, { count: Math.round(1000 / pace) }));
  };
  return watch(video, show, (error) => {
    camera.stop();
    sketch.troubleOr(trouble).show(error);
  });
}
