// Times work on the GPU, in turns between the libraries.
import type { Meter, Metered } from './gpuMeter.js';
import type { GpuWork, Results, Task } from './gpuNetworks.js';
import { median } from './median.js';

/** What one library takes for one inference, or one step of training. */
export interface GpuTimes {
  /** Milliseconds until the numbers are in JavaScript's hands: the median, and the least. */
  median_ms: number;
  best_ms: number;
  rounds: number;
  /** Milliseconds until the first run is over, with everything that is compiled for it. */
  first_ms: number;
  /** Milliseconds on the device, the least of some runs; null where it cannot tell. */
  gpu_ms: number | null;
  /** Milliseconds of all processors, the least of all rounds, where that can be told. */
  cpu_ms?: number;
  dispatches: number;
  submits: number;
  /** Nodes of the graph before they were put together; known of gesso only. */
  nodes?: number;
  /** Where the time goes, if that was asked for. */
  kinds?: Metered['kinds'];
  /**
   * How far the results are from what gesso gets on the processor: the largest difference within an
   * output over the largest number there. Null where a number is missing, or none.
   */
  difference: number | null;
  /** Whether that is at most 0.01. */
  agrees: boolean;
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
  /** Milliseconds of all processors until now. A software adapter works in them. */
  processors?: () => number;
  /** Told what is done now. */
  tell?: (what: string) => void;
}

/** The largest difference at which libraries are said to agree. */
const tolerance = 0.01;

const roundsAtLeast = 3;
const roundsAtMost = 100;
const warmUps = 2;
const meteredRuns = 3;
const slow = 10_000; // milliseconds after which a library is warm enough, or was metered enough

interface Ready {
  library: string;
  task: Task;
  first_ms: number;
  nodes?: number;
  times: number[];
  cpuTimes: number[];
}

export async function timeOnGpu(
  { name, tasks, expected }: GpuWork,
  meter: Meter,
  { seconds, details, processors, tell = () => {} }: GpuOptions,
): Promise<GpuRow> {
  const libraries: GpuRow['libraries'] = {};
  const ready: Ready[] = [];
  for (const [library, prepare] of Object.entries(tasks)) {
    try {
      tell(`${name}: ${library} compiles`);
      meter.plans.length = 0;
      const start = performance.now();
      const task = await prepare();
      await task.run();
      const first_ms = performance.now() - start;
      for (let i = 0; i < warmUps && performance.now() - start < slow; ++i) await task.run();
      const nodes = meter.plans.at(-1)?.nodes;
      const known = nodes === undefined ? {} : { nodes };
      ready.push({ library, task, first_ms, times: [], cpuTimes: [], ...known });
    } catch (error) {
      libraries[library] = { failure: String(error) };
    }
  }
  tell(`${name}: ${ready.map(({ library }) => library).join(' and ')} in turns`);
  const end = performance.now() + seconds * 1000 * ready.length;
  for (let i = 0; i < roundsAtMost; ++i) {
    if (i >= roundsAtLeast && performance.now() > end) break;
    for (const { task, times, cpuTimes } of ready) {
      const [start, before] = [performance.now(), processors?.()];
      await task.run();
      times.push((performance.now() - start) / task.times);
      if (processors && before !== undefined) cpuTimes.push((processors() - before) / task.times);
    }
  }
  tell(`${name}: the processor checks the results`);
  const right = await expected();
  for (const { library, task, first_ms, nodes, times, cpuTimes } of ready) {
    const counted = await metered(meter, 'passes', task);
    if (counted.dispatches === 0) {
      libraries[library] = { failure: 'it gives the GPU nothing to do' };
      continue;
    }
    const closer = details ? await metered(meter, 'dispatches', task) : undefined;
    const difference = distance(right, await task.results());
    libraries[library] = {
      median_ms: median(times),
      best_ms: Math.min(...times),
      rounds: times.length,
      first_ms,
      gpu_ms: counted.gpu_ms === null ? null : counted.gpu_ms / task.times,
      ...(processors && { cpu_ms: Math.min(...cpuTimes) }),
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
      difference,
      agrees: difference !== null && difference <= tolerance,
    };
  }
  return { name, libraries, ratios: ratiosOf(libraries) };
}

/** Of some runs the one that was shortest on the device. */
async function metered(meter: Meter, mode: 'passes' | 'dispatches', task: Task): Promise<Metered> {
  const end = performance.now() + slow;
  let best: Metered | undefined;
  for (let i = 0; i < meteredRuns && (best === undefined || performance.now() < end); ++i) {
    meter.start(mode);
    await task.run();
    const seen = await meter.stop();
    if (best === undefined || (seen.gpu_ms ?? 0) < (best.gpu_ms ?? 0)) best = seen;
  }
  return best as Metered;
}

/** Libraries name outputs in their own order: each is compared with the one that it is closest to. */
function distance(right: Results, given: Results): number | null {
  const closest = right.map((output) =>
    Math.min(
      ...given
        .filter(({ length }) => length === output.length)
        .map((each) => relative(output, each) ?? Number.POSITIVE_INFINITY),
    ),
  );
  const most = Math.max(...closest);
  return given.length === right.length && Number.isFinite(most) ? most : null;
}

/** The largest difference over the largest number; null if there is a NaN. */
function relative(right: ArrayLike<number>, given: ArrayLike<number>): number | null {
  let [size, most] = [Number.MIN_VALUE, 0];
  for (let i = 0; i < right.length; ++i) {
    const [a, b] = [right[i] ?? 0, given[i] ?? 0];
    if (Number.isNaN(a - b)) return null;
    size = Math.max(size, Math.abs(a));
    most = Math.max(most, Math.abs(a - b));
  }
  return most / size;
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
