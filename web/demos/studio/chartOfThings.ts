// A map on a canvas: things at places that move, one of them looked at, by pointer or by keys.
import { onThemeChange, pigment, squareCanvas } from './page.js';
import type { Thing } from './things.js';

/** How a thing is painted. */
export interface Paint {
  /** A variable of the style sheet. */
  colour: string;
  /** Whether somebody has named it; what is only supposed is fainter. */
  sure: boolean;
}

const pull = 0.22; // of the way to its place that a thing goes in one frame
const margin = 0.06;
const reach = 0.1; // how near a pointer must be, in widths

export class ThingMap {
  /** What is looked at: under the pointer, or reached by keys. */
  looked = -1;
  private readonly context: CanvasRenderingContext2D;
  private things: readonly Thing[] = [];
  private places = new Float32Array();
  private wanted = new Float32Array();
  private paints: (Paint | undefined)[] = [];
  private near: readonly number[] = [];
  private inks = new Map<string, Map<number, HTMLCanvasElement>>();
  private waiting = false;
  private size = 0.03; // of a thing, in widths

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly moments: { looked(i: number): void; chosen(i: number): void },
  ) {
    this.context = squareCanvas(canvas, () => this.draw());
    canvas.addEventListener('pointermove', (event) => this.look(this.under(event)));
    // Not pointerdown: after that the browser takes the focus to the canvas.
    canvas.addEventListener('click', (event) => {
      const i = this.under(event);
      if (i < 0) return;
      this.look(i);
      moments.chosen(i);
    });
    canvas.addEventListener('keydown', (event) => this.key(event));
    onThemeChange(() => {
      this.inks.clear();
      this.draw();
    });
  }

  /** Puts things on the map, scattered about until they are moved. */
  show(things: readonly Thing[]): void {
    this.things = things;
    this.looked = -1;
    this.near = [];
    this.inks.clear();
    this.paints = [];
    this.size = Math.min(0.06, 0.72 / Math.sqrt(things.length));
    const golden = Math.PI * (3 - Math.sqrt(5));
    this.places = Float32Array.from({ length: 2 * things.length }, (_, k) => {
      const i = Math.floor(k / 2);
      const radius = 0.42 * Math.sqrt((i + 0.5) / things.length);
      return 0.5 + radius * (k % 2 ? Math.sin(golden * i) : Math.cos(golden * i));
    });
    this.wanted = this.places.slice();
    this.draw();
  }

  /** Where things shall lie, in any unit: [things, 2]. */
  move(points: ArrayLike<number>): void {
    const bounds = [0, 1].map((axis) => {
      let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (let i = axis; i < points.length; i += 2) {
        low = Math.min(low, points[i] ?? 0);
        high = Math.max(high, points[i] ?? 0);
      }
      return { middle: (low + high) / 2, extent: high - low };
    });
    const extent = Math.max(...bounds.map(({ extent }) => extent)) || 1;
    const scale = (1 - 2 * margin) / extent;
    this.wanted = Float32Array.from(points, (x, k) => {
      return 0.5 + ((x ?? 0) - (bounds[k % 2]?.middle ?? 0)) * scale;
    });
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) this.places = this.wanted.slice();
    this.draw();
  }

  /** Where things are, in widths of the map. */
  get points(): Float32Array<ArrayBuffer> {
    return this.wanted.slice();
  }

  paint(paints: (Paint | undefined)[]): void {
    this.paints = paints;
    this.draw();
  }

  /** Draws lines from what is looked at to what is most like it. */
  join(near: readonly number[]): void {
    this.near = near;
    this.draw();
  }

  private look(i: number): void {
    if (i === this.looked || i < 0) return;
    this.looked = i;
    this.near = [];
    this.moments.looked(i);
    this.draw();
  }

  private under({ clientX, clientY }: MouseEvent): number {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return this.nearest((clientX - left) / width, (clientY - top) / height, reach);
  }

  private nearest(x: number, y: number, within: number): number {
    let [best, least] = [-1, within ** 2];
    for (let i = 0; i < this.things.length; i++) {
      const [dx, dy] = [x - (this.places[2 * i] ?? 0), y - (this.places[2 * i + 1] ?? 0)];
      if (dx * dx + dy * dy < least) [best, least] = [i, dx * dx + dy * dy];
    }
    return best;
  }

  private key(event: KeyboardEvent): void {
    const directions: Record<string, readonly [number, number]> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    };
    const direction = directions[event.key];
    if (direction) {
      this.look(this.looked < 0 ? this.nearest(0.5, 0.5, 2) : this.beside(direction));
    } else if (event.key === 'Enter' || event.key === ' ') {
      if (this.looked >= 0) this.moments.chosen(this.looked);
    } else {
      return;
    }
    event.preventDefault();
  }

  /** The next thing in a direction: near, and not too far aside. */
  private beside([right, down]: readonly [number, number]): number {
    const [x = 0, y = 0] = this.places.subarray(2 * this.looked);
    let [best, least] = [this.looked, Number.POSITIVE_INFINITY];
    for (let i = 0; i < this.things.length; i++) {
      const [dx, dy] = [(this.places[2 * i] ?? 0) - x, (this.places[2 * i + 1] ?? 0) - y];
      const along = dx * right + dy * down;
      const aside = Math.abs(dx * down) + Math.abs(dy * right);
      if (i === this.looked || along <= 1e-4 || aside > 2 * along) continue;
      if (along + 2 * aside < least) [best, least] = [i, along + 2 * aside];
    }
    return best;
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
    const { context, canvas, places, wanted } = this;
    const width = canvas.width;
    let furthest = 0;
    for (let k = 0; k < places.length; k++) {
      const way = (wanted[k] ?? 0) - (places[k] ?? 0);
      places[k] = (places[k] ?? 0) + pull * way;
      furthest = Math.max(furthest, Math.abs(way));
    }
    context.clearRect(0, 0, width, width);
    this.drawLines(width);
    for (let i = 0; i < this.things.length; i++) if (i !== this.looked) this.drawThing(i, 1);
    if (this.looked >= 0) this.drawThing(this.looked, 2.6);
    if (furthest > 2e-4) this.draw();
  }

  private drawLines(width: number): void {
    const { context, places, looked } = this;
    context.strokeStyle = pigment('--blue');
    context.lineWidth = Math.max(1, 0.002 * width);
    context.globalAlpha = 0.65;
    for (const other of this.near) {
      context.beginPath();
      context.moveTo((places[2 * looked] ?? 0) * width, (places[2 * looked + 1] ?? 0) * width);
      context.lineTo((places[2 * other] ?? 0) * width, (places[2 * other + 1] ?? 0) * width);
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  private drawThing(i: number, larger: number): void {
    const thing = this.things[i];
    if (!thing) return;
    const { context, canvas } = this;
    const size = this.size * larger * canvas.width;
    const x = (this.places[2 * i] ?? 0) * canvas.width;
    const y = (this.places[2 * i + 1] ?? 0) * canvas.width;
    const paint = this.paints[i];
    if (larger > 1) {
      context.fillStyle = pigment('--canvas');
      context.beginPath();
      context.arc(x, y, 0.62 * size, 0, 2 * Math.PI);
      context.fill();
      context.strokeStyle = pigment('--blue');
      context.lineWidth = Math.max(1, 0.003 * canvas.width);
      context.stroke();
    }
    drawLook(context, thing, paint, x, y, size, (colour) => this.inked(i, colour));
  }

  /** The ink of a thing in a colour, made once. */
  private inked(i: number, colour: string): HTMLCanvasElement | undefined {
    const ofColour = this.inks.get(colour) ?? new Map<number, HTMLCanvasElement>();
    this.inks.set(colour, ofColour);
    const known = ofColour.get(i);
    if (known) return known;
    const look = this.things[i]?.look;
    if (!look || !('ink' in look)) return undefined;
    const made = tinted(look.ink, pigment(colour));
    ofColour.set(i, made);
    return made;
  }
}

function tinted(ink: HTMLCanvasElement, colour: string): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = ink.width;
  canvas.height = ink.height;
  const pen = canvas.getContext('2d');
  if (!pen) return ink;
  pen.drawImage(ink, 0, 0);
  pen.globalCompositeOperation = 'source-in';
  pen.fillStyle = colour;
  pen.fillRect(0, 0, ink.width, ink.height);
  return canvas;
}

