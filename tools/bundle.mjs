// Bundles the TypeScript library, for every way in which it is used, into dist/.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { licences, packageOf } from './licences.mjs';
import { tree } from './setup/places.mjs';
import { builds, stampOf } from './stamp.mjs';

const sources = join(tree, 'web/src');
const dist = join(tree, 'dist');
const { 'relaxed-threads': threaded, ...others } = builds;
const glue = Object.fromEntries(
  Object.entries(others).map(([build, { glue }]) => [`#core/${build}`, glue]),
);

/** `image` → its source, for each name such as `gesso/image`. */
const entries = Object.fromEntries(
  readdirSync(join(sources, 'entries')).map((file) => [
    basename(file, '.ts'),
    join(sources, 'entries', file),
  ]),
);
entries.index = join(sources, 'index.ts');

/** The same for Node: each first says what Node does in its own way. */
const forNode = Object.fromEntries(
  Object.entries(entries).map(([name, file]) => [name === 'index' ? 'node' : `node-${name}`, file]),
);

const namesOf = (table) => Object.fromEntries(Object.keys(table).map((name) => [name, name]));

/** Gives every entry of `forNode` its first line. */
const nodeEntries = {
  name: 'node-entries',
  resolveId: (id) => (Object.hasOwn(forNode, id) ? `\0${id}` : null),
  load(id) {
    const file = forNode[id.slice(1)];
    if (!id.startsWith('\0') || file === undefined) return null;
    const [platform, entry] = [join(sources, 'node.ts'), file].map((path) => JSON.stringify(path));
    // A star leaves the default export out.
    const whole = /\bdefault\b/.test(readFileSync(file, 'utf8'));
    const all = `export * from ${entry};${whole ? `export { default } from ${entry};` : ''}`;
    return { code: `import ${platform};\n${all}`, moduleSideEffects: true };
  },
};

/** Emscripten looks for its files beside its script. The library reads them itself. */
const quietGlue = {
  name: 'quiet-glue',
  transform(code, id) {
    if (!Object.values(glue).includes(id)) return null;
    return { code: code.replaceAll('import.meta.url', '"file:///"'), map: null };
  },
};

const core = (name) => `core-${basename(name)}`;
const besideGlue = {
  name: 'beside-glue',
  resolveId: (id) => (Object.hasOwn(glue, id) ? { id: `./${core(id)}.js`, external: true } : null),
};

/** Takes one module of the library for another. */
const instead = (of, file) => ({
  name: 'instead',
  resolveId: (id, importer) =>
    id === of && importer?.startsWith(sources) ? join(sources, file) : null,
});

/** A bundle with a warning is no bundle. */
function refuse(level, log) {
  if (level === 'warn') throw new Error(log.message);
}

/** The npm packages of which something has been bundled. */
const bundled = new Set();

/** What the script knows of its other halves. */
function stamps() {
  const names = Object.keys(builds);
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, stampOf(name)])));
}

async function bundle(input, output, plugins = [], define = {}) {
  const build = await rolldown({
    cwd: tree,
    input,
    platform: 'neutral',
    external: [/^node:/],
    resolve: {
      alias: glue,
      mainFields: ['module', 'main'],
      extensionAlias: { '.js': ['.ts', '.js'] },
    },
    transform: { define: { gessoStamps: stamps(), ...define } },
    plugins: [quietGlue, ...plugins],
    onLog: refuse,
  });
  const written = await build.write({ minify: true, sourcemap: true, ...output });
  await build.close();
  for (const id of written.output.flatMap((file) => file.moduleIds ?? [])) {
    const name = packageOf(id);
    if (name !== undefined) bundled.add(name);
  }
}

/** Modules of pages or of Node, which leave the glue of the builds in files of their own. */
const modules = (input, chunk, plugins = []) => {
  const output = { dir: dist, format: 'esm', chunkFileNames: `${chunk}-[hash].js` };
  return bundle(input, output, [besideGlue, ...plugins]);
};

/**
 * One classic script.
 *
 * @param here the text of an expression for its own address
 */
const script = (input, file, here, options, plugins) =>
  bundle(
    join(sources, input),
    { file: join(dist, file), format: 'iife', codeSplitting: false, ...options },
    plugins,
    { 'import.meta.url': here },
  );

