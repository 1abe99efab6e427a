// The models, photos and data that lie on this machine, served read-only beside the pages.
import { createReadStream } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { basename, extname, join, relative, sep } from 'node:path';
import type { Connect } from 'vite';
import { library, p5Versions, sketches, tree } from './places.js';

const own = join(tree, 'models');
const shared = process.env.GESSO_SHARED ?? join(tree, '../shared');
const found = process.env.GESSO_MODELS ?? join(shared, 'models');
const photos = join(shared, 'photos');
const data = join(shared, 'data');

const contentTypes: Record<string, string> = {
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
};

/** A model of models/index.json. */
interface Shelved {
  /** What the page calls it. */
  name: string;
  /** What `loadModel` is given: a known name, or an address relative to models/. */
  source: string;
  /** The function that opens it, as models/registry.json says. */
  task: string;
  bytes: number;
}

/** What models/registry.json says of a model, as far as these pages need it. */
interface Known {
  task: string;
  folder: string;
  entry: string;
  files: Record<string, { bytes: number }>;
}

/** What the built site says that it has: the models that come with gesso, and nothing of this machine. */
export async function ownShelves(): Promise<Record<string, string>> {
  return {
    'models/index.json': JSON.stringify(await readKnown(own)),
    'photos/index.json': '[]',
    'data/index.json': '[]',
  };
}

/** Serves the library, p5 and what sketches need as files, as the built site has them. */
export function serveScripts(middlewares: Connect.Server): void {
  middlewares.use('/gesso/', serveFrom([library]));
  for (const [version, folder] of Object.entries(p5Versions)) {
    middlewares.use(`/p5/${version}/`, serveFrom([folder]));
  }
  middlewares.use('/sketches/', serveFrom([sketches]));
}

/** Serves `models/`, `photos/` and `data/`. */
export function shelve(middlewares: Connect.Server): void {
  middlewares.use('/models/index.json', async (_, response) => {
    const models = [
      await readKnown(own),
      await readKnown(found),
      await readDescribed(found),
      await readVoices(found),
    ];
    sendJson(response, models.flat());
  });
  middlewares.use('/photos/index.json', async (_, response) => {
    const names = await readdir(photos).catch(() => []);
    const shown = names.filter((name) => ['.png', '.jpg', '.webp'].includes(extname(name)));
    sendJson(
      response,
      shown.map((name) => ({ name: title(name), address: encodeURIComponent(name) })),
    );
  });
  middlewares.use('/data/index.json', async (_, response) => {
    const files = await readdir(data, { recursive: true, withFileTypes: true }).catch(() => []);
    const paths = files
      .filter((file) => file.isFile())
      .map((file) => relative(data, join(file.parentPath, file.name)).split(sep).join('/'));
    sendJson(response, paths);
  });
  middlewares.use('/models/', serveFrom([found]));
  middlewares.use('/photos/', serveFrom([photos]));
  middlewares.use('/data/', serveFrom([data]));
}

/** tfjs_dog.jpg → dog */
function title(file: string): string {
  return basename(file, extname(file))
    .replace(/^tfjs_/, '')
    .replaceAll('_', ' ');
}

async function readRegistry(): Promise<[name: string, model: Known][]> {
  const registry = JSON.parse(await readFile(join(own, 'registry.json'), 'utf8'));
  return Object.entries<Known>(registry.models);
}

/** The known models that lie in a folder. */
async function readKnown(folder: string): Promise<Shelved[]> {
  const shelved: Shelved[] = [];
  for (const [name, model] of await readRegistry()) {
    const { task, entry } = model;
    const bytes = Object.values(model.files).reduce((sum, file) => sum + file.bytes, 0);
    const here = await isFile(join(folder, model.folder, entry));
    if (here) shelved.push({ name, source: name, task, bytes });
  }
  return shelved;
}

/** Models that nobody knows, but whose folder says how they want their pictures. */
async function readDescribed(folder: string): Promise<Shelved[]> {
  const known = new Set((await readRegistry()).map(([, model]) => model.folder));
  const shelved: Shelved[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    if (known.has(name) || !(await isFile(join(folder, name, 'model.json')))) continue;
    const files = await readdir(join(folder, name));
    if (!files.includes('gesso.json') && !files.includes('metadata.json')) continue;
    const source = `${encodeURIComponent(name)}/model.json`;
    const bytes = await bytesIn(join(folder, name));
    shelved.push({ name, source, task: 'imageClassifier', bytes });
  }
  return shelved;
}

/** Voices of ml5: folders with a list of weights and one of characters. */
async function readVoices(folder: string): Promise<Shelved[]> {
  const shelved: Shelved[] = [];
  for (const folderName of await readdir(folder).catch(() => [])) {
    const place = join(folder, folderName);
    if (!(await isFile(join(place, 'vocab.json')))) continue;
    if (!(await isFile(join(place, 'manifest.json')))) continue;
    const name = `${folderName.replace(/^charrnn_/i, '').replaceAll('_', ' ')} (ml5)`;
    const source = `${encodeURIComponent(folderName)}/manifest.json`;
    shelved.push({ name, source, task: 'charRNN', bytes: await bytesIn(place) });
  }
  return shelved;
}

async function bytesIn(folder: string): Promise<number> {
  const files = await readdir(folder);
  const sizes = await Promise.all(files.map((file) => stat(join(folder, file))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isFile(),
    () => false,
  );
}

/** Serves files below the first folder that has them; nothing outside, nothing but reading. */
function serveFrom(folders: readonly string[]): Connect.NextHandleFunction {
  return async (request: IncomingMessage, response: ServerResponse, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next();
    const path = decodePath(request.url ?? '');
    for (const folder of folders) {
      const file = path && (await fileBelow(folder, path));
      if (!file) continue;
      response.setHeader(
        'content-type',
        contentTypes[extname(file.path)] ?? 'application/octet-stream',
      );
      response.setHeader('content-length', file.size);
      if (request.method === 'HEAD') response.end();
      else createReadStream(file.path).pipe(response);
      return;
    }
    response.statusCode = 404;
    response.end();
  };
}

function decodePath(url: string): string | undefined {
  try {
    return decodeURIComponent(new URL(url, 'http://localhost').pathname);
  } catch {
    return undefined;
  }
}

async function fileBelow(
  folder: string,
  path: string,
): Promise<{ path: string; size: number } | undefined> {
  try {
    const root = await realpath(folder);
    const file = await realpath(join(root, path));
    const facts = await stat(file);
    return file.startsWith(root + sep) && facts.isFile()
      ? { path: file, size: facts.size }
      : undefined;
  } catch {
    return undefined;
  }
}

function sendJson(response: ServerResponse, content: unknown): void {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(content));
}
