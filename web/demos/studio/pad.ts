// The drawing pad: ink from a mouse, a finger, a pen, or the arrow keys.

import type { Point, Stroke } from '../digits/asDigit.js';
import { onThemeChange, squareCanvas } from './page.js';

const keyStep = 0.05; // of the pad's width

/** A square pad. Its points lie in 0 to 1 along both axes. */
export class Pad {
  /** What has been drawn, in order. */
  strokes: Stroke[] = [];
  private readonly context: CanvasRenderingContext2D;
  private current: Point[] | undefined;
  private cursor: Point = [0.5, 0.5];
  private keyed = false; // whether the cursor is shown, because keys are in use

  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly onChange: () => void,
  ) {
    this.context = squareCanvas(canvas, () => this.draw());
    canvas.addEventListener('pointerdown', (event) => this.penDown(event));
    canvas.addEventListener('pointermove', (event) => this.penMove(event));
    canvas.addEventListener('pointerup', () => this.lift());
    canvas.addEventListener('pointercancel', () => this.lift());
    canvas.addEventListener('keydown', (event) => this.key(event));
    canvas.addEventListener('blur', () => this.showCursor(false));
    onThemeChange(() => this.draw());
  }

  clear(): void {
    this.lift();
    this.strokes = [];
    this.changed();
  }

  /** Takes the last stroke back. */
  undo(): void {
    this.lift();
    this.strokes = this.strokes.slice(0, -1);
    this.changed();
  }

  /** Puts a finished drawing on the pad. */
  write(strokes: readonly Stroke[]): void {
    this.lift();
    const margin = 0.16;
    const inside = (value: number) => margin + value * (1 - 2 * margin);
    this.strokes = strokes.map((stroke) => stroke.map(([x, y]): Point => [inside(x), inside(y)]));
    this.changed();
  }

  private penDown(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.showCursor(false);
    this.begin(this.pointOf(event));
  }

  private penMove(event: PointerEvent): void {
    if (!this.current) return;
    // A fast hand moves several times between two frames.
    for (const moment of event.getCoalescedEvents?.() ?? [event]) this.extend(this.pointOf(moment));
    this.extend(this.pointOf(event));
    this.changed();
  }

  private begin(at: Point): void {
    this.current = [at];
    this.strokes.push(this.current);
    this.changed();
  }

  private extend(to: Point): void {
    const last = this.current?.at(-1);
    if (last && Math.hypot(to[0] - last[0], to[1] - last[1]) > 0.004) this.current?.push(to);
  }

  private lift(): void {
    this.current = undefined;
  }

  private key(event: KeyboardEvent): void {
    const step = event.shiftKey ? keyStep / 4 : keyStep;
    const moves: Record<string, Point> = {
      ArrowLeft: [-step, 0],
      ArrowRight: [step, 0],
      ArrowUp: [0, -step],
      ArrowDown: [0, step],
    };
    const move = moves[event.key];
    if (move) {
      this.cursor = [inPad(this.cursor[0] + move[0]), inPad(this.cursor[1] + move[1])];
      this.extend(this.cursor);
    } else if (event.key === ' ') {
      if (this.current) this.lift();
      else this.begin(this.cursor);
    } else if (event.key === 'Backspace') {
      this.undo();
    } else if (event.key === 'Escape' || event.key === 'Delete') {
      this.clear();
    } else {
      return;
    }
    event.preventDefault();
    this.showCursor(true);
    if (this.current) this.changed();
  }

  private showCursor(shown: boolean): void {
    this.keyed = shown;
    if (!shown) this.lift();
    this.draw();
  }

  private pointOf(event: PointerEvent): Point {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return [inPad((event.clientX - left) / width), inPad((event.clientY - top) / height)];
  }

  private changed(): void {
    this.draw();
    this.onChange();
  }

  private draw(): void {
    const { context, canvas } = this;
    const size = canvas.width;
    const ink = getComputedStyle(canvas).color;
    context.clearRect(0, 0, size, size);
    context.strokeStyle = ink;
    context.fillStyle = ink;
    context.lineWidth = 0.062 * size;
    context.lineCap = 'round';
    context.lineJoin = 'round';
    for (const stroke of this.strokes) {
      const [first, ...rest] = stroke;
      if (!first) continue;
      context.beginPath();
      context.moveTo(first[0] * size, first[1] * size);
      // A stroke of one point is a dot: a line to itself with round ends.
      for (const [x, y] of rest.length > 0 ? rest : [first]) context.lineTo(x * size, y * size);
      context.stroke();
    }
    if (this.keyed) this.drawCursor(size);
  }

  // A ring while the pen is up, a filled dot while it draws.
  private drawCursor(size: number): void {
    const { context, cursor } = this;
    context.beginPath();
    context.arc(cursor[0] * size, cursor[1] * size, 0.035 * size, 0, 2 * Math.PI);
    context.lineWidth = 0.008 * size;
    context.strokeStyle = context.fillStyle = getComputedStyle(this.canvas).accentColor;
    if (this.current) context.fill();
    context.stroke();
  }
}

function inPad(value: number): number {
  return Math.min(Math.max(value, 0), 1);
}
