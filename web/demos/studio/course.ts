// The buttons of a training: they begin it, make it wait, go on and end.
import { find, type Trouble } from './page.js';
import { texts } from './texts.js';

/** What can be trained, as far as the buttons need it. */
interface Trainable {
  pause(): void;
  resume(): void;
  stop(): void;
  dispose(): void;
}

/** What a training does just now. */
export type State = 'resting' | 'running' | 'paused';

/** What the page has to do with a training. */
interface Moments<Model> {
  /** Trains to the end, or until the model is told to stop. */
  train(model: Model): Promise<unknown>;
  /** It does something else now. */
  turned(state: State): void;
  /** There is a new model that knows nothing yet, or none. */
  forgotten(): void;
  trouble(): Trouble;
}

const words: Record<State, string> = {
  resting: texts.train,
  running: texts.pause,
  paused: texts.goOn,
};

/** One model and its training. */
export class Course<Model extends Trainable> {
  /** What is trained, once there is something. */
  model: Model | undefined;
  private state: State = 'resting';
  private make: (() => Model) | undefined;
  private readonly button = find<HTMLButtonElement>('[data-train]');

  constructor(private readonly moments: Moments<Model>) {
    this.button.addEventListener('click', () => this.press());
    find('[data-forget]').addEventListener('click', () => this.forget());
  }

  get resting(): boolean {
    return this.state === 'resting';
  }

  /** Says how models are made; one that there is, is given up. */
  use(make: () => Model): void {
    this.make = make;
    this.forget();
  }

  /** Ends the training, and the model with it. */
  forget(): void {
    this.model?.stop();
    this.model?.dispose();
    this.model = undefined;
    this.turn('resting');
    this.moments.forgotten();
  }

  /** Ends the training; what the model has learned stays. */
  stop(): void {
    this.model?.stop();
  }

  enable(possible: boolean): void {
    this.button.disabled = !possible;
  }

  private press(): void {
    if (this.state === 'running') {
      this.model?.pause();
      this.turn('paused');
    } else if (this.state === 'paused') {
      this.turn('running');
      this.model?.resume();
    } else {
      void this.begin();
    }
  }

  /** Trains, as pressing the button of a model that rests does. */
  async begin(): Promise<void> {
    this.moments.trouble().clear();
    try {
      this.model ??= this.make?.();
    } catch (error) {
      this.moments.trouble().show(error);
    }
    const { model } = this;
    if (!model) return;
    this.turn('running');
    try {
      await this.moments.train(model);
    } catch (error) {
      if (model === this.model) this.moments.trouble().show(error);
    } finally {
      if (model === this.model) this.turn('resting');
    }
  }

  private turn(state: State): void {
    this.state = state;
    this.moments.turned(state);
    this.button.textContent = words[state];
    document.body.classList.toggle('training', state === 'running');
  }
}
