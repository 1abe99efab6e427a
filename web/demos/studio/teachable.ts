// The page on which a network is taught pictures: classes with their examples, the training, what it answers,
// and keeping all of it.
import type {
  AddImageOptions,
  CaptureOptions,
  FeatureExtractor,
  ImageSource,
  Label,
  ModelSource,
  SaveTarget,
  TeachLogs,
  TeachOptions,
  TeachResult,
  WatchOptions,
} from 'gesso';
import source from '../teach/sketch.js?raw';
import { folderOf, takeDrops } from './drops.js';
import { find, isAbort, type LoadOptions, Trouble } from './page.js';
import { Sketch } from './sketch.js';
import { type Adding, Classes } from './teach/classes.js';
import { Doubts } from './teach/doubts.js';
import { Keep } from './teach/keep.js';
import { Lesson } from './teach/lesson.js';
import { Marks } from './teach/marks.js';
import { Opening } from './teach/opening.js';
import { PictureDialog } from './teach/pictureDialog.js';
import { Play } from './teach/play.js';
import { type Seen, Stage } from './teach/stage.js';
import { motifs } from './teach/stillLife.js';
import { Thumbs } from './teach/thumbs.js';
import { WorkBar } from './teach/work.js';
import { tell, texts } from './texts.js';
import './voices.css';
import './teach/teach.css';

type Teacher = FeatureExtractor;
type Show = (results: Label[]) => void;

/** What the sketch does, by when it is called. */
interface Deeds {
  hold(
    teacher: Teacher,
    video: HTMLVideoElement,
    label: string,
    options: CaptureOptions,
  ): () => void;
  add(
    teacher: Teacher,
    picture: ImageSource,
    label: string,
    options: AddImageOptions,
  ): Promise<unknown>;
  train(
    teacher: Teacher,
    options: TeachOptions,
    show: (epoch: number, logs: TeachLogs) => void,
  ): Promise<TeachResult>;
  look(teacher: Teacher, picture: Seen): Promise<Label[]>;
  watch(teacher: Teacher, video: HTMLVideoElement, show: Show, options: WatchOptions): () => void;
  save(teacher: Teacher, where: SaveTarget): Promise<void>;
}

const deeds: Partial<Deeds> = {};
const each = 12; // paintings of each class, for a start

const trouble = new Trouble(find('[data-teach-trouble]'));
const thumbs = new Thumbs();
const work = new WorkBar();
const beginning = find('[data-beginning]');
const paintings = find<HTMLButtonElement>('[data-paintings]');

const opening = new Opening({ opened, failed: (sentence) => play.clear(sentence, classes.names) });
const teacher = () => opening.teacher;
const fail = (error: unknown) => {
  if (!isAbort(error)) sketch.troubleOr(trouble).show(error);
};

const stage = new Stage(() => {
  find('[data-invite]').hidden = stage.seen !== undefined;
  if (!stage.camera.live) classes.stopRecording();
  look();
});
const classes = new Classes({ teacher, record, add, open, changed, failed: fail }, thumbs);
const pictures = new PictureDialog(teacher, () => classes, thumbs);
const play = new Play(
  stage,
  thumbs,
  teacher,
  () => ({
    look: async (given, picture) => (await deeds.look?.(given, picture)) ?? [],
    watch: (given, video, show, onError) =>
      deeds.watch?.(given, video, show, { onError }) ?? (() => {}),
  }),
  (label) => classes.paintOf(label),
  fail,
);
const doubts = new Doubts(teacher, thumbs, open);
const marks = new Marks(thumbs, (label) => classes.paintOf(label), open);
const lesson = new Lesson(
  {
    teacher,
    train: async (given, options, show) => deeds.train?.(given, options, show),
    begun() {
      trouble.clear();
      classes.stopRecording();
      play.stop();
    },
    ended: trained,
    cutElsewhere: () => marks.clear(),
    failed: fail,
  },
  work,
);
const keep = new Keep({
  teacher,
  save: () => deeds.save,
  open: (project, name) => opening.openProject(project, name),
  anew: () => opening.anew(),
});

/** What the sketch can do with this page. */
export const studio = {
  /** Called for an extractor to teach, on the base of a name. */
  onNew(make: (base: string, options: LoadOptions) => Promise<Teacher>): void {
    opening.makers.make = make;
    queueMicrotask(() => void begin()); // when the sketch has said the rest
  },
  /** Called to open a project that was saved. */
  onOpen(open: (project: ModelSource, options: LoadOptions) => Promise<Teacher>): void {
    opening.makers.open = open;
  },
  /** Called while a button is held: what it returns ends it. */
  onHold(hold: Deeds['hold']): void {
    deeds.hold = hold;
  },
  /** Called for each picture that is dropped, chosen or painted. */
  onPicture(add: Deeds['add']): void {
    deeds.add = add;
  },
  /** Called to train; the options say what the page wants to be told. */
  onTrain(train: Deeds['train']): void {
    deeds.train = train;
  },
  /** Called for each picture to be answered. */
  onLook(look: Deeds['look']): void {
    deeds.look = look;
  },
  /** Called when the camera starts; what it returns is called when the camera stops. */
  onWatch(watch: Deeds['watch']): void {
    deeds.watch = watch;
  },
  /** Called to keep the project in this browser, or to download it. */
  onSave(save: Deeds['save']): void {
    deeds.save = save;
  },
};

const sketch = new Sketch(source, { '../studio/teachable.ts': { studio } });
let begun = false;

