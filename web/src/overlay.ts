// A small panel over a sketch that tells what the models do to it.
import { fail } from './errors.js';
import { memory } from './memory.js';
import { type Observed, observe } from './observer.js';
import { readOptions } from './options.js';
import { knownBy, nameFrom } from './registry.js';

export interface OverlayOptions {
  /** The upper corner in which it stands. */
  corner?: 'right' | 'left';
}

/** A panel on the page. */
export interface Overlay {
  /** Takes it away; nothing is measured any more. */
  remove(): void;
}

/** Milliseconds between two times that the panel is written anew. */
const period = 500;
/** Frames that are drawn as bars, and milliseconds that fill their height. */
const bars = { count: 120, full: 50 };
/** Frames that take longer than two of a screen with 60 a second are drawn as late. */
const late = 34;

const colours = {
  ground: '#1e1e28f0',
  ink: '#f8f7f3',
  soft: '#b9b6ad',
  good: '#93a2ff',
  late: '#ff8a6b',
};

const style = `
:host { all: initial; }
aside {
  position: fixed; z-index: 2147483647; top: 8px; width: 248px; box-sizing: border-box;
  padding: 8px 12px 10px; color: ${colours.ink}; background: ${colours.ground};
  border-radius: 6px; font: 12px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums;
  pointer-events: none; contain: content; forced-color-adjust: none;
}
aside.right { right: 8px; }
aside.left { left: 8px; }
b { font-weight: 600; }
button {
  position: absolute; top: 2px; right: 2px; width: 28px; height: 28px; padding: 0;
  color: inherit; background: none; border: 0; border-radius: 6px; font: 16px/1 system-ui, sans-serif;
  cursor: pointer; pointer-events: auto;
}
button:focus-visible { outline: 2px solid ${colours.good}; }
canvas { display: block; width: 100%; height: 28px; margin: 4px 0 6px; }
dl { display: grid; grid-template-columns: 92px 1fr; gap: 0 8px; margin: 0; }
dt { color: ${colours.soft}; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
dd { margin: 0; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.models { margin-top: 4px; padding-top: 4px; border-top: 1px solid #ffffff33; }
.models:empty { visibility: hidden; }
`;

let current: Overlay | undefined;

/**
 * Shows how a sketch fares: frames a second and the longest gap between two, what each model
 * answers and how fast, frames of videos that were left out, memory, and the build that runs.
 *
 *     gesso.overlay();
 *
 * The panel takes no clicks but those on its button, which takes it away, and moves nothing on the
 * page. There is one at a time: another call replaces it.
 */
export function overlay(options: OverlayOptions = {}): Overlay {
  const { corner } = readOptions('overlay', options, { corner: ['right', 'left'] });
  if (typeof document === 'undefined') {
    fail('overlay: there is no page here', {}, 'memory() and profile(), which work everywhere');
  }
  current?.remove();
  const panel = new Panel(corner === 'left' ? 'left' : 'right');
  const shown: Overlay = {
    remove() {
      panel.remove();
      if (current === shown) current = undefined;
    },
  };
  current = shown;
  return shown;
}

/** What a model has done since the panel was written last. */
interface Row {
  answers: number;
  last: number;
  steps: number;
  stepTime: number;
  /** Writes a line about it. */
  write(text: string): void;
}

class Panel {
  readonly #host = document.createElement('div');
  readonly #canvas = document.createElement('canvas');
  readonly #models = document.createElement('dl');
  readonly #lines: Record<'frames' | 'gap' | 'memory' | 'build' | 'dropped', HTMLElement>;
  readonly #rows = new Map<Observed, Row>();
  readonly #ends: (() => void)[];
  #gaps: number[] = [];
  #recent: number[] = [];
  #before = performance.now();
  #written = this.#before;
  #frame = 0;
  #dropped = 0;
  #networks = 0;
  #build = '–';

