// The page around the digit demo: the pad, the ready-made digits, and the picture the model sees.

import { asDigit, type Picture, side } from '../digits/asDigit.js';
import source from '../digits/sketch.js?raw';
import { Pad } from './pad.js';
import {
  find,
  isAbort,
  LoadingBar,
  type LoadOptions,
  type Result,
  showTimeSince,
  Trouble,
  Verdict,
} from './page.js';
import { hangSamples } from './samples.js';
import { Sketch } from './sketch.js';
import { texts } from './texts.js';

/** What a model says about itself, as far as this page shows it. */
interface Card {
  build?: string;
}

type Classify = (drawing: Picture) => Promise<Result[]>;

const verdict = new Verdict();
const trouble = new Trouble(find('[data-model-trouble]'));
const loading = new LoadingBar();
const pad = new Pad(find<HTMLCanvasElement>('[data-pad]'), () => void look());

let idle = texts.loadingTheModel; // what stands there while nothing is drawn
let classify: Classify | undefined;
let looking = false;
let waiting = false;
let giveUp = () => {};

/** What the sketch can do with this page. */
export const studio = {
  /** Called with what to load with; resolves to what the model says of itself. */
  onModel(load: (options: LoadOptions) => Promise<Card>): void {
    void open(load);
  },
  /** Called whenever the drawing has changed; its answer is shown. */
  onDrawing(answer: Classify): void {
    classify = answer;
  },
};

const sketch = new Sketch(source, { '../studio/drawing.ts': { studio } });
showPicture(asDigit([]));
hangSamples(pad);

find('[data-clear]').addEventListener('click', () => {
  pad.clear();
  pad.canvas.focus();
});
find('[data-undo]').addEventListener('click', () => pad.undo());
find('[data-again]').addEventListener('click', () => location.reload());

async function open(load: (options: LoadOptions) => Promise<Card>): Promise<void> {
  giveUp();
  let current = true;
  classify = undefined;
  idle = texts.loadingTheModel;
  verdict.clear(idle);
  trouble.clear();
  find('[data-again]').hidden = true;
  try {
    const card = await loading.during(texts.ourDigits, (options, abort) => {
      giveUp = () => {
        current = false;
        abort();
      };
      return load(options);
    });
    if (!current) return;
    find('[data-build]').textContent = card.build ?? '–';
    idle = texts.drawOrPick;
    await look();
  } catch (error) {
    if (!current) return;
    idle = isAbort(error) ? texts.cancelled : texts.noModel;
    verdict.clear(idle);
    find('[data-again]').hidden = false;
    if (!isAbort(error)) sketch.troubleOr(trouble).show(error);
  }
}

/** Classifies the drawing; while one answer is awaited, only the newest drawing waits for the next. */
async function look(): Promise<void> {
  const drawing = asDigit(pad.strokes);
  showPicture(drawing);
  if (pad.strokes.length === 0) verdict.clear(idle);
  if (looking) {
    waiting = true;
    return;
  }
  if (!classify || pad.strokes.length === 0) return;
  looking = true;
  const answer = classify;
  try {
    const start = performance.now();
    const results = await answer(drawing);
    if (pad.strokes.length > 0) verdict.show(results, showTimeSince(start), byLabel(results));
  } catch (error) {
    if (answer === classify) sketch.troubleOr(trouble).show(error);
  } finally {
    looking = false;
  }
  if (waiting) {
    waiting = false;
    await look();
  }
}

/** Bars that keep their places are easier to follow while drawing. */
function byLabel(results: readonly Result[]): Result[] {
  return results.toSorted((a, b) => a.label.localeCompare(b.label));
}

function showPicture({ data }: Picture): void {
  const canvas = find<HTMLCanvasElement>('[data-seen]');
  canvas.getContext('2d')?.putImageData(new ImageData(data, side, side), 0, 0);
}
