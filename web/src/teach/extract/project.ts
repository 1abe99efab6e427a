// A project as files: examples, labels, head and card, and what is needed to go on.

import type { Place } from '../../folder.js';
import type { ModelFiles } from '../../layers/layersModel.js';
import {
  baseName,
  Folder,
  fail,
  fetchZip,
  filesOf,
  isRecord,
  namesZip,
  parseRecord,
  platform,
  readCard,
  readPreprocess,
  stored,
} from '../../library.js';
import type { Preprocess } from '../../recipe.js';
import type { ModelSource } from '../../source.js';
import { type CardText, emptyText } from './card.js';
import type { Kept } from './examples.js';
import type { Scale } from './head.js';
import { kindOf } from './picture.js';
import type { TeachTask } from './types.js';

/** The main file of a project. */
export const projectFile = 'project.json';

const featuresFile = 'features.bin';
const format = 'gesso-project';
const version = 1;

/** More examples than this are a damaged or hostile file. */
const mostExamples = 100_000;

/** Which model a project was made with. */
export interface BaseNote {
  /** A known name, or an address; null where the model was given as files. */
  source: string | null;
  sha256: string;
}

/** What a head is beside its weights. */
export interface HeadNote {
  outputs: string[];
  scale: Scale | null;
  validation: number[];
  stale: boolean;
}

/** Everything that a project consists of. */
export interface Project {
  task: TeachTask;
  seed: number;
  base: BaseNote;
  layer: string;
  preprocess: Preprocess;
  card: CardText;
  date: string;
  labels: string[];
  next: number;
  /** With features under the key '' where there are some. */
  examples: Kept[];
  head: { note: HeadNote; files: ModelFiles } | null;
  /** The base with weights of its own. */
  network: ModelFiles | null;
}

const pictureOf = (id: number, kind: string) => `pictures/${id}.${kind}`;

/** @param rows the features of every example, in their order */
export function writeProject(
  project: Project,
  rows: readonly Float32Array[],
  withPictures: boolean,
): ModelFiles {
  const { examples, head, network, base, card, date, labels, next } = project;
  const { task, seed, layer, preprocess } = project;
  const counts = labels.map((label) => {
    return { label, count: examples.filter((kept) => `${kept.label}` === label).length };
  });
  const width = rows[0]?.length ?? 0;
  const content = {
    ...{ format, version, task, seed, base, layer, preprocess },
    card: { ...card, date, counts },
    ...{ labels, next, features: width },
    examples: examples.map(({ id, label, picture }) => {
      return { id, label, picture: withPictures && picture ? kindOf(picture) : null };
    }),
    head: head?.note ?? null,
    network: network !== null,
  };
  const features = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) features.set(row, i * width);
  const files: ModelFiles = new Map([
    [projectFile, new TextEncoder().encode(JSON.stringify(content))],
    [featuresFile, new Uint8Array(features.buffer)],
  ]);
  for (const [folder, part] of [
    ['head', head?.files],
    ['network', network],
  ] as const) {
    for (const [name, bytes] of part ?? []) files.set(`${folder}/${name}`, bytes);
  }
  for (const { id, picture } of withPictures ? examples : []) {
    if (picture) files.set(pictureOf(id, kindOf(picture)), picture);
  }
  return files;
}

