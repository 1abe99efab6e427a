// What Node does in its own way: paths, local files, pictures.
import { statSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { decodePicture, encodePicture } from './decode.js';
import { withOwnFiles } from './ownFiles.js';
import { namesFile, type Platform } from './platform.js';
import { megabytes, type Store } from './store.js';

export const node: Platform = {
  fetch: withOwnFiles((address, init) =>
    address.startsWith('file:') ? readLocal(address) : fetch(address, init ?? {}),
  ),
  isOwn: () => true,
  resolve: (path) => addressOf(path),
  resolveModel(path) {
    const url = new URL(addressOf(path));
    if (isFolder(url)) url.pathname = `${url.pathname.replace(/\/$/, '')}/model.json`;
    return url.href;
  },
  modelPath: () => process.env.GESSO_MODELS || null,
  openStore: async () => folderStore(modelsFolder()),
  decode: async (picture) =>
    typeof picture === 'string'
      ? decodePicture(await readPicture(picture), picture)
      : decodePicture(picture, 'the picture'),
  encode: async (picture) => encodePicture(picture),
  async writeFiles(folder, files) {
    const path = fileURLToPath(addressOf(folder));
    for (const [name, bytes] of files) {
      await mkdir(dirname(join(path, name)), { recursive: true });
      await writeFile(join(path, name), bytes);
    }
  },
  hasWorker: false,
};

/** An address for a path or an address; `C:\…` is a path. */
function addressOf(path: string): string {
  if (/^[a-z][a-z\d+.-]+:/i.test(path)) return path;
  const folder = /[\\/]$/.test(path) ? '/' : '';
  return pathToFileURL(resolve(path)).href + folder;
}

/** Whether an address is that of a folder; what is not on this disk is judged by its name. */
function isFolder(url: URL): boolean {
  const found = url.protocol === 'file:' && statSync(url, { throwIfNoEntry: false });
  return found ? found.isDirectory() : !namesFile(url.pathname);
}

/** A file as if a server had sent it. */
async function readLocal(address: string): Promise<Response> {
  try {
    const bytes = await readFile(new URL(address));
    return new Response(bytes, { headers: { 'content-length': `${bytes.length}` } });
  } catch (error) {
    return orIfMissing(error, new Response(null, { status: 404, statusText: 'no such file' }));
  }
}

/** Where downloaded models are kept: `~/.cache/gesso/models`, or `models` in GESSO_CACHE. */
function modelsFolder(): string {
  return resolve(process.env.GESSO_CACHE || join(homedir(), '.cache/gesso'), 'models');
}

/** A folder as a store: a file for each entry. */
function folderStore(root: string): Store {
  return {
    async read(key) {
      return readFile(join(root, key)).then(
        (bytes) => new Uint8Array(bytes),
        (error: unknown) => orIfMissing(error, undefined),
      );
    },
    async write(key, pieces) {
      const path = join(root, key);
      await mkdir(dirname(path), { recursive: true });
      // Renamed when it is complete: another program never reads half a file.
      const unfinished = `${path}.${process.pid}.tmp`;
      try {
        await writeFile(unfinished, pieces);
        await rename(unfinished, path);
      } catch (error) {
        await rm(unfinished, { force: true });
        throw error;
      }
    },
    async delete(key) {
      await rm(join(root, key), { force: true });
    },
    async keys(prefix) {
      const below = join(root, dirname(`${prefix}.`));
      const found = await readdir(below, { recursive: true, withFileTypes: true }).catch(
        (error: unknown) => orIfMissing(error, []),
      );
      return found
        .filter((entry) => entry.isFile() && !entry.name.endsWith('.tmp'))
        .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
        .filter((key) => key.startsWith(prefix));
    },
    async room() {
      const { bavail, bsize } = await statfs(dirname(root)).catch(() => ({ bavail: 0, bsize: 0 }));
      return { folder: root, free: megabytes(bavail * bsize) };
    },
  };
}

function orIfMissing<T>(error: unknown, otherwise: T): T {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code === 'ENOENT' || code === 'ENOTDIR') return otherwise;
  throw error;
}

async function readPicture(path: string): Promise<Uint8Array> {
  const response = await node.fetch(addressOf(path));
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  throw new Error(`${response.status} ${response.statusText}`.trim());
}
