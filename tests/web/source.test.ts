// What names, paths, addresses and dropped files mean.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { Folder } from '../../web/src/folder.js';
import { loadModel } from '../../web/src/model.js';
import { setModelPath } from '../../web/src/settings.js';
import { locate, type ModelSource } from '../../web/src/source.js';
import { messageFrom, serve } from './fixtures.js';

const addresses = async (source: ModelSource) =>
  (await locate('loadModel', source)).places.map(({ address }) => address);
const file = (path: string) => pathToFileURL(path).href;

describe('locate', () => {
  afterEach(() => {
    setModelPath(null);
    delete process.env.GESSO_MODELS;
  });

  it.each([
    ['https://example.org/m/model.json', 'https://example.org/m/model.json'],
    ['https://example.org/m/', 'https://example.org/m/model.json'],
    ['https://example.org/m', 'https://example.org/m/model.json'],
    ['https://example.org/m/?v=2', 'https://example.org/m/model.json?v=2'],
    ['https://example.org/m/model-stride16.json', 'https://example.org/m/model-stride16.json'],
    ['file:///tmp/nowhere/m', 'file:///tmp/nowhere/m/model.json'],
  ])('takes %s for the address %s', async (source, expected) => {
    expect(await addresses(source)).toEqual([expected]);
    expect(await addresses(new URL(source))).toEqual([expected]);
  });

  it('takes relative paths, of folders and of files', async () => {
    const here = process.cwd();
    expect(await addresses('./model/model.json')).toEqual([file(join(here, 'model/model.json'))]);
    expect(await addresses('a b/')).toEqual([file(join(here, 'a b/model.json'))]);
    expect(await addresses('model.json')).toEqual([file(join(here, 'model.json'))]);
  });

  it('takes a folder whose name ends like a file', async () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'gesso-')), 'odd.json');
    mkdirSync(folder);
    expect(await addresses(folder)).toEqual([file(join(folder, 'model.json'))]);
  });

  it('knows names in any case, with whole addresses and the SHA-256 of each file', async () => {
    const location = await locate('loadModel', 'MobileNet');
    expect(location.known?.title).toMatch('MobileNet v1');
    expect(location.places.length).toBeGreaterThan(1);
    for (const { address } of location.places) expect(address).toMatch(/^https:.*\/model\.json$/);
  });

  it('looks in the folder of models first', async () => {
    process.env.GESSO_MODELS = '/kiosk/models';
    expect((await addresses('mobilenet'))[0]).toBe(
      file('/kiosk/models/mobilenet_v1_025_224_layers/model.json'),
    );
    setModelPath('/other');
    expect((await addresses('mobilenet'))[0]).toBe(
      file('/other/mobilenet_v1_025_224_layers/model.json'),
    );
    expect((await addresses('posenet'))[0]).toBe(
      file('/other/posenet_mobilenet075_s16_quant2/model-stride16.json'),
    );
    expect(await addresses('mine')).toEqual([file('/other/mine/model.json')]);
  });

  it('suggests a name for one that is not known', async () => {
    expect(await messageFrom(() => locate('imageClassifier', 'mobilnet'))).toMatch(
      /^imageClassifier: there is no model "mobilnet"\.\n {2}known {2}mobilenet, .*\n {2}Try: 'mobilenet', or '\.\/mobilnet\/model\.json' for a folder of yours$/,
    );
  });

  it('suggests a name for one that is not in the folder of models either', async () => {
    const expected = (address: string) =>
      new RegExp(
        '^loadModel: there is no model "digts"\\.\n {2}known {2}mobilenet, .*\n' +
          ` {2}address {2}${address}digts/model\\.json\n` +
          " {2}Try: 'digits', or '\\./digts/model\\.json' for a folder of yours$",
      );
    const folder = `${mkdtempSync(join(tmpdir(), 'gesso-'))}/`;
    setModelPath(folder);
    expect(await messageFrom(() => loadModel('digts'))).toMatch(expected(file(folder)));

    const page = '<!doctype html><p>The start page, for every wrong address</p>';
    for (const routes of [{}, { 'digts/model.json': page }]) {
      const server = await serve(routes);
      setModelPath(server);
      expect(await messageFrom(() => loadModel('digts'))).toMatch(expected(server));
    }

    mkdirSync(join(folder, 'digts'));
    writeFileSync(join(folder, 'digts/model.json'), '{');
    setModelPath(folder);
    expect(await messageFrom(() => loadModel('digts'))).toMatch('model.json: this is not JSON');
  });

  it.each([
    ['', 'the name of the model is empty'],
    ['constructor', 'there is no model "constructor"'],
  ])('refuses the name "%s"', async (name, expected) => {
    expect(await messageFrom(() => locate('loadModel', name))).toMatch(expected);
  });

  it.each([[null], [3], [{}], [[1]], [[{ name: 'model.json' }]]])('refuses %j', async (source) => {
    expect(await messageFrom(() => locate('loadModel', source as ModelSource))).toMatch(
      'loadModel: the model must be a name, an address, a path or files',
    );
  });

  it('refuses an address without a folder', async () => {
    expect(await messageFrom(() => locate('loadModel', 'data:application/json,{}'))).toMatch(
      'loadModel: a data: address has no folder',
    );
  });
});

