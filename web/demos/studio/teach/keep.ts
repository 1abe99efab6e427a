// Keeping the project: in this browser as it changes, and as files.
import {
  deleteModel,
  exportPage,
  exportTeachableMachine,
  type FeatureExtractor,
  listModels,
  type ModelSource,
  type SaveTarget,
} from 'gesso';
import { find, Trouble } from '../page.js';
import { language, tell, texts } from '../texts.js';
import { ProjectForm } from './projectCard.js';

type Save = (teacher: FeatureExtractor, where: SaveTarget) => Promise<void>;

/** What the page does for what is kept. */
interface Own {
  teacher(): FeatureExtractor | undefined;
  save(): Save | undefined;
  /** Opens a project in place of the one there is, which stays if that fails. */
  open(project: ModelSource, name: string): Promise<boolean>;
  /** Begins with nothing: whether that has worked. */
  anew(): Promise<boolean>;
}

const name = 'teach-page';
const place = `indexeddb://${name}`;
const wish = 'gesso-teach-keep'; // whether somebody wants it kept
const settled = 800; // milliseconds without a change, until it is saved
const times = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });

export class Keep {
  readonly trouble = new Trouble(find('[data-save-trouble]'));
  readonly form = new ProjectForm(() => this.changed());
  private readonly toggle = find<HTMLInputElement>('[data-keep]');
  private readonly told = find('[data-kept-told]');
  private readonly unopened = find('[data-unopened]');
  private readonly buttons = [...document.querySelectorAll<HTMLButtonElement>('[data-save]')];
  private readonly before = this.told.textContent ?? '';
  private waiting = 0;
  private unsaved = false;

  constructor(private readonly own: Own) {
    this.toggle.addEventListener('change', () => void this.turn(this.toggle.checked));
    for (const button of this.buttons) {
      button.addEventListener('click', () => void this.giveAway(button.dataset.save ?? ''));
    }
    const input = find<HTMLInputElement>('[data-project]');
    find('[data-open]').addEventListener('click', () => input.click());
    input.addEventListener('change', () => {
      const [file] = input.files ?? [];
      if (file) void this.open(file);
      input.value = '';
    });
    find('[data-anew]').addEventListener('click', () => void this.anew());
    find('[data-reopen]').addEventListener('click', () => void this.reopen());
    find('[data-forget]').addEventListener('click', () => void this.forget());
    window.addEventListener('beforeunload', (event) => {
      if (this.unsaved && (this.own.teacher()?.size ?? 0) > 0) event.preventDefault();
    });
  }

  /** Opens what this browser keeps, if there is something: whether that has worked. */
  async start(): Promise<boolean> {
    if (!(await holdLock({ ifAvailable: true }))) {
      this.told.textContent = texts.otherTab;
      void holdLock({}).then(() => this.takeOver());
      return false;
    }
    const found = await this.findKept();
    if (!found) return false;
    this.tellKept(texts.keptUnopened, found.saved);
    return this.reopen();
  }

  /** Something of the project has changed. */
  changed(): void {
    const teacher = this.own.teacher();
    if (!teacher) return;
    teacher.card = this.form.card;
    this.unsaved = true;
    this.enable();
    window.clearTimeout(this.waiting);
    if (this.toggle.checked && this.unopened.hidden) {
      this.waiting = window.setTimeout(() => void this.save(), settled);
    }
  }

  /** Another project is open: its card is shown. */
  opened(): void {
    const teacher = this.own.teacher();
    if (!teacher) return;
    this.form.card = teacher.card;
    this.unsaved = false;
    this.enable();
  }

  /** Opens a project file: in place of what there is, which may be nowhere else or only kept here. */
  async open(file: File): Promise<void> {
    const { size: count = 0 } = this.own.teacher() ?? {};
    const goes = count > 0 && (this.unsaved || this.toggle.checked);
    if (goes && !window.confirm(tell(texts.reallyOpen, { name: file.name, count }))) return;
    this.trouble.clear();
    if (await this.own.open([file], file.name)) {
      this.changed();
      this.unsaved = false;
    }
  }

  /** What can be saved now. */
  enable(): void {
    const teacher = this.own.teacher();
    const { missing } = this.form;
    const taught = teacher !== undefined && teacher.classes.length > 0;
    for (const button of this.buttons) {
      const isProject = button.dataset.save === 'project';
      button.disabled = isProject ? !teacher?.size : !taught || missing !== '';
    }
    find('[data-share-told]').textContent = taught ? missing : '';
  }

  /** The other tab is gone. What it has kept stays until somebody opens or forgets it. */
  private async takeOver(): Promise<void> {
    this.told.textContent = this.before;
    const found = await this.findKept();
    if (found) {
      this.tellKept(texts.keptByOther, found.saved);
      this.unopened.hidden = false;
      this.toggle.disabled = true;
      this.toggle.checked = false;
    } else if (this.own.teacher()?.size) this.changed();
  }

