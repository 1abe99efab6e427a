// The page around the points demo: the plane, the ready-made sets and the course of the training.
import type { History, LayersModel, Tensor } from 'gesso';
import source from '../points/sketch.js?raw';
import { Chart, showPart } from './chart.js';
import { Course } from './course.js';
import { find, frame, make, Trouble } from './page.js';
import { grid, Plane, type Spot } from './plane.js';
import { Sketch } from './sketch.js';
import { tell, texts } from './texts.js';

/** Losses and accuracy of an epoch. */
type Logs = Record<string, number>;

/** The points as a network takes them, in the same order. */
interface Points {
  places: number[][];
  colours: number[];
}

type Fit = (
  model: LayersModel,
  points: Points,
  epochEnded: (epoch: number, logs: Logs) => Promise<void>,
) => Promise<History>;
type Look = (model: LayersModel, places: Tensor) => Promise<Tensor>;
type Maker = () => Spot[];

const trouble = new Trouble(find('[data-model-trouble]'));
const chart = new Chart(texts.epoch, ['loss', 'right']);
const plane = new Plane(find<HTMLCanvasElement>('[data-plane]'), { changed, picked });
const course = new Course<LayersModel>({
  train,
  turned(state) {
    if (state !== 'resting') speak(state === 'running' ? texts.trains : texts.waits);
  },
  forgotten: wipe,
  trouble: () => sketch.troubleOr(trouble),
});

let fit: Fit | undefined;
let look: Look | undefined;
let epochs = 0; // since this network was made
let renewed = false; // whether points have changed since fit() was given them

/** What the sketch can do with this page. */
export const studio = {
  /** Called for a network that knows nothing yet. */
  onBegin: (make: () => LayersModel): void => course.use(make),
  /** Called to train it; every epoch is to be told. */
  onTrain(train: Fit): void {
    fit = train;
  },
  /** Called for the probabilities of the four colours at places. */
  onLook(answer: Look): void {
    look = answer;
  },
  /** Called once, with what makes sets of points, by name; the first is put on the plane. */
  onReadyMade(sets: Record<string, Maker>): void {
    hang(Object.entries(sets));
  },
};

const sketch = new Sketch(source, { '../studio/points.ts': { studio } });
for (const button of document.querySelectorAll<HTMLButtonElement>('[data-colour]')) {
  button.addEventListener('click', () => picked(Number(button.dataset.colour)));
}
picked(0);
find('[data-clear]').addEventListener('click', () => {
  course.forget();
  plane.show([]);
});
find('[data-undo]').addEventListener('click', () => plane.undo());

async function train(model: LayersModel): Promise<void> {
  do {
    renewed = false;
    const points = {
      places: plane.spots.map(({ x, y }) => [x, y]),
      colours: plane.spots.map(({ colour }) => colour),
    };
    await fit?.(model, points, async (_, logs) => {
      if (model !== course.model) return;
      await show(model, logs);
      if (renewed) model.stop(); // it goes on at once, with the points as they are
    });
  } while (renewed && model === course.model && teachable());
  speak(tell(texts.epochsRight, { epochs, part: find('[data-right]').textContent }));
}

/** One epoch a frame: what can be seen to change can be understood. */
async function show(model: LayersModel, { loss, accuracy }: Logs): Promise<void> {
  epochs += 1;
  chart.add(epochs, { ...(loss !== undefined && { loss }), right: accuracy ?? 0 });
  find('[data-epochs]').textContent = String(epochs);
  if (epochs % 2 === 0) {
    const regions = await look?.(model, grid);
    if (model === course.model) plane.paint(Float32Array.from(regions?.data ?? []));
  }
  if (epochs % 100 === 0)
    speak(tell(texts.epochRight, { epoch: epochs, part: showPart(accuracy ?? 0) }));
  await frame();
}

function wipe(): void {
  epochs = 0;
  plane.paint(undefined);
  chart.clear();
  find('[data-epochs]').textContent = '0';
}

function changed(spoken: string): void {
  renewed = true;
  course.enable(teachable());
  if (!teachable() && !course.resting) course.forget();
  find('[data-count]').textContent = String(plane.spots.length);
  find('[data-few]').hidden = teachable();
  speak(spoken);
}

/** Whether there is anything to tell apart. */
function teachable(): boolean {
  return new Set(plane.spots.map(({ colour }) => colour)).size > 1;
}

function picked(colour: number): void {
  plane.colour = colour;
  for (const button of document.querySelectorAll<HTMLElement>('[data-colour]')) {
    button.setAttribute('aria-pressed', String(button.dataset.colour === String(colour)));
  }
}

function hang(sets: readonly [name: string, maker: Maker][]): void {
  const buttons = sets.map(([name, maker]) => {
    const button = make('button', 'button', name);
    button.type = 'button';
    button.translate = false; // a word of the sketch
    button.addEventListener('click', () => {
      course.forget();
      plane.show(maker());
    });
    return button;
  });
  find('[data-sets]').replaceChildren(...buttons);
  const [first] = sets;
  if (first && plane.spots.length === 0) plane.show(first[1]());
}

function speak(sentence: string): void {
  find('[data-spoken]').textContent = sentence;
}
