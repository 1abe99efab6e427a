// The page of doubts: what a network looks at, how little deceives it, what it dreams of.
import './doubt.css';
import * as gesso from 'gesso';
import samples from '../../../models/digits/samples.json';
import { asDigit, curve } from '../digits/asDigit.js';
import source from '../doubt/sketch.js?raw';
import { takeDrops } from './drops.js';
import type { Shelved } from './models.js';
import {
  find,
  isAbort,
  LoadingBar,
  type LoadOptions,
  make,
  offer,
  type Result,
  showConfidence,
  Trouble,
} from './page.js';
import { Easel, type Painting, type Picture } from './pictures.js';
import { Sketch } from './sketch.js';
import { tell, texts } from './texts.js';

/** Pixels as the library gives them. */
interface Pixels {
  width: number;
  height: number;
  data: Uint8ClampedArray | Uint8Array;
}

interface Step {
  step: number;
  of: number;
}

interface Deceived {
  image: Pixels;
  change: Pixels;
  before: Result[];
  after: Result[];
}

interface DreamOptions {
  signal: AbortSignal;
  onProgress(step: Step & { image: Pixels }): Promise<unknown>;
}

/** What the sketch does. */
interface Handlers {
  model?: (model: string, options: LoadOptions) => Promise<string[]>;
  look?: (
    canvas: HTMLCanvasElement,
    picture: Picture,
    options: { method: string; signal: AbortSignal; onProgress(step: Step): void },
  ) => Promise<Result>;
  deceive?: (picture: Picture, strength: number) => Promise<Deceived>;
  dream?: (label: string, options: DreamOptions) => Promise<{ image: Pixels }>;
}

const handlers: Handlers = {};
const favourite = 'mobilenet';

const says = find('[data-model-says]');
const deceived = find('[data-deceived]');
const look = find<HTMLCanvasElement>('[data-look]');
const lookProgress = find<HTMLProgressElement>('[data-look-progress]');
const changed = find<HTMLCanvasElement>('[data-changed]');
const change = find<HTMLCanvasElement>('[data-change]');
const strength = find<HTMLInputElement>('[data-strength]');
const strengthTold = find('[data-strength-told]');
const dream = find<HTMLCanvasElement>('[data-dream]');
const dreamProgress = find<HTMLProgressElement>('[data-dream-progress]');
const word = find<HTMLInputElement>('[data-class]');
const wake = find<HTMLButtonElement>('[data-wake]');
const keep = find<HTMLButtonElement>('[data-keep]');
const modelTrouble = new Trouble(find('[data-model-trouble]'));
const pictureTrouble = new Trouble(find('[data-picture-trouble]'));
const dreamTrouble = new Trouble(find('[data-dream-trouble]'));
const loading = new LoadingBar();

let ready = false;
let looking = new AbortController();
let dreaming = new AbortController();

/** Shows pixels in a canvas, in the size of which it becomes. */
function put(canvas: HTMLCanvasElement, { width, height, data }: Pixels): void {
  canvas.width = width;
  canvas.height = height;
  canvas.classList.toggle('small', width < 100);
  const pixels = new ImageData(Uint8ClampedArray.from(data), width, height);
  canvas.getContext('2d')?.putImageData(pixels, 0, 0);
}

/** The first of the names that a class has. */
const short = (label: string) => label.split(', ')[0] ?? label;

/** Asks what it looks at; a question that is still open is given up. */
async function ask(): Promise<void> {
  const { picture } = easel;
  if (!ready || !picture || !handlers.look) return;
  looking.abort();
  looking = new AbortController();
  const { signal } = looking;
  const method = find<HTMLInputElement>('[name="method"]:checked').value;
  const onProgress = ({ step, of }: Step) => {
    lookProgress.value = step / of;
  };
  lookProgress.value = 0;
  look.width = picture instanceof HTMLImageElement ? picture.naturalWidth : picture.width;
  look.height = picture instanceof HTMLImageElement ? picture.naturalHeight : picture.height;
  look.classList.toggle('small', look.width < 100);
  try {
    const answer = await handlers.look(look, picture, { method, signal, onProgress });
    const label = short(answer.label);
    says.textContent = tell(texts.doubtSays, {
      label,
      confidence: showConfidence(answer.confidence),
    });
    look.setAttribute('aria-label', tell(texts.doubtMap, { label }));
  } catch (error) {
    if (!signal.aborted) pictureTrouble.show(error);
  }
}

let attacking = false;
let again = false;

/** One attack at a time; what the slider says in the meantime comes next. */
async function attackSoon(): Promise<void> {
  strengthTold.textContent = `${Number(strength.value) / 2} %`;
  again = true;
  if (attacking) return;
  attacking = true;
  while (again) {
    again = false;
    await deceive(Number(strength.value) / 200);
  }
  attacking = false;
}

