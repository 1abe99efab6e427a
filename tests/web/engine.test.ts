// Which build is loaded, from where, and what is said when it is not there.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { checkStamp, chooseBuild } from '../../web/src/engine.js';
import { cli, dist, itNeeds, messageFrom, wasm } from './fixtures.js';

describe('chooseBuild', () => {
  it('takes the fastest build that validates', () => {
    expect(chooseBuild(() => true)).toBe('relaxed');
    let asked = 0;
    expect(chooseBuild(() => asked++ > 0)).toBe('simd');
  });

  it('asks with modules that Node can judge', () => {
    const sizes: number[] = [];
    chooseBuild((bytes) => {
      sizes.push(bytes.length);
      return WebAssembly.validate(bytes);
    });
    const script =
      'process.exit(WebAssembly.validate(Buffer.from(process.argv[1], "hex")) ? 0 : 1)';
    const flag = '--experimental-wasm-relaxed-simd';
    chooseBuild((bytes) => {
      const hex = Buffer.from(bytes).toString('hex');
      execFileSync(process.execPath, [...(relaxedNeedsFlag ? [flag] : []), '-e', script, hex]);
      return true;
    });
    expect(sizes.length).toBe(relaxedNeedsFlag ? 2 : 1);
  });

  it('names the browsers that can', async () => {
    expect(await messageFrom(() => chooseBuild(() => false))).toBe(
      'gesso: this browser cannot run WebAssembly SIMD.\n' +
        '  needed  Chrome or Edge 100, Firefox 114, Safari 16.4, Node 20, or newer\n' +
        '  Try: a newer browser',
    );
  });
});

describe('checkStamp', () => {
  const file = (stamp: string) => new TextEncoder().encode(`\0asm…${stamp}`).buffer;
  const check = (stamp: string) =>
    messageFrom(() => checkStamp('https://a.org/gesso-simd.wasm', file(stamp), '0.2.0 89abcdef'));

  it('lets a file of the same build pass', () => {
    checkStamp('', file('\0\x14\x05gesso0.2.0 89abcdef'), '0.2.0 89abcdef');
  });

  it('names both versions, or says that there is none', async () => {
    expect(await check('\x05gesso0.1.0 01234567')).toBe(
      'gesso: its script and its WebAssembly file are of different versions.\n' +
        '  script  0.2.0 89abcdef\n  WebAssembly  0.1.0 01234567\n' +
        '  address  https://a.org/gesso-simd.wasm\n' +
        '  Try: copy the .js and .wasm files of one version again; if they are, reload without the ' +
        'cache, which may hold an older one',
    );
    expect(await check('')).toMatch('WebAssembly  unknown');
    expect(await check('\x05gesso0.2.0 89abcdef and more')).toMatch('WebAssembly  unknown');
  });

  itNeeds([wasm], 'is said of what ships', () => {
    const bytes = readFileSync(wasm);
    expect(bytes.toString('latin1')).toMatch(/gesso\d+\.\d+\.\d+ [0-9a-f]{8}$/);
    expect(WebAssembly.validate(readFileSync(join(dist, 'gesso-simd.wasm')))).toBe(true);
  });
});

const relaxedNeedsFlag = Number(process.versions.node.split('.')[0]) < 22;

describe('engine', () => {
  // A fresh library for each test: the engine is loaded once.
  let library: typeof import('../../web/src/node.js');
  let engine: typeof import('../../web/src/engine.js').engine;
  beforeEach(async () => {
    vi.resetModules();
    library = await import('../../web/src/node.js');
    ({ engine } = await import('../../web/src/engine.js'));
  });

  itNeeds([wasm], 'loads, from where it was told to', async () => {
    library.setWasmPath(dist);
    const core = await engine();
    expect(core.version()).toMatch(/^\d+\.\d+\.\d+$/);
    expect(core.build()).toBe(chooseBuild());
    expect(await engine()).toBe(core);
  });

  itNeeds([wasm], 'says that the file is not there, and loads later', async () => {
    library.setWasmPath('/nowhere');
    const build = chooseBuild();
    await expect(engine()).rejects.toThrow(
      'gesso: its WebAssembly file is not there.\n' +
        `  address  file:///nowhere/gesso-${build}.wasm\n  answer  404 no such file\n` +
        '  Try: setWasmPath(folder) with the folder that holds the .wasm files',
    );
    library.setWasmPath(dist);
    expect((await engine()).build()).toBe(build);
  });

  itNeeds([wasm], 'says that the file is a web page, or damaged', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gesso-'));
    const file = join(folder, `gesso-${chooseBuild()}.wasm`);
    library.setWasmPath(folder);
    writeFileSync(file, '<!doctype html>');
    await expect(engine()).rejects.toThrow('gesso: its WebAssembly file is something else');
    writeFileSync(file, '\0asm\x01\0\0\0broken');
    await expect(engine()).rejects.toThrow('gesso: the WebAssembly module did not start');
    writeFileSync(file, '');
    await expect(engine()).rejects.toThrow('gesso: its WebAssembly file is something else');
  });

  itNeeds([cli], 'takes the relaxed build where Node has relaxed SIMD', () => {
    const args = relaxedNeedsFlag ? ['--experimental-wasm-relaxed-simd'] : [];
    const text = execFileSync(process.execPath, [...args, cli, '--version'], { encoding: 'utf8' });
    expect(text).toMatch(/^gesso \d+\.\d+\.\d+ \(relaxed build, Node v\d+/);
  });
});
