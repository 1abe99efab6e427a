// The examples of an extractor, in order, with what it takes to undo each change.
import { fail, nearest, show } from '../../library.js';
import type { Example, LabelCount, TeachTask } from './types.js';

/** An example with all that is known of it. Never changed: a change makes another one. */
export interface Kept extends Example {
  /** A JPEG or PNG of what the base saw; undefined where the project was saved without pictures. */
  readonly picture: Uint8Array<ArrayBuffer> | undefined;
  /** By the key of the cut that gave them; shared by all that this example becomes. */
  readonly features: Map<string, Float32Array<ArrayBuffer>>;
}

/** Everything that a change can change. */
interface State {
  list: readonly Kept[];
  labels: readonly string[];
  /** What each number of a label stands for: labels that are gone, and other names, among them. */
  names: ReadonlyMap<number, string>;
  version: number;
}

/** A change that can be taken back. */
interface Change {
  before: State | (Omit<State, 'list'> & { added: number });
  /** Changes of one group are taken back together. */
  group: object | undefined;
}

/** Changes that can be taken back: each may hold pictures that are no longer examples. */
const changesKept = 100;

export class Examples {
  readonly task: TeachTask;
  #list: Kept[] = [];
  #labels: readonly string[] = [];
  #names: ReadonlyMap<number, string> = new Map();
  #version = 0;
  #versions = 0;
  #next = 1;
  #changes: Change[] = [];

  constructor(task: TeachTask) {
    this.task = task;
  }

  get list(): readonly Kept[] {
    return this.#list;
  }

  /** In the order in which they came. */
  get labels(): readonly string[] {
    return this.#labels;
  }

  /** Another one after every change that matters to who has learned; the old one after undo(). */
  get version(): number {
    return this.#version;
  }

  get next(): number {
    return this.#next;
  }

