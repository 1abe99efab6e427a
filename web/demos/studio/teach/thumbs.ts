// The kept pictures of examples as addresses for <img>, each made once.
import type { FeatureExtractor } from 'gesso';

export class Thumbs {
  private readonly addresses = new Map<number, Promise<string>>();
  private teacher: FeatureExtractor | undefined;

  /** Pictures are those of this one from now on. */
  use(teacher: FeatureExtractor | undefined): void {
    this.keep([]);
    this.teacher = teacher;
  }

  /** Shows the picture of an example in an <img>, once it is there. */
  async show(id: number, image: HTMLImageElement): Promise<void> {
    image.dataset.example = String(id);
    const address = await this.addressOf(id);
    if (address && image.dataset.example === String(id)) image.src = address;
  }

  /** Forgets the pictures of all other examples. */
  keep(ids: Iterable<number>): void {
    const kept = new Set(ids);
    for (const [id, address] of this.addresses) {
      if (kept.has(id)) continue;
      this.addresses.delete(id);
      void address.then((made) => made && URL.revokeObjectURL(made));
    }
  }

  private addressOf(id: number): Promise<string> {
    const known = this.addresses.get(id);
    if (known) return known;
    const address = this.make(id);
    this.addresses.set(id, address);
    return address;
  }

  private async make(id: number): Promise<string> {
    try {
      const picture = await this.teacher?.picture(id);
      return picture ? URL.createObjectURL(picture) : '';
    } catch {
      return ''; // it was removed meanwhile, or its project holds no pictures
    }
  }
}
