// What the scripts of these pages say, in the language of the site.

import { type Message, say, type Values } from '../../site/say.js';
import { language, scripts } from '../../site/texts/en.json';

export { language };
export const texts = scripts;

/** Fills in a text: `tell(texts.points, { count: 3 })` → "3 points". */
export function tell(message: Message, values: Values = {}): string {
  return say(language, message, values);
}
