// The package as npm would publish it, put into empty folders, and servers for what is made there.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, resolve, sep } from 'node:path';
import { encode } from 'fast-png';
import { mobilenet, photo } from '../browser/page.js';

export const root = resolve(import.meta.dirname, '../..');
const here = import.meta.dirname;

/** What `npm pack --json` tells of the archive that it has made. */
export interface Packed {
  filename: string;
  files: { path: string; size: number }[];
}

const npm = (cwd: string, ...args: string[]): string =>
  execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** A folder of its own for one test. */
export function emptyFolder(): string {
  return mkdtempSync(join(tmpdir(), 'gesso-package-'));
}

/** Packs what `npm publish` would send; @returns the archive, and what is in it. */
export function pack(): { archive: string; packed: Packed } {
  const folder = emptyFolder();
  const text = npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder);
  const [packed] = JSON.parse(text) as Packed[];
  if (packed === undefined) throw new Error(`npm pack made nothing: ${text}`);
  return { archive: join(folder, packed.filename), packed };
}

/**
 * An empty folder in which the package has been installed, without a network, and files beside it.
 *
 * @param names files of this folder
 */
export function install(archive: string, ...names: string[]): string {
  const folder = emptyFolder();
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  npm(folder, 'install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', archive);
  for (const name of names) copyFileSync(join(here, name), join(folder, name));
  return folder;
}

/** A model, and the photo that pages find under its name. */
export interface Case {
  model: string;
  /** What it must see. */
  label: string;
  path: string;
}

/** A 1 as one draws it, white on black, for the model that comes with the library. */
function drawnDigit(): string {
  const data = new Uint8Array(28 * 28);
  for (let row = 5; row < 23; row++) data.fill(255, 28 * row + 13, 28 * row + 15);
  const path = join(emptyFolder(), 'digits.png');
  writeFileSync(path, encode({ width: 28, height: 28, channels: 1, depth: 8, data }));
  return path;
}

/** The drawn digit; and a photo, where the photos and models are on this machine. */
export const cases: Case[] = [{ model: 'digits', label: '1', path: drawnDigit() }];
const coffee = photo('coffee.png');
if (existsSync(coffee) && existsSync(mobilenet)) {
  cases.push({ model: 'mobilenet', label: 'espresso', path: coffee });
}

const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.png': 'image/png',
};

/** Servers that a test has started, and must close. */
export class Servers {
  readonly #servers: Server[] = [];

  /**
   * Serves a folder, with the photos and models that the pages ask for.
   *
   * @returns the address, without a slash at the end
   */
  async serve(folder: string, headers: Record<string, string> = {}): Promise<string> {
    const server = createServer(({ url = '/' }, response) => {
      answer(fileOf(folder, url), response, headers);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    this.#servers.push(server);
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const server of this.#servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  }
}

function answer(
  file: string | undefined,
  response: ServerResponse,
  headers: Record<string, string> = {},
): void {
  if (file === undefined) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'content-type': types[extname(file)] ?? '', ...headers });
  response.end(readFileSync(file));
}

/** Answers, in a server of somebody else, what only `Servers` would know. */
export function answerShelf(
  { url = '/' }: IncomingMessage,
  response: ServerResponse,
  next: () => void,
): void {
  const file = /^\/(photos|shelf)\//.test(url) ? fileOf(root, url) : undefined;
  if (file === undefined) next();
  else answer(file, response);
}

/** The file that an address stands for; undefined if there is none. */
function fileOf(folder: string, address: string): string | undefined {
  const path = decodeURIComponent(new URL(address, 'http://localhost').pathname);
  const [, kind, rest = ''] = /^\/(photos|shelf)\/(.*)$/.exec(path) ?? [];
  const photo = cases.find(({ model }) => rest === `${model}.png`);
  if (kind === 'photos' && photo) return photo.path;
  const base = kind === 'shelf' ? resolve(mobilenet, '..') : folder;
  const file = resolve(base, kind === 'shelf' ? rest : `.${path === '/' ? '/index.html' : path}`);
  const inside = file.startsWith(resolve(base) + sep);
  return inside && statSync(file, { throwIfNoEntry: false })?.isFile() ? file : undefined;
}
