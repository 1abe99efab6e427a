// The page that measures: gesso and TensorFlow.js, in turns, on the visitor's machine.
import { imageClassifier } from 'gesso';
import { find, frame, make, Trouble } from './page.js';
import type { Race } from './races.js';

const works: Record<string, string> = {
  matmul: 'Multiply two matrices of 512 × 512 numbers',
  convolutions: 'Look at a picture of 128 × 128 pixels',
  'train-dense': 'One step of learning: three dense layers, 64 points',
  'train-head': 'One step of learning: a classifier of 1280 features, 16 rows',
  'train-cnn': 'One step of learning: convolutions, 64 digits',
  'train-lstm': 'One step of learning: an LSTM, 32 sequences of 40',
};
const rounds = 7;
const tooSlow = 2000; // milliseconds: a backend this slow at a step is not asked seven times

/** One library's part of a race. */
interface Runner {
  name: string;
  run(): Promise<number>;
}

const numbers = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
/** A piece of work on the page: whether it is wanted, and what came of it. */
class Row {
  readonly element = make('li', 'race');
  private readonly box = make('input');
  private readonly ratio = make('p', 'ratio');
  private readonly lines = [make('div', 'line best'), make('div', 'line')] as const;

  constructor(name: string, title: string) {
    this.box.type = 'checkbox';
    this.box.checked = true;
    this.box.value = name;
    const label = make('label');
    label.append(this.box, make('span', '', title));
    this.element.append(label, this.ratio, ...this.lines);
    this.clear();
  }

  get chosen(): boolean {
    return this.box.checked;
  }

  clear(): void {
    this.ratio.textContent = '';
    fill(this.lines[0], 'gesso', '–', 0);
    fill(this.lines[1], 'TensorFlow.js', '–', 0);
  }

  show(ours: number, theirs: number, backend: string): void {
    const slowest = Math.max(ours, theirs);
    this.ratio.textContent = `${numbers.format(theirs / ours)} ×`;
    fill(this.lines[0], 'gesso', `${numbers.format(ours)} ms`, ours / slowest);
    fill(this.lines[1], `TF.js, ${backend}`, `${numbers.format(theirs)} ms`, theirs / slowest);
  }
}

function fill(line: HTMLElement, name: string, time: string, share: number): void {
  const track = make('span', 'track');
  const paint = make('span', 'paint');
  paint.style.setProperty('--share', String(share));
  if (share > 0) track.append(paint);
  line.replaceChildren(make('span', 'label', name), track, make('span', 'percent', time));
}

const told = find('[data-told]');
const trouble = new Trouble(find('[data-trouble]'));
const start = find<HTMLButtonElement>('[data-start]');
const stop = find<HTMLButtonElement>('[data-stop]');
let stopped = false;

const rows = new Map(Object.entries(works).map(([name, title]) => [name, new Row(name, title)]));
find('[data-races]').append(...Array.from(rows.values(), ({ element }) => element));
showMachine();
start.addEventListener('click', () => void measure());
stop.addEventListener('click', () => {
  stopped = true;
  told.textContent = 'It stops after this round.';
});

function showMachine(more: Record<string, string> = {}): void {
  const { hardwareConcurrency, userAgent } = navigator;
  const browser = /(Firefox|Edg|OPR|Chrome|Version)\/(\d+)/.exec(userAgent);
  const names: Record<string, string> = { Version: 'Safari', Edg: 'Edge', OPR: 'Opera' };
  const system = /\(([^;)]+)/.exec(userAgent)?.[1];
  const facts: Record<string, string> = {
    Browser: browser ? `${names[browser[1] ?? ''] ?? browser[1]} ${browser[2]}` : 'unknown',
    System: system ?? 'unknown',
    Processors: String(hardwareConcurrency),
    Threads: 'one for each library',
    'Build of gesso': '–',
    'TensorFlow.js': '–',
    ...more,
  };
  const rows = Object.entries(facts).map(([name, value]) => {
    const row = make('div');
    row.append(make('dt', '', name), make('dd', '', value));
    return row;
  });
  find('[data-machine]').replaceChildren(...rows);
}

async function measure(): Promise<void> {
  const chosen = Array.from(rows).filter(([, row]) => row.chosen);
  stopped = false;
  start.disabled = true;
  stop.disabled = false;
  trouble.clear();
  for (const row of rows.values()) row.clear();
  told.textContent = 'Fetching TensorFlow.js …';
  try {
    const field = await import('./races.js');
    const probe = await imageClassifier('digits', { worker: false });
    const { build } = await probe.about();
    probe.dispose();
    showMachine({ 'Build of gesso': build, 'TensorFlow.js': field.peerVersion });
    for (const [name, row] of chosen) {
      if (stopped) break;
      told.textContent = `${works[name]} …`;
      await frame();
      await compete(row, await field.prepare(name), field.useBackend);
    }
    told.textContent = stopped ? 'Stopped.' : 'Done.';
  } catch (error) {
    told.textContent = '';
    trouble.show(error);
  } finally {
    start.disabled = false;
    stop.disabled = true;
  }
}

/** Both in turns, so that whatever else the machine does slows both. */
async function compete(
  row: Row,
  race: Race,
  useBackend: (name: string) => Promise<boolean>,
): Promise<void> {
  const peer = await fastest(race.peers, useBackend);
  await race.gesso();
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let i = 0; i < rounds && !stopped; ++i) {
    ours.push(await race.gesso());
    theirs.push(await peer.run());
    await frame();
    if (median(theirs) > tooSlow / 2 && i > 0) break;
  }
  if (ours.length > 0) row.show(median(ours), median(theirs), peer.name);
}

/** The backend of TensorFlow.js that does the work fastest, once warm; it is the one in use after this. */
async function fastest(
  peers: Race['peers'],
  useBackend: (name: string) => Promise<boolean>,
): Promise<Runner> {
  let best: (Runner & { time: number }) | undefined;
  for (const [name, run] of Object.entries(peers)) {
    if (stopped && best) break;
    const there = await useBackend(name).catch(() => false);
    if (!there) continue;
    await run();
    const time = await run();
    if (!best || time < best.time) best = { name, run, time };
  }
  if (!best) throw new Error('TensorFlow.js has no backend in this browser that can do this work');
  await useBackend(best.name);
  return best;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}
