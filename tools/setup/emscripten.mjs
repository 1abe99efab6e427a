// Emscripten 3.1.60 or newer: the machine's own, or Debian 13's unpacked beside a Debian 12.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { candidate, downloadPackages, hasApt, install } from './debian.mjs';
import { cache, fill, readEnvironment, sha256, which } from './places.mjs';
import { output, run, SetupError, step } from './report.mjs';

const oldest = '3.1.60';

/** Debian 13's Emscripten, and the parts of that system that its programs need. */
const unpacked = {
  version: '3.1.69',
  tools: ['emscripten', 'binaryen', 'node-acorn'],
  libraries: ['libc6', 'libstdc++6', 'libgcc-s1'],
  // It calls the host's own compiler of the same version.
  host: ['clang-19', 'lld-19', 'llvm-19'],
};

function isNewEnough(version) {
  const [a, b] = [version, oldest].map((text) => text.split('.').map(Number));
  const i = a.findIndex((part, at) => part !== b[at]);
  return i < 0 || a[i] > b[i];
}

function versionOf(emcc) {
  return / (\d+\.\d+\.\d+)/.exec(output(emcc, ['--version']) ?? '')?.[1];
}

/** Node as the build calls it: older ones run relaxed SIMD only when told to. */
function nodeScript() {
  const module = 'AGFzbQEAAAABBQFgAAF7AwIBAAoPAQ0AQQD9D0EA/Q/9gAIL'; // one relaxed swizzle
  const test = `process.exit(WebAssembly.validate(Buffer.from('${module}', 'base64')) ? 0 : 1)`;
  const flag = '--experimental-wasm-relaxed-simd';
  const plain = output(process.execPath, ['-e', test]) !== undefined;
  if (!plain && output(process.execPath, [flag, '-e', test]) === undefined) {
    throw new SetupError(
      'This Node cannot run relaxed SIMD.',
      { node: process.version, path: process.execPath },
      'Node 20 or newer',
    );
  }
  const text = `#!/bin/sh\nexec '${process.execPath}' ${plain ? '' : `${flag} `}"$@"\n`;
  const folder = fill(join(cache, `node-${sha256(text).slice(0, 12)}`), (temporary) => {
    writeFileSync(join(temporary, 'node'), text);
    chmodSync(join(temporary, 'node'), 0o755);
  });
  return join(folder, 'node');
}

function unpack() {
  install(unpacked.host);
  const folder = join(cache, `emscripten-${unpacked.version}`);
  if (existsSync(folder)) return folder;
  return step(`Unpacking Emscripten ${unpacked.version}`, () =>
    fill(folder, (temporary) => {
      const debs = join(temporary, 'debs');
      mkdirSync(debs);
      downloadPackages([...unpacked.tools, ...unpacked.libraries], debs);
      const expected = `emscripten_${unpacked.version}`;
      const names = readdirSync(debs);
      if (!names.some((name) => name.startsWith(expected))) {
        throw new SetupError('Debian has moved on to another Emscripten.', {
          expected,
          found: names.find((name) => name.startsWith('emscripten_')),
        });
      }
      for (const name of names) {
        const into = join(
          temporary,
          unpacked.tools.includes(name.split('_')[0]) ? 'tools' : 'libraries',
        );
        mkdirSync(into, { recursive: true });
        // Most of the package is libraries we never link, and its own tests.
        const without = [
          '*/pic',
          '*/lto-pic',
          '*-ww*',
          'libGL*-emu*',
          'libGL*-full*',
          'libGL*-ofb*',
        ]
          .concat(['libGL*-webgl2*', 'libSDL*', 'libwasmfs*', 'lib*san*', './usr/share/doc'])
          .concat(['./usr/share/emscripten/test'])
          .map((pattern) => `--exclude='${pattern}'`);
        run(
          'sh',
          ['-c', `dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" ${without.join(' ')}`].concat(
            'sh',
            join(debs, name),
            into,
          ),
        );
      }
      rmSync(debs, { recursive: true });
      arrange(temporary, folder);
    }),
  );
}

/** Makes the unpacked files call each other; `home` is where `folder` will finally lie. */
function arrange(folder, home) {
  const tools = join(folder, 'tools/usr');
  renameSync(join(tools, 'share/emscripten'), join(folder, 'emscripten'));
  mkdirSync(join(folder, 'emscripten/node_modules'), { recursive: true });
  symlinkSync('../../tools/usr/share/nodejs/acorn', join(folder, 'emscripten/node_modules/acorn'));

  // Binaryen's programs need a newer libc than the host's, so its own loader starts them.
  const libraries = join(folder, 'libraries/usr/lib');
  const triple = readdirSync(libraries).find((name) => name.endsWith('-linux-gnu'));
  const loader = readdirSync(join(libraries, triple)).find((name) => /^ld-linux.*\.so/.test(name));
  mkdirSync(join(folder, 'binaryen/bin'), { recursive: true });
  for (const name of readdirSync(join(tools, 'bin')).filter((name) => name.startsWith('wasm'))) {
    const script = join(folder, 'binaryen/bin', name);
    const paths = [`libraries/usr/lib/${triple}`, `tools/usr/lib/${triple}`].map((p) =>
      join(home, p),
    );
    writeFileSync(
      script,
      `#!/bin/sh\nexec '${paths[0]}/${loader}' --library-path '${paths.join(':')}' ` +
        `'${home}/tools/usr/bin/${name}' "$@"\n`,
    );
    chmodSync(script, 0o755);
  }

  writeFileSync(
    join(folder, 'emscripten/.emscripten'),
    `LLVM_ROOT = '/usr/bin'
LLVM_ADD_VERSION = '19'
CLANG_ADD_VERSION = '19'
BINARYEN_ROOT = '${home}/binaryen'
NODE_JS = '${process.execPath}'
FROZEN_CACHE = True
CACHE = '${home}/emscripten/cache'
`,
  );
}

/** Where Emscripten is: { root, node, version }. */
export function emscripten() {
  const node = nodeScript();
  const own = which('emcc');
  if (own) {
    const root = dirname(realpathSync(own));
    const known = readEnvironment().emscripten;
    // Asking emcc takes half a second; the answer does not change while the path stays.
    const version = known?.root === root ? known.version : versionOf(own);
    if (version && isNewEnough(version)) return { root, node, version };
  }
  if (hasApt) {
    const offered = candidate('emscripten');
    if (offered && isNewEnough(offered.replace(/[^\d.].*/, ''))) {
      install(['emscripten']);
      return { root: '/usr/share/emscripten', node, version: versionOf('/usr/bin/emcc') };
    }
    return { root: join(unpack(), 'emscripten'), node, version: unpacked.version };
  }
  throw new SetupError(
    `Building needs Emscripten ${oldest} or newer.`,
    { found: own ? `${own}, ${versionOf(own) ?? 'which does not run'}` : 'no emcc on PATH' },
    "Emscripten's SDK: install and activate it, so that emcc is on PATH",
  );
}
