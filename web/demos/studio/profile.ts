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
  WebAssembly: '–',
  'Files read': '–',
  'Of them over the network': '–',
  Parsed: '–',
  Prepared: '–',
  'First run': '–',
});
write('[data-memory]', { Weights: '–', 'Packed for the kernels': '–', 'While it runs': '–' });
write('[data-facts]', {
  Runs: '–',
  'Interrupted, left out': '–',
  'Tick of the clock': '–',
  Build: '–',
  Where: '–',
});

async function open(): Promise<void> {
  const opened = new ModelShelf<LoadedModel>(
    async (source, options) => {
      if (!load) throw new Error('the sketch opens no model');
      return load(source, options);
    },
    {
      begun() {
        model = undefined;
        enable(false);
        forget('Loading the model …');
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
  await show('One answer takes', () => measured(inputFor(loaded)), loaded);
}

async function measureLesson(): Promise<void> {
  const taught = lesson;
  if (!taught) return;
  const count = 64;
  const pictures = new Float32Array(count * 28 * 28).map((_, i) => Math.abs(Math.sin(i)));
  const digits = Int32Array.from({ length: count }, (_, i) => i % 10);
  const given = tensor(pictures, [count, 28, 28, 1]);
  await show('One step of learning from 64 digits takes', () => taught(given, digits));
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
  forget('On the clock …');
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
    forget('Nothing was measured.');
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
    ...around(what === 'run' ? 'The network runs' : 'The network learns', stages.run),
    parts: inBlocks(operators.map(partOf)),
  };
  const parts = [
    around('Reading the pixels', stages.picture),
    around('Copying in', stages.upload),
    around('Pixels to numbers', stages.prepare),
    run,
    around('Copying out', stages.read),
  ];
  return {
    ...around(what === 'run' ? name : 'One step', total),
    parts: parts.filter(({ time }) => time > 0),
  };
}

function partOf({ name, operator, kernel, shape, mean }: OperatorTime): Part {
  const facts = `${operator} by ${kernelNames[kernel] ?? kernel} → ${shape.join(' × ') || 'one number'}`;
  return { name: name || operator, time: mean, paint: kernel, facts, parts: [] };
}

const kernelNames: Record<string, string> = {
  xnnpack: 'XNNPACK',
  simd: 'a SIMD kernel',
  reference: 'plain C++',
};

function showFacts({ runs, interrupted, clock, build, worker }: Profile): void {
  write('[data-facts]', {
    Runs: String(runs),
    'Interrupted, left out': String(interrupted),
    'Tick of the clock': showTime(clock),
    Build: build,
    Where: worker ? 'in a worker' : 'in the page',
  });
}

async function showCosts(measured: LoadedModel | undefined): Promise<void> {
  if (!measured) return;
  const { timing, address } = await measured.about();
  const { engine, reading, building, preparing, firstRun, downloaded } = timing;
  write('[data-first]', {
    WebAssembly: whole(engine),
    'Files read': whole(reading),
    'Of them over the network': showBytes(downloaded),
    Parsed: whole(building),
    Prepared: whole(preparing ?? 0),
    'First run': whole(firstRun ?? 0),
  });
  const { models } = await memory();
  const held: ModelInMemory | undefined =
    models.findLast((each) => address.endsWith(each.address)) ?? models.at(-1);
  if (!held) return;
  const sum = (kind: 'packed' | 'arena') =>
    held.programs.reduce((bytes, program) => bytes + program[kind], 0);
  write('[data-memory]', {
    Weights: showBytes(held.weights),
    'Packed for the kernels': showBytes(sum('packed')),
    'While it runs': showBytes(sum('arena')),
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
