// The code of voices, which is loaded when the first one is made.
export function voiceCode(): Promise<typeof import('./voiceCode.js')> {
  return import('./voiceCode.js');
}
