// One picture, large: which class it belongs to, and what can be done with it.
import type { FeatureExtractor } from 'gesso';
import { find, make } from '../page.js';
import { tell, texts } from '../texts.js';
import type { Classes } from './classes.js';
import type { Thumbs } from './thumbs.js';

export class PictureDialog {
  private readonly dialog = find<HTMLDialogElement>('[data-opened]');
  private readonly image = find<HTMLImageElement>('[data-opened-picture]');
  private readonly told = find('[data-opened-told]');
  private readonly moves = find('[data-move]');
  private id = 0;

  constructor(
    private readonly teacher: () => FeatureExtractor | undefined,
    private readonly classes: () => Classes,
    private readonly thumbs: Thumbs,
  ) {
    find('[data-close]', this.dialog).addEventListener('click', () => this.dialog.close());
    find('[data-previous]', this.dialog).addEventListener('click', () => this.step(1));
    find('[data-next]', this.dialog).addEventListener('click', () => this.step(-1));
    find('[data-delete]', this.dialog).addEventListener('click', () => void this.erase());
    this.dialog.addEventListener('click', ({ target }) => {
      if (target === this.dialog) this.dialog.close(); // beside it
    });
    this.dialog.addEventListener('keydown', (event) => {
      if (event.key === 'ArrowLeft') this.step(1);
      if (event.key === 'ArrowRight') this.step(-1);
      if (event.key === 'Delete') void this.erase();
    });
  }

  /** Opens the picture of an example, or shows it if the dialog is open. */
  open(id: number): void {
    const label = this.labelOf(id);
    if (label === undefined) {
      this.dialog.close();
      return;
    }
    this.id = id;
    const told = tell(texts.pictureOf, { id, name: label });
    this.image.alt = told;
    this.told.textContent = told;
    void this.thumbs.show(id, this.image);
    const classes = this.classes();
    this.moves.replaceChildren(
      ...classes.names.map((name) => {
        const chip = make('button', 'chip', name);
        chip.type = 'button';
        chip.translate = false;
        chip.style.setProperty('--chip', `var(${classes.paintOf(name)})`);
        chip.ariaPressed = String(name === label);
        chip.addEventListener('click', () => void this.move(name));
        return chip;
      }),
    );
    if (!this.dialog.open) this.dialog.showModal();
  }

  private labelOf(id: number): string | undefined {
    const found = this.teacher()?.examples.find((example) => example.id === id);
    return found && String(found.label);
  }

  private async move(name: string): Promise<void> {
    if (name === this.labelOf(this.id)) return;
    await this.classes().move(this.id, name);
    this.open(this.id);
    const chips = [...this.moves.children] as HTMLElement[];
    chips.find(({ textContent }) => textContent === name)?.focus();
  }

  /** To an older picture of the same class, or a newer one. */
  private step(by: number): void {
    const next = this.beside(by);
    if (next !== undefined) this.open(next);
  }

  private beside(by: number): number | undefined {
    const label = this.labelOf(this.id);
    const same =
      this.teacher()?.examples.filter((example) => String(example.label) === label) ?? [];
    const at = same.findIndex(({ id }) => id === this.id);
    return same[at - by]?.id;
  }

  private async erase(): Promise<void> {
    const next = this.beside(1) ?? this.beside(-1);
    await this.classes().erase(this.id);
    if (next === undefined) this.dialog.close();
    else this.open(next);
  }
}
