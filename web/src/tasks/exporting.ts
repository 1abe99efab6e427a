// Ways out for what was taught: to Teachable Machine's library, and as a page of its own.

import { teachCode } from '../later.js';
import type { SaveTarget } from '../layers/layersModel.js';
import type { ExportOptions, ExportPageOptions } from '../teach/teachable/types.js';
import type { FeatureExtractor } from './featureExtractor.js';

/**
 * Saves what was taught as an image project of Teachable Machine: `model.json`, `weights.bin` and
 * `metadata.json`, as its library and the sketches made for it read them.
 *
 *     await exportTeachableMachine(extractor, 'downloads://cups');   // one file, cups.zip
 *
 * @param where `'downloads://name'` in pages, a folder in Node, or something of your own that takes the files
 * @throws MLError where pictures are prepared in another way than theirs, for a base that is not made of
 *   layers, and before training
 */
export async function exportTeachableMachine(
  extractor: FeatureExtractor,
  where: SaveTarget,
  options: ExportOptions = {},
): Promise<void> {
  const given = { ...options };
  await (await teachCode()).exportTeachableMachine(extractor, where, given);
}

/**
 * Saves what was taught as one page with the network and the library inside, which needs no server and no
 * connection: it looks through the camera or at dropped pictures.
 *
 *     await exportPage(extractor, 'downloads://cups', { title: 'Cups and cats' });   // cups.html
 *
 * @param where as for {@link exportTeachableMachine}; a folder gets an `index.html`
 */
export async function exportPage(
  extractor: FeatureExtractor,
  where: SaveTarget,
  options: ExportPageOptions = {},
): Promise<void> {
  const given = { ...options };
  await (await teachCode()).exportPage(extractor, where, given);
}
