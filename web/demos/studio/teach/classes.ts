// The classes of the page: their cards, and all that can be done with them and taken back.
import type { Example, FeatureExtractor } from 'gesso';
import { find } from '../page.js';
import { tell, texts } from '../texts.js';
import { ClassCard, type Deeds } from './classCard.js';
import { History, type Step } from './history.js';
import type { Thumbs } from './thumbs.js';

const paints = ['--blue', '--red', '--olive', '--plum', '--sea', '--earth'];
const atLeast = 2; // classes: one alone is no question
const atMost = 24;

/** How pictures are added that are taken back together. */
export interface Adding {
  /** What they have in common. */
  group: object;
  /** Called after each. */
  added(): void;
}

/** What the page does for the classes. */
interface Own {
  teacher(): FeatureExtractor | undefined;
  /** Takes pictures until the returned function is called; undefined where there is no camera. */
  record(label: string, onExample: (example: Example) => void): Promise<(() => void) | undefined>;
  /** Adds pictures of files to a class. @returns false if somebody has cancelled it */
  add(files: File[], label: string, adding: Adding): Promise<boolean>;
  open(id: number): void;
  /** Examples or names have changed. */
  changed(): void;
  failed(error: unknown): void;
}

export class Classes {
  private readonly list = find('[data-classes]');
  private readonly spoken = find('[data-told]');
  private readonly more = find<HTMLButtonElement>('[data-more]');
  private readonly undoButton = find<HTMLButtonElement>('[data-undo]');
  private readonly history = new History((some) => {
    this.undoButton.disabled = !some;
  });
  private cards: ClassCard[] = [];
  private ready = false;
  private adding = 0;
  // Names that the extractor is about to change: what it still calls so belongs to the new name, or to none.
  private readonly renamed = new Map<string, string | undefined>();
  private recording: { card: ClassCard; stop?: () => void } | undefined;

  constructor(
    private readonly own: Own,
    private readonly thumbs: Thumbs,
  ) {
    this.more.addEventListener('click', () => {
      this.history.note(this.cards, 0);
      this.addCard(this.freeName());
      this.changed();
      this.cards.at(-1)?.element.querySelector('input')?.select();
    });
    this.undoButton.addEventListener('click', () => void this.undo());
    window.addEventListener('keydown', (event) => {
      const wanted = event.key === 'z' && (event.ctrlKey || event.metaKey) && !event.shiftKey;
      if (!wanted || (event.target as Element).closest('input, [contenteditable]')) return;
      event.preventDefault();
      void this.undo();
    });
    this.reset();
  }

  get names(): string[] {
    return this.cards.map(({ name }) => name);
  }

  /** The variable of the style sheet with the colour of a class. */
  paintOf(label: string | number): string {
    return this.cards.find(({ name }) => name === String(label))?.paint ?? '--soft';
  }

  /** The card on which something fell. */
  cardAt(element: Element | null): ClassCard | undefined {
    return this.cards.find((card) => element !== null && card.element.contains(element));
  }

  enable(ready: boolean): void {
    this.ready = ready;
    this.show();
  }

  /** Begins anew: with the classes that there are, or with three empty ones. */
  reset(): void {
    this.stopRecording();
    this.history.clear();
    this.renamed.clear();
    this.cards = [];
    this.list.replaceChildren();
    this.show();
    while (this.cards.length < 3) this.addCard(this.freeName());
    this.show();
  }

  /** Shows what the extractor has now. */
  show(): void {
    const examples = this.own.teacher()?.examples ?? [];
    const ids = new Map<string, number[]>(this.cards.map(({ name }) => [name, []]));
    for (const { id, label } of examples) {
      const name = String(label);
      const to = this.renamed.has(name) ? this.renamed.get(name) : name;
      if (to === undefined) continue;
      const own = ids.get(to) ?? [];
      if (!ids.has(to)) {
        ids.set(to, own);
        this.addCard(to);
      }
      own.push(id);
    }
    for (const card of this.cards) {
      card.show((ids.get(card.name) ?? []).toReversed());
      card.enable(this.ready, this.cards.length > atLeast);
    }
    this.list.append(...this.cards.map(({ element }) => element).filter((e) => !e.isConnected));
    this.more.disabled = this.cards.length >= atMost;
  }

  /** Gives an example to another class. */
  async move(id: number, label: string): Promise<void> {
    await this.change((teacher) => teacher.relabel(id, label));
    this.say(tell(texts.moved, { name: label }));
  }

  async erase(id: number): Promise<void> {
    await this.change((teacher) => teacher.remove(id));
    this.say(texts.pictureDeleted);
  }

  /** Adds pictures to a class, which is made if there is none of that name. */
  async add(files: File[], name: string): Promise<void> {
    await this.addMany([[name, (label, adding) => this.own.add(files, label, adding)]]);
  }

  /**
   * Adds to several classes at once, as one thing that can be cancelled and taken back.
   *
   * @param given names of classes, and what adds to each
   */
  async addMany(
    given: readonly [name: string, add: (label: string, adding: Adding) => Promise<boolean>][],
  ) {
    let step = this.history.note(this.cards, 0);
    const added = () => {
      step = this.history.extend(step, this.cards);
    };
    const adding = { group: {}, added };
    this.adding += 1;
    try {
      for (const [name, add] of given) {
        if (!this.names.includes(name)) this.makeRoom(name);
        if (await add(name, adding)) continue;
        this.tellCount(name);
        break;
      }
    } catch (error) {
      this.own.failed(error);
    } finally {
      this.adding -= 1;
    }
    this.changed();
  }

