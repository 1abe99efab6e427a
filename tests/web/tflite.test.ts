// TFLite files: one file is the whole model, wherever it comes from.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readManifest } from '../../web/src/modelFiles.js';
import { loadModel } from '../../web/src/node.js';
import { locate } from '../../web/src/source.js';
import { itNeeds, messageFrom, model, serve, wasm } from './fixtures.js';

const path = model('movenet_lightning_int8_tflite/movenet_single_pose_lightning_ptq.tflite');
const needs = [path, wasm];

describe('loadModel', () => {
  itNeeds(needs, 'opens a TFLite file by its path, and runs it', async () => {
    const movenet = await loadModel(path);
    expect(movenet.inputs).toEqual([
      { name: 'serving_default_input:0', shape: [1, 192, 192, 3], dtype: 'uint8' },
    ]);
    const output = 'StatefulPartitionedCall:0';
    expect(movenet.outputs).toEqual([{ name: output, shape: [1, 1, 17, 3], dtype: 'float32' }]);
    const { [output]: points } = await movenet.run(new Uint8Array(192 * 192 * 3));
    expect(points).toMatchObject({ shape: [1, 1, 17, 3], dtype: 'float32' });
    expect(points?.data.length).toBe(17 * 3);
    expect(points?.data.every((value) => value > -0.5 && value < 1.5)).toBe(true);
    expect(await movenet.about()).toMatchObject({
      name: 'movenet',
      format: 'tflite',
      parameters: 2325209,
      bytes: 2894840,
    });
    movenet.dispose();
  });

  itNeeds(needs, 'opens a TFLite file by its address, or as a file in hand', async () => {
    const bytes = new Uint8Array(readFileSync(path));
    const address = await serve({ 'pose.tflite': bytes });
    for (const source of [
      `${address}pose.tflite`,
      pathToFileURL(path),
      [new File([bytes], 'pose.tflite'), new File(['{}'], 'metadata.json')],
      new Map([['folder/any.tflite', bytes]]),
    ]) {
      const loaded = await loadModel(source);
      expect((await loaded.about()).format).toBe('tflite');
      loaded.dispose();
    }
  });

  itNeeds([wasm], 'says what is wrong with a file that is no TFLite file', async () => {
    const load = (content: string) => {
      const files = new Map([['a.tflite', new TextEncoder().encode(content)]]);
      return messageFrom(() => loadModel(files));
    };
    expect(await load('GIF89a')).toBe(
      'a.tflite: this is not a TFLite file.\n' +
        '  address  a.tflite\n  needed  TFL3 in bytes 4 to 7\n  begins  "GIF89a"\n' +
        '  Try: copy the file again',
    );
    expect(await load('<!DOCTYPE html>')).toBe(
      'a.tflite: a web page came instead of the model.\n' +
        '  address  a.tflite\n  begins  "<!DOCTYPE html>"\n' +
        '  Try: open the address in a browser tab: it must download the file, not a page',
    );
    expect(await load('\x1c\0\0\0TFL3')).toMatch(/^a\.tflite is damaged, or not whole\.\n/);
  });
});

describe('locate', () => {
  it('takes the name of a TFLite file for a path', async () => {
    const { places } = await locate('loadModel', 'pose.tflite');
    expect(places[0]?.address).toMatch(/^file:.*\/pose\.tflite$/);
    const there = await locate('loadModel', 'https://example.org/pose.tflite?v=2');
    expect(there.places[0]?.address).toBe('https://example.org/pose.tflite?v=2');
  });

  it('asks which of several files is the model', async () => {
    const files = ['a.tflite', 'b.tflite'].map((name) => new File([''], name));
    expect(await messageFrom(() => locate('loadModel', files))).toBe(
      'loadModel: several of these files could be the model.\n  given  a.tflite, b.tflite\n' +
        '  Try: one model.json together with the weight files that it names, or one .tflite file',
    );
  });
});

describe('readManifest', () => {
  it('still wants JSON of a model.json', async () => {
    const pieces = [new TextEncoder().encode('TFL3')];
    expect(await messageFrom(() => readManifest('model.json', 'model.json', pieces))).toMatch(
      'model.json: this is not JSON.',
    );
  });
});
