// The licences of what is inside the package and is not ours: their text must travel along.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache, readEnvironment, tree } from './setup/places.mjs';

/** What the .wasm files hold besides our code, by the beginning of its folder in the cache. */
const compiled = ['pthreadpool', 'fp16', 'fxdiv'];

/** The npm package that a module belongs to; undefined for modules of ours. */
export function packageOf(id) {
  return /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id.replaceAll('\\', '/'))?.[1];
}

/** @param packages names of the npm packages that have been bundled */
export function licences(packages) {
  const found = packages.map((name) => {
    const folder = join(tree, 'node_modules', name);
    const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return [`${name} ${about.version}`, licenceIn(folder) ?? licenceNamed(about)];
  });
  const { relaxed } = readEnvironment().xnnpack ?? {};
  if (relaxed) found.push(['XNNPACK', licenceIn(relaxed)]);
  const sources = join(cache, 'sources');
  for (const folder of existsSync(sources) ? readdirSync(sources) : []) {
    const name = compiled.find((name) => folder.startsWith(`${name}-`));
    if (name) found.push([name, licenceIn(join(sources, folder))]);
  }
  found.push(...toolchain(readEnvironment().emscripten.root));
  const parts = found.map(
    ([name, text]) => `${name}\n${'='.repeat(name.length)}\n\n${text.trim()}\n`,
  );
  return `Parts of this package are the work of others, under these licences.\n\n${parts.join('\n\n')}`;
}

/**
 * What Emscripten links into the .wasm files: its own code and the libraries of C and C++. Where a
 * distribution has left the texts out, their sources still say under which licence they are.
 */
function toolchain(root) {
  const [libraries, preamble] = [join(root, 'system/lib'), join(root, 'src/preamble.js')];
  const holder = /Copyright \d+ The Emscripten Authors/.exec(readFileSync(preamble, 'utf8'))?.[0];
  const mit = readFileSync(join(tree, 'LICENSE'), 'utf8').replace(/^Copyright .*$/m, `${holder}`);
  return [
    ['Emscripten', licenceIn(root) ?? mit],
    ['musl', readFileSync(join(libraries, 'libc/musl/COPYRIGHT'), 'utf8')],
    ...[
      'libcxx/src/new.cpp',
      'libcxxabi/src/cxa_virtual.cpp',
      'compiler-rt/lib/builtins/int_lib.h',
    ].map((file) => {
      const name = file.split('/')[0];
      return [name, licenceIn(join(libraries, name)) ?? commentIn(join(libraries, file))];
    }),
  ];
}

/** What the first comment of a source of LLVM says of its licence. */
function commentIn(file) {
  const lines = readFileSync(file, 'utf8').match(/^\/\/ (?=.*(LLVM|SPDX|llvm\.org)).*$/gm) ?? [];
  if (lines.length === 0) throw new Error(`${file} names no licence`);
  return lines.map((line) => line.replace('// ', '')).join('\n');
}

function licenceIn(folder) {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  return file && readFileSync(join(folder, file), 'utf8');
}

/** What a package without a licence file says of itself. */
function licenceNamed({ name, license, author }) {
  if (!license) throw new Error(`${name} names no licence: may it be bundled?`);
  return `${license} licence, ${author?.name ?? author ?? `the authors of ${name}`}`;
}
