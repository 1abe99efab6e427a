// Which variants of kernels are the fastest on this adapter: measured once, and remembered.
import type { Device } from './device.js';
import { entryOf, readKept, writeKept } from './kept.js';
import type { Dispatch, Plan, PlannedBuffer } from './plan.js';

/** By the key of a choice the number of a variant. */
export type Chosen = Readonly<Record<string, number>>;

/** How much is measured. */
export const tuning = {
  /** At most so long for each program that is made, give or take one measurement. */
  milliseconds: 300,
  /** Also where a processor pretends to be a graphics processor: for tests. */
  software: false,
};

const pieceMilliseconds = 1; // of a measurement, so that clocks are fine enough
const repeatsAtMost = 32;
const runs = 3; // of which the fastest counts
const gain = 0.95; // another variant must take less than this share of the time
const keptAtMost = 4000; // choices
const variantsAtMost = 100; // more are none of ours

export class Tuner {
  readonly #device: Device;
  readonly #entry: string; // in the store
  readonly #chosen: Map<string, number>;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param version of the library: others may have other variants */
  static async open(device: Device, version: string): Promise<Tuner> {
    const entry = entryOf('tuned', device.info, version);
    const kept = await readKept(entry);
    return new Tuner(device, entry, new Map(kept.filter(isChoice)));
  }

  private constructor(device: Device, entry: string, chosen: Map<string, number>) {
    this.#device = device;
    this.#entry = entry;
    this.#chosen = chosen;
  }

  /** What has been chosen so far. */
  get chosen(): Chosen {
    return Object.fromEntries(this.#chosen);
  }

  /**
   * Measures the variants of a plan's kernels, those that take the longest first, as far as nobody has
   * chosen and the time allows. What is slower than expected is not chosen; what was not measured is
   * left as it is, until the next program.
   *
   * @param planned gives the plan for other choices
   * @returns whether the plan for what is now chosen is another one
   */
  tune(plan: Plan, planned: (chosen: Chosen) => Plan): Promise<boolean> {
    const turn = this.#turn.then(() => this.#tune(plan, planned)); // alone on the device
    this.#turn = turn.catch(() => undefined);
    return turn.then(() =>
      (plan.choices ?? []).some(({ key, chosen }) => (this.#chosen.get(key) ?? chosen) !== chosen),
    );
  }

  async #tune(plan: Plan, planned: (chosen: Chosen) => Plan): Promise<void> {
    const open = (plan.choices ?? []).filter(({ key }) => !this.#chosen.has(key));
    if (open.length === 0) return;
    const costs = await this.#costs(plan);
    open.sort((a, b) => (costs.get(b.key) ?? 0) - (costs.get(a.key) ?? 0));
    const end = performance.now() + tuning.milliseconds;
    const plans = new Map<number, Plan>(); // by the variant that they have for all that is open
    const planOf = (variant: number) => {
      const all = open.map(({ key, variants }) => [key, Math.min(variant, variants - 1)]);
      const made = plans.get(variant) ?? planned({ ...this.chosen, ...Object.fromEntries(all) });
      plans.set(variant, made);
      return made;
    };
    for (const { key, variants, chosen } of open) {
      const others = Array.from({ length: variants }, (_, i) => i).filter((i) => i !== chosen);
      let [best, least] = [chosen, gain * (await this.#time(plan, key))];
      let over = false;
      for (const variant of others) {
        over ||= performance.now() >= end;
        if (over) break;
        const time = await this.#time(planOf(variant), key).catch(() => Number.POSITIVE_INFINITY);
        if (time < least) [best, least] = [variant, time];
      }
      if (over) break;
      this.#chosen.set(key, best);
    }
    await writeKept(this.#entry, [...this.#chosen].slice(-keptAtMost));
  }

  /** How long all steps of a choice take together, in whatever unit. */
  async #costs(plan: Plan): Promise<Map<string, number>> {
    const steps = plan.steps.filter((step) => 'shader' in step);
    const program = await this.#device.load(imitation(plan, steps), nothing);
    try {
      const times = this.#device.hasClock
        ? await program.profile()
        : steps.map(({ groups: [x, y, z] }) => x * y * z);
      const costs = new Map<string, number>();
      steps.forEach(({ choices = [] }, i) => {
        for (const number of choices) {
          const key = plan.choices?.[number]?.key ?? '';
          costs.set(key, (costs.get(key) ?? 0) + (times[i] ?? 0));
        }
      });
      return costs;
    } finally {
      program.dispose();
    }
  }

  /** Milliseconds of the first node with this choice. */
  async #time(plan: Plan, key: string): Promise<number> {
    const steps = stepsOf(plan, key);
    const once = await this.#least(plan, steps, 1, 1);
    const repeats = Math.min(repeatsAtMost, Math.ceil(pieceMilliseconds / Math.max(once, 1e-3)));
    return this.#least(plan, steps, repeats, runs);
  }

  /** Milliseconds of the fastest of some runs, of so many repeats each. */
  async #least(plan: Plan, steps: Dispatch[], repeats: number, runs: number): Promise<number> {
    const all = Array.from({ length: repeats }, () => steps).flat();
    const program = await this.#device.load(imitation(plan, all), nothing);
    try {
      let least = Number.POSITIVE_INFINITY;
      for (let run = 0; run <= runs; run++) {
        const time = await program.time();
        if (run > 0) least = Math.min(least, time); // the first run makes what it needs
      }
      return least / repeats;
    } finally {
      program.dispose();
    }
  }
}

const isChoice = (entry: [string, unknown]): entry is [string, number] =>
  Number.isInteger(entry[1]) && Number(entry[1]) >= 0 && Number(entry[1]) < variantsAtMost;

/** The dispatches of the first node with this choice. */
function stepsOf(plan: Plan, key: string): Dispatch[] {
  const number = plan.choices?.findIndex((choice) => choice.key === key) ?? -1;
  const found: Dispatch[] = [];
  for (const step of plan.steps) {
    if ('shader' in step && step.choices?.includes(number)) found.push(step);
    else if (found.length > 0) break;
  }
  return found;
}

const nothing = () => new Uint8Array();

/** Some steps of a plan, which take as long as they would with its weights and inputs. */
function imitation(plan: Plan, steps: readonly Dispatch[]): Plan {
  const numbers = new Map<number, number>();
  const buffers: PlannedBuffer[] = [];
  const numberOf = (buffer: number) => {
    const known = numbers.get(buffer);
    if (known !== undefined) return known;
    numbers.set(buffer, buffers.length);
    buffers.push({ kind: 'scratch', bytes: plan.buffers[buffer]?.bytes ?? 4 });
    return buffers.length - 1;
  };
  const own = steps.map((step) => ({
    ...step,
    bindings: step.bindings.map(([buffer, access]): [number, 0 | 1] => [numberOf(buffer), access]),
  }));
  return { buffers, shaders: plan.shaders, steps: own, inputs: [], outputs: [] };
}
