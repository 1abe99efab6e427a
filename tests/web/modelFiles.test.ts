// Reading the files of a model from a server that does what servers do.
import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { readManifest, readModel } from '../../web/src/modelFiles.js';
import type { Progress } from '../../web/src/progress.js';
import { messageFrom, type Routes, serve } from './fixtures.js';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const manifestOf = (groups: unknown) => [bytesOf(JSON.stringify({ weightsManifest: groups }))];
const weight = (elements: number) => ({ name: 'w', shape: [elements], dtype: 'float32' });
const hash = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');

/** A model.json with one weight file for each size in bytes. */
function small(sizes: Record<string, number>): { json: string; routes: Routes } {
  const groups = Object.entries(sizes).map(([path, bytes]) => {
    return { paths: [path], weights: [weight(bytes / 4)] };
  });
  const json = JSON.stringify({ modelTopology: {}, weightsManifest: groups });
  const files = Object.entries(sizes).map(([path, bytes]) => [path, new Uint8Array(bytes).fill(7)]);
  return { json, routes: { 'model.json': json, ...Object.fromEntries(files) } };
}

const read = (
  address: string,
  more: Partial<Parameters<typeof readModel>[0]> = {},
  onProgress?: (progress: Progress) => void,
  signal = new AbortController().signal,
) => readModel({ places: [{ address }], expected: undefined, ...more }, signal, onProgress);

describe('readManifest', () => {
  it('lists files with the sizes that the weights tell', () => {
    const files = readManifest(
      'model.json',
      'here',
      manifestOf([
        {
          paths: ['a.bin'],
          weights: [weight(3), { ...weight(4), quantization: { dtype: 'uint8' } }],
        },
        { paths: ['b1', 'deep/b2'], weights: [weight(100)] },
        { paths: ['c'], weights: [{ name: 'w', shape: [2], dtype: 'complex64' }] },
      ]),
    );
    expect([...files]).toEqual([
      ['a.bin', 16],
      ['b1', undefined],
      ['deep/b2', undefined],
      ['c', undefined],
    ]);
  });

  it.each([
    '../secret',
    'a/../../b',
    '/etc/passwd',
    'https://elsewhere.org/w',
    'a\\b',
    '',
    './../a',
    '././a',
    'a//b',
    'C:w',
    'a?b',
    'a#b',
    'a\0',
  ])('refuses the path %j', async (path) => {
    const call = () =>
      readManifest('model.json', 'https://here/model.json', manifestOf([{ paths: [path] }]));
    expect(await messageFrom(call)).toBe(
      'model.json: a weight file must be named by a path inside the folder of the model.\n' +
        '  address  https://here/model.json\n' +
        `  field  weightsManifest[0].paths[0]\n  value  ${JSON.stringify(path)}\n` +
        '  Try: "paths": ["group1-shard1of1.bin"]',
    );
  });

  it.each([
    ['[]', 'this is not JSON'],
    ['{"weightsManifest": 3}', 'this is not the main file of a TensorFlow.js model'],
    ['{"layers": []}', 'found  layers'],
    ['{"weightsManifest": [{}]}', 'weightsManifest[0].paths'],
    ['{"weightsManifest": [null]}', 'weightsManifest[0].paths'],
    ['{"weightsManifest": [{"paths": [1]}]}', 'weightsManifest[0].paths[0]'],
    ['{"weights', 'this is not JSON'],
    ['', 'this is not JSON'],
    ['  <!doctype html>', 'a web page came instead of the model'],
  ])('refuses %j', async (text, expected) => {
    expect(await messageFrom(() => readManifest('model.json', 'here', [bytesOf(text)]))).toContain(
      expected,
    );
  });

  it('reads text that is cut inside a letter', () => {
    const bytes = bytesOf('{"weightsManifest": [{"paths": ["gewürz.bin"]}]}');
    const cut = bytes.indexOf(0xc3) + 1;
    const files = readManifest('model.json', 'here', [bytes.subarray(0, cut), bytes.subarray(cut)]);
    expect([...files.keys()]).toEqual(['gewürz.bin']);
  });
});

