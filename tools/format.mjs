// Formats the tree: clang-format for C++, Biome for the rest. With --check it only complains.
import { spawnSync } from 'node:child_process';
import { filesOf, succeeds } from './run.mjs';
import { tree } from './setup/places.mjs';

/** The files that clang-format would change. */
function unformatted(files) {
  const options = { cwd: tree, encoding: 'utf8', maxBuffer: Infinity };
  const args = ['--dry-run', '--Werror', ...files];
  const { status, error, stderr } = spawnSync('clang-format-19', args, options);
  if (error) return [error.message];
  const named = [...stderr.matchAll(/^(\S[^:\n]*):\d+:\d+: error:/gm)].map(([, file]) => file);
  return status === 0 ? [] : [...new Set(named)];
}

const check = process.argv.includes('--check');
const cpp = filesOf('.cpp', '.h', '.c');
if (check) {
  const wrong = unformatted(cpp);
  for (const file of wrong) console.error(`clang-format would change ${file}`);
  const biome = succeeds('biome', 'check', '--error-on-warnings', '.');
  if (wrong.length > 0 || !biome) {
    console.error('Some files are not formatted.\n  Try: npm run format');
    process.exitCode = 1;
  }
} else {
  const formatted = succeeds('clang-format-19', '-i', ...cpp);
  const biome = succeeds('biome', 'check', '--error-on-warnings', '--write', '.');
  if (!formatted || !biome) process.exitCode = 1;
}
