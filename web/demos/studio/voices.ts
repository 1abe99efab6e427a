// What the pages with voices share: cards, the names under which voices are kept, words for temperatures.
import { listModels, type VoiceCard } from 'gesso';
import { addressOf, type Shelved } from './models.js';
import './voices.css';
import { find, make } from './page.js';
import { language, tell, texts } from './texts.js';

const prefix = 'voice-'; // the database also holds models that are no voices

/** The name in the database for what somebody calls a voice: "My aunt" → "voice-my-aunt". */
export function keptAs(title: string): string {
  const words = title.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ['nameless'];
  return prefix + words.join('-');
}

/** "voice-my-aunt" → "my-aunt"; undefined for what is no voice. */
export function nameOfKept(name: string): string | undefined {
  return name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
}

/** The voices that this browser keeps. */
export async function keptVoices(): Promise<Shelved[]> {
  return (await listModels()).flatMap(({ name, bytes }) => {
    const called = nameOfKept(name);
    const source = `indexeddb://${name}`;
    return called === undefined ? [] : [{ name: called, source, task: 'charRNN', bytes }];
  });
}

/** The voices that the server of these pages has. */
export async function shelvedVoices(): Promise<Shelved[]> {
  const response = await fetch('../models/index.json');
  const all: Shelved[] = response.ok ? await response.json() : [];
  return all
    .filter(({ task }) => task === 'charRNN')
    .map((model) => ({ ...model, source: addressOf(model) }));
}

const words: [upTo: number, word: string][] = [
  [0, texts.always],
  [0.45, texts.careful],
  [0.85, texts.calm],
  [1.05, texts.asLearned],
  [1.45, texts.bold],
  [Number.POSITIVE_INFINITY, texts.wild],
];

/** 0.3 → "0.3, careful". */
export function temperatureWord(temperature: number): string {
  const [, word = ''] = words.find(([upTo]) => temperature <= upTo) ?? [];
  const value = temperature.toLocaleString(language, { minimumFractionDigits: 1 });
  return tell(texts.temperatureIs, { value, word });
}

/** Shows a card; null: the voice has none, undefined: there is no voice. */
export function showCard(card: VoiceCard | null | undefined): void {
  find('[data-no-card]').hidden = card !== null;
  const facts: [name: string, text: string][] = card
    ? [
        [texts.titleOfVoice, card.title],
        [texts.madeBy, card.author],
        [texts.readFrom, card.source],
        [texts.consent, card.consent],
        [texts.learnedOn, card.date],
        [texts.sizeOfText, tell(texts.characters, { count: card.characters })],
        [texts.lossAtEnd, [card.loss, card.valLoss].map(showLoss).filter(Boolean).join(' / ')],
      ]
    : [];
  const entries = facts
    .filter(([, text]) => text !== '')
    .flatMap(([name, text]) => {
      const fact = make('dd', '', text);
      fact.translate = false; // as whoever filled it in wrote it
      return [make('dt', '', name), fact];
    });
  find('[data-card]').replaceChildren(...entries);
}

/** 1.5731 → "1.57". */
export function showLoss(loss: number | null | undefined): string {
  const digits = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  return loss?.toLocaleString(language, digits) ?? '';
}
