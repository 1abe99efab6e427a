// The page around the demos that see people: pictures, films and the camera come to the sketch, and what it
// finds is drawn over them.
import { setModelPath } from 'gesso';
import { Camera } from './camera.js';
import { takeDrops } from './drops.js';
import { type Card, type Model, ModelShelf, showCard } from './models.js';
import { offerModel } from './offer.js';
import { find, type LoadOptions, make, showTimeSince, Trouble } from './page.js';
import { Easel, type Painting, type Picture } from './pictures.js';
import { Sketch } from './sketch.js';
import { tell, texts } from './texts.js';

/** What can be looked at: what stands still, and what moves. */
export type Seen = Picture | HTMLVideoElement;

type Load = (model: Model, options: LoadOptions & Record<string, unknown>) => Promise<Card>;
type Look<Found> = (picture: Seen) => Promise<Found>;
type Watch<Found> = (
  video: HTMLVideoElement,
  show: (found: Found) => void,
  onError: (error: unknown) => void,
) => () => void;

/** What one page has of its own. */
interface Own<Found> {
  /** The sketch as text, and the name by which it imports its page. */
  sketch: string;
  module: string;
  /** The function that opens models for this page, and the known name of the first. */
  task: string;
  favourite: string;
  /** Known names of the models that it brings along. */
  beside?: readonly string[];
  paintings: readonly Painting[];
  /** The samples of which the first that is there hangs first. */
  first: readonly string[];
  /** What else the sketch finds in `studio`. */
  tools: Record<string, unknown>;
  /**
   * Shows what was found in words.
   *
   * @returns what is read aloud: for what moves, that which does not change all the time
   */
  show(found: Found, seen: Seen): string;
  /** Draws what was found, or nothing, over what is seen. */
  draw(found: Found | undefined, seen: Seen): void;
  /** Takes back what was shown. */
  clear(): void;
}

export class Seeing<Found> {
  /** What the sketch imports. */
  readonly studio: Record<string, unknown>;
  /** Where errors of looking and drawing are told. */
  readonly trouble = new Trouble(find('[data-picture-trouble]'));
  private readonly sketch: Sketch;
  private readonly stage = find('[data-stage]');
  private readonly pause = find<HTMLButtonElement>('[data-pause]');
  private readonly offer = find('[data-offer]');
  private readonly fields = [...document.querySelectorAll<HTMLElement>('[data-option]')];
  private readonly mirror = find<HTMLInputElement>('[data-option="flip"]');
  private readonly camera: Camera;
  private readonly easel: Easel;
  private shelf: ModelShelf<Card> | undefined;
  private load: Load | undefined;
  private look: Look<Found> | undefined;
  private watch: Watch<Found> | undefined;
  private ready = false;
  private live: HTMLVideoElement | undefined; // the camera, while it is on
  private film: HTMLVideoElement | undefined;
  private found: [Found, Seen] | undefined;
  private end = () => {}; // of the watching
  private turn = 0; // counts what was begun, so that late answers can tell
  private mirrorMeant: boolean | undefined; // what the visitor wants, once there was a choice
  private said = '';
  private speaking = 0;

  constructor(private readonly own: Own<Found>) {
    this.studio = {
      ...own.tools,
      onModel: (load: Load) => {
        this.load = load;
        if (this.shelf) this.shelf.useAgain(this.sketch.troubleOr(this.shelf.trouble));
        else void this.open();
      },
      onPicture: (look: Look<Found>) => {
        this.look = look;
      },
      onVideo: (watch: Watch<Found>) => {
        this.watch = watch;
      },
    };
    this.sketch = new Sketch(own.sketch, { [own.module]: { studio: this.studio } });
    const moments = {
      started: (video: HTMLVideoElement) => this.startCamera(video),
      stopped: () => this.leaveCamera(),
    };
    this.camera = new Camera(moments, this.trouble, 'user');
    this.easel = new Easel(
      () => this.hang(undefined),
      this.trouble,
      (file) => void this.showFilm(file),
    );
    this.pause.addEventListener('click', () => void this.toggleFilm());
    for (const field of this.fields) {
      field.addEventListener('change', () => {
        if (field === this.mirror) this.mirrorMeant = this.mirror.checked;
        this.change();
      });
    }
    new ResizeObserver(() => this.redraw()).observe(this.stage);
    this.showCall();
  }

