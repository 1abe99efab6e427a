// The page around the profile demo: it brings models to the sketch and shows where the time goes.
import {
  type LoadedModel,
  type ModelInMemory,
  memory,
  type OperatorTime,
  type Profile,
  setModelPath,
  type Tensor,
  tensor,
} from 'gesso';
import source from '../profile/sketch.js?raw';
import { inBlocks } from './blocks.js';
import { takeDrops } from './drops.js';
import { Flame, type Part, showTime } from './flame.js';
import { Ledger } from './ledger.js';
import { type Model, ModelShelf } from './models.js';
import { find, type LoadOptions, make, showBytes, Trouble } from './page.js';
import { Sketch } from './sketch.js';
import { tell, texts } from './texts.js';

type Load = (model: Model, options: LoadOptions) => Promise<LoadedModel>;
type Measure = (input: Tensor | undefined) => Promise<Profile>;
type Lesson = (pictures: Tensor, digits: Int32Array) => Promise<Profile>;

let load: Load | undefined;
let measure: Measure | undefined;
let lesson: Lesson | undefined;
let shelf: ModelShelf<LoadedModel> | undefined;
let model: LoadedModel | undefined;
let busy = false;

const flame = new Flame();
const ledger = new Ledger();
const again = find<HTMLButtonElement>('[data-measure]');
const learn = find<HTMLButtonElement>('[data-lesson]');

/** What the sketch can do with this page. */
export const studio = {
  /** Called with every model that the user picks. */
  onModel(given: Load): void {
    load = given;
    if (shelf) shelf.useAgain(sketch.troubleOr(shelf.trouble));
    else void open();
  },
  /** Called to put the model on the clock; given an input where the model leaves its size open. */
  onMeasure(given: Measure): void {
    measure = given;
  },
  /** Called to put a step of learning on the clock. */
  onLesson(given: Lesson): void {
    lesson = given;
  },
};

const sketch = new Sketch(source, { '../studio/profile.ts': { studio } });
const trouble = new Trouble(find('[data-model-trouble]'));
setModelPath('../models/'); // models known by name are looked for on this machine first
again.addEventListener('click', () => void measureModel());
learn.addEventListener('click', () => void measureLesson());
write('[data-first]', {
  [texts.webAssembly]: '–',
  [texts.filesRead]: '–',
  [texts.overNetwork]: '–',
  [texts.parsed]: '–',
  [texts.prepared]: '–',
  [texts.firstRun]: '–',
});
write('[data-memory]', { [texts.weights]: '–', [texts.packed]: '–', [texts.whileItRuns]: '–' });
write('[data-facts]', {
  [texts.runs]: '–',
  [texts.interrupted]: '–',
  [texts.tick]: '–',
  [texts.build]: '–',
  [texts.where]: '–',
});

async function open(): Promise<void> {
  const opened = new ModelShelf<LoadedModel>(
    async (source, options) => {
      if (!load) throw new Error(texts.noLoader);
      return load(source, options);
    },
    {
      begun() {
        model = undefined;
        enable(false);
        forget(texts.loadingTheModel);
      },
      loaded(loaded) {
        model = loaded;
        void measureModel();
      },
      failed(words) {
        forget(words);
        enable(true);
      },
    },
    (task) => task !== 'charRNN', // takes characters, not numbers of any size
  );
  shelf = opened;
  takeDrops((files) => opened.useFiles(files));
  await opened.open();
}

function forget(words: string): void {
  find('[data-opinion]').textContent = words;
  find('[data-answer]').textContent = '';
  flame.clear();
  ledger.clear();
}

function enable(able: boolean): void {
  again.disabled = !able || model === undefined;
  learn.disabled = !able;
}

async function measureModel(): Promise<void> {
  const [measured, loaded] = [measure, model];
  if (!measured || !loaded) return;
  await show(texts.oneAnswer, () => measured(inputFor(loaded)), loaded);
}

async function measureLesson(): Promise<void> {
  const taught = lesson;
  if (!taught) return;
  const count = 64;
  const pictures = new Float32Array(count * 28 * 28).map((_, i) => Math.abs(Math.sin(i)));
  const digits = Int32Array.from({ length: count }, (_, i) => i % 10);
  const given = tensor(pictures, [count, 28, 28, 1]);
  await show(texts.oneLesson, () => taught(given, digits));
}

