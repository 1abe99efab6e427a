// What it says of what it sees, and the examples that look most like it.
import type { FeatureExtractor, Label } from 'gesso';
import { find, make, showTimeSince, Verdict } from '../page.js';
import { tell, texts } from '../texts.js';
import type { Seen, Stage } from './stage.js';
import type { Thumbs } from './thumbs.js';

type Show = (results: Label[]) => void;

/** What the sketch does. */
export interface Answering {
  look(teacher: FeatureExtractor, picture: Seen): Promise<Label[]>;
  watch(
    teacher: FeatureExtractor,
    video: HTMLVideoElement,
    show: Show,
    onError: (error: unknown) => void,
  ): () => void;
}

const shown = 5; // examples that look like it
const every = 700; // milliseconds between two searches for them, while the camera runs

export class Play {
  private readonly verdict = new Verdict();
  private readonly bars = find('[data-bars]');
  private readonly because = find('[data-because]');
  private readonly list = find('[data-nearest]');
  private end = () => {};
  private turn = 0; // counts what was begun, so that late answers can tell
  private searched = 0;

  constructor(
    private readonly stage: Stage,
    private readonly thumbs: Thumbs,
    private readonly teacher: () => FeatureExtractor | undefined,
    private readonly answering: () => Answering,
    private readonly paintOf: (label: string | number) => string,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Looks at what there is to look at, if it has learned something; else says what is missing. */
  begin(waiting: string, labels: readonly string[]): void {
    this.stop();
    const { seen } = this.stage;
    const teacher = this.teacher();
    if (!teacher || !seen || teacher.classes.length === 0) {
      this.clear(waiting, labels);
      return;
    }
    const { turn } = this;
    const show = (results: Label[], time: string) => {
      if (turn === this.turn) this.show(results, time);
    };
    if (seen instanceof HTMLVideoElement) this.follow(teacher, seen, show);
    else void this.look(teacher, seen, show);
  }

  stop(): void {
    this.turn += 1;
    this.end();
    this.end = () => {};
  }

  /** Says why there is no answer, and between which classes there will be one. */
  clear(sentence: string, labels: readonly string[]): void {
    this.verdict.wait(sentence, labels);
    this.paintBars(labels);
    this.stage.answer('');
    this.because.classList.remove('found');
    this.list.replaceChildren();
  }

  private follow(
    teacher: FeatureExtractor,
    video: HTMLVideoElement,
    show: (results: Label[], time: string) => void,
  ): void {
    const { turn } = this;
    let last = performance.now();
    let pace = 0;
    const next = (results: Label[]) => {
      const now = performance.now();
      pace = pace === 0 ? now - last : 0.9 * pace + 0.1 * (now - last);
      last = now;
      show(results, tell(texts.aSecond, { count: Math.round(1000 / pace) }));
      if (now - this.searched < every) return;
      this.searched = now;
      void this.search(teacher, video);
    };
    this.end = this.answering().watch(teacher, video, next, (error) => {
      if (turn === this.turn) this.failed(error);
    });
  }

  private async look(
    teacher: FeatureExtractor,
    picture: Seen,
    show: (results: Label[], time: string) => void,
  ): Promise<void> {
    const { turn } = this;
    const start = performance.now();
    try {
      show(await this.answering().look(teacher, picture), showTimeSince(start));
      if (turn === this.turn) await this.search(teacher, picture);
    } catch (error) {
      if (turn === this.turn) this.failed(error);
    }
  }

  private async search(teacher: FeatureExtractor, seen: Seen): Promise<void> {
    const { turn } = this;
    const nearest = teacher.size > 0 ? await teacher.nearest(seen, shown) : [];
    if (turn !== this.turn) return;
    while (this.list.children.length > nearest.length) this.list.lastElementChild?.remove();
    for (const [i, { id, label }] of nearest.entries()) {
      const item = this.list.children[i] ?? this.list.appendChild(emptyItem());
      const image = find<HTMLImageElement>('img', item);
      image.alt = tell(texts.pictureOf, { id, name: String(label) });
      find('img', item).style.setProperty('--own', `var(${this.paintOf(label)})`);
      if (image.dataset.example !== String(id)) void this.thumbs.show(id, image);
    }
    this.because.classList.toggle('found', nearest.length > 0);
  }

  private show(results: Label[], time: string): void {
    const rows = results.toSorted((a, b) => a.index - b.index);
    this.verdict.show(results, time, rows);
    this.paintBars(rows.map(({ label }) => label));
    const [best] = results;
    find('[data-answer]').style.setProperty('--own', `var(${this.paintOf(best?.label ?? '')})`);
    this.stage.answer(best?.label ?? '');
  }

  private paintBars(labels: readonly string[]): void {
    for (const [i, label] of labels.entries()) {
      const row = this.bars.children[i];
      if (row instanceof HTMLElement) row.style.setProperty('--own', `var(${this.paintOf(label)})`);
    }
  }
}

function emptyItem(): HTMLElement {
  const item = make('li');
  item.append(make('img'));
  return item;
}
