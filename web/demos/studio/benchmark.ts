// The page that measures: gesso and TensorFlow.js, in turns, on the visitor's machine.
import { imageClassifier } from 'gesso';
import { find, frame, Trouble } from './page.js';
import type { Race } from './races.js';
import { language, tell, texts } from './texts.js';

const rounds = 7;
const tooSlow = 2000; // milliseconds: a backend this slow at a step is not asked seven times

/** One library's part of a race. */
interface Runner {
  name: string;
  run(): Promise<number>;
}

const numbers = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 });

/** A piece of work on the page: whether it is wanted, and what came of it. */
class Row {
  readonly name: string;
  readonly title: string;

  constructor(private readonly element: HTMLElement) {
    this.name = element.dataset.race ?? '';
    this.title = find('label', element).innerText;
  }

  get chosen(): boolean {
    return find<HTMLInputElement>('input', this.element).checked;
  }

  clear(): void {
    find('[data-ratio]', this.element).textContent = '';
    this.fill('gesso', 'gesso', '–', 0);
    this.fill('peer', 'TF.js', '–', 0);
  }

  show(ours: number, theirs: number, backend: string): void {
    const slowest = Math.max(ours, theirs);
    find('[data-ratio]', this.element).textContent = `${numbers.format(theirs / ours)} ×`;
    this.fill('gesso', 'gesso', `${numbers.format(ours)} ms`, ours / slowest);
    this.fill(
      'peer',
      tell(texts.backend, { name: backend }),
      `${numbers.format(theirs)} ms`,
      theirs / slowest,
    );
  }

  private fill(line: 'gesso' | 'peer', name: string, time: string, share: number): void {
    const place = find(`[data-${line}]`, this.element);
    find('.label', place).textContent = name;
    find('.percent', place).textContent = time;
    find('.paint', place).style.setProperty('--share', String(share));
  }
}

const told = find('[data-told]');
const trouble = new Trouble(find('[data-trouble]'));
const start = find<HTMLButtonElement>('[data-start]');
const stop = find<HTMLButtonElement>('[data-stop]');
let stopped = false;

const rows = Array.from(
  document.querySelectorAll<HTMLElement>('[data-race]'),
  (element) => new Row(element),
);
showMachine();
start.addEventListener('click', () => void measure());
stop.addEventListener('click', () => {
  stopped = true;
  told.textContent = texts.stopsSoon;
});

function showMachine(): void {
  const { hardwareConcurrency, userAgent } = navigator;
  const browser = /(Firefox|Edg|OPR|Chrome|Version)\/(\d+)/.exec(userAgent);
  const names: Record<string, string> = { Version: 'Safari', Edg: 'Edge', OPR: 'Opera' };
  const name = names[browser?.[1] ?? ''] ?? browser?.[1];
  showFact('browser', name === undefined ? texts.unknown : `${name} ${browser?.[2]}`);
  showFact('system', /\(([^;)]+)/.exec(userAgent)?.[1] ?? texts.unknown);
  showFact('processors', String(hardwareConcurrency));
  showFact('threads', texts.oneEach);
}

function showFact(name: string, value: string): void {
  find(`[data-${name}]`).textContent = value;
}

async function measure(): Promise<void> {
  const chosen = rows.filter((row) => row.chosen);
  stopped = false;
  start.disabled = true;
  stop.disabled = false;
  trouble.clear();
  for (const row of rows) row.clear();
  told.textContent = texts.fetching;
  try {
    const field = await import('./races.js').catch((error: unknown) => {
      throw navigator.onLine ? error : new Error(texts.peerNotKept);
    });
    const probe = await imageClassifier('digits', { worker: false });
    const { build } = await probe.about();
    probe.dispose();
    showFact('build', build);
    showFact('peer-version', field.peerVersion);
    for (const row of chosen) {
      if (stopped) break;
      told.textContent = tell(texts.measuring, { title: row.title });
      await frame();
      await compete(row, await field.prepare(row.name), field.useBackend);
    }
    told.textContent = stopped ? texts.stopped : texts.done;
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
  if (!best) throw new Error(texts.noBackend);
  await useBackend(best.name);
  return best;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}
