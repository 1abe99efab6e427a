// A server of files that does what servers of models do: ranges, versions, and mishaps.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** What a mirror was asked for. */
export interface Asked {
  path: string;
  range: string | undefined;
  ifRange: string | undefined;
  ifNoneMatch: string | undefined;
  status: number;
}

/** Does something else than to serve; false: no, serve. */
type Mishap = (response: ServerResponse, request: IncomingMessage) => unknown;

export class Mirror {
  readonly asked: Asked[] = [];
  /** Next answers by path; each mishap happens once. */
  readonly mishaps = new Map<string, Mishap[]>();
  ranges = true;
  etags: 'strong' | 'weak' | 'none' = 'strong';
  #close = () => {};
  address = '';

  constructor(readonly files: Record<string, string | Uint8Array>) {}

  async listen(): Promise<this> {
    const server = createServer((request, response) => this.#answer(request, response));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    this.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    this.#close = () => {
      server.closeAllConnections();
      server.close();
    };
    onTestFinished(() => this.#close());
    return this;
  }

  /** From now on nobody answers. */
  close(): void {
    this.#close();
  }

  /** What the next request for a file meets. */
  next(path: string, ...mishaps: Mishap[]): void {
    this.mishaps.set(path, [...(this.mishaps.get(path) ?? []), ...mishaps]);
  }

  paths(): string[] {
    return this.asked.map(({ path }) => path);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURI((request.url ?? '').slice(1));
    const { range, 'if-range': ifRange, 'if-none-match': ifNoneMatch } = request.headers;
    response.on('close', () => {
      this.asked.push({
        ...{ path, range, ifNoneMatch },
        ifRange: ifRange as string | undefined,
        status: response.statusCode,
      });
    });
    const mishap = this.mishaps.get(path)?.shift();
    if (mishap && mishap(response, request) !== false) return;
    const file = this.files[path];
    if (file === undefined) {
      response.writeHead(404, { 'content-type': 'text/html' }).end('<html>Not found</html>');
      return;
    }
    const body = Buffer.from(file);
    const strong = `"${hashOf(body).slice(0, 8)}"`;
    const etag = this.etags === 'weak' ? `W/${strong}` : strong;
    if (this.etags !== 'none') response.setHeader('etag', etag);
    if (ifNoneMatch === etag && this.etags !== 'none') {
      response.writeHead(304).end();
      return;
    }
    const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1]);
    if (!this.ranges || Number.isNaN(start) || (ifRange !== undefined && ifRange !== strong)) {
      response.writeHead(200, { 'content-length': body.length }).end(body);
    } else if (start >= body.length) {
      response.writeHead(416, { 'content-range': `bytes */${body.length}` }).end();
    } else {
      const rest = body.subarray(start);
      response
        .writeHead(206, {
          'content-length': rest.length,
          'content-range': `bytes ${start}-${body.length - 1}/${body.length}`,
        })
        .end(rest);
    }
  }
}

/** Sends the beginning of a file, and then hangs up. */
export function breaksAfter(body: Uint8Array, bytes: number, headers = {}): Mishap {
  return (response) => {
    response.writeHead(200, { 'content-length': body.length, ...headers });
    response.write(body.subarray(0, bytes), () => setTimeout(() => response.destroy(), 20));
  };
}

/** Sends the beginning of a file, and then nothing more. */
export function hangsAfter(body: Uint8Array, bytes: number): Mishap {
  return (response) => {
    response.writeHead(200, { 'content-length': body.length, etag: etagOf(body) });
    response.write(body.subarray(0, bytes));
  };
}

export function answers(status: number, body = '', headers = {}): Mishap {
  return (response) => response.writeHead(status, headers).end(body);
}

export function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

export function etagOf(content: string | Uint8Array): string {
  return `"${hashOf(content).slice(0, 8)}"`;
}

/** Bytes that are never twice the same, so that a wrong joint shows. */
export function noise(bytes: number, seed = 1): Uint8Array {
  const result = new Uint8Array(bytes);
  let state = seed;
  for (let i = 0; i < bytes; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    result[i] = state >>> 24;
  }
  return result;
}
