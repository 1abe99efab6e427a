// WebGPU in Debian's Chromium, on SwiftShader: a page asks this server for requests.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decode, encode } from './codec.js';
import { chromium as executablePath } from './driver.mjs';
import type { Host } from './host.js';
import type { Answer } from './session.js';

const flags = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--ignore-gpu-blocklist',
];

/** @param script the text of page.ts */
export async function openChromium(ask: 'most' | 'least', script: string): Promise<Host> {
  const { chromium } = await import('playwright-core'); // large: only where it is needed
  const page = new Page(script);
  const server = createServer((request, response) => page.serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const browser = await chromium.launch({ executablePath, args: flags });
  const tab = await browser.newPage();
  tab.on('pageerror', (error) => page.break(error));
  tab.on('crash', () => page.break(new Error('the page has crashed')));
  const { port } = server.address() as AddressInfo;
  await tab.goto(`http://localhost:${port}/?ask=${ask}`); // a secure context, which WebGPU wants
  return {
    handle: (request) => page.handle(request),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await browser.close();
    },
  };
}

/** The page as the server knows it: it waits for a request, or it is working on one. */
class Page {
  readonly #script: string;
  #waiting: ServerResponse | undefined;
  #request: unknown;
  #settle: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;
  #broken: Error | undefined;

  constructor(script: string) {
    this.#script = script;
  }

  handle(request: unknown): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#request = request;
      if (this.#broken) reject(this.#broken);
      else this.#send();
    });
  }

  break(error: Error): void {
    this.#broken = error;
    this.#settle?.reject(error);
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'POST') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = new Uint8Array(Buffer.concat(chunks)); // at a multiple of eight
      const answer = decode(body.buffer) as Answer | null;
      this.#waiting = response;
      if (answer !== null) this.#settle?.resolve(answer);
      this.#send();
      return;
    }
    const isScript = request.url === '/page.js';
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
    response.end(
      isScript ? this.#script : '<!doctype html><script type="module" src="/page.js"></script>',
    );
  }

  #send(): void {
    if (this.#waiting === undefined || this.#request === undefined) return;
    this.#waiting.end(encode(this.#request));
    this.#waiting = this.#request = undefined;
  }
}
