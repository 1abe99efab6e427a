// What can be taken back: the classes as they were, and how many changes of the examples it takes.
import type { ClassCard } from './classCard.js';

/** One thing that somebody did. */
export interface Step {
  /** The cards and their names before it. */
  before: [card: ClassCard, name: string][];
  /** Changes of the examples that it made: each is undone by itself. */
  changes: number;
}

export class History {
  private readonly steps: Step[] = [];

  constructor(private readonly told: (some: boolean) => void) {}

  /** Notes something that is done now. */
  note(cards: readonly ClassCard[], changes: number): Step {
    const step: Step = { before: cards.map((card) => [card, card.name]), changes };
    this.push(step);
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
