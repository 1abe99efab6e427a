// Drives a GPU for a test program, which runs in a worker and sleeps until it has its answers.
import { MessageChannel, Worker } from 'node:worker_threads';
import { messageOf } from '../../web/src/errors.js';
import { openChromium } from './chromium.js';
import { openDawn } from './dawn.js';
import type { Answer, Request } from './session.js';

/** A device somewhere. */
export interface Host {
  handle(request: Request): Promise<Answer>;
  close(): Promise<void>;
}

/**
 * Runs the program, then ends the process with its exit code; after a run that a device refused,
 * with an error in any case.
 *
 * @param script the program as Emscripten made it
 * @param page the text of page.ts, for browsers
 */
export async function run(script: string, page: string): Promise<void> {
  const { GESSO_TEST_BACKEND: backend, GESSO_TEST_LIMITS: limits } = process.env;
  const ask = limits === 'least' ? 'least' : 'most';
  let code = 2;
  try {
    if (backend !== 'dawn' && backend !== 'chromium') {
      throw new Error(`GESSO_TEST_BACKEND cannot be "${backend}".\n  Try: dawn or chromium`);
    }
    const host = await (backend === 'dawn' ? openDawn(ask) : openChromium(ask, page));
    code = await serve(host, script);
    await host.close();
  } catch (error) {
    console.error(messageOf(error));
  }
  process.exit(code);
}

/** Answers a worker until it ends; gives its exit code. */
function serve(host: Host, script: string): Promise<number> {
  const bell = new Int32Array(new SharedArrayBuffer(4));
  const { port1, port2 } = new MessageChannel();
  let refused = false;
  port1.on('message', async (request: Request) => {
    const answer = await host.handle(request).catch((error) => ({ error: messageOf(error) }));
    if (request.kind !== 'load' && 'error' in answer) refused = true;
    port1.postMessage(answer, buffersIn(Object.values(answer)));
    Atomics.add(bell, 0, 1);
    Atomics.notify(bell, 0);
  });
  const worker = new Worker(script, {
    argv: process.argv.slice(2),
    workerData: { port: port2, bell },
    transferList: [port2],
  });
  return new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('exit', (code) => resolve(code || Number(refused)));
  });
}

/** What is moved instead of copied: some tensors are large. */
function buffersIn(lists: unknown[]): ArrayBuffer[] {
  const parts = lists.flat(3).filter((part) => part instanceof Uint8Array);
  return [...new Set(parts.map(({ buffer }) => buffer as ArrayBuffer))]; // several may share one
}
