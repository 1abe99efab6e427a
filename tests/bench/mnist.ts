// A fresh page learns to read digits in a worker: how long it takes, and whether the page goes on
// drawing. The library is the one that ships, with its worker.
import type { LayersModel } from 'gesso';
import { digits } from './digits.js';

export interface DigitFigures {
  /** From the start of the page to the goal. */
  seconds: number;
  epochs: number;
  /** Of the 2,000 digits that were held out. */
  accuracy: number;
  /** The longest time between two frames of the page while it trained, in milliseconds. */
  gap_ms: number;
  frames: number;
}

declare global {
  interface Window {
    digitFigures?: DigitFigures;
    failure?: string;
  }
}

const goal = 0.98;

/** Looks at the frames of the page until it is stopped. */
function watchFrames(): () => { gap_ms: number; frames: number } {
  let [gap, frames, before, on] = [0, 0, 0, true];
  const look = (now: number) => {
    if (frames++ > 0) gap = Math.max(gap, now - before);
    before = now;
    if (on) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  return () => {
    on = false;
    return { gap_ms: gap, frames };
  };
}

async function main(): Promise<void> {
  const library = '/library/index.js'; // as it ships: not what the server makes of it
  const gesso: typeof import('gesso') = await import(/* @vite-ignore */ library);
  const { conv2d, dense, flatten, maxPooling2d, sequential } = gesso;
  const { training, heldOut } = await digits();
  const ended = watchFrames();
  const model: LayersModel = await sequential([
    conv2d({ filters: 16, kernelSize: 3, activation: 'relu', inputShape: [28, 28, 1] }),
    maxPooling2d({ poolSize: 2 }),
    conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
    maxPooling2d({ poolSize: 2 }),
    flatten(),
    dense({ units: 64, activation: 'relu' }),
    dense({ units: 10, activation: 'softmax' }),
  ]);
  model.compile({
    optimizer: { name: 'adam', learningRate: 0.002 },
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  let [epochs, accuracy] = [0, 0];
  await model.fit(training.x, training.y, {
    batchSize: 32,
    epochs: 30,
    validationData: [heldOut.x, heldOut.y],
    onProgress: () => {},
    callbacks: {
      onEpochEnd(epoch, { val_accuracy = 0 }) {
        [epochs, accuracy] = [epoch + 1, val_accuracy];
        if (accuracy >= goal) model.stop();
      },
    },
  });
  window.digitFigures = { seconds: performance.now() / 1000, epochs, accuracy, ...ended() };
}

main().catch((error: unknown) => {
  window.failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
});
