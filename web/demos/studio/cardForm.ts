// The form in which people say whose voice it is, and whether they agreed.
import type { VoiceCardText } from 'gesso';
import { find } from './page.js';
import { tell, texts } from './texts.js';

const consents: Record<string, string> = {
  mine: texts.textIsMine,
  agreed: texts.theyAgreed,
  public: texts.publicDomain,
  nobody: texts.nobodyAsked,
};

export class CardForm {
  private readonly form = find<HTMLFormElement>('[data-card-form]');

  /** @param changed called whenever somebody has filled in something */
  constructor(changed: () => void) {
    this.form.addEventListener('input', changed);
    this.form.addEventListener('submit', (event) => event.preventDefault());
  }

  /** What is filled in. */
  get card(): Required<Omit<VoiceCardText, 'date'>> {
    const said = [consents[this.consent], this.field('words')].filter(Boolean);
    return {
      title: this.field('title') || texts.nameless,
      author: this.field('author'),
      source: this.field('source'),
      consent: said.join(' '),
    };
  }

  /** What has to be said before it may be given away, in words; '' when all is said. */
  get missing(): string {
    if (this.consent === 'nobody') return texts.askFirst;
    const asked: [answer: string, question: string][] = [
      [this.field('title'), texts.missingTitle],
      [this.field('author'), texts.missingAuthor],
      [this.field('source'), texts.missingSource],
      [this.consent, texts.missingConsent],
    ];
    const open = asked.filter(([answer]) => answer === '').map(([, question]) => question);
    return open.length === 0 ? '' : tell(texts.sayFirst, { missing: open.join(', ') });
  }

  private get consent(): string {
    const chosen = find('[data-consents]', this.form).querySelector<HTMLInputElement>(':checked');
    return chosen?.value ?? '';
  }

  private field(name: string): string {
    return find<HTMLInputElement>(`[data-card-${name}]`, this.form).value.trim();
  }
}
