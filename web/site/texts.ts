// The texts of the site, in the language that it is made in: those of texts/en.json, or of the file of the
// same form that GESSO_TEXTS names.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Message, say, type Values } from './say.js';
import type en from './texts/en.json';

export type Texts = typeof en;

/** The English texts, which every page and script of the source speaks. */
export const englishTexts = fileURLToPath(new URL('./texts/en.json', import.meta.url));

/** The file with the texts in use. */
export const textsFile = process.env.GESSO_TEXTS ?? englishTexts;

export const texts: Texts = JSON.parse(readFileSync(textsFile, 'utf8'));

/** Fills in a text. */
export function tell(message: Message, values: Values = {}): string {
  return say(texts.language, message, values);
}

/** What is written in English alone, such as the guide, says so on a site in another language. */
export const inEnglish = texts.language === 'en' ? '' : ' lang="en" dir="ltr"';
