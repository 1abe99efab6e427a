// Formats the tree: clang-format for C++, Biome for the rest. With --check it only complains.
import { filesOf, succeeds } from './run.mjs';

const check = process.argv.includes('--check');
const cpp = filesOf('.cpp', '.h', '.c');
const results = [
  cpp.length === 0 ||
    succeeds('clang-format-19', ...(check ? ['--dry-run', '--Werror'] : ['-i']), ...cpp),
  succeeds('biome', 'check', '--error-on-warnings', ...(check ? [] : ['--write']), '.'),
];
if (results.includes(false)) {
  if (check) console.error('Some files are not formatted.\n  Try: npm run format');
  process.exitCode = 1;
}
