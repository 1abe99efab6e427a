// The page around the map: what lies on it, how it is laid out, and the names that spread over it.
import type { Grid, Label, MapProgress, Tensor } from 'gesso';
import source from '../map/sketch.js?raw';
import './map.css';
import { drawLook, type Paint, ThingMap } from './chartOfThings.js';
import { takeDrops } from './drops.js';
import { find, isAbort, make, offer, onThemeChange, showConfidence, Trouble } from './page.js';
import { Sketch } from './sketch.js';
import { tell, texts } from './texts.js';
import { digits, fromFiles, letters, type Thing } from './things.js';

type Row = Float32Array<ArrayBuffer>;

/** How a layout is watched and stopped. */
interface Watch {
  signal: AbortSignal;
  onProgress(progress: MapProgress): void;
}

type Way = (rows: Row[], watch: Watch) => Promise<{ points: Tensor }>;
type MakeGrid = (points: number[][], watch: { signal: AbortSignal }) => Promise<Grid>;
type Look = (row: Row) => Promise<number[]>;
type Name = (names: [i: number, name: string][], rows: Row[]) => Promise<Label[][]>;

/** One for each name; the next after the last has the first one. */
const pigments = [
  '--blue',
  '--red',
  '--olive',
  '--ochre',
  '--violet',
  '--teal',
  '--rose',
  '--earth',
];

const trouble = new Trouble(find('[data-model-trouble]'));
const map = new ThingMap(find<HTMLCanvasElement>('[data-map]'), { looked, chosen });
const large = find<HTMLCanvasElement>('[data-large]');
const nameField = find<HTMLInputElement>('[data-name]');
const gridButton = find<HTMLButtonElement>('[data-grid]');
const stopButton = find<HTMLButtonElement>('[data-stop]');
const bar = find<HTMLProgressElement>('[data-progress]');

let ways: Record<string, Way> = {};
let makeGrid: MakeGrid | undefined;
let keep: ((rows: Row[]) => Promise<unknown>) | undefined;
let lookUp: Look | undefined;
let nameAll: Name | undefined;

let things: Thing[] = [];
let rows: Row[] = [];
let laid: number[][] = []; // where things lie when they are in no grid
let running: AbortController | undefined;
let way = '';
let kept: Promise<unknown> = Promise.resolve();
let brush: string | undefined; // the name that a click gives
let turn = 0; // of what is put on the map
let naming = 0; // of the names that spread
const names = new Map<number, string>();
let guesses: Label[][] = [];

/** What the sketch can do with this page. */
export const studio = {
  /** Called once, with the ways in which things can be laid out; the first is taken. */
  onWays(given: Record<string, Way>): void {
    ways = given;
    hangWays();
  },
  /** Called to put points into a grid. */
  onGrid(given: MakeGrid): void {
    makeGrid = given;
  },
  /** Called with the numbers of everything that lies on the map. */
  onThings(given: (rows: Row[]) => Promise<unknown>): void {
    keep = given;
    void begin();
  },
  /** Called for the things that are most like one, that one first. */
  onLook(given: Look): void {
    lookUp = given;
  },
  /** Called with the names so far, for those that everything might have. */
  onNames(given: Name): void {
    nameAll = given;
  },
};

const sketch = new Sketch(source, { '../studio/map.ts': { studio } });

const kinds: Record<string, () => Promise<Thing[]>> = {
  [texts.digitsOnMap]: digits,
  [texts.lettersOnMap]: letters,
};
for (const [name, read] of Object.entries(kinds)) {
  const button = make('button', 'button', name);
  button.type = 'button';
  button.ariaPressed = 'false';
  button.addEventListener('click', () => void put(read, name));
  find('[data-things]').append(button);
}

const input = find<HTMLInputElement>('[data-files]');
input.addEventListener('change', () => {
  const files = [...(input.files ?? [])];
  input.value = '';
  if (files.length > 0) void put(() => fromFiles(files), '');
});
find('[data-choose]').addEventListener('click', () => input.click());
takeDrops((files) => void put(() => fromFiles(files), ''));
stopButton.addEventListener('click', () => running?.abort());
gridButton.addEventListener('click', () => void showGrid(gridButton.ariaPressed !== 'true'));
find('[data-save]').addEventListener('click', save);
find('[data-naming]').addEventListener('submit', (event) => {
  event.preventDefault();
  const name = nameField.value.trim();
  if (map.looked >= 0 && name) void give(map.looked, name);
});
onThemeChange(() => {
  if (map.looked >= 0) showLarge(map.looked);
});

