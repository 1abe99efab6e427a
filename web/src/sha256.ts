// SHA-256 (FIPS 180-4) over bytes that come in pieces. Web Crypto is missing on plain-http pages
// (a classroom's local server) and takes only one whole buffer.

/** Whole parts of the first 32 bits of the fractional parts of `root` of the first primes. */
function constants(count: number, root: (x: number) => number): Uint32Array {
  const result = new Uint32Array(count);
  for (let n = 2, found = 0; found < count; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) prime &&= n % d !== 0;
    if (prime) result[found++] = (root(n) % 1) * 2 ** 32;
  }
  return result;
}

const roundConstants = constants(64, Math.cbrt);
const initial = constants(8, Math.sqrt);

/** The SHA-256 of the pieces, one after the other, as 64 hexadecimal digits. */
export function sha256(pieces: readonly Uint8Array[]): string {
  const state = initial.slice();
  const block = new Uint8Array(64);
  const words = new Uint32Array(64);
  let filled = 0;
  let total = 0;
  for (const piece of pieces) {
    total += piece.length;
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + 64 - filled);
      block.set(part, filled);
      at += part.length;
      filled += part.length;
      if (filled === 64) {
        compress(state, block, words);
        filled = 0;
      }
    }
  }
  block.fill(0, filled);
  block[filled] = 0x80;
  if (filled > 55) {
    compress(state, block, words);
    block.fill(0);
  }
  new DataView(block.buffer).setBigUint64(56, BigInt(total) * 8n);
  compress(state, block, words);
  return Array.from(state, (word) => word.toString(16).padStart(8, '0')).join('');
}

/** The same without holding up the page, and faster, where the browser itself has it. */
export async function sha256Of(pieces: readonly Uint8Array[]): Promise<string> {
  const { subtle } = globalThis.crypto ?? {};
  if (subtle === undefined) return sha256(pieces);
  const whole = await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer();
  const digest = new Uint8Array(await subtle.digest('SHA-256', whole));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Mixes one block of 64 bytes into the state; `w` is scratch room for the message schedule. */
function compress(state: Uint32Array, block: Uint8Array, w: Uint32Array): void {
  const view = new DataView(block.buffer);
  const word = (i: number) => w[i] ?? 0;
  const rotate = (x: number, n: number) => (x >>> n) | (x << (32 - n));
  for (let i = 0; i < 16; i++) w[i] = view.getUint32(4 * i);
  for (let i = 16; i < 64; i++) {
    const a = word(i - 15);
    const b = word(i - 2);
    const s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3);
    const s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10);
    w[i] = word(i - 16) + s0 + word(i - 7) + s1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const choice = (e & f) ^ (~e & g);
    const t1 = (h + s1 + choice + (roundConstants[i] ?? 0) + word(i)) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const t2 = (s0 + majority) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  for (const [i, value] of [a, b, c, d, e, f, g, h].entries()) {
    state[i] = (state[i] ?? 0) + value;
  }
}
