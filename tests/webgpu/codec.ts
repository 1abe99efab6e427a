// Messages with bytes in them, as bytes: JSON, then every array, each at a multiple of eight.

const alignment = 8;
const aligned = (size: number) => Math.ceil(size / alignment) * alignment;

/** Any value that JSON can write, in which there may be Uint8Arrays. */
export function encode(value: unknown): Uint8Array<ArrayBuffer> {
  const blobs: Uint8Array[] = [];
  let size = 0;
  const text = JSON.stringify(value, (_, part: unknown) => {
    if (!(part instanceof Uint8Array)) return part;
    const at = size;
    blobs.push(part);
    size += aligned(part.length);
    return { blob: [at, part.length] };
  });
  const header = new TextEncoder().encode(text);
  const start = aligned(4 + header.length);
  const message = new Uint8Array(start + size);
  new DataView(message.buffer).setUint32(0, header.length);
  message.set(header, 4);
  let at = start;
  for (const blob of blobs) {
    message.set(blob, at);
    at += aligned(blob.length);
  }
  return message;
}

/** The value again; its arrays lie in the message. */
export function decode(message: ArrayBuffer): unknown {
  const length = new DataView(message).getUint32(0);
  const start = aligned(4 + length);
  const text = new TextDecoder().decode(new Uint8Array(message, 4, length));
  return JSON.parse(text, (_, part) =>
    Array.isArray(part?.blob) ? new Uint8Array(message, start + part.blob[0], part.blob[1]) : part,
  );
}
