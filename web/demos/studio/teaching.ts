// The page that teaches a voice: the text, the course of the training, what it writes, its card.
import {
  type CharRNN,
  type CharRNNOptions,
  type CleanOptions,
  type ContinueOptions,
  deleteCheckpoint,
  listCheckpoints,
  type SaveTarget,
  type SaveVoiceOptions,
  type TextEpoch,
  type TextHistory,
  type TextPreview,
  type TextSample,
  type TextSettings,
  type TrainTextOptions,
  type TrainTextProgress,
  type VoiceCardText,
} from 'gesso';
import source from '../voice/sketch.js?raw';
import { CardForm } from './cardForm.js';
import { Chart, showPart } from './chart.js';
import { Course, type State } from './course.js';
import { Manuscript } from './manuscript.js';
import { find, frame, isAbort, make, Trouble } from './page.js';
import { Sketch } from './sketch.js';
import { language, tell, texts } from './texts.js';
import {
  keptAs,
  keptVoices,
  nameOfKept,
  shelvedVoices,
  showLoss,
  temperatureWord,
} from './voices.js';
import { Written } from './written.js';

type Preview = (text: string, clean: CleanOptions) => Promise<TextPreview>;
type Train = (voice: CharRNN, text: string, options: TrainTextOptions) => Promise<TextHistory>;
type Continue = (voice: CharRNN, name: string, options: ContinueOptions) => Promise<TextHistory>;
type Write = (
  voice: CharRNN,
  temperature: number,
  seed: string,
) => Promise<Omit<TextSample, 'temperature'>>;
type Keep = (
  voice: CharRNN,
  card: VoiceCardText,
  where: SaveTarget,
  options: SaveVoiceOptions,
) => Promise<void>;

const checkpoint = 'voice-page'; // the training of this page that is kept
const example = '../sketches/coriolanus.txt';

const sentences: Record<Exclude<State, 'resting'>, string> = {
  running: texts.trains,
  paused: texts.waits,
};

const trouble = new Trouble(find('[data-model-trouble]'));
const saveTrouble = new Trouble(find('[data-save-trouble]'));
const told = find('[data-told]');
const keptTold = find('[data-kept-told]');
const bar = find<HTMLProgressElement>('[data-progress]');
const stopButton = find<HTMLButtonElement>('[data-stop]');
const writeButton = find<HTMLButtonElement>('[data-write]');
const keepButton = find<HTMLButtonElement>('[data-keep]');
const slider = find<HTMLInputElement>('[data-temperature]');
const shares = [...document.querySelectorAll<HTMLButtonElement>('[data-share]')];
const settings = [
  ...document.querySelectorAll<HTMLInputElement | HTMLSelectElement>('[data-setting]'),
];
const touched = new Set<string>(); // settings that somebody has chosen
let suggested: TextSettings | undefined; // those that suit the text
const shape = ['cell', 'layers', 'units', 'dropout']; // those that a voice which is there has already
const origin = find<HTMLSelectElement>('[data-origin]');
const waitingBox = find('[data-waiting]');
const dates = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });

let give: ((options: CharRNNOptions) => CharRNN) | undefined;
let preview: Preview | undefined;
let train: Train | undefined;
let goOn: Continue | undefined;
let write: Write | undefined;
let keep: Keep | undefined;
let continuing = false; // whether the training that begins is one that was kept
let learned = false;
let writing = false;
let steps = 0; // before the training that runs

const chart = new Chart(texts.step, ['loss', 'checked']);
const written = new Written(find('[data-written]'));
const card = new CardForm(enable);
const course = new Course<CharRNN>({
  train: teach,
  turned(state) {
    if (state !== 'resting') told.textContent = sentences[state];
    stopButton.disabled = state === 'resting';
    enable();
  },
  forgotten: wipe,
  trouble: () => sketch.troubleOr(trouble),
});
const manuscript = new Manuscript(look, showPreview);

/** What the sketch can do with this page. */
export const studio = {
  /** Called for a voice to teach: one that knows nothing yet, or the one that the options name. */
  onBegin(given: (options: CharRNNOptions) => CharRNN): void {
    give = given;
    begin();
  },
  /** Called for what the voice would read of a text. */
  onPreview(given: Preview): void {
    preview = given;
  },
  /** Called to train it on a text; the options say what the page wants to be told. */
  onTrain(given: Train): void {
    train = given;
  },
  /** Called to go on with a training that was kept under a name. */
  onContinue(given: Continue): void {
    goOn = given;
  },
  /** Called to let it write, and for how much of that is copied. */
  onWrite(given: Write): void {
    write = given;
  },
  /** Called to keep it or give it away, with its card. */
  onKeep(given: Keep): void {
    keep = given;
  },
};

