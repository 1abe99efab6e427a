// Many files that belong together: a download is one zip, other places get the files.
import type { ModelFiles, SaveTarget } from '../layers/layersModel.js';
import { downloadBlob, store } from '../library.js';
import { zip } from '../zip.js';

/** @param ending of the name of the download, where it is not there yet: `'.zip'` */
export async function storeAsOne(
  where: SaveTarget,
  files: ModelFiles,
  ending: string,
): Promise<void> {
  const [, name] = /^downloads:\/\/(.+)$/.exec(typeof where === 'string' ? where : '') ?? [];
  if (name === undefined) return store(where, files);
  downloadBlob(name.endsWith(ending) ? name : `${name}${ending}`, zip(files));
}
