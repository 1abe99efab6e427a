// What the author of a project says on its card.
import { fail } from '../errors.js';
import { absent, isRecord, readOptions } from '../options.js';
import type { LabelCount, ProjectCard } from '../teach/extract/types.js';
import { show } from '../tensor.js';

export type CardText = Pick<ProjectCard, 'title' | 'author' | 'consent' | 'notes'>;

const text = (example: string) =>
  absent<string>('a text', example, (value) => typeof value === 'string');

/** What can be set; the last two are filled in, so that a card can be copied whole. */
const cardOptions = {
  title: text("title: 'Cups and hands'"),
  author: text("author: 'Ada'"),
  consent: text("consent: 'all of class 7b agreed, for use in this room'"),
  notes: text("notes: 'in the light of the morning'"),
  date: text("date: '2026-11-21'"),
  counts: absent<LabelCount[]>('a list', 'counts: []', Array.isArray),
};

/** The parts that were given. @throws MLError when one is no text, or has another name */
export function readCard(who: string, given: unknown): Partial<CardText> {
  if (!isRecord(given)) fail(`${who}: the card must be an object`, { given: show(given) }, '{}');
  const { date: _, counts: __, ...texts } = readOptions(who, given, cardOptions);
  return Object.fromEntries(Object.entries(texts).filter(([, part]) => part !== undefined));
}
