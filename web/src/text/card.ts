// The card of a voice: whose it is, and which text it learned from.

import { absent, readOptions } from '../library.js';
import { defined } from './defined.js';
import type { VoiceCard, VoiceCardText } from './types.js';

const isText = (value: unknown): boolean => typeof value === 'string';

const cardOptions = {
  title: absent<string>('a text', "title: 'Letters of my grandmother'", isText),
  author: absent<string>('a text', "author: 'Ada'", isText),
  source: absent<string>('a text', "source: 'her letters, 1950 to 1971'", isText),
  consent: absent<string>('a text', "consent: 'she agreed on 3 May'", isText),
  date: absent<string>('a day', "date: '2026-11-21'", (value) => {
    return typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value);
  }),
};

export const emptyCard: VoiceCard = {
  ...{ title: '', author: '', source: '', consent: '', date: '' },
  ...{ characters: 0, loss: null, valLoss: null },
};

/** Checks what describe() was given. */
export function readCardText(given: VoiceCardText): VoiceCardText {
  return defined(readOptions('describe', given, cardOptions));
}

/** The card of what is being learned: what it said before was about another text. */
export function newCard(characters: number, text: VoiceCardText): VoiceCard {
  return { ...emptyCard, date: today(), ...text, characters };
}

function today(): string {
  const now = new Date();
  const two = (part: number) => String(part).padStart(2, '0');
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}