async function show(
  words: string,
  work: () => Promise<Profile>,
  measured?: LoadedModel,
): Promise<void> {
  if (busy) return;
  busy = true;
  enable(false);
  trouble.clear();
  forget(texts.onTheClock);
  try {
    const profile = await work();
    find('[data-opinion]').textContent = words;
    find('[data-answer]').textContent = showTime(profile.total);
    find('[data-spoken]').textContent = `${words} ${showTime(profile.total)}`;
    flame.show(wholeOf(profile));
    ledger.show(profile);
    showFacts(profile);
    await showCosts(measured);
  } catch (error) {
    forget(texts.nothingMeasured);
    sketch.troubleOr(trouble).show(error);
  } finally {
    busy = false;
    enable(true);
  }
}

/** Numbers for a model that leaves its sizes open: pictures as large as for PoseNet. */
function inputFor({ inputs: [port, second] }: LoadedModel): Tensor | undefined {
  if (!port || second || !port.shape.slice(1).some((size) => size < 0)) return undefined;
  const usual = [1, 257, 257, 3];
  const shape = port.shape.map((size, axis) => (size < 0 ? (usual[axis] ?? 1) : size));
  const count = shape.reduce((product, size) => product * size, 1);
  return tensor(
    new Float32Array(count).map((_, i) => Math.abs(Math.sin(i))),
    shape,
    port.dtype,
  );
}

/** The time of one answer in its parts: stages, blocks, operators. */
function wholeOf({ what, total, stages, operators, model: name }: Profile): Part {
  const around = (title: string, time: number): Part => {
    return { name: title, time, paint: 'around', parts: [] };
  };
  const run: Part = {
    ...around(what === 'run' ? texts.networkRuns : texts.networkLearns, stages.run),
    parts: inBlocks(operators.map(partOf)),
  };
  const parts = [
    around(texts.readingPixels, stages.picture),
    around(texts.copyingIn, stages.upload),
    around(texts.pixelsToNumbers, stages.prepare),
    run,
    around(texts.copyingOut, stages.read),
  ];
  return {
    ...around(what === 'run' ? name : texts.oneStep, total),
    parts: parts.filter(({ time }) => time > 0),
  };
}

function partOf({ name, operator, kernel, shape, mean }: OperatorTime): Part {
  const facts = tell(texts.byKernel, {
    operator,
    kernel: kernelNames[kernel] ?? kernel,
    shape: shape.join(' × ') || texts.oneNumber,
  });
  return { name: name || operator, time: mean, paint: kernel, facts, parts: [] };
}

const kernelNames: Record<string, string> = {
  xnnpack: 'XNNPACK',
  simd: texts.simdKernel,
  reference: texts.plainCpp,
};

function showFacts({ runs, interrupted, clock, build, worker }: Profile): void {
  write('[data-facts]', {
    [texts.runs]: String(runs),
    [texts.interrupted]: String(interrupted),
    [texts.tick]: showTime(clock),
    [texts.build]: build,
    [texts.where]: worker ? texts.inWorker : texts.inPage,
  });
}

async function showCosts(measured: LoadedModel | undefined): Promise<void> {
  if (!measured) return;
  const { timing, address } = await measured.about();
  const { engine, reading, building, preparing, firstRun, downloaded } = timing;
  write('[data-first]', {
    [texts.webAssembly]: whole(engine),
    [texts.filesRead]: whole(reading),
    [texts.overNetwork]: showBytes(downloaded),
    [texts.parsed]: whole(building),
    [texts.prepared]: whole(preparing ?? 0),
    [texts.firstRun]: whole(firstRun ?? 0),
  });
  const { models } = await memory();
  const held: ModelInMemory | undefined =
    models.findLast((each) => address.endsWith(each.address)) ?? models.at(-1);
  if (!held) return;
  const sum = (kind: 'packed' | 'arena') =>
    held.programs.reduce((bytes, program) => bytes + program[kind], 0);
  write('[data-memory]', {
    [texts.weights]: showBytes(held.weights),
    [texts.packed]: showBytes(sum('packed')),
    [texts.whileItRuns]: showBytes(sum('arena')),
  });
}

function whole(milliseconds: number): string {
  return milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : `${Math.round(milliseconds)} ms`;
}

function write(place: string, facts: Record<string, string>): void {
  const rows = Object.entries(facts).map(([name, value]) => {
    const row = make('div');
    row.append(make('dt', '', name), make('dd', '', value));
    return row;
  });
  find(place).replaceChildren(...rows);
}
