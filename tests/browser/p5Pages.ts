// Pages with p5 and a sketch, served plainly, as a beginner would have them; and what a sketch tells.
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { extname, normalize, resolve } from 'node:path';
import type { Page } from '@playwright/test';
import config from '../../playwright.config.js';
import { root } from '../blocks.js';
import { digits, models, shared } from './page.js';

/** A browser whose camera shows a test picture. */
export const fakeCamera = {
  ...config.use?.launchOptions,
  args: [
    ...(config.use?.launchOptions?.args ?? []),
    '--use-fake-ui-for-media-stream',
    '--use-fake-device-for-media-stream',
  ],
};

/** The versions of p5 that a sketch must run on without a change. */
export const versions = ['1', '2'] as const;
export type Version = (typeof versions)[number];

const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.png': 'image/png',
  '.wasm': 'application/wasm',
};

const folders: Record<string, string> = {
  '/gesso/': resolve(root, 'dist'),
  '/p5/1/': resolve(root, 'node_modules/p5-1/lib'),
  '/p5/2/': resolve(root, 'node_modules/p5/lib'),
  '/sketches/': resolve(root, 'web/sketches'),
  '/photos/': resolve(shared, 'photos'),
  '/models/digits/': digits,
  '/models/': models,
};

/** A server of the library, p5 and sketches, and of pages that a test makes up. */
export class Pages {
  readonly origin: string;
  readonly #made = new Map<string, string>();
  readonly #server: Server;

  /** @param headers more headers of every answer */
  static async serve(port: number, headers: Record<string, string> = {}): Promise<Pages> {
    const pages = new Pages(port, headers);
    await new Promise<void>((listening) => pages.#server.listen(port, 'localhost', listening));
    return pages;
  }

  private constructor(port: number, headers: Record<string, string>) {
    this.origin = `http://localhost:${port}`;
    this.#server = createServer(({ url = '/' }, response) => {
      const { pathname } = new URL(url, this.origin);
      try {
        const body = this.#made.get(pathname) ?? readFileSync(fileOf(pathname));
        const type = types[extname(pathname)] ?? 'application/octet-stream';
        response.writeHead(200, { ...headers, 'content-type': type }).end(body);
      } catch {
        response.writeHead(404, headers).end();
      }
    });
  }

  /** The address of a page with this content. */
  page(body: string): string {
    const path = `/${this.#made.size}.html`;
    const head = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">';
    this.#made.set(path, head + body);
    return this.origin + path;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** The file that an address stands for. */
function fileOf(path: string): string {
  const [prefix = '', folder = ''] =
    Object.entries(folders).find(([start]) => path.startsWith(start)) ?? [];
  return resolve(folder, normalize(decodeURI(path.slice(prefix.length))));
}

/** Script tags of p5, of ml5 as gesso has it, and of a sketch, from one server or several. */
export function scripts(version: Version, sketch: string, from = ''): string {
  const local = 'ml5.setModelPath("/models/")';
  return [
    `<script src="${from}/p5/${version}/p5.min.js"></script>`,
    `<script src="${from}/gesso/gesso-ml5.js"></script>`,
    `<script>${local}</script>`,
    sketch.startsWith('/') ? `<script src="${sketch}"></script>` : `<script>${sketch}</script>`,
  ].join('\n');
}

/** What the sketches of a page say of themselves, to those who cannot see them. */
export async function told(page: Page): Promise<string> {
  const texts = await page.locator('canvas').allTextContents();
  return texts.join(' ').replace(/\s+/g, ' ').trim();
}