describe('files in hand', () => {
  const named = (...names: string[]) => names.map((name) => new File([name], name));
  const read = async (source: ModelSource, path: string) => {
    const { places } = await locate('loadModel', source);
    const [place] = places;
    if (!place) throw new Error('no place');
    const pieces = await new Folder(place).read(path);
    return new TextDecoder().decode(pieces[0]);
  };

  it('finds the main file among others', async () => {
    expect(await addresses(named('weights.bin', 'metadata.json', 'model.json'))).toEqual([
      'model.json',
    ]);
    expect(await addresses(named('my.weights.bin', 'my.json'))).toEqual(['my.json']);
  });

  it('reads files by path, or by name where a drop lost the folders', async () => {
    const files = new Map([
      ['m/model.json', new Blob(['{}'])],
      ['m/deep/a.bin', new Blob(['path'])],
      ['b.bin', new Blob(['bare'])],
    ]);
    expect(await read(files, 'deep/a.bin')).toBe('path');
    expect(await read(files, 'lost/b.bin')).toBe('bare');
    expect(await read(files, 'model.json')).toBe('{}');
  });

  it('takes bytes', async () => {
    expect(
      await read(new Map([['model.json', new TextEncoder().encode('{"a":1}')]]), 'model.json'),
    ).toBe('{"a":1}');
  });

  it('names the file that is missing', async () => {
    expect(await messageFrom(() => read(named('model.json', 'b.bin'), 'a.bin'))).toBe(
      'model.json: it names a file that was not given.\n' +
        '  file  a.bin\n  given  model.json, b.bin\n  Try: the file a.bin together with the others',
    );
  });

  it.each([
    [
      named('photo.jpg'),
      'none of these files is a model.json or a .tflite file.\n  given  photo.jpg',
    ],
    [[], 'none of these files is a model.json or a .tflite file.\n  given  no files'],
    [
      named('a.json', 'b.json'),
      'several of these files could be the model.\n  given  a.json, b.json',
    ],
  ])('refuses %#', async (files, expected) => {
    expect(await messageFrom(() => locate('loadModel', files))).toMatch(expected);
  });
});

describe('files on disk', () => {
  it('reads a folder, and says which file is missing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gesso é #'));
    writeFileSync(join(folder, 'model.json'), '{}');
    const [address = ''] = await addresses(folder);
    const found = new Folder({ address });
    expect(new TextDecoder().decode((await found.read('model.json'))[0])).toBe('{}');
    expect(await messageFrom(() => found.read('w.bin'))).toMatch('answer  404 no such file');
    expect(await found.readOptional('gesso.json')).toBe(null);
  });
});
