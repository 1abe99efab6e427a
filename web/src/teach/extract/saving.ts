// What an extractor gives away: all of it as a project, or base and head as one model.
import type { ModelFiles } from '../../layers/layersModel.js';
import { readOptions } from '../../library.js';
import { filesOf, type Graft, grafted, partOf, rescaled } from '../graft.js';
import { headOf, isStale, labelsOf, learnedHead, rowsOf } from './answering.js';
import { networkOf } from './learning.js';
import type { Loaded } from './loading.js';
import { writeProject } from './project.js';
import type { SaveProjectOptions } from './types.js';

export async function projectFiles(
  loaded: Loaded,
  given: SaveProjectOptions = {},
): Promise<ModelFiles> {
  const { pictures } = readOptions('save', given, { pictures: true });
  const { base, cut, task, seed, source, card, date, examples } = loaded;
  const head = headOf(loaded);
  const rows = await rowsOf('save', loaded);
  const note = head && {
    outputs: head.outputs.map((number) => examples.nameOf(number)),
    scale: head.scale,
    validation: [...head.validation],
    stale: isStale(loaded),
  };
  const project = {
    ...{ task, seed, layer: cut.layer, preprocess: base.preprocess, card, date },
    base: { source, sha256: base.open.sha256 },
    ...{ labels: [...examples.labels], next: examples.next, examples: [...examples.list] },
    head: head && note ? { note, files: head.files } : null,
    network: cut.tuned ?? null,
  };
  const features = rows.map((row) => row.features);
  return writeProject(project, features, pictures);
}

/** Base and head as one layers model. */
export async function graftOf(who: string, loaded: Loaded): Promise<Graft> {
  const { base, cut } = loaded;
  const { files, scale } = learnedHead(who, loaded);
  const labels = labelsOf(who, loaded);
  const network = await networkOf(who, base, cut);
  const head = rescaled(partOf(files), scale);
  return {
    files: filesOf(grafted(network, head, cut.shape.length === 3)),
    labels,
    preprocess: base.preprocess,
    input: base.size,
  };
}
