// The code of voices for gesso.js: in a file beside it, because most pages have no voice.
import { fail, messageOf } from '../errors.js';
import { fileHint, ownFile } from '../ownFiles.js';
import * as library from './library.js';

export async function voiceCode(): Promise<typeof import('./voiceCode.js')> {
  globalThis.gessoLibrary = library;
  const address = new URL('voice.js', ownFile('worker.js')).href;
  try {
    return await import(address);
  } catch (error) {
    fail(
      "charRNN: the library's own file voice.js cannot be read",
      { address, reason: messageOf(error) },
      fileHint('copy voice.js beside worker.js'),
    );
  }
}