async function deceive(share: number): Promise<void> {
  const { picture } = easel;
  if (!ready || !picture || !handlers.deceive) return;
  try {
    const found = await handlers.deceive(picture, share);
    const [before] = found.before;
    const [after] = found.after;
    if (!before || !after) return;
    put(changed, found.image);
    put(change, found.change);
    deceived.textContent = tell(texts.doubtDeceived, {
      before: short(before.label),
      after: short(after.label),
      confidence: showConfidence(after.confidence),
    });
    changed.setAttribute('aria-label', tell(texts.doubtChanged, { label: short(after.label) }));
  } catch (error) {
    pictureTrouble.show(error);
  }
}

async function dreamOf(label: string): Promise<void> {
  dreaming.abort();
  dreaming = new AbortController();
  const { signal } = dreaming;
  dreamTrouble.clear();
  wake.disabled = false;
  try {
    const onProgress = ({ step, of, image }: Step & { image: Pixels }) => {
      put(dream, image);
      dreamProgress.value = step / of;
      keep.disabled = false;
      return new Promise<void>((drawn) => setTimeout(drawn)); // the page is drawn in between
    };
    dream.setAttribute('aria-label', tell(texts.doubtDream, { label }));
    await handlers.dream?.(label, { signal, onProgress });
  } catch (error) {
    if (!signal.aborted) dreamTrouble.show(error);
  } finally {
    if (dreaming.signal === signal) wake.disabled = true;
  }
}

const easel = new Easel(() => {
  void ask();
  void attackSoon();
}, pictureTrouble);

/** The digits of our own, for when there is no photo, or no network that knows photos. */
function digits(): Painting[] {
  return samples.digits.slice(0, 10).map(({ label, strokes }) => {
    const points = strokes.map((stroke) => curve(stroke.map(([x = 0, y = 0]) => [x, y] as const)));
    const { width, height, data } = asDigit(points);
    const canvas = make('canvas');
    put(canvas, { width, height, data });
    return [tell(texts.doubtDigit, { label }), canvas];
  });
}

let hanging: Promise<void> | undefined;

/** Loads MobileNet if it is on this machine, else the digits' own network. */
async function begin(): Promise<void> {
  const response = await fetch('../models/index.json');
  const models: Shelved[] = response.ok ? await response.json() : [];
  const name = models.some((model) => model.name === favourite) ? favourite : 'digits';
  if (name === favourite) gesso.setModelPath('../models/'); // on this machine, and not elsewhere
  const paintings = digits();
  ready = false;
  try {
    hanging ??= easel.hangSamples(name === favourite ? [] : paintings);
    await hanging;
    const labels = await loading.during(name, async (options) => {
      return (await handlers.model?.(name, options)) ?? [];
    });
    const list = find('[data-classes]');
    list.replaceChildren();
    for (const label of labels) {
      const option = make('option');
      option.value = short(label);
      list.append(option);
    }
    ready = true;
    word.value = name === favourite ? 'goldfish' : '3';
    easel.hangSample('coffee', 'chelsea', paintings[7]?.[0] ?? '');
    void dreamOf(word.value);
  } catch (error) {
    says.textContent = texts.noModel;
    if (!isAbort(error)) modelTrouble.show(error);
  }
}

for (const radio of document.querySelectorAll('[name="method"]')) {
  radio.addEventListener('change', () => void ask());
}
strength.addEventListener('input', () => void attackSoon());
find('[data-dream-form]').addEventListener('submit', (event) => {
  event.preventDefault();
  if (word.value.trim()) void dreamOf(word.value.trim());
});
wake.addEventListener('click', () => dreaming.abort());
keep.addEventListener('click', () => {
  dream.toBlob((blob) => {
    if (blob) offer(`${word.value.trim() || 'dream'}.png`, blob);
  });
});
takeDrops((files) => {
  const picture = files.find(({ type }) => type.startsWith('image/'));
  if (picture) void easel.hangFile(picture);
});

/** What the sketch answers. The last of its calls begins the page. */
export const studio = {
  onModel(handler: NonNullable<Handlers['model']>): void {
    handlers.model = handler;
  },
  onLook(handler: NonNullable<Handlers['look']>): void {
    handlers.look = handler;
  },
  onDeceive(handler: NonNullable<Handlers['deceive']>): void {
    handlers.deceive = handler;
  },
  onDream(handler: NonNullable<Handlers['dream']>): void {
    handlers.dream = handler;
    void begin();
  },
};

new Sketch(source, { '../studio/doubt.ts': { studio } });
