// Before every test file: the library as Node has it, with its built files from dist/.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, vi } from 'vitest';
import { setModelPath, setWasmPath } from '../../web/src/node.js';
import { dist } from './fixtures.js';

setWasmPath(dist);
setModelPath(null);
delete process.env.GESSO_MODELS;

// Each file of tests begins with an empty cache, which its commands share; never with the user's.
const cache = mkdtempSync(join(tmpdir(), 'gesso-cache-'));
process.env.GESSO_CACHE = cache;
afterAll(() => rmSync(cache, { recursive: true, force: true }));

// Tests that start the command or run a large model share two slow cores with each other.
vi.setConfig({ testTimeout: 60_000 });
