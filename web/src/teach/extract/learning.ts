// One training: features of all examples, the head, and then perhaps the base.
import { fail, openModel, Random } from '../../library.js';
import type { CheckedWhere, Open } from '../../model.js';
import { type Part, partOf, topologyIn, truncated } from '../graft.js';
import type { Base, Cut } from './base.js';
import { type Course, progressOf } from './course.js';
import type { Examples, Kept } from './examples.js';
import { fineTune, type Tuned } from './fineTuning.js';
import { type Head, openHead, type Rows, type Scale, teachHead } from './head.js';
import type { Teaching } from './options.js';
import { decoded, variationOf, varied } from './picture.js';
import { type Split, splitOf } from './split.js';
import type { TeachLogs, TeachResult, TeachTask } from './types.js';

/** What there is to learn from. */
export interface Classroom {
  base: Base;
  /** Of the base itself: each training begins there. */
  cut: Cut;
  examples: Examples;
  task: TeachTask;
  seed: number;
  where: CheckedWhere;
}

export interface Outcome {
  /** Undefined where it was stopped before anything was learned. */
  learned: { cut: Cut; head: Head } | undefined;
  result: TeachResult;
}

/** The features of an example, computed from its picture where they are not known. */
export async function featuresOf(
  who: string,
  base: Base,
  cut: Cut,
  kept: Kept,
): Promise<Float32Array<ArrayBuffer>> {
  const known = kept.features.get(cut.key);
  if (known) return known;
  const { features } = await base.examine(who, cut, await decoded(who, pictureOf(who, kept)));
  kept.features.set(cut.key, features);
  return features;
}

export function pictureOf(who: string, { id, label, picture }: Kept): Uint8Array<ArrayBuffer> {
  if (picture) return picture;
  fail(
    `${who}: the picture of an example is not there any more`,
    { example: id, label, known: 'the project was saved without its pictures' },
    'the layer and base of the project; or remove such examples and add pictures again',
  );
}

/** The base until the layer of a cut as layers and weights, with what it has learned. */
export async function networkOf(who: string, base: Base, cut: Cut): Promise<Part> {
  if (cut.tuned) return partOf(cut.tuned);
  const { client, model, description, address } = base.open;
  if (description.format !== 'tfjs-layers') {
    fail(
      `${who}: this base is not made of layers, so it gives features but cannot be changed or exported`,
      { format: description.format, address },
      "a base in the format tfjs-layers, such as 'mobilenet'",
    );
  }
  const { topology, weights } = await client.train(model, 'snapshot', []);
  const whole = { topology: topologyIn(JSON.parse(topology)), weights: new Map(weights) };
  return truncated(who, whole, cut.layer);
}

export async function learn(
  room: Classroom,
  options: Teaching,
  course: Course,
  onEpoch: (epoch: number, logs: TeachLogs) => unknown,
): Promise<Outcome> {
  const { base, cut, examples, task, seed, where } = room;
  const { validationSplit, fineTune: tuning } = options;
  const classes = classesOf(room);
  // Refused before anything is computed.
  const network = tuning && (await networkOf('train', base, cut));
  if (tuning) for (const kept of examples.list) pictureOf('train', kept);
  const stratum = (kept: Kept) => (task === 'regression' ? '' : `${kept.label}`);
  const split = splitOf(examples.list, validationSplit, seed, stratum);
  const result: TeachResult = {
    ...{ head: [], network: [], ended: 'epochs' },
    trained: split.training.length,
    validated: split.validation.length,
  };
  const nothing = (): Outcome => ({ learned: undefined, result: { ...result, ended: 'stop' } });

  const copies = await readFeatures(room, split, options, course);
  if (copies === undefined) return nothing();
  const scale = task === 'regression' ? scaleOf(split.training) : null;
  const targetOf = ({ label }: Kept) =>
    scale
      ? Float32Array.of((Number(label) - scale.mean) / scale.deviation)
      : Float32Array.from(classes, (name) => Number(name === label));
  const own = (kept: Kept) => [kept.features.get(cut.key) ?? new Float32Array(0)];
  const taught = await teachHead({
    ...{ task, features: cut.features, outputs: scale ? 1 : classes.length, options, seed, where },
    training: rowsOf(
      split.training,
      (kept) => [...own(kept), ...(copies.get(kept) ?? [])],
      targetOf,
    ),
    validation: rowsOf(split.validation, own, targetOf),
    course,
    onEpoch,
  });
  result.head = taught.epochs;
  if (taught.files === undefined) return nothing();

  let tuned: Tuned | undefined;
  if (network && !course.stopped) {
    const random = options.augment;
    tuned = await fineTune({
      ...{ task, seed, where, course, onEpoch, options, tuning, targetOf, ...split },
      base: network,
      head: partOf(taught.files),
      places: cut.shape.length === 3,
      size: base.size,
      before: taught.epochs.length,
      inputOf: async (kept, drawn) => {
        const pixels = await decoded('train', pictureOf('train', kept));
        const changed = random && drawn ? varied(pixels, variationOf(random, drawn)) : pixels;
        const { input } = await base.examine('train', cut, changed, { input: true });
        return input ?? new Float32Array(0);
      },
    });
    result.network = tuned?.epochs ?? [];
  }
  if (course.stopped) result.ended = 'stop';
  const after = tuned ? await openTuned(room, tuned, course) : cut;
  let open: Open | undefined;
  try {
    open = await openHead(tuned?.head ?? taught.files, where);
    const head: Head = {
      files: tuned?.head ?? taught.files,
      open,
      outputs: scale ? [] : classes.map((label) => examples.numberOf(label)),
      scale,
      validation: new Set(split.validation.map(({ id }) => id)),
      version: examples.version,
    };
    course.signal.throwIfAborted();
    return { learned: { cut: after, head }, result };
  } catch (error) {
    if (open) await base.client.close(open.model);
    if (after !== cut) {
      examples.forget(after.key);
      await base.client.close(after.model);
    }
    throw error;
  }
}

