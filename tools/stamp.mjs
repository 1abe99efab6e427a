// A stamp on each WebAssembly file, by which the script can tell that it is the half that it was built with.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tree } from './setup/places.mjs';

const folders = { relaxed: 'build/wasm/wasm', simd: 'build/wasm-simd/wasm' };

/** The two halves of each build, and its stamp: the version, and a hash of the JavaScript half. */
export function builds() {
  const { version } = JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8'));
  const found = Object.entries(folders).map(([build, folder]) => {
    const glue = join(tree, folder, 'gesso.mjs');
    const hash = createHash('sha256').update(readFileSync(glue)).digest('hex');
    const wasm = join(tree, folder, 'gesso.wasm');
    return [build, { glue, wasm, stamp: `${version} ${hash.slice(0, 8)}` }];
  });
  return Object.fromEntries(found);
}

/** A module with its stamp at the end, as a custom section that engines pass over. */
export function stamped(wasm, stamp) {
  const name = Buffer.from('gesso');
  const content = Buffer.concat([Buffer.of(name.length), name, Buffer.from(stamp)]);
  if (content.length > 127) throw new Error('a stamp is at most 127 bytes with its name');
  return Buffer.concat([wasm, Buffer.of(0, content.length), content]);
}
