// Opens projects of Teachable Machine: pictures, or the bodies in them.
import type { Picture } from '../../image.js';
import {
  absent,
  best,
  confidences,
  Folder,
  fail,
  loadOptions,
  locate,
  openModel,
  pixelsOf,
  readOptions,
  showShape,
} from '../../library.js';
import type { CheckedWhere, Open } from '../../model.js';
import { mobilenet } from '../../people/networks.js';
import type { Preprocess } from '../../recipe.js';
import type { Tensors } from '../../runtime.js';
import type { ModelSource } from '../../source.js';
import type { Label } from '../../tasks/imageClassifier.js';
import { type Metadata, readMetadata, theirs } from './metadata.js';
import { grey, squareOf } from './square.js';
import type { TeachableMachineOptions } from './types.js';

const who = 'teachableMachine';

const schema = {
  ...loadOptions,
  topK: absent<number>(
    'a whole number from 1',
    'topK: 3',
    (value) => Number.isInteger(value) && Number(value) > 0,
  ),
  flip: false,
  posenet: absent<ModelSource>(
    'a name, an address, a path or files',
    "posenet: './posenet/model-stride16.json'",
    (value) => typeof value === 'string' || (typeof value === 'object' && value !== null),
  ),
};

/** A project that has loaded. */
export interface OpenProject {
  kind: Metadata['kind'];
  open: Open;
  labels: readonly string[];
  classify(picture: Picture, topK?: number): Promise<Label[]>;
  /** Frees what is not freed with the model. */
  close(): void;
  /** How its pictures become numbers. */
  preprocess: Preprocess;
}

export async function openTeachableMachine(
  source: ModelSource,
  given: TeachableMachineOptions,
): Promise<OpenProject> {
  const { topK, flip, posenet, ...options } = readOptions(who, given, schema);
  const location = await locate(who, source, options);
  const [place] = location.places;
  if (!place) fail(`${who}: there is no project`, {}, 'the folder, the zip or the files of one');
  const folder = new Folder(place);
  const text = await folder.readOptional('metadata.json', options.signal);
  if (text === null) {
    fail(
      `${who}: there is no metadata.json beside the model`,
      { model: place.address },
      'all three files of the project: model.json, weights.bin and metadata.json',
    );
  }
  const metadata = readMetadata(who, folder.nameOf('metadata.json'), text);
  // Files in hand are not read a second time.
  const files = place.given && new Map(Object.entries(place.given));
  const open = await openModel(who, files ?? source, options);
  try {
    const project =
      metadata.kind === 'image'
        ? imageProject(open, metadata, flip)
        : await poseProject(open, metadata, flip, posenet ?? 'posenet', options);
    const classify = async (picture: Picture, most = topK ?? metadata.labels.length) => {
      if (!(Number.isInteger(most) && most > 0)) {
        fail('classify: topK must be a whole number from 1', { given: most }, 'topK: 3');
      }
      const scores = await project.scores(picture);
      return best(confidences(scores, 'none'), metadata.labels, most);
    };
    const { kind, labels } = metadata;
    const { close, preprocess } = project;
    return { kind, open, labels, classify, close, preprocess };
  } catch (error) {
    await open.client.close(open.model);
    throw error;
  }
}

/** What both kinds are. */
interface Scorer {
  scores(picture: Picture): Promise<Float32Array>;
  preprocess: Preprocess;
  close(): void;
}

function imageProject(open: Open, metadata: Metadata, flip: boolean): Scorer {
  const [input] = open.description.inputs;
  const [, height = 0, width = 0, channels = 0] = input?.shape ?? [];
  const wanted = metadata.grayscale ? 1 : 3;
  if (height <= 0 || height !== width || channels !== wanted) {
    refuseModel(open, `one square picture of ${wanted === 1 ? 'one channel' : 'three channels'}`);
  }
  checkLabels(open, metadata);
  const preprocess = { ...theirs, flip };
  return {
    preprocess,
    async scores(picture) {
      const square = await squareOf(picture, height);
      const seen = metadata.grayscale ? grey(pixelsOf(square)) : square;
      return onlyOutput(await open.client.see(open.model, seen, preprocess));
    },
    close: () => {},
  };
}

/** Scores for each of 17 points, and two offsets for each. */
const [points, offsets] = [17, 34];

async function poseProject(
  open: Open,
  metadata: Metadata,
  flip: boolean,
  source: ModelSource,
  options: { signal: AbortSignal | undefined } & CheckedWhere,
): Promise<Scorer> {
  const cells = ((metadata.resolution - 1) / 16 + 1) ** 2;
  const [input] = open.description.inputs;
  if (input?.shape.length !== 2 || input.shape[1] !== cells * (points + offsets)) {
    refuseModel(open, `a list of ${cells * (points + offsets)} numbers`);
  }
  checkLabels(open, metadata);
  const body = await openModel(who, source, { ...options, onProgress: undefined });
  const { client } = body;
  const size = [metadata.resolution, metadata.resolution] as const;
  const preprocess = { ...mobilenet, flip };
  return {
    preprocess,
    async scores(picture) {
      const maps = await client.see(body.model, picture, preprocess, size);
      const data = embedding(body, maps, cells);
      const rows = { [input.name]: { data, shape: [1, data.length], dtype: 'float32' as const } };
      return onlyOutput(await client.run(open.model, rows));
    },
    close() {
      client.close(body.model).catch(() => {}); // it is gone already
    },
  };
}

/** What PoseNet saw, cell by cell: the scores of all points, from 0 to 1, and then their offsets. */
function embedding(body: Open, maps: Tensors, cells: number): Float32Array {
  const map = (channels: number) => {
    const found = Object.values(maps).find(
      ({ shape, data }) => shape.at(-1) === channels && data.length === cells * channels,
    );
    if (found) return found.data;
    fail(
      `${who}: this model is no PoseNet of stride 16`,
      { address: body.address, wanted: `${cells} cells of ${channels} numbers` },
      "posenet: 'posenet'",
    );
  };
  const [heat, moves] = [map(points), map(offsets)];
  const row = new Float32Array(cells * (points + offsets));
  for (let cell = 0; cell < cells; cell++) {
    const at = cell * (points + offsets);
    for (let i = 0; i < points; i++)
      row[at + i] = 1 / (1 + Math.exp(-(heat[cell * points + i] ?? 0)));
    for (let i = 0; i < offsets; i++) row[at + points + i] = moves[cell * offsets + i] ?? 0;
  }
  return row;
}

function onlyOutput(outputs: Tensors): Float32Array {
  const [scores] = Object.values(outputs);
  return scores?.data instanceof Float32Array ? scores.data : new Float32Array();
}

function checkLabels({ description, address }: Open, { labels }: Metadata): void {
  const [output] = description.outputs;
  const classes = output?.shape.at(-1) ?? 0;
  if (description.outputs.length === 1 && output?.shape.length === 2 && labels.length === classes) {
    return;
  }
  fail(
    `${who}: there must be one label for each class of the model`,
    { address, classes, labels: labels.length },
    'the metadata.json of the same export',
  );
}

function refuseModel({ address, description }: Open, needed: string): never {
  fail(
    `${who}: the model does not take what its metadata.json says`,
    {
      address,
      inputs: description.inputs.map(({ name, shape }) => `${name} ${showShape(shape)}`).join(', '),
      needed,
    },
    'the model.json and the metadata.json of the same export',
  );
}
