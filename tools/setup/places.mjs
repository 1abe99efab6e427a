// Where things lie: the tree, the cache outside it, and the file that tells CMake about both.
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const tree = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const cache = resolve(process.env.GESSO_CACHE || join(homedir(), '.cache/gesso'));
export const logFile = join(cache, 'setup.log');

/** What set-up found and built; cmake/environment.cmake reads it. */
export const environmentFile = join(tree, 'build/environment.json');

export function readEnvironment() {
  return existsSync(environmentFile) ? JSON.parse(readFileSync(environmentFile, 'utf8')) : {};
}

export function writeEnvironment(environment) {
  const text = `${JSON.stringify(environment, null, 2)}\n`;
  // CMake configures again when the file is newer: leave it alone when it says the same.
  if (existsSync(environmentFile) && readFileSync(environmentFile, 'utf8') === text) return;
  mkdirSync(dirname(environmentFile), { recursive: true });
  writeFileSync(environmentFile, text);
}

/** The first program of that name on PATH, or undefined. */
export function which(program) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {}
  }
  return undefined;
}

export function sha256(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** Removes what set-ups that were interrupted have left beside a folder. */
function removeAbandoned(folder) {
  if (!existsSync(dirname(folder))) return;
  for (const name of readdirSync(dirname(folder))) {
    const pid = /\.(\d+)\.tmp$/.exec(name)?.[1];
    if (!pid || !name.startsWith(basename(folder))) continue;
    try {
      process.kill(Number(pid), 0); // sends nothing: asks whether it lives
    } catch {
      rmSync(join(dirname(folder), name), { recursive: true, force: true });
    }
  }
}

/** Fills a folder of the cache once: make(temporary) first, its right name only when complete. */
export function fill(folder, make) {
  if (existsSync(folder)) return folder;
  removeAbandoned(folder);
  const temporary = `${folder}.${process.pid}.tmp`;
  mkdirSync(temporary, { recursive: true });
  try {
    make(temporary);
    // Another set-up may have been quicker; its folder is as good as ours.
    if (!existsSync(folder)) renameSync(temporary, folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return folder;
}
