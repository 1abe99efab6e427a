// Runs the commands that the npm scripts are made of, with the tree's own programs on PATH.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cache, tree } from './setup/places.mjs';

const path = [join(tree, 'node_modules/.bin'), process.env.PATH].join(delimiter);

// What one clone has compiled serves every other: paths count from the tree.
const ccache = {
  CCACHE_DIR: join(cache, 'ccache'),
  CCACHE_MAXSIZE: '3G',
  CCACHE_BASEDIR: tree,
  CCACHE_NOHASHDIR: '1',
};

/** Runs a command in the tree and shows what it prints. True when it succeeded. */
export function succeeds(command, ...args) {
  const options = { cwd: tree, stdio: 'inherit', env: { ...ccache, ...process.env, PATH: path } };
  return spawnSync(command, args, options).status === 0;
}

/** The same, but nothing after it makes sense when it fails. */
export function must(command, ...args) {
  if (!succeeds(command, ...args)) process.exit(1);
}

export function setUp(...parts) {
  must(process.execPath, join(tree, 'tools/setup.mjs'), ...parts);
}

/** The tree's own files with one of these endings, whether committed yet or not. */
export function filesOf(...endings) {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate'];
  const { stdout } = spawnSync('git', args, { cwd: tree, encoding: 'utf8' });
  return stdout.split('\n').filter((file) => endings.some((ending) => file.endsWith(ending)));
}

/** Whether a folder of the tree holds a file of that kind, at any depth. */
export function has(folder, ending) {
  try {
    return readdirSync(join(tree, folder), { recursive: true }).some((f) => f.endsWith(ending));
  } catch {
    return false;
  }
}
