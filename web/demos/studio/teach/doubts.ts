// What is doubtful about the examples, said kindly, with the pictures that it is about.
import type { ExampleWarning, FeatureExtractor } from 'gesso';
import type { Message } from '../../../site/say.js';
import { find, make } from '../page.js';
import { tell, texts } from '../texts.js';
import type { Thumbs } from './thumbs.js';

const settled = 900; // milliseconds without a change, until it is asked
const shown = 6; // pictures of each

export class Doubts {
  private readonly list = find('[data-doubts]');
  private waiting = 0;

  constructor(
    private readonly teacher: () => FeatureExtractor | undefined,
    private readonly thumbs: Thumbs,
    private readonly open: (id: number) => void,
  ) {}

  /** Examples have changed: looks at them once they have settled. */
  lookLater(): void {
    window.clearTimeout(this.waiting);
    this.waiting = window.setTimeout(() => void this.look(), settled);
  }

  private async look(): Promise<void> {
    const teacher = this.teacher();
    const warnings = teacher && teacher.size > 0 ? await teacher.warnings().catch(() => []) : [];
    if (teacher !== this.teacher()) return;
    this.list.replaceChildren(...warnings.map((warning) => this.item(warning)));
  }

  private item({ kind, labels, ids }: ExampleWarning): HTMLElement {
    const item = make('li');
    const names = labels.join(', ');
    item.append(make('p', '', tell(sentences[kind], { names, count: ids.length })));
    if (ids.length === 0 || kind === 'few' || kind === 'imbalance') return item;
    const row = make('div', 'row flush');
    for (const id of ids.slice(0, shown)) {
      const image = make('img');
      image.alt = tell(texts.pictureNumber, { id });
      void this.thumbs.show(id, image);
      const button = make('button');
      button.type = 'button';
      button.append(image);
      button.addEventListener('click', () => this.open(id));
      row.append(button);
    }
    item.append(row);
    return item;
  }
}

const sentences: Record<ExampleWarning['kind'], Message> = {
  few: texts.doubtFew,
  imbalance: texts.doubtImbalance,
  duplicates: texts.doubtDuplicates,
  conflict: texts.doubtConflict,
};
