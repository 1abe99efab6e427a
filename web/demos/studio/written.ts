// What a voice has written while it learned, the newest first; what it copied is marked.
import type { Memorisation, TextSample } from 'gesso';
import { make, showConfidence } from './page.js';
import { language, tell, texts } from './texts.js';

const kept = 60; // samples
const worthMarking = 20; // characters in a row that the text has too

export class Written {
  constructor(private readonly list: HTMLElement) {
    list.tabIndex = 0; // so that arrow keys scroll it
  }

  /**
   * Puts a sample on top.
   *
   * @param when after which round, in words
   */
  add({ text, temperature, memorisation }: TextSample, when: string): void {
    const item = make('li');
    const head = make(
      'p',
      'hint',
      tell(texts.sampleAt, { when, temperature: nicely(temperature) }),
    );
    const copied = make('p', 'copied', copiedWords(memorisation));
    copied.classList.toggle('much', memorisation.copiedShare > 0.1);
    item.append(head, marked(text, memorisation.longest), copied);
    this.list.prepend(item);
    while (this.list.children.length > kept) this.list.lastElementChild?.remove();
    this.list.scrollTop = 0;
  }

  clear(): void {
    this.list.replaceChildren();
  }
}

function nicely(temperature: number): string {
  return temperature.toLocaleString(language, { minimumFractionDigits: 1 });
}

function copiedWords({ copiedShare, longestLength }: Memorisation): string {
  return tell(texts.copied, { share: showConfidence(copiedShare), count: longestLength });
}

/** The text, with the longest passage that it has copied marked where that is worth it. */
function marked(text: string, longest: string): HTMLElement {
  const box = make('p', 'sample-text');
  box.dir = 'auto'; // as the text that it learned from runs
  const at = longest.length < worthMarking ? -1 : text.indexOf(longest);
  if (at < 0) box.append(text);
  else box.append(text.slice(0, at), make('mark', '', longest), text.slice(at + longest.length));
  return box;
}