  /** The number of a label, by which those who have learned it know it under any name. */
  numberOf(label: string): number {
    for (const [number, name] of this.#names) if (name === label) return number;
    const number = this.#names.size;
    this.#names = new Map([...this.#names, [number, label]]);
    return number;
  }

  nameOf(number: number): string {
    return this.#names.get(number) ?? '';
  }

  get counts(): LabelCount[] {
    const counts = new Map(this.#labels.map((label) => [label, 0]));
    for (const { label } of this.#list) {
      counts.set(`${label}`, (counts.get(`${label}`) ?? 0) + 1);
    }
    return [...counts].map(([label, count]) => ({ label, count }));
  }

  /** @param group examples of one group are taken back together */
  add(
    label: string | number,
    picture: Kept['picture'],
    features: Kept['features'],
    group?: object,
  ): Kept {
    const kept = { id: this.#next++, label, picture, features };
    const last = this.#changes.at(-1);
    if (group && last?.group === group && 'added' in last.before) last.before.added++;
    else {
      const { list: _, ...before } = this.#state;
      this.#remember({ before: { ...before, added: 1 }, group });
    }
    this.#list.push(kept);
    this.#labels = this.#with(label);
    this.#version = ++this.#versions;
    return kept;
  }

  /** Takes over examples that were saved, whose ids differ. */
  restore(list: readonly Kept[], labels: readonly string[], next: number): void {
    this.#list = [...list];
    this.#labels = labels;
    this.#next = next;
    this.#changes = [];
  }

  find(who: string, id: number): Kept {
    const found = this.#list.find((kept) => kept.id === id);
    if (found) return found;
    const ids = this.#list.map((kept) => kept.id);
    fail(
      `${who}: there is no example ${show(id)}`,
      { known: ids.length > 12 ? `${ids.slice(0, 12).join(', ')} …` : ids.join(', ') || 'none' },
      'an id that addImage() gave, or one of examples',
    );
  }

  remove(id: number): void {
    const gone = this.find('remove', id);
    this.#change({ list: this.#list.filter((kept) => kept !== gone) });
  }

  removeLabel(label: string | number): void {
    const name = this.#known('removeLabel', `${label}`);
    const list = this.#list.filter((kept) => `${kept.label}` !== name);
    this.#change({ list, labels: this.#labels.filter((each) => each !== name) });
  }

  relabel(id: number, to: string | number): void {
    const kept = this.find('relabel', id);
    const label = this.checkLabel('relabel', to);
    if (kept.label === label) return;
    const list = this.#list.map((each) => (each === kept ? { ...kept, label } : each));
    this.#change({ list, labels: this.#with(label) });
  }

  /** Gives a label another name; one that is known joins the two. */
  rename(from: string, to: string): void {
    if (this.task === 'regression') {
      fail(
        'rename: for regression, labels are numbers',
        { given: show(from) },
        'relabel(id, number)',
      );
    }
    const name = this.#known('rename', from);
    const label = `${this.checkLabel('rename', to)}`;
    if (name === label) return;
    this.numberOf(name); // also who learns it under its new name knows it by that after undo()
    const list = this.#list.map((kept) => (kept.label === name ? { ...kept, label } : kept));
    const joins = this.#labels.includes(label);
    const labels = joins
      ? this.#labels.filter((each) => each !== name)
      : this.#labels.map((each) => (each === name ? label : each));
    const names = new Map(
      [...this.#names].map(([number, each]) => [number, each === name ? label : each]),
    );
    // Who has learned the label knows its number: only two that became one are news.
    this.#change({ list, labels, names }, joins);
  }

  clear(): void {
    this.#change({ list: [], labels: [] });
  }

  /** Takes back the last change; false where there is none. */
  undo(): boolean {
    const change = this.#changes.pop();
    if (change === undefined) return false;
    const { before } = change;
    if ('added' in before) this.#list.length -= before.added;
    else this.#list = [...before.list];
    this.#labels = before.labels;
    // Numbers that were given since then may have been learned.
    this.#names = new Map([...this.#names, ...before.names]);
    this.#version = before.version;
    return true;
  }

  /** Drops features of cuts that are no more. */
  forget(key: string): void {
    for (const kept of this.#list) kept.features.delete(key);
    for (const { before } of this.#changes) {
      if ('list' in before) for (const kept of before.list) kept.features.delete(key);
    }
  }

  /** A label as examples have it: a text that is not empty, or for regression a number. */
  checkLabel(who: string, label: unknown): string | number {
    if (this.task === 'regression') {
      if (typeof label === 'number' && Number.isFinite(label)) return label;
      fail(
        `${who}: for regression, the label must be a number`,
        { given: show(label) },
        "a number such as 0.5, or task: 'classification'",
      );
    }
    if (typeof label === 'string' && label !== '') return label;
    if (typeof label === 'number' && Number.isFinite(label)) return `${label}`;
    fail(`${who}: the label must be a text that is not empty`, { given: show(label) }, "'cat'");
  }

  #known(who: string, label: string): string {
    if (this.#labels.includes(label)) return label;
    const known = this.#labels.map((each) => show(each));
    fail(
      `${who}: there is no label ${show(label)}`,
      { known: known.slice(0, 12).join(', ') || 'none' },
      known.length > 0 ? show(nearest(label, this.#labels)) : 'addImage(image, label) first',
    );
  }

  get #state(): State {
    const [list, labels, names] = [this.#list, this.#labels, this.#names];
    return { list, labels, names, version: this.#version };
  }

  #with(label: string | number): readonly string[] {
    return this.#labels.includes(`${label}`) ? this.#labels : [...this.#labels, `${label}`];
  }

  #change(to: Partial<State>, matters = true): void {
    this.#remember({ before: this.#state, group: undefined });
    this.#list = [...(to.list ?? this.#list)];
    this.#labels = to.labels ?? this.#labels;
    this.#names = to.names ?? this.#names;
    if (matters) this.#version = ++this.#versions;
  }

  #remember(change: Change): void {
    this.#changes.push(change);
    if (this.#changes.length > changesKept) this.#changes.shift();
  }
}
