// A folder for machines without a network, written in Node; a browser opens it in tests/browser.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect } from 'vitest';
import { loadModel } from '../../web/src/model.js';
import { type OfflineFiles, offline } from '../../web/src/offline.js';
import type { Progress } from '../../web/src/progress.js';
import type { Registry } from '../../web/src/registry.js';
import { setModelPath, setWasmPath } from '../../web/src/settings.js';
import { cli, digits, dist, itNeeds, messageFrom, model, models, readJson } from './fixtures.js';

const needs = [join(dist, 'files.json')];
const posenet = model('posenet_mobilenet075_s16_quant2');
const folder = () => join(mkdtempSync(join(tmpdir(), 'gesso-')), 'my-sketch');

afterEach(() => setModelPath(null));

/** The paths of all files below a folder. */
function filesBelow(root: string): string[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}

describe('offline', () => {
  itNeeds(
    [...needs, posenet],
    'writes the library, models under their names, and a page',
    async () => {
      setModelPath(models);
      const where = folder();
      const told: Progress[] = [];
      await offline(['digits', 'posenet'], where, {
        onProgress: (progress) => told.push(progress),
      });

      const names = filesBelow(where);
      const library = readJson<string[]>(join(dist, 'files.json'));
      for (const name of library) expect(names).toContain(`gesso/${name}`);
      for (const name of names) expect(name).not.toMatch(/\.d\.ts$|node|cli/);
      const registry = readJson<Registry>(join(where, 'gesso/registry.json'));
      expect(registry.models.posenet?.addresses).toEqual([
        'models/posenet_mobilenet075_s16_quant2/',
      ]);
      expect(registry.models.mobilenet?.addresses[0]).toMatch(/^https:/);
      const page = readFileSync(join(where, 'index.html'), 'utf8');
      expect(page).toContain("await imageClassifier('digits')");
      expect(page).not.toMatch(/https:/);
      expect(told.at(-1)?.loaded).toBe(told.at(-1)?.total);
      expect(told.at(-1)?.loaded).toBe(4109 + 181864 + 163049 + 2516390);

      setWasmPath(join(where, 'gesso'));
      setModelPath(null);
      try {
        const opened = await loadModel(
          join(where, 'gesso/models/posenet_mobilenet075_s16_quant2/model-stride16.json'),
        );
        expect(opened.inputs[0]?.shape).toHaveLength(4);
        opened.dispose();
      } finally {
        setWasmPath(dist);
      }
    },
  );

  itNeeds(needs, 'takes a model of your own with what lies beside it', async () => {
    let files: OfflineFiles = new Map();
    const save = (given: OfflineFiles) => {
      files = given;
    };
    await offline(`${digits}/`, { save });
    for (const name of ['model.json', 'weights.bin', 'gesso.json']) {
      const copy = files.get(`gesso/models/digits/${name}`);
      expect(copy && Buffer.from(copy).equals(readFileSync(join(digits, name)))).toBe(true);
    }
    const page = new TextDecoder().decode(files.get('index.html'));
    expect(page).toContain("await loadModel('./gesso/models/digits/')");
  });

  itNeeds(needs, 'refuses before anything is read', async () => {
    expect(await messageFrom(() => offline([], '.'))).toBe(
      "offline: no model is named.\n  given  []\n  Try: offline(['mobilenet'], …)",
    );
    for (const where of ['', 'downloads://x', 3, null]) {
      expect(await messageFrom(() => offline(['digits'], where as string))).toMatch(
        /^offline: this is no place for a folder\.\n {2}given .*\n {2}known {2}the path of a folder, \{ save \}\n {2}Try: '\.\/my-sketch'$/,
      );
    }
    expect(await messageFrom(() => offline(['digits', 'Digits'], folder()))).toBe(
      'offline: two models have the same name.\n  name  digits\n  Try: each of them once',
    );
    expect(await messageFrom(() => offline(['digts'], folder()))).toMatch(
      'offline: there is no model "digts"',
    );
    expect(await messageFrom(() => offline([digits], folder(), { doubleClick: true }))).toMatch(
      /^offline: doubleClick takes only models that are known by name\.\n {2}given {2}file:.*digits\/model\.json\n {2}known {2}.*digits/,
    );
    setWasmPath(model('nowhere'));
    try {
      expect(await messageFrom(() => offline(['digits'], folder()))).toMatch(
        /^offline: the library's own files cannot be read\.\n {2}address {2}file:.*files\.json\n {2}reason {2}404 no such file\n {2}Try: setWasmPath/,
      );
    } finally {
      setWasmPath(dist);
    }
  });
});

describe('the commands', () => {
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };

  itNeeds([cli], 'gesso offline writes a folder', () => {
    const where = folder();
    expect(run('offline', 'digits', where)).toEqual({
      status: 0,
      stdout: `${where}: digits, gesso, and index.html, which tells how to use them\n`,
      stderr: '',
    });
    expect(existsSync(join(where, 'gesso/index.js'))).toBe(true);
    expect(run('offline', where)).toMatchObject({
      status: 1,
      stderr:
        'gesso offline: models and a folder are needed.\n' +
        `  given  ${where}\n  Try: gesso offline mobilenet ./my-sketch\n`,
    });
  });

  itNeeds([cli], 'gesso models lists what is kept', () => {
    expect(run('models')).toEqual({ status: 0, stdout: 'no models are kept\n', stderr: '' });
    expect(run('models', '--clear', '--unpin', 'mobilenet').status).toBe(0);
    expect(run('models', 'mobilenet')).toMatchObject({
      status: 1,
      stderr:
        'gesso models: it takes only flags.\n  given  mobilenet\n  Try: gesso models --help\n',
    });
  });
});
