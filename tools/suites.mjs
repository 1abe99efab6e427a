// Runs peers' test cases: npm run suites -- [--preset dev|release|wasm|wasm-simd] [gesso_suites' own]
import { must, setUp, succeeds } from './run.mjs';
import { readEnvironment } from './setup/places.mjs';

const words = process.argv.slice(2);
const at = words.indexOf('--preset');
const [, preset] = at < 0 ? [] : words.splice(at, 2);
const chosen = preset ?? 'wasm';
const wasm = chosen.startsWith('wasm');

setUp(wasm ? 'wasm' : 'native', 'npm');
must('cmake', '--preset', chosen, '--log-level=WARNING');
must('cmake', '--build', '--preset', chosen, '--target', 'gesso_suites');
const program = `build/${chosen}/gesso_suites`;
const command = wasm ? [readEnvironment().emscripten.node, `${program}.js`] : [program];
if (!succeeds(...command, ...words)) process.exitCode = 1;
