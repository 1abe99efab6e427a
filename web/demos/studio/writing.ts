// The page on which a person and a voice write in turns: the sheet, the next characters, the pace.
import type { Prediction, TextWarning, VoiceAbout } from 'gesso';
import source from '../write/sketch.js?raw';
import { takeDrops } from './drops.js';
import { type Model, ModelShelf } from './models.js';
import { Nexts, nameOf } from './nexts.js';
import { find, isAbort, type LoadOptions, listWarnings } from './page.js';
import { Sheet } from './sheet.js';
import { Sketch } from './sketch.js';
import { tell, texts } from './texts.js';
import { keptVoices, showCard, temperatureWord } from './voices.js';

/** What the sketch is given to load a voice with. */
interface VoiceOptions extends LoadOptions {
  onWarning: (warning: TextWarning) => void;
}

type Load = (model: Model, options: VoiceOptions) => Promise<VoiceAbout>;
type Read = (text: string) => Promise<readonly string[]>;
type Ask = (temperature: number) => Promise<Prediction>;
type Choose = (character: string) => Promise<unknown>;
type Pour = (
  temperature: number,
  signal: AbortSignal,
  show: (text: string) => void,
) => Promise<unknown>;

const remembered = 3000; // characters before the end that a voice reads: none remembers more
const most = 600; // characters that it writes in one go, character by character
const shownFor = 1200; // milliseconds: which one was chosen, before what may come after it

const writeButton = find<HTMLButtonElement>('[data-write]');
const oneButton = find<HTMLButtonElement>('[data-one]');
const slider = find<HTMLInputElement>('[data-temperature]');
const opinion = find('[data-opinion]');
const spoken = find('[data-spoken]');
const skipped = find('[data-skipped]');
const paces = [...document.querySelectorAll<HTMLElement>('[data-pace]')];

let load: Load | undefined;
let read: Read | undefined;
let ask: Ask | undefined;
let choose: Choose | undefined;
let pour: Pour | undefined;
let shelf: ModelShelf<VoiceAbout> | undefined;
let ready = false;
let writing: AbortController | undefined;
let known: string | undefined; // the text that the voice has read
let looking: Promise<void> = Promise.resolve();
let awaited = 0;
let voices = 0; // that were begun with, so that what went wrong with one before is not told

const sheet = new Sheet(find('[data-sheet]'), () => look(250));
const nexts = new Nexts(find('[data-nexts]'), (char) => void writeOne(char));

/** What the sketch can do with this page. */
export const studio = {
  /** Called with every voice that somebody picks; resolves to what the voice says of itself. */
  onVoice(given: Load): void {
    load = given;
    if (shelf) shelf.useAgain(sketch.troubleOr(shelf.trouble));
    else void open();
  },
  /** Called with all of the text, whenever it was changed; resolves to the characters not known. */
  onBeginning(given: Read): void {
    read = given;
  },
  /** Called with the temperature, for what may come next. */
  onNext(given: Ask): void {
    ask = given;
  },
  /** Called with the character that was taken. */
  onChosen(given: Choose): void {
    choose = given;
  },
  /** Called to write a whole passage; what comes is to be shown. */
  onAtOnce(given: Pour): void {
    pour = given;
  },
};

const sketch = new Sketch(source, { '../studio/writing.ts': { studio } });
showTemperature();

async function open(): Promise<void> {
  shelf = new ModelShelf<VoiceAbout>(
    async (model, options) => {
      if (!load) throw new Error(texts.noLoader);
      const warnings: string[] = [];
      const onWarning = ({ message }: TextWarning) => {
        warnings.push(message);
        listWarnings(find('[data-warnings]'), warnings);
      };
      return load(model, { ...options, onWarning });
    },
    {
      begun() {
        stop();
        voices += 1;
        ready = false;
        known = undefined;
        enable();
        nexts.clear();
        opinion.textContent = texts.loadingTheVoice;
        showCard(undefined);
        listWarnings(find('[data-warnings]'), []);
      },
      loaded(facts) {
        ready = true;
        opinion.textContent = '';
        showCard(facts.voice);
        enable();
        look(0);
      },
      failed(sentence) {
        opinion.textContent = sentence === texts.noModel ? texts.noVoice : sentence;
      },
    },
    (task) => task === 'charRNN',
  );
  const opened = shelf;
  takeDrops((files) => opened.useFiles(files));
  const own = await keptVoices();
  const wanted = new URLSearchParams(location.search).get('voice') ?? '';
  const there = own.some(({ name }) => name === wanted);
  await opened.open(there ? wanted : 'shakespeare', own);
}

/** Whether it may write now; what belongs to a text begins with one. */
function enable(): void {
  const free = ready && !writing;
  writeButton.disabled = !ready;
  oneButton.disabled = !free;
  if (!free) nexts.enable(false); // until they tell again what comes next
  writeButton.textContent = writing ? texts.stop : texts.letItWrite;
  sheet.lock(writing !== undefined);
}

