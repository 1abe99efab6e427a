// Times work on the GPU, in turns between the libraries.
import type { Meter, Metered } from './gpuMeter.js';
import type { GpuWork, Task } from './gpuNetworks.js';
import { median } from './median.js';

/** What one library takes for one inference, or one step of training. */
export interface GpuTimes {
  /** Milliseconds until the numbers are in JavaScript's hands: the median, and the least. */
  median_ms: number;
  best_ms: number;
  rounds: number;
  /** Milliseconds until the first run is over, with everything that is compiled for it. */
  first_ms: number;
  /** Milliseconds on the device; null where it cannot tell. */
  gpu_ms: number | null;
  dispatches: number;
  submits: number;
  /** Nodes of the graph before they were put together; known of gesso only. */
  nodes?: number;
  /** Where the time goes, if that was asked for. */
  kinds?: Metered['kinds'];
  /** How far the results are from gesso's. */
  difference?: number;
}

export interface GpuRow {
  name: string;
  libraries: Record<string, GpuTimes | { failure: string }>;
  /** The median of each over that of gesso. */
  ratios: Record<string, number>;
}

export interface GpuOptions {
  /** Seconds for each library and network; there are at least a few rounds. */
  seconds: number;
  details: boolean;
}

const roundsAtLeast = 3;
const roundsAtMost = 100;
const warmUps = 2;
const slow = 10_000; // milliseconds after which a library is warm enough

interface Ready {
  library: string;
  task: Task;
  first_ms: number;
  nodes?: number;
  times: number[];
}

export async function timeOnGpu(
  { name, tasks }: GpuWork,
  meter: Meter,
  { seconds, details }: GpuOptions,
): Promise<GpuRow> {
  const libraries: GpuRow['libraries'] = {};
  const ready: Ready[] = [];
  for (const [library, prepare] of Object.entries(tasks)) {
    try {
      meter.plans.length = 0;
      const start = performance.now();
      const task = await prepare();
      await task.run();
      const first_ms = performance.now() - start;
      for (let i = 0; i < warmUps && performance.now() - start < slow; ++i) await task.run();
      const nodes = meter.plans.at(-1)?.nodes;
      ready.push({ library, task, first_ms, times: [], ...(nodes !== undefined && { nodes }) });
    } catch (error) {
      libraries[library] = { failure: String(error) };
    }
  }
  const end = performance.now() + seconds * 1000 * ready.length;
  for (let i = 0; i < roundsAtMost; ++i) {
    if (i >= roundsAtLeast && performance.now() > end) break;
    for (const { task, times } of ready) {
      const start = performance.now();
      await task.run();
      times.push((performance.now() - start) / task.times);
    }
  }
  const expected = await ready.find(({ library }) => library === 'gesso')?.task.result?.();
  for (const { library, task, first_ms, nodes, times } of ready) {
    const counted = await metered(meter, 'passes', task);
    const closer = details ? await metered(meter, 'dispatches', task) : undefined;
    const result = await task.result?.();
    libraries[library] = {
      median_ms: median(times),
      best_ms: Math.min(...times),
      rounds: times.length,
      first_ms,
      gpu_ms: counted.gpu_ms === null ? null : counted.gpu_ms / task.times,
      dispatches: counted.dispatches / task.times,
      submits: counted.submits / task.times,
      ...(nodes !== undefined && { nodes }),
      ...(closer && {
        kinds: closer.kinds.map(({ label, count, gpu_ms }) => ({
          label,
          count: count / task.times,
          gpu_ms: gpu_ms / task.times,
        })),
      }),
      ...(expected && result && { difference: distance(expected, result) }),
    };
  }
  return { name, libraries, ratios: ratiosOf(libraries) };
}

async function metered(meter: Meter, mode: 'passes' | 'dispatches', task: Task): Promise<Metered> {
  meter.start(mode);
  await task.run();
  return meter.stop();
}

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return Array.from(a).reduce((most, each, i) => Math.max(most, Math.abs(each - (b[i] ?? 0))), 0);
}

function ratiosOf(libraries: GpuRow['libraries']): Record<string, number> {
  const { gesso, ...others } = libraries;
  if (!gesso || !('median_ms' in gesso)) return {};
  return Object.fromEntries(
    Object.entries(others).flatMap(([name, times]) =>
      'median_ms' in times ? [[name, times.median_ms / gesso.median_ms]] : [],
    ),
  );
}
