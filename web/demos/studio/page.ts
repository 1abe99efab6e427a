// What every demo page has: its elements, results, errors, loading and the code of its sketch.
import { language, tell, texts } from './texts.js';

/** One line of a result, as the library gives it. */
export interface Result {
  label: string;
  confidence: number;
}

/** How far a model has loaded, in bytes. */
export interface Arrived {
  loaded: number;
  total: number;
}

/** What a sketch is given to load a model with. */
export interface LoadOptions {
  signal: AbortSignal;
  onProgress: (arrived: Arrived) => void;
}

/** The one element that a selector names; a page without it is broken and says so. */
export function find<T extends Element = HTMLElement>(
  selector: string,
  within: ParentNode = document,
): T {
  const found = within.querySelector<T>(selector);
  if (!found) throw new Error(tell(texts.noElement, { selector }));
  return found;
}

/** Makes an element: `make('p', 'note', 'Hello')`. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = '',
  text = '',
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/** The address of the site's first page, to which the wordmark of every page leads: it is one folder. */
export function siteTop(): URL {
  return new URL(find<HTMLAnchorElement>('.wordmark').href);
}

/** The colour that a variable of the style sheet stands for just now: "rgb(44, 60, 175)". */
export function pigment(name: string): string {
  const dab = make('i');
  dab.style.color = `var(${name})`;
  document.body.append(dab);
  const { color } = getComputedStyle(dab);
  dab.remove();
  return color;
}

/**
 * A square canvas to draw on with pointer and keys: as many pixels as the screen has there, however wide it
 * becomes.
 *
 * @param draw called when all of it has to be drawn again
 */
export function squareCanvas(
  canvas: HTMLCanvasElement,
  draw: () => void,
): CanvasRenderingContext2D {
  const context = canvas.getContext('2d');
  if (!context) throw new Error(texts.noCanvas);
  canvas.tabIndex = 0;
  canvas.setAttribute('role', 'application'); // so that screen readers pass the arrow keys on
  new ResizeObserver(() => {
    const size = Math.round(canvas.clientWidth * devicePixelRatio);
    if (size === 0 || size === canvas.width) return;
    canvas.width = size;
    canvas.height = size;
    draw();
  }).observe(canvas);
  return context;
}

/** Calls back whenever the page turns light or dark. */
export function onThemeChange(paintAgain: () => void): void {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paintAgain);
  document.addEventListener('gesso-theme', paintAgain);
}

/** Resolves with the next frame: what waits for it changes no faster than the screen. */
export function frame(): Promise<number> {
  return new Promise((resolve) => requestAnimationFrame(resolve));
}

