// The camera: one button that starts it and stops it.
import { find, type Trouble } from './page.js';
import { tell, texts } from './texts.js';

/** What may happen with the camera. */
interface Moments {
  /** The video runs; what this returns is called when it stops. */
  started(video: HTMLVideoElement): () => void;
  /** The user has stopped it. */
  stopped(): void;
}

export class Camera {
  private readonly button = find<HTMLButtonElement>('[data-camera]');
  private readonly stage = find('[data-stage]');
  private readonly video = find<HTMLVideoElement>('video', this.stage);
  private end: (() => void) | undefined;
  private starting: Promise<boolean> | undefined;
  private wanted = false;

  constructor(
    private readonly moments: Moments,
    private readonly trouble: Trouble,
    /** The camera that looks at whoever holds the phone, or the one on its back. */
    private facing: 'user' | 'environment' = 'environment',
  ) {
    this.button.addEventListener('click', () => {
      if (!this.end) {
        void this.start();
        return;
      }
      this.stop();
      moments.stopped();
    });
    window.addEventListener('pagehide', () => this.stop());
  }

  /** What it shows now; undefined while it is off. */
  get live(): HTMLVideoElement | undefined {
    return this.end && this.video;
  }

  /** Whether the button can be pressed: a camera without a model would show nothing. */
  enable(possible: boolean): void {
    this.button.disabled = !possible;
  }

  /** Turns the camera off, if it is on or about to be. */
  stop(): void {
    this.wanted = false;
    this.end?.();
    this.end = undefined;
  }

  /**
   * Turns the camera on, unless it is. Called again while it starts, it is the same start.
   *
   * @returns whether it is on
   */
  start(): Promise<boolean> {
    if (this.end) return Promise.resolve(true);
    this.wanted = true;
    this.starting ??= this.open().finally(() => {
      this.starting = undefined;
    });
    return this.starting;
  }

  /** Looks to the other side, with the other camera of a phone. */
  async turn(): Promise<void> {
    this.facing = this.facing === 'user' ? 'environment' : 'user';
    this.stop();
    await this.start();
  }

  /** Whether it looks at whoever holds the phone. */
  get looksBack(): boolean {
    return this.facing === 'user';
  }

  private async open(): Promise<boolean> {
    this.trouble.clear();
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: this.facing },
      });
    } catch (error) {
      this.trouble.show(
        tell(texts.cameraFailed, {
          reason: error instanceof Error ? error.message : String(error),
        }),
      );
      return false;
    }
    this.video.srcObject = stream;
    await this.video.play().catch(() => {}); // if it was told to stop meanwhile
    if (!this.wanted) {
      for (const track of stream.getTracks()) track.stop();
      this.video.srcObject = null;
      return false;
    }
    this.show(true);
    let stopWatching = () => {};
    this.end = () => {
      stopWatching();
      for (const track of stream.getTracks()) track.stop();
      this.video.srcObject = null;
      this.show(false);
    };
    for (const track of stream.getTracks()) track.addEventListener('ended', () => this.lose());
    stopWatching = this.moments.started(this.video);
    return true;
  }

  /** Somebody has pulled it out. */
  private lose(): void {
    if (!this.end) return;
    this.stop();
    this.moments.stopped();
  }

  private show(live: boolean): void {
    this.stage.classList.toggle('live', live);
    find('span', this.button).textContent = live ? texts.stopCamera : texts.useCamera;
  }
}
