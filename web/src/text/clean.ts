// Makes a text ready to be learned from, and says beforehand what is doubtful about it.
import { absent, choice, fail, readOptions, show, whole } from '../library.js';
import { settingsFor } from './settings.js';
import { blocksOf, Turns } from './turns.js';
import type { CharacterCount, CleanOptions, TextPreview, TextWarning } from './types.js';
import { warning } from './warnings.js';

const cleanOptions = {
  case: { ...choice(['keep', 'lower', 'upper']), example: "case: 'lower'" },
  whitespace: { ...choice(['tidy', 'collapse', 'keep']), example: "whitespace: 'collapse'" },
  characters: absent<string>('a text of all characters', "characters: 'abc .,'", (value) => {
    return typeof value === 'string' && value.trim() !== '';
  }),
  rarest: { ...whole(1, 5), example: 'rarest: 5' },
};

/** Texts of more characters than this are refused. */
const most = 200e6;

/** Fewer characters than this have no shape that could be learned. */
const least = 100;

/** Part of a text that may be no text before it is refused. */
const binaryShare = 0.01;

/** A text that is ready, with what is to be said of it. */
export interface Cleaned {
  text: string;
  characters: number;
  given: number;
  vocabulary: CharacterCount[];
  removed: CharacterCount[];
  warnings: TextWarning[];
}

/**
 * Tidies up a text and counts its characters.
 *
 * @throws MLError where there is nothing to learn from: no text, a file that is none, one character
 */
export async function cleaned(
  who: string,
  given: unknown,
  options: CleanOptions = {},
): Promise<Cleaned> {
  const checked = readOptions(`${who}: clean`, options, cleanOptions);
  const raw = await textOf(who, given);
  if (raw.trim() === '') {
    fail(
      `${who}: the text is empty`,
      { characters: raw.length },
      'a text of 100,000 characters or more: letters, poems, a diary',
    );
  }
  if (raw.length > most) refuseLong(who, { characters: raw.length, most });
  const turns = new Turns();
  const parts: string[] = [];
  const tidy = tidier(checked.whitespace ?? 'tidy', checked.case ?? 'keep');
  const counts = new Map<string, number>();
  for (const part of blocksOf(raw)) {
    const better = tidy(part);
    parts.push(better);
    count(counts, better);
    await turns.next();
  }
  const removed = new Map<string, number>();
  const controls = takeOut(counts, removed, (char) => isNoText(char));
  const all = sum(counts) + controls;
  if (controls > all * binaryShare) {
    fail(
      `${who}: this does not look like a text`,
      {
        characters: all,
        'that no text has': controls,
        begins: show([...raw.slice(0, 24)].join('')),
      },
      'a file of plain text (.txt, UTF-8); from a word processor: save as plain text',
    );
  }
  const { characters, rarest = 1 } = checked;
  if (characters !== undefined) {
    const wanted = new Set(characters);
    takeOut(counts, removed, (char) => !wanted.has(char) && char !== ' ' && char !== '\n');
  }
  if (rarest > 1) takeOut(counts, removed, (char) => (counts.get(char) ?? 0) < rarest);
  if (removed.size > 0) {
    for (const [i, part] of parts.entries()) {
      let kept = '';
      for (const char of part) if (!removed.has(char)) kept += char;
      parts[i] = kept;
      await turns.next();
    }
  }
  const text = parts.join('');
  const length = sum(counts);
  refuseHopeless(who, length, counts);
  const vocabulary = sorted(counts);
  const gone = sorted(removed);
  return {
    text,
    characters: length,
    given: await lengthOf(raw),
    vocabulary,
    removed: gone,
    warnings: warningsOf(who, length, vocabulary, gone, controls),
  };
}

/** How train() would take a text. */
export async function previewText(
  who: string,
  given: unknown,
  options?: CleanOptions,
): Promise<TextPreview> {
  const result = await cleaned(who, given, options);
  return { ...result, settings: settingsFor(result.characters) };
}

async function textOf(who: string, given: unknown): Promise<string> {
  // A character, or half of one, has three bytes at most.
  if (given instanceof Blob && given.size > 3 * most) {
    refuseLong(who, { bytes: given.size, most: 3 * most });
  }
  const text = given instanceof Blob ? decoded(await given.arrayBuffer()) : given;
  if (typeof text === 'string') return text.startsWith('\uFEFF') ? text.slice(1) : text;
  fail(
    `${who}: it learns from a text`,
    { given: show(given) },
    'a string, or a File that the user chose',
  );
}

/** UTF-8, or UTF-16 where the file says so. */
function decoded(bytes: ArrayBuffer): string {
  const [first, second] = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength));
  const wide = first === 0xff && second === 0xfe ? 'utf-16le' : undefined;
  const other = first === 0xfe && second === 0xff ? 'utf-16be' : undefined;
  return new TextDecoder(wide ?? other ?? 'utf-8').decode(bytes);
}

/** What tidies up a part of a text; parts never end inside a run of white space. */
function tidier(
  whitespace: 'tidy' | 'collapse' | 'keep',
  letters: 'keep' | 'lower' | 'upper',
): (part: string) => string {
  const blanks = (text: string) => {
    const lines = text.replace(/\r\n?|[\u2028\u2029\u0085]/g, '\n');
    if (whitespace === 'keep') return lines;
    if (whitespace === 'collapse') return lines.replace(/\s+/g, ' ');
    const ended = lines.replace(/[^\S\n]/g, ' ').split('\n');
    const last = ended.pop() ?? '';
    // The last line may go on in the next part.
    return [...ended.map((line) => line.trimEnd()), last].join('\n').replace(/\n{3,}/g, '\n\n');
  };
  const cased = (text: string) => {
    if (letters === 'keep') return text;
    return letters === 'lower' ? text.toLowerCase() : text.toUpperCase();
  };
  return (part) => cased(blanks(part.normalize('NFC')));
}

