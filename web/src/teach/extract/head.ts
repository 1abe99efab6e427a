// The head: a small network from features to classes, or to one number.
import type { Layer } from '../../layers/layer.js';
import type { ModelFiles } from '../../layers/layersModel.js';
import { dense, openModel, sequential, tensor, whereOf } from '../../library.js';
import type { CheckedWhere, Open } from '../../model.js';
import { filesOf, partOf } from '../graft.js';
import type { Course } from './course.js';
import type { Teaching } from './options.js';
import { spreadOf, standardised, unspread } from './spread.js';
import type { TeachLogs, TeachTask } from './types.js';

/** What numbers mean for regression: value = output × deviation + mean. */
export interface Scale {
  mean: number;
  deviation: number;
}

/** What has been learned of features. Never changed. */
export interface Head {
  files: ModelFiles;
  open: Open;
  /** For each output the number of its label. */
  outputs: readonly number[];
  /** For regression. */
  scale: Scale | null;
  /** The examples that it has not learned from, by id. */
  validation: ReadonlySet<number>;
  /** The version of the examples that it has learned from. */
  version: number;
}

/** Rows of features, and what belongs to each: 1 at its class, or the number. */
export interface Rows {
  count: number;
  x: Float32Array<ArrayBuffer>;
  y: Float32Array<ArrayBuffer>;
}

export interface Lesson {
  task: TeachTask;
  features: number;
  /** How many classes; 1 for regression. */
  outputs: number;
  training: Rows;
  validation: Rows;
  options: Teaching;
  seed: number;
  where: CheckedWhere;
  course: Course;
  onEpoch(epoch: number, logs: TeachLogs): unknown;
}

/** What was learned: nothing where it was stopped before the first epoch was over. */
export interface Learned {
  files: ModelFiles | undefined;
  epochs: TeachLogs[];
}

export async function teachHead(lesson: Lesson): Promise<Learned> {
  const { task, features, outputs, training, validation, options, seed, where, course } = lesson;
  const { epochs, batchSize, learningRate, onProgress } = options;
  const model = sequential(headLayers(task, features, outputs, options.hiddenUnits), {
    seed,
    name: 'head',
    ...whereOf(where),
  });
  try {
    await model;
    model.compile({
      optimizer: { name: 'adam', learningRate },
      loss: task === 'regression' ? 'meanSquaredError' : 'categoricalCrossentropy',
      metrics: task === 'regression' ? [] : ['accuracy'],
      seed,
    });
    const spread = spreadOf(training.x, features);
    const rows = ({ count, x, y }: Rows) =>
      [tensor(standardised(x, spread), [count, features]), tensor(y, [count, outputs])] as const;
    const done: TeachLogs[] = [];
    if (!course.stopped) {
      await course.during(model, () =>
        model.fit(...rows(training), {
          ...{ epochs, batchSize, signal: course.signal },
          ...(validation.count > 0 && { validationData: rows(validation) }),
          ...(onProgress && {
            onProgress: (progress) => onProgress({ ...progress, phase: 'head' }),
          }),
          callbacks: {
            onTrainBegin: () => {
              if (course.stopped) model.stop();
            },
            onEpochEnd: (epoch, logs) => {
              done.push({ ...logs });
              if (course.stopped) model.stop();
              return lesson.onEpoch(epoch, { ...logs });
            },
          },
        }),
      );
    }
    if (done.length === 0) return { files: undefined, epochs: done };
    const part = partOf(await model.files({ optimizer: false }));
    return { files: filesOf(unspread(part, spread)), epochs: done };
  } finally {
    model.dispose();
  }
}

/** The head of Teachable Machine: a hidden layer, and one output for each class without a bias. */
function headLayers(
  task: TeachTask,
  features: number,
  outputs: number,
  hiddenUnits: number,
): Layer[] {
  const start = { inputShape: [features] };
  const hidden = { units: hiddenUnits, activation: 'relu', name: 'head_hidden' } as const;
  const last = { units: outputs, name: 'head_output' } as const;
  const ends =
    task === 'regression'
      ? ({ activation: 'linear' } as const)
      : ({ activation: 'softmax', useBias: hiddenUnits === 0 } as const);
  if (hiddenUnits === 0) return [dense({ ...last, ...ends, ...start })];
  return [dense({ ...hidden, ...start }), dense({ ...last, ...ends })];
}

/** Makes a head ready to run. */
export function openHead(files: ModelFiles, where: CheckedWhere): Promise<Open> {
  return openModel('featureExtractor', files, {
    ...where,
    onProgress: undefined,
    signal: undefined,
  });
}

/** Rows to compute at once: the same number again and again needs one program. */
const rowsAtOnce = 32;

/** What a head gives for rows of features, one row after the other. */
export async function outputsOf(
  { client, model, description }: Open,
  rows: readonly Float32Array[],
): Promise<Float32Array[]> {
  const [input] = description.inputs;
  const [output] = description.outputs;
  const width = rows[0]?.length ?? 0;
  const results: Float32Array[] = [];
  for (let first = 0; first < rows.length; first += rowsAtOnce) {
    const x = new Float32Array(rowsAtOnce * width);
    const part = rows.slice(first, first + rowsAtOnce);
    for (const [i, row] of part.entries()) x.set(row, i * width);
    const given = { [input?.name ?? '']: tensor(x, [rowsAtOnce, width]) };
    const { data } = (await client.run(model, given))[output?.name ?? ''] ?? tensor([]);
    const each = data.length / rowsAtOnce;
    for (const i of part.keys()) {
      results.push(Float32Array.from(data.subarray(i * each, (i + 1) * each)));
    }
  }
  return results;
}
