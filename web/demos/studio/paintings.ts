// Pictures that are painted on the spot, for when no photo is at hand.
import { texts } from './texts.js';

function canvas(width: number, height: number): [HTMLCanvasElement, CanvasRenderingContext2D] {
  const element = document.createElement('canvas');
  element.width = width;
  element.height = height;
  const context = element.getContext('2d');
  if (!context) throw new Error(texts.noCanvas);
  return [element, context];
}

/** A seven in chalk on a blackboard: for models that read digits. */
export function paintSeven(): HTMLCanvasElement {
  const [element, paint] = canvas(420, 420);
  paint.fillStyle = 'black';
  paint.fillRect(0, 0, 420, 420);
  paint.strokeStyle = 'white';
  paint.lineWidth = 38;
  paint.lineCap = 'round';
  paint.lineJoin = 'round';
  paint.stroke(new Path2D('M112 104 C190 92 250 96 314 94 C268 186 214 236 190 332'));
  return element;
}

/** An orange on a table: for models that know things. */
export function paintOrange(): HTMLCanvasElement {
  const [element, paint] = canvas(480, 360);
  const wall = paint.createLinearGradient(0, 0, 480, 240);
  wall.addColorStop(0, '#dcd8ce');
  wall.addColorStop(1, '#a9a8a4');
  paint.fillStyle = wall;
  paint.fillRect(0, 0, 480, 360);
  paint.fillStyle = '#6b4a33';
  paint.fillRect(0, 236, 480, 124);

  const shadow = paint.createRadialGradient(272, 302, 10, 272, 302, 150);
  shadow.addColorStop(0, '#160b05e0');
  shadow.addColorStop(1, '#160b0500');
  paint.fillStyle = shadow;
  paint.save();
  paint.transform(1, 0, 0, 0.3, 0, 212);
  paint.fillRect(90, 130, 380, 340);
  paint.restore();

  const peel = paint.createRadialGradient(196, 126, 12, 232, 184, 136);
  peel.addColorStop(0, '#ffd27a');
  peel.addColorStop(0.22, '#fb9d2a');
  peel.addColorStop(0.72, '#ec7410');
  peel.addColorStop(1, '#9c3f06');
  paint.fillStyle = peel;
  paint.beginPath();
  paint.arc(232, 184, 122, 0, 2 * Math.PI);
  paint.fill();
  // Pores, spread evenly by the golden angle.
  for (let i = 1; i < 700; ++i) {
    const radius = 120 * Math.sqrt(i / 700);
    const x = 232 + radius * Math.cos(i * 2.39996);
    const y = 184 + radius * Math.sin(i * 2.39996);
    paint.fillStyle = i % 2 ? '#c9570b55' : '#ffc46b44';
    paint.fillRect(x, y, 2, 2);
  }
  paint.fillStyle = '#4d5a1f';
  paint.beginPath();
  paint.ellipse(218, 78, 9, 5, 0.2, 0, 2 * Math.PI);
  paint.fill();
  return element;
}
