// What an extractor answers: classes, a number, how right it is, and what is like what.
import type { Picture } from '../../image.js';
import { best, fail, show } from '../../library.js';
import type { Label } from '../../tasks/imageClassifier.js';
import { estimationOf, evaluationOf } from './confusion.js';
import type { Kept } from './examples.js';
import { type Head, outputsOf } from './head.js';
import { featuresOf } from './learning.js';
import type { Loaded } from './loading.js';
import type { Row } from './nearest.js';
import type { Evaluation } from './types.js';

/** A picture that was taken at the moment of the call. */
export type Taken = Promise<Picture>;

/** What has learned from the features of the moment. */
export function headOf({ heads, cut }: Loaded): Head | undefined {
  return heads.get(cut.layer);
}

export function learnedHead(who: string, loaded: Loaded): Head {
  const head = headOf(loaded);
  if (head) return head;
  fail(
    `${who}: nothing has been learned yet`,
    { examples: loaded.examples.list.length, layer: loaded.cut.layer },
    'await extractor.train() first',
  );
}

/** Whether examples are not those that were learned from. */
export function isStale(loaded: Loaded): boolean {
  const { examples } = loaded;
  const head = headOf(loaded);
  return head ? head.version !== examples.version : examples.list.length > 0;
}

/** The classes of the head, each once, in the order of its outputs. */
export function classesOf(loaded: Loaded): string[] {
  const outputs = headOf(loaded)?.outputs ?? [];
  return [...new Set(outputs.map((number) => loaded.examples.nameOf(number)))];
}

/**
 * The classes of the head, one for each of its outputs.
 *
 * @throws MLError where labels were joined since the training, so that several outputs mean one class
 */
export function labelsOf(who: string, loaded: Loaded): string[] {
  const outputs = (headOf(loaded)?.outputs ?? []).map((number) => loaded.examples.nameOf(number));
  const classes = classesOf(loaded);
  if (outputs.length === classes.length) return outputs;
  const joined = classes.filter((name) => outputs.indexOf(name) < outputs.lastIndexOf(name));
  fail(
    `${who}: labels were joined after the training, so that the network has more outputs than classes`,
    { joined: joined.join(', '), outputs: outputs.length, classes: classes.length },
    'await extractor.train() again',
  );
}

export function checkTask(who: string, { task }: Loaded, wanted: Loaded['task']): void {
  if (task === wanted) return;
  fail(
    `${who}: this extractor was made for ${task}`,
    { task },
    task === 'regression' ? 'predict(image)' : 'classify(image)',
  );
}

export function checkCount(who: string, name: string, count: number): number {
  if (Number.isInteger(count) && count > 0) return count;
  fail(`${who}: ${name} must be a whole number from 1`, { given: show(count) }, `${name}: 3`);
}

/** @param most classes; all of them if left out */
export async function classified(loaded: Loaded, taken: Taken, most?: number): Promise<Label[]> {
  const scores = await scoresOf('classify', loaded, taken);
  return surest(loaded, scores, most);
}

export async function predicted(loaded: Loaded, taken: Taken): Promise<number> {
  const { scale } = learnedHead('predict', loaded);
  const [output = Number.NaN] = await scoresOf('predict', loaded, taken);
  return unscaled(output, scale);
}

async function scoresOf(who: string, loaded: Loaded, taken: Taken): Promise<Float32Array> {
  const { base, cut } = loaded;
  const { model } = learnedHead(who, loaded).open;
  const { scores } = await base.examine(who, cut, await taken, { head: model });
  return scores ?? new Float32Array(0);
}

/** The surest classes: outputs that have come to the same name count together. */
function surest(loaded: Loaded, scores: Float32Array, most?: number): Label[] {
  const classes = classesOf(loaded);
  const sums = classes.map(() => 0);
  for (const [i, number] of (headOf(loaded)?.outputs ?? []).entries()) {
    const at = classes.indexOf(loaded.examples.nameOf(number));
    sums[at] = (sums[at] ?? 0) + (scores[i] ?? 0);
  }
  return best(sums, classes, most ?? classes.length);
}

function unscaled(output: number, scale: Head['scale']): number {
  return scale ? output * scale.deviation + scale.mean : output;
}

/** @param pictures if left out, examples: those for validation, or all where there are none */
export async function evaluated(
  loaded: Loaded,
  pictures: readonly { taken: Taken; label: string | number }[] | undefined,
): Promise<Evaluation> {
  const who = 'evaluate';
  const { base, cut, task, examples } = loaded;
  const { open, scale, validation } = learnedHead(who, loaded);
  const given: Row[] = [];
  for (const [id, { taken, label }] of pictures?.entries() ?? []) {
    const checked = examples.checkLabel(who, label);
    const { features } = await base.examine(who, cut, await taken);
    given.push({ id, label: checked, features });
  }
  const validated = examples.list.filter(({ id }) => validation.has(id));
  const chosen = validated.length > 0 ? validated : examples.list;
  const rows = pictures ? given : await rowsOf(who, loaded, chosen);
  const of = pictures ? 'given' : validated.length > 0 ? 'validation' : 'examples';
  const features = rows.map(({ features }) => features);
  const outputs = await outputsOf(open, features);
  if (task === 'regression') {
    const estimates = rows.map(({ label }, i) => {
      return { label: Number(label), value: unscaled(outputs[i]?.[0] ?? Number.NaN, scale) };
    });
    return estimationOf(of, estimates);
  }
  const answers = rows.map(({ id, label }, i) => {
    const [first] = surest(loaded, outputs[i] ?? new Float32Array(0), 1);
    const { label: answer = '', confidence = 0 } = first ?? {};
    return { id, label: `${label}`, answer, confidence };
  });
  return evaluationOf(of, answers, classesOf(loaded));
}

/** Examples with their features, computed where they are missing. */
export async function rowsOf(
  who: string,
  { base, cut, examples }: Loaded,
  list: readonly Kept[] = examples.list,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const kept of list) {
    const { id, label } = kept;
    rows.push({ id, label, features: await featuresOf(who, base, cut, kept) });
  }
  return rows;
}
