// The page around the demo of backgrounds: what may stand behind people, and the picture that comes of it.
import type { Segmentation } from 'gesso';
import source from '../background/sketch.js?raw';
import './people.css';
import { paintDancer, paintPair, paintSea } from './figures.js';
import { find, make, offer, showConfidence } from './page.js';
import { Seeing, type Seen } from './seeing.js';
import { tell, texts } from './texts.js';

/** What is behind people: blurred by a radius, or something else; neither is nothing. */
interface Backdrop {
  radius?: number;
  background?: string | CanvasGradient | HTMLCanvasElement | HTMLImageElement;
}

type Draw = (
  canvas: HTMLCanvasElement,
  picture: Seen,
  people: Segmentation,
  backdrop: Backdrop,
) => void;

const canvas = find<HTMLCanvasElement>('[data-drawn]');
const radius = find<HTMLInputElement>('[data-radius]');
const colour = find<HTMLInputElement>('[data-colour]');
const file = find<HTMLInputElement>('[data-backdrop-file]');
const save = find<HTMLButtonElement>('[data-save]');
const buttons = [...document.querySelectorAll<HTMLElement>('[data-backdrop], [data-own]')];

let draw: Draw | undefined;
let kind = 'sea';
let own: HTMLImageElement | undefined;
let sea: HTMLCanvasElement | undefined;

const seeing = new Seeing<Segmentation>({
  sketch: source,
  module: '../studio/backdrops.ts',
  task: 'bodySegmentation',
  favourite: 'bodypix',
  paintings: [
    [texts.paintedPair, paintPair()],
    [texts.paintedDancer, paintDancer()],
  ],
  first: [texts.paintedPair],
  tools: {
    /** Called to draw people before what was chosen. */
    onDraw(given: Draw) {
      draw = given;
      seeing.redraw();
    },
  },
  show(people, seen) {
    const share = shareOf(people);
    find('[data-opinion]').textContent = texts.networkFinds;
    const sentence =
      share < 0.002 ? texts.nobody : tell(texts.peopleShare, { part: showConfidence(share) });
    find('[data-answer]').textContent = sentence;
    return seen instanceof HTMLVideoElement ? '' : sentence;
  },
  draw(people, picture) {
    canvas.classList.toggle('covering', people !== undefined);
    save.disabled = people === undefined;
    if (!people) return;
    if (canvas.width !== people.width) canvas.width = people.width;
    if (canvas.height !== people.height) canvas.height = people.height;
    draw?.(canvas, picture, people, backdrop());
  },
  clear() {},
});

/** What the sketch can do with this page. */
export const studio = seeing.studio;

for (const button of buttons) {
  button.addEventListener('click', () => {
    if (button.dataset.own !== undefined) file.click();
    else choose(button.dataset.backdrop ?? '');
  });
}
file.addEventListener('change', () => {
  const [picture] = file.files ?? [];
  if (picture) void hangBehind(picture);
  file.value = '';
});
radius.addEventListener('input', () => {
  if (radius.nextElementSibling) radius.nextElementSibling.textContent = radius.value;
  choose('blur');
});
colour.addEventListener('input', () => choose('colour'));
save.addEventListener('click', () => {
  canvas.toBlob((png) => {
    if (png) offer('gesso.png', png);
  });
});
choose(kind);

function choose(wanted: string): void {
  kind = wanted;
  for (const button of buttons) {
    button.ariaPressed = String((button.dataset.backdrop ?? 'own') === kind);
  }
  document.body.style.setProperty('--chosen', colour.value);
  seeing.redraw();
}

async function hangBehind(picture: File): Promise<void> {
  const image = make('img');
  image.src = URL.createObjectURL(picture);
  try {
    await image.decode();
  } catch {
    seeing.trouble.show(tell(texts.pictureFailed, { name: picture.name }));
    return;
  }
  own = image;
  choose('own');
}

function backdrop(): Backdrop {
  if (kind === 'blur') return { radius: Number(radius.value) };
  if (kind === 'colour') return { background: colour.value };
  if (kind === 'sunset') return { background: sunset() };
  if (kind === 'sea') {
    sea ??= paintSea();
    return { background: sea };
  }
  return kind === 'own' && own ? { background: own } : {};
}

function sunset(): CanvasGradient | string {
  const sky = canvas.getContext('2d')?.createLinearGradient(0, 0, 0, canvas.height);
  if (!sky) return colour.value;
  for (const [i, tone] of ['#27305f', '#8a4a86', '#e4705a', '#f9c46b'].entries()) {
    sky.addColorStop(i / 3, tone);
  }
  return sky;
}

/** Which part of the picture is people. */
function shareOf({ data }: Segmentation): number {
  let sum = 0;
  for (const value of data) sum += value;
  return sum / 255 / data.length;
}