/** Begins when the sketch runs first; a changed sketch goes on with the examples that there are. */
async function begin(): Promise<void> {
  if (begun) {
    if (!teacher()?.size) await opening.begin();
    look();
    return;
  }
  begun = true;
  if (!(await keep.start())) await opening.begin();
}

/** There is an extractor: an empty one, or one with the examples of a project. */
function opened(given: Teacher): void {
  thumbs.use(given);
  classes.reset();
  classes.enable(true);
  paintings.disabled = false;
  lesson.wipe();
  marks.clear();
  keep.opened();
  void lesson.offerLayers().catch(fail);
  if (given.classes.length > 0 && given.size > 0) void evaluate();
  enable();
  doubts.lookLater();
  look();
}

/** Examples or their classes are others now. */
function changed(): void {
  const { examples = [] } = teacher() ?? {};
  thumbs.keep(examples.map(({ id }) => id));
  enable();
  if (teacher()?.classes.length === 0) look();
  doubts.lookLater();
  keep.changed();
}

/** What can be done now, and what is missing. */
function enable(): void {
  const given = teacher();
  const labels = given?.counts.filter(({ count }) => count > 0) ?? [];
  beginning.hidden = labels.length > 0;
  const possible = labels.length > 1;
  let sentence: string = texts.needsTwo;
  if (possible && given?.classes.length === 0) {
    sentence = tell(texts.canTrain, { count: given.size });
  } else if (possible) sentence = given?.stale ? texts.trainAgain : texts.hasLearned;
  lesson.enable(possible, sentence);
}

function look(): void {
  if (!teacher()) return;
  const { length: known = 0 } = teacher()?.classes ?? [];
  play.begin(known === 0 ? texts.teachItFirst : texts.showIt, classes.names);
}

async function trained(): Promise<void> {
  enable();
  keep.changed();
  look();
  if (teacher()?.classes.length) await evaluate();
}

async function evaluate(): Promise<void> {
  const given = teacher();
  try {
    const evaluation = await given?.evaluate();
    if (evaluation && given === teacher()) marks.show(evaluation);
  } catch (error) {
    fail(error);
  }
}

/** Takes pictures of the camera for a class, which is turned on first. */
async function record(
  label: string,
  onExample: NonNullable<CaptureOptions['onExample']>,
): Promise<(() => void) | undefined> {
  trouble.clear();
  const given = teacher();
  if (!given || !(await stage.camera.start())) return undefined;
  const { live } = stage.camera;
  const onError = (error: unknown) => {
    classes.stopRecording();
    fail(error);
  };
  return live && deeds.hold?.(given, live, label, { perSecond: 8, onExample, onError });
}

function open(id: number): void {
  pictures.open(id);
}

/** Adds the pictures among some files to a class. @returns false if somebody has cancelled it */
async function add(files: File[], label: string, adding: Adding): Promise<boolean> {
  const images = files.filter(({ name, type }) => isPicture(name, type));
  const unread: string[] = [];
  const finished = await addAll(images, label, adding, async (file) => {
    const picture = await createImageBitmap(file).catch(() => undefined);
    if (!picture) unread.push(file.name);
    return picture;
  });
  if (unread.length > 0) {
    stage.trouble.show(tell(texts.pictureFailed, { name: unread.slice(0, 5).join(', ') }));
  }
  return finished;
}

/** Adds pictures one by one, with a bar that can be cancelled. @returns whether it was not */
async function addAll<Given>(
  given: readonly Given[],
  label: string,
  { group, added }: Adding,
  read: (one: Given) => Promise<ImageBitmap | HTMLCanvasElement | undefined>,
): Promise<boolean> {
  const own = teacher();
  const { length: all } = given;
  const words = (done: number) => tell(texts.adding, { done, all, name: label });
  try {
    return await work.during(words(0), async ({ signal, show }) => {
      for (const [i, one] of given.entries()) {
        if (signal.aborted || !own) return;
        const picture = await read(one);
        if (picture) {
          await deeds.add?.(own, picture, label, { group });
          added();
        }
        if (picture instanceof ImageBitmap) picture.close();
        show(words(i + 1), (i + 1) / all);
        classes.show();
      }
    });
  } catch (error) {
    fail(error);
    return true;
  }
}

function isPicture(name: string, type: string): boolean {
  return !name.startsWith('.') && (type === '' || type.startsWith('image/'));
}

paintings.addEventListener('click', () => {
  paintings.disabled = true;
  const painted = motifs.map(([name, paint]) => {
    const canvases = () => Array.from({ length: each }, () => paint(Math.random));
    const work = (label: string, adding: Adding) =>
      addAll(canvases(), label, adding, async (one) => one);
    return [name, work] as [string, typeof work];
  });
  void classes.addMany(painted).then(() => {
    paintings.disabled = false;
  });
});

takeDrops((files, on) => {
  const project = files.find(({ name }) => name.endsWith('.zip'));
  const card = classes.cardAt(on);
  const named = byFolder(files);
  named.delete('');
  const [first] = files;
  if (project) void keep.open(project);
  else if (card) void classes.add(files, card.name);
  else if (named.size > 0) {
    void classes.addMany(
      [...named].map(([name, own]) => [name, (label, adding) => add(own, label, adding)]),
    );
  } else if (first) void stage.hangFile(first);
});

/** Files by the name of their folder. */
function byFolder(files: readonly File[]): Map<string, File[]> {
  const named = new Map<string, File[]>();
  for (const file of files) {
    const folder = folderOf(file);
    named.set(folder, [...(named.get(folder) ?? []), file]);
  }
  return named;
}
