// Small paintings made on the spot, each another: for who has neither a camera nor pictures at hand.
import { texts } from '../texts.js';

const side = 224;

/** What can be painted, by what it is called. */
export const motifs: readonly [name: string, paint: (random: () => number) => HTMLCanvasElement][] =
  [
    [texts.oranges, (random) => painting(random, orange)],
    [texts.leaves, (random) => painting(random, leaf)],
    [texts.moons, (random) => painting(random, moon)],
  ];

type Motif = (pen: CanvasRenderingContext2D, random: () => number) => void;

/** A motif somewhere, in some size, turned a little. */
function painting(random: () => number, motif: Motif): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = side;
  canvas.height = side;
  const pen = canvas.getContext('2d');
  if (!pen) throw new Error(texts.noCanvas);
  pen.save();
  motif(pen, random);
  pen.restore();
  return canvas;
}

const between = (random: () => number, from: number, to: number) => from + (to - from) * random();

/** Brush strokes of colours that are near each other, over all of it. */
function ground(
  pen: CanvasRenderingContext2D,
  random: () => number,
  hue: number,
  saturation: number,
  lightness: number,
): void {
  pen.fillStyle = `hsl(${hue} ${saturation}% ${lightness}%)`;
  pen.fillRect(0, 0, side, side);
  pen.lineCap = 'round';
  for (let i = 0; i < 60; ++i) {
    const light = lightness + between(random, -7, 7);
    pen.strokeStyle = `hsl(${hue + between(random, -8, 8)} ${saturation}% ${light}% / 0.6)`;
    pen.lineWidth = between(random, 6, 22);
    const [x, y] = [between(random, -20, side), between(random, 0, side)];
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(x + between(random, 20, 90), y + between(random, -10, 10));
    pen.stroke();
  }
}

/** Moves the pen to where the motif is: one unit is then about its radius. */
function settle(pen: CanvasRenderingContext2D, random: () => number, turn: number): void {
  const size = between(random, 52, 84);
  pen.translate(between(random, 84, side - 84), between(random, 84, side - 84));
  pen.rotate(between(random, -turn, turn));
  pen.scale(size, size);
}

function orange(pen: CanvasRenderingContext2D, random: () => number): void {
  ground(pen, random, between(random, 20, 45), 18, between(random, 60, 80));
  settle(pen, random, 0.5);
  pen.fillStyle = '#160b0550';
  pen.beginPath();
  pen.ellipse(0.15, 0.9, 1, 0.24, 0, 0, 2 * Math.PI);
  pen.fill();
  const hue = between(random, 22, 34);
  const peel = pen.createRadialGradient(-0.35, -0.4, 0.1, 0, 0, 1);
  peel.addColorStop(0, `hsl(${hue + 12} 100% 72%)`);
  peel.addColorStop(0.3, `hsl(${hue} 95% 56%)`);
  peel.addColorStop(1, `hsl(${hue - 8} 90% 34%)`);
  pen.fillStyle = peel;
  pen.beginPath();
  pen.arc(0, 0, 1, 0, 2 * Math.PI);
  pen.fill();
  pen.fillStyle = '#4d5a1f';
  pen.beginPath();
  pen.ellipse(-0.08, -0.86, 0.1, 0.06, 0.2, 0, 2 * Math.PI);
  pen.fill();
}

function leaf(pen: CanvasRenderingContext2D, random: () => number): void {
  ground(pen, random, between(random, 40, 60), 24, between(random, 78, 92));
  settle(pen, random, Math.PI);
  const hue = between(random, 78, 128);
  const blade = pen.createLinearGradient(-0.5, 0, 0.5, 0);
  blade.addColorStop(0, `hsl(${hue} 42% 30%)`);
  blade.addColorStop(0.5, `hsl(${hue} 48% 42%)`);
  blade.addColorStop(1, `hsl(${hue - 10} 50% 52%)`);
  const wide = between(random, 0.55, 0.85);
  pen.fillStyle = blade;
  pen.beginPath();
  pen.moveTo(0, -1.25);
  pen.bezierCurveTo(wide, -0.6, wide, 0.5, 0, 1);
  pen.bezierCurveTo(-wide, 0.5, -wide, -0.6, 0, -1.25);
  pen.fill();
  pen.strokeStyle = `hsl(${hue} 40% 76%)`;
  pen.lineWidth = 0.05;
  pen.beginPath();
  pen.moveTo(0, -1.1);
  pen.lineTo(0, 1.35);
  for (let y = -0.7; y < 0.8; y += 0.3) {
    for (const across of [-0.42, 0.42]) {
      pen.moveTo(0, y + 0.2);
      pen.lineTo(across * wide * 1.2, y - 0.06);
    }
  }
  pen.stroke();
}

function moon(pen: CanvasRenderingContext2D, random: () => number): void {
  ground(pen, random, between(random, 222, 250), 42, between(random, 12, 22));
  for (let i = 0; i < 40; ++i) {
    pen.fillStyle = `hsl(50 60% 90% / ${between(random, 0.2, 0.9)})`;
    pen.fillRect(between(random, 0, side), between(random, 0, side), 2, 2);
  }
  settle(pen, random, 0.8);
  const glow = pen.createRadialGradient(0, 0, 0.6, 0, 0, 1.7);
  glow.addColorStop(0, '#fff3c455');
  glow.addColorStop(1, '#fff3c400');
  pen.fillStyle = glow;
  pen.fillRect(-2, -2, 4, 4);
  const open = between(random, 0.3, 0.75);
  pen.fillStyle = `hsl(${between(random, 44, 54)} 78% 84%)`;
  pen.beginPath();
  pen.arc(0, 0, 0.95, -Math.PI / 2, Math.PI / 2);
  pen.bezierCurveTo(open, 0.6, open, -0.6, 0, -0.95);
  pen.fill();
}