describe('readModel', () => {
  it('reads all files and tells how far it is', async () => {
    const { json, routes } = small({ 'a.bin': 400_000, 'deep/b c.bin': 800_000 });
    const server = await serve(routes);
    const progress: Progress[] = [];
    const contents = await read(`${server}model.json`, {}, (told) => progress.push(told));
    expect([...contents.files.keys()].sort()).toEqual(['a.bin', 'deep/b c.bin', 'model.json']);
    expect(contents).toMatchObject({ entry: 'model.json', sha256: hash(json) });
    const total = json.length + 1_200_000;
    expect(progress.at(-1)).toMatchObject({ loaded: total, total });
    expect(progress.length).toBeGreaterThan(3);
    for (const [i, { loaded, total: sum }] of progress.entries()) {
      expect(loaded).toBeGreaterThanOrEqual(progress[i - 1]?.loaded ?? 0);
      expect(loaded).toBeLessThanOrEqual(sum);
      if (i > 0) expect(sum).toBe(total); // known as soon as the manifest is
    }
  });

  it('counts from the known sizes when the server tells none', async () => {
    const { json, routes } = small({ 'a.bin': 4000 });
    const chunked: Routes = Object.fromEntries(
      Object.entries(routes).map(([path, body]) => [path, (_, response) => response.end(body)]),
    );
    const server = await serve(chunked);
    const expected = {
      'model.json': { bytes: json.length, sha256: hash(json) },
      'a.bin': { bytes: 4000, sha256: hash(new Uint8Array(4000).fill(7)) },
    };
    const totals = new Set<number>();
    await read(`${server}model.json`, { expected }, ({ total }) => totals.add(total));
    expect([...totals]).toEqual([json.length + 4000]);
  });

  it('fetches at most six files at once', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `w${i}`);
    const { routes } = small(Object.fromEntries(names.map((name) => [name, 4])));
    let open = 0;
    let most = 0;
    for (const name of names) {
      routes[name] = (_, response) => {
        most = Math.max(most, ++open);
        setTimeout(() => {
          open--;
          response.end(new Uint8Array(4));
        }, 10);
      };
    }
    await read(`${await serve(routes)}model.json`);
    expect(most).toBe(6);
  });

  it('carries the query of the address over to the weights', async () => {
    const { routes } = small({ 'a.bin': 4 });
    const server = await serve({
      'model.json?key=1': routes['model.json'] as string,
      'a.bin?key=1': routes['a.bin'] as Uint8Array,
    });
    const { files } = await read(`${server}model.json?key=1`);
    expect(files.has('a.bin')).toBe(true);
  });

  it('names the address that is not there', async () => {
    const server = await serve({});
    expect(await messageFrom(() => read(`${server}model.json`))).toBe(
      'model.json: the file is not there.\n' +
        `  address  ${server}model.json\n  answer  404 Not Found\n` +
        '  Try: open the address in a browser tab: it must show the JSON of the model; ' +
        'or the path of a copy: download its files into one folder',
    );
  });

  it('names a weight file that is not there', async () => {
    const { routes } = small({ 'a.bin': 4 });
    delete routes['a.bin'];
    const server = await serve(routes);
    expect(await messageFrom(() => read(`${server}model.json`))).toBe(
      'a.bin: the file is not there.\n' +
        `  address  ${server}a.bin\n  answer  404 Not Found\n` +
        '  Try: copy all weight files into the folder of the model.json',
    );
  });

  it('recognises a web page', async () => {
    const server = await serve({ 'model.json': '<!DOCTYPE html><html></html>' });
    expect(await messageFrom(() => read(`${server}model.json`))).toMatch(
      `model.json: a web page came instead of the model.\n  address  ${server}model.json\n` +
        '  begins  "<!DOCTYPE html>',
    );
  });

  it('says when nobody answers', async () => {
    expect(await messageFrom(() => read('http://127.0.0.1:1/model.json'))).toMatch(
      /model\.json: the address cannot be reached\.\n {2}address {2}http:\/\/127\.0\.0\.1:1\/model\.json\n {2}reason {2}fetch failed/,
    );
  });

  it('says when the connection breaks in the middle', async () => {
    const { routes } = small({ 'a.bin': 4000 });
    routes['a.bin'] = (_, response) => {
      response.writeHead(200, { 'content-length': 4000 }).write(new Uint8Array(10));
      setTimeout(() => response.destroy(), 20);
    };
    const server = await serve(routes);
    expect(await messageFrom(() => read(`${server}model.json`))).toMatch(
      'a.bin: the address cannot be reached',
    );
  });

  it('does not fetch anything for a manifest that leads out of the folder', async () => {
    const asked = vi.fn((_, response) => response.end('secret'));
    const json = JSON.stringify({ weightsManifest: [{ paths: ['ok', '../up'], weights: [] }] });
    const server = await serve({ 'm/model.json': json, up: asked, 'm/ok': asked });
    expect(await messageFrom(() => read(`${server}m/model.json`))).toMatch('inside the folder');
    expect(asked).not.toHaveBeenCalled();
  });

  it('refuses files that differ from the known ones, and says which', async () => {
    const { json, routes } = small({ 'a.bin': 4 });
    const server = await serve(routes);
    const expected = {
      'model.json': { bytes: json.length, sha256: hash(json) },
      'a.bin': { bytes: 4, sha256: hash('other') },
    };
    expect(await messageFrom(() => read(`${server}model.json`, { expected }))).toBe(
      'gesso: this file differs from the one that is known by this name.\n' +
        `  address  ${server}a.bin\n  SHA-256  ${hash(new Uint8Array(4).fill(7))}\n` +
        `  known  ${hash('other')}\n` +
        '  Try: download it again; to use a changed copy, give its path instead of the name',
    );
  });

  it('goes on to the next place, and counts anew', async () => {
    const { json, routes } = small({ 'a.bin': 4 });
    const broken = await serve({ 'model.json': json });
    const whole = await serve(routes);
    const places = [{ address: `${broken}model.json` }, { address: `${whole}model.json` }];
    const contents = await read('', { places });
    expect(contents.address).toBe(`${whole}model.json`);
    expect(contents.files.size).toBe(2);
  });

  it('tells of every place when none has the model', async () => {
    const [one, two] = [await serve({}), await serve({ 'model.json': '<html>' })];
    const places = [{ address: `${one}model.json` }, { address: `${two}model.json` }];
    const message = await messageFrom(() => read('', { places }));
    expect(message).toMatch('gesso: the model cannot be read from any of its addresses.');
    expect(message).toContain(`  ${one}model.json  model.json: the file is not there; answer  404`);
    expect(message).toContain(`  ${two}model.json  model.json: a web page came instead`);
  });

  it('stops when told to', async () => {
    const { routes } = small({ 'a.bin': 4 });
    const asked = new Promise<void>((resolve) => {
      routes['a.bin'] = () => resolve(); // and no answer
    });
    const server = await serve(routes);
    const controller = new AbortController();
    const reading = read(`${server}model.json`, {}, undefined, controller.signal);
    await asked;
    controller.abort();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  });
});
