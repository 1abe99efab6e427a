// Long work on the page in turns: a text of millions of characters never freezes it.
import { breath } from '../breath.js';

/** Milliseconds of work between two turns of others: less than a frame. */
const milliseconds = 8;

/** Lets others have their turn where the last one was a while ago. */
export class Turns {
  #begun = performance.now();

  async next(): Promise<void> {
    if (performance.now() - this.#begun < milliseconds) return;
    await breath();
    this.#begun = performance.now();
  }
}

/** Characters that are handled between two looks at the clock. */
export const block = 1 << 16;

/**
 * Parts of a text of about `block` places; they end where no character and no run of white space goes on,
 * unless that run is as long as a part.
 */
export function* blocksOf(text: string): Generator<string> {
  for (let at = 0; at < text.length; ) {
    let end = Math.min(text.length, at + block);
    const last = Math.min(text.length, end + block);
    while (end < last && isInside(text, end)) end++;
    yield text.slice(at, end);
    at = end;
  }
}

/** Whether a place lies inside a character, between `\r` and `\n`, or in a run of white space. */
function isInside(text: string, at: number): boolean {
  const here = text.charCodeAt(at);
  const before = text.charCodeAt(at - 1);
  const isLow = here >= 0xdc00 && here < 0xe000;
  const isHigh = before >= 0xd800 && before < 0xdc00;
  const isMark = /\p{M}/u.test(text.charAt(at));
  return (isLow && isHigh) || isMark || (isBlank(here) && isBlank(before));
}

function isBlank(code: number): boolean {
  return code <= 0x20 || code === 0xa0 || (code >= 0x2000 && code <= 0x200a) || code === 0x3000;
}
