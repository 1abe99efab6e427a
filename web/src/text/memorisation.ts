// How much of a text is copied word for word from another one: to be seen, not guessed.
import { blocksOf, Turns } from './turns.js';
import type { Memorisation } from './types.js';

/** Runs of so many characters hardly come twice by chance. */
const run = 20;

/** All that can be read inside a text, as states: Blumer et al., "The smallest automaton" (1985). */
class Automaton {
  readonly #next: Map<string, number>[] = [new Map()];
  readonly #link = [-1];
  readonly #length = [0];

  constructor(characters: readonly string[]) {
    let last = 0;
    for (const char of characters) last = this.#append(last, char);
  }

  #append(last: number, char: string): number {
    const made = this.#add((this.#length[last] ?? 0) + 1, new Map());
    let at = last;
    for (; at >= 0 && !this.#next[at]?.has(char); at = this.#link[at] ?? -1) {
      this.#next[at]?.set(char, made);
    }
    const other = this.#next[at]?.get(char);
    if (at < 0 || other === undefined) {
      this.#link[made] = 0;
      return made;
    }
    const length = (this.#length[at] ?? 0) + 1;
    if (this.#length[other] === length) {
      this.#link[made] = other;
      return made;
    }
    const copy = this.#add(length, new Map(this.#next[other]));
    this.#link[copy] = this.#link[other] ?? 0;
    this.#link[other] = copy;
    this.#link[made] = copy;
    for (; at >= 0 && this.#next[at]?.get(char) === other; at = this.#link[at] ?? -1) {
      this.#next[at]?.set(char, copy);
    }
    return made;
  }

  #add(length: number, next: Map<string, number>): number {
    this.#next.push(next);
    this.#length.push(length);
    return this.#link.push(0) - 1;
  }

  /** Reads one more character: the state, and how long the run is that both texts have here. */
  step(state: number, length: number, char: string): [state: number, length: number] {
    let [at, long] = [state, length];
    while (at > 0 && !this.#next[at]?.has(char)) {
      at = this.#link[at] ?? 0;
      long = this.#length[at] ?? 0;
    }
    const next = this.#next[at]?.get(char);
    return next === undefined ? [0, 0] : [next, long + 1];
  }
}

/**
 * How much of a text is copied word for word from another one.
 *
 *     const { longest, copiedShare } = await memorisation(sample, text);
 *
 * @param sample what a voice wrote
 * @param text what it learned from; may have millions of characters, the page goes on meanwhile
 */
export async function memorisation(sample: string, text: string): Promise<Memorisation> {
  const characters = [...sample];
  const automaton = new Automaton(characters);
  const copied = new Set<string>();
  const recent = new Array<string>(run).fill('');
  const turns = new Turns();
  let [state, length, at, best, end] = [0, 0, 0, 0, 0];
  for (const part of blocksOf(text)) {
    for (const char of part) {
      [state, length] = automaton.step(state, length, char);
      recent[at++ % run] = char;
      if (length >= run) copied.add(ordered(recent, at));
      if (length <= best) continue;
      best = length;
      end = at;
    }
    await turns.next();
  }
  let runs = 0;
  let found = 0;
  for (let first = 0; first + run <= characters.length; first++) {
    runs++;
    if (copied.has(characters.slice(first, first + run).join(''))) found++;
  }
  return {
    longest: await cut(text, end - best, end),
    longestLength: best,
    longestAt: end - best,
    copiedShare: runs === 0 ? 0 : found / runs,
  };
}

/** What a ring of characters holds, the oldest first. */
function ordered(ring: readonly string[], at: number): string {
  let text = '';
  for (let i = 0; i < run; i++) text += ring[(at + i) % run];
  return text;
}

/** Characters of a text by their number. */
async function cut(text: string, from: number, to: number): Promise<string> {
  const turns = new Turns();
  let result = '';
  let at = 0;
  for (const part of blocksOf(text)) {
    if (at >= to) break;
    for (const char of part) {
      if (at >= from && at < to) result += char;
      at++;
    }
    await turns.next();
  }
  return result;
}
