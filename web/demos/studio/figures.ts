// People who are painted on the spot: jointed figures whom networks that look for bodies find, too.
import { texts } from './texts.js';

/** A place in heads from the top of a person's middle, across and down. */
type Joint = readonly [x: number, y: number];

/** Lit, middle and dark. */
type Tones = readonly [string, string, string];

/** Where somebody's joints are; `left` is the person's own left, which is on the right of the picture. */
interface Stance {
  left: Limbs;
  right: Limbs;
}

interface Limbs {
  elbow: Joint;
  wrist: Joint;
  knee: Joint;
  ankle: Joint;
}

interface Person {
  /** The middle of the top of the head, in pixels, and the height. */
  x: number;
  y: number;
  height: number;
  skin: Tones;
  hair: string;
  shirt: Tones;
  trousers: Tones;
  stance: Stance;
}

const heads = 8; // in the height of a grown-up, as painters have it
const shoes: Tones = ['#5a4a40', '#40322a', '#221812'];

const standing = (side: 1 | -1): Limbs => ({
  elbow: [side, 2.95],
  wrist: [1.05 * side, 4.1],
  knee: [0.5 * side, 5.8],
  ankle: [0.52 * side, 7.5],
});

const dancing: Stance = {
  left: { ...standing(1), elbow: [1.75, 1.25], wrist: [2.1, 0.15] },
  right: { elbow: [-1.8, 1.95], wrist: [-2.6, 1.1], knee: [-1.05, 5.6], ankle: [-1.35, 7.3] },
};

const greeting: Stance = {
  left: { ...standing(1), elbow: [1.65, 1.9], wrist: [1.6, 0.8] },
  right: standing(-1),
};

/** Somebody who dances. */
export function paintDancer(): HTMLCanvasElement {
  return paintRoom(640, 640, [
    {
      x: 330,
      y: 70,
      height: 510,
      skin: ['#9a6a4a', '#74482f', '#42261a'],
      hair: '#1a1210',
      shirt: ['#f3c14b', '#d9941c', '#8d570c'],
      trousers: ['#3b4560', '#2a3147', '#171b2a'],
      stance: dancing,
    },
  ]);
}

/** Two people, one of whom waves. */
export function paintPair(): HTMLCanvasElement {
  return paintRoom(800, 600, [
    {
      x: 250,
      y: 80,
      height: 480,
      skin: ['#f0c4a0', '#d39a72', '#8f5b3e'],
      hair: '#3a2618',
      shirt: ['#5b78d0', '#3a56a8', '#1f3168'],
      trousers: ['#5d5a55', '#45423e', '#2a2826'],
      stance: dancing,
    },
    {
      x: 590,
      y: 70,
      height: 490,
      skin: ['#9a6a4a', '#74482f', '#42261a'],
      hair: '#1a1210',
      shirt: ['#d0543a', '#a83c26', '#6b2113'],
      trousers: ['#3b4560', '#2a3147', '#171b2a'],
      stance: greeting,
    },
  ]);
}

/** Somebody's head and shoulders. */
export function paintPortrait(): HTMLCanvasElement {
  return paintRoom(800, 600, [
    {
      x: 400,
      y: 110,
      height: 2200,
      skin: ['#f0c4a0', '#d39a72', '#8f5b3e'],
      hair: '#3a2618',
      shirt: ['#5f8f6a', '#3f6f4c', '#234531'],
      trousers: ['#5d5a55', '#45423e', '#2a2826'],
      stance: { left: standing(1), right: standing(-1) },
    },
  ]);
}

