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

  constructor(
    private readonly moments: Moments,
    private readonly trouble: Trouble,
    /** The camera that looks at whoever holds the phone, or the one on its back. */
    private readonly facing: 'user' | 'environment' = 'environment',
  ) {
    this.button.addEventListener('click', () => {
      if (!this.end) {
        void this.start();
        return;
      }
      this.stop();
      moments.stopped();
    });
  }

  /** Whether the button can be pressed: a camera without a model would show nothing. */
  enable(possible: boolean): void {
    this.button.disabled = !possible;
  }

  /** Turns the camera off, if it is on. */
  stop(): void {
    this.end?.();
    this.end = undefined;
  }

  private async start(): Promise<void> {
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
      return;
    }
    this.video.srcObject = stream;
    await this.video.play();
    this.show(true);
    const stopWatching = this.moments.started(this.video);
    this.end = () => {
      stopWatching();
      for (const track of stream.getTracks()) track.stop();
      this.video.srcObject = null;
      this.show(false);
    };
  }

  private show(live: boolean): void {
    this.stage.classList.toggle('live', live);
    find('span', this.button).textContent = live ? texts.stopCamera : texts.useCamera;
  }
}
