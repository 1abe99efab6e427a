// Prepares a machine to build gesso: node tools/setup.mjs [wasm] [native] [format] [browser] [npm]
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { forgetPrivateApt, hasApt, install, missingPackages } from './setup/debian.mjs';
import { emscripten } from './setup/emscripten.mjs';
import {
  cache,
  fill,
  readEnvironment,
  sha256,
  tree,
  which,
  writeEnvironment,
} from './setup/places.mjs';
import { run, SetupError, step } from './setup/report.mjs';
import { xnnpack } from './setup/xnnpack.mjs';

const common = [
  'cmake',
  'ninja-build',
  'ccache',
  'python3',
  'xz-utils',
  'nlohmann-json3-dev',
  'libgtest-dev',
];

/** What each part needs: packages where there is apt, programs and files anywhere else. */
const parts = {
  wasm: {
    packages: common,
    programs: ['cmake', 'ninja', 'python3', 'tar', 'xz', 'emcc'],
    files: ['/usr/include/nlohmann/json.hpp', '/usr/src/googletest/googletest/src/gtest-all.cc'],
  },
  native: {
    packages: [
      ...common,
      'clang-19',
      'lld-19',
      'llvm-19',
      'libclang-rt-19-dev',
      'libbenchmark-dev',
    ],
    programs: ['cmake', 'ninja', 'python3', 'tar', 'xz', 'clang-19', 'clang++-19'],
    files: ['/usr/include/nlohmann/json.hpp', '/usr/src/googletest/googletest/src/gtest-all.cc'],
  },
  format: { packages: ['clang-format-19'], programs: ['clang-format-19'], files: [] },
  browser: { packages: ['chromium', 'libvulkan1'], programs: ['chromium'], files: [] },
  npm: { packages: [], programs: ['npm'], files: [] },
};

function systemNeeds(chosen) {
  const union = (key) => [...new Set(chosen.flatMap((part) => parts[part][key]))];
  if (hasApt) return install(union('packages'));
  const missing = [
    ...union('programs').filter((program) => !which(program)),
    ...union('files').filter((file) => !existsSync(file)),
  ];
  if (missing.length > 0) {
    throw new SetupError(
      'This system has no apt, and some of what the build needs is missing.',
      { missing: missing.join('\n'), 'as in Debian': union('packages').join(' ') },
      "your system's packages of the same names, then this command again",
    );
  }
}

/** nlohmann's headers alone: all of /usr/include on Emscripten's path would shadow its own libc. */
function headers() {
  return fill(join(cache, 'include'), (temporary) =>
    symlinkSync('/usr/include/nlohmann', join(temporary, 'nlohmann')),
  );
}

function npmPackages() {
  const stamp = join(tree, 'node_modules/.gesso-lock');
  const lock = sha256(readFileSync(join(tree, 'package-lock.json')), process.arch);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  step('Installing npm packages', () => {
    rmSync(stamp, { force: true });
    run('npm', ['ci'], { cwd: tree });
    writeFileSync(stamp, lock);
  });
}

function setUp(chosen) {
  mkdirSync(cache, { recursive: true });
  systemNeeds(chosen);
  const environment = { ...readEnvironment(), include: headers() };
  const libraries = {};
  if (chosen.includes('wasm')) {
    const before = environment.emscripten?.root;
    environment.emscripten = emscripten();
    // CMake never forgets a compiler it has found.
    if (before && before !== environment.emscripten.root) {
      for (const build of ['wasm', 'wasm-simd', 'wasm-threads']) {
        rmSync(join(tree, 'build', build), { recursive: true, force: true });
      }
    }
    for (const build of ['relaxed', 'simd', 'relaxed-threads']) {
      libraries[build] = xnnpack(build, environment.emscripten);
    }
  }
  if (chosen.includes('native')) libraries.native = xnnpack('native');
  environment.xnnpack = { ...environment.xnnpack, ...libraries };
  writeEnvironment(environment);
  if (chosen.includes('npm')) npmPackages();
  forgetPrivateApt();
}

/** Says what a set-up would install with apt, and does nothing. */
function list(chosen) {
  const packages = [...new Set(chosen.flatMap((part) => parts[part].packages))];
  const missing = hasApt ? new Set(missingPackages(packages)) : new Set();
  for (const name of packages)
    console.log(`${missing.has(name) ? 'missing  ' : 'installed'}  ${name}`);
}

const words = process.argv.slice(2);
const unknown = words.find((word) => word !== '--list' && !Object.hasOwn(parts, word));
const named = words.filter((word) => Object.hasOwn(parts, word));
const chosen = named.length > 0 ? named : Object.keys(parts);
try {
  if (unknown) {
    const known = Object.keys(parts).join(', ');
    throw new SetupError(
      `There is no part "${unknown}" to set up.`,
      { known },
      'one of these, or none for all',
    );
  }
  if (words.includes('--list')) list(chosen);
  else setUp(chosen);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