/** One classic script that gives pages the exports of a module, or its default, as a global. */
const globalScript = (name, input, file, plugins, banner = '') => {
  const page = 'document.currentScript?.src||document.baseURI';
  const intro = `var gessoScript=typeof document>'u'?location.href:${page};`;
  return script(input, file, 'gessoScript', { name, exports: 'auto', intro, banner }, plugins);
};

/** The types of every entry, rolled up: nothing of the inside can be imported. */
async function types() {
  const build = await rollup({
    input: entries,
    plugins: [dts({ tsconfig: join(tree, 'tsconfig.json'), compilerOptions: { paths: {} } })],
    onLog: refuse,
  });
  await build.write({
    dir: dist,
    chunkFileNames: 'types-[name].d.ts',
    entryFileNames: '[name].d.ts',
  });
  await build.close();
}

/**
 * The library's own files by name, as gesso-single.js carries them: no threads and no plans for graphics
 * processors without a server, and of the models the small one.
 */
function embedded() {
  const paths = readdirSync(dist, { recursive: true, encoding: 'utf8' });
  const carried =
    /^(registry|labels.*)\.json$|^models.digits.(model\.json|weights\.bin)$|(?<!threads|webgpu)\.wasm$/;
  const files = paths.filter((path) => carried.test(path));
  return Object.fromEntries(
    files.map((path) => {
      const zipped = gzipSync(readFileSync(join(dist, path)), { level: 9 });
      return [path.replaceAll('\\', '/'), zipped.toString('base64')];
    }),
  );
}

/** Writes all scripts and types. The other files must be there: gesso-single.js carries them. */
export async function bundleAll() {
  const cores = Object.entries(glue).map(([name, file]) => [core(name), file]);
  await bundle(Object.fromEntries(cores), { dir: dist, format: 'esm' });
  await modules(entries, 'chunk');
  const cli = join(sources, 'cli.ts');
  await modules({ ...namesOf(forNode), cli }, 'node-chunk', [nodeEntries]);
  const gpuInWorker = [instead('./gpuCode.js', 'gpuCodeInWorker.ts')];
  await script('worker.ts', 'worker.js', 'self.location.href', {}, gpuInWorker);
  const gpu = [instead('./gpuCode.js', 'gpuCodeBeside.ts')];
  await script(relative(sources, threaded.glue), 'core-relaxed-threads.js', '""', {
    name: 'gessoThreads',
    exports: 'auto',
  });

  const beside = [
    instead('../later.js', 'laterBeside.ts'),
    instead('./later.js', 'laterBeside.ts'),
    instead('../people/backgrounds.js', 'people/drawingBeside.ts'),
  ];
  await globalScript('gesso', 'index.ts', 'gesso.js', beside);
  const placed = instead('../people/place.js', 'people/drawingBeside.ts'); // which follows an answer there
  await globalScript('ml5', 'ml5/global.ts', 'gesso-ml5.js', [...beside, placed]);
  const libraries = ['../../library.js', '../library.js', './library.js'].map((name) =>
    instead(name, 'libraryBeside.ts'),
  );
  const whole = (file) => ({ file: join(dist, file), format: 'esm', codeSplitting: false });
  for (const [code, name] of [
    ['text/voiceCode.ts', 'voice.js'],
    ['people/peopleCode.ts', 'people.js'],
    ['teach/teachCode.ts', 'teaching.js'],
    ['offlineFolder.ts', 'offline.js'],
  ]) {
    await bundle(join(sources, code), whole(name), libraries);
  }
  await bundle(join(sources, 'runtime.ts'), whole('runtime.js'), [
    instead('./core.js', 'coreBeside.ts'),
    ...gpu,
  ]);
  await script('webgpu/code.ts', 'webgpu.js', '""', {
    name: 'gessoGpu',
    footer: 'globalThis.gessoGpu=gessoGpu;', // pages load it as a module, whose names are its own
  });
  const worker = readFileSync(join(dist, 'worker.js'), 'utf8').replace(/\/\/# source.*\s*$/, '');
  const inside = `self.gessoEmbedded=${JSON.stringify({ files: embedded(), worker })};`;
  await globalScript('gesso', 'index.ts', 'gesso-single.js', gpu, inside);
  await types();
  writeFileSync(join(dist, 'licences.txt'), licences([...bundled].sort()));
}