  /** Draws what was found once more. */
  redraw(): void {
    const seen = this.seen();
    if (!seen) return;
    const known = this.found?.[1] === seen ? this.found[0] : undefined;
    try {
      this.own.draw(known, seen);
    } catch (error) {
      this.sketch.troubleOr(this.trouble).show(error);
    }
  }

  private async open(): Promise<void> {
    const { own } = this;
    setModelPath('../models/'); // models known by name are looked for on this machine first
    const shelf = new ModelShelf<Card>(
      async (model, options) => (await this.load?.(model, { ...options, ...this.options() })) ?? {},
      {
        begun: () => this.stopLooking(),
        loaded: (card, name) => {
          this.ready = true;
          this.camera.enable(true);
          find('[data-model]').textContent = card.name ?? name;
          find('[data-build]').textContent = card.build ?? '–';
          showCard(card.card);
          this.begin();
        },
        failed: (sentence) => this.fail(sentence),
      },
      (task) => task === own.task,
    );
    this.shelf = shelf;
    this.camera.enable(false);
    takeDrops((files) => {
      const [only] = files;
      if (files.some(({ name }) => name.endsWith('.json'))) shelf.useFiles(files);
      else if (only) void this.easel.hangFile(only);
    });
    await this.easel.hangSamples(own.paintings);
    this.easel.hangSample(...own.first);
    if ((await shelf.open(own.favourite)) !== undefined) return;
    await offerModel([own.favourite, ...(own.beside ?? [])], () => shelf.useKnown(own.favourite));
  }

  /** What the fields of the page say, by the names of the options. */
  private options(): Record<string, unknown> {
    return Object.fromEntries(
      this.fields.map((field) => {
        const value =
          field instanceof HTMLInputElement && field.type === 'checkbox'
            ? field.checked
            : Number((field as HTMLSelectElement).value);
        return [field.dataset.option, value];
      }),
    );
  }

  /** Another option is another model: it opens anew, from what is here already. */
  private change(): void {
    this.stage.classList.toggle('mirrored', this.mirror.checked);
    this.showCall();
    if (this.shelf) this.shelf.useAgain(this.shelf.trouble);
  }

  private showCall(): void {
    const given = Object.entries(this.options()).map(([name, value]) => `${name}: ${value}`);
    find('[data-call]').textContent =
      `${this.own.task}('${this.own.favourite}', { ${given.join(', ')} })`;
  }

  private seen(): Seen | undefined {
    return this.live ?? this.film ?? this.easel.picture;
  }

  /** Something else hangs there: a film, or the picture of the easel. */
  private hang(film: HTMLVideoElement | undefined): void {
    this.camera.stop();
    this.live = undefined;
    this.film?.pause();
    if (this.film) URL.revokeObjectURL(this.film.src);
    this.film = film;
    this.pause.hidden = film === undefined;
    this.pause.textContent = texts.pauseFilm;
    this.suggestMirror(false);
    this.begin();
  }

  private async showFilm(file: File): Promise<void> {
    const video = make('video');
    video.muted = true;
    video.loop = true;
    video.playsInline = true;
    video.ariaLabel = file.name;
    video.src = URL.createObjectURL(file);
    try {
      await video.play();
    } catch {
      this.trouble.show(tell(texts.filmFailed, { name: file.name }));
      return;
    }
    this.trouble.clear();
    find('[data-picture]').replaceChildren(video);
    this.easel.mark(file.name);
    this.hang(video);
  }

  private async toggleFilm(): Promise<void> {
    const { film } = this;
    if (!film) return;
    if (film.paused) await film.play();
    else film.pause();
    this.pause.textContent = film.paused ? texts.playFilm : texts.pauseFilm;
  }

