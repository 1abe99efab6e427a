// Files in one zip, as they are: weights hardly become smaller, and a compressor would weigh more than this.

/** The remainders of all bytes for CRC-32, the check that zip files carry. */
const remainders = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1;
  return rest;
});

/** The check sum that zips carry. */
export function crc32(bytes: Uint8Array): number {
  let rest = -1;
  for (const byte of bytes) rest = (remainders[(rest ^ byte) & 255] ?? 0) ^ (rest >>> 8);
  return ~rest >>> 0;
}

/** Numbers of two bytes (`[number]`) and of four, the lowest byte first. */
function packed(...fields: (number | readonly [number])[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(4 * fields.length));
  let at = 0;
  for (const field of fields) {
    if (typeof field === 'number') view.setUint32(at, field, true);
    else view.setUint16(at, field[0], true);
    at += typeof field === 'number' ? 4 : 2;
  }
  return new Uint8Array(view.buffer, 0, at);
}

/** The smallest date that the format has: zips of the same files are the same. */
const date: [number] = [0x21]; // 1 January 1980
const time: [number] = [0];
const version: [number] = [20];
const utf8: [number] = [0x800];
const stored: [number] = [0];
const none: [number] = [0];

/** A zip of files by path; up to 4 GB. */
export function zip(files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): Blob {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const directory: Uint8Array<ArrayBuffer>[] = [];
  let at = 0;
  for (const [path, bytes] of files) {
    const name = new TextEncoder().encode(path) as Uint8Array<ArrayBuffer>;
    const { length } = bytes;
    const facts = [utf8, stored, time, date, crc32(bytes), length, length, [name.length]] as const;
    const head = packed(0x04034b50, version, ...facts, none);
    parts.push(head, name, bytes);
    // No extra field, no comment, on the first disk, a file of bytes without attributes.
    const entry = packed(0x02014b50, version, version, ...facts, none, none, none, none, 0, at);
    directory.push(entry, name);
    at += head.length + name.length + length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const count: [number] = [files.size];
  const end = packed(0x06054b50, none, none, count, count, size, at, none);
  return new Blob([...parts, ...directory, end], { type: 'application/zip' });
}
