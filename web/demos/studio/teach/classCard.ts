// The card of one class: its name, its pictures, and the button that is held to take more.
import { make } from '../page.js';
import { tell, texts } from '../texts.js';
import { onHold } from './hold.js';
import type { Thumbs } from './thumbs.js';

/** What can be done with a card. */
export interface Deeds {
  /** The button is held, until it is let go. */
  hold(card: ClassCard): void;
  release(card: ClassCard): void;
  rename(card: ClassCard, to: string): void;
  remove(card: ClassCard): void;
  /** Pictures that were chosen for it. */
  add(card: ClassCard, files: File[]): void;
  open(id: number): void;
  erase(id: number): void;
}

export class ClassCard {
  readonly element = make('li', 'class-card stretched');
  /** Ends what its button does. */
  readonly letGo: () => void;
  private readonly field = make('input');
  private readonly count = make('p', 'count');
  private readonly sheet = make('div', 'contact-sheet');
  private readonly button = make('button', 'button hold');
  private readonly gone = make('button', 'plain gone');
  private readonly chooser = make('input');
  private readonly folder = make('input');
  private readonly thumbnails = new Map<number, HTMLButtonElement>();
  private shown: readonly number[] = [];

  /** @param paint the variable of the style sheet with its colour */
  constructor(
    private called: string,
    readonly paint: string,
    private readonly deeds: Deeds,
    private readonly thumbs: Thumbs,
  ) {
    this.element.style.setProperty('--own', `var(${paint})`);
    this.field.type = 'text';
    this.field.maxLength = 60;
    this.field.autocomplete = 'off';
    this.field.spellcheck = false;
    this.field.translate = false;
    this.field.setAttribute('aria-label', texts.nameOfClass);
    this.field.addEventListener('change', () => deeds.rename(this, this.field.value.trim()));
    this.field.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.field.blur();
      if (event.key === 'Escape') this.field.value = this.called;
    });
    this.sheet.setAttribute('role', 'group');
    this.sheet.dataset.invitation = texts.noPictures;
    this.sheet.addEventListener('keydown', (event) => this.walk(event));
    this.button.type = 'button';
    this.button.append(make('i'), make('span', '', texts.holdToRecord));
    this.letGo = onHold(
      this.button,
      () => {
        this.element.classList.add('recording');
        deeds.hold(this);
      },
      () => {
        this.element.classList.remove('recording');
        deeds.release(this);
      },
    );
    this.gone.type = 'button';
    this.gone.textContent = '×';
    this.gone.addEventListener('click', () => deeds.remove(this));
    this.element.append(this.field, this.count, this.sheet, this.button, this.row(), this.gone);
    this.name = called;
    this.show([]);
  }

  get name(): string {
    return this.called;
  }

  set name(name: string) {
    this.called = name;
    this.field.value = name;
    this.element.dataset.class = name;
    this.sheet.ariaLabel = tell(texts.picturesOf, { name });
    this.button.ariaLabel = tell(texts.holdFor, { name });
    this.gone.ariaLabel = tell(texts.removeClass, { name });
    this.chooser.ariaLabel = tell(texts.picturesFor, { name });
    this.folder.ariaLabel = tell(texts.folderFor, { name });
  }

  /** The ids of its pictures, the newest first. */
  get ids(): readonly number[] {
    return this.shown;
  }

  /** Whether pictures can be taken, and the class be removed. */
  enable(ready: boolean, removable: boolean): void {
    this.button.ariaDisabled = String(!ready);
    this.gone.hidden = !removable;
  }

  /** Takes the name back that somebody has typed. */
  restoreName(): void {
    this.field.value = this.called;
  }

  /** Shows these pictures. */
  show(ids: readonly number[]): void {
    this.shown = ids;
    this.count.textContent =
      ids.length > 0 ? tell(texts.pictures, { count: ids.length }) : texts.noneYet;
    const wanted = new Set(ids);
    for (const [id, button] of this.thumbnails) {
      if (wanted.has(id)) continue;
      button.remove();
      this.thumbnails.delete(id);
    }
    let before: ChildNode | null = this.sheet.firstChild;
    for (const id of ids) {
      const button = this.thumbnails.get(id) ?? this.thumbnail(id);
      if (button === before) before = before.nextSibling;
      else this.sheet.insertBefore(button, before);
    }
    this.holdTab();
  }

  /** Puts the keyboard on a picture of it, or where one was. */
  focus(id?: number): void {
    const button = id === undefined ? undefined : this.thumbnails.get(id);
    (button ?? this.sheet.querySelector('button') ?? this.button).focus();
  }

  private row(): HTMLElement {
    const row = make('div', 'row flush');
    const choose = make('button', 'plain', texts.choosePictures);
    const chooseFolder = make('button', 'plain', texts.chooseFolder);
    this.chooser.accept = 'image/*';
    this.chooser.multiple = true;
    this.folder.webkitdirectory = true;
    for (const [button, input] of [
      [choose, this.chooser],
      [chooseFolder, this.folder],
    ] as const) {
      button.type = 'button';
      input.type = 'file';
      input.hidden = true;
      button.addEventListener('click', () => input.click());
      input.addEventListener('change', () => {
        this.deeds.add(this, [...(input.files ?? [])]);
        input.value = '';
      });
    }
    row.append(choose, chooseFolder, this.chooser, this.folder);
    return row;
  }

  private thumbnail(id: number): HTMLButtonElement {
    const button = make('button');
    button.type = 'button';
    button.tabIndex = -1;
    const image = make('img');
    image.alt = tell(texts.pictureNumber, { id });
    button.append(image);
    button.addEventListener('click', () => this.deeds.open(id));
    button.addEventListener('focus', () => this.holdTab());
    this.thumbnails.set(id, button);
    void this.thumbs.show(id, image);
    return button;
  }

  /** One picture of all is a stop of the tab key, the newest at first; arrows go on from there. */
  private holdTab(): void {
    const buttons = [...this.sheet.querySelectorAll('button')];
    const kept = buttons.find((button) => button === document.activeElement) ?? buttons[0];
    for (const button of buttons) button.tabIndex = button === kept ? 0 : -1;
  }

  private walk(event: KeyboardEvent): void {
    const buttons = [...this.sheet.querySelectorAll('button')];
    const { activeElement } = document;
    const at = activeElement instanceof HTMLButtonElement ? buttons.indexOf(activeElement) : -1;
    if (at < 0) return;
    const back = getComputedStyle(this.sheet).direction === 'rtl' ? 1 : -1;
    const columns = getComputedStyle(this.sheet).gridTemplateColumns.split(' ').length;
    const steps: Record<string, number> = {
      ArrowLeft: back,
      ArrowRight: -back,
      ArrowUp: -columns,
      ArrowDown: columns,
      Home: -at,
      End: buttons.length - 1 - at,
    };
    const step = steps[event.key];
    if (step !== undefined) buttons[at + step]?.focus();
    else if (event.key === 'Delete' || event.key === 'Backspace') {
      const id = this.shown[at];
      buttons[at + 1]?.focus();
      if (id !== undefined) this.deeds.erase(id);
    } else return;
    event.preventDefault();
  }
}