/** Shows what may come after the text that stands there, once nobody has typed for a while. */
function look(patience: number): void {
  window.clearTimeout(awaited);
  if (!ready || writing) return;
  awaited = window.setTimeout(() => {
    looking = looking.then(async () => {
      if (!ready || writing || !(await catchUp())) return;
      const found = await attempt(async () => ask?.(temperature()));
      if (!found || writing) return;
      nexts.show(found.probabilities);
      nexts.enable(true);
    });
  }, patience);
}

/** Lets the voice read what it has not read yet; false when that went wrong. */
async function catchUp(): Promise<boolean> {
  const { text } = sheet;
  if (text === known) return true;
  const end = text.slice(-remembered).replace(/^[\udc00-\udfff]/, ''); // no half of a character
  const missed = await attempt(async () => read?.(end));
  if (!missed) return false;
  known = text;
  skipped.hidden = missed.length === 0;
  skipped.textContent = tell(texts.skippedCharacters, {
    characters: missed.map(nameOf).join(' '),
  });
  return true;
}

/** Does something with the voice; what goes wrong is told, unless it was to stop. */
async function attempt<T>(action: () => Promise<T>): Promise<T | undefined> {
  const mine = voices;
  try {
    const result = await action();
    shelf?.trouble.clear();
    return result;
  } catch (error) {
    if (mine !== voices) return undefined;
    known = undefined;
    if (!isAbort(error) && shelf) sketch.troubleOr(shelf.trouble).show(error);
    return undefined;
  }
}

/** Writes one character: the given one, or what the voice chooses. */
async function writeOne(char?: string): Promise<void> {
  if (writing || !ready) return;
  await turn(async () => {
    const found = char === undefined ? await next() : undefined;
    const taken = char ?? found?.sample;
    if (taken === undefined) return;
    if (char === undefined) sheet.say(taken);
    else sheet.write(taken);
    await readOn(taken);
    if (found) nexts.show(found.probabilities, taken);
    spoken.textContent = tell(texts.written, { text: nameOf(taken) });
  });
  look(char === undefined ? shownFor : 0);
}

async function next(): Promise<Prediction | undefined> {
  return attempt(async () => ask?.(temperature()));
}

/** Lets the voice read the character that was just put on the sheet. */
async function readOn(char: string): Promise<void> {
  const { text } = sheet;
  known = undefined;
  await attempt(async () => {
    await choose?.(char);
    known = text;
  });
}

/** Lets the voice write until it is stopped or has written enough. */
async function write(): Promise<void> {
  const before = sheet.text.length;
  await turn(async (signal) => {
    const pace = Number(paces.find(({ ariaPressed }) => ariaPressed === 'true')?.dataset.pace);
    if (pace === 0) {
      await attempt(async () => pour?.(temperature(), signal, (text) => sheet.say(text)));
      known = signal.aborted ? undefined : sheet.text;
      return;
    }
    for (let count = 0; count < most && !signal.aborted; ++count) {
      const begun = performance.now();
      const found = await next();
      if (!found || signal.aborted) return;
      sheet.say(found.sample);
      await readOn(found.sample);
      nexts.show(found.probabilities, found.sample);
      await pause(1000 / pace - (performance.now() - begun), signal);
    }
  });
  spoken.textContent = tell(texts.written, { text: sheet.text.slice(before) });
  look(0);
}

/** Runs what writes, alone; it ends when stop() is called. */
async function turn(act: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const mine = new AbortController();
  writing = mine;
  window.clearTimeout(awaited);
  enable();
  try {
    await looking;
    if (await catchUp()) await act(mine.signal);
  } finally {
    if (writing === mine) writing = undefined;
    enable();
  }
}

function stop(): void {
  writing?.abort();
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = window.setTimeout(resolve, Math.max(milliseconds, 0));
    signal.addEventListener('abort', () => {
      window.clearTimeout(timer);
      resolve();
    });
  });
}

function temperature(): number {
  return Number(slider.value);
}

function showTemperature(): void {
  const word = temperatureWord(temperature());
  find('[data-temperature-word]').textContent = word;
  slider.ariaValueText = word;
}

function setPace(chosen: HTMLElement | undefined): void {
  for (const button of paces) button.ariaPressed = String(button === chosen);
}

writeButton.addEventListener('click', () => {
  if (writing) stop();
  else void write();
});
oneButton.addEventListener('click', () => void writeOne());
slider.addEventListener('input', () => {
  showTemperature();
  look(0);
});
find('[data-clear]').addEventListener('click', () => {
  stop();
  sheet.text = '';
  sheet.focus();
  look(0);
});
find('[data-sheet]').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    if (ready && !writing) void write();
  } else if (event.key === 'Escape') stop();
});
for (const button of paces) button.addEventListener('click', () => setPace(button));
// Whoever wants no motion gets whole passages, unless they ask for more.
if (matchMedia('(prefers-reduced-motion: reduce)').matches) setPace(paces.at(-1));
