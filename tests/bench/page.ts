// Times gesso and TF.js in turns in one page, shows a table and leaves the rows for a driver.
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { loadModel } from 'gesso';
import { matmul, network, type Workload } from './workloads.js';

export interface Row {
  name: string;
  build: string;
  threads: number;
  gesso_ms: number;
  peer: string;
  peer_ms: number;
  ratio: number;
}

declare global {
  interface Window {
    rows?: Row[];
    failure?: string;
  }
}

const warmUps = 3;
const rounds = 15;
const runsInARow = 3;

const status = document.querySelector('[role=status]') as HTMLElement;
const table = document.querySelector('tbody') as HTMLElement;

function median(times: number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

async function time(run: () => Promise<void>): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < runsInARow; ++i) await run();
  return (performance.now() - start) / runsInARow;
}

async function measure(work: Workload, build: string): Promise<Row> {
  for (let i = 0; i < warmUps; ++i) {
    await work.gesso();
    await work.peer();
  }
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let i = 0; i < rounds; ++i) {
    ours.push(await time(work.gesso));
    theirs.push(await time(work.peer));
    await new Promise((resolve) => setTimeout(resolve));
  }
  const gesso_ms = median(ours);
  const peer_ms = median(theirs);
  const peer = `tfjs ${tf.version_core} wasm`;
  return { name: work.name, build, threads: 1, gesso_ms, peer, peer_ms, ratio: peer_ms / gesso_ms };
}

function show(row: Row): void {
  const cells = [row.name, row.gesso_ms.toFixed(2), row.peer_ms.toFixed(2), row.ratio.toFixed(2)];
  const line = document.createElement('tr');
  line.append(
    ...cells.map((text) => Object.assign(document.createElement('td'), { textContent: text })),
  );
  table.append(line);
}

async function main(): Promise<void> {
  setWasmPaths('/tfjs-wasm/');
  await tf.setBackend('wasm');
  await tf.ready();
  const probe = await loadModel('/models/xor_layers/model.json', { worker: false });
  const { build } = await probe.about();
  const workloads = [
    () => matmul(512),
    () =>
      network(
        'mobilenet-v1-025',
        '/models/mobilenet_v1_025_224_layers/model.json',
        'layers',
        [1, 224, 224, 3],
      ),
    () =>
      network(
        'posenet-075',
        '/models/posenet_mobilenet075_s16_quant2/model-stride16.json',
        'graph',
        [1, 257, 257, 3],
      ),
    () =>
      network(
        'bodypix-050',
        '/models/bodypix_mobilenet_float_050/model-stride16.json',
        'graph',
        [1, 257, 257, 3],
      ),
  ];
  const rows: Row[] = [];
  for (const prepare of workloads) {
    const work = await prepare();
    status.textContent = `Timing ${work.name}…`;
    const row = await measure(work, build);
    show(row);
    rows.push(row);
  }
  status.textContent = `Done: gesso ${build} build, one thread, ${rounds} rounds of ${runsInARow} runs.`;
  window.rows = rows;
}

main().catch((error: unknown) => {
  window.failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
  status.textContent = window.failure;
});
