// How right it is: in a sentence, for each class, and as a table of what was taken for what.
import type { Evaluation, Mistake } from 'gesso';
import { showPart } from '../chart.js';
import { find, make, showConfidence } from '../page.js';
import { tell, texts } from '../texts.js';
import type { Thumbs } from './thumbs.js';

export class Marks {
  private readonly verdict = find('[data-verdict]');
  private readonly table = find('[data-confusion]');
  private readonly mistakes = find('[data-mistakes]');
  private readonly before = this.verdict.textContent;

  constructor(
    private readonly thumbs: Thumbs,
    private readonly paintOf: (label: string) => string,
    private readonly open: (id: number) => void,
  ) {
    find('[data-table]').tabIndex = 0; // so that arrow keys scroll it
  }

  clear(): void {
    this.verdict.textContent = this.before;
    this.table.replaceChildren();
    this.mistakes.replaceChildren();
  }

  show(evaluation: Evaluation): void {
    const { of, count, accuracy, labels, confusion } = evaluation;
    const part = showPart(accuracy);
    const told = of === 'validation' ? texts.rightOfKept : texts.rightOfAll;
    this.verdict.textContent = tell(told, { count, part });
    this.mistakes.replaceChildren();
    const head = make('tr');
    head.append(
      make('td'),
      ...labels.map((label) => this.head('col', label)),
      word('th', texts.rightOf),
    );
    const top = make('thead');
    top.append(head);
    const body = make('tbody');
    for (const [i, label] of labels.entries()) {
      const row = make('tr');
      row.append(this.head('row', label));
      const counts = confusion[i] ?? [];
      const all = Math.max(
        counts.reduce((sum, one) => sum + one, 0),
        1,
      );
      for (const [j, answer] of labels.entries()) {
        row.append(this.cell(evaluation, label, answer, counts[j] ?? 0, all, i === j));
      }
      const right = evaluation.classes.find((one) => one.label === label)?.accuracy ?? Number.NaN;
      row.append(word('td', Number.isNaN(right) ? '–' : showPart(right)));
      body.append(row);
    }
    this.table.replaceChildren(caption(), top, body);
  }

  private head(scope: 'col' | 'row', label: string): HTMLElement {
    const cell = make('th', '', label);
    cell.scope = scope;
    cell.translate = false;
    cell.title = label;
    cell.style.setProperty('--own', `var(${this.paintOf(label)})`);
    return cell;
  }

  private cell(
    { mistakes }: Evaluation,
    label: string,
    answer: string,
    count: number,
    all: number,
    right: boolean,
  ): HTMLElement {
    const cell = make('td', right ? '' : 'wrong');
    // The square root lets a single mistake be seen.
    const strength = right ? count / all : Math.min(2 * Math.sqrt(count / all), 1);
    cell.style.setProperty('--share', strength.toFixed(3));
    cell.classList.toggle('dark', strength > 0.6);
    const own = mistakes.filter((one) => one.label === label && one.answer === answer);
    if (own.length === 0) {
      cell.textContent = count > 0 ? String(count) : '';
      return cell;
    }
    const button = make('button', '', String(count));
    button.type = 'button';
    button.ariaLabel = tell(texts.takenFor, { count, name: label, answer });
    button.addEventListener('click', () => this.showMistakes(own, label, answer));
    cell.append(button);
    return cell;
  }

  private showMistakes(mistakes: readonly Mistake[], label: string, answer: string): void {
    const { length: count } = mistakes;
    const list = make('ul');
    for (const { id, confidence } of mistakes) {
      const image = make('img');
      image.alt = tell(texts.pictureOf, { id, name: label });
      void this.thumbs.show(id, image);
      const button = make('button');
      button.type = 'button';
      button.append(image, make('span', '', showConfidence(confidence)));
      button.addEventListener('click', () => this.open(id));
      const item = make('li');
      item.append(button);
      list.append(item);
    }
    this.mistakes.replaceChildren(
      make('p', '', tell(texts.takenFor, { count, name: label, answer })),
      list,
    );
  }
}

function word(tag: 'th' | 'td', text: string): HTMLElement {
  return make(tag, 'part', text);
}

function caption(): HTMLElement {
  return make('caption', '', texts.confusionTold);
}
