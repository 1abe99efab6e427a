// The card of a project: whose it is, of whom its pictures are, and how many.
import type { CardText } from '../../tasks/projectCard.js';

export type { CardText };

export const emptyText: CardText = { title: '', author: '', consent: '', notes: '' };

export function today(): string {
  const now = new Date();
  const two = (part: number) => String(part).padStart(2, '0');
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}
