// Where the library's own files are: beside it, in a folder, each at an address of its own, or inside.
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';

/** A fresh library, as gesso-single.js has it if `inside` is given. */
async function fresh(inside?: Record<string, string>) {
  vi.resetModules();
  const zipped = (text: string) => gzipSync(text).toString('base64');
  const files = Object.entries(inside ?? {}).map(([name, text]) => [name, zipped(text)]);
  vi.stubGlobal('gessoEmbedded', inside && { files: Object.fromEntries(files) });
  const own = await import('../../web/src/ownFiles.js');
  const { setWasmPath } = await import('../../web/src/node.js');
  return { ...own, setWasmPath };
}

const none = async () => new Response('from the network');

describe('own files', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('lie beside the script', async () => {
    const { ownFile, ownFolder } = await fresh();
    expect(ownFile('worker.js')).toMatch(/\/web\/src\/worker\.js$/);
    expect(ownFolder('models/digits/')).toMatch(/^file:.*\/web\/src\/models\/digits\/$/);
  });

  it('lie in a folder that was named, with or without a slash', async () => {
    const { ownFile, ownFolder, setWasmPath } = await fresh();
    for (const folder of ['https://example.org/a', new URL('https://example.org/a/')]) {
      setWasmPath(folder);
      expect(ownFile('labels/digits.json')).toBe('https://example.org/a/labels/digits.json');
      expect(ownFolder('models/digits/')).toBe('https://example.org/a/models/digits/');
    }
    setWasmPath(null);
    expect(ownFile('worker.js')).toMatch(/^.*\/web\/src\/worker\.js$/);
  });

  it('may each have an address of its own, which is found in a folder that holds them all', async () => {
    const { ownFile, ownFolder, realAddress, setWasmPath, withOwnFiles } = await fresh();
    const weights = 'https://example.org/4711.bin';
    setWasmPath({ 'models/digits/weights.bin': weights });
    expect(ownFile('models/digits/weights.bin')).toBe(weights);
    const address = new URL('weights.bin', ownFolder('models/digits/')).href;
    expect(realAddress(address)).toBe(weights);
    const asked: string[] = [];
    const fetch = withOwnFiles(async (address) => {
      asked.push(address);
      return none();
    });
    await fetch(address);
    await fetch('https://example.org/other');
    expect(asked).toEqual([weights, 'https://example.org/other']);
    const strange = await fetch(new URL('strange.bin', ownFolder('models/digits/')).href);
    expect(strange.status).toBe(404);
  });

  it('may be told by a page to its worker', async () => {
    const { ownFile, ownFiles, ownNames, setWasmPath, useOwnFiles } = await fresh();
    const told = Object.fromEntries(ownNames.map((name) => [name, `https://example.org/${name}`]));
    useOwnFiles(told);
    expect(ownFiles()).toEqual(told);
    setWasmPath(null);
    expect(ownFile('worker.js')).not.toBe(told['worker.js']);
  });

  it('may be inside the script', async () => {
    const { ownFile, ownFolder, setWasmPath, withOwnFiles } = await fresh({
      'labels/digits.json': '["0"]',
      'models/digits/model.json': '{}',
    });
    setWasmPath('/elsewhere/');
    const fetch = withOwnFiles(none);
    expect(await (await fetch(ownFile('labels/digits.json'))).json()).toEqual(['0']);
    const model = new URL('model.json', ownFolder('models/digits/')).href;
    expect(await (await fetch(model)).text()).toBe('{}');
    expect(await (await fetch(ownFile('registry.json'))).text()).toBe('from the network');
  });

  it('are known by name', async () => {
    const { ownFile, setWasmPath } = await fresh();
    const known =
      '  known  gesso-relaxed.wasm, gesso-relaxed-threads.wasm, core-relaxed-threads.js, ' +
      'gesso-simd.wasm, gesso-relaxed-webgpu.wasm, gesso-simd-webgpu.wasm, webgpu.js, worker.js, ' +
      'registry.json, labels/digits.json, labels/imagenet.json, ' +
      'labels/imagenet-darknet.json, labels/quickdraw.json, models/digits/model.json, ' +
      'models/digits/weights.bin, models/shakespeare/model.json, ' +
      'models/shakespeare/weights.bin\n';
    const { MLError } = await import('../../web/src/errors.js');
    const messageOf = (call: () => unknown) => {
      try {
        call();
      } catch (error) {
        if (error instanceof MLError) return error.message;
      }
      throw new Error('it did not fail');
    };
    expect(messageOf(() => setWasmPath({ 'gesso-sind.wasm': '/a.wasm' }))).toBe(
      `setWasmPath: the library has no file "gesso-sind.wasm".\n${known}  Try: gesso-simd.wasm`,
    );
    expect(messageOf(() => ownFile('labels/birds.json'))).toBe(
      `gesso: the library has no file "labels/birds.json".\n${known}` +
        '  Try: setWasmPath(folder) with the folder of a newer version',
    );
  });
});
