// How an extractor begins: with a base alone, or with a project that was saved.
import {
  absent,
  fail,
  isRecord,
  loadOptions,
  natural,
  readOptions,
  readRegistry,
  readSomePreprocess,
  realAddress,
  show,
} from '../../library.js';
import type { CheckedWhere } from '../../model.js';
import type { Preprocess } from '../../recipe.js';
import type { ModelSource } from '../../source.js';
import { Base, type Cut } from './base.js';
import { type CardText, emptyText, today } from './card.js';
import { Examples } from './examples.js';
import { type Head, openHead } from './head.js';
import { featuresOf, openNetwork } from './learning.js';
import { type Project, readProject } from './project.js';
import type { FeatureExtractorOptions, OpenProjectOptions, TeachTask } from './types.js';

/** Everything that an extractor has once it is there. */
export interface Loaded {
  task: TeachTask;
  seed: number;
  where: CheckedWhere;
  base: Base;
  /** What names the base in a saved project; null where it was given as files. */
  source: string | null;
  /** Where the base is cut. */
  cut: Cut;
  /** Networks with weights of their own, by layer. */
  tuned: Map<string, Cut>;
  /** What has learned, by layer. */
  heads: Map<string, Head>;
  examples: Examples;
  card: CardText;
  date: string;
}

const sharedOptions = {
  ...loadOptions,
  layer: absent<string>('the name of a layer', "layer: 'conv_pw_13_relu'", (value) => {
    return typeof value === 'string' && value !== '';
  }),
  preprocess: absent<Partial<Preprocess>>(
    'an object',
    'preprocess: { mean: 127.5, std: 127.5 }',
    isRecord,
  ),
};

const makeOptions = {
  ...sharedOptions,
  task: ['classification', 'regression'],
  seed: { ...natural(1), example: 'seed: 1' },
} as const;

const openOptions = {
  ...sharedOptions,
  model: absent<ModelSource>(
    'a name, an address, a path or files',
    "model: 'mobilenet'",
    (value) => typeof value === 'string' || (typeof value === 'object' && value !== null),
  ),
};

/** A base that has learned nothing yet. */
export async function makeFrom(
  model: ModelSource,
  given: FeatureExtractorOptions,
): Promise<Loaded> {
  const who = 'featureExtractor';
  const { layer, task, preprocess, seed = 0, ...load } = readOptions(who, given, makeOptions);
  const own = readSomePreprocess(who, preprocess);
  const base = await Base.load(who, model, load, own);
  try {
    const cut = await base.cut(who, layer);
    return {
      ...{
        task,
        seed,
        where: { worker: load.worker, backend: load.backend },
        base,
        source: sourceOf(model, base),
        cut,
      },
      ...{ tuned: new Map(), heads: new Map(), examples: new Examples(task) },
      ...{ card: emptyText, date: today() },
    };
  } catch (error) {
    await base.close();
    throw error;
  }
}

/** A project as it was saved. */
export async function openFrom(source: ModelSource, given: OpenProjectOptions): Promise<Loaded> {
  const who = 'openProject';
  const { layer, preprocess, model, ...load } = readOptions(who, given, openOptions);
  const own = readSomePreprocess(who, preprocess);
  load.signal?.throwIfAborted();
  const project = await readProject(who, source, load.signal);
  const wanted = model ?? project.base.source;
  if (wanted === null) {
    fail(
      `${who}: the project does not say where its base is, which was given as files or lies on a disk`,
      { 'SHA-256': project.base.sha256 },
      'model: the same files, or another base',
    );
  }
  const isInHand = typeof source !== 'string' && !(source instanceof URL);
  if (model === undefined && isInHand) await checkSource(who, String(wanted));
  const base = await Base.load(who, wanted, load, { ...project.preprocess, ...own });
  const loaded: Loaded = {
    ...{
      task: project.task,
      seed: project.seed,
      where: { worker: load.worker, backend: load.backend },
      base,
    },
    source: sourceOf(wanted, base),
    cut: { layer: '', key: '', model: 0, features: 0, shape: [] },
    ...{ tuned: new Map(), heads: new Map(), examples: new Examples(project.task) },
    ...{ card: project.card, date: project.date || today() },
  };
  try {
    await takeProject(who, loaded, project, own === undefined, layer, load.signal);
    return loaded;
  } catch (error) {
    await closeAll(loaded);
    throw error;
  }
}

