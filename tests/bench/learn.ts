// Times how long a voice learns from nothing until the part of the text that it never reads surprises
// it by so many nats a character.
import { charRNN, type TextHistory } from 'gesso';

export interface Learned {
  build: string;
  seconds: number;
  valLoss: number;
  epochs: number;
  charactersPerSecond: number;
  /** Milliseconds: the longest that the page waited between two frames meanwhile. */
  gap: number;
}

declare global {
  interface Window {
    learnt?: Learned;
    failure?: string;
  }
}

const goal = 1.6;

async function main(): Promise<void> {
  const text = await (await fetch('/text/shakespeare.txt')).text();
  const voice = await charRNN({ onWarning: () => {} });
  let gap = 0;
  let last: number | undefined;
  const look = (now: number) => {
    gap = Math.max(gap, now - (last ?? now));
    last = now;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  let charactersPerSecond = 0;
  const start = performance.now();
  const { epochs }: TextHistory = await voice.train(text, {
    layers: 2,
    units: 128,
    embedding: 128,
    dropout: 0,
    sequenceLength: 50,
    batchSize: 50,
    epochs: 10,
    learningRate: { type: 'cosine', from: 0.006, to: 0.0001 },
    validationSplit: 0.1,
    temperatures: [],
    onProgress(progress) {
      charactersPerSecond = progress.charactersPerSecond;
    },
    onEpoch: ({ valLoss = Number.NaN }) => {
      if (valLoss <= goal) voice.stop();
    },
  });
  const seconds = (performance.now() - start) / 1000;
  const { build } = await voice.about();
  const valLoss = epochs.at(-1)?.valLoss ?? Number.NaN;
  window.learnt = { build, seconds, valLoss, epochs: epochs.length, charactersPerSecond, gap };
}

main().catch((error: unknown) => {
  window.failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
});
