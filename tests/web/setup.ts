// Before every test file: the library as Node has it, with its built files from dist/.
import { setModelPath, setWasmPath } from '../../web/src/node.js';
import { dist } from './fixtures.js';

setWasmPath(dist);
setModelPath(null);
delete process.env.GESSO_MODELS;