/** Takes over what fits the base, and computes the rest from the kept pictures. */
async function takeProject(
  who: string,
  loaded: Loaded,
  project: Project,
  samePreprocess: boolean,
  layer: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { base, where, examples } = loaded;
  const fits = base.open.sha256 === project.base.sha256 && samePreprocess;
  const first = await base.cut(who, fits ? project.layer : layer);
  loaded.cut = first;
  if (fits && project.network) {
    loaded.cut = await openNetwork(project.network, first, where);
    loaded.tuned.set(first.layer, loaded.cut);
  }
  const { cut } = loaded;
  examples.restore(
    project.examples.map((kept) => {
      const features = kept.features.get('');
      const known = fits && features?.length === cut.features;
      return { ...kept, features: new Map(known && features ? [[cut.key, features]] : []) };
    }),
    project.labels,
    project.next,
  );
  if (fits && project.head) {
    const { files, note } = project.head;
    const head: Head = {
      ...{ files, scale: note.scale, validation: new Set(note.validation) },
      open: await openHead(files, where),
      outputs: note.outputs.map((label) => examples.numberOf(label)),
      version: note.stale ? -1 : examples.version,
    };
    loaded.heads.set(cut.layer, head);
    checkHead(who, head, cut, loaded.task);
  }
  if (layer !== undefined && layer !== cut.layer) loaded.cut = await base.cut(who, layer);
  for (const kept of examples.list) {
    signal?.throwIfAborted();
    await featuresOf(who, base, loaded.cut, kept);
  }
}

/** A head that was saved, and perhaps changed since. */
function checkHead(who: string, { open, outputs }: Head, cut: Cut, task: TeachTask): void {
  const { inputs, outputs: ends } = open.description;
  const [taken, given] = [inputs[0]?.shape ?? [], ends[0]?.shape ?? []];
  const wanted = task === 'regression' ? 1 : outputs.length;
  const fits = taken.length === 2 && taken[1] === cut.features;
  if (fits && inputs.length === 1 && given.length === 2 && given[1] === wanted) return;
  fail(
    `${who}: the head does not fit what the project says of it`,
    { features: cut.features, taken: taken.join(' × '), outputs: wanted, given: given.join(' × ') },
    'the files as save() wrote them, all of one project',
  );
}

/**
 * Files in hand may come from anybody: what they name as their base must not make this machine ask
 * elsewhere.
 */
async function checkSource(who: string, source: string): Promise<void> {
  if (Object.hasOwn((await readRegistry()).models, source.toLowerCase())) return;
  const here = globalThis.location?.origin;
  const address = URL.canParse(source, globalThis.location?.href)
    ? new URL(source, globalThis.location?.href)
    : undefined;
  if (here !== undefined && here !== 'null' && address?.origin === here) return;
  fail(
    `${who}: this project says that its base is elsewhere, and nothing is loaded from there unasked`,
    { base: source, 'loaded unasked': 'known names, and what this page itself may be' },
    `model: ${show(source)} if you trust it, or the base from a place of yours`,
  );
}

/**
 * What names a base so that it is found again wherever the project goes: no file of this disk, and no
 * query, which may hold a key.
 */
function sourceOf(model: ModelSource, { open, name }: Base): string | null {
  const { keep, known } = open.location;
  if (typeof model !== 'string' && !(model instanceof URL)) return null;
  if (known) return typeof model === 'string' ? model : (keep?.name ?? null);
  if (/^indexeddb:/.test(`${model}`)) return `${model}`;
  const address = realAddress(open.address);
  if (!/^https?:/.test(address)) return name ?? null;
  const { origin, pathname } = new URL(address);
  return `${origin}${pathname}`;
}

/** Frees everything. */
export async function closeAll({ base, tuned, heads }: Loaded): Promise<void> {
  const { client } = base;
  for (const { model } of tuned.values()) await client.close(model);
  for (const { open } of heads.values()) await client.close(open.model);
  await base.close();
}
