// Pages in one file, with the library and a model inside.
import type { ModelFiles } from './layers/layersModel.js';
import { fail, libraryFile, platform } from './library.js';

/** The library in one script, without the reference to its map, which stays behind. */
export async function libraryText(): Promise<string> {
  const address = libraryFile('gesso-single.js');
  const response = await platform.fetch(address).catch(() => undefined);
  if (response?.ok) return (await response.text()).replace(/\n\/\/# sourceMappingURL=.*\s*$/, '');
  fail(
    'save: the page needs the library in one file, which is not there',
    { address, answer: response ? `${response.status}` : 'none' },
    'copy gesso-single.js beside the other files of the library',
  );
}

/** A text inside of a script: what would end it, or begin a comment, is written otherwise. */
export function forScript(text: string): string {
  return text.replace(/<(?=\/script|!--)/gi, '\\x3C');
}

/** Files as JSON: each name with its bytes in base64. */
export function filesForScript(files: ModelFiles): string {
  return JSON.stringify(
    Object.fromEntries([...files].map(([name, bytes]) => [name, base64(bytes)])),
  ).replaceAll('<', '\\u003C');
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(text);
}

/** A text inside of HTML. */
export function escaped(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}
