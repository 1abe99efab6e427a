// The training: its button, its settings, and its course while it runs.
import type { FeatureExtractor, TeachLogs, TeachOptions, TeachProgress } from 'gesso';
import { Chart, showPart } from '../chart.js';
import { find } from '../page.js';
import { tell, texts } from '../texts.js';
import type { WorkBar } from './work.js';

/** What the page does for a training. */
interface Own {
  teacher(): FeatureExtractor | undefined;
  train(
    teacher: FeatureExtractor,
    options: TeachOptions,
    show: (epoch: number, logs: TeachLogs) => void,
  ): Promise<unknown>;
  /** It begins; what it knew is about to change. */
  begun(): void;
  /** It has ended, well or not. */
  ended(): Promise<void>;
  /** Features come from another layer now. */
  cutElsewhere(): void;
  failed(error: unknown): void;
}

const phases: Record<TeachProgress['phase'], string> = {
  features: texts.phaseFeatures,
  head: texts.phaseHead,
  network: texts.phaseNetwork,
};

export class Lesson {
  private readonly button = find<HTMLButtonElement>('[data-train]');
  private readonly bar = find<HTMLProgressElement>('[data-progress]');
  private readonly told = find('[data-course]');
  private readonly layer = find<HTMLSelectElement>('[data-layer]');
  private readonly from = find<HTMLSelectElement>('[data-from]');
  private readonly chart = new Chart(texts.epoch, ['loss', 'right', 'heldOut']);
  private running = false;
  private possible = false;

  constructor(
    private readonly own: Own,
    private readonly work: WorkBar,
  ) {
    this.button.addEventListener('click', () => void this.press());
    this.layer.addEventListener('change', () => void this.useLayer());
    const fineTune = this.field('fineTune');
    fineTune.addEventListener('change', () => {
      find('[data-from-field]').hidden = !fineTune.checked;
    });
  }

  /** Says whether there is something to learn from, and in words what is missing or new. */
  enable(possible: boolean, sentence: string): void {
    this.possible = possible;
    this.show();
    if (!this.running) this.told.textContent = sentence;
  }

  /** Shows the layers at which the base can be cut. */
  async offerLayers(): Promise<void> {
    const teacher = this.own.teacher();
    const layers = (await teacher?.layers()) ?? [];
    if (teacher !== this.own.teacher() || !teacher) return;
    this.layer.replaceChildren(
      ...layers.map(({ name, features, isDefault }) => {
        const count = tell(texts.features, { count: features });
        const option = new Option(`${name}, ${count}${isDefault ? ' ★' : ''}`, name);
        option.selected = name === teacher.layer;
        return option;
      }),
    );
    this.layer.disabled = false;
    const [first] = this.from.options;
    const names = [...new Set(layers.map(({ name }) => name))];
    this.from.replaceChildren(...(first ? [first] : []), ...names.map((name) => new Option(name)));
  }

  wipe(): void {
    this.chart.clear();
    this.bar.value = 0;
    this.layer.disabled = true;
    this.layer.replaceChildren();
  }

  private async press(): Promise<void> {
    const teacher = this.own.teacher();
    if (!teacher) return;
    if (this.running) {
      teacher.stop();
      return;
    }
    this.running = true;
    this.show();
    this.chart.clear();
    this.bar.removeAttribute('value');
    this.told.textContent = texts.phaseHead;
    this.own.begun();
    try {
      let epochs = 0;
      const show = (_: number, logs: TeachLogs) => this.draw(++epochs, logs);
      await this.own.train(teacher, this.options(), show);
      this.bar.value = this.bar.max;
    } catch (error) {
      this.bar.value = 0;
      this.own.failed(error);
    } finally {
      this.running = false;
      this.show();
      await this.own.ended();
    }
  }

  private draw(epoch: number, logs: TeachLogs): void {
    const { loss, accuracy, val_accuracy: heldOut } = logs;
    this.chart.add(epoch, {
      ...(loss !== undefined && { loss }),
      ...(accuracy !== undefined && { right: accuracy }),
      ...(heldOut !== undefined && { heldOut }),
    });
    const part = heldOut ?? accuracy;
    if (part !== undefined) {
      this.told.textContent = tell(texts.epochRight, { epoch, part: showPart(part) });
    }
  }

  private options(): TeachOptions {
    const number = (name: string) => {
      const field = this.field(name);
      return field.value === '' ? {} : { [name]: Number(field.value) };
    };
    const { value: from } = this.from;
    return {
      ...number('epochs'),
      ...number('learningRate'),
      ...number('hiddenUnits'),
      augment: this.field('augment').checked,
      fineTune: this.field('fineTune').checked && (from ? { from } : true),
      onProgress: (progress) => this.showProgress(progress),
    };
  }

  private showProgress({ phase, epoch, epochs, step, steps = 1 }: TeachProgress): void {
    this.bar.max = Math.max(epochs, 1);
    this.bar.value = epoch + step / Math.max(steps, 1);
    this.bar.ariaValueText = phases[phase];
    if (phase !== 'head') this.told.textContent = phases[phase];
  }

  /** Cuts at another layer; the field waits until that is done, so that no two changes meet. */
  private async useLayer(): Promise<void> {
    const teacher = this.own.teacher();
    if (!teacher) return;
    const { value: name } = this.layer;
    this.layer.disabled = true;
    this.own.begun();
    try {
      await this.work.during(tell(texts.cutsAt, { name }), ({ signal, show }) =>
        teacher.useLayer(name, {
          signal,
          onProgress: ({ loaded, total }) => {
            show(tell(texts.cutsAt, { name }), loaded / Math.max(total, 1));
          },
        }),
      );
      this.own.cutElsewhere();
    } catch (error) {
      this.own.failed(error);
    } finally {
      this.layer.value = teacher.layer;
      this.layer.disabled = false;
      await this.own.ended();
    }
  }

  private show(): void {
    this.button.textContent = this.running ? texts.stop : texts.train;
    this.button.disabled = !this.running && !this.possible;
    document.body.classList.toggle('training', this.running);
  }

  private field(name: string): HTMLInputElement {
    return find<HTMLInputElement>(`[data-setting="${name}"]`);
  }
}
