// The page around the colours demo: sliders, examples, and how the network parts the colours.
import type { Label, NeuralNetwork } from 'gesso';
import source from '../colours/sketch.js?raw';
import { Chart, showPart } from './chart.js';
import { dataAddress } from './data.js';
import { find, frame, make, showTimeSince, Trouble, Verdict } from './page.js';
import { Sketch } from './sketch.js';
import { tell, texts } from './texts.js';

/** Red, green and blue, 0 to 255. */
interface Colour {
  r: number;
  g: number;
  b: number;
}

/** A colour with the name that somebody gave it. */
interface Example extends Colour {
  label: string;
}

type Logs = Record<string, number>;
type ShowEpoch = (network: NeuralNetwork, epoch: number, logs: Logs) => Promise<void>;
type Learn = (examples: readonly Example[], showEpoch: ShowEpoch) => Promise<void>;
type Answer = (network: NeuralNetwork, colours: readonly Colour[]) => Promise<Label[][]>;

const table = 'tabular/colorData_small.json';
const shownNames = 6;

const verdict = new Verdict();
const trouble = new Trouble(find('[data-model-trouble]'));
const chart = new Chart(texts.epoch, ['loss', 'right']);
const sliders = [...document.querySelectorAll<HTMLInputElement>('[data-slider]')];
const learnButton = find<HTMLButtonElement>('[data-learn]');
const stopButton = find<HTMLButtonElement>('[data-stop]');
const samples = cube(6);

let examples: Example[] = [];
let learn: Learn | undefined;
let answer: Answer | undefined;
let network: NeuralNetwork | undefined; // what is asked: it may still be learning
let lesson = 0; // counts what has begun, so that what is over can tell
let asking = false;
let waiting = false;

/** What the sketch can do with this page. */
export const studio = {
  /** Called to learn from examples; every epoch is to be told. */
  onLearn(teach: Learn): void {
    learn = teach;
    forget();
    void gathered.then(begin);
  },
  /** Called for the names of colours, the surest first. */
  onColours(name: Answer): void {
    answer = name;
  },
};

const sketch = new Sketch(source, { '../studio/palette.ts': { studio } });
const gathered = gather();
for (const slider of sliders) slider.addEventListener('input', () => void mix());
learnButton.addEventListener('click', () => void begin());
stopButton.addEventListener('click', () => network?.stop());
find<HTMLFormElement>('[data-teach]').addEventListener('submit', (event) => {
  event.preventDefault();
  const input = find<HTMLInputElement>('[data-teach] input');
  add({ ...mixed(), label: input.value.trim() });
  input.value = '';
});
void mix();

/** Takes the examples that lie on this machine, if they do. */
async function gather(): Promise<void> {
  const address = await dataAddress(table);
  const words = find('[data-source]');
  if (address === undefined) {
    words.textContent = tell(texts.coloursMissing, { table });
  } else {
    const { entries } = (await (await fetch(address)).json()) as { entries: Example[] };
    examples = entries.map(({ r, g, b, label }) => ({ r, g, b, label }));
    words.textContent = tell(texts.learnsFromPeople, { count: examples.length });
  }
  count();
}

function add(example: Example): void {
  examples = [...examples, example];
  count();
  find('[data-learned]').textContent = tell(texts.added, {
    label: example.label,
    count: examples.length,
  });
  void begin();
}

function count(): void {
  const names = [...new Set(examples.map(({ label }) => label))];
  find('[data-count]').textContent = String(examples.length);
  find('[data-names]').replaceChildren(
    ...names.map((name) => {
      const option = make('option');
      option.value = name;
      return option;
    }),
  );
  learnButton.disabled = names.length < 2;
}

/** Learns from all examples, from the start. */
async function begin(): Promise<void> {
  if (learnButton.disabled || !learn) return;
  forget();
  const current = ++lesson;
  trouble.clear();
  chart.clear();
  stopButton.disabled = false;
  find('[data-learned]').textContent = tell(texts.learnsFrom, { count: examples.length });
  try {
    await learn(examples, async (learning, epoch, logs) => {
      if (current !== lesson) return learning.stop();
      network = learning;
      await showEpoch(epoch, logs);
    });
    if (current !== lesson) return;
    await part();
    find('[data-learned]').textContent = texts.learned;
  } catch (error) {
    if (current === lesson) sketch.troubleOr(trouble).show(error);
  } finally {
    if (current === lesson) stopButton.disabled = true;
  }
}

