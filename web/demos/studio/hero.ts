// The canvas on the first page: what is drawn there is read at once, by the three lines beside it.
import type { ImageClassifier } from 'gesso';
import { asDigit } from '../digits/asDigit.js';
import { Pad } from './pad.js';
import { find, showConfidence } from './page.js';
import { tell, texts } from './texts.js';

const answer = find('[data-answer]');
const reading = find('[data-reading]');
const pad = new Pad(find<HTMLCanvasElement>('[data-pad]'), () => void look());
const clear = find('[data-clear]');
const { textContent: invitation } = reading;

let classifier: Promise<ImageClassifier> | undefined;
let looking = false;
let waiting = false;

clear.addEventListener('click', () => {
  pad.clear();
  pad.canvas.focus();
});

/** Nobody has to wait for a model that nobody asks: it is loaded with the first stroke. */
function open(): Promise<ImageClassifier> {
  classifier ??= import('gesso').then(({ imageClassifier }) => imageClassifier('digits'));
  return classifier;
}

/** Reads what is drawn; while one answer is awaited, only the newest drawing waits for the next. */
async function look(): Promise<void> {
  const empty = pad.strokes.length === 0;
  find('[data-invite]').hidden = !empty;
  clear.hidden = empty;
  if (looking) {
    waiting = true;
    return;
  }
  looking = true;
  try {
    do {
      waiting = false;
      await read();
    } while (waiting);
  } catch (error) {
    classifier = undefined;
    reading.textContent = error instanceof Error ? error.message : String(error);
  } finally {
    looking = false;
  }
}

async function read(): Promise<void> {
  const { strokes } = pad;
  if (strokes.length === 0) {
    answer.textContent = '';
    reading.textContent = invitation;
    return;
  }
  const [best] = await (await open()).classify(asDigit(strokes), 1);
  if (!best || pad.strokes.length === 0) return;
  answer.textContent = best.label;
  reading.textContent = tell(texts.readHere, { confidence: showConfidence(best.confidence) });
}
