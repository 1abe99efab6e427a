// The metadata.json of a Teachable Machine project: read as a stranger's, and written as theirs.
import { fail, isRecord, parseRecord, show } from '../../library.js';
import type { Preprocess } from '../../recipe.js';

/** What a project says of itself. */
export interface Metadata {
  kind: 'image' | 'pose';
  labels: string[];
  /** Whether its pictures are grey, by the weights of `grey()`. */
  grayscale: boolean;
  /** Of a pose project: the side of the square that PoseNet sees. */
  resolution: number;
}

/** How Teachable Machine prepares pictures: the middle square, x / 127 - 1. */
export const theirs: Preprocess = {
  fit: 'crop',
  sampling: 'halfPixel',
  mean: 127,
  std: 127,
  binarize: false,
  flip: false,
};

/** The PoseNet that all pose projects of the site use. */
const usual = { architecture: 'MobileNetV1', outputStride: 16, multiplier: 0.75 };

/** @param address of the file, for messages */
export function readMetadata(who: string, address: string, text: string): Metadata {
  const refuse = (reason: string, facts: Record<string, unknown>, hint: string): never =>
    fail(`${who}: metadata.json ${reason}`, { address, ...facts }, hint);
  const content = parseRecord(text);
  if (typeof content === 'string') {
    return refuse('is not JSON', { reason: content }, 'export the project again');
  }
  const { packageName = '@teachablemachine/image', labels, grayscale, modelSettings } = content;
  const [, kind] = /^@teachablemachine\/(image|pose)$/.exec(String(packageName)) ?? [];
  if (kind !== 'image' && kind !== 'pose') {
    return refuse(
      'is of a project for something else than pictures',
      { packageName: show(packageName) },
      'an image or a pose project',
    );
  }
  if (!Array.isArray(labels) || !labels.every((label) => typeof label === 'string')) {
    return refuse(
      'must hold the names of the classes',
      { labels: show(labels) },
      '"labels": ["cat", "dog"]',
    );
  }
  const posenet = isRecord(modelSettings) ? modelSettings.posenet : undefined;
  const settings = { ...usual, inputResolution: 257, ...(isRecord(posenet) && posenet) };
  for (const [name, known] of Object.entries(usual)) {
    const given = (settings as Record<string, unknown>)[name];
    if (kind === 'image' || given === known) continue;
    refuse(
      'names a PoseNet that is not known here',
      { [name]: show(given), known: show(known) },
      'a project of the site teachablemachine.withgoogle.com',
    );
  }
  const resolution = resolutionOf(settings.inputResolution);
  if (resolution === undefined) {
    return refuse(
      'names a size that no PoseNet takes',
      { inputResolution: show(settings.inputResolution) },
      'a multiple of 16, and 1: 257',
    );
  }
  return { kind, labels, grayscale: grayscale === true, resolution };
}

function resolutionOf(given: unknown): number | undefined {
  const { width, height } = isRecord(given) ? given : { width: given, height: given };
  const side = Number(width);
  const fits = width === height && Number.isInteger(side) && side % 16 === 1;
  return fits && side > 16 && side <= 2049 ? side : undefined;
}

/** The text of the file for an image project of ours, as their library 0.8 reads it. */
export function writeMetadata(
  labels: readonly string[],
  name: string,
  imageSize: number,
  date: Date,
): string {
  return JSON.stringify({
    tfjsVersion: '1.3.1',
    tmVersion: '2.4.10',
    packageVersion: '0.8.5',
    packageName: '@teachablemachine/image',
    timeStamp: date.toISOString(),
    userMetadata: {},
    modelName: name,
    labels,
    imageSize,
  });
}