/** The sea in the evening, for somebody to stand before. */
export function paintSea(): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [960, 720];
  const paint = canvas.getContext('2d');
  if (!paint) throw new Error(texts.noCanvas);
  const sky = paint.createLinearGradient(0, 0, 0, 430);
  for (const [i, tone] of ['#3f6fa8', '#8fb6cf', '#f3dcae', '#f6b98a'].entries()) {
    sky.addColorStop(i / 3, tone);
  }
  paint.fillStyle = sky;
  paint.fillRect(0, 0, 960, 430);
  paint.fillStyle = '#fff6dd';
  paint.beginPath();
  paint.arc(690, 372, 46, 0, 2 * Math.PI);
  paint.fill();
  const water = paint.createLinearGradient(0, 420, 0, 640);
  water.addColorStop(0, '#5f93a6');
  water.addColorStop(1, '#1f5468');
  paint.fillStyle = water;
  paint.fillRect(0, 420, 960, 220);
  // Strokes of light, longer and further apart towards the beach.
  for (let i = 0; i < 150; ++i) {
    const near = (i / 150) ** 1.6;
    const x = 690 + 420 * Math.sin(i * 2.39996) * (0.15 + near);
    paint.fillStyle = i % 3 ? '#f9dca866' : '#ffffff55';
    paint.fillRect(x - 10 - 30 * near, 424 + 210 * near, 20 + 60 * near, 1.5 + 3 * near);
  }
  paint.fillStyle = '#d9bf8f';
  paint.fill(new Path2D('M0 636C240 604 520 668 960 622V720H0Z'));
  paint.fillStyle = '#f4ead2';
  paint.fill(new Path2D('M0 634C240 602 520 666 960 620V628C520 676 240 612 0 644Z'));
  return canvas;
}

function paintRoom(width: number, height: number, people: readonly Person[]): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const paint = canvas.getContext('2d');
  if (!paint) throw new Error(texts.noCanvas);
  const wall = paint.createLinearGradient(0, 0, 0, height);
  wall.addColorStop(0, '#d6d0c4');
  wall.addColorStop(1, '#b4ab9d');
  paint.fillStyle = wall;
  paint.fillRect(0, 0, width, height);
  const floor = paint.createLinearGradient(0, 0.78 * height, 0, height);
  floor.addColorStop(0, '#7a5f49');
  floor.addColorStop(1, '#97765a');
  paint.fillStyle = floor;
  paint.fillRect(0, 0.78 * height, width, height);
  for (const person of people) paintPerson(paint, person);
  return canvas;
}

function paintPerson(paint: CanvasRenderingContext2D, person: Person): void {
  const { x, y, height, skin, shirt, trousers, stance } = person;
  const head = height / heads;
  paint.save();
  paint.translate(x, y);
  paint.scale(head, head);
  const shadow = paint.createRadialGradient(0, 0, 0.2, 0, 0, 1.7);
  shadow.addColorStop(0, '#0009');
  shadow.addColorStop(1, '#0000');
  paint.save();
  paint.transform(1, 0, 0, 0.14, 0, 7.75);
  paint.fillStyle = shadow;
  paint.fillRect(-2, -2, 4, 4);
  paint.restore();

  const sides = [
    [-1, stance.right],
    [1, stance.left],
  ] as const;
  for (const [side, { knee, ankle }] of sides) {
    paintLimb(paint, ankle, [ankle[0] + 0.24 * side, ankle[1] + 0.24], 0.2, 0.17, shoes);
    paintLimb(paint, knee, ankle, 0.36, 0.22, trousers);
    paintLimb(paint, [0.42 * side, 4.1], knee, 0.5, 0.36, trousers);
  }
  for (const [side, { elbow, wrist }] of sides) {
    const length = Math.hypot(wrist[0] - elbow[0], wrist[1] - elbow[1]);
    const hand = [0, 1].map(
      (axis) =>
        wrist[axis as 0 | 1] + (0.3 * (wrist[axis as 0 | 1] - elbow[axis as 0 | 1])) / length,
    ) as [number, number];
    paintLimb(paint, wrist, hand, 0.17, 0.16, skin);
    paintLimb(paint, elbow, wrist, 0.21, 0.15, skin);
    paintLimb(paint, [0.75 * side, 1.65], elbow, 0.32, 0.25, shirt);
  }
  paintLimb(paint, [0, 0.8], [0, 1.7], 0.26, 0.3, [skin[1], skin[2], skin[2]]);
  const trunk = new Path2D(
    'M-1.05 1.75Q-.75 1.3-.3 1.27Q0 1.5 .3 1.27Q.75 1.3 1.05 1.75L.9 4.35Q0 4.6-.9 4.35Z',
  );
  paint.fillStyle = shade(paint, [-1, 2], [1, 2.6], shirt);
  paint.fill(trunk);
  paint.translate(0, 0.5);
  paint.scale(0.5, 0.5);
  paintHead(paint, person);
  paint.restore();
}