/** Begins with the digits; after a change of the sketch, with what is there. */
async function begin(): Promise<void> {
  await Promise.resolve(); // the sketch says the rest first
  if (things.length === 0) await put(digits, texts.digitsOnMap);
  else await lay();
}

/** Puts other things on the map. */
async function put(read: () => Promise<Thing[]>, name: string): Promise<void> {
  const mine = ++turn;
  running?.abort();
  trouble.clear();
  let found: Thing[];
  try {
    found = await read();
  } catch (error) {
    if (mine === turn) trouble.show(error);
    return;
  }
  if (mine !== turn) return; // something else was asked for meanwhile
  running?.abort();
  things = found;
  rows = things.map(({ row }) => row);
  names.clear();
  naming += 1;
  guesses = [];
  brush = undefined;
  for (const button of find('[data-things]').children) {
    button.ariaPressed = String(button.textContent === name);
  }
  map.show(things);
  showNames();
  await lay();
}

/** Lays out what is there, from the start. */
async function lay(): Promise<void> {
  const layOut = ways[way];
  if (!layOut || things.length === 0) return;
  running?.abort();
  const controller = new AbortController();
  running = controller;
  gridButton.ariaPressed = 'false';
  stopButton.disabled = false;
  trouble.clear();
  speak(tell(texts.laysOut, { count: things.length, way }));
  try {
    kept = keep?.(rows) ?? kept;
    kept.catch(() => {}); // whoever looks something up hears of it
    const onProgress = (progress: MapProgress) => {
      if (controller === running) follow(progress);
    };
    const { points } = await layOut(rows, { signal: controller.signal, onProgress });
    if (controller !== running) return;
    arrange(points);
    speak(tell(texts.laidOut, { count: things.length, way }));
  } catch (error) {
    if (controller !== running) return;
    if (isAbort(error)) speak(texts.stoppedLayout);
    else sketch.troubleOr(trouble).show(error);
  } finally {
    if (controller === running) {
      stopButton.disabled = true;
      bar.value = 0;
    }
  }
}

function follow({ iteration, of, points, stage }: MapProgress): void {
  bar.value = stage === 'preparing' ? 0 : iteration / Math.max(of, 1);
  if (points) arrange(points);
}

function arrange({ data, shape }: Tensor): void {
  const width = shape[1] ?? 2;
  laid = things.map((_, i) => [data[i * width] ?? 0, data[i * width + 1] ?? 0]);
  if (gridButton.ariaPressed !== 'true') map.move(laid.flat());
}

async function showGrid(on: boolean): Promise<void> {
  if (!makeGrid || laid.length === 0) return;
  running?.abort();
  if (!on) {
    gridButton.ariaPressed = 'false';
    map.move(laid.flat());
    return;
  }
  const controller = new AbortController();
  running = controller;
  try {
    const { points, columns } = await makeGrid(laid, { signal: controller.signal });
    if (controller !== running) return;
    gridButton.ariaPressed = 'true';
    map.move(points.data);
    speak(tell(texts.inAGrid, { count: things.length, columns }));
  } catch (error) {
    if (!isAbort(error)) sketch.troubleOr(trouble).show(error);
  }
}

/** Shows what is looked at, and what is most like it. */
async function looked(i: number): Promise<void> {
  showLarge(i);
  const all = rows;
  const row = all[i];
  try {
    await kept;
    const near = row && (await lookUp?.(row));
    if (!near || i !== map.looked || all !== rows) return;
    const others = near.filter((other) => other !== i).slice(0, 8);
    map.join(others);
    find('[data-alike]').replaceChildren(...others.map(small));
    speak(tell(texts.likeThese, { name: nameFor(i), others: others.map(nameFor).join(', ') }));
  } catch (error) {
    if (!isAbort(error)) sketch.troubleOr(trouble).show(error);
  }
}