  /** Lets go of the button that is held. */
  stopRecording(): void {
    this.recording?.card.letGo();
  }

  private readonly deeds: Deeds = {
    hold: (card) => void this.hold(card),
    release: (card) => this.release(card),
    rename: (card, to) => void this.rename(card, to),
    remove: (card) => void this.remove(card),
    add: (card, files) => void this.add(files, card.name),
    open: (id) => this.own.open(id),
    erase: (id) => void this.erase(id),
  };

  private addCard(name: string): ClassCard {
    const used = new Set(this.cards.map(({ paint }) => paint));
    const paint = paints.find((one) => !used.has(one)) ?? paints[this.cards.length % paints.length];
    const card = new ClassCard(name, paint ?? '--blue', this.deeds, this.thumbs);
    this.cards.push(card);
    return card;
  }

  /** A class of this name: an empty one that nobody has named takes it, or else a new one. */
  private makeRoom(name: string): void {
    const empty = this.cards.find((card) => card.ids.length === 0 && this.isUnnamed(card.name));
    if (empty) empty.name = name;
    else this.addCard(name);
    this.show();
  }

  private isUnnamed(name: string): boolean {
    return Array.from({ length: atMost }, (_, i) => classNumber(i)).includes(name);
  }

  private freeName(): string {
    const { names } = this;
    let i = 0;
    while (names.includes(classNumber(i))) i += 1;
    return classNumber(i);
  }

  private async hold(card: ClassCard): Promise<void> {
    const recording: typeof this.recording = { card };
    this.recording = recording;
    let step: Step = { before: this.cards.map((one) => [one, one.name]), changes: 1 };
    let count = 0;
    const stop = await this.own.record(card.name, () => {
      count += 1;
      if (count === 1) this.history.push(step);
      else step = this.history.extend(step, this.cards);
      this.show();
      this.own.changed();
    });
    if (this.recording !== recording)
      stop?.(); // it was let go while the camera started
    else if (stop) recording.stop = stop;
    else card.letGo();
  }

  private release(card: ClassCard): void {
    if (this.recording?.card !== card) return;
    this.recording.stop?.();
    this.recording = undefined;
    this.tellCount(card.name);
    this.changed();
  }

  private async rename(card: ClassCard, to: string): Promise<void> {
    const from = card.name;
    if (to === from) return;
    if (to === '' || this.names.includes(to)) {
      card.restoreName();
      this.say(to === '' ? texts.needsName : tell(texts.nameTaken, { name: to }));
      return;
    }
    await this.changeName(card, from, to);
  }

  private async remove(card: ClassCard): Promise<void> {
    const at = this.cards.indexOf(card);
    const { name } = card;
    const has = card.ids.length > 0;
    this.history.note(this.cards, has ? 1 : 0);
    this.cards.splice(at, 1);
    card.element.remove();
    (this.cards[at] ?? this.cards[at - 1])?.focus();
    await this.during(name, undefined, has, (teacher) => teacher.removeLabel(name));
    this.say(tell(texts.classRemoved, { name }));
  }

  private async changeName(card: ClassCard, from: string, to: string): Promise<void> {
    const has = card.ids.length > 0;
    this.history.note(this.cards, has ? 1 : 0);
    card.name = to;
    await this.during(from, to, has, (teacher) => teacher.rename(from, to));
  }

  /** Changes a name in the extractor, if it knows it, while the cards show the new one already. */
  private async during(
    from: string,
    to: string | undefined,
    known: boolean,
    change: (teacher: FeatureExtractor) => Promise<void>,
  ): Promise<void> {
    const teacher = this.own.teacher();
    if (teacher && known) {
      this.renamed.set(from, to);
      try {
        await change(teacher);
      } catch (error) {
        this.own.failed(error);
      } finally {
        this.renamed.delete(from);
      }
    }
    this.changed();
  }

  /** One change of the examples that can be taken back. */
  private async change(work: (teacher: FeatureExtractor) => Promise<void>): Promise<void> {
    const teacher = this.own.teacher();
    if (!teacher) return;
    const step = this.history.note(this.cards, 0);
    try {
      await work(teacher);
      step.changes = 1;
    } catch (error) {
      this.own.failed(error);
    }
    this.changed();
  }

  private async undo(): Promise<void> {
    this.stopRecording();
    if (this.adding > 0) return; // it is not known yet how much there is to take back
    const step = this.history.take();
    if (!step) return;
    try {
      if (step.changes > 0 && !(await this.own.teacher()?.undo())) {
        this.history.clear(); // the extractor knows no older changes
        this.say(texts.undoneAll);
        return;
      }
    } catch (error) {
      this.own.failed(error);
    }
    this.cards = step.before.map(([card, name]) => {
      card.name = name;
      return card;
    });
    this.list.replaceChildren(...this.cards.map(({ element }) => element));
    this.changed();
    this.say(texts.undone);
  }

  private changed(): void {
    this.show();
    this.own.changed();
  }

  private tellCount(name: string): void {
    const { length: count = 0 } = this.cards.find((card) => card.name === name)?.ids ?? [];
    this.say(tell(texts.hasPictures, { name, count }));
  }

  private say(sentence: string): void {
    this.spoken.textContent = sentence;
  }
}

const classNumber = (i: number) => tell(texts.classNumber, { count: i + 1 });
