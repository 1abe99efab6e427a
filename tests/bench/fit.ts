// Whether fit() costs more than its steps, and whether training takes more memory the longer it goes.
import { dense, sequential } from 'gesso';
import { digits } from './digits.js';
import { pictureLayers } from './pictureLayers.js';

export interface FitFigures {
  /** One epoch of 8,000 digits in batches of 64, shuffled, with progress: milliseconds. */
  fit_ms: number;
  /** As many steps by themselves. */
  steps_ms: number;
  /** Bytes of WebAssembly memory after 100 and after 10,000 more steps of the dense network. */
  memory: [number, number];
}

declare global {
  interface Window {
    figures?: FitFigures;
    failure?: string;
  }
}

const batchSize = 64;
const rounds = 5;

/** Every memory that a module of this page has. */
const memories = new Set<WebAssembly.Memory>();

function watchMemories(): void {
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = (async (bytes: BufferSource, imports?: WebAssembly.Imports) => {
    const result = await instantiate(bytes, imports);
    for (const each of Object.values(result.instance.exports)) {
      if (each instanceof WebAssembly.Memory) memories.add(each);
    }
    return result;
  }) as typeof instantiate;
}

function memoryBytes(): number {
  return [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
}

/** A whole epoch and its steps in turns: the least of each, for the machine has other work, too. */
async function wholeFit(): Promise<{ fit_ms: number; steps_ms: number }> {
  const { training } = await digits();
  const model = await sequential(pictureLayers(), { seed: 1, worker: false });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  const batches = 25;
  const some = batches * batchSize;
  const part = [training.x.subarray(0, some * 28 * 28), training.y.subarray(0, some)] as const;
  const epochs = training.y.length / some;
  const alone = async () => {
    const times: number[] = [];
    const callbacks = {
      onEpochBegin: () => times.push(performance.now()),
      onEpochEnd: () => times.push(performance.now()),
    };
    await model.fit(...part, { batchSize, epochs, shuffle: false, callbacks });
    return (times.at(-1) ?? 0) - (times[0] ?? 0);
  };
  await alone();
  const [fits, sums]: [number[], number[]] = [[], []];
  for (let i = 0; i < rounds; ++i) {
    sums.push(await alone());
    const start = performance.now();
    await model.fit(training.x, training.y, { batchSize, onProgress: () => {} });
    fits.push(performance.now() - start);
  }
  return { fit_ms: Math.min(...fits), steps_ms: Math.min(...sums) };
}

async function memoryOverTime(): Promise<[number, number]> {
  const model = await sequential(
    [
      dense({ units: 32, activation: 'relu', inputShape: [2] }),
      dense({ units: 32, activation: 'relu' }),
      dense({ units: 4, activation: 'softmax' }),
    ],
    { seed: 1, worker: false },
  );
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  const x = Float32Array.from({ length: 100 * batchSize * 2 }, (_, i) => Math.sin(i));
  const y = Int32Array.from({ length: 100 * batchSize }, (_, i) => (i * i) % 4);
  await model.fit(x, y, { batchSize });
  const before = memoryBytes();
  await model.fit(x, y, { batchSize, epochs: 100 });
  return [before, memoryBytes()];
}

async function main(): Promise<void> {
  watchMemories();
  const memory = await memoryOverTime();
  window.figures = { ...(await wholeFit()), memory };
}

main().catch((error: unknown) => {
  window.failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
});
