// The card of a project: whose it is, of whom its pictures are, and how many.
import { absent, fail, isRecord, readOptions, show } from '../../library.js';
import type { LabelCount, ProjectCard } from './types.js';

/** What its author says. */
export type CardText = Pick<ProjectCard, 'title' | 'author' | 'consent' | 'notes'>;

const text = (example: string) =>
  absent<string>('a text', example, (value) => typeof value === 'string');

/** What can be set; the last two are filled in, so that a card can be copied whole. */
const cardOptions = {
  title: text("title: 'Cups and hands'"),
  author: text("author: 'Ada'"),
  consent: text("consent: 'all of class 7b agreed, for use in this room'"),
  notes: text("notes: 'in the light of the morning'"),
  date: absent<string>('a text', "date: '2026-11-21'", (value) => typeof value === 'string'),
  counts: absent<LabelCount[]>('a list', 'counts: []', Array.isArray),
};

export const emptyText: CardText = { title: '', author: '', consent: '', notes: '' };

/** What of a card was given, over what it said before. */
export function readCard(who: string, given: unknown, before: CardText): CardText {
  if (!isRecord(given)) fail(`${who}: the card must be an object`, { given: show(given) }, '{}');
  const { title, author, consent, notes } = readOptions(who, given, cardOptions);
  return {
    title: title ?? before.title,
    author: author ?? before.author,
    consent: consent ?? before.consent,
    notes: notes ?? before.notes,
  };
}

export function today(): string {
  const now = new Date();
  const two = (part: number) => String(part).padStart(2, '0');
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}
