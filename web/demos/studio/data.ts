// Data sets that the server of these pages has at hand.
import { tell, texts } from './texts.js';

/** The address of a file below data/, or undefined where it is not on this machine. */
export async function dataAddress(path: string): Promise<string | undefined> {
  const response = await fetch('../data/index.json');
  const paths: string[] = response.ok ? await response.json() : [];
  return paths.includes(path) ? `../data/${path}` : undefined;
}

/** What an IDX file holds, as those of MNIST do: bytes along one axis or more. */
export interface Idx {
  shape: number[];
  bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Reads an IDX file of bytes that gzip has packed.
 * (Format: two zero bytes, 8 for bytes, the number of axes; each axis in four bytes, the highest
 * first; then the data.)
 */
export async function fetchIdx(address: string): Promise<Idx> {
  const { ok, status, body } = await fetch(address);
  if (!ok || !body) throw new Error(tell(texts.notArrived, { address, status: String(status) }));
  const unpacked = new Response(body.pipeThrough(new DecompressionStream('gzip')));
  const buffer = await unpacked.arrayBuffer();
  const view = new DataView(buffer);
  if (view.getUint16(0) !== 0 || view.getUint8(2) !== 8) {
    throw new Error(tell(texts.notIdx, { address }));
  }
  const axes = view.getUint8(3);
  const shape = Array.from({ length: axes }, (_, i) => view.getUint32(4 + 4 * i));
  return { shape, bytes: new Uint8Array(buffer, 4 + 4 * axes) };
}
