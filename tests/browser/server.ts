// A plain server of a folder on this machine, as `python3 -m http.server` is one, but for ranges.
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const types: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webp': 'image/webp',
};

export interface FolderServer {
  /** With a slash at its end. */
  address: string;
  port: number;
  /** Paths that were asked for, with the range if there was one. */
  asked: string[];
  /** Answers instead of the server, if it returns true. */
  meddle: (path: string, response: ServerResponse, request: IncomingMessage) => boolean;
  close(): void;
}

/**
 * Serves files.
 *
 * @param read the content of a path without its first slash; throws where there is none
 * @param port any that is free, unless one is named
 */
export async function serveFiles(
  read: (path: string) => Uint8Array,
  port = 0,
): Promise<FolderServer> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const path = normalize(decodeURIComponent(pathname.replace(/\/$/, '/index.html')).slice(1));
    const { range } = request.headers;
    served.asked.push(range ? `${path} ${range}` : path);
    if (served.meddle(path, response, request)) return;
    let body: Uint8Array;
    try {
      body = read(path);
    } catch {
      response.writeHead(404).end();
      return;
    }
    response.setHeader('content-type', types[extname(path)] ?? 'application/octet-stream');
    const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    const rest = body.subarray(start);
    if (start > 0) {
      response.setHeader('content-range', `bytes ${start}-${body.length - 1}/${body.length}`);
    }
    response.writeHead(start > 0 ? 206 : 200, { 'content-length': rest.length }).end(rest);
  });
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  const { port: taken } = server.address() as AddressInfo;
  const served: FolderServer = {
    address: `http://127.0.0.1:${taken}/`,
    port: taken,
    asked: [],
    meddle: () => false,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return served;
}

export function serveFolder(folder: string, port = 0): Promise<FolderServer> {
  return serveFiles((path) => readFileSync(join(folder, path)), port);
}

/** An empty page that can import the library, which lies beside it. */
const emptyPage =
  '<!doctype html><meta charset="utf-8"><title>A page</title><link rel="icon" href="data:,">' +
  '<script type="importmap">{"imports": {"gesso": "./index.js"}}</script>';

/** Serves the library with that page. */
export function serveLibrary(dist: string): Promise<FolderServer> {
  return serveFiles((path) => {
    return path === 'index.html' ? Buffer.from(emptyPage) : readFileSync(join(dist, path));
  });
}
