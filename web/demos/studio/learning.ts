// The page around the demo that learns to read: the digits, the course of the training, the exam.
import type { History, LayersModel, Tensor, TrainingProgress } from 'gesso';
import { asDigit, type Picture, side } from '../digits/asDigit.js';
import source from '../mnist/sketch.js?raw';
import { Chart, showPart } from './chart.js';
import { Confusion } from './confusion.js';
import { Course, type State } from './course.js';
import { dataAddress, fetchIdx } from './data.js';
import { Pad } from './pad.js';
import { find, frame, showTimeSince, Trouble, Verdict } from './page.js';
import { hangSamples, writeSample } from './samples.js';
import { Sketch } from './sketch.js';
import { language, tell, texts } from './texts.js';

/** Digits as a network takes them: 28 × 28 bytes for each, and which digit it is. */
interface Digits {
  pictures: Uint8Array<ArrayBuffer>;
  labels: Uint8Array<ArrayBuffer>;
}

type Fit = (
  model: LayersModel,
  digits: Digits,
  onProgress: (progress: TrainingProgress) => void,
  onEpochEnd: (epoch: number) => Promise<void>,
) => Promise<History>;
type Read = (model: LayersModel, pictures: Uint8Array<ArrayBuffer>) => Promise<Tensor>;

const pictureFile = 'mnist/t10k-images-idx3-ubyte.gz';
const labelFile = 'mnist/t10k-labels-idx1-ubyte.gz';

const sentences: Record<Exclude<State, 'resting'>, string> = {
  running: texts.trains,
  paused: texts.waits,
};

const verdict = new Verdict();
const trouble = new Trouble(find('[data-model-trouble]'));
const chart = new Chart(texts.step, ['loss', 'right', 'heldOut']);
const confusion = new Confusion(find('[data-confusion]'));
const pad = new Pad(find<HTMLCanvasElement>('[data-pad]'), () => void look());
const stopButton = find<HTMLButtonElement>('[data-stop]');
const bar = find<HTMLProgressElement>('[data-progress]');

let fit: Fit | undefined;
let read: Read | undefined;
let learned: Digits | undefined;
let exam: Digits | undefined;
let steps = 0; // before the epochs that fit() goes through now
let last: TrainingProgress | undefined;
let spent = 0; // seconds of training, without pauses
let since: number | undefined; // when it last began or went on
let looked = 0;
let looking = false;
let waiting = false;

const course = new Course<LayersModel>({
  train,
  turned(state) {
    if (state !== 'resting') find('[data-told]').textContent = sentences[state];
    stopButton.disabled = state === 'resting';
    keepTime(state === 'running');
  },
  forgotten: wipe,
  trouble: () => sketch.troubleOr(trouble),
});

/** What the sketch can do with this page. */
export const studio = {
  /** Called for a network that knows nothing yet. */
  onBegin: (make: () => LayersModel): void => course.use(make),
  /** Called to train it on digits; progress and the end of every epoch are to be told. */
  onTrain(train: Fit): void {
    fit = train;
  },
  /** Called for the probabilities of the ten digits for each picture. */
  onRead(answer: Read): void {
    read = answer;
  },
};

const sketch = new Sketch(source, { '../studio/learning.ts': { studio } });
find('[data-clear]').addEventListener('click', () => {
  pad.clear();
  pad.canvas.focus();
});
find('[data-undo]').addEventListener('click', () => pad.undo());
stopButton.addEventListener('click', () => course.stop());
hangSamples(pad);
writeSample(pad, '3'); // something to guess at from the first step on
void gather();

/** Takes the digits that lie on this machine, and says so where they do not. */
async function gather(): Promise<void> {
  try {
    const addresses = await Promise.all([dataAddress(pictureFile), dataAddress(labelFile)]);
    const [pictures, labels] = addresses;
    if (pictures === undefined || labels === undefined) return showMissing();
    const [all, classes] = await Promise.all([fetchIdx(pictures), fetchIdx(labels)]);
    const part = (kept: boolean): Digits => pick(all.bytes, classes.bytes, kept);
    learned = part(false);
    exam = part(true);
    find('[data-count]').textContent = tell(texts.digitCount, { count: learned.labels.length });
    course.enable(true);
  } catch (error) {
    trouble.show(error);
  }
}

/** Every fifth digit is kept for the exam; the others are to learn from. */
function pick(pictures: Uint8Array, labels: Uint8Array, kept: boolean): Digits {
  const chosen = Array.from(labels.keys()).filter((i) => (i % 5 === 4) === kept);
  const pixels = side * side;
  const bytes = new Uint8Array(chosen.length * pixels);
  for (const [k, i] of chosen.entries()) {
    bytes.set(pictures.subarray(i * pixels, (i + 1) * pixels), k * pixels);
  }
  return { pictures: bytes, labels: Uint8Array.from(chosen, (i) => labels[i] ?? 0) };
}

