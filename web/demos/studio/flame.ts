// A flame chart: parts of a time below the whole that they are parts of, as wide as they are long.
import { find, make } from './page.js';
import { language, tell, texts } from './texts.js';

/** Some time, and what it consists of. */
export interface Part {
  name: string;
  /** What there is room for on the chart, if not the name. */
  label?: string;
  /** In milliseconds. */
  time: number;
  /** Which pigment: the kernel that took it, or `around` for what is no operator. */
  paint: string;
  /** What else there is to say. */
  facts?: string;
  parts: Part[];
}

/** A part on the chart. Places are fractions of the whole. */
interface Stroke {
  part: Part;
  level: number;
  from: number;
  span: number;
  above: Stroke | undefined;
  below: Stroke[];
  button: HTMLButtonElement;
}

const times = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 });

/** 0.16312 → "0.163 ms". */
export function showTime(milliseconds: number): string {
  return milliseconds < 0.001 ? '< 0.001 ms' : `${times.format(milliseconds)} ms`;
}

/** 0.0663 → "6.6 %". */
export function showShare(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

export class Flame {
  private readonly place = find('[data-flame]');
  private readonly words = find('[data-part]');
  private strokes: Stroke[] = [];
  private near: Stroke | undefined;

  constructor() {
    this.place.addEventListener('keydown', (event) => this.press(event));
    this.place.addEventListener('pointerleave', () => this.tell(this.near));
  }

  /** Draws a whole anew. */
  show(whole: Part): void {
    this.strokes = [];
    const root = this.lay(whole, whole.time, 0, 0, undefined);
    this.heat();
    this.place.replaceChildren(...this.strokes.map(({ button }) => button));
    root.button.tabIndex = 0;
    this.closeUp(root);
  }

  clear(): void {
    this.strokes = [];
    this.place.replaceChildren();
    this.words.textContent = '';
  }

  private lay(
    part: Part,
    whole: number,
    level: number,
    from: number,
    above: Stroke | undefined,
  ): Stroke {
    const span = part.time / whole;
    const button = make('button', `part-of ${part.paint}`);
    button.type = 'button';
    button.translate = false; // names of operators
    button.tabIndex = -1;
    button.append(make('span', 'stroke'), make('span', 'name', part.label ?? part.name));
    button.setAttribute('aria-label', sentence(part, span));
    const { style } = button;
    style.setProperty('--level', String(level));
    style.setProperty('--from', from.toFixed(6));
    style.setProperty('--span', span.toFixed(6));
    const stroke: Stroke = { part, level, from, span, above, below: [], button };
    button.addEventListener('click', () => this.closeUp(stroke));
    button.addEventListener('focus', () => this.tell(stroke));
    button.addEventListener('pointerenter', () => this.tell(stroke));
    this.strokes.push(stroke);
    let at = from;
    for (const each of part.parts) {
      stroke.below.push(this.lay(each, whole, level + 1, at, stroke));
      at += each.time / whole;
    }
    return stroke;
  }

  /** The slowest part of each level gets the deepest colour. */
  private heat(): void {
    const slowest: number[] = [];
    for (const { level, span } of this.strokes) {
      slowest[level] = Math.max(slowest[level] ?? 0, span);
    }
    for (const { level, span, button } of this.strokes) {
      button.style.setProperty('--heat', (span / (slowest[level] ?? 1)).toFixed(3));
    }
  }

  /** Makes a part as wide as the chart. */
  private closeUp(stroke: Stroke): void {
    this.near = stroke;
    this.place.style.setProperty('--near-from', stroke.from.toFixed(6));
    this.place.style.setProperty('--near-span', Math.max(stroke.span, 1e-6).toFixed(6));
    for (const other of this.strokes) {
      const end = stroke.from + stroke.span;
      const seen = other.from < end - 1e-9 && other.from + other.span > stroke.from + 1e-9;
      other.button.classList.toggle('beyond', !seen);
    }
    this.tell(stroke);
  }

  private tell(stroke: Stroke | undefined): void {
    this.words.textContent = stroke ? sentence(stroke.part, stroke.span) : '';
  }

  private press(event: KeyboardEvent): void {
    const here = this.strokes.find(({ button }) => button === document.activeElement);
    if (!here) return;
    const [root] = this.strokes;
    const next = event.key === 'Escape' ? root : this.beside(here, event.key);
    if (!next) return;
    event.preventDefault();
    if (event.key === 'Escape') this.closeUp(next);
    here.button.tabIndex = -1;
    next.button.tabIndex = 0;
    next.button.focus({ preventScroll: true });
  }

  private beside(here: Stroke, key: string): Stroke | undefined {
    const seen = this.strokes.filter(
      ({ level, button }) => level === here.level && !button.classList.contains('beyond'),
    );
    const at = seen.indexOf(here);
    switch (key) {
      case 'ArrowUp':
        return here.above;
      case 'ArrowDown':
        return here.below.find(({ button }) => !button.classList.contains('beyond'));
      case 'ArrowLeft':
        return seen[at - 1];
      case 'ArrowRight':
        return seen[at + 1];
      case 'Home':
        return seen[0];
      case 'End':
        return seen.at(-1);
      default:
        return undefined;
    }
  }
}

function sentence({ name, time, facts }: Part, span: number): string {
  const share = span > 0.9995 ? texts.allOfIt : tell(texts.partOfAll, { share: showShare(span) });
  const words = [name, `${showTime(time)}, ${share}`];
  if (facts) words.push(facts);
  return words.join(' · ');
}
