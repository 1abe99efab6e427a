// What has been measured on an adapter, kept for the next page.
import { platform } from '../platform.js';
import type { AdapterInfo } from './accelerator.js';

/**
 * The name of an entry in the store.
 *
 * @param version of the library: what was measured with another one does not count
 */
export function entryOf(what: string, info: AdapterInfo, version: string): string {
  const { vendor, architecture, description } = info;
  const adapter = [vendor, architecture, description].join('-').replace(/[^\w.-]+/g, '_');
  return `${what}/${version}/${adapter.slice(0, 100)}`;
}

/** What an entry holds; nothing where there is none, or something else. */
export async function readKept(entry: string): Promise<[string, unknown][]> {
  try {
    const bytes = await (await platform.openStore())?.read(entry);
    const found: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof found === 'object' && found !== null ? Object.entries(found) : [];
  } catch {
    return [];
  }
}

/** Without a store, or room in it, the next page measures again. */
export async function writeKept(
  entry: string,
  values: Iterable<readonly [string, unknown]>,
): Promise<void> {
  const text = JSON.stringify(Object.fromEntries(values));
  try {
    await (await platform.openStore())?.write(entry, [new TextEncoder().encode(text)]);
  } catch {}
}
