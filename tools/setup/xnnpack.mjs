// XNNPACK: its sources, checked, and one static library for each build of ours.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { downloadSources, hasApt } from './debian.mjs';
import { cache, fill, sha256, tree, which } from './places.mjs';
import { run, SetupError, step } from './report.mjs';

const sources = {
  xnnpack: {
    file: 'xnnpack_0.0~git20241108.4ea82e5.orig.tar.xz',
    sha256: '90bde2caef0f880f627bab0dc805a86c4b8070cd98e3243db3046ab3f3be1a99',
  },
  pthreadpool: {
    file: 'pthreadpool_0.0~git20240616.560c60d.orig.tar.xz',
    sha256: '4cc3cbd933b28131d2a34edc54f76af9fb41bc490af5eae1a5bd3cd07ea90708',
  },
  fp16: {
    file: 'fp16_0.0~git20200514.4dfe081.orig.tar.xz',
    sha256: '7d7782b37b74136e0e12593a2a93ccbe7db831f4374cc408e44623d9b708b54e',
  },
  fxdiv: {
    file: 'fxdiv_0.0~git20200417.b408327.orig.tar.xz',
    sha256: '7953482badaf4cb34026c3487c257b8e4ab2df061c019bd6fabbbc12ad52c44b',
  },
};

/** How each library is compiled; GESSO_BUILD in CMakePresets.json has the same names. */
const builds = {
  relaxed: { wasm: true, flags: '-msimd128 -mrelaxed-simd' },
  'relaxed-threads': { wasm: true, threads: true, flags: '-msimd128 -mrelaxed-simd -pthread' },
  simd: { wasm: true, flags: '-msimd128' },
  native: { wasm: false, flags: '' },
};

const verified = (path, source) => existsSync(path) && sha256(readFileSync(path)) === source.sha256;

/** Every source, downloaded where it is missing: name → unpacked folder. */
function unpackedSources() {
  const downloads = join(cache, 'downloads');
  mkdirSync(downloads, { recursive: true });
  const folders = {};
  for (const [name, source] of Object.entries(sources)) {
    const commit = /\.([0-9a-f]+)\.orig/.exec(source.file)[1];
    const folder = join(cache, 'sources', `${name}-${commit}`);
    folders[name] = folder;
    if (existsSync(folder)) continue;
    const file = join(downloads, source.file);
    if (!verified(file, source)) {
      if (hasApt) step(`Downloading ${source.file}`, () => downloadSources([name], downloads));
      if (!verified(file, source)) {
        throw new SetupError(
          `The source of ${name} is not the one this project was built with.`,
          { file, exists: existsSync(file), 'SHA-256 expected': source.sha256 },
          `putting Debian 13's ${source.file} there`,
        );
      }
    }
    step(`Unpacking ${source.file}`, () =>
      fill(folder, (temporary) => {
        run('tar', ['-x', '-C', temporary, '-f', file]);
        // Some of the archives hold one folder, others the files themselves.
        const [only, ...more] = readdirSync(temporary);
        if (more.length === 0) {
          for (const entry of readdirSync(join(temporary, only))) {
            renameSync(join(temporary, only, entry), join(temporary, entry));
          }
        }
      }),
    );
  }
  return folders;
}

function recipe() {
  const folder = join(tree, 'cmake/xnnpack');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = files
    .filter((file) => file.isFile())
    .map((f) => join(f.parentPath ?? f.path, f.name));
  return paths.sort().map((path) => readFileSync(path));
}

/** The folder with include/ and lib/libxnnpack.a of one build. */
export function xnnpack(build, emscripten) {
  const { wasm, threads, flags } = builds[build];
  const compiler = wasm ? `emscripten ${emscripten.version}` : 'clang-19';
  const key = sha256(JSON.stringify([sources, flags, compiler]), ...recipe()).slice(0, 12);
  const folder = join(cache, 'xnnpack', `${build}-${key}`);
  if (existsSync(folder)) return folder;

  const folders = unpackedSources();
  const cmake = {
    CMAKE_BUILD_TYPE: 'Release',
    CMAKE_C_FLAGS: flags,
    CMAKE_CXX_FLAGS: flags,
    GESSO_THREADS: threads ? 'ON' : 'OFF',
    ...(wasm
      ? { CMAKE_TOOLCHAIN_FILE: join(emscripten.root, 'cmake/Modules/Platform/Emscripten.cmake') }
      : { CMAKE_C_COMPILER: 'clang-19', CMAKE_CXX_COMPILER: 'clang++-19' }),
  };
  if (which('ccache')) {
    cmake.CMAKE_C_COMPILER_LAUNCHER = 'ccache';
    cmake.CMAKE_CXX_COMPILER_LAUNCHER = 'ccache';
  }
  for (const name of Object.keys(sources))
    cmake[`${name.toUpperCase()}_SOURCE_DIR`] = folders[name];
  return step(`Building XNNPACK for ${build}, a minute or two`, () =>
    fill(folder, (temporary) => {
      const work = join(temporary, 'work');
      const defines = Object.entries(cmake).map(([name, value]) => `-D${name}=${value}`);
      const options = ['-G', 'Ninja', `-DCMAKE_INSTALL_PREFIX=${temporary}`, ...defines];
      run('cmake', ['-S', join(tree, 'cmake/xnnpack'), '-B', work, ...options]);
      run('cmake', ['--build', work, '--target', 'install', '-j', String(availableParallelism())]);
      copyFileSync(join(folders.xnnpack, 'LICENSE'), join(temporary, 'LICENSE'));
      run('rm', ['-r', work]);
    }),
  );
}
