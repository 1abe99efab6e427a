// Writes what was taught as a project that Teachable Machine's own library reads.
import type { Inside } from '../../insides.js';
import type { ModelFiles, SaveTarget } from '../../layers/layersModel.js';
import { fail, insideOf, readOptions, show } from '../../library.js';
import type { Graft } from '../graft.js';
import { storeAsOne } from '../storeAsOne.js';
import { theirs, writeMetadata } from './metadata.js';
import type { ExportOptions } from './types.js';

const who = 'exportTeachableMachine';

export async function exportTeachableMachine(
  extractor: object,
  where: SaveTarget,
  given: ExportOptions,
): Promise<void> {
  const { name } = readOptions(who, given, { name: 'untitled' });
  const graft = await graftOf(who, extractor);
  const side = checkPictures(graft);
  const metadata = writeMetadata(graft.labels, name, side, new Date());
  const files: ModelFiles = new Map(graft.files);
  files.set('metadata.json', new TextEncoder().encode(metadata));
  await storeAsOne(where, files, '.zip');
}

/** What was taught as one network; `taught` waits for all that was asked for before. */
export async function graftOf(caller: string, extractor: object): Promise<Graft> {
  const inside: Inside | undefined = insideOf(extractor);
  if (!inside?.taught) {
    fail(
      `${caller}: this was not taught here`,
      { given: show(extractor) },
      'what featureExtractor() or openProject() gives',
    );
  }
  const taught = await inside.taught();
  if (taught.task !== 'classification') {
    fail(
      `${caller}: only classes can be exported so`,
      { task: taught.task },
      'saveModel() for a network that gives a number',
    );
  }
  return taught.graft();
}

/** The side of the pictures, which must be prepared as theirs are. */
function checkPictures({ preprocess, input: [height, width, channels] }: Graft): number {
  for (const [name, wanted] of Object.entries(theirs)) {
    const found: unknown = preprocess[name as keyof typeof theirs];
    if (JSON.stringify(found) === JSON.stringify(wanted)) continue;
    fail(
      `${who}: Teachable Machine prepares pictures in another way than this extractor`,
      { part: `preprocess.${name}`, theirs: show(wanted), 'of this extractor': show(found) },
      "featureExtractor(model, { preprocess: { fit: 'crop', sampling: 'halfPixel', mean: 127, std: 127 } })",
    );
  }
  if (height === width && channels === 3) return height;
  return fail(
    `${who}: Teachable Machine has square pictures of three colours`,
    { 'of this extractor': `${width} × ${height} × ${channels}` },
    "another base: 'mobilenet'",
  );
}
