// The form of a project's card: what it is called, who made it, and whether those who are seen agreed.
import type { ProjectCard } from 'gesso';
import { find } from '../page.js';
import { tell, texts } from '../texts.js';

const consents: Record<string, string> = {
  things: texts.onlyThings,
  me: texts.onlyMe,
  agreed: texts.othersAgreed,
  nobody: texts.nobodyAsked,
};

export class ProjectForm {
  private readonly form = find<HTMLFormElement>('[data-card-form]');

  /** @param changed called whenever somebody has filled in something */
  constructor(changed: () => void) {
    this.form.addEventListener('input', changed);
    this.form.addEventListener('submit', (event) => event.preventDefault());
  }

  /** What is filled in. */
  get card(): Pick<ProjectCard, 'title' | 'author' | 'consent'> {
    const said = [consents[this.consent], this.field('words').value.trim()].filter(Boolean);
    return {
      title: this.field('title').value.trim(),
      author: this.field('author').value.trim(),
      consent: said.join(' '),
    };
  }

  set card({ title, author, consent }: Pick<ProjectCard, 'title' | 'author' | 'consent'>) {
    this.field('title').value = title;
    this.field('author').value = author;
    const [chosen, said = ''] =
      Object.entries(consents).find(([, text]) => consent.startsWith(text)) ?? [];
    for (const choice of this.choices) choice.checked = choice.value === chosen;
    this.field('words').value = consent.slice(said.length).trim();
  }

  /** The name of files: "my-cups". */
  get fileName(): string {
    const words = this.card.title.toLowerCase().match(/[\p{L}\p{N}]+/gu);
    return words?.join('-') ?? 'my-classes';
  }

  /** What has to be said before it may be given away, in words; '' when all is said. */
  get missing(): string {
    if (this.consent === 'nobody') return texts.askFirst;
    return this.consent === '' ? tell(texts.sayFirst, { missing: texts.missingSeen }) : '';
  }

  private get choices(): NodeListOf<HTMLInputElement> {
    return find('[data-consents]', this.form).querySelectorAll('input');
  }

  private get consent(): string {
    return [...this.choices].find(({ checked }) => checked)?.value ?? '';
  }

  private field(name: string): HTMLInputElement {
    return find<HTMLInputElement>(`[data-card-${name}]`, this.form);
  }
}
