// The characters that a voice knows: each is a code point, and its code is its place in the list.
import { fail, isRecord, show } from '../library.js';
import type { UnknownCharacters } from './types.js';

/** Stands for a code that no character has. */
export const nobody = '\uFFFD';

/** What became of a text. */
export interface Encoded {
  codes: Int32Array;
  /** Characters that were left out, each once. */
  skipped: string[];
}

/** One code point: what a string of JavaScript may hold in two places. */
export function isCharacter(text: string): boolean {
  return text !== '' && String.fromCodePoint(text.codePointAt(0) ?? 0) === text;
}

export class Vocabulary {
  /** In the order of the codes. */
  readonly characters: readonly string[];
  readonly #codes: ReadonlyMap<string, number>;

  /**
   * @param who what the user called
   * @param facts what messages tell of where it is from
   */
  constructor(who: string, characters: readonly string[], facts: Record<string, unknown> = {}) {
    const codes = new Map<string, number>();
    for (const [code, char] of characters.entries()) {
      if (char === nobody) continue;
      if (!isCharacter(char)) {
        fail(
          `${who}: an entry of the vocabulary is not one character`,
          { ...facts, code, entry: show(char) },
          'a list in which every text is one character',
        );
      }
      const other = codes.get(char);
      if (other !== undefined) {
        fail(
          `${who}: the vocabulary holds a character twice`,
          { ...facts, character: show(char), codes: `${other} and ${code}` },
          'a list in which every character stands once',
        );
      }
      codes.set(char, code);
    }
    if (codes.size === 0) {
      fail(`${who}: the vocabulary is empty`, facts, "vocabulary: [' ', 'a', 'b', …]");
    }
    this.characters = [...characters];
    this.#codes = codes;
  }

  get size(): number {
    return this.characters.length;
  }

  has(char: string): boolean {
    return this.#codes.has(char);
  }

  code(char: string): number | undefined {
    return this.#codes.get(char);
  }

  /** A text as codes; what happens to characters that are not there is up to `unknown`. */
  encode(who: string, text: string, unknown: UnknownCharacters = 'skip'): Encoded {
    const codes: number[] = [];
    const skipped = new Set<string>();
    for (const char of text) {
      const code = this.#codes.get(char);
      if (code !== undefined) {
        codes.push(code);
        continue;
      }
      if (unknown === 'refuse') this.#refuse(who, char);
      const instead = isRecord(unknown) && Object.hasOwn(unknown, char) ? unknown[char] : undefined;
      if (instead === undefined) {
        skipped.add(char);
        continue;
      }
      for (const other of instead) {
        const known = this.#codes.get(other);
        if (known === undefined) this.#refuse(who, other);
        codes.push(known);
      }
    }
    return { codes: Int32Array.from(codes), skipped: [...skipped] };
  }

  decode(codes: Iterable<number>): string {
    let text = '';
    for (const code of codes) text += this.characters[code] ?? nobody;
    return text;
  }

  #refuse(who: string, char: string): never {
    const known = this.characters.filter((each) => each !== nobody);
    const shown = known.slice(0, 60).join('').replace(/\s/g, ' ');
    fail(
      `${who}: the voice does not know the character ${show(char)}`,
      { known: `${shown}${known.length > 60 ? ' …' : ''}` },
      `a text without it, or unknown: { ${show(char)}: ${show(known.find((each) => each.trim() !== '') ?? ' ')} }`,
    );
  }
}

/** What fits the option `unknown`. */
export function isUnknown(value: unknown): boolean {
  if (value === 'skip' || value === 'refuse') return true;
  return isRecord(value) && Object.values(value).every((each) => typeof each === 'string');
}