/** The labels that have examples; refuses what cannot be learned from. */
function classesOf({ examples, task }: Classroom): string[] {
  const counts = examples.counts.filter(({ count }) => count > 0);
  if (task === 'regression') {
    if (counts.length > 1) return [];
    fail(
      'train: a number is learned from examples of at least two different numbers',
      {
        examples: examples.list.length,
        numbers: counts.map(({ label }) => label).join(', ') || 'none',
      },
      'addImage(image, 0) and addImage(image, 1)',
    );
  }
  if (counts.length > 1) return counts.map(({ label }) => label);
  fail(
    'train: there must be examples of at least two classes',
    {
      examples: examples.list.length,
      classes: counts.map(({ label }) => JSON.stringify(label)).join(', ') || 'none',
    },
    "addImage(image, 'cat') and addImage(image, 'dog')",
  );
}

/**
 * Computes the features of all examples, and of their copies.
 *
 * @returns those of the copies; undefined where it was stopped
 */
async function readFeatures(
  { base, cut, examples, seed }: Classroom,
  { training }: Split,
  { augment, onProgress }: Teaching,
  course: Course,
): Promise<Map<Kept, Float32Array[]> | undefined> {
  const missing = examples.list.filter(({ features }) => !features.has(cut.key));
  const steps = missing.length + (augment ? training.length * augment.copies : 0);
  const start = performance.now();
  let step = 0;
  const goOn = () => {
    if (course.stopped) return false;
    onProgress?.(progressOf('features', step++, steps, start));
    return true;
  };
  for (const kept of missing) {
    if (!goOn()) return undefined;
    await featuresOf('train', base, cut, kept);
  }
  const copies = new Map<Kept, Float32Array[]>();
  for (const kept of augment ? training : []) {
    const rows: Float32Array[] = [];
    const pixels = await decoded('train', pictureOf('train', kept));
    const random = new Random(seed, 1_000 + kept.id);
    for (let copy = 0; augment && copy < augment.copies; copy++) {
      if (!goOn()) return undefined;
      const changed = varied(pixels, variationOf(augment, random));
      rows.push((await base.examine('train', cut, changed)).features);
    }
    copies.set(kept, rows);
  }
  return course.stopped ? undefined : copies;
}

/** Mean and deviation of the numbers to learn, so that the head gives numbers near −1 to 1. */
function scaleOf(examples: readonly Kept[]): Scale {
  const numbers = examples.map(({ label }) => Number(label));
  const mean = numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
  const square = numbers.reduce((sum, n) => sum + (n - mean) ** 2, 0) / numbers.length;
  return { mean, deviation: Math.sqrt(square) || 1 };
}

function rowsOf(
  examples: readonly Kept[],
  featuresOf: (kept: Kept) => readonly Float32Array[],
  targetOf: (kept: Kept) => Float32Array,
): Rows {
  const rows = examples.flatMap((kept) =>
    featuresOf(kept).map((row) => ({ row, target: targetOf(kept) })),
  );
  const [first] = rows;
  const x = new Float32Array(rows.length * (first?.row.length ?? 0));
  const y = new Float32Array(rows.length * (first?.target.length ?? 0));
  for (const [i, { row, target }] of rows.entries()) {
    x.set(row, i * row.length);
    y.set(target, i * target.length);
  }
  return { count: rows.length, x, y };
}

/** Fine-tuned networks so far: each gives features of its own. */
let networks = 0;

/** A base with weights of its own, ready to run. */
export async function openNetwork(
  files: Tuned['network'],
  cut: Cut,
  where: CheckedWhere,
): Promise<Cut> {
  const plain = { ...where, onProgress: undefined, signal: undefined };
  const { model } = await openModel('featureExtractor', files, plain);
  return { ...cut, key: `${cut.layer} ${++networks}`, model, tuned: files };
}

async function openTuned(
  { base, cut, examples, where }: Classroom,
  { network }: Tuned,
  course: Course,
): Promise<Cut> {
  const tuned = await openNetwork(network, cut, where);
  try {
    for (const kept of examples.list) {
      course.signal.throwIfAborted();
      await featuresOf('train', base, tuned, kept);
    }
    return tuned;
  } catch (error) {
    examples.forget(tuned.key);
    await base.client.close(tuned.model);
    throw error;
  }
}
