// The models that this browser keeps, to look at, pin and delete: the same panel on every page.
import {
  type CachedModel,
  cachedModels,
  clearModelCache,
  offline,
  pinModel,
  uncacheModel,
  unpinModel,
} from 'gesso';
import { find, isAbort, LoadingBar, make, showBytes, Trouble } from './page.js';
import { language, tell, texts } from './texts.js';

const dates = new Intl.DateTimeFormat(language, { dateStyle: 'medium' });

/** Fills the panel on a page, and keeps it up to date with what it is used for. */
export class ModelsPanel {
  private readonly list = find('[data-models]');
  private readonly told = find('[data-models-told]');
  private readonly form = find<HTMLFormElement>('[data-pin-form]');
  private readonly input = find<HTMLInputElement>('input', this.form);
  private readonly clear = find<HTMLButtonElement>('[data-clear-models]');
  private readonly zip = find<HTMLButtonElement>('[data-zip]');
  private readonly loading = new LoadingBar();
  private readonly trouble = new Trouble(find('[data-models-trouble]'));

  constructor() {
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.pin(this.input.value.trim());
    });
    this.clear.addEventListener('click', () => {
      void this.change(texts.allRemoved, this.input, clearModelCache);
    });
    this.zip.addEventListener('click', () => void this.takeAlong());
  }

  /** Shows what there is now. */
  async show(): Promise<void> {
    const models = await cachedModels();
    const bytes = models.reduce((sum, model) => sum + model.bytes, 0);
    this.told.textContent =
      models.length === 0
        ? texts.noModels
        : tell(texts.keptModels, { count: models.length, bytes: showBytes(bytes) });
    this.list.replaceChildren(...models.map((model) => this.row(model)));
    this.clear.disabled = models.length === 0;
    this.zip.disabled = !models.some(({ complete }) => complete);
  }

  private row({ name, bytes, complete, pinned, lastUsed }: CachedModel): HTMLElement {
    const row = make('li', 'kept-model');
    const title = make('h3', '', name);
    title.translate = false;
    const size = complete ? showBytes(bytes) : tell(texts.incomplete, { bytes: showBytes(bytes) });
    const facts = make('p', 'hint', tell(texts.lastUsed, { size, date: dates.format(lastUsed) }));
    const pin = make('button', 'button', texts.pinned);
    pin.type = 'button';
    pin.ariaPressed = `${pinned}`;
    pin.ariaLabel = tell(texts.pinnedName, { name });
    pin.addEventListener('click', () => {
      if (pinned) void this.change(tell(texts.mayGo, { name }), name, () => unpinModel(name));
      else void this.pin(name);
    });
    const gone = make('button', 'button', texts.remove);
    gone.type = 'button';
    gone.ariaLabel = tell(texts.removeName, { name });
    gone.addEventListener('click', () => {
      const next = row.nextElementSibling ?? row.previousElementSibling;
      const then = next?.querySelector('h3')?.textContent ?? this.input;
      void this.change(tell(texts.removed, { name }), then, () => uncacheModel(name));
    });
    const text = make('div');
    text.append(title, facts);
    row.append(text, pin, gone);
    return row;
  }

  private async pin(name: string): Promise<void> {
    const options = (given: Parameters<Parameters<LoadingBar['during']>[1]>[0]) =>
      pinModel(name, given);
    await this.change(tell(texts.stays, { name }), name, () => this.loading.during(name, options));
  }

  private async takeAlong(): Promise<void> {
    const names = (await cachedModels()).filter(({ complete }) => complete).map(({ name }) => name);
    await this.change(texts.zipDone, this.zip, () =>
      this.loading.during(texts.theZip, (given) =>
        offline(names, 'downloads://gesso-offline', given),
      ),
    );
  }

  /** Does something, says so, and puts the keyboard where it was: the rows are made anew. */
  private async change(
    done: string,
    focus: HTMLElement | string,
    work: () => Promise<void>,
  ): Promise<void> {
    this.trouble.clear();
    let sentence = done;
    try {
      await work();
      if (focus !== this.zip) this.input.value = '';
    } catch (error) {
      sentence = isAbort(error) ? texts.goesOn : '';
      if (sentence === '') this.trouble.show(error);
    }
    await this.show();
    if (sentence) this.told.textContent = `${sentence} ${this.told.textContent}`;
    const rows = [...this.list.children];
    const row = rows.find((other) => other.querySelector('h3')?.textContent === focus);
    const target = typeof focus === 'string' ? row?.querySelector('button') : focus;
    (target ?? this.input).focus();
  }
}
