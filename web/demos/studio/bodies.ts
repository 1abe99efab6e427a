// The page around the demo of bodies: the points of everybody in words and numbers, and a pen for the bones.
import type { Pose } from 'gesso';
import source from '../body/sketch.js?raw';
import './people.css';
import { paintDancer, paintPair } from './figures.js';
import { find, make, showConfidence } from './page.js';
import { penOn, Seeing, type Seen, type Stage, stageOf } from './seeing.js';
import { tell, texts } from './texts.js';

type Draw = (pen: CanvasRenderingContext2D, poses: Pose[], picture: Seen, stage: Stage) => void;

/** Pigments that are seen on dark and on light pictures; the next person after the last has the first one. */
const pigments = ['#8c9cff', '#ff7d5c', '#c3d65a', '#f7bd4a', '#ef9ad8'];

const canvas = find<HTMLCanvasElement>('[data-drawn]');
const chips = find('[data-people]');
const rows = new Map(
  [...document.querySelectorAll<HTMLElement>('[data-point]')].map((row) => [
    row.dataset.point ?? '',
    {
      x: find('[data-x]', row),
      y: find('[data-y]', row),
      sure: find('[data-sure]', row),
      paint: find('.paint', row),
    },
  ]),
);

let draw: Draw | undefined;
let pen: CanvasRenderingContext2D | undefined;
let shown: Pose[] = [];
let chosen: number | undefined; // whose points are in the table

const seeing = new Seeing<Pose[]>({
  sketch: source,
  module: '../studio/bodies.ts',
  task: 'bodyPose',
  favourite: 'posenet',
  paintings: [
    [texts.paintedPair, paintPair()],
    [texts.paintedDancer, paintDancer()],
  ],
  first: [texts.paintedPair],
  tools: {
    /** Called to draw what was found over the picture. */
    onDraw(given: Draw) {
      draw = given;
      seeing.redraw();
    },
    colourOf,
    /** A point, in the colour of the pen, fainter where it is less sure. */
    dot(x: number, y: number, confidence: number) {
      if (!pen) return;
      pen.globalAlpha = Math.max(confidence, 0.15);
      pen.beginPath();
      pen.arc(x, y, Math.min(Math.max(canvas.clientWidth / 130, 2.5), 5), 0, 2 * Math.PI);
      pen.fillStyle = pen.strokeStyle;
      pen.fill();
      pen.lineWidth = 1.5;
      const line = pen.strokeStyle;
      pen.strokeStyle = '#14141a';
      pen.stroke();
      pen.strokeStyle = line;
    },
    /** The number of a person, above the box around them. */
    label,
  },
  show(poses, seen) {
    shown = poses;
    showPeople(poses);
    find('[data-opinion]').textContent = texts.networkFinds;
    const sentence =
      poses.length === 0 ? texts.nobody : tell(texts.people, { count: poses.length });
    find('[data-answer]').textContent = sentence;
    if (seen instanceof HTMLVideoElement) return sentence;
    return [sentence, ...poses.map(told)].join(' ');
  },
  draw(poses, picture) {
    pen = penOn(canvas);
    if (!poses) return;
    pen.lineCap = 'round';
    draw?.(pen, poses, picture, stageOf(canvas));
  },
  clear() {
    shown = [];
    showPeople([]);
  },
});

/** What the sketch can do with this page. */
export const studio = seeing.studio;

function colourOf(id: number): string {
  return pigments[(id - 1) % pigments.length] ?? '';
}

function label({ id, box, keypoints }: Pose): void {
  if (!pen) return;
  const top = Math.min(...keypoints.filter((p) => p.confidence > 0.3).map(({ y }) => y), box.yMax);
  const [x, y] = [(box.xMin + box.xMax) / 2, Math.max(top - 30, 16)];
  pen.globalAlpha = 1;
  pen.fillStyle = colourOf(id);
  pen.beginPath();
  pen.arc(x, y, 14, 0, 2 * Math.PI);
  pen.fill();
  pen.fillStyle = '#14141a';
  pen.font = '600 16px system-ui, sans-serif';
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.fillText(String(id), x, y + 1);
}

function told({ id, nose }: Pose): string {
  return tell(texts.noseOf, { id, x: Math.round(nose.x), y: Math.round(nose.y) });
}

/** A button for each person, and the points of the one who is chosen. */
function showPeople(poses: readonly Pose[]): void {
  const ids = poses.map(({ id }) => id);
  const there = [...chips.children].map((chip) => Number((chip as HTMLElement).dataset.id));
  if (chosen === undefined || !ids.includes(chosen)) chosen = ids[0];
  if (ids.toSorted().join() !== there.join()) {
    chips.replaceChildren(...ids.toSorted((a, b) => a - b).map(chipOf));
  }
  for (const chip of chips.children) {
    chip.ariaPressed = String(Number((chip as HTMLElement).dataset.id) === chosen);
  }
  const pose = poses.find(({ id }) => id === chosen);
  const points = new Map(pose?.keypoints.map((point) => [point.name, point]));
  for (const [name, row] of rows) {
    const point = points.get(name);
    row.x.textContent = point ? String(Math.round(point.x)) : '–';
    row.y.textContent = point ? String(Math.round(point.y)) : '–';
    row.sure.textContent = point ? showConfidence(point.confidence) : '–';
    row.paint.style.setProperty('--share', String(point?.confidence ?? 0));
    row.paint.style.setProperty('--pigment', colourOf(chosen ?? 1));
  }
}

function chipOf(id: number): HTMLElement {
  const chip = make('button', 'chip');
  chip.type = 'button';
  chip.dataset.id = String(id);
  const dab = make('i', 'pigment');
  dab.style.background = colourOf(id);
  chip.ariaLabel = tell(texts.personOf, { id });
  chip.append(dab, String(id));
  chip.addEventListener('click', () => {
    chosen = id;
    showPeople(shown);
  });
  return chip;
}
