// Times gesso and TF.js in turns in one page, shows a table and leaves the rows for a driver.
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { loadModel } from 'gesso';
import { median } from './median.js';
import { networks } from './networks.js';
import { type Training, trainingNames, trainings } from './training.js';
import { matmul, network, type Workload } from './workloads.js';

export interface Row {
  name: string;
  build: string;
  threads: number;
  gesso_ms: number;
  peer: string;
  peer_ms: number;
  ratio: number;
  /** What the ratio of a step of training is to be at least. */
  bar?: number;
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
const trainingRounds = 7;

const status = document.querySelector('[role=status]') as HTMLElement;
const table = document.querySelector('tbody') as HTMLElement;

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

async function measureTraining(work: Training, build: string): Promise<Row> {
  const [first, ...others] = await usable(work);
  if (first === undefined) throw new Error(`TF.js cannot train ${work.name} here`);
  const peer = others.reduce((best, each) => (each.warm < best.warm ? each : best), first);
  await work.gesso();
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let i = 0; i < trainingRounds; ++i) {
    ours.push(await work.gesso());
    theirs.push(await peer.step());
    await new Promise((resolve) => setTimeout(resolve));
  }
  const gesso_ms = median(ours);
  const peer_ms = median(theirs);
  return {
    name: work.name,
    build,
    threads: 1,
    gesso_ms,
    peer: `tfjs ${tf.version_core} ${peer.backend}`,
    peer_ms,
    ratio: peer_ms / gesso_ms,
    bar: work.bar,
  };
}

/** The backends of TF.js that can train this here, and how long a step takes once it is warm. */
async function usable(work: Training) {
  const list: { backend: string; step: () => Promise<number>; warm: number }[] = [];
  for (const [backend, step] of Object.entries(work.peers)) {
    if (!(await tf.setBackend(backend))) continue; // no WebGL here
    await step();
    list.push({ backend, step, warm: await step() });
  }
  return list;
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
  const only = new URLSearchParams(location.search).get('only');
  const workloads = [() => matmul(512), ...networks.map((each) => () => network(each))];
  const rows: Row[] = [];
  const add = (row: Row) => {
    show(row);
    rows.push(row);
  };
  const isTraining = only === 'training' || only === 'charrnn';
  for (const prepare of isTraining ? [] : workloads) {
    const work = await prepare();
    status.textContent = `Timing ${work.name}…`;
    add(await measure(work, build));
  }
  for (const [i, prepare] of only === 'inference' ? [] : trainings.entries()) {
    if (only === 'charrnn' && trainingNames[i] !== 'train-charrnn') continue;
    const work = await prepare();
    status.textContent = `Timing ${work.name}…`;
    add(await measureTraining(work, build));
  }
  status.textContent = `Done: gesso ${build} build, one thread, ${rounds} rounds of ${runsInARow} runs.`;
  window.rows = rows;
}

main().catch((error: unknown) => {
  window.failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
  status.textContent = window.failure;
});
