// The picture of this very moment, for what is still being loaded.
import {
  type ImageSource,
  type Picture,
  type Pixels,
  takePicture,
  workersCanDraw,
} from '../image.js';
import { platform } from '../platform.js';

/** @param who the function that the user called, to begin messages with */
export function taken(who: string, image: ImageSource): Promise<Picture> {
  const far = platform.hasWorker && workersCanDraw();
  // Pixels are the caller's own, and may change until they are read.
  const { data } = (image ?? {}) as Partial<Pixels>;
  const still = ArrayBuffer.isView(data) ? { ...(image as Pixels), data: data.slice() } : image;
  return takePicture(who, still, far);
}
