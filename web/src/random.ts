// The random numbers of core/random.h, for what is drawn in JavaScript: the same on every machine.

/** One sequence of random numbers. Sequences of different seeds or streams are independent. */
export class Random {
  readonly #key: readonly [seed: number, stream: number];
  #next = 0;
  #block: readonly number[] = [];

  /** Both are whole numbers from 0 to 2³² − 1. */
  constructor(seed: number, stream = 0) {
    this.#key = [seed >>> 0, stream >>> 0];
  }

  /** 32 random bits. */
  bits(): number {
    const place = this.#next++ % 4;
    if (place === 0) this.#block = philox([Math.floor(this.#next / 4), 0, 0, 0], this.#key);
    return this.#block[place] ?? 0;
  }

  /** A number from 0 to below 1. */
  uniform(): number {
    return (this.bits() >>> 8) / 2 ** 24;
  }

  /** Mean 0, standard deviation 1: Box and Muller 1958. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }
}

/** Philox4x32-10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011). */
export function philox(
  counter: readonly [number, number, number, number],
  [first, second]: readonly [number, number],
): readonly number[] {
  let [a, b, c, d] = counter;
  for (let round = 0; round < 10; round++) {
    const left = [high(0xd2511f53, a), Math.imul(0xd2511f53, a)] as const;
    const right = [high(0xcd9e8d57, c), Math.imul(0xcd9e8d57, c)] as const;
    const keys = [first + round * 0x9e3779b9, second + round * 0xbb67ae85] as const;
    [a, b, c, d] = [right[0] ^ b ^ keys[0], right[1], left[0] ^ d ^ keys[1], left[1]];
  }
  return [a >>> 0, b >>> 0, c >>> 0, d >>> 0];
}

/** The upper 32 bits of a product of two numbers of 32 bits. */
function high(a: number, b: number): number {
  return Number((BigInt(a >>> 0) * BigInt(b >>> 0)) >> 32n);
}
