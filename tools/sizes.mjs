// The table of sizes in README.md. With --write, puts what dist/ holds now into it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { tree } from './setup/places.mjs';

const dist = join(tree, 'dist');
const readme = join(tree, 'README.md');

/** KB of some files of dist/ after gzip, each zipped alone, as servers send them. */
export function zipped(...files) {
  const bytes = files.map((file) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length);
  return bytes.reduce((sum, size) => sum + size, 0) / 1024;
}

/** The files that a module loads at once: itself, and what it imports. */
export function loadedBy(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  const text = readFileSync(join(dist, file), 'utf8');
  for (const [, other] of text.matchAll(/(?:from|import)\s*["'`]\.\/([\w-]+\.js)["'`]/g))
    loadedBy(other, found);
  return found;
}

/** The table, made of what is in dist/. */
export function sizeTable() {
  const parts = readdirSync(join(tree, 'web/src/entries')).map((file) => file.replace('.ts', ''));
  const rows = [
    ['`gesso-relaxed.wasm`', 'every page, one of these three', zipped('gesso-relaxed.wasm')],
    ['`gesso-simd.wasm`', 'an older browser', zipped('gesso-simd.wasm')],
    ['`gesso-relaxed-threads.wasm`', 'an isolated page', zipped('gesso-relaxed-threads.wasm')],
    ['`core-relaxed-threads.js`', 'an isolated page', zipped('core-relaxed-threads.js')],
    [
      '`gesso-relaxed-webgpu.wasm`',
      "the first model with `backend: 'auto'` or `'webgpu'`",
      zipped('gesso-relaxed-webgpu.wasm'),
    ],
    ['`webgpu.js`', 'the same', zipped('webgpu.js')],
    ['`worker.js`', 'every page', zipped('worker.js')],
    ['`gesso.js`', 'a page with a script tag', zipped('gesso.js')],
    ['`voice.js`', 'the first voice in such a page', zipped('voice.js')],
    ['`offline.js`', '`offline()` in such a page', zipped('offline.js')],
    ['`people.js`', 'the first body or face in such a page', zipped('people.js')],
    ['`runtime.js`', 'the first `worker: false` in such a page', zipped('runtime.js')],
    ['`teaching.js`', 'the first lesson, map or explanation in such a page', zipped('teaching.js')],
    ['`gesso-ml5.js`', 'a page with a sketch made for ml5', zipped('gesso-ml5.js')],
    ['`gesso`', 'a page with modules', zipped(...loadedBy('index.js'))],
    ...parts.map((name) => [
      `\`gesso/${name}\``,
      'a page with modules, only this part',
      zipped(...loadedBy(`${name}.js`)),
    ]),
    ['`gesso-single.js`', 'a page without a server', zipped('gesso-single.js')],
  ];
  const lines = rows.map(([name, use, size]) => `| ${name} | ${use} | ${Math.round(size)} |`);
  return ['| file or name | loaded by | KB after gzip |', '|---|---|---:|', ...lines].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const table = sizeTable();
  console.log(table);
  if (process.argv.includes('--write')) {
    const text = readFileSync(readme, 'utf8');
    writeFileSync(
      readme,
      text.replace(/^\| file or name \|.*\n(\|.*\n)*/m, () => `${table}\n`),
    );
  }
}
