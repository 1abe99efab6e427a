// What npm would publish: exactly the files that people need, types that others can use, small parts.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@playwright/test';
import { build as esbuild } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { sizeTable } from '../../tools/sizes.mjs';
import { install, type Packed, pack, root } from '../package/harness.js';

let archive = '';
let packed: Packed;

test.beforeAll(() => {
  ({ archive, packed } = pack());
});

const names = readdirSync(join(root, 'web/src/entries')).map((file) => basename(file, '.ts'));
const entry = ['index', ...names].join('|');

/** Every file of the package, by what it is for. */
const allowed: [what: string, path: RegExp][] = [
  ['about the package', /^(README\.md|LICENSE|package\.json)$/],
  ['modules of pages', new RegExp(`^dist/(${entry}|chunk-[\\w-]{8})\\.js$`)],
  ['modules of Node', new RegExp(`^dist/(node|node-(${entry})|node-chunk-[\\w-]{8}|cli)\\.js$`)],
  [
    'scripts',
    /^dist\/(gesso|gesso-ml5|gesso-single|offline|people|runtime|teaching|voice|webgpu|worker|core-(relaxed|simd|(relaxed|simd)-webgpu|relaxed-threads))\.js$/,
  ],
  ['source maps', /^dist\/[\w-]+\.js\.map$/],
  ['types', new RegExp(`^dist/(${entry}|types-\\w+)\\.d\\.ts$`)],
  ['WebAssembly', /^dist\/gesso-(relaxed|simd|(relaxed|simd)-webgpu|relaxed-threads)\.wasm$/],
  [
    'data',
    /^dist\/(registry\.json|files\.json|labels\/[\w-]+\.json|models\/(digits|shakespeare)\/(model\.json|weights\.bin))$/,
  ],
  ['licences of others', /^dist\/licences\.txt$/],
];

test('holds what people need, and nothing else', () => {
  const paths = packed.files.map(({ path }) => path);
  const strangers = paths.filter((path) => !allowed.some(([, pattern]) => pattern.test(path)));
  expect(strangers).toEqual([]);
  for (const [what, pattern] of allowed) {
    expect(
      paths.some((path) => pattern.test(path)),
      what,
    ).toBe(true);
  }
  const empty = packed.files.filter(({ size }) => size === 0);
  expect(empty).toEqual([]);
});

test('needs no other package', () => {
  const folder = install(archive);
  const installed = readdirSync(join(folder, 'node_modules')).filter(
    (name) => !name.startsWith('.'),
  );
  expect(installed).toEqual(['gesso']);
});

test('has an export for every entry, types first', () => {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const wanted = ['.', ...names.map((name) => `./${name}`)];
  expect(Object.keys(exports)).toEqual([...wanted, './dist/*', './package.json']);
  for (const key of wanted) {
    const name = key === '.' ? 'index' : basename(key);
    const node = key === '.' ? 'node' : `node-${name}`;
    expect(Object.entries(exports[key])).toEqual([
      ['types', `./dist/${name}.d.ts`],
      ['node', `./dist/${node}.js`],
      ['default', `./dist/${name}.js`],
    ]);
  }
});

test('is a package as bundlers and Node expect it', async () => {
  const pkgDir = join(install(archive), 'node_modules/gesso');
  const { messages, pkg } = await publint({ pkgDir, strict: true, pack: false });
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
});

for (const [module, moduleResolution] of [
  ['esnext', 'bundler'],
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
] as const) {
  test(`has types that work with ${moduleResolution}`, () => {
    const folder = install(archive, 'consumer.ts');
    const compilerOptions = {
      ...{ module, moduleResolution, target: 'es2022', lib: ['es2022', 'dom', 'dom.iterable'] },
      ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true, declaration: true },
      ...{ skipLibCheck: false, types: [] },
    };
    const settings = { compilerOptions, files: ['consumer.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', folder], {
      encoding: 'utf8',
    });
    expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
  });
}

test('leaves out of a bundle what is not used', async () => {
  const folder = install(archive);
  const sizeOf = async (contents: string) => {
    const { outputFiles } = await esbuild({
      stdin: { contents, resolveDir: folder },
      bundle: true,
      minify: true,
      format: 'esm',
      write: false,
      logLevel: 'silent',
    });
    return outputFiles.reduce((sum, { contents }) => sum + contents.length, 0);
  };
  const whole = await sizeOf("export * from 'gesso'");
  const image = await sizeOf("export { imageClassifier } from 'gesso'");
  const part = await sizeOf("export { imageClassifier } from 'gesso/image'");
  const tensor = await sizeOf("export { tensor } from 'gesso'");
  expect(image).toBeLessThan(whole * 0.8);
  expect(part).toBeLessThanOrEqual(image);
  expect(tensor).toBeLessThan(whole * 0.06);
});

test('keeps source maps in files of their own', () => {
  for (const file of readdirSync(join(root, 'dist')).filter((name) => name.endsWith('.js'))) {
    const text = readFileSync(join(root, 'dist', file), 'utf8');
    const [, map] = /\/\/# sourceMappingURL=(.*)\s*$/.exec(text) ?? [];
    if (map !== undefined) expect(map).toBe(`${file}.map`);
  }
});

test('has global scripts of at most 60 KB each', () => {
  for (const name of ['gesso.js', 'gesso-ml5.js']) {
    const script = readFileSync(join(root, 'dist', name));
    expect(gzipSync(script, { level: 9 }).length, name).toBeLessThanOrEqual(60 * 1024);
  }
});

test('is as large as the README says', () => {
  const rows = (table: string) =>
    [...table.matchAll(/^\| (.*?) \| .*?(\d+) \|$/gm)].map(([, name, size]) => ({
      name,
      size: Number(size),
    }));
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const now = rows(sizeTable());
  const said = rows(readme).filter(({ name }) => now.some((row) => row.name === name));
  expect(said.map(({ name }) => name)).toEqual(now.map(({ name }) => name));
  for (const [i, { name, size }] of now.entries()) {
    expect(Math.abs(size - (said[i]?.size ?? 0)), `${name}: npm run sizes`).toBeLessThanOrEqual(1);
  }
});

test('runs its command', () => {
  const folder = install(archive);
  const command = join(folder, 'node_modules/.bin/gesso');
  expect(execFileSync(command, ['about', 'digits'], { encoding: 'utf8' })).toMatch(
    /^name +digits$/m,
  );
});
