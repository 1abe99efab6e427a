// The page around the demo of faces: what masks are made of, and the parts of a face in numbers.
import type { Face, FacePoint } from 'gesso';
import source from '../face/sketch.js?raw';
import './people.css';
import { paintPortrait } from './figures.js';
import { find, showConfidence } from './page.js';
import { penOn, Seeing, type Seen, type Stage, stageOf } from './seeing.js';
import { tell, texts } from './texts.js';

/** What a mask is made of. */
interface Mask {
  /** Whether its triangles are filled; else it is a net. */
  filled: boolean;
  /** A triangle in the light that falls on it, with corners in the order of the mesh. */
  colourOf(a: FacePoint, b: FacePoint, c: FacePoint): string;
}

type Draw = (
  pen: CanvasRenderingContext2D,
  faces: Face[],
  picture: Seen,
  stage: Stage,
  mask: Mask,
) => void;

/** Red, green, blue of what lies in the shadow, and of what lies in the light. */
const materials: Record<string, [dark: number[], light: number[]]> = {
  plaster: [
    [122, 112, 98],
    [255, 252, 244],
  ],
  copper: [
    [66, 26, 16],
    [255, 190, 132],
  ],
  night: [
    [16, 18, 58],
    [150, 168, 255],
  ],
  net: [
    [255, 255, 255],
    [255, 255, 255],
  ],
};

const light = [-0.45, -0.55, -0.7]; // from the left, from above, from the viewer

const canvas = find<HTMLCanvasElement>('[data-drawn]');
const thick = find<HTMLInputElement>('[data-thick]');
const buttons = [...document.querySelectorAll<HTMLElement>('[data-mask]')];
const rows = [...document.querySelectorAll<HTMLElement>('[data-region]')];
const openings = [...document.querySelectorAll<HTMLElement>('[data-opening]')];

let draw: Draw | undefined;
let pen: CanvasRenderingContext2D | undefined;
let material = 'plaster';

const seeing = new Seeing<Face[]>({
  sketch: source,
  module: '../studio/masks.ts',
  task: 'faceMesh',
  favourite: 'facemesh',
  beside: ['blazeface'],
  paintings: [[texts.paintedPortrait, paintPortrait()]],
  first: [texts.paintedPortrait],
  tools: {
    /** Called to draw what was found over the picture. */
    onDraw(given: Draw) {
      draw = given;
      seeing.redraw();
    },
    /** The path from point to point and back to the first, to be filled or drawn. */
    outline(points: readonly FacePoint[]) {
      pen?.beginPath();
      for (const { x, y } of points) pen?.lineTo(x, y);
      pen?.closePath();
    },
  },
  show(faces, seen) {
    find('[data-opinion]').textContent = texts.networkFinds;
    const sentence = faces.length === 0 ? texts.noFace : tell(texts.faces, { count: faces.length });
    find('[data-answer]').textContent = sentence;
    showFace(faces[0]);
    const [first] = faces;
    if (seen instanceof HTMLVideoElement || !first) return sentence;
    const { centerX, centerY } = first.lips;
    const [x, y] = [Math.round(centerX), Math.round(centerY)];
    return `${sentence} ${tell(texts.mouthAt, { x, y })}`;
  },
  draw(faces, picture) {
    pen = penOn(canvas);
    if (!faces) return;
    pen.lineWidth = material === 'net' ? 0.9 : 0.7;
    pen.lineJoin = 'round';
    draw?.(pen, faces, picture, stageOf(canvas), { filled: material !== 'net', colourOf });
  },
  clear: () => showFace(undefined),
});

/** What the sketch can do with this page. */
export const studio = seeing.studio;

for (const button of buttons) {
  button.addEventListener('click', () => choose(button.dataset.mask ?? ''));
}
thick.addEventListener('input', showThickness);
showThickness();
choose(material);

function choose(wanted: string): void {
  material = wanted;
  for (const button of buttons) button.ariaPressed = String(button.dataset.mask === material);
  seeing.redraw();
}

function showThickness(): void {
  canvas.style.opacity = `${thick.value}%`;
  if (thick.nextElementSibling) thick.nextElementSibling.textContent = thick.value;
}

function colourOf(a: FacePoint, b: FacePoint, c: FacePoint): string {
  const [dark, bright] = materials[material] ?? [[], []];
  const lit = litness(a, b, c);
  const tone = [0, 1, 2].map((i) =>
    Math.round((dark[i] ?? 0) + lit * ((bright[i] ?? 0) - (dark[i] ?? 0))),
  );
  return `rgb(${tone.join(' ')})`;
}

/** How much a triangle is turned to the light, 0 to 1. */
function litness(a: FacePoint, b: FacePoint, c: FacePoint): number {
  const [u, v] = [b, c].map((p) => [p.x - a.x, p.y - a.y, p.z - a.z]);
  const cross = [0, 1, 2].map((i) => {
    const [j, k] = [(i + 1) % 3, (i + 2) % 3];
    return (u?.[j] ?? 0) * (v?.[k] ?? 0) - (u?.[k] ?? 0) * (v?.[j] ?? 0);
  });
  const length = Math.hypot(...cross) || 1;
  const facing = (cross[2] ?? 0) > 0 ? -1 : 1; // the side that is seen
  const sum = cross.reduce((sum, part, i) => sum + part * (light[i] ?? 0), 0);
  return Math.min(Math.max((facing * sum) / length, 0), 1) ** 1.3;
}

/** The parts of the surest face, and how far its mouth and eyes are open. */
function showFace(face: Face | undefined): void {
  for (const row of rows) {
    const region = face?.[row.dataset.region as 'lips'];
    const numbers = region && [region.centerX, region.centerY, region.width, region.height];
    for (const [i, cell] of [...row.querySelectorAll('td')].entries()) {
      cell.textContent = numbers ? String(Math.round(numbers[i] ?? 0)) : '–';
    }
  }
  const open = face && {
    mouth: gap(face, 13, 14, 78, 308),
    leftEye: gap(face, 386, 374, 263, 362),
    rightEye: gap(face, 159, 145, 33, 133),
  };
  for (const item of openings) {
    const share = open?.[item.dataset.opening as 'mouth'];
    find('.percent', item).textContent = share === undefined ? '–' : showConfidence(share);
    find('.paint', item).style.setProperty('--share', String(share ?? 0));
  }
}

/** How far two points are apart, measured by two others; at most 1. */
function gap({ keypoints }: Face, upper: number, lower: number, from: number, to: number): number {
  const between = (i: number, j: number) => {
    const [a, b] = [keypoints[i], keypoints[j]];
    return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
  };
  const share = between(upper, lower) / (between(from, to) || 1);
  return Math.round(100 * Math.min(share, 1)) / 100;
}
