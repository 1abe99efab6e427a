// Where models come from: the shelf that the server knows, an address, a folder.
import { find, isAbort, LoadingBar, type LoadOptions, make, showBytes, Trouble } from './page.js';
import { texts } from './texts.js';

/** What a classifier is made from: a name, an address, or the files of a folder. */
export type Model = string | File[];

/** What a model says about itself, as far as these pages show it. */
export interface Card {
  name?: string;
  build?: string;
  card?: { trainedOn: string; source: string; licence: string; limits: string } | null;
}

/** An entry of models/index.json, which the server of these pages writes. */
export interface Shelved {
  name: string;
  /** A name that the library knows, a whole address, or one relative to models/. */
  source: string;
  /** The function that opens it. */
  task: string;
  bytes: number;
}

/** What the library is given to open it. */
export function addressOf({ source }: Shelved): string {
  return /^[^:]*\//.test(source) ? `../models/${source}` : source;
}

/** What may happen with models. `loaded` is given what the sketch returned, and the name. */
interface Moments<Card> {
  begun(): void;
  loaded(card: Card, name: string): void;
  failed(sentence: string): void;
}

export class ModelShelf<Card> {
  private readonly shelf = find<HTMLSelectElement>('[data-shelf]');
  private readonly loading = new LoadingBar();
  readonly trouble = new Trouble(find('[data-model-trouble]'));
  private giveUp = () => {};
  private last: [Model, name: string] | undefined;

  constructor(
    private readonly load: (model: Model, options: LoadOptions) => Promise<Card>,
    private readonly moments: Moments<Card>,
    /** Whether models for a task stand on the shelf. */
    private readonly wants: (task: string) => boolean,
  ) {
    this.shelf.addEventListener('change', () => void this.useShelved());
    const form = find<HTMLFormElement>('[data-address-form]');
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const address = find<HTMLInputElement>('input', form).value.trim();
      this.shelf.selectedIndex = -1;
      void this.use(address, texts.theModel);
    });
    const input = find<HTMLInputElement>('[data-folder]');
    input.addEventListener('change', () => {
      this.useFiles([...(input.files ?? [])]);
      input.value = '';
    });
    find('[data-choose-folder]').addEventListener('click', () => input.click());
  }

  /**
   * Fills the shelf and loads one of its models, or the first one if that is not there.
   *
   * @param favourite the name of that one
   * @param own models that are not the server's, which stand before its own
   * @returns the name of what it loads
   */
  async open(favourite = 'mobilenet', own: Shelved[] = []): Promise<string | undefined> {
    const response = await fetch('../models/index.json');
    const all: Shelved[] = response.ok ? await response.json() : [];
    const models = [...own, ...all.filter(({ task }) => this.wants(task))];
    for (const model of models) {
      const { name, bytes } = model;
      const option = make('option', '', `${name} (${showBytes(bytes)})`);
      option.value = addressOf(model);
      option.dataset.name = name;
      this.shelf.append(option);
    }
    const first = models.findIndex(({ name }) => name === favourite);
    this.shelf.selectedIndex = Math.max(first, 0);
    if (models.length > 0) void this.useShelved();
    else this.moments.failed(texts.noModel);
    return this.shelf.selectedOptions[0]?.dataset.name;
  }

  /** Loads a model from files that were dropped or chosen. */
  useFiles(files: File[]): void {
    const folder = files[0]?.webkitRelativePath.split('/')[0] ?? '';
    if (files.length === 0) return;
    this.shelf.selectedIndex = -1;
    void this.use(files, folder || texts.droppedModel);
  }

  /** Loads a model that the library knows by name, wherever it lies. */
  useKnown(name: string): void {
    void this.use(name, name);
  }

  /** Loads the model that there is once more, for a sketch that runs anew. */
  useAgain(trouble: Trouble): void {
    if (this.last) void this.use(...this.last, trouble);
  }

  private useShelved(): Promise<void> {
    const option = this.shelf.selectedOptions[0];
    return this.use(this.shelf.value, option?.dataset.name ?? texts.theModel);
  }

  /** Loads a model in place of the one there is; a load that still runs is given up. */
  private async use(model: Model, name: string, trouble = this.trouble): Promise<void> {
    this.giveUp();
    this.last = [model, name];
    let current = true;
    this.trouble.clear();
    this.moments.begun();
    try {
      const card = await this.loading.during(name, (options, abort) => {
        this.giveUp = () => {
          current = false;
          abort();
        };
        return this.load(model, options);
      });
      if (current) this.moments.loaded(card, name);
    } catch (error) {
      if (!current) return;
      this.shelf.selectedIndex = -1; // so that picking the same model again is a change
      const cancelled = isAbort(error);
      this.moments.failed(cancelled ? texts.cancelled : texts.noModel);
      if (!cancelled) trouble.show(error);
    }
  }
}

/** Shows where a model comes from, what it learned and what it gets wrong; nothing, if nobody says so. */
export function showCard(card: Card['card'] = null): void {
  const box = find('[data-card]');
  box.hidden = card === null;
  if (card === null) return;
  const facts = [
    [texts.trainedOn, card.trainedOn],
    [texts.getsWrong, card.limits],
    [texts.source, card.source],
    [texts.licence, card.licence],
  ] as const;
  const entries = facts.flatMap(([name, text]) => {
    const fact = make('dd', '', text);
    fact.lang = 'en'; // as the card was written
    return [make('dt', '', name), fact];
  });
  find('dl', box).replaceChildren(...entries);
}