const sketch = new Sketch(source, { '../studio/teaching.ts': { studio } });
showTemperature();
enable();
void offerOrigins();
void showWaiting();

/** Begins anew: with nothing, or with the voice that is chosen. */
function begin(): void {
  const given = give;
  const model = origin.value;
  // The page shows warnings where they belong.
  if (given) course.use(() => given({ onWarning: () => {}, ...(model && { model }) }));
  fixShape(model !== '');
  manuscript.show(0);
}

/** Whether the voice has a network, which cannot become another one. */
function fixShape(isFixed: boolean): void {
  for (const field of settings) {
    field.disabled = isFixed && shape.includes(field.dataset.setting ?? '');
  }
}

/** Lets one begin with a voice that is there already. */
async function offerOrigins(): Promise<void> {
  for (const { name, source: address } of [...(await keptVoices()), ...(await shelvedVoices())]) {
    const option = make('option', '', name);
    option.value = address;
    option.translate = false;
    origin.append(option);
  }
}

/** Offers to go on with a training that was interrupted. */
async function showWaiting(): Promise<void> {
  const kept = (await listCheckpoints()).find(({ name, done }) => name === checkpoint && done < 1);
  waitingBox.hidden = kept === undefined;
  if (!kept) return;
  find('[data-waiting-told]').textContent = tell(texts.trainingWaits, {
    date: dates.format(kept.saved),
    characters: kept.characters,
    part: showPart(kept.done),
  });
}

/** What the library says of a text; undefined where it refuses it, which is told. */
async function look(text: string, clean: CleanOptions): Promise<TextPreview | undefined> {
  try {
    trouble.clear();
    return await preview?.(text, clean);
  } catch (error) {
    sketch.troubleOr(trouble).show(error);
    return undefined;
  }
}

function showPreview(found: TextPreview | undefined): void {
  course.enable(found !== undefined || !course.resting);
  if (!found) return;
  suggested = found.settings;
  for (const field of settings) showSuggestion(field);
}

/** Shows what suits the text, unless somebody has chosen, or is about to: a field in use is theirs. */
function showSuggestion(field: HTMLInputElement | HTMLSelectElement): void {
  const name = field.dataset.setting ?? '';
  if (!suggested || touched.has(name) || field === document.activeElement) return;
  field.value = String(suggested[name as keyof TextSettings]);
}

/** What somebody has chosen of how the voice is built, and can still be had. */
function chosenSettings(): Partial<TextSettings> {
  const chosen = settings
    .filter(({ dataset, disabled }) => !disabled && touched.has(dataset.setting ?? ''))
    .map(({ dataset, value }) => [
      dataset.setting,
      dataset.setting === 'cell' ? value : Number(value),
    ]);
  return Object.fromEntries(chosen);
}

async function teach(voice: CharRNN): Promise<void> {
  const current = () => voice === course.model;
  const before = steps;
  const telling = {
    onProgress(progress: TrainTextProgress) {
      if (current()) showProgress(progress, before);
    },
    async onEpoch(epoch: TextEpoch) {
      if (current()) showEpoch(epoch);
      await frame();
    },
  };
  const again = continuing;
  continuing = false;
  waitingBox.hidden = true;
  const options = { ...chosenSettings(), clean: manuscript.clean, checkpoint, ...telling };
  await (again ? goOn?.(voice, checkpoint, telling) : train?.(voice, manuscript.text, options));
  if (current()) told.textContent = texts.learned;
}

function showProgress(progress: TrainTextProgress, before: number): void {
  const { epoch, epochs, step, steps: each, recentLoss, charactersPerSecond } = progress;
  const now = epoch * each + step;
  steps = before + now;
  learned = true;
  fixShape(true);
  chart.add(steps, { loss: recentLoss });
  bar.max = epochs * each;
  bar.value = now;
  find('[data-epoch]').textContent = tell(texts.epochOf, { epoch: epoch + 1, epochs });
  find('[data-perplexity]').textContent = Math.exp(recentLoss).toFixed(1);
  find('[data-pace]').textContent = Math.round(charactersPerSecond).toLocaleString(language);
  find('[data-left]').textContent = showSeconds(progress.secondsLeft);
  enable();
}

