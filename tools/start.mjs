// From a fresh clone to the site with its demos: sets up, builds, serves.
import { must, setUp } from './run.mjs';

setUp('wasm', 'npm');
must(process.execPath, 'tools/build.mjs');
must('vite', 'build');
must('vite', 'preview', ...process.argv.slice(2));
