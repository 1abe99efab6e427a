// The bar of something that takes a while: how far it is, and a button that ends it.
import { find, isAbort } from '../page.js';

/** What long work is given. */
export interface Working {
  signal: AbortSignal;
  /** Shows how far it is, in words and from 0 to 1. */
  show(sentence: string, part: number): void;
}

export class WorkBar {
  private readonly box = find('[data-work]');
  private readonly words = find('[data-work-told]', this.box);
  private readonly bar = find<HTMLProgressElement>('progress', this.box);
  private readonly cancel = find<HTMLButtonElement>('button', this.box);
  private before: Promise<unknown> = Promise.resolve();

  /** Runs something with the bar in view, after what runs already; false when it was cancelled. */
  during(sentence: string, work: (working: Working) => Promise<void>): Promise<boolean> {
    const done = this.before.then(() => this.run(sentence, work));
    this.before = done.catch(() => {});
    return done;
  }

  private async run(sentence: string, work: (working: Working) => Promise<void>): Promise<boolean> {
    const abort = new AbortController();
    const stop = () => abort.abort();
    this.cancel.addEventListener('click', stop);
    this.bar.removeAttribute('value');
    this.words.textContent = sentence;
    // What is done at once needs no bar that flashes by.
    const appear = window.setTimeout(() => {
      this.box.hidden = false;
    }, 200);
    try {
      await work({
        signal: abort.signal,
        show: (words, part) => {
          this.words.textContent = words;
          this.bar.value = part;
        },
      });
      return !abort.signal.aborted;
    } catch (error) {
      if (isAbort(error)) return false;
      throw error;
    } finally {
      window.clearTimeout(appear);
      this.cancel.removeEventListener('click', stop);
      this.box.hidden = true;
    }
  }
}
