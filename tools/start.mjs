// From a fresh clone to a page with a demo: sets up, builds, serves.
import { must, setUp } from './run.mjs';

setUp('wasm', 'npm');
must(process.execPath, 'tools/build.mjs');
must('vite', ...process.argv.slice(2));
