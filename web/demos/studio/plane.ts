// A plane with points of up to four colours on it, and under them what a network makes of it.
import { tensor } from 'gesso';
import { onThemeChange, pigment, squareCanvas } from './page.js';
import { tell, texts } from './texts.js';

/** A place on the plane, −1 to 1 from left to right and from bottom to top, and its colour. */
export interface Spot {
  x: number;
  y: number;
  /** 0 to 3. */
  colour: number;
}

/** The colours by name, and the variables of the style sheet that hold them. */
const colours = [
  { name: texts.blue, paint: '--blue' },
  { name: texts.red, paint: '--red' },
  { name: texts.green, paint: '--olive' },
  { name: texts.ochre, paint: '--ochre' },
];

/** Rows and columns of the grid on which the network is asked. */
const cells = 80;

/** The middle of every cell as x and y, rows from the top: [cells, 2]. */
export const grid = tensor(
  Float32Array.from({ length: 2 * cells * cells }, (_, i) => {
    const cell = Math.floor(i / 2);
    const [column, row] = [cell % cells, Math.floor(cell / cells)];
    return i % 2 === 0 ? (column + 0.5) / (cells / 2) - 1 : 1 - (row + 0.5) / (cells / 2);
  }),
  [cells * cells, 2],
);

const keyStep = 0.08;
const radius = 0.0135; // of the plane's width

export class Plane {
  spots: Spot[] = [];
  /** The colour that a click puts down. */
  colour = 0;
  private readonly context: CanvasRenderingContext2D;
  private readonly ground = document.createElement('canvas');
  private regions: Float32Array | undefined;
  private cursor = { x: 0, y: 0 };
  private keyed = false; // whether the cursor is shown, because keys are in use
  private waiting = false;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly moments: { changed(spoken: string): void; picked(colour: number): void },
  ) {
    this.context = squareCanvas(canvas, () => this.draw());
    this.ground.width = this.ground.height = cells;
    canvas.addEventListener('pointerdown', (event) => this.press(event));
    canvas.addEventListener('keydown', (event) => this.key(event));
    canvas.addEventListener('blur', () => this.showCursor(false));
    onThemeChange(() => this.shade());
  }

  /** Puts other points in place of those that there are. */
  show(spots: readonly Spot[]): void {
    this.spots = [...spots];
    this.moments.changed(tell(texts.points, { count: spots.length }));
    this.draw();
  }

  undo(): void {
    this.spots.pop();
    this.moments.changed(tell(texts.points, { count: this.spots.length }));
    this.draw();
  }

  /** Shows how probable each colour is in each cell of the grid, or nothing. */
  paint(regions: Float32Array | undefined): void {
    this.regions = regions;
    this.shade();
  }

  private put({ x, y }: { x: number; y: number }, colour: number): void {
    this.spots.push({ x, y, colour });
    const count = this.spots.length;
    this.moments.changed(tell(texts.pointPut, { colour: colours[colour]?.name ?? '', count }));
    this.draw();
  }

  private press(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.showCursor(false);
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const x = (2 * (event.clientX - left)) / width - 1;
    const y = 1 - (2 * (event.clientY - top)) / height;
    this.put({ x, y }, this.colour);
  }

  private key(event: KeyboardEvent): void {
    const step = event.shiftKey ? keyStep / 4 : keyStep;
    const moves: Record<string, readonly [number, number]> = {
      ArrowLeft: [-step, 0],
      ArrowRight: [step, 0],
      ArrowUp: [0, step],
      ArrowDown: [0, -step],
    };
    const move = moves[event.key];
    const colour = Number(event.key) - 1;
    if (move) {
      this.cursor = { x: inside(this.cursor.x + move[0]), y: inside(this.cursor.y + move[1]) };
    } else if (event.key !== ' ' && colours[colour]) {
      this.moments.picked(colour);
      this.put(this.cursor, colour);
    } else if (event.key === ' ') {
      this.put(this.cursor, this.colour);
    } else if (event.key === 'Backspace') {
      this.undo();
    } else {
      return;
    }
    event.preventDefault();
    this.showCursor(true);
  }

  private showCursor(shown: boolean): void {
    this.keyed = shown;
    this.draw();
  }

  /** Mixes the colour of every cell, by how probable each is there. */
  private shade(): void {
    const { regions } = this;
    const paints = colours.map(({ paint }) => channels(pigment(paint)));
    const image = new ImageData(cells, cells);
    for (let i = 0; regions && i < cells * cells; ++i) {
      const shares = regions.subarray(4 * i, 4 * i + 4);
      for (let channel = 0; channel < 3; ++channel) {
        image.data[4 * i + channel] = paints.reduce(
          (sum, paint, k) => sum + (shares[k] ?? 0) * (paint[channel] ?? 0),
          0,
        );
      }
      // Doubt is pale: half and half shows the canvas.
      const surest = Math.max(...shares);
      image.data[4 * i + 3] = 160 * Math.max(0, (surest - 0.35) / 0.65);
    }
    this.ground.getContext('2d')?.putImageData(image, 0, 0);
    this.draw();
  }

  private draw(): void {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.drawNow();
    });
  }

  private drawNow(): void {
    const { context, canvas } = this;
    const size = canvas.width;
    context.clearRect(0, 0, size, size);
    context.imageSmoothingQuality = 'high';
    if (this.regions) context.drawImage(this.ground, 0, 0, size, size);
    const edge = pigment('--canvas');
    for (const [i, { paint }] of colours.entries()) {
      context.fillStyle = pigment(paint);
      context.strokeStyle = edge;
      context.lineWidth = 0.004 * size;
      for (const { x, y, colour } of this.spots) {
        if (colour !== i) continue;
        context.beginPath();
        mark(context, colour, ((x + 1) / 2) * size, ((1 - y) / 2) * size, radius * size);
        context.fill();
        context.stroke();
      }
    }
    if (this.keyed) this.drawCursor(size);
  }

  private drawCursor(size: number): void {
    const { context, cursor } = this;
    const [x, y] = [((cursor.x + 1) / 2) * size, ((1 - cursor.y) / 2) * size];
    const [near, far] = [0.018 * size, 0.045 * size];
    context.strokeStyle = pigment('--ink');
    context.lineWidth = 0.005 * size;
    context.beginPath();
    for (const [dx, dy] of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ] as const) {
      context.moveTo(x + dx * near, y + dy * near);
      context.lineTo(x + dx * far, y + dy * far);
    }
    context.stroke();
  }
}

/** Each colour has a shape too, for those who see colours otherwise. */
function mark(path: CanvasPath, colour: number, x: number, y: number, radius: number): void {
  if (colour === 0) {
    path.arc(x, y, radius, 0, 2 * Math.PI);
    return;
  }
  const corners = [0, 4, 3, 4][colour] ?? 4;
  const turn = [0, Math.PI / 4, -Math.PI / 2, 0][colour] ?? 0;
  for (let i = 0; i < corners; ++i) {
    const angle = turn + (i / corners) * 2 * Math.PI;
    const reach = 1.25 * radius;
    const at = [x + reach * Math.cos(angle), y + reach * Math.sin(angle)] as const;
    if (i === 0) path.moveTo(...at);
    else path.lineTo(...at);
  }
  path.closePath();
}

/** "rgb(44, 60, 175)" → [44, 60, 175] */
function channels(colour: string): number[] {
  return (colour.match(/[\d.]+/g) ?? []).map(Number);
}

function inside(value: number): number {
  return Math.min(Math.max(value, -1), 1);
}
