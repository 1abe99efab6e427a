// Times all work on the GPU of this machine, in a page and in Node alike, and says which GPU that is.
import { status } from 'gesso';
import type { Meter } from './gpuMeter.js';
import { gpuWorks, type Models } from './gpuNetworks.js';
import type { Opened } from './gpuPeers.js';
import { type GpuOptions, type GpuRow, timeOnGpu } from './gpuTimes.js';

export interface GpuReport {
  adapter: Adapter;
  /** The browser, or Node. */
  runner: string;
  date: string;
  gesso: { build: string; threads: number };
  /** The versions of the others, or why they are not here. */
  peers: Opened['versions'];
  rows: GpuRow[];
}

/** What a GPU says of itself. */
export interface Adapter {
  vendor: string;
  architecture: string;
  device: string;
  description: string;
  /** Whether a processor pretends to be a GPU. */
  software: boolean;
  features: string[];
}

export async function adapterOf(gpu: GPU | undefined): Promise<Adapter> {
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('there is no WebGPU here');
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  const features = [...adapter.features].sort();
  const software = isFallbackAdapter ?? false;
  return { vendor, architecture, device, description, software, features };
}

export interface ReportOptions extends GpuOptions {
  /** Names of work; all if left out. */
  only?: string[];
  models?: Models;
  /** Told each row when it is there, and how many there will be. */
  show?: (row: GpuRow, count: number) => void;
}

/** @param runner the browser, or Node */
export async function measure(
  adapter: Adapter,
  runner: string,
  { peers, versions }: Opened,
  meter: Meter,
  { only, models, show, ...options }: ReportOptions,
): Promise<GpuReport> {
  const works = gpuWorks(peers, models).filter(({ name }) => only?.includes(name) ?? true);
  const rows: GpuRow[] = [];
  for (const work of works) {
    rows.push(await timeOnGpu(work, meter, options));
    show?.(rows.at(-1) as GpuRow, works.length);
  }
  const { build, threads } = await status();
  const date = new Date().toISOString();
  return { adapter, runner, date, gesso: { build, threads }, peers: versions, rows };
}
