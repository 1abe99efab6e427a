// Models that are kept: what is downloaded once, what goes on where it stopped, what goes when room is needed.
import { readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { idOfAddress, type Keep } from '../../web/src/cache.js';
import { type Contents, readModel } from '../../web/src/modelFiles.js';
import {
  cachedModels,
  clearModelCache,
  pinModel,
  uncacheModel,
  unpinModel,
} from '../../web/src/models.js';
import { platform, usePlatform } from '../../web/src/platform.js';
import type { Progress } from '../../web/src/progress.js';
import type { Store } from '../../web/src/store.js';
import { messageFrom } from './fixtures.js';
import { answers, breaksAfter, etagOf, hangsAfter, hashOf, Mirror, noise } from './mirror.js';

const folder = join(process.env.GESSO_CACHE ?? '', 'models');
const big = noise(3_000_000);
const small = noise(5000, 2);
const weight = (bytes: number) => ({ name: 'w', shape: [bytes / 4], dtype: 'float32' });
const json = JSON.stringify({
  modelTopology: {},
  weightsManifest: [
    { paths: ['big.bin'], weights: [weight(big.length)] },
    { paths: ['small.bin'], weights: [weight(small.length)] },
  ],
});
const files = { 'model.json': json, 'big.bin': big, 'small.bin': small };
const total = json.length + big.length + small.length;
const expected = Object.fromEntries(
  Object.entries(files).map(([name, file]) => [
    name,
    { bytes: Buffer.from(file).length, sha256: hashOf(file) },
  ]),
);
const keep: Keep = { id: 'test', name: 'test' };
const known = { name: 'test', folder: 'test_folder' };

const mirror = (served: Record<string, string | Uint8Array> = files) =>
  new Mirror({ ...served }).listen();

/** Reads the model as one that is known by name. */
function read(
  mirrors: readonly Mirror[],
  more: Partial<Parameters<typeof readModel>[0]> = {},
  onProgress?: (progress: Progress) => void,
  signal = new AbortController().signal,
): Promise<Contents> {
  const places = mirrors.map(({ address }) => ({ address: `${address}model.json` }));
  return readModel({ places, expected, keep, known, ...more }, signal, onProgress);
}

/** Stops a download when so many bytes of the big file have arrived. */
function abortsAt(bytes: number, controller: AbortController): (progress: Progress) => void {
  return ({ loaded }) => {
    if (loaded >= json.length + bytes) controller.abort();
  };
}

function expectWhole({ files: found }: Contents, wanted = files): void {
  for (const [name, content] of Object.entries(wanted)) {
    expect(hashOf(Buffer.concat(found.get(name) ?? [])), name).toBe(hashOf(content));
  }
}

beforeEach(clearModelCache);

describe('a model that is known by name', () => {
  it('is downloaded once', async () => {
    const server = await mirror();
    const first = await read([server]);
    expectWhole(first);
    expect(first.downloaded).toBe(total);
    expect(server.asked).toHaveLength(3);

    const told: Progress[] = [];
    server.close();
    const second = await read([server], {}, (progress) => told.push(progress));
    expectWhole(second);
    expect(second.downloaded).toBe(0);
    expect(told.at(-1)).toMatchObject({ loaded: total, total });
    expect(await cachedModels()).toEqual([
      {
        ...{ name: 'test', bytes: total, complete: true, pinned: false },
        lastUsed: expect.any(Date),
      },
    ]);
  });

  it('is downloaded once by two loads at the same time', async () => {
    const server = await mirror();
    const [one, two] = await Promise.all([read([server]), read([server])]);
    expectWhole(one);
    expectWhole(two);
    expect(server.paths().sort()).toEqual(['big.bin', 'model.json', 'small.bin']);
  });

  it('is read from a folder of the user first, which is not kept', async () => {
    const server = await mirror();
    const places = [{ address: `${server.address}model.json`, isLocal: true }];
    expectWhole(await read([], { places }));
    expect(await cachedModels()).toEqual([]);
  });

  it('is downloaded again where the cache is damaged', async () => {
    const server = await mirror();
    await read([server]);
    const path = join(folder, 'file', hashOf(big));
    truncateSync(path, 1000);
    expectWhole(await read([server]));
    expect(server.paths().filter((name) => name === 'big.bin')).toHaveLength(2);
    expect(statSync(path).size).toBe(big.length);
    writeFileSync(join(folder, 'model/test'), '{');
    expect(await cachedModels()).toEqual([]);
    expectWhole(await read([server]));
  });

  it('lets go of files that a newer library does not know', async () => {
    const server = await mirror();
    await read([server]);
    const newer = { ...files, 'small.bin': noise(5000, 3) };
    const renewed = {
      ...expected,
      'small.bin': { bytes: 5000, sha256: hashOf(newer['small.bin']) },
    };
    const other = await mirror(newer);
    expectWhole(await read([other], { expected: renewed }), newer);
    expect(other.paths()).toEqual(['small.bin']);
    const kept = readdirSync(join(folder, 'file')).sort();
    expect(kept).toEqual(
      Object.values(renewed)
        .map(({ sha256 }) => sha256)
        .sort(),
    );
  });
});

describe('a download', () => {
  it('goes on when the connection breaks', async () => {
    const server = await mirror();
    server.next('big.bin', breaksAfter(big, 1_200_000, { etag: etagOf(big) }));
    const contents = await read([server]);
    expectWhole(contents);
    const asked = server.asked.filter(({ path }) => path === 'big.bin');
    expect(asked).toMatchObject([
      { range: undefined },
      { range: 'bytes=1200000-', ifRange: etagOf(big), status: 206 },
    ]);
    expect(contents.downloaded).toBe(total);
  });

  it('stops at once and goes on later', async () => {
    const server = await mirror();
    const controller = new AbortController();
    server.next('big.bin', hangsAfter(big, 1_500_000));
    const reading = read([server], {}, abortsAt(1_500_000, controller), controller.signal);
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    expect((await cachedModels())[0]).toMatchObject({ complete: false });

    const told: Progress[] = [];
    const contents = await read([server], {}, (progress) => told.push(progress));
    expectWhole(contents);
    expect(server.asked.at(-1)).toMatchObject({
      ...{ path: 'big.bin', range: 'bytes=1500000-', ifRange: etagOf(big), status: 206 },
    });
    expect(contents.downloaded).toBe(1_500_000);
    const first = told.find(({ file }) => file === 'big.bin');
    expect(first?.loaded).toBeGreaterThanOrEqual(1_500_000);
    expect(told.at(-1)).toMatchObject({ loaded: total, total });
    expect(readdirSync(folder).sort()).toEqual(['file', 'model', 'part']);
    expect((await cachedModels())[0]).toMatchObject({ bytes: total, complete: true });
  });

  it('begins again where the server cannot go on', async () => {
    const server = await mirror();
    server.ranges = false;
    server.next('big.bin', breaksAfter(big, 1_200_000, { etag: etagOf(big) }));
    expectWhole(await read([server]));
    const asked = server.asked.filter(({ path }) => path === 'big.bin');
    expect(asked.map(({ status }) => status)).toEqual([200, 200]);
  });

  it.each([
    ['another part', { 'content-range': 'bytes 5-9/3000000' }],
    ['compressed bytes', { 'content-encoding': 'gzip' }],
  ])('begins again when the server sends %s', async (_, headers) => {
    const server = await mirror();
    server.next('big.bin', breaksAfter(big, 1_200_000), answers(206, 'wrong', headers));
    expectWhole(await read([server]));
    expect(server.asked.at(-1)).toMatchObject({ path: 'big.bin', range: undefined });
  });

  it('does not go on with what was wrong', async () => {
    const server = await mirror();
    const wrong = noise(1_200_000, 9);
    server.next(
      'big.bin',
      breaksAfter(Buffer.concat([wrong, big]).subarray(0, big.length), 1_200_000),
    );
    const message = await messageFrom(() => read([server]));
    expect(message).toContain('differs from the one that is known by this name');
    expectWhole(await read([server]));
    expect(server.asked.at(-1)).toMatchObject({ path: 'big.bin', range: undefined });
  });

  it('is given up when more comes than there should be', async () => {
    const server = await mirror({ ...files, 'small.bin': noise(9000) });
    server.next('big.bin', hangsAfter(big, 0)); // nothing of it is kept, into the next test
    expect(await messageFrom(() => read([server]))).toContain(
      'gesso: this file differs from the one that is known by this name; came  more than 5000 bytes; known  5000 bytes',
    );
  });

  it('says when it ends too early, again and again', async () => {
    const server = await mirror();
    for (let i = 1; i <= 4; i++) {
      server.next('big.bin', (response, { headers }) => {
        const from = Number(/\d+/.exec(headers.range ?? '0')?.[0]);
        response.writeHead(headers.range ? 206 : 200).end(big.subarray(from, i * 200_000));
      });
    }
    expect(await messageFrom(() => read([server]))).toContain(
      'big.bin: the address cannot be reached; reason  it ended after 800000 of 3000000 bytes',
    );
    expectWhole(await read([server]));
  });

  it('works without a cache', async () => {
    const before = platform;
    usePlatform({ ...before, openStore: async () => undefined });
    try {
      const server = await mirror();
      server.next('big.bin', breaksAfter(big, 1_200_000));
      expectWhole(await read([server]));
      expect(server.asked.at(-1)).toMatchObject({ range: 'bytes=1200000-' });
      expect(await cachedModels()).toEqual([]);
      expect(await messageFrom(() => pinModel(`${server.address}model.json`))).toBe(
        'pinModel: nothing can be kept here.\n' +
          '  reason  this browser lets the page keep no files: some private windows, and frames of ' +
          'other sites, may not\n' +
          '  Try: another window; or offline(models), whose folder needs no cache',
      );
    } finally {
      usePlatform(before);
    }
  });
});

describe('mirrors', () => {
  it('go on with each other’s files', async () => {
    const [one, two] = [await mirror(), await mirror()];
    one.next('big.bin', breaksAfter(big, 1_200_000), (response) => response.destroy());
    one.next('big.bin', (response) => response.destroy());
    const contents = await read([one, two]);
    expectWhole(contents);
    expect(contents.address).toBe(`${two.address}model.json`);
    expect(two.asked).toMatchObject([
      { path: 'big.bin', range: 'bytes=1200000-', ifRange: undefined, status: 206 },
    ]);
  });

  it('are tried when a file is wrong, of which nothing is kept', async () => {
    const one = await mirror({ ...files, 'big.bin': noise(big.length, 7) });
    const two = await mirror();
    expectWhole(await read([one, two]));
    expect(readdirSync(join(folder, 'file'))).toHaveLength(3);
    expect((await cachedModels())[0]).toMatchObject({ bytes: total });
  });

  it('are told of, with what each answered, and what to do without a network', async () => {
    const gone = await mirror();
    gone.close();
    const mirrors = await Promise.all([mirror(), mirror(), mirror(), mirror(), mirror()]);
    const [refused, missing, page, typed, broken] = mirrors;
    refused?.next('model.json', answers(403));
    missing?.next('model.json', answers(404));
    page?.next('model.json', answers(200, '<!doctype html><title>Sign in</title>'));
    typed?.next('model.json', answers(200, 'Hello', { 'content-type': 'text/html' }));
    broken?.next('model.json', answers(503));
    const message = await messageFrom(() => read([gone, ...mirrors]));
    const at = (mirror: Mirror | undefined) => `${mirror?.address}model.json`;
    expect(message.split('\n')).toEqual([
      'gesso: the model "test" cannot be read from any of its addresses.',
      expect.stringMatching(
        new RegExp(
          `^  ${at(gone)}  model\\.json: the address cannot be reached; reason  fetch failed`,
        ),
      ),
      `  ${at(refused)}  model.json: the server does not give this file; answer  403 Forbidden`,
      `  ${at(missing)}  model.json: the file is not there; answer  404 Not Found`,
      `  ${at(page)}  model.json: a web page came instead of the model; begins  "<!doctype html><title>Sign in</title>"`,
      `  ${at(typed)}  model.json: a web page came instead of the model; begins  "Hello"`,
      `  ${at(broken)}  model.json: the server is in trouble; answer  503 Service Unavailable`,
      '  Try: check the connection; or a copy in a folder test_folder/, whose parent ' +
        'setModelPath(folder) names, in Node also GESSO_MODELS=folder; ' +
        'npx gesso offline test FOLDER makes one wherever there is a connection',
    ]);
  });

  it('that are alone say the same, and leave nothing in the list', async () => {
    const server = await mirror({});
    expect(await messageFrom(() => read([server]))).toMatch(
      /^gesso: the model "test" cannot be read from its address\.\n.*404 Not Found\n {2}Try: check/,
    );
    expect(await cachedModels()).toEqual([]);
  });
});

describe('a model that is named by its address', () => {
  const addressOf = ({ address }: Mirror) => `${address}model.json`;
  const load = (server: Mirror) => {
    const address = addressOf(server);
    const held: Keep = { id: idOfAddress(address), name: address, ifHeld: true };
    return read([server], { expected: undefined, known: undefined, keep: held });
  };

  it('is kept only when it is pinned', async () => {
    const server = await mirror();
    expectWhole(await load(server));
    expect(await cachedModels()).toEqual([]);
    await pinModel(addressOf(server));
    expect(await cachedModels()).toMatchObject([
      { name: addressOf(server), bytes: total, complete: true, pinned: true },
    ]);
  });

  it('is asked for anew, and sent only when it has changed', async () => {
    const server = await mirror();
    await pinModel(server.address);
    server.asked.length = 0;
    const again = await load(server);
    expectWhole(again);
    expect(again.downloaded).toBe(0);
    expect(server.asked).toHaveLength(3);
    for (const asked of server.asked) expect(asked.status).toBe(304);

    server.files['small.bin'] = noise(5000, 5);
    const changed = await load(server);
    expectWhole(changed, { ...files, 'small.bin': noise(5000, 5) });
    expect(changed.downloaded).toBe(5000);
    expect(readdirSync(join(folder, 'file'))).toHaveLength(3);
    expect((await cachedModels())[0]).toMatchObject({ bytes: total, pinned: true });
  });

  it('is not sent again by a server that answers no questions', async () => {
    const server = await mirror();
    await pinModel(server.address);
    const before = platform;
    usePlatform({ ...before, isOwn: () => false });
    try {
      server.asked.length = 0;
      expect((await load(server)).downloaded).toBe(0);
      expect(server.asked).toHaveLength(3);
      for (const asked of server.asked) expect(asked.ifNoneMatch).toBeUndefined();
    } finally {
      usePlatform(before);
    }
  });

  it('is taken from the cache when the server fails, as a whole', async () => {
    const server = await mirror();
    await pinModel(server.address);
    server.files['model.json'] = `${json} `;
    server.next('big.bin', answers(403));
    expectWhole(await load(server));
    server.next('model.json', answers(200, '<html>Sign in'));
    expectWhole(await load(server));
    server.close();
    expectWhole(await load(server));
  });

  it('goes on only with the same version', async () => {
    const server = await mirror();
    const controller = new AbortController();
    server.next('big.bin', hangsAfter(big, 1_500_000));
    const onProgress = abortsAt(1_500_000, controller);
    const pinning = pinModel(server.address, { signal: controller.signal, onProgress });
    await expect(pinning).rejects.toMatchObject({ name: 'AbortError' });
    await expect.poll(async () => (await cachedModels())[0]?.bytes).toBe(1_500_000);
    server.asked.length = 0;
    const changed = noise(big.length, 4);
    server.files['big.bin'] = changed;
    await pinModel(server.address);
    expect(server.asked.find(({ path }) => path === 'big.bin')).toMatchObject({
      ...{ range: 'bytes=1500000-', ifRange: etagOf(big), status: 200 },
    });
    expectWhole(await load(server), { ...files, 'big.bin': changed });
  });

  it('begins again where its version promises nothing', async () => {
    const server = await mirror();
    server.etags = 'weak';
    server.next('big.bin', breaksAfter(big, 1_200_000, { etag: `W/${etagOf(big)}` }));
    expect(await messageFrom(() => pinModel(server.address))).toContain('big.bin: the address');
    await pinModel(server.address);
    expect(server.asked.map(({ range }) => range)).toEqual(server.asked.map(() => undefined));
  });

  it.each([
    [
      403,
      'the server does not give this file',
      'open the address in a browser tab: it may need a key, or have expired',
    ],
    [500, 'the server is in trouble', 'again in a while'],
  ])('says what a server answers with %i', async (status, what, hint) => {
    const server = await mirror();
    server.next('model.json', answers(status));
    expect(await messageFrom(() => load(server))).toMatch(
      new RegExp(
        `^model\\.json: ${what}\\.\n {2}address {2}${addressOf(server)}\n {2}answer {2}${status} .*\n` +
          ` {2}Try: ${hint}; or the path of a copy: download its files into one folder$`,
      ),
    );
  });
});

describe('the list', () => {
  it('shows what is there, and deletes it but for what others share', async () => {
    const [one, two] = [await mirror(), await mirror({ ...files, 'small.bin': noise(5000, 6) })];
    await pinModel(one.address);
    await pinModel(two.address);
    const names = (await cachedModels()).map(({ name }) => name);
    expect(names).toEqual([`${two.address}model.json`, `${one.address}model.json`]);
    await uncacheModel(one.address);
    expect((await cachedModels()).map(({ name, complete }) => [name, complete])).toEqual([
      [`${two.address}model.json`, true],
    ]);
    expect(readdirSync(join(folder, 'file'))).toHaveLength(3);
    await unpinModel(two.address);
    expect(await cachedModels()).toMatchObject([{ pinned: false, complete: true }]);
    await clearModelCache();
    expect(await cachedModels()).toEqual([]);
    expect(readdirSync(join(folder, 'file'))).toEqual([]);
  });

  it('refuses what has no place in it', async () => {
    expect(await messageFrom(() => pinModel('./somewhere'))).toMatch(
      /^pinModel: this model is on this machine already\.\n {2}address {2}file:.*somewhere\/model\.json\n {2}Try: a name/,
    );
    expect(await messageFrom(() => uncacheModel('mobilnet'))).toMatch(
      /^uncacheModel: there is no model "mobilnet"/,
    );
    expect(await messageFrom(() => pinModel('mobilenet', { quick: true } as object))).toMatch(
      'pinModel: there is no option "quick"',
    );
  });

  it('is empty where nothing was ever kept', async () => {
    await rm(folder, { recursive: true });
    expect(await cachedModels()).toEqual([]);
    await uncacheModel('mobilenet');
    await unpinModel('mobilenet');
    await clearModelCache();
  });
});

describe('a full cache', () => {
  const before = platform;
  afterEach(() => usePlatform(before));

  /** A store in memory that has no more room than that. */
  function fillable(quota: number): Store {
    const entries = new Map<string, Uint8Array<ArrayBuffer>>();
    return {
      read: async (key) => entries.get(key),
      async write(key, pieces) {
        const used = [...entries].reduce(
          (sum, [name, { length }]) => sum + (name === key ? 0 : length),
          0,
        );
        const bytes = new Uint8Array(Buffer.concat(pieces));
        if (used + bytes.length > quota) throw new DOMException('full', 'QuotaExceededError');
        entries.set(key, bytes);
      },
      async delete(key) {
        entries.delete(key);
      },
      keys: async (prefix) => [...entries.keys()].filter((key) => key.startsWith(prefix)),
      room: async () => ({ used: `${quota} bytes` }),
    };
  }

  /** A model whose one weight file nobody else has. */
  const single = async (seed: number) => {
    const weights = noise(10_000, seed);
    const manifest = [{ paths: ['w'], weights: [weight(10_000)] }];
    const server = await mirror({
      'model.json': JSON.stringify({ weightsManifest: manifest }),
      w: weights,
    });
    return server.address;
  };
  const names = async () =>
    (await cachedModels()).map(({ name }) => name.replace('model.json', ''));

  it('lets go of the model that nobody has used for longest, but of none that is pinned', async () => {
    const store = fillable(36_000);
    usePlatform({ ...before, openStore: async () => store });
    const [one, two, three, four] = [
      await single(1),
      await single(2),
      await single(3),
      await single(4),
    ];
    for (const address of [one, two, three]) {
      await pinModel(address);
      await new Promise((later) => setTimeout(later, 5)); // so that their times differ
    }
    await unpinModel(one);
    await unpinModel(three);
    await pinModel(four);
    expect(await names()).toEqual([four, three, two]);
  });

  it('is an error where everything is pinned, and none for who only loads', async () => {
    const store = fillable(15_000);
    usePlatform({ ...before, openStore: async () => store });
    const [one, two] = [await single(1), await single(2)];
    await pinModel(one);
    expect(await messageFrom(() => pinModel(two))).toBe(
      'pinModel: there is no room to keep this model.\n' +
        `  model  ${two}model.json\n  reason  full\n  used  15000 bytes\n` +
        '  Try: uncacheModel(name) of models that are no longer needed; cachedModels() lists them',
    );
    const server = await mirror();
    expectWhole(await read([server]));
    expect((await cachedModels()).find(({ name }) => name.startsWith(one))).toMatchObject({
      complete: true,
    });
  });
});
