// The page around the photo demo: it brings pictures and models to the sketch and shows its answers.
import { setModelPath } from 'gesso';
import source from '../image-classifier/sketch.js?raw';
import { Camera } from './camera.js';
import { takeDrops } from './drops.js';
import { type Model, ModelShelf } from './models.js';
import {
  find,
  type LoadOptions,
  make,
  type Result,
  showCode,
  showTimeSince,
  Trouble,
  Verdict,
} from './page.js';
import { Easel, type Picture } from './pictures.js';

/** What a model says about itself, as far as this page shows it. */
interface Card {
  name?: string;
  build?: string;
  card?: { trainedOn: string; source: string; licence: string; limits: string } | null;
}

type Load = (model: Model, options: LoadOptions) => Promise<Card>;
type Classify = (picture: Picture) => Promise<Result[]>;
type Watch = (
  video: HTMLVideoElement,
  show: (results: Result[]) => void,
  onError: (error: unknown) => void,
) => () => void;

let classify: Classify | undefined;
let watch: Watch | undefined;
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
  onModel(load: Load): void {
    void open(load);
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

showCode(source);
setModelPath('../models/'); // models known by name are looked for on this machine first

async function open(load: Load): Promise<void> {
  const shelf = new ModelShelf(load, {
    begun() {
      ready = false;
      camera.stop();
      camera.enable(false);
      verdict.clear('Loading the model …');
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
  });
  takeDrops((files) => {
    const [only] = files;
    if (files.some(({ name }) => name.endsWith('.json'))) shelf.useFiles(files);
    else if (only) void easel.hangFile(only);
  });
  await easel.hangSamples();
  const first = await shelf.open();
  if (first === 'digits') easel.hangSample('a painted seven');
  else easel.hangSample('coffee', 'a painted orange');
}

function showCard(card: NonNullable<Card['card']> | null): void {
  const box = find('[data-card]');
  box.hidden = card === null;
  if (card === null) return;
  const facts = {
    'Trained on': card.trainedOn,
    'Gets wrong': card.limits,
    Source: card.source,
    Licence: card.licence,
  };
  const entries = Object.entries(facts).flatMap(([name, text]) => [
    make('dt', '', name),
    make('dd', '', text),
  ]);
  find('dl', box).replaceChildren(...entries);
}

/** Classifies the picture on the easel. */
async function look(): Promise<void> {
  const { picture } = easel;
  if (!ready || !picture || !classify) return;
  const start = performance.now();
  try {
    const results = await classify(picture);
    if (picture === easel.picture) verdict.show(results, showTimeSince(start));
  } catch (error) {
    trouble.show(error);
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
    verdict.show(results, `${Math.round(1000 / pace)} a second`);
  };
  return watch(video, show, (error) => {
    camera.stop();
    trouble.show(error);
  });
}
