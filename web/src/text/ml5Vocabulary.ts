// vocab.json as ml5 has it: the code of every character. Some that were published are damaged.
import { fail, parseRecord, show } from '../library.js';
import type { TextWarning } from './types.js';
import { isCharacter, nobody } from './vocabulary.js';
import { warning } from './warnings.js';

/** What was read, and what had to be guessed. */
export interface ReadVocabulary {
  characters: string[];
  /** In words; undefined where all was right. */
  repaired?: Repaired;
}

interface Repaired {
  what: string;
  facts: Record<string, unknown>;
  hint: string;
}

const most = 0x110000;

/**
 * Reads a vocab.json.
 *
 * @param address for messages
 * @param size how many characters the weights are for; undefined: as many as the file holds
 */
export function readMl5Vocabulary(
  address: string,
  text: string,
  size: number | undefined,
): ReadVocabulary {
  const content = parseRecord(text);
  if (typeof content === 'string') {
    fail(
      'vocab.json: this is not the JSON of a vocabulary',
      { address, reason: content },
      '{ " ": 0, "e": 1, … } with the code of every character',
    );
  }
  const entries = Object.entries(content);
  const wanted = size ?? entries.length;
  if (entries.length === 0) {
    fail('vocab.json: it holds no characters', { address }, 'the vocab.json of the training');
  }
  const characters = new Array<string>(Math.min(wanted, most)).fill(nobody);
  const damaged: [key: string, code: number][] = [];
  const taken = new Map<number, string>();
  for (const [key, code] of entries) {
    if (typeof code !== 'number' || !Number.isInteger(code) || code < 0 || code >= wanted) {
      fail(
        'vocab.json: a code does not fit the weights',
        { address, character: show(key), code: show(code), codes: `0 to ${wanted - 1}` },
        'the vocab.json that was written together with these weights',
      );
    }
    const other = taken.get(code);
    if (other !== undefined) {
      fail(
        'vocab.json: two characters have the same code',
        { address, characters: `${show(other)} and ${show(key)}`, code },
        'the vocab.json that was written together with these weights',
      );
    }
    taken.set(code, key);
    if (isCharacter(key)) characters[code] = key;
    else damaged.push([key, code]);
  }
  const gaps = [...characters.keys()].filter((code) => !taken.has(code));
  if (damaged.length === 0 && gaps.length === 0) return { characters };
  return { characters, repaired: repair(address, characters, damaged, gaps) };
}

/**
 * Files of a tool that removed the letter u of Python's `u'…'` have lost the letter itself, too. Where
 * an alphabet is whole but for as many letters as there are damaged entries, these are they; codes go
 * by frequency, and small letters are more frequent.
 */
function repair(
  address: string,
  characters: string[],
  damaged: readonly [string, number][],
  gaps: readonly number[],
): Repaired {
  const missing = ['abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].flatMap(
    (letters) => {
      const lost = [...letters].filter((letter) => !characters.includes(letter));
      return lost.length < 4 ? lost : [];
    },
  );
  const codes = damaged.map(([, code]) => code).sort((a, b) => a - b);
  const found = missing.length === codes.length;
  const facts: Record<string, unknown> = { address };
  for (const [key, code] of damaged) {
    const letter = found ? missing[codes.indexOf(code)] : undefined;
    if (letter !== undefined) characters[code] = letter;
    facts[`code ${code}`] = `${show(key)}, read as ${letter ?? 'a character that is not known'}`;
  }
  if (gaps.length > 0) facts['codes without a character'] = gaps.slice(0, 12).join(', ');
  return {
    what: damaged.length > 0 ? 'vocab.json is damaged' : 'vocab.json has gaps',
    facts,
    hint: found && gaps.length === 0 ? 'save() writes it whole' : 'the vocab.json of the training',
  };
}

/** What is to be said of a vocab.json that was damaged. */
export function warningsOf(repaired: Repaired | undefined): TextWarning[] {
  if (repaired === undefined) return [];
  return [warning('vocabulary', repaired.what, repaired.facts, repaired.hint)];
}

/** The same as a file. */
export function writeMl5Vocabulary(characters: readonly string[]): string {
  const twice = characters.find((char, code) => characters.indexOf(char) !== code);
  if (twice !== undefined) {
    fail(
      'save: ml5 cannot read this voice: several of its codes have the same character',
      { character: twice === nobody ? 'one that is not known' : show(twice) },
      "format: 'gesso' or 'html'; or the vocab.json of the training, without gaps",
    );
  }
  return JSON.stringify(Object.fromEntries(characters.map((char, code) => [char, code])));
}