/** Reads a project, and believes nothing that it says. */
export async function readProject(
  who: string,
  source: ModelSource,
  signal: AbortSignal | undefined,
): Promise<Project> {
  const place = await placeOf(who, source, signal);
  const folder = new Folder(place);
  const read = async (name: string) => {
    const pieces = await folder.read(name, { signal });
    return new Uint8Array(await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  };
  const file = folder.nameOf(projectFile);
  const refuse = (field: string, reason: string): never =>
    fail(
      `${who}: the project cannot be read`,
      { file, field, reason },
      'the files as save() wrote them, all of them',
    );
  const content = parseRecord(new TextDecoder().decode(await read(projectFile)));
  if (typeof content === 'string') return refuse('all of it', content);
  if (content.format !== format) return refuse('format', `it must be "${format}"`);
  if (content.version !== version) {
    const given = JSON.stringify(content.version);
    return refuse('version', `${given} is not ${version}: a newer gesso may read it`);
  }
  const { task, seed, layer, labels, next, features: width, card, network } = content;
  if (task !== 'classification' && task !== 'regression') return refuse('task', 'it is unknown');
  if (typeof layer !== 'string') return refuse('layer', 'it must be a text');
  if (!isWhole(seed, 0)) return refuse('seed', 'it must be a whole number from 0');
  if (!isTextList(labels) || new Set(labels).size < labels.length) {
    return refuse('labels', 'they must be texts that differ');
  }
  const examples = readExamples(content.examples, task, labels, refuse);
  const last = examples.reduce((most, { id }) => Math.max(most, id), 0);
  if (!isWhole(next, last + 1)) return refuse('next', 'it must be above every id');
  if (!isWhole(width, 0) || width > 1 << 16) return refuse('features', 'it must be a number');
  const rows = await read(featuresFile);
  if (rows.length !== examples.length * width * 4) {
    return refuse(featuresFile, `${rows.length} bytes are not ${examples.length} × ${width} × 4`);
  }
  const numbers = new Float32Array(rows.buffer);
  if (!numbers.every(Number.isFinite)) return refuse(featuresFile, 'not all are numbers');
  const list: Kept[] = [];
  for (const [i, { id, label, picture }] of examples.entries()) {
    signal?.throwIfAborted();
    const own = numbers.slice(i * width, (i + 1) * width);
    const features = new Map(width > 0 ? [['', own]] : []);
    list.push({
      id,
      label,
      picture: picture ? await read(pictureOf(id, picture)) : undefined,
      features,
    });
  }
  const part = async (name: string): Promise<ModelFiles> =>
    new Map([
      ['model.json', await read(`${name}/model.json`)],
      ['weights.bin', await read(`${name}/weights.bin`)],
    ]);
  const note = readHead(content.head, task, refuse);
  const { counts: _, date, ...text } = isRecord(card) ? card : {};
  return {
    ...{ task, seed, layer, labels, next, examples: list },
    base: readBase(content.base, refuse),
    preprocess: readPreprocess(who, [isRecord(content.preprocess) ? content.preprocess : {}]),
    card: { ...emptyText, ...readCard(who, text) },
    date: typeof date === 'string' && /^\d{4}-\d\d-\d\d$/.test(date) ? date : '',
    head: note && { note, files: await part('head') },
    network: network === true ? await part('network') : null,
  };
}

type Refuse = (field: string, reason: string) => never;

const isWhole = (value: unknown, from: number): value is number =>
  Number.isSafeInteger(value) && Number(value) >= from;

const isTextList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string' && each !== '');

interface ExampleNote {
  id: number;
  label: string | number;
  picture: 'jpg' | 'png' | null;
}

function readExamples(
  given: unknown,
  task: TeachTask,
  labels: readonly string[],
  refuse: Refuse,
): ExampleNote[] {
  if (!Array.isArray(given) || given.length > mostExamples) {
    return refuse('examples', `they must be a list of at most ${mostExamples}`);
  }
  const known = new Set(labels);
  const ids = new Set<number>();
  return given.map((each: unknown, i) => {
    const field = `examples[${i}]`;
    const { id, label, picture } = isRecord(each) ? each : {};
    if (!isWhole(id, 1) || ids.has(id))
      return refuse(`${field}.id`, 'it must be a number of its own');
    ids.add(id);
    const fits = task === 'regression' ? Number.isFinite(label) : typeof label === 'string';
    if (!fits || !known.has(`${label}`)) return refuse(`${field}.label`, 'it is not in labels');
    if (picture !== null && picture !== 'jpg' && picture !== 'png') {
      return refuse(`${field}.picture`, 'it must be "jpg", "png" or null');
    }
    return { id, label: label as string | number, picture };
  });
}

function readBase(given: unknown, refuse: Refuse): BaseNote {
  const { source, sha256 } = isRecord(given) ? given : {};
  if (source !== null && typeof source !== 'string')
    return refuse('base.source', 'it must be a text');
  if (typeof sha256 !== 'string') return refuse('base.sha256', 'it must be a text');
  return { source, sha256 };
}

function readHead(given: unknown, task: TeachTask, refuse: Refuse): HeadNote | null {
  if (given === null) return null;
  const { outputs, scale, validation, stale } = isRecord(given) ? given : {};
  const isClasses = task === 'classification';
  if (!isTextList(outputs) || outputs.length > 0 !== isClasses) {
    return refuse('head.outputs', 'they must be the names of the classes');
  }
  if (!Array.isArray(validation) || !validation.every((id) => isWhole(id, 1))) {
    return refuse('head.validation', 'it must be a list of ids');
  }
  const { mean, deviation } = isRecord(scale) ? scale : {};
  const scaled = Number.isFinite(mean) && Number.isFinite(deviation) && Number(deviation) > 0;
  if (scaled === isClasses) return refuse('head.scale', 'it must be there for numbers only');
  return {
    ...{ outputs, validation, stale: stale === true },
    scale: scaled ? { mean: Number(mean), deviation: Number(deviation) } : null,
  };
}

/** Where the main file of a project is. */
async function placeOf(
  who: string,
  source: ModelSource,
  signal: AbortSignal | undefined,
): Promise<Place> {
  const from = await stored(source);
  const path = typeof from === 'string' || from instanceof URL ? `${from}` : undefined;
  if (path !== undefined && !namesZip(path)) {
    const folder = path.replace(/[\\/]$/, '');
    const main = baseName(folder) === projectFile ? folder : `${folder}/${projectFile}`;
    return { address: platform.resolve(main) };
  }
  const given =
    path === undefined
      ? await filesOf(who, from as Exclude<ModelSource, string | URL>)
      : await fetchZip(who, platform.resolve(path), { signal });
  const address = Object.keys(given).find((name) => baseName(name) === projectFile);
  if (address !== undefined) return { address, given };
  fail(
    `${who}: none of these files is a ${projectFile}`,
    { given: Object.keys(given).slice(0, 8).join(', ') || 'no files' },
    'all files that save() wrote, or what it downloaded',
  );
}
