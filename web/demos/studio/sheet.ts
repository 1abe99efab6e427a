// A sheet on which a person and a voice write in turns: who wrote what is told by the colour.
import { make } from './page.js';

export class Sheet {
  private readonly end = make('br'); // what keeps a last, empty line open; it is no part of the text

  /**
   * @param box the element that becomes the sheet; `data-name` says what it is called
   * @param changed called after the person has changed the text
   */
  constructor(
    private readonly box: HTMLElement,
    private readonly changed: () => void,
  ) {
    box.tabIndex = 0; // also while it is locked
    box.role = 'textbox';
    box.ariaMultiLine = 'true';
    box.ariaLabel = box.dataset.name ?? '';
    this.lock(false);
    box.addEventListener('beforeinput', (event) => this.type(event));
    box.addEventListener('compositionend', ({ data }) => this.takeOut(data));
    box.addEventListener('input', () => {
      this.tidy();
      changed();
    });
    this.tidy();
  }

  /** All that stands there. */
  get text(): string {
    return this.box.textContent;
  }

  set text(text: string) {
    this.box.replaceChildren(text);
    this.tidy();
  }

  /** While it is locked, the person can read and mark, but not write. */
  lock(locked: boolean): void {
    this.box.contentEditable = locked ? 'false' : 'plaintext-only';
    this.box.ariaReadOnly = String(locked);
  }

  /** Lets the voice write at the end. */
  say(text: string): void {
    const last = this.end.previousSibling;
    if (last instanceof HTMLElement && last.classList.contains('said')) this.add(last, text);
    else this.add(this.box, make('span', 'said', text));
  }

  /** Lets the person write at the end, in another way than by typing. */
  write(text: string): void {
    this.add(this.box, text);
  }

  private add(to: HTMLElement, what: string | Node): void {
    const follows = this.box.scrollTop + this.box.clientHeight > this.box.scrollHeight - 40;
    if (to === this.box) this.end.before(what);
    else to.append(what);
    this.tidy();
    if (follows) this.box.scrollTop = this.box.scrollHeight;
  }

  focus(): void {
    this.box.focus();
  }

  // Browsers make what is typed right behind the words of the voice a part of them, and have ways
  // of their own to begin a line.
  private type(event: InputEvent): void {
    const text = /^insert(LineBreak|Paragraph)$/.test(event.inputType) ? '\n' : event.data;
    const selection = getSelection();
    if (!selection?.rangeCount || !text || event.isComposing) return;
    if (!/^insert(Text|LineBreak|Paragraph)$/.test(event.inputType)) return;
    event.preventDefault();
    const range = selection.getRangeAt(0);
    range.deleteContents();
    const said = this.saidBefore(range);
    if (said) range.setStartAfter(said);
    const typed = document.createTextNode(text);
    range.insertNode(typed);
    selection.collapse(typed, text.length);
    this.tidy();
    this.changed();
  }

  // What a keyboard on a screen composes cannot be put elsewhere before it is there.
  private takeOut(composed: string): void {
    const range = getSelection()?.rangeCount ? getSelection()?.getRangeAt(0) : undefined;
    const place = range?.startContainer;
    const said = range && this.saidBefore(range);
    if (!said || !(place instanceof Text) || !composed || !place.data.endsWith(composed)) return;
    place.deleteData(place.length - composed.length, composed.length);
    const typed = document.createTextNode(composed);
    said.after(typed);
    getSelection()?.collapse(typed, composed.length);
  }

  /** The words of the voice at whose end a place is. */
  private saidBefore({ startContainer, startOffset }: Range): Element | null {
    const around =
      startContainer instanceof Element ? startContainer : startContainer.parentElement;
    const said = around?.closest('.said') ?? null;
    const atEnd = startOffset === (startContainer.textContent ?? '').length;
    return said && atEnd && said.lastChild === startContainer ? said : null;
  }

  private tidy(): void {
    if (this.box.lastChild !== this.end) this.box.append(this.end);
    this.box.classList.toggle('filled', this.box.textContent !== '');
  }
}
