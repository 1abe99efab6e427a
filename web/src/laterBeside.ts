// The same for gesso.js: in files beside it, because most pages need none of it.
import * as library from './library.js';
import { ownFile, refuseScript } from './ownFiles.js';

export function voiceCode(): Promise<typeof import('./text/voiceCode.js')> {
  return beside('voice.js');
}

export function offlineCode(): Promise<typeof import('./offlineFolder.js')> {
  return beside('offline.js');
}

export function runtimeCode(): Promise<typeof import('./runtime.js')> {
  return beside('runtime.js');
}

export function teachCode(): Promise<typeof import('./teach/teachCode.js')> {
  return beside('teaching.js');
}

type People = typeof import('./people/peopleCode.js');

let people: People | undefined;

export async function peopleCode(): Promise<People> {
  people ??= await beside<People>('people.js');
  return people;
}

/** What peopleCode() has loaded, if it has. */
export function loadedPeople(): People | undefined {
  return people;
}

async function beside<Code>(name: string): Promise<Code> {
  globalThis.gessoLibrary = library;
  const address = new URL(name, ownFile('worker.js')).href;
  try {
    return await import(address);
  } catch (error) {
    refuseScript(name, address, error);
  }
}
