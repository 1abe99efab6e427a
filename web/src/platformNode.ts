// What Node does in its own way: paths, local files, pictures.
import { statSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { decodePicture } from './decode.js';
import { withOwnFiles } from './ownFiles.js';
import type { Platform } from './platform.js';

export const node: Platform = {
  fetch: withOwnFiles((address, init) =>
    address.startsWith('file:') ? readLocal(address) : fetch(address, init ?? {}),
  ),
  resolve: (path) => addressOf(path),
  resolveModel(path) {
    const url = new URL(addressOf(path));
    if (isFolder(url)) url.pathname = `${url.pathname.replace(/\/$/, '')}/model.json`;
    return url.href;
  },
  modelPath: () => process.env.GESSO_MODELS || null,
  decode: async (picture) =>
    typeof picture === 'string'
      ? decodePicture(await readPicture(picture), picture)
      : decodePicture(picture, 'the picture'),
  async writeFiles(folder, files) {
    const path = fileURLToPath(addressOf(folder));
    await mkdir(path, { recursive: true });
    for (const [name, bytes] of files) await writeFile(join(path, name), bytes);
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
  return found ? found.isDirectory() : !url.pathname.endsWith('.json');
}

/** A file as if a server had sent it. */
async function readLocal(address: string): Promise<Response> {
  try {
    const bytes = await readFile(new URL(address));
    return new Response(bytes, { headers: { 'content-length': `${bytes.length}` } });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return new Response(null, { status: 404, statusText: 'no such file' });
    }
    throw error;
  }
}

async function readPicture(path: string): Promise<Uint8Array> {
  const response = await node.fetch(addressOf(path));
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  throw new Error(`${response.status} ${response.statusText}`.trim());
}
