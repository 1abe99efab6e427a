// A stamp on each WebAssembly file, by which the script can tell that it is the half that it was built with.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tree } from './setup/places.mjs';

/** What runs in pages: the name of each build there, and what CMake calls its preset and its target. */
export const targets = {
  relaxed: ['wasm', 'gesso'],
  simd: ['wasm-simd', 'gesso'],
  'relaxed-threads': ['wasm-threads', 'gesso'],
  'relaxed-webgpu': ['wasm', 'gesso_webgpu'],
  'simd-webgpu': ['wasm-simd', 'gesso_webgpu'],
};

/** Where the two halves of each build are, once it is made. */
export const builds = Object.fromEntries(
  Object.entries(targets).map(([build, [preset, target]]) => {
    const file = join(tree, 'build', preset, 'wasm', target);
    const glue = `${file}.${build === 'relaxed-threads' ? 'js' : 'mjs'}`;
    return [build, { glue, wasm: `${file}.wasm` }];
  }),
);

/** The stamp of a build: the version, and a hash of the JavaScript half. */
export function stampOf(build) {
  const { version } = JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8'));
  const hash = createHash('sha256').update(readFileSync(builds[build].glue)).digest('hex');
  return `${version} ${hash.slice(0, 8)}`;
}

/** A module with its stamp at the end, as a custom section that engines pass over. */
export function stamped(wasm, stamp) {
  const name = Buffer.from('gesso');
  const content = Buffer.concat([Buffer.of(name.length), name, Buffer.from(stamp)]);
  if (content.length > 127) throw new Error('a stamp is at most 127 bytes with its name');
  return Buffer.concat([wasm, Buffer.of(0, content.length), content]);
}
