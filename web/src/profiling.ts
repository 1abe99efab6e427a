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
  run(): Float64Array | Promise<Float64Array>;
  /** Asked when all runs are over. */
  steps(): StepDescription[] | Promise<StepDescription[]>;
}

/** What came of it. */
export interface Measured {
  runs: number;
  /** Runs that took so much longer than others that something must have come in between. */
  interrupted: number;
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
    for (const stage of stages) await work[stage]?.();
    await breath();
  }
  const rounds: Round[] = [];
  const begun = performance.now();
  let turned = begun;
  const goesOn = (runs: number, now: number) =>
    request.runs === undefined
      ? runs < enough.least || (runs < enough.most && now - begun < enough.time)
      : runs < request.runs;
  while (goesOn(rounds.length, performance.now())) {
    const round: Round = { stages: [], steps: new Float64Array() };
    // Each reading of the clock ends one stage and begins the next: see Program::profile.
    let before = performance.now();
    for (const stage of stages) {
      const seconds = await work[stage]?.();
      const now = performance.now();
      round.stages.push(now - before);
      before = now;
      if (stage !== 'run' || !(seconds instanceof Float64Array)) continue;
      round.steps = seconds.map((time) => time * 1000); // a copy: a view lives until the next call
      before = performance.now();
    }
    rounds.push(round);
    if (before - turned < sliceMilliseconds) continue;
    await breath();
    turned = performance.now();
  }
  const clock = tick();
  const counted = uninterrupted(rounds, clock);
  const spread = (numbers: (round: Round) => ArrayLike<number>, i: number): Spread => {
    const times = counted.map((round) => numbers(round)[i] ?? 0);
    const sum = times.reduce((total, time) => total + time, 0);
    return { mean: sum / times.length, min: times.reduce((least, time) => Math.min(least, time)) };
  };
  const ofStages = stages.map((stage, i) => [stage, spread((round) => round.stages, i)]);
  return {
    runs: rounds.length,
    interrupted: rounds.length - counted.length,
    clock,
    stages: Object.fromEntries(ofStages) as Record<Stage, Spread>,
    steps: (await work.steps()).map((step, i) => ({
      ...step,
      ...spread((round) => round.steps, i),
    })),
  };
}

/** One run: milliseconds of each stage, and of each step of the program. */
interface Round {
  stages: number[];
  steps: Float64Array;
}

/**
 * The rounds without those during which the machine did something else. A clock that is wrong by a
 * tick at both ends must not make a round look like one of them: their mean would be wrong, then.
 */
function uninterrupted(rounds: readonly Round[], clock: number): Round[] {
  const total = ({ stages }: Round) => stages.reduce((sum, time) => sum + time, 0);
  const totals = rounds.map(total).sort((a, b) => a - b);
  const usual = totals[Math.floor(totals.length / 2)] ?? 0;
  return rounds.filter((round) => total(round) <= 2 * usual + 2 * clock);
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
