// Which of the two processors is the faster for a model: measured once for each adapter, and kept.
import type { CoreProgram } from '../engine.js';
import type { AdapterInfo } from './accelerator.js';
import { entryOf, readKept, writeKept } from './kept.js';
import type { OnDevice } from './onDevice.js';

/** Milliseconds of one run, or of one step of training. */
export interface Trial {
  wasm: number;
  webgpu: number;
}

const keptAtMost = 500;

/** The trials of one adapter. */
export class Trials {
  readonly #entry: string;
  readonly #known: Map<string, Trial>;

  /** @param version of the library */
  static async open(info: AdapterInfo, version: string): Promise<Trials> {
    const entry = entryOf('trials', info, version);
    const known = await readKept(entry);
    return new Trials(entry, new Map(known.filter(isTrial)));
  }

  private constructor(entry: string, known: Map<string, Trial>) {
    this.#entry = entry;
    this.#known = known;
  }

  /** What came of a trial, here or on an earlier page. */
  get(key: string): Trial | undefined {
    return this.#known.get(key);
  }

  keep(key: string, trial: Trial): void {
    this.#known.set(key, trial);
    writeKept(this.#entry, [...this.#known].slice(-keptAtMost));
  }
}

function isTrial(entry: [string, unknown]): entry is [string, Trial] {
  const { wasm, webgpu } = (entry[1] ?? {}) as Partial<Trial>;
  return Number.isFinite(wasm) && Number.isFinite(webgpu);
}

/** How often a program runs in a trial, after a first run that does not count. */
const trialRuns = 3;

/** Times a program on the device and on the processor, with the inputs as they are. */
export async function runTrial(device: OnDevice, here: CoreProgram): Promise<Trial> {
  const least = async (run: () => unknown) => {
    await run();
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < trialRuns; i++) {
      const start = performance.now();
      await run();
      best = Math.min(best, performance.now() - start);
    }
    return best;
  };
  return { webgpu: await least(() => device.run(() => {})), wasm: await least(() => here.run()) };
}