function showEpoch({ epoch, loss, valLoss, samples }: TextEpoch): void {
  if (valLoss !== undefined) chart.add(steps, { checked: valLoss });
  const when = tell(texts.afterRound, { round: epoch + 1 });
  for (const sample of samples.toReversed()) written.add(sample, when);
  told.textContent = tell(texts.roundTold, { round: epoch + 1, loss: showLoss(valLoss ?? loss) });
}

/** 75 → "1:15". */
function showSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** What can be done now: a voice that has learned nothing has nothing to say. */
function enable(): void {
  const { missing } = card;
  writeButton.disabled = !learned || writing;
  keepButton.disabled = !learned || !course.resting;
  for (const button of shares) button.disabled = keepButton.disabled || missing !== '';
  find('[data-share-told]').textContent = missing;
}

function showTemperature(): void {
  const word = temperatureWord(Number(slider.value));
  find('[data-temperature-word]').textContent = word;
  slider.ariaValueText = word;
}

async function writeOne(): Promise<void> {
  const { model } = course;
  if (!model || !write || writing) return;
  writing = true;
  enable();
  const temperature = Number(slider.value);
  const seed = find<HTMLInputElement>('[data-seed]').value;
  try {
    const sample = await write(model, temperature, seed);
    if (model === course.model) written.add({ ...sample, temperature }, texts.askedFor);
  } catch (error) {
    if (model === course.model && !isAbort(error)) sketch.troubleOr(trouble).show(error);
  } finally {
    writing = false;
    enable();
  }
}

/** Saves the voice with what the form says; the sentence tells where it is then. */
async function save(where: SaveTarget, options: SaveVoiceOptions, sentence: string): Promise<void> {
  const { model } = course;
  saveTrouble.clear();
  if (!model) return;
  try {
    await keep?.(model, card.card, where, options);
    keptTold.textContent = sentence;
  } catch (error) {
    keptTold.textContent = '';
    sketch.troubleOr(saveTrouble).show(error);
  }
}

async function keepHere(): Promise<void> {
  const name = keptAs(card.card.title);
  const title = nameOfKept(name) ?? '';
  await save(`indexeddb://${name}`, {}, tell(texts.isKept, { name: title }));
  const link = find<HTMLAnchorElement>('[data-hear]');
  link.href = `../write/?voice=${encodeURIComponent(title)}`;
  link.hidden = keptTold.textContent === '';
}

async function share(format: 'html' | 'gesso' | 'ml5'): Promise<void> {
  const name = nameOfKept(keptAs(card.card.title)) ?? '';
  await save(`downloads://${name}`, { format }, texts.downloaded);
}

function wipe(): void {
  learned = false;
  fixShape(origin.value !== '');
  steps = 0;
  chart.clear();
  written.clear();
  bar.value = 0;
  for (const name of ['epoch', 'perplexity', 'pace', 'left']) {
    find(`[data-${name}]`).textContent = '–';
  }
  told.textContent = '';
  keptTold.textContent = texts.keepWhenLearned;
  find('[data-hear]').hidden = true;
  enable();
}

async function takeExample(): Promise<void> {
  try {
    const response = await fetch(example);
    if (!response.ok) {
      const { status } = response;
      throw new Error(tell(texts.notArrived, { address: example, status: String(status) }));
    }
    manuscript.text = await response.text();
  } catch (error) {
    trouble.show(error);
  }
}

origin.addEventListener('change', begin);
find('[data-continue]').addEventListener('click', () => {
  continuing = true;
  void course.begin();
});
find('[data-discard]').addEventListener('click', async () => {
  await deleteCheckpoint(checkpoint);
  waitingBox.hidden = true;
  find('[data-text]').focus();
});
stopButton.addEventListener('click', () => course.stop());
slider.addEventListener('input', showTemperature);
find('[data-example]').addEventListener('click', () => void takeExample());
find('[data-ask]').addEventListener('submit', (event) => {
  event.preventDefault();
  void writeOne();
});
for (const field of settings) {
  field.addEventListener('input', () => touched.add(field.dataset.setting ?? ''));
  field.addEventListener('blur', () => showSuggestion(field));
}
keepButton.addEventListener('click', () => void keepHere());
for (const button of shares) {
  const { share: format } = button.dataset;
  button.addEventListener('click', () => {
    if (format === 'html' || format === 'gesso' || format === 'ml5') void share(format);
  });
}
