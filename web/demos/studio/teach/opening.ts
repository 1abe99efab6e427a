// Which extractor there is: made from a base that is at hand, or opened from a project.
import { type FeatureExtractor, type ModelSource, setModelPath } from 'gesso';
import type { Shelved } from '../models.js';
import { offerModel } from '../offer.js';
import { find, isAbort, LoadingBar, type LoadOptions, Trouble } from '../page.js';
import { texts } from '../texts.js';

/** What the sketch does. */
export interface Makers {
  make?: (base: string, options: LoadOptions) => Promise<FeatureExtractor>;
  open?: (project: ModelSource, options: LoadOptions) => Promise<FeatureExtractor>;
}

/** What may happen. */
interface Moments {
  /** There is another one; the one before is about to end. */
  opened(teacher: FeatureExtractor): void;
  /** There is none, for a reason in words. */
  failed(sentence: string): void;
}

const base = 'mobilenet';
const small = 'digits'; // comes with gesso

export class Opening {
  teacher: FeatureExtractor | undefined;
  readonly makers: Makers = {};
  private readonly trouble = new Trouble(find('[data-model-trouble]'));
  private readonly loading = new LoadingBar();
  private readonly smallOne = find('[data-small]');
  private readonly offer = find('[data-offer]');
  private giveUp = () => {};

  constructor(private readonly moments: Moments) {
    setModelPath('../models/'); // models known by name are looked for on this machine first
    find('button', this.smallOne).addEventListener('click', () => void this.use(small));
  }

  /** Begins with the base, if it is on this machine; else offers what can be had. */
  async begin(): Promise<void> {
    const response = await fetch('../models/index.json');
    const models: Shelved[] = response.ok ? await response.json() : [];
    if (models.some(({ name }) => name === base)) {
      await this.use(base);
      return;
    }
    this.moments.failed(texts.noBase);
    this.smallOne.hidden = false;
    await offerModel([base], () => void this.use(base));
  }

  /** Opens a project; what there was stays if that fails. */
  openProject(project: ModelSource, name: string): Promise<boolean> {
    return this.replace(name, async (options) => this.makers.open?.(project, options));
  }

  /** Begins with nothing, on the same base. */
  async anew(): Promise<void> {
    await this.teacher?.clear();
  }

  private async use(name: string): Promise<void> {
    const offered = !this.offer.hidden || !this.smallOne.hidden;
    this.offer.hidden = true;
    this.smallOne.hidden = true;
    const opened = await this.replace(name, async (options) => this.makers.make?.(name, options));
    if (opened || this.teacher) return;
    this.offer.hidden = !offered || name === small;
    this.smallOne.hidden = false; // without a network it is what there is
  }

  private async replace(
    name: string,
    make: (options: LoadOptions) => Promise<FeatureExtractor | undefined>,
  ): Promise<boolean> {
    this.giveUp();
    let current = true;
    this.trouble.clear();
    if (!this.teacher) this.moments.failed(texts.loadingTheModel);
    try {
      const made = await this.loading.during(name, (options, abort) => {
        this.giveUp = () => {
          current = false;
          abort();
        };
        return make(options);
      });
      if (!made) return false;
      if (!current) {
        made.dispose();
        return false;
      }
      const before = this.teacher;
      this.teacher = made;
      this.offer.hidden = true;
      this.smallOne.hidden = true;
      this.moments.opened(made);
      before?.dispose();
      return true;
    } catch (error) {
      if (!current) return false;
      if (!isAbort(error)) this.trouble.show(error);
      if (!this.teacher) this.moments.failed(isAbort(error) ? texts.cancelled : texts.noModel);
      return false;
    }
  }
}