/** Draws a thing around a place. */
export function drawLook(
  pen: CanvasRenderingContext2D,
  { look }: Thing,
  paint: Paint | undefined,
  x: number,
  y: number,
  size: number,
  inked = (colour: string): HTMLCanvasElement | undefined =>
    'ink' in look ? tinted(look.ink, pigment(colour)) : undefined,
): void {
  const colour = paint?.colour ?? '--ink';
  pen.globalAlpha = paint && !paint.sure ? 0.75 : 1;
  if ('text' in look) {
    pen.fillStyle = pigment(colour);
    pen.font = `${paint?.sure ? 700 : 500} ${size}px "Iowan Old Style", Palatino, Georgia, serif`;
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    pen.fillText(look.text, x, y);
  } else if ('picture' in look) {
    const { picture } = look;
    const scale = size / Math.max(picture.width, picture.height);
    const [width, height] = [scale * picture.width, scale * picture.height];
    pen.drawImage(picture, x - width / 2, y - height / 2, width, height);
    if (paint) {
      pen.strokeStyle = pigment(colour);
      pen.lineWidth = Math.max(1.5, size / 14);
      if (!paint.sure) pen.setLineDash([size / 9, size / 9]);
      pen.strokeRect(x - width / 2, y - height / 2, width, height);
      pen.setLineDash([]);
    }
  } else {
    const ink = inked(colour);
    if (ink) pen.drawImage(ink, x - size / 2, y - size / 2, size, size);
  }
  pen.globalAlpha = 1;
}