/** Between two joints, with a radius at each. */
function paintLimb(
  paint: CanvasRenderingContext2D,
  from: Joint,
  to: Joint,
  radiusFrom: number,
  radiusTo: number,
  tones: Tones,
): void {
  const along = Math.atan2(to[1] - from[1], to[0] - from[0]);
  const across = along + Math.PI / 2;
  paint.beginPath();
  paint.arc(...from, radiusFrom, across, across + Math.PI);
  paint.arc(...to, radiusTo, across + Math.PI, across);
  paint.closePath();
  const reach = Math.max(radiusFrom, radiusTo);
  const [x, y] = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
  const side = Math.sin(along) >= 0 ? -1 : 1; // the light comes from the left
  const [dx, dy] = [-reach * Math.sin(along) * -side, reach * Math.cos(along) * -side];
  paint.fillStyle = shade(paint, [x - Math.abs(dx), y - dy], [x + Math.abs(dx), y + dy], tones);
  paint.fill();
}

/** In a circle of radius 1 around 0, 0. */
function paintHead(paint: CanvasRenderingContext2D, { skin, hair }: Person): void {
  const dot = (x: number, y: number, width: number, height: number, colour: string) => {
    paint.fillStyle = colour;
    paint.beginPath();
    paint.ellipse(x, y, width, height, 0, 0, 2 * Math.PI);
    paint.fill();
  };
  const line = (path: string, colour: string) => {
    paint.strokeStyle = colour;
    paint.lineWidth = 0.07;
    paint.lineCap = 'round';
    paint.stroke(new Path2D(path));
  };
  dot(0, -0.22, 0.86, 0.98, hair);
  for (const side of [-1, 1]) dot(0.78 * side, 0.05, 0.14, 0.24, skin[2]);
  const face = paint.createRadialGradient(-0.15, -0.35, 0.1, 0, 0, 1.1);
  for (const [i, tone] of skin.entries()) face.addColorStop([0, 0.6, 1][i] ?? 1, tone);
  paint.fillStyle = face;
  paint.beginPath();
  paint.ellipse(0, 0.05, 0.74, 0.98, 0, 0, 2 * Math.PI);
  paint.fill();
  paint.fillStyle = hair;
  paint.fill(
    new Path2D('M-.78-.1C-.8-1.3 .8-1.3 .78-.1C.6-.6 .3-.62-.1-.66C-.5-.6-.66-.4-.78-.1Z'),
  );
  for (const side of [-0.3, 0.3]) {
    dot(side, -0.04, 0.2, 0.13, `${skin[2]}70`);
    dot(side, -0.02, 0.15, 0.085, '#f4efe8');
    dot(side, -0.02, 0.075, 0.085, '#2d1d14');
    line(`M${side - 0.2}-.2Q${side}-.32 ${side + 0.2}-.2`, hair);
  }
  line('M-.02 .02Q-.2 .34-.12 .38Q0 .46 .13 .38', skin[2]);
  dot(0, 0.33, 0.13, 0.1, `${skin[0]}b0`);
  paint.fillStyle = '#9c4a3c';
  paint.fill(new Path2D('M-.25 .62Q0 .72 .25 .62Q0 .82-.25 .62Z'));
}

function shade(
  paint: CanvasRenderingContext2D,
  from: Joint,
  to: Joint,
  tones: Tones,
): CanvasGradient {
  const gradient = paint.createLinearGradient(...from, ...to);
  for (const [i, tone] of tones.entries()) gradient.addColorStop(i / 2, tone);
  return gradient;
}
