// Zips that come from others: whole, damaged, and made to do harm.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { imageClassifier, loadModel } from '../../web/src/node.js';
import { unzip } from '../../web/src/unzip.js';
import { zip } from '../../web/src/zip.js';
import { digits, filesIn, messageFrom, serve } from './fixtures.js';
import { plain } from './pictures.js';

const text = (words: string) => Uint8Array.from(new TextEncoder().encode(words));
const words = text('the same words again and again, '.repeat(1000));

/** A zip of another program, some of whose bytes are others: by where they are. */
function made(files: Record<string, Uint8Array>, changes: Record<number, number> = {}) {
  const bytes = Uint8Array.from(zipSync(files, { level: 6 }));
  for (const [at, value] of Object.entries(changes)) {
    bytes[Number(at) < 0 ? bytes.length + Number(at) : Number(at)] = value;
  }
  return bytes;
}

/** Where the directory of a zip with a single file begins. */
const directoryOf = (bytes: Uint8Array) =>
  new DataView(bytes.buffer).getUint32(bytes.length - 6, true);

const refusal = async (bytes: Uint8Array<ArrayBuffer>) => {
  const message = await messageFrom(() => unzip('loadModel', 'a.zip', bytes));
  expect(message).toMatch(
    /^loadModel: the zip cannot be read\.\n {2}file {2}a\.zip\n {2}reason {2}/,
  );
  return message;
};

describe('unzip', () => {
  it('reads what other programs and we have packed', async () => {
    const files = { 'a/größe.txt': words, 'b.bin': text(''), c: text('c') };
    const found = await unzip('loadModel', 'a.zip', made(files));
    expect(Object.fromEntries(found)).toEqual(files);
    const ours = zip(new Map(Object.entries(files)));
    const again = await unzip('x', 'a.zip', new Uint8Array(await ours.arrayBuffer()));
    expect(Object.fromEntries(again)).toEqual(files);
  });

  it('leaves out folders, and what systems put in', async () => {
    const files = {
      'a/': text(''),
      'a/b': text('b'),
      '__MACOSX/a/._b': text('x'),
      '.DS_Store': text('x'),
    };
    expect([...(await unzip('x', 'a.zip', made(files))).keys()]).toEqual(['a/b']);
  });

  it.each(['../up', '/root', 'a/../../up', 'C:/x', 'a\\b'])('refuses the path %s', async (path) => {
    expect(await refusal(made({ [path]: words }))).toContain(
      `a path leads out of the folder\n  in it  ${JSON.stringify(path)}\n`,
    );
  });

  it('refuses what is not whole', async () => {
    const whole = made({ a: words });
    expect(await refusal(whole.slice(0, -10))).toContain(
      'it has no end: perhaps not all of it has come',
    );
    expect(await refusal(text('PK\x03\x04'))).toContain('it has no end');
    const at = directoryOf(whole);
    const damaged = made({ a: words }, { [at]: 0 });
    expect(await refusal(damaged)).toContain('its directory is damaged');
    expect(await refusal(made({ a: words }, { 0: 0 }))).toContain(
      'a file is not where the directory says',
    );
    expect(await refusal(made({ a: words }, { [at + 16]: (whole[at + 16] ?? 0) ^ 1 }))).toContain(
      'a file is damaged: its check sum is another',
    );
    for (let cut = 31; cut < at; cut += 7) {
      expect(await refusal(made({ a: words }, { [cut]: 0xff, [cut + 1]: 0xff }))).toContain(
        'a file',
      );
    }
  });

  it('refuses what is larger than it says, and what says that it is huge', async () => {
    const whole = made({ a: words });
    const at = directoryOf(whole);
    expect(
      await refusal(made({ a: words }, { [at + 24]: 9, [at + 25]: 0, [at + 26]: 0 })),
    ).toContain('a file is larger than it says');
    expect(await refusal(made({ a: words }, { [at + 27]: 0x50 }))).toContain(
      'unpacked it has more than 1 GB',
    );
    const most = { [at + 24]: 255, [at + 25]: 255, [at + 26]: 255, [at + 27]: 255 };
    expect(await refusal(made({ a: words }, most))).toContain('it is of the kind zip64');
    expect(
      await refusal(made({ a: words }, { [-12]: 255, [-11]: 255, [-14]: 255, [-13]: 255 })),
    ).toContain('zip64');
  });

  it('refuses what is encrypted, packed otherwise, in parts, or twice the same', async () => {
    const at = directoryOf(made({ a: words }));
    expect(await refusal(made({ a: words }, { [at + 8]: 1 }))).toContain('a file is encrypted');
    expect(await refusal(made({ a: words }, { [at + 10]: 14 }))).toContain(
      'a file is packed in an unusual way',
    );
    expect(await refusal(made({ a: words }, { [-18]: 1 }))).toContain('it is one part of several');
    const two = made({ aa: words, ab: words });
    const second = Buffer.from(two).lastIndexOf('ab');
    const same = two.slice();
    same[second + 1] = 97;
    expect(await refusal(same)).toContain('two files have the same name');
    const shared = two.slice();
    const view = new DataView(shared.buffer);
    view.setUint32(second - 4, 0, true); // both are where the first is
    expect(await refusal(shared)).toContain('two files share the same bytes');
  });
});

describe('a zip in place of the files of a model', () => {
  const names = ['model.json', 'weights.bin', 'gesso.json'];
  const inFolder = () => {
    const files = filesIn(digits, names);
    return made(
      Object.fromEntries([...files].map(([name, bytes]) => [`my digits/${name}`, bytes])),
    );
  };

  it('is a file that was dropped', async () => {
    const classifier = await imageClassifier([new File([inFolder()], 'digits.ZIP')]);
    expect(await classifier.classify(plain(28, 28))).toHaveLength(3);
    expect(await classifier.labels()).toContain('7');
    classifier.dispose();
  });

  it('is a path, or an address, whose loading is told', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'gesso-')), 'my digits.zip');
    writeFileSync(path, inFolder());
    const model = await loadModel(path);
    expect(model.inputs[0]?.shape).toEqual([-1, 28, 28, 1]);
    model.dispose();
    const address = await serve({ 'digits.zip': inFolder() });
    const told: number[] = [];
    const onProgress = ({ loaded, file }: { loaded: number; file: string }) => {
      if (file === 'digits.zip') told.push(loaded);
    };
    const fetched = await loadModel(`${address}digits.zip?key=1`, { onProgress }).catch(String);
    expect(fetched).toContain('404');
    (await loadModel(`${address}digits.zip`, { onProgress })).dispose();
    expect(told.at(-1)).toBe(inFolder().length);
  });

  it('is not what a TFLite file carries at its end', async () => {
    const tflite = new Uint8Array(readFileSync(join(digits, 'weights.bin')));
    const tail = made({ 'labels.txt': text('cat') });
    const file = new File([text('\x1c\0\0\0TFL3'), tflite.slice(0, 100), tail], 'model.tflite');
    const message = await messageFrom(() => loadModel([file]));
    expect(message).toMatch(/^model\.tflite/);
    expect(message).not.toContain('zip');
  });

  it('is refused where no model is in it', async () => {
    const zipped = new File([made({ 'readme.txt': words })], 'a.zip');
    expect(await messageFrom(() => loadModel([zipped]))).toBe(
      'loadModel: none of these files is a model.json or a .tflite file.\n  given  readme.txt\n' +
        '  Try: one model.json together with the weight files that it names, or one .tflite file',
    );
  });
});
