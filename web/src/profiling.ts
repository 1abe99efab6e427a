// Puts a program on the clock, where WebAssembly lives.
import { breath, sliceMilliseconds } from './breath.js';

/** A step of a program. What CoreProgram.steps() says. */
export interface StepDescription {
  operator: string;
  kernel: string;
  /** Of the node in the model's file. */
  name: string;
  /** Of its first output. */
  shape: number[];
}

/** How often to run. */
export interface MeasureRequest {
  /** Undefined: as often as there is time for. */
  runs: number | undefined;
  warmup: number;
}

/** Milliseconds. */
export interface Spread {
  mean: number;
  min: number;
}

/** The parts of one answer, one after the other. */
export const stages = ['upload', 'prepare', 'run', 'read'] as const;
export type Stage = (typeof stages)[number];

/** What can be timed: whatever is left out takes no time. `run` gives seconds for each step. */
export interface Work extends Partial<Record<Exclude<Stage, 'run'>, () => unknown>> {
  run(): Float64Array;
  /** Asked when all runs are over. */
  steps(): StepDescription[];
}

/** What came of it. */
export interface Measured {
  runs: number;
  /** The least milliseconds that the clock can tell. */
  clock: number;
  stages: Record<Stage, Spread>;
  steps: (StepDescription & Spread)[];
}

/** Where nobody says how often: for this long, in milliseconds, and at least and at most as often. */
const enough = { time: 1000, least: 10, most: 1000 };

/** Runs some work again and again; others get their turn in between. */
export async function measure(request: MeasureRequest, work: Work): Promise<Measured> {
  for (let i = 0; i < request.warmup; i++) {
    for (const stage of stages) work[stage]?.();
    await breath();
  }
  const whole = new Tally(stages.length);
  let steps: Tally | undefined;
  const begun = performance.now();
  let turned = begun;
  const goesOn = (runs: number, now: number) =>
    request.runs === undefined
      ? runs < enough.least || (runs < enough.most && now - begun < enough.time)
      : runs < request.runs;
  while (goesOn(whole.count, performance.now())) {
    const times: number[] = [];
    // Each reading of the clock ends one stage and begins the next: see Program::profile.
    let before = performance.now();
    for (const stage of stages) {
      const seconds = work[stage]?.();
      const now = performance.now();
      times.push(now - before);
      before = now;
      if (stage !== 'run' || !(seconds instanceof Float64Array)) continue;
      steps ??= new Tally(seconds.length);
      steps.add(seconds.map((time) => time * 1000)); // a copy, too: a view lives until the next call
      before = performance.now();
    }
    whole.add(times);
    if (before - turned < sliceMilliseconds) continue;
    await breath();
    turned = performance.now();
  }
  return {
    runs: whole.count,
    clock: tick(),
    stages: Object.fromEntries(stages.map((stage, i) => [stage, whole.spread(i)])) as Record<
      Stage,
      Spread
    >,
    steps: work.steps().map((step, i) => ({ ...step, ...(steps ?? whole).spread(i) })),
  };
}

/** Sums and minima of several numbers, over several rounds. */
class Tally {
  count = 0;
  readonly #sums: Float64Array;
  readonly #least: Float64Array;

  constructor(numbers: number) {
    this.#sums = new Float64Array(numbers);
    this.#least = new Float64Array(numbers).fill(Number.POSITIVE_INFINITY);
  }

  add(numbers: Iterable<number>): void {
    let i = 0;
    for (const number of numbers) {
      this.#sums[i] = (this.#sums[i] ?? 0) + number;
      this.#least[i] = Math.min(this.#least[i] ?? number, number);
      i++;
    }
    this.count++;
  }

  spread(i: number): Spread {
    return { mean: (this.#sums[i] ?? 0) / this.count, min: this.#least[i] ?? 0 };
  }
}

/** Browsers make their clocks coarse: how far one jumps at least. */
function tick(): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    let now = start;
    while (now === start) now = performance.now();
    least = Math.min(least, now - start);
  }
  return Number(least.toPrecision(2)); // the difference of two large numbers is not exact
}
