// What a voice is at the moment: its network and its characters, and what has been said of them.
import { fail } from '../library.js';
import { type Parts, tellWarnings } from './reading.js';
import type { CharRNNOptions, TextWarning, VoiceCardText } from './types.js';

/** The options of charRNN(), checked. */
export type VoiceOptions = {
  [K in keyof Required<Omit<CharRNNOptions, 'model' | 'deterministic'>>]:
    | CharRNNOptions[K]
    | undefined;
};

/** What reading, writing and teaching share of one voice. */
export class Held {
  readonly options: VoiceOptions;
  readonly warnings: TextWarning[] = [];
  /** What describe() said since the last training: it goes onto the card of the next text, too. */
  cardText: VoiceCardText = {};
  /** Whether it has read something that predict() can go on from. */
  read = false;
  /** Places of the text that its network last learned from side by side. */
  lanes: number | undefined;
  disposed = false;
  #parts: Parts | undefined;

  constructor(options: VoiceOptions) {
    this.options = options;
  }

  /** Undefined as long as it has not learned anything. */
  get parts(): Parts | undefined {
    return this.#parts;
  }

  /** Becomes the voice of other parts; the network before goes. */
  take(parts: Parts): Parts {
    if (this.disposed) parts.model.dispose();
    this.refuseDisposed();
    if (this.#parts && this.#parts.model !== parts.model) this.#parts.model.dispose();
    if (this.#parts?.model !== parts.model) this.lanes = undefined;
    this.#parts = parts;
    this.read = false;
    return parts;
  }

  ready(caller: string): Parts {
    this.refuseDisposed();
    if (this.#parts) return this.#parts;
    fail(
      `${caller}: this voice has not learned anything yet`,
      {},
      "await train(text) first, or charRNN('./voice/') with a voice that has",
    );
  }

  refuseDisposed(): void {
    if (this.disposed) fail('charRNN: it was used after dispose()', {}, 'charRNN(…) again');
  }

  warn(warnings: readonly TextWarning[]): void {
    this.warnings.push(...warnings);
    tellWarnings(warnings, this.options.onWarning);
  }
}