/** Lets the visitor download one file. */
export function offer(name: string, blob: Blob): void {
  const link = make('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser reads it after the click
}

const byteUnits = new Intl.NumberFormat(language, {
  maximumFractionDigits: 1,
  minimumFractionDigits: 1,
});

/** 1,902,176 → "1.9 MB". */
export function showBytes(bytes: number): string {
  return bytes < 1e6 ? `${Math.round(bytes / 1e3)} KB` : `${byteUnits.format(bytes / 1e6)} MB`;
}

/** 0.9254 → "93 %"; what would read as nothing or as certain keeps a digit more. */
export function showConfidence(confidence: number): string {
  const percent = confidence * 100;
  const digits = percent > 0 && (percent < 1 || (percent > 99 && percent < 100)) ? 1 : 0;
  const rounded = Number(percent.toFixed(digits));
  if (percent > 0 && rounded === 0) return '< 0.1 %';
  if (percent < 100 && rounded === 100) return '> 99.9 %';
  return `${rounded} %`;
}

/** The time since a moment: "3.7 ms". */
export function showTimeSince(start: number): string {
  const milliseconds = performance.now() - start;
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}

/** How one would say it aloud, knowing how sure the model is. */
function opinion(confidence: number): string {
  if (confidence > 0.85) return texts.certain;
  if (confidence > 0.5) return texts.likely;
  if (confidence > 0.2) return texts.possible;
  return texts.hard;
}

/** The bars and the sentence above them; screen readers hear the sentence when the answer changes. */
export class Verdict {
  private readonly opinion = find('[data-opinion]');
  private readonly answer = find('[data-answer]');
  private readonly spoken = find('[data-spoken]');
  private readonly bars = find('[data-bars]');
  private readonly time = find('[data-time]');
  private lastSpoken = '';
  private speaking = 0;

  /**
   * @param time how fast it was, in words
   * @param rows the results in the order of the bars; the surest first unless given
   */
  show(results: readonly Result[], time: string, rows = results): void {
    const [best] = results;
    if (!best) return;
    this.opinion.textContent = opinion(best.confidence);
    this.answer.textContent = best.label;
    while (this.bars.children.length > rows.length) this.bars.lastElementChild?.remove();
    for (const [i, result] of rows.entries()) {
      const row = this.bars.children[i] ?? this.bars.appendChild(this.emptyRow());
      row.classList.toggle('best', result === best);
      find('.label', row).textContent = result.label;
      find('.percent', row).textContent = showConfidence(result.confidence);
      find('.paint', row).style.setProperty('--share', String(result.confidence));
    }
    this.time.textContent = time;
    this.speak(best);
  }

  clear(sentence: string): void {
    this.opinion.textContent = sentence;
    this.answer.textContent = '';
    this.spoken.textContent = '';
    this.lastSpoken = '';
    this.bars.replaceChildren();
    this.time.textContent = '–';
  }

  /** Shows between which labels it will decide, before it has. */
  wait(sentence: string, labels: readonly string[]): void {
    this.clear(sentence);
    for (const label of labels) {
      const row = this.bars.appendChild(this.emptyRow());
      find('.label', row).textContent = label;
      find('.percent', row).textContent = '–';
    }
  }

  // A camera answers many times a second: wait until the answer has settled.
  private speak(best: Result): void {
    window.clearTimeout(this.speaking);
    this.speaking = window.setTimeout(() => {
      if (best.label === this.lastSpoken) return;
      this.lastSpoken = best.label;
      const { label } = best;
      this.spoken.textContent = tell(texts.sure, {
        label,
        confidence: showConfidence(best.confidence),
      });
    }, 400);
  }

  private emptyRow(): HTMLElement {
    const row = make('li');
    const track = make('span', 'track');
    track.append(make('span', 'paint'));
    const label = make('span', 'label');
    label.translate = false; // a word of the model
    row.append(label, make('span', 'percent'), track);
    return row;
  }
}

/** What an error says; that of another window is no `Error` of this one. */
function messageOf(error: unknown): string {
  const has = typeof error === 'object' && error !== null && 'message' in error;
  return String(has ? error.message : error);
}

/** A message of the library as elements: what, the facts, what to try. */
function tellMessage(message: string): HTMLElement[] {
  const [what = '', ...rest] = message.split('\n');
  const parts: HTMLElement[] = [make('p', 'what', what)];
  const facts = make('dl');
  for (const line of rest) {
    const hint = /^\s*Try: (.*)$/.exec(line);
    const fact = /^\s*(\S.*?) {2,}(.*)$/.exec(line);
    if (hint) {
      const tip = make('p', 'try');
      tip.append(make('b', '', `${texts.tryLabel} `), make('span', '', hint[1]));
      parts.push(tip);
    } else if (fact) {
      facts.append(make('dt', '', fact[1]), make('dd', '', fact[2]));
    } else if (line.trim()) {
      facts.append(make('dd', 'wide', line.trim()));
    }
  }
  if (facts.children.length > 0) parts.splice(1, 0, facts);
  return parts;
}

/** Warnings of the library, each as an item of a list. */
export function listWarnings(list: HTMLElement, messages: readonly string[]): void {
  const items = messages.map((message) => {
    const item = make('li');
    item.append(...tellMessage(message));
    return item;
  });
  list.replaceChildren(...items);
}

/** An error beside the thing that went wrong. */
export class Trouble {
  constructor(private readonly box: HTMLElement) {}

  show(error: unknown): void {
    this.box.replaceChildren(...tellMessage(messageOf(error)));
    this.box.hidden = false;
    this.box.scrollIntoView({ block: 'nearest' }); // what failed may have been far from here
  }

  clear(): void {
    this.box.hidden = true;
    this.box.replaceChildren();
  }
}

/** The bar that fills while a model arrives, with its cancel button. */
export class LoadingBar {
  private readonly box = find('[data-loading]');
  private readonly bar = find<HTMLProgressElement>('progress', this.box);
  private readonly text = find('[data-bytes]', this.box);
  private readonly cancel = find<HTMLButtonElement>('button', this.box);

  /** Runs a load with the bar in view; the signal aborts when the user cancels. */
  async during<T>(
    name: string,
    load: (options: LoadOptions, abort: () => void) => Promise<T>,
  ): Promise<T> {
    const abort = new AbortController();
    const stop = () => abort.abort();
    this.cancel.addEventListener('click', stop);
    this.bar.removeAttribute('value');
    this.text.textContent = tell(texts.loading, { name });
    // What loads at once needs no bar that flashes by.
    const appear = window.setTimeout(() => {
      this.box.hidden = false;
    }, 120);
    try {
      const onProgress = ({ loaded, total }: Arrived) => {
        this.bar.max = Math.max(total, 1);
        this.bar.value = loaded;
        this.text.textContent = tell(texts.arrived, {
          name,
          loaded: showBytes(loaded),
          total: showBytes(total),
        });
      };
      return await load({ signal: abort.signal, onProgress }, stop);
    } finally {
      window.clearTimeout(appear);
      this.cancel.removeEventListener('click', stop);
      this.box.hidden = true;
    }
  }
}

/** Whether an error only says that the user cancelled. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

const grammar =
  /(\/\/.*)|('[^']*'|`[^`]*`)|\b(import|from(?= )|const|let|await|async|return|new|for|of)\b|(\w+)(?=\()/g;
const kinds = ['', 'comment', 'string', 'keyword', 'call'];

/** Shows the text of a sketch, its words coloured by what they are. */
export function showCode(text: string): void {
  const parts: (string | HTMLElement)[] = [];
  let end = 0;
  for (const match of text.matchAll(grammar)) {
    const kind = match.findIndex((part, i) => i > 0 && part !== undefined);
    parts.push(text.slice(end, match.index), make('span', kinds[kind], match[0]));
    end = match.index + match[0].length;
  }
  find('[data-code]').replaceChildren(...parts, text.slice(end));
}
