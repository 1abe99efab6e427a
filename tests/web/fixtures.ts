// What tests share: where the models and pictures lie, a server, and expectations of errors.
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { expect, it, onTestFinished, type TestFunction } from 'vitest';
import { MLError } from '../../web/src/errors.js';
import type { Preprocess } from '../../web/src/recipe.js';

const root = resolve(import.meta.dirname, '../..');
const shared = process.env.GESSO_SHARED ?? resolve(root, '../shared');

export const dist = resolve(root, 'dist');
export const cli = resolve(dist, 'cli.js');
export const wasm = resolve(dist, 'gesso-simd.wasm');
export const models = process.env.GESSO_MODELS ?? resolve(shared, 'models');
export const photos = resolve(shared, 'photos');
export const goldens = resolve(shared, 'goldens');
export const digits = resolve(root, 'models/digits');

export const photo = (name: string) => resolve(photos, name);
export const model = (name: string) => resolve(models, name);

/** A picture as it is, drawn as large as the input. */
export const stretched: Preprocess = {
  fit: 'stretch',
  sampling: 'halfPixel',
  mean: 0,
  std: 1,
  binarize: false,
  flip: false,
};

/** A test that needs files which may be absent; it is then counted as skipped, and says why. */
export function itNeeds(paths: string[], name: string, test: TestFunction): void {
  const missing = paths.find((path) => !existsSync(path));
  if (missing === undefined) it(name, test);
  else it.skip(`${name} (skipped: there is no ${missing})`, test);
}

/** The message of the MLError that a call throws or a promise rejects with. */
export async function messageFrom(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    expect(error).toBeInstanceOf(MLError);
    return (error as MLError).message;
  }
  throw new Error('it did not fail');
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** What a test server answers: a body, or a function that answers by itself. */
export type Routes = Record<string, string | Uint8Array | Handler>;

/** Serves routes until the test ends; the address ends with a slash. */
export async function serve(routes: Routes): Promise<string> {
  const server = createServer((request, response) => {
    const route = routes[decodeURI((request.url ?? '').slice(1))];
    if (typeof route === 'function') route(request, response);
    else if (route === undefined) response.writeHead(404).end('<html>Not found</html>');
    else response.writeHead(200, { 'content-length': Buffer.byteLength(route) }).end(route);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** The files of a model folder, as a Map that the library takes. */
export function filesIn(folder: string, names: string[]): Map<string, Uint8Array> {
  return new Map(names.map((name) => [name, new Uint8Array(readFileSync(resolve(folder, name)))]));
}

export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}
