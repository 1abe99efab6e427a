// What travels inside gesso-single.js: nothing in every other build.

/** The library's own files, and its worker as a script. */
export interface Embedded {
  /** Each file by its name, zipped with gzip, in base64. */
  files: Record<string, string>;
  /** The text of worker.js; absent in the worker itself. */
  worker?: string;
}

declare global {
  /** Set by the first lines of gesso-single.js, and by those that it gives to its worker. */
  var gessoEmbedded: Embedded | undefined;
}

export const embedded: Embedded = globalThis.gessoEmbedded ?? { files: {} };

/** An embedded file as if a server had sent it; undefined where it is not embedded. */
export function embeddedFile(name: string): Response | undefined {
  const text = Object.hasOwn(embedded.files, name) ? embedded.files[name] : undefined;
  if (text === undefined) return undefined;
  const zipped = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([zipped]).stream().pipeThrough(new DecompressionStream('gzip')));
}

/** The text of a worker that has the same files. */
export function embeddedWorker(script: string): string {
  const { files } = embedded;
  return `self.gessoEmbedded=${JSON.stringify({ files })};\n${script}`;
}
