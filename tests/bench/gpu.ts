// Times gesso, TF.js and ONNX Runtime on the GPU of this machine, shows a table and leaves the rows for a
// driver. A visitor starts it with a button; `?start` starts it at once.
import { setWasmPath, status } from 'gesso';
import { setBackend } from '../../web/src/settings.js';
import { Meter } from './gpuMeter.js';
import { gpuWorks, type Peers } from './gpuNetworks.js';
import { type GpuRow, type GpuTimes, timeOnGpu } from './gpuTimes.js';

/** What a driver finds on this page. */
export interface GpuReport {
  /** Which GPU. */
  adapter: { vendor: string; architecture: string; description: string; software: boolean };
  browser: string;
  date: string;
  gesso: { build: string; threads: number };
  /** The versions of the others, or why they are not here. */
  peers: Record<string, string>;
  rows: GpuRow[];
}

declare global {
  interface Window {
    gpuReport?: GpuReport;
    failure?: string;
  }
}

const query = new URLSearchParams(location.search);
const find = <T extends HTMLElement>(selector: string) => document.querySelector(selector) as T;
const [line, table] = [find('[role=status]'), find('tbody')];
const [button, link] = [find<HTMLButtonElement>('button'), find<HTMLAnchorElement>('a[download]')];

/** The libraries that are here, and their versions. */
async function others(): Promise<{ peers: Peers; versions: Record<string, string> }> {
  const peers: Peers = {};
  const versions: Record<string, string> = {};
  const wanted = (query.get('peers') ?? 'tfjs,ort').split(',');
  try {
    const tf = await import('@tensorflow/tfjs');
    peers.reader = tf;
    if (wanted.includes('tfjs')) {
      await import('@tensorflow/tfjs-backend-webgpu');
      if (!(await tf.setBackend('webgpu'))) throw new Error('it has no WebGPU here');
      peers.tf = tf;
      versions.tfjs = tf.version_core;
    } else {
      await tf.setBackend('cpu');
    }
  } catch (error) {
    versions.tfjs = String(error);
  }
  try {
    if (wanted.includes('ort')) {
      const ort = await import(/* @vite-ignore */ `${location.origin}/ort/ort.webgpu.min.mjs`);
      ort.env.wasm.wasmPaths = `${location.origin}/ort/`;
      ort.env.wasm.numThreads = 1;
      ort.env.logLevel = 'error';
      peers.ort = ort;
      peers.onnx = await import('./gpuOnnx.js');
      versions.ort = ort.env.versions.common;
    }
  } catch (error) {
    versions.ort = String(error);
  }
  return { peers, versions };
}

async function adapterInfo(): Promise<GpuReport['adapter']> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('there is no WebGPU here');
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
  return { vendor, architecture, description, software: isFallbackAdapter ?? false };
}

function show({ name, libraries, ratios }: GpuRow): void {
  for (const [library, times] of Object.entries(libraries)) {
    const cells = 'failure' in times ? [times.failure] : cellsOf(times, ratios[library]);
    const row = document.createElement('tr');
    row.append(
      ...[name, library, ...cells].map((text) =>
        Object.assign(document.createElement('td'), { textContent: text }),
      ),
    );
    table.append(row);
  }
}

function cellsOf({ median_ms, best_ms, gpu_ms, dispatches }: GpuTimes, ratio?: number): string[] {
  const numbers = [median_ms, best_ms, gpu_ms, dispatches, ratio];
  return numbers.map((each) => each?.toFixed(2) ?? '–');
}

async function main(): Promise<void> {
  const adapter = await adapterInfo();
  const meter = new Meter().install();
  const { peers, versions } = await others();
  setWasmPath('/gesso/');
  setBackend('webgpu');
  const only = query.get('only')?.split(',');
  const works = gpuWorks(peers).filter(({ name }) => only?.includes(name) ?? true);
  const seconds = Number(query.get('seconds') ?? 3);
  const rows: GpuRow[] = [];
  for (const work of works) {
    line.textContent = `Timing ${work.name}…`;
    const row = await timeOnGpu(work, meter, { seconds, details: query.has('details') });
    rows.push(row);
    show(row);
  }
  const { build, threads } = await status();
  const report: GpuReport = {
    adapter,
    browser: navigator.userAgent,
    date: new Date().toISOString(),
    gesso: { build, threads },
    peers: versions,
    rows,
  };
  line.textContent = `Done: ${Object.values(adapter).join(' ')}.`;
  const text = `${JSON.stringify(report, null, 2)}\n`;
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  link.hidden = false;
  window.gpuReport = report;
}

function start(): void {
  button.disabled = true;
  main().catch((error: unknown) => {
    window.failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    line.textContent = window.failure;
  });
}

button.addEventListener('click', start);
if (query.has('start')) start();
