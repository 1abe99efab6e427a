// Before every test file: the library as Node has it, with its built files from dist/.
import { vi } from 'vitest';
import { setModelPath, setWasmPath } from '../../web/src/node.js';
import { dist } from './fixtures.js';

setWasmPath(dist);
setModelPath(null);
delete process.env.GESSO_MODELS;

// Tests that start the command or run a large model share two slow cores with each other.
vi.setConfig({ testTimeout: 60_000 });
