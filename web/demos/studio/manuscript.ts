// The text that a voice learns from: pasted, dropped or opened, tidied up, and shown as it will be read.
import type { CharacterCount, CleanOptions, TextPreview } from 'gesso';
import { takeDrops } from './drops.js';
import { nameOf } from './nexts.js';
import { find, listWarnings, make, Trouble } from './page.js';
import { language, tell, texts } from './texts.js';

type Look = (text: string, clean: CleanOptions) => Promise<TextPreview | undefined>;

const shownAtMost = 100_000; // characters in the field: browsers are slow with much more
const largest = 100e6; // bytes: a text is read whole, and a film by mistake would be, too
const chips = 150; // characters of the vocabulary
const rare = 3; // comes less often than can be learned from

/** The text of a file, by its byte order mark, as UTF-8, or as Windows wrote it before that. */
async function textOf(file: Blob): Promise<string> {
  const bytes = await file.arrayBuffer();
  const [first, second] = new Uint8Array(bytes, 0, Math.min(bytes.byteLength, 2));
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

const megabytes = (bytes: number) => Math.round(bytes / 1e6);

export class Manuscript {
  private readonly field = find<HTMLTextAreaElement>('[data-text]');
  private readonly vocabulary = find('[data-vocabulary]');
  private readonly size = find('[data-size]');
  private readonly trouble = new Trouble(find('[data-model-trouble]'));
  private whole: string | undefined; // a text that is too long for the field
  private awaited = 0;
  private looks = 0;

  /**
   * @param look asks the library about a text
   * @param changed told what it says; undefined: there is no text
   */
  constructor(
    private readonly look: Look,
    private readonly changed: (preview: TextPreview | undefined) => void,
  ) {
    this.vocabulary.tabIndex = 0; // so that arrow keys scroll it
    const file = find<HTMLInputElement>('[data-file]');
    find('[data-choose]').addEventListener('click', () => file.click());
    file.addEventListener('change', () => {
      void this.open([...(file.files ?? [])]);
      file.value = '';
    });
    takeDrops((files) => void this.open(files));
    find('[data-clear]').addEventListener('click', () => {
      this.text = '';
      this.field.focus();
    });
    this.field.addEventListener('input', () => this.show(400));
    this.field.addEventListener('paste', (event) => {
      const pasted = event.clipboardData?.getData('text/plain') ?? '';
      if (pasted.length < shownAtMost) return;
      event.preventDefault();
      this.text = pasted;
    });
    for (const choice of document.querySelectorAll(
      '[data-case], [data-whitespace], [data-rarest]',
    )) {
      choice.addEventListener('change', () => this.show(0));
    }
  }

  get text(): string {
    return this.whole ?? this.field.value;
  }

  set text(text: string) {
    this.whole = text.length > shownAtMost ? text : undefined;
    this.field.value = text.slice(0, shownAtMost);
    this.field.readOnly = this.whole !== undefined;
    this.field.scrollTop = 0;
    this.show(0);
  }

  get clean(): CleanOptions {
    const chosen = (name: string) => find<HTMLSelectElement>(`[data-${name}]`).value;
    const letters = chosen('case');
    const whitespace = chosen('whitespace');
    return {
      case: letters === 'lower' ? letters : 'keep',
      whitespace: whitespace === 'collapse' || whitespace === 'keep' ? whitespace : 'tidy',
      rarest: Number(chosen('rarest')),
    };
  }

  /** Shows what the library says of the text, once nobody has typed for a while. */
  show(patience: number): void {
    window.clearTimeout(this.awaited);
    this.awaited = window.setTimeout(() => void this.preview(), patience);
  }

  private async open(files: readonly File[]): Promise<void> {
    if (files.length === 0) return;
    try {
      const bytes = files.reduce((sum, { size }) => sum + size, 0);
      if (bytes > largest) {
        const name = files.map((file) => file.name).join(', ');
        throw new Error(
          tell(texts.fileTooLarge, { name, size: megabytes(bytes), most: megabytes(largest) }),
        );
      }
      this.text = (await Promise.all(files.map(textOf))).join('\n\n');
    } catch (error) {
      this.trouble.show(error);
    }
  }

  private async preview(): Promise<void> {
    const mine = ++this.looks;
    const { text } = this;
    const found = text === '' ? undefined : await this.look(text, this.clean);
    if (mine !== this.looks) return;
    this.tell(found);
    this.changed(found);
  }

  private tell(found: TextPreview | undefined): void {
    const told = found
      ? tell(texts.sizeOf, { characters: found.characters, different: found.vocabulary.length })
      : texts.noTextYet;
    this.size.textContent = told;
    find('[data-size-spoken]').textContent = found ? told : '';
    const counts = found?.vocabulary ?? [];
    const most = counts[0]?.count ?? 1;
    this.vocabulary.replaceChildren(...counts.slice(0, chips).map((entry) => chip(entry, most)));
    find('[data-vocabulary-told]').textContent = [
      counts.some(({ count }) => count < rare) ? tell(texts.rareAre, { count: rare }) : '',
      counts.length > chips ? tell(texts.moreCharacters, { count: counts.length - chips }) : '',
      found && found.removed.length > 0
        ? tell(texts.leftOut, {
            characters: found.removed
              .slice(0, chips)
              .map(({ char }) => nameOf(char))
              .join(' '),
          })
        : '',
      this.whole === undefined ? '' : tell(texts.onlyBeginning, { count: shownAtMost }),
    ]
      .filter(Boolean)
      .join(' ');
    const warnings = (found?.warnings ?? []).map(({ message }) => message);
    listWarnings(find('[data-warnings]'), warnings);
  }
}

/** A character, the darker the more often it comes. */
function chip({ char, count }: CharacterCount, most: number): HTMLElement {
  const item = make('li', count < rare ? 'rare' : '', nameOf(char));
  item.classList.toggle('named', nameOf(char) !== char);
  item.style.setProperty('--share', String(Math.log(1 + count) / Math.log(1 + most)));
  item.title = tell(texts.times, { char: nameOf(char), times: count.toLocaleString(language) });
  return item;
}
