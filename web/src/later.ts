// Code that is loaded when it is first needed.
export function voiceCode(): Promise<typeof import('./text/voiceCode.js')> {
  return import('./text/voiceCode.js');
}

export function offlineCode(): Promise<typeof import('./offlineFolder.js')> {
  return import('./offlineFolder.js');
}

export function peopleCode(): Promise<typeof import('./people/peopleCode.js')> {
  return import('./people/peopleCode.js');
}

export function runtimeCode(): Promise<typeof import('./runtime.js')> {
  return import('./runtime.js');
}

export function teachCode(): Promise<typeof import('./teach/teachCode.js')> {
  return import('./teach/teachCode.js');
}
