// Bundles what drives the GPU, and starts it: Node cannot read TypeScript.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const folder = join(here, '../../build/webgpu');

/** The text of a module with all that it imports, apart from npm packages for Node. */
async function bundle(file, platform) {
  const { outputFiles } = await build({
    entryPoints: [join(here, file)],
    bundle: true,
    format: 'esm',
    platform,
    target: 'es2022',
    ...(platform === 'node' ? { packages: 'external' } : {}),
    write: false,
    sourcemap: 'inline',
  });
  return outputFiles[0].text;
}

/** Runs a test program of Emscripten's with graphs on WebGPU. */
export async function start(script) {
  const [host, page] = await Promise.all([bundle('host.ts', 'node'), bundle('page.ts', 'browser')]);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'host.mjs');
  const own = `${file}.${process.pid}`; // another shard may be reading
  writeFileSync(own, host);
  renameSync(own, file);
  const { run } = await import(pathToFileURL(file).href);
  await run(script, page);
}