function showMissing(): void {
  const box = new Trouble(find('[data-missing]'));
  box.show(tell(texts.digitsMissing, { pictures: pictureFile, labels: labelFile }));
}

async function train(model: LayersModel): Promise<void> {
  if (!learned) return;
  const current = () => model === course.model;
  last = undefined;
  await fit?.(
    model,
    learned,
    (progress) => current() && showProgress(progress),
    async () => {
      if (current()) await examine(model);
      await frame();
    },
  );
  if (!current()) return;
  steps += last ? stepsOf(last) : 0;
  await look();
}

function stepsOf({ epoch, step, steps: each = 0 }: TrainingProgress): number {
  return epoch * each + step;
}

function showProgress(progress: TrainingProgress): void {
  const { epoch, epochs, steps: each = 0, samplesPerSecond } = progress;
  const now = steps + stepsOf(progress);
  chart.add(now, recent(progress, last?.epoch === epoch ? last : undefined));
  last = progress;
  bar.max = epochs * each;
  bar.value = stepsOf(progress);
  find('[data-epoch]').textContent = tell(texts.epochOf, { epoch: epoch + 1, epochs });
  find('[data-steps]').textContent = now.toLocaleString(language);
  find('[data-pace]').textContent = Math.round(samplesPerSecond).toLocaleString(language);
  keepTime(since !== undefined);
  if (performance.now() - looked > 300) void look();
}

/** The means of the steps since the last progress, from means over the epoch so far. */
function recent(progress: TrainingProgress, before: TrainingProgress | undefined) {
  const count = progress.step - (before?.step ?? 0);
  const mean = (name: string) => {
    const sum = (progress.metrics[name] ?? 0) * progress.step;
    const earlier = (before?.metrics[name] ?? 0) * (before?.step ?? 0);
    return (sum - earlier) / count;
  };
  return { loss: Math.max(mean('loss'), 0), right: Math.min(Math.max(mean('accuracy'), 0), 1) };
}

/** Lets the network read the digits that it never learns from. */
async function examine(model: LayersModel): Promise<void> {
  if (!exam || !read) return;
  const { data } = await read(model, exam.pictures);
  if (model !== course.model || !last) return;
  const right = confusion.show(exam.labels, best(data, exam.labels.length));
  chart.add(steps + stepsOf(last), { heldOut: right });
  find('[data-told]').textContent = tell(texts.examRight, {
    epoch: last.epoch + 1,
    part: showPart(right),
  });
  await look();
}

/** The class with the largest probability, for each of so many rows. */
function best(data: Tensor['data'], rows: number): number[] {
  const each = data.length / rows;
  return Array.from({ length: rows }, (_, i) => {
    const row = Array.from(data.subarray(i * each, (i + 1) * each), Number);
    return row.indexOf(Math.max(...row));
  });
}

/** Reads what is drawn; while one answer is awaited, only the newest drawing waits for the next. */
async function look(): Promise<void> {
  const drawing = asDigit(pad.strokes);
  showPicture(drawing);
  if (pad.strokes.length === 0) verdict.clear(texts.drawADigit);
  if (looking) {
    waiting = true;
    return;
  }
  const { model } = course;
  if (!model || !read || pad.strokes.length === 0) return;
  looking = true;
  looked = performance.now();
  try {
    const bytes = Uint8Array.from({ length: side * side }, (_, i) => drawing.data[4 * i] ?? 0);
    const start = performance.now();
    const { data } = await read(model, bytes);
    const results = Array.from(data, (value, digit) => ({
      label: String(digit),
      confidence: Number(value),
    }));
    const surest = results.toSorted((a, b) => b.confidence - a.confidence);
    if (pad.strokes.length > 0) verdict.show(surest, showTimeSince(start), results);
  } catch (error) {
    if (model === course.model) sketch.troubleOr(trouble).show(error);
  } finally {
    looking = false;
  }
  if (waiting) {
    waiting = false;
    await look();
  }
}

function showPicture({ data }: Picture): void {
  const canvas = find<HTMLCanvasElement>('[data-seen]');
  canvas.getContext('2d')?.putImageData(new ImageData(data, side, side), 0, 0);
}

/** Counts the seconds of training, without pauses. */
function keepTime(running: boolean): void {
  const now = performance.now();
  if (since !== undefined) spent += (now - since) / 1000;
  since = running ? now : undefined;
  find('[data-clock]').textContent = spent === 0 ? '–' : `${spent.toFixed(1)} s`;
}

function wipe(): void {
  steps = 0;
  spent = 0;
  last = undefined;
  chart.clear();
  confusion.clear();
  verdict.clear(pad.strokes.length > 0 ? texts.nothingYet : texts.drawADigit);
  bar.value = 0;
  for (const name of ['epoch', 'pace', 'clock']) find(`[data-${name}]`).textContent = '–';
  find('[data-steps]').textContent = '0';
  find('[data-told]').textContent = '';
}
