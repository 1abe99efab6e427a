// MNIST's digits as the server shows them, for pages that learn to read them.

export interface Digits {
  /** Pictures [n, 28, 28, 1], 0 to 1. */
  x: Float32Array;
  /** What they show [n]. */
  y: Int32Array;
}

const pixels = 28 * 28;

/** 8,000 digits to learn from, and the 2,000 whose index modulo 5 is 4 to be judged by. */
export async function digits(): Promise<{ training: Digits; heldOut: Digits }> {
  const [images, labels] = await Promise.all([
    unzipped('/mnist/t10k-images-idx3-ubyte.gz'),
    unzipped('/mnist/t10k-labels-idx1-ubyte.gz'),
  ]);
  const all = Array.from({ length: labels.length - 8 }, (_, index) => index);
  // IDX files: 16 bytes before the pictures, 8 before the labels.
  const part = (chosen: number[]) => {
    const x = new Float32Array(chosen.length * pixels);
    for (const [k, index] of chosen.entries()) {
      const from = 16 + index * pixels;
      for (let i = 0; i < pixels; ++i) x[k * pixels + i] = (images[from + i] ?? 0) / 255;
    }
    return { x, y: Int32Array.from(chosen, (index) => labels[8 + index] ?? 0) };
  };
  return {
    training: part(all.filter((index) => index % 5 !== 4)),
    heldOut: part(all.filter((index) => index % 5 === 4)),
  };
}

async function unzipped(address: string): Promise<Uint8Array> {
  const { body } = await fetch(address);
  if (body === null) throw new Error(`${address} is empty`);
  const bytes = body.pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(bytes).arrayBuffer());
}
