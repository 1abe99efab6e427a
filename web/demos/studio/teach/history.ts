// What can be taken back: the classes as they were, and how many changes of the examples it takes.
import type { ClassCard } from './classCard.js';

/** One thing that somebody did. */
export interface Step {
  /** The cards and their names before it. */
  before: [card: ClassCard, name: string][];
  /** Changes of the examples that it made, as undo() of the extractor counts them: one or none. */
  changes: 0 | 1;
}

export class History {
  private readonly steps: Step[] = [];

  constructor(private readonly told: (some: boolean) => void) {}

  /** Notes something that is done now. */
  note(cards: readonly ClassCard[], changes: Step['changes']): Step {
    const step: Step = { before: cards.map((card) => [card, card.name]), changes };
    this.push(step);
    return step;
  }

  /**
   * Notes that a picture came that belongs to a step: one change with those before it, unless another one
   * came in between. The extractor counts so, too.
   *
   * @returns the step that the next one belongs to
   */
  extend(step: Step, cards: readonly ClassCard[]): Step {
    const at = this.steps.indexOf(step);
    const since = this.steps.slice(at + 1);
    if (at < 0 || since.some(({ changes }) => changes > 0)) return this.note(cards, 1);
    step.changes = 1;
    return step;
  }

  push(step: Step): void {
    this.steps.push(step);
    this.told(true);
  }

  /** The last thing that was done, which is no more noted. */
  take(): Step | undefined {
    const step = this.steps.pop();
    this.told(this.steps.length > 0);
    return step;
  }

  clear(): void {
    this.steps.length = 0;
    this.told(false);
  }
}
