// Where pictures come from: samples, a chosen file, a pasted one, a dropped one.
import { find, make, type Trouble } from './page.js';
import { tell, texts } from './texts.js';

export type Picture = HTMLImageElement | HTMLCanvasElement;

/** An entry of photos/index.json, which the server of these pages writes. */
interface Photo {
  name: string;
  address: string;
}

/** A picture that is painted on the spot, for when no photo is at hand. */
export type Painting = [name: string, canvas: HTMLCanvasElement];

/** The easel: one picture at a time, and a rail of samples below it. */
export class Easel {
  /** What hangs there now. */
  picture: Picture | undefined;
  private readonly frame = find('[data-picture]');
  private readonly rail = find('[data-samples]');

  constructor(
    private readonly onPicture: () => void,
    private readonly trouble: Trouble,
    /** Given the files that are no pictures but films, where a page shows them. */
    private readonly onFilm?: (film: File) => void,
  ) {
    const input = find<HTMLInputElement>('[data-file]');
    input.addEventListener('change', () => {
      const [file] = input.files ?? [];
      if (file) void this.hangFile(file);
      input.value = '';
    });
    find('[data-choose]').addEventListener('click', () => input.click());
    window.addEventListener('paste', (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      const file = files.find(({ type }) => type.startsWith('image/'));
      if (file) void this.hangFile(file);
    });
  }

  /** Fills the rail: the photos that the server has, then paintings made on the spot. */
  async hangSamples(paintings: readonly Painting[]): Promise<void> {
    const response = await fetch('../photos/index.json');
    const photos: Photo[] = response.ok ? await response.json() : [];
    for (const { name, address } of photos) {
      const image = make('img');
      image.alt = '';
      image.src = `../photos/${address}`;
      this.addSample(name, image, () => this.hangImage(image.src, name));
    }
    for (const [name, canvas] of paintings) {
      const miniature = make('canvas');
      miniature.width = canvas.width;
      miniature.height = canvas.height;
      miniature.getContext('2d')?.drawImage(canvas, 0, 0);
      this.addSample(name, miniature, async () => this.hang(canvas, name));
    }
  }

  /** Hangs the first sample of these names that there is. */
  hangSample(...names: string[]): void {
    const buttons = names.map((name) =>
      this.rail.querySelector<HTMLElement>(`[data-name="${name}"]`),
    );
    buttons.find((button) => button !== null)?.click();
  }

  /** Hangs a picture from a file. */
  async hangFile(file: File): Promise<void> {
    if (this.onFilm && file.type.startsWith('video/')) {
      this.onFilm(file);
      return;
    }
    await this.hangImage(URL.createObjectURL(file), file.name);
  }

  private async hangImage(address: string, name: string): Promise<void> {
    const image = make('img');
    image.src = address;
    try {
      await image.decode();
    } catch {
      this.trouble.show(tell(texts.pictureFailed, { name }));
      return;
    }
    image.alt = name;
    this.hang(image, name);
  }

  /** Marks the sample that hangs there; none, if there is none of that name. */
  mark(name: string): void {
    for (const button of this.rail.querySelectorAll<HTMLElement>('button')) {
      button.setAttribute('aria-pressed', String(button.dataset.name === name));
    }
  }

  private hang(picture: Picture, name: string): void {
    if (picture instanceof HTMLCanvasElement) {
      picture.setAttribute('role', 'img');
      picture.setAttribute('aria-label', name);
    }
    this.trouble.clear();
    this.picture = picture;
    this.frame.replaceChildren(picture);
    this.mark(name);
    this.onPicture();
  }

  private addSample(name: string, miniature: HTMLElement, hang: () => Promise<void>): void {
    const button = make('button', 'sample');
    button.type = 'button';
    button.dataset.name = name;
    button.setAttribute('aria-label', tell(texts.lookAt, { name }));
    button.append(miniature);
    button.addEventListener('click', () => void hang());
    const item = make('li');
    item.append(button);
    this.rail.append(item);
  }
}