function count(counts: Map<string, number>, text: string): void {
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
}

/** Moves characters from one list to another; how many there were. */
function takeOut(
  counts: Map<string, number>,
  removed: Map<string, number>,
  which: (char: string) => boolean,
): number {
  let all = 0;
  for (const [char, times] of [...counts]) {
    if (!which(char)) continue;
    counts.delete(char);
    removed.set(char, times);
    all += times;
  }
  return all;
}

/** Control characters, halves of characters, and what stands for bytes that are no text. */
function isNoText(char: string): boolean {
  return /^[\p{Cc}\p{Cs}\p{Co}\uFFFD\uFEFF]$/u.test(char) && char !== '\n' && char !== '\t';
}

function sum(counts: ReadonlyMap<string, number>): number {
  let all = 0;
  for (const times of counts.values()) all += times;
  return all;
}

function sorted(counts: ReadonlyMap<string, number>): CharacterCount[] {
  return [...counts]
    .map(([char, times]) => ({ char, count: times }))
    .sort((a, b) => b.count - a.count || (a.char < b.char ? -1 : 1));
}

async function lengthOf(text: string): Promise<number> {
  const turns = new Turns();
  let length = 0;
  for (const part of blocksOf(text)) {
    for (const _ of part) length++;
    await turns.next();
  }
  return length;
}

function refuseLong(who: string, facts: Record<string, unknown>): never {
  fail(`${who}: the text is too long`, facts, 'a part of it: 1,000,000 characters are plenty');
}

function refuseHopeless(who: string, length: number, counts: ReadonlyMap<string, number>): void {
  const [only] = counts.keys();
  if (counts.size === 1) {
    fail(
      `${who}: the text repeats one character`,
      { character: show(only), times: length },
      'a text in which something follows something else',
    );
  }
  if (length >= least) return;
  fail(
    `${who}: the text is too small to learn from`,
    { characters: length, needed: `${least}; good from 100,000` },
    'more text by the same person: 50 pages are about 100,000 characters',
  );
}

function warningsOf(
  who: string,
  characters: number,
  vocabulary: readonly CharacterCount[],
  removed: readonly CharacterCount[],
  controls: number,
): TextWarning[] {
  const warnings: TextWarning[] = [];
  const pages = { characters, pages: Math.max(1, Math.round(characters / 2000)) };
  if (characters < 20_000) {
    warnings.push(
      warning(
        'tooSmall',
        `${who}: the text is very small: the voice will repeat it, not speak like it`,
        pages,
        'more text: 100,000 characters or more',
      ),
    );
  } else if (characters < 100_000) {
    warnings.push(
      warning(
        'small',
        `${who}: the text is small: look at how much of the samples is copied from it`,
        pages,
        'more text, or fewer epochs as soon as the loss of validation rises',
      ),
    );
  } else if (characters > 5e6) {
    warnings.push(
      warning(
        'large',
        `${who}: the text is large: one epoch takes long`,
        { characters, 'of them enough': '1,000,000' },
        'a part of it, or epochs: 1 and a checkpoint',
      ),
    );
  }
  if (vocabulary.length > 200) {
    warnings.push(
      warning(
        'manyCharacters',
        `${who}: the text has many different characters, which makes the voice slow and vague`,
        { characters: vocabulary.length, 'that come once': onlyOnce(vocabulary).length },
        'clean: { rarest: 5 }, or characters: the ones to keep',
      ),
    );
  } else if (onlyOnce(vocabulary).length > 0 && characters >= 20_000) {
    const once = onlyOnce(vocabulary);
    warnings.push(
      warning(
        'rareCharacters',
        `${who}: some characters come only once, so nothing can be learned of them`,
        { characters: shown(once) },
        'clean: { rarest: 2 }',
      ),
    );
  }
  if (controls > 0) {
    warnings.push(
      warning(
        'binary',
        `${who}: the text held characters that no text has; they are left out`,
        { times: controls, characters: shown(removed) },
        'save the file as plain text in UTF-8',
      ),
    );
  } else if (removed.length > 0) {
    warnings.push(
      warning(
        'removed',
        `${who}: characters were left out, as clean says`,
        { characters: shown(removed) },
        'characters and rarest of clean say which stay',
      ),
    );
  }
  const [first] = vocabulary;
  if (first && vocabulary.length < 8) {
    warnings.push(
      warning(
        'repeats',
        `${who}: the text has few different characters`,
        { characters: shown(vocabulary), 'most frequent': show(first.char) },
        'a text of words',
      ),
    );
  }
  return warnings;
}

function onlyOnce(vocabulary: readonly CharacterCount[]): CharacterCount[] {
  return vocabulary.filter(({ count }) => count === 1);
}

function shown(characters: readonly CharacterCount[]): string {
  const some = characters.slice(0, 12).map(({ char }) => show(char));
  const more = characters.length > 12 ? ` and ${characters.length - 12} more` : '';
  return some.join(' ') + more;
}