function forget(): void {
  lesson += 1;
  network?.stop();
  network?.dispose();
  network = undefined;
}

/** One epoch a frame: what can be seen to change can be understood. */
async function showEpoch(epoch: number, { loss, accuracy }: Logs): Promise<void> {
  chart.add(epoch + 1, { ...(loss !== undefined && { loss }), right: accuracy ?? 0 });
  if (epoch % 8 === 0) await part();
  await mix();
  if (epoch % 50 === 49) {
    find('[data-learned]').textContent = tell(texts.epochRight, {
      epoch: epoch + 1,
      part: showPart(accuracy ?? 0),
    });
  }
  await frame();
}

function mixed(): Colour {
  const [r = 0, g = 0, b = 0] = sliders.map(({ value }) => Number(value));
  return { r, g, b };
}

/** Shows the colour of the sliders, and what it is called. */
async function mix(): Promise<void> {
  const colour = mixed();
  showColour(colour);
  if (asking) {
    waiting = true;
    return;
  }
  const asked = network;
  if (!asked || !answer) return;
  asking = true;
  try {
    const start = performance.now();
    const [names = []] = await answer(asked, [colour]);
    if (asked === network) verdict.show(names.slice(0, shownNames), showTimeSince(start));
  } catch (error) {
    if (asked === network) sketch.troubleOr(trouble).show(error);
  } finally {
    asking = false;
  }
  if (waiting) {
    waiting = false;
    await mix();
  }
}

function showColour(colour: Colour): void {
  find('[data-mixed]').style.setProperty('--mixed', css(colour));
  for (const slider of sliders) {
    const name = slider.dataset.slider ?? '';
    slider.style.setProperty('--from', css({ ...colour, [name]: 0 }));
    slider.style.setProperty('--to', css({ ...colour, [name]: 255 }));
    if (slider.nextElementSibling) slider.nextElementSibling.textContent = slider.value;
  }
}

/** Lays colours from everywhere under the names that the network gives them. */
async function part(): Promise<void> {
  const asked = network;
  const names = asked && (await answer?.(asked, samples));
  if (!names || asked !== network) return;
  const groups = new Map<string, Colour[]>();
  for (const [i, colour] of samples.entries()) {
    const name = names[i]?.[0]?.label ?? '';
    groups.set(name, [...(groups.get(name) ?? []), colour]);
  }
  const rows = [...groups].toSorted(([a], [b]) => a.localeCompare(b));
  find('[data-parted]').replaceChildren(
    ...rows.flatMap(([name, colours]) => {
      const dabs = make('dd');
      dabs.append(
        make('span', 'quiet', tell(texts.colours, { count: colours.length })),
        ...colours.map(dab),
      );
      const word = make('dt', '', name);
      word.translate = false;
      return [word, dabs];
    }),
  );
  find('[data-unparted]').hidden = true;
}

/** A dab of paint; a click mixes its colour, which the sliders can do too. */
function dab(colour: Colour): HTMLElement {
  const paint = make('span', 'dab');
  paint.style.setProperty('--dab', css(colour));
  paint.addEventListener('click', () => {
    for (const slider of sliders) {
      slider.value = String(colour[(slider.dataset.slider ?? 'r') as keyof Colour]);
    }
    void mix();
  });
  return paint;
}

/** Colours on a lattice through all that there are, from the darkest to the lightest. */
function cube(steps: number): Colour[] {
  const at = (i: number) => Math.round((255 * i) / (steps - 1));
  const all = Array.from({ length: steps ** 3 }, (_, i) => ({
    r: at(Math.floor(i / steps ** 2)),
    g: at(Math.floor(i / steps) % steps),
    b: at(i % steps),
  }));
  return all.toSorted((a, b) => lightness(a) - lightness(b));
}

function lightness({ r, g, b }: Colour): number {
  return 0.299 * r + 0.587 * g + 0.114 * b;
}

function css({ r, g, b }: Colour): string {
  return `rgb(${r} ${g} ${b})`;
}
