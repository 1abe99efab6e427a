// What is looked at: the camera, or a picture that was chosen, dropped, pasted or painted.
import { Camera } from '../camera.js';
import { find, make, Trouble } from '../page.js';
import type { Picture } from '../pictures.js';
import { tell, texts } from '../texts.js';
import { motifs } from './stillLife.js';

export type Seen = Picture | HTMLVideoElement;

export class Stage {
  readonly trouble = new Trouble(find('[data-picture-trouble]'));
  readonly camera: Camera;
  private readonly stage = find('[data-stage]');
  private readonly frame = find('[data-picture]');
  private readonly peek = find('[data-peek]');
  private readonly turn = find<HTMLButtonElement>('[data-turn]');
  private picture: Picture | undefined;
  private inView = true;

  /** @param changed there is something else to look at, or nothing */
  constructor(private readonly changed: () => void) {
    this.camera = new Camera(
      { started: () => this.begin(), stopped: () => changed() },
      this.trouble,
      'user',
    );
    this.camera.enable(true);
    this.turn.addEventListener('click', () => void this.camera.turn());
    const input = find<HTMLInputElement>('[data-file]');
    find('[data-choose]').addEventListener('click', () => input.click());
    input.addEventListener('change', () => {
      const [file] = input.files ?? [];
      if (file) void this.hangFile(file);
      input.value = '';
    });
    window.addEventListener('paste', (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      const file = files.find(({ type }) => type.startsWith('image/'));
      if (file) void this.hangFile(file);
    });
    let next = 0;
    find('[data-paint]').addEventListener('click', () => {
      const [name, paint] = motifs[next++ % motifs.length] ?? [];
      if (name && paint) this.hang(paint(Math.random), tell(texts.aPaintingOf, { name }));
    });
    new IntersectionObserver(([entry]) => {
      this.inView = entry?.isIntersecting ?? true;
      this.showPeek();
    }).observe(this.stage);
  }

  /** What there is to look at. */
  get seen(): Seen | undefined {
    return this.camera.live ?? this.picture;
  }

  /** Says what it looks like, beside the small picture of a camera that is out of sight. */
  answer(word: string): void {
    find('[data-peek-answer]', this.peek).textContent = word;
  }

  async hangFile(file: File): Promise<void> {
    const image = make('img');
    image.src = URL.createObjectURL(file);
    try {
      await image.decode();
    } catch {
      URL.revokeObjectURL(image.src);
      this.trouble.show(tell(texts.pictureFailed, { name: file.name }));
      return;
    }
    this.hang(image, file.name);
  }

  private hang(picture: Picture, name: string): void {
    this.trouble.clear();
    this.camera.stop();
    if (picture instanceof HTMLCanvasElement) picture.setAttribute('role', 'img');
    if (picture instanceof HTMLImageElement) picture.alt = name;
    else picture.ariaLabel = name;
    if (this.picture instanceof HTMLImageElement) URL.revokeObjectURL(this.picture.src);
    this.picture = picture;
    this.frame.replaceChildren(picture);
    this.stage.classList.add('filled');
    this.changed();
  }

  private begin(): () => void {
    this.stage.classList.toggle('mirrored', this.camera.looksBack);
    this.peek.classList.toggle('mirrored', this.camera.looksBack);
    this.showPeek();
    void this.countCameras();
    this.changed();
    return () => {
      this.turn.hidden = true;
      queueMicrotask(() => this.showPeek()); // once it is off
    };
  }

  private async countCameras(): Promise<void> {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const cameras = devices.filter(({ kind }) => kind === 'videoinput');
    this.turn.hidden = cameras.length < 2 || !this.camera.live;
  }

  /** A small picture of the camera in the corner, while the large one is out of sight. */
  private showPeek(): void {
    const video = find<HTMLVideoElement>('video', this.peek);
    const { live } = this.camera;
    const needed = live !== undefined && !this.inView;
    this.peek.hidden = !needed;
    video.srcObject = needed ? live.srcObject : null;
    if (needed) void video.play().catch(() => {}); // it may be gone again
  }
}
