// Builds what ships: the WebAssembly modules, the TypeScript library around them, its types.
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, relative, sep } from 'node:path';
import { bundleAll } from './bundle.mjs';
import { must } from './run.mjs';
import { tree } from './setup/places.mjs';
import { builds, stamped, stampOf, targets } from './stamp.mjs';

const made = Object.values(targets);
for (const preset of new Set(made.map(([preset]) => preset))) {
  must('cmake', '--preset', preset, '--log-level=WARNING');
  const wanted = made.filter(([other]) => other === preset).map(([, target]) => target);
  must('cmake', '--build', '--preset', preset, '--target', ...wanted);
}

const dist = join(tree, 'dist');
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
for (const [build, { wasm }] of Object.entries(builds)) {
  writeFileSync(join(dist, `gesso-${build}.wasm`), stamped(readFileSync(wasm), stampOf(build)));
}
copyFileSync(join(tree, 'models/registry.json'), join(dist, 'registry.json'));
cpSync(join(tree, 'models/labels'), join(dist, 'labels'), { recursive: true });
// The registry names these models beside itself, so that a few known names need no network.
for (const model of ['models/digits', 'models/shakespeare']) {
  for (const file of ['model.json', 'weights.bin']) {
    cpSync(join(tree, model, file), join(dist, model, file));
  }
}
await bundleAll();

// What a folder for use without a network needs: all that pages may load from it.
const notForPages = /^(node|cli|gesso-single)[\w-]*\.js$|\.d\.ts$|\.map$/;
const files = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((file) => file.isFile() && !notForPages.test(file.name))
  .map((file) => relative(dist, join(file.parentPath, file.name)).split(sep).join('/'));
writeFileSync(join(dist, 'files.json'), JSON.stringify(files.sort()));
