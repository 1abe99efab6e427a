// The same for gesso.js: in files beside it, because most pages need neither.
import { fail, messageOf } from './errors.js';
import * as library from './library.js';
import { fileHint, ownFile } from './ownFiles.js';

export function voiceCode(): Promise<typeof import('./text/voiceCode.js')> {
  return beside('voice.js');
}

export function peopleCode(): Promise<typeof import('./people/peopleCode.js')> {
  return beside('people.js');
}

async function beside<Code>(name: string): Promise<Code> {
  globalThis.gessoLibrary = library;
  const address = new URL(name, ownFile('worker.js')).href;
  try {
    return await import(address);
  } catch (error) {
    fail(
      `gesso: the library's own file ${name} cannot be read`,
      { address, reason: messageOf(error) },
      fileHint(`copy ${name} beside worker.js`),
    );
  }
}
