// Teaches the base itself: base and head are grafted together, and its last layers learn.
import type { Batches, ModelFiles } from '../../layers/layersModel.js';
import { fail, loadLayersModel, nearest, Random, tensor, whereOf } from '../../library.js';
import type { CheckedWhere } from '../../model.js';
import { filesOf, grafted, type Keras, layersOf, nameOf, type Part, reweighted } from '../graft.js';
import type { Course } from './course.js';
import type { Kept } from './examples.js';
import type { Teaching, Tuning } from './options.js';
import { shuffled } from './split.js';
import type { TeachLogs, TeachTask } from './types.js';

export interface NetworkLesson {
  task: TeachTask;
  base: Part;
  head: Part;
  /** Whether the base's output has height and width. */
  places: boolean;
  /** Of the base's picture. */
  size: readonly [height: number, width: number, channels: number];
  training: readonly Kept[];
  validation: readonly Kept[];
  /** What goes into the base for an example; in training perhaps of a changed copy. */
  inputOf(kept: Kept, random: Random | undefined): Promise<Float32Array>;
  /** What should come out. */
  targetOf(kept: Kept): Float32Array;
  tuning: Tuning;
  options: Teaching;
  seed: number;
  where: CheckedWhere;
  course: Course;
  /** @param epoch counted on from those of the head */
  onEpoch(epoch: number, logs: TeachLogs): unknown;
  /** Epochs of the head. */
  before: number;
}

export interface Tuned {
  network: ModelFiles;
  head: ModelFiles;
  epochs: TeachLogs[];
}

/** @returns undefined where it was stopped before the first epoch was over */
export async function fineTune(lesson: NetworkLesson): Promise<Tuned | undefined> {
  const { task, base, head, places, size, tuning, options, seed, where, course, before } = lesson;
  const { optimizer, learningRate, epochs, batchSize } = tuning;
  const learning = learningLayers(base.topology, tuning);
  const whole = filesOf(grafted(base, head, places));
  const graft = loadLayersModel(whole, whereOf(where));
  try {
    await graft;
    for (const { name } of await graft.weights()) {
      const layer = name.split('/')[0] ?? '';
      // What is not of the base is the head, which goes on learning.
      if (base.weights.has(name)) await graft.setTrainable(layer, learning.has(layer));
    }
    graft.compile({
      optimizer: { name: optimizer, learningRate },
      loss: task === 'regression' ? 'meanSquaredError' : 'categoricalCrossentropy',
      metrics: task === 'regression' ? [] : ['accuracy'],
      seed,
    });
    let epoch = 0;
    const training = () => {
      const random = new Random(seed, 16 + epoch++);
      return batchesOf(lesson, shuffled(lesson.training, random), size, random);
    };
    const validation = () => batchesOf(lesson, lesson.validation, size, undefined);
    const done: TeachLogs[] = [];
    const { onProgress } = options;
    if (course.stopped) return undefined;
    await course.during(graft, () =>
      graft.fit(training as Batches, {
        epochs,
        stepsPerEpoch: Math.ceil(lesson.training.length / batchSize),
        signal: course.signal,
        ...(lesson.validation.length > 0 && {
          validationData: validation,
          validationSteps: Math.ceil(lesson.validation.length / batchSize),
        }),
        ...(onProgress && {
          onProgress: (progress) => onProgress({ ...progress, phase: 'network' }),
        }),
        callbacks: {
          onTrainBegin: () => {
            if (course.stopped) graft.stop();
          },
          onEpochEnd: (epoch, logs) => {
            done.push({ ...logs });
            if (course.stopped) graft.stop();
            return lesson.onEpoch(before + epoch, { ...logs });
          },
        },
      }),
    );
    if (done.length === 0) return undefined;
    const weights = await graft.getWeights();
    const network = filesOf(reweighted(base, weights));
    return { network, head: filesOf(reweighted(head, weights)), epochs: done };
  } finally {
    graft.dispose();
  }
}

/** The layers of the base that learn. */
export function learningLayers(
  topology: Keras,
  { from, batchNormalization }: Pick<Tuning, 'from' | 'batchNormalization'>,
): Set<string> {
  const layers = layersOf(topology);
  const names = layers.map(nameOf);
  const usual = layers.flatMap(({ class_name }, i) => (/Conv|Dense/.test(class_name) ? [i] : []));
  const first =
    from === undefined
      ? (usual.at(-2) ?? usual.at(-1) ?? 0)
      : from === 'all'
        ? 0
        : names.indexOf(from);
  if (first < 0) {
    fail(
      `train: fineTune names a layer that the base does not have: "${from}"`,
      { known: names.slice(-12).join(', ') },
      `from: '${nearest(from ?? '', names)}'`,
    );
  }
  const learning = layers.slice(first).filter(({ class_name }) => {
    return batchNormalization === 'learns' || class_name !== 'BatchNormalization';
  });
  return new Set(learning.map(nameOf));
}

/** Batches of examples, made as they are asked for: all at once would take too much memory. */
async function* batchesOf(
  { inputOf, targetOf, tuning, course }: NetworkLesson,
  examples: readonly Kept[],
  size: NetworkLesson['size'],
  random: Random | undefined,
) {
  const each = size[0] * size[1] * size[2];
  for (let first = 0; first < examples.length; first += tuning.batchSize) {
    const part = examples.slice(first, first + tuning.batchSize);
    const x = new Float32Array(part.length * each);
    const targets = part.map(targetOf);
    const width = targets[0]?.length ?? 1;
    const y = new Float32Array(part.length * width);
    for (const [i, kept] of part.entries()) {
      course.signal.throwIfAborted();
      x.set(await inputOf(kept, random), i * each);
      y.set(targets[i] ?? [], i * width);
    }
    yield { x: tensor(x, [part.length, ...size]), y: tensor(y, [part.length, width]) };
  }
}
