// Reads the files in a zip, which is as hostile as any file: nothing in it is believed before it is checked.
import { fail, messageOf, staysInside } from './library.js';
import { crc32 } from './zip.js';

/** The most that a zip may hold, unpacked. */
const mostBytes = 2 ** 30;
const mostFiles = 20_000;

/** The end of a zip: 22 bytes, and a comment. */
const endSize = 22;
const endMark = 0x06054b50;
const entryMark = 0x02014b50;
const fileMark = 0x04034b50;
const zip64Mark = 0x07064b50;

/** What systems put beside the files of people. */
const byTheWay = /^__MACOSX\/|(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini)$/;

/** A file as the directory of the zip describes it. */
interface Entry {
  path: string;
  /** 0: as it is; 8: deflated. */
  method: number;
  crc: number;
  packed: number;
  bytes: number;
  /** Where its own head begins. */
  at: number;
}

/**
 * The files of a zip by path, without folders and without what systems put in by themselves.
 *
 * @param who the function that the user called, to begin messages with
 * @param name of the zip, for messages
 * @throws MLError for what is damaged, encrypted, larger than 1 GB when unpacked, or has paths that lead
 *   elsewhere
 */
export async function unzip(
  who: string,
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  signal?: AbortSignal,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const refuse = (reason: string, facts: Record<string, unknown> = {}): never =>
    fail(
      `${who}: the zip cannot be read`,
      { file: name, reason, ...facts },
      'the files themselves, or a plain zip of them',
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = directory(view, bytes, refuse);
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  let end = 0;
  for (const entry of entries.sort((a, b) => a.at - b.at)) {
    signal?.throwIfAborted();
    const { path, at, packed } = entry;
    const file = { 'in it': path };
    if (at < end) refuse('two files share the same bytes', file);
    if (at + 30 > bytes.length || view.getUint32(at, true) !== fileMark) {
      refuse('a file is not where the directory says', file);
    }
    const from = at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
    end = from + packed;
    if (end > bytes.length) refuse('a file ends behind the end of the zip', file);
    if (path.endsWith('/') || byTheWay.test(path)) continue;
    if (!staysInside(path))
      refuse('a path leads out of the folder', { 'in it': JSON.stringify(path) });
    if (files.has(path)) refuse('two files have the same name', file);
    const content = bytes.subarray(from, end);
    const unpacked = entry.method === 0 ? content.slice() : await inflated(content, entry.bytes);
    if (typeof unpacked === 'string') return refuse(unpacked, file);
    if (unpacked.length !== entry.bytes || crc32(unpacked) !== entry.crc) {
      refuse('a file is damaged: its check sum is another', file);
    }
    files.set(path, unpacked);
  }
  return files;
}

type Refuse = (reason: string, facts?: Record<string, unknown>) => never;

/** What the directory at the end of a zip says, checked as far as one can without the files. */
function directory(view: DataView, bytes: Uint8Array, refuse: Refuse): Entry[] {
  const end = endOf(view, refuse);
  const [disk, first, here, count] = [4, 6, 8, 10].map((at) => view.getUint16(end + at, true));
  const size = view.getUint32(end + 12, true);
  let at = view.getUint32(end + 16, true);
  const large = count === 0xffff || size === 0xffffffff || at === 0xffffffff;
  if (large || (end >= 20 && view.getUint32(end - 20, true) === zip64Mark)) {
    refuse('it is of the kind zip64, which is for more than 4 GB or 65,535 files');
  }
  if (disk !== 0 || first !== 0 || here !== count) refuse('it is one part of several');
  if (count === undefined || count > mostFiles) refuse('it has too many files', { files: count });
  if (at + size > end) refuse('its directory is damaged');
  const stop = at + size;
  const entries: Entry[] = [];
  let unpacked = 0;
  for (let i = 0; i < (count ?? 0); i++) {
    if (at + 46 > stop || view.getUint32(at, true) !== entryMark)
      refuse('its directory is damaged');
    const flags = view.getUint16(at + 8, true);
    const method = view.getUint16(at + 10, true);
    const [crc = 0, packed = 0, unpackedBytes = 0] = [16, 20, 24].map((field) =>
      view.getUint32(at + field, true),
    );
    const [nameLength = 0, extra = 0, comment = 0] = [28, 30, 32].map((field) =>
      view.getUint16(at + field, true),
    );
    const next = at + 46 + nameLength + extra + comment;
    if (next > stop) refuse('its directory is damaged');
    const path = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    const file = { 'in it': path };
    if ((flags & 0x2041) !== 0) refuse('a file is encrypted', file);
    if (method !== 0 && method !== 8)
      refuse('a file is packed in an unusual way', { ...file, method });
    if (method === 0 && packed !== unpackedBytes) refuse('a file has two sizes', file);
    if (packed === 0xffffffff || unpackedBytes === 0xffffffff) {
      refuse('it is of the kind zip64, which is for more than 4 GB or 65,535 files');
    }
    unpacked += unpackedBytes;
    if (unpacked > mostBytes) refuse('unpacked it has more than 1 GB', file);
    entries.push({
      path,
      method,
      crc,
      packed,
      bytes: unpackedBytes,
      at: view.getUint32(at + 42, true),
    });
    at = next;
  }
  return entries;
}

/** Where the end record begins, before a comment of any length. */
function endOf(view: DataView, refuse: Refuse): number {
  const { byteLength } = view;
  for (let at = byteLength - endSize; at >= Math.max(0, byteLength - endSize - 0xffff); at--) {
    const complete = at + endSize + view.getUint16(at + 20, true) === byteLength;
    if (complete && view.getUint32(at, true) === endMark) return at;
  }
  return refuse('it has no end: perhaps not all of it has come', { bytes: byteLength });
}

/** Unpacks what was deflated, and no more of it than it says it is; in words why it cannot. */
async function inflated(
  packed: Uint8Array<ArrayBuffer>,
  bytes: number,
): Promise<Uint8Array<ArrayBuffer> | string> {
  const result = new Uint8Array(bytes);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  const reader = stream.getReader();
  let at = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (at + value.length > bytes) {
        await reader.cancel();
        return 'a file is larger than it says';
      }
      result.set(value, at);
      at += value.length;
    }
  } catch (error) {
    return `a file cannot be unpacked: ${messageOf(error)}`;
  }
  return at === bytes ? result : result.subarray(0, at);
}