  /** Finds out what is kept, and whether anything can be. */
  private async findKept(): Promise<{ saved: Date } | undefined> {
    const kept = await listModels().catch(() => undefined);
    if (!kept) {
      this.told.textContent = texts.cannotKeep;
      return undefined;
    }
    this.toggle.disabled = false;
    this.toggle.checked = wished();
    const found = kept.find((model) => model.name === name);
    if (!found && this.toggle.checked) this.told.textContent = texts.keepsFromNow;
    return found;
  }

  private tellKept(sentence: string, saved: Date): void {
    find('[data-unopened-told]').textContent = tell(sentence, { date: times.format(saved) });
  }

  private async reopen(): Promise<boolean> {
    const opened = await this.own.open(place, texts.yourProject);
    this.unopened.hidden = opened;
    this.toggle.disabled = !opened;
    this.toggle.checked = opened;
    if (opened) this.told.textContent = texts.keptReopened;
    return opened;
  }

  private async forget(): Promise<void> {
    await this.tryTo(async () => {
      await deleteModel(place);
      this.unopened.hidden = true;
      this.toggle.disabled = false;
      this.told.textContent = this.before;
      this.toggle.focus();
    });
  }

  private async turn(on: boolean): Promise<void> {
    wishFor(on);
    await this.tryTo(async () => {
      if (on && this.own.teacher()?.size) await this.save();
      else if (on) this.told.textContent = texts.keepsFromNow;
      else {
        window.clearTimeout(this.waiting);
        await deleteModel(place);
        this.unsaved = true;
        this.told.textContent = texts.keptNoMore;
      }
    });
  }

  private async save(): Promise<void> {
    const teacher = this.own.teacher();
    if (!teacher) return;
    await this.tryTo(async () => {
      this.unsaved = false; // what changes meanwhile is not in it
      try {
        await this.own.save()?.(teacher, place);
      } catch (error) {
        this.unsaved = true;
        throw error;
      }
      if (this.toggle.checked) {
        this.told.textContent = tell(texts.keptAt, { date: times.format(new Date()) });
      } else await deleteModel(place); // it was switched off meanwhile
    });
  }

  private async giveAway(what: string): Promise<void> {
    const teacher = this.own.teacher();
    if (!teacher) return;
    const { title } = this.form.card;
    const where = `downloads://${this.form.fileName}`;
    const told = find('[data-share-told]');
    told.textContent = texts.packing;
    await this.tryTo(async () => {
      if (what === 'project') {
        await this.own.save()?.(teacher, where);
        this.unsaved = false;
      } else if (what === 'page') {
        await exportPage(teacher, where, { ...(title && { title }) });
      } else if (what === 'teachable') {
        await exportTeachableMachine(teacher, where);
      } else await teacher.saveModel(where);
      told.textContent = texts.downloaded;
    });
    if (told.textContent === texts.packing) told.textContent = '';
  }

  private async anew(): Promise<void> {
    const { size: count = 0 } = this.own.teacher() ?? {};
    if (count > 0 && !window.confirm(tell(texts.reallyAnew, { count }))) return;
    await this.tryTo(async () => {
      window.clearTimeout(this.waiting);
      if (!(await this.own.anew())) return;
      if (this.toggle.checked && this.unopened.hidden) await deleteModel(place);
      if (this.toggle.checked) this.told.textContent = texts.keepsFromNow;
    });
  }

  private async tryTo(work: () => Promise<void>): Promise<void> {
    this.trouble.clear();
    try {
      await work();
    } catch (error) {
      this.trouble.show(error);
    }
  }
}

/**
 * Whether this is the only tab with this page: two would write over each other.
 *
 * @param options `{ ifAvailable: true }`, or else it resolves when the others are gone
 */
function holdLock(options: LockOptions): Promise<boolean> {
  const { locks } = navigator;
  if (!locks) return Promise.resolve(true); // as on plain http
  return new Promise((told) => {
    locks
      .request(name, options, (lock) => {
        told(lock !== null);
        return lock ? new Promise(() => {}) : undefined; // as long as the page lives
      })
      .catch(() => told(true)); // where nothing may be stored, as with cookies blocked
  });
}

function wished(): boolean {
  try {
    return localStorage.getItem(wish) === 'yes';
  } catch {
    return false; // where nothing may be stored
  }
}

function wishFor(on: boolean): void {
  try {
    if (on) localStorage.setItem(wish, 'yes');
    else localStorage.removeItem(wish);
  } catch {
    // Where nothing may be stored, the database will say so.
  }
}