  constructor(corner: 'left' | 'right') {
    this.#host.dataset.gessoOverlay = '';
    const root = this.#host.attachShadow({ mode: 'open' });
    // A sheet that is made, not written into the page: a content security policy lets it pass.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    root.adoptedStyleSheets = [sheet];
    const panel = document.createElement('aside');
    panel.className = corner;
    panel.setAttribute('aria-label', 'gesso: how this page fares');
    const title = document.createElement('b');
    title.textContent = 'gesso';
    const close = document.createElement('button');
    close.type = 'button';
    close.textContent = '×';
    close.setAttribute('aria-label', 'Close');
    close.addEventListener('click', () => this.remove());
    this.#canvas.setAttribute('aria-hidden', 'true');
    const facts = document.createElement('dl');
    this.#lines = {
      frames: line(facts, 'frames'),
      gap: line(facts, 'longest gap'),
      dropped: line(facts, 'video frames'),
      memory: line(facts, 'memory'),
      build: line(facts, 'build'),
    };
    this.#models.className = 'models';
    panel.append(title, close, this.#canvas, facts, this.#models);
    root.append(panel);
    const stop = observe({
      answered: (model, time) => {
        const row = this.#row(model);
        row.answers += 1;
        row.last = time;
      },
      trained: (model, steps, time) => {
        const row = this.#row(model);
        row.steps += steps;
        row.stepTime += time;
      },
      closed: (model) => {
        this.#rows.get(model)?.write('disposed of');
        this.#rows.delete(model); // its line stays: those below must not jump
      },
      dropped: (frames) => {
        this.#dropped += frames;
      },
    });
    const timer = setInterval(() => this.#write(), period);
    this.#ends = [stop, () => clearInterval(timer), () => cancelAnimationFrame(this.#frame)];
    this.#write();
    this.#watch(this.#before);
    // A script in the head comes before the body.
    if (document.body) document.body.append(this.#host);
    else
      addEventListener(
        'DOMContentLoaded',
        () => this.#ends.length > 0 && document.body.append(this.#host),
      );
  }

  remove(): void {
    for (const end of this.#ends.splice(0)) end();
    this.#host.remove();
  }

  #row(model: Observed): Row {
    const known = this.#rows.get(model);
    if (known) return known;
    const { build, threads } = model;
    this.#build = threads > 1 ? `${build}, ${threads} threads` : build;
    const made = model.address === '' ? `network ${++this.#networks}` : nameFrom(model.address);
    const [name, value] = pair(this.#models, made);
    knownBy(model.sha256).then(
      (entry) => {
        if (entry) name.textContent = entry[0];
      },
      () => {}, // the name from its address does
    );
    const write = (text: string) => {
      if (value.textContent !== text) value.textContent = text;
    };
    const row = { answers: 0, last: 0, steps: 0, stepTime: 0, write };
    this.#rows.set(model, row);
    return row;
  }

  #watch(now: number): void {
    const gap = now - this.#before;
    this.#before = now;
    if (gap > 0) {
      this.#gaps.push(gap);
      this.#recent.push(gap);
      if (this.#recent.length > bars.count) this.#recent.shift();
    }
    this.#frame = requestAnimationFrame((next) => this.#watch(next));
  }

  #write(): void {
    const now = performance.now();
    const seconds = (now - this.#written) / 1000;
    this.#written = now;
    const gaps = this.#gaps;
    this.#gaps = [];
    const each = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    this.#lines.frames.textContent = gaps.length > 0 ? `${Math.round(1000 / each)} a second` : '–';
    this.#lines.gap.textContent = gaps.length > 0 ? milliseconds(Math.max(...gaps)) : '–';
    this.#lines.dropped.textContent = `${this.#dropped} left out`;
    this.#lines.build.textContent = this.#build;
    for (const row of this.#rows.values()) {
      const perSecond = `${Math.round(row.answers / seconds)} a second`;
      if (row.answers > 0) row.write(`${milliseconds(row.last)}, ${perSecond}`);
      else if (row.steps > 0)
        row.write(`${Math.round((row.steps / row.stepTime) * 1000)} steps a second`);
      else if (row.last > 0) row.write(`${milliseconds(row.last)}, idle`);
      Object.assign(row, { answers: 0, steps: 0, stepTime: 0 });
    }
    this.#draw();
    memory().then(
      ({ wasm, used }) => {
        this.#lines.memory.textContent = `${megabytes(used)} of ${megabytes(wasm)}`;
      },
      () => {}, // a worker that is gone has been reported already
    );
  }

  #draw(): void {
    const { width, height } = this.#canvas.getBoundingClientRect();
    const pen = this.#canvas.getContext('2d');
    if (pen === null || width === 0) return;
    const scale = devicePixelRatio;
    this.#canvas.width = width * scale;
    this.#canvas.height = height * scale;
    pen.scale(scale, scale);
    const step = width / bars.count;
    for (const [i, gap] of this.#recent.entries()) {
      const high = Math.max(1, Math.min(1, gap / bars.full) * height);
      pen.fillStyle = gap > late ? colours.late : colours.good;
      pen.fillRect(width - (this.#recent.length - i) * step, height - high, step * 0.7, high);
    }
  }
}

function line(list: HTMLElement, name: string): HTMLElement {
  return pair(list, name)[1];
}

function pair(list: HTMLElement, name: string): [name: HTMLElement, value: HTMLElement] {
  const [term, value] = [document.createElement('dt'), document.createElement('dd')];
  term.textContent = name;
  value.textContent = '–';
  list.append(term, value);
  return [term, value];
}

function milliseconds(time: number): string {
  return `${time.toFixed(time < 10 ? 1 : 0)} ms`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
