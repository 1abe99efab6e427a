// The characters that may come next, as bars; each is a button that writes it.
import type { NextCharacter } from 'gesso';
import { find, make, showConfidence } from './page.js';
import { tell, texts } from './texts.js';

const rows = 8;

const spoken: Record<string, string> = {
  ' ': texts.space,
  '\n': texts.newLine,
  '\t': texts.tab,
};

/** How a character is called: those that cannot be seen have names. */
export function nameOf(char: string): string {
  return spoken[char] ?? char;
}

export class Nexts {
  private enabled = false;

  /**
   * @param list where the bars stand
   * @param pick called with the character whose bar was pressed
   */
  constructor(
    private readonly list: HTMLElement,
    private readonly pick: (char: string) => void,
  ) {}

  /**
   * Shows the most probable ones.
   *
   * @param chosen the one that was written
   */
  show(probabilities: readonly NextCharacter[], chosen?: string): void {
    const sorted = probabilities.toSorted((a, b) => b.probability - a.probability);
    const shown = sorted.slice(0, rows);
    const written = sorted.find(({ char }) => char === chosen);
    if (written && !shown.includes(written)) shown.splice(rows - 1, 1, written);
    while (this.list.children.length > shown.length) this.list.lastElementChild?.remove();
    for (const [i, { char, probability }] of shown.entries()) {
      const row = this.list.children[i] ?? this.list.appendChild(this.emptyRow());
      const button = find('button', row);
      const label = find('.label', row);
      row.classList.toggle('best', char === chosen);
      button.dataset.char = char;
      button.ariaCurrent = char === chosen ? 'true' : null;
      label.textContent = nameOf(char);
      label.classList.toggle('named', char in spoken);
      find('.percent', row).textContent = showConfidence(probability);
      find('.paint', row).style.setProperty('--share', String(probability));
      button.ariaLabel = tell(chosen === char ? texts.nextChosen : texts.nextOf, {
        name: nameOf(char),
        part: showConfidence(probability),
      });
    }
  }

  /** Whether pressing a bar writes its character. */
  enable(enabled: boolean): void {
    this.enabled = enabled;
    for (const row of this.list.children) find('button', row).ariaDisabled = String(!enabled);
  }

  clear(): void {
    this.list.replaceChildren();
  }

  private emptyRow(): HTMLElement {
    const row = make('li');
    const button = make('button', 'next');
    button.type = 'button';
    button.ariaDisabled = String(!this.enabled);
    const track = make('span', 'track');
    track.append(make('span', 'paint'));
    button.append(make('span', 'label'), make('span', 'percent'), track);
    button.addEventListener('click', () => {
      if (this.enabled) this.pick(button.dataset.char ?? '');
    });
    row.append(button);
    return row;
  }
}