function showLarge(i: number): void {
  const pen = large.getContext('2d');
  const thing = things[i];
  if (!pen || !thing) return;
  pen.clearRect(0, 0, large.width, large.height);
  pen.imageSmoothingEnabled = 'picture' in thing.look;
  drawLook(pen, thing, paintOf(i), large.width / 2, large.height / 2, 0.86 * large.width);
  large.ariaLabel = nameFor(i);
  find('[data-opinion]').textContent = names.get(i) ?? guesses[i]?.[0]?.label ?? thing.name;
  const [guess] = guesses[i] ?? [];
  find('[data-certainty]').textContent = names.has(i)
    ? texts.namedByYou
    : guess
      ? tell(texts.perhaps, { part: showConfidence(guess.confidence) })
      : '';
}

function small(i: number): HTMLElement {
  const item = make('li');
  const canvas = make('canvas');
  canvas.width = canvas.height = 64;
  canvas.role = 'img';
  canvas.ariaLabel = nameFor(i);
  const pen = canvas.getContext('2d');
  const thing = things[i];
  if (pen && thing) drawLook(pen, thing, paintOf(i), 32, 32, 58);
  item.append(canvas);
  return item;
}

/** A click gives the name that is chosen, or asks for one. */
function chosen(i: number): void {
  if (brush !== undefined) void give(i, names.get(i) === brush ? '' : brush);
  else nameField.focus();
}

/** Names a thing, and lets names spread to what is like it. */
async function give(i: number, name: string): Promise<void> {
  if (name) names.set(i, name);
  else names.delete(i);
  brush = name || brush;
  nameField.value = '';
  showNames();
  const given = [...names];
  const mine = ++naming;
  try {
    const spread = given.length > 0 ? ((await nameAll?.(given, rows)) ?? []) : [];
    if (mine !== naming) return; // there are other names or things since
    guesses = spread;
  } catch (error) {
    if (mine === naming && !isAbort(error)) sketch.troubleOr(trouble).show(error);
    return;
  }
  showNames();
  if (map.looked >= 0) showLarge(map.looked);
  speak(tell(texts.named, { count: names.size }));
}

function showNames(): void {
  const all = [...new Set(names.values())];
  map.paint(things.map((_, i) => paintOf(i)));
  const chips = all.map((name) => {
    const chip = make('button', 'chip', name);
    chip.type = 'button';
    chip.translate = false;
    chip.style.setProperty('--chip', `var(${colourOf(name)})`);
    chip.ariaPressed = String(name === brush);
    const count = guesses.filter(([guess]) => guess?.label === name).length;
    chip.append(make('small', '', ` ${count || ''}`));
    chip.ariaLabel = tell(texts.nameWith, { name, count });
    chip.addEventListener('click', () => {
      brush = brush === name ? undefined : name;
      showNames();
    });
    return chip;
  });
  find('[data-names]').replaceChildren(...chips);
}

function paintOf(i: number): Paint | undefined {
  const name = names.get(i) ?? guesses[i]?.[0]?.label;
  return name === undefined ? undefined : { colour: colourOf(name), sure: names.has(i) };
}

function colourOf(name: string): string {
  const all = [...new Set(names.values())];
  return pigments[Math.max(all.indexOf(name), 0) % pigments.length] ?? '--ink';
}

function nameFor(i: number): string {
  return names.get(i) ?? things[i]?.name ?? '';
}

function hangWays(): void {
  const all = Object.keys(ways);
  if (!all.includes(way)) way = all[0] ?? '';
  const buttons = all.map((name) => {
    const button = make('button', 'button', name);
    button.type = 'button';
    button.translate = false; // a word of the sketch
    button.ariaPressed = String(name === way);
    button.addEventListener('click', () => {
      way = name;
      for (const other of buttons) other.ariaPressed = String(other === button);
      void lay();
    });
    return button;
  });
  find('[data-ways]').replaceChildren(...buttons);
}

/** Gives the places away as a table. */
function save(): void {
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const points = map.points;
  const lines = things.map((thing, i) => {
    const place = [points[2 * i], points[2 * i + 1]].map((x) => (x ?? 0).toFixed(5));
    const guess = names.get(i) ?? guesses[i]?.[0]?.label ?? '';
    return [quoted(thing.name), ...place, quoted(guess)].join(',');
  });
  const text = ['name,x,y,label', ...lines, ''].join('\n');
  offer('map.csv', new Blob([text], { type: 'text/csv' }));
}

function speak(sentence: string): void {
  find('[data-spoken]').textContent = sentence;
}