  private startCamera(video: HTMLVideoElement): () => void {
    this.film?.pause();
    this.pause.hidden = true;
    this.live = video;
    if (!this.suggestMirror(true)) this.begin();
    return () => this.stopLooking(this.ready);
  }

  private leaveCamera(): void {
    this.live = undefined;
    this.pause.hidden = this.film === undefined;
    void this.film?.play();
    if (!this.suggestMirror(false)) this.begin();
  }

  /** People expect a mirror of a camera, and of nothing else; a choice of theirs goes before. */
  private suggestMirror(mirrored: boolean): boolean {
    const wanted = this.mirrorMeant ?? mirrored;
    if (this.mirror.checked === wanted) return false;
    this.mirror.checked = wanted;
    this.change();
    return this.shelf !== undefined;
  }

  private stopLooking(ready = false): void {
    this.ready = ready;
    this.turn += 1;
    this.end();
    this.end = () => {};
    this.offer.hidden = true;
  }

  private fail(sentence: string): void {
    this.camera.stop();
    this.live = undefined;
    this.camera.enable(false);
    this.found = undefined;
    this.redraw();
    this.own.clear();
    find('[data-opinion]').textContent = sentence;
    find('[data-answer]').textContent = '';
    find('[data-time]').textContent = '–';
    find('[data-model]').textContent = '–';
    showCard(null);
  }

  /** Looks at what is there now, and goes on while it moves. */
  private begin(): void {
    this.stopLooking(this.ready);
    this.redraw();
    const seen = this.seen();
    if (!this.ready || !seen) return;
    if (seen instanceof HTMLVideoElement) this.follow(seen);
    if (seen !== this.live) void this.lookAt(seen); // a film, too: one that waits has no new frames
  }

  private async lookAt(picture: Seen): Promise<void> {
    const { turn, look } = this;
    if (!look) return;
    const start = performance.now();
    try {
      const found = await look(picture);
      if (turn === this.turn) this.show(found, picture, showTimeSince(start));
    } catch (error) {
      if (turn === this.turn) this.sketch.troubleOr(this.trouble).show(error);
    }
  }

  private follow(video: HTMLVideoElement): void {
    const { turn } = this;
    let last = performance.now();
    let pace = 0;
    const show = (found: Found) => {
      if (turn !== this.turn) return;
      const now = performance.now();
      pace = pace === 0 ? now - last : 0.9 * pace + 0.1 * (now - last);
      last = now;
      this.show(found, video, tell(texts.aSecond, { count: Math.round(1000 / pace) }));
    };
    const end = this.watch?.(video, show, (error) => {
      if (turn === this.turn) this.sketch.troubleOr(this.trouble).show(error);
    });
    this.end = end ?? (() => {});
  }

  private show(found: Found, seen: Seen, time: string): void {
    this.found = [found, seen];
    find('[data-time]').textContent = time;
    this.redraw();
    this.speak(this.own.show(found, seen));
  }

  // Films and cameras answer many times a second: wait until the answer has settled.
  private speak(sentence: string): void {
    window.clearTimeout(this.speaking);
    this.speaking = window.setTimeout(() => {
      if (sentence === this.said) return;
      this.said = sentence;
      find('[data-spoken]').textContent = sentence;
      if (sentence) find('[data-drawn]').ariaLabel = tell(texts.drawnOver, { sentence });
    }, 500);
  }
}

/** Where a picture is drawn, as `place` takes it. */
export interface Stage {
  width: number;
  height: number;
  fit: 'contain';
}

/** Where pictures are drawn below a canvas. */
export function stageOf({ clientWidth: width, clientHeight: height }: HTMLElement): Stage {
  return { width, height, fit: 'contain' };
}

/** A canvas as large as its box, in the units of the page. */
export function penOn(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const pen = canvas.getContext('2d');
  if (!pen) throw new Error(texts.noCanvas);
  const { clientWidth, clientHeight } = canvas;
  canvas.width = Math.round(clientWidth * devicePixelRatio);
  canvas.height = Math.round(clientHeight * devicePixelRatio);
  pen.scale(devicePixelRatio, devicePixelRatio);
  return pen;
}
