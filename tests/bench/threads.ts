// Times networks on the number of threads that the address asks for. Whoever opens two such pages
// takes turns between them.
import { loadModel, setThreads, status, tensor } from 'gesso';
import { type Network, networks, numbers } from './networks.js';

/** What a driver finds on this page. */
export interface Threaded {
  build: string;
  threads: number;
  /** Milliseconds that one run of each network takes, by its name: the mean of a few. */
  time(): Promise<Record<string, number>>;
}

declare global {
  interface Window {
    threaded?: Threaded;
    failure?: string;
  }
}

const [warmUps, runs] = [5, 5];

async function runner({ address, shape }: Network): Promise<() => Promise<unknown>> {
  const model = await loadModel(address);
  const picture = tensor(numbers(shape), shape);
  return () => model.run(picture);
}

async function main(): Promise<void> {
  setThreads(Number(new URLSearchParams(location.search).get('threads')));
  const { build, threads } = await status();
  const works: [name: string, run: () => Promise<unknown>][] = [];
  for (const network of networks) works.push([network.name, await runner(network)]);
  for (const [, run] of works) for (let i = 0; i < warmUps; ++i) await run();
  const time = async () => {
    const times: Record<string, number> = {};
    for (const [name, run] of works) {
      await run(); // wakes threads that had nothing to do
      const start = performance.now();
      for (let i = 0; i < runs; ++i) await run();
      times[name] = (performance.now() - start) / runs;
    }
    return times;
  };
  window.threaded = { build, threads, time };
}

main().catch((error: Error) => {
  window.failure = error.message;
});
