// Projects of Teachable Machine beside TensorFlow.js, which runs the same files.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { zipSync } from 'fflate';
import { beforeAll, describe, expect, it } from 'vitest';
import { saliency, type TeachableMachine, teachableMachine } from '../../web/src/node.js';
import { itNeeds, messageFrom, model, photo, wasm } from './fixtures.js';
import { plain, readPixels } from './pictures.js';
import { imageProject, type MadeProject, poseProject } from './teachableProject.js';

const labels = ['open hand', 'constructor', 'nobody'];

/** A picture of 224 pixels each way, which both see as it is. */
function picture() {
  const made = plain(224, 224);
  for (let i = 0; i < 224 * 224; i++) {
    made.data[4 * i] = i % 224;
    made.data[4 * i + 1] = Math.floor(i / 224);
    made.data[4 * i + 2] = (i * 7) % 251;
  }
  return made;
}

/** What TensorFlow.js says of pixels that need no change but x / 127 - 1. */
function theirs({ model }: MadeProject, weights?: readonly number[]): number[] {
  return tf.tidy(() => {
    const { data } = picture();
    const rgb = tf
      .tensor(Float32Array.from(data), [1, 224, 224, 4])
      .slice([0, 0, 0, 0], [1, 224, 224, 3]);
    const seen = weights ? rgb.mul(tf.tensor([...weights])).sum(-1, true) : rgb;
    return [...(model.predict(seen.div(127).sub(1)) as tf.Tensor).dataSync()];
  });
}

/** The confidences in the order of the classes. */
async function ours(project: TeachableMachine): Promise<number[]> {
  const results = await project.classify(picture());
  return labels.map((label) => results.find((result) => result.label === label)?.confidence ?? -1);
}

function expectSame(found: readonly number[], expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) {
    expect(Math.abs((found[i] ?? 0) - value)).toBeLessThan(1e-5);
  }
}

describe('an image project', () => {
  let made: MadeProject;
  beforeAll(async () => {
    made = await imageProject(labels);
  });

  itNeeds([wasm], 'says what TensorFlow.js says', async () => {
    const project = await teachableMachine(made.files);
    expect(project.kind).toBe('image');
    expect(await project.labels()).toEqual(labels);
    const expected = theirs(made);
    expect(Math.max(...expected)).toBeLessThan(0.999); // or anything would be the same
    expectSame(await ours(project), expected);
    expect((await project.classify(picture(), 1)).map(({ index }) => index)).toEqual([
      expected.indexOf(Math.max(...expected)),
    ]);
    project.dispose();
    expect(await messageFrom(() => project.classify(picture()))).toContain('used after dispose()');
  });

  itNeeds([wasm], 'is a zip, or a folder, or three files', async () => {
    const expected = theirs(made);
    const zipped = new File(
      [Uint8Array.from(zipSync(Object.fromEntries(made.files)))],
      'model.zip',
    );
    const folder = mkdtempSync(join(tmpdir(), 'gesso-'));
    for (const [name, bytes] of made.files) writeFileSync(join(folder, name), bytes);
    const dropped = [...made.files].map(([name, bytes]) => new File([bytes], name));
    for (const source of [[zipped], folder, dropped]) {
      const project = await teachableMachine(source);
      expectSame(await ours(project), expected);
      project.dispose();
    }
  });

  itNeeds([wasm], 'in grey goes by how bright colours seem', async () => {
    const grey = await imageProject(labels, { grayscale: true });
    const project = await teachableMachine(grey.files);
    const found = await ours(project);
    for (const [i, value] of theirs(grey, [0.2989, 0.587, 0.114]).entries()) {
      expect(Math.abs((found[i] ?? 0) - value)).toBeLessThan(1e-3); // of bytes, not of real numbers
    }
    project.dispose();
  });

  itNeeds([wasm], 'mirrors on request, and can be asked for its reasons', async () => {
    const straight = teachableMachine(made.files);
    const mirrored = teachableMachine(made.files, { flip: true });
    const turned = picture();
    const pixels = new Uint32Array(turned.data.buffer);
    for (let y = 0; y < 224; y++) pixels.subarray(y * 224, (y + 1) * 224).reverse();
    expect(await mirrored.classify(turned)).toEqual(await straight.classify(picture()));
    expect((await saliency(await straight, picture(), { label: 'nobody' })).index).toBe(2);
    straight.dispose();
    mirrored.dispose();
  });

  itNeeds([wasm], 'is refused where its files do not belong together', async () => {
    const changed = (changes: object) => {
      const metadata = JSON.parse(new TextDecoder().decode(made.files.get('metadata.json')));
      const text = JSON.stringify({ ...metadata, ...changes });
      return new Map(made.files).set(
        'metadata.json',
        Uint8Array.from(new TextEncoder().encode(text)),
      );
    };
    const refused = (changes: object) => messageFrom(() => teachableMachine(changed(changes)));
    expect(await refused({ packageName: '@teachablemachine/audio' })).toBe(
      'teachableMachine: metadata.json is of a project for something else than pictures.\n' +
        '  address  metadata.json\n  packageName  "@teachablemachine/audio"\n' +
        '  Try: an image or a pose project',
    );
    expect(await refused({ labels: ['a', 'b'] })).toBe(
      'teachableMachine: there must be one label for each class of the model.\n' +
        '  address  model.json\n  classes  3\n  labels  2\n  Try: the metadata.json of the same export',
    );
    expect(await refused({ labels: [1, 2, 3] })).toContain('must hold the names of the classes');
    expect(await refused({ grayscale: true })).toContain(
      'needed  one square picture of one channel',
    );
    expect(await refused({ packageName: '@teachablemachine/pose' })).toContain(
      'needed  a list of 14739 numbers',
    );
    const without = new Map(made.files);
    without.delete('metadata.json');
    expect(await messageFrom(() => teachableMachine(without))).toBe(
      'teachableMachine: there is no metadata.json beside the model.\n  model  model.json\n' +
        '  Try: all three files of the project: model.json, weights.bin and metadata.json',
    );
    const damaged = new Map(made.files).set('metadata.json', new Uint8Array([0x7b]));
    expect(await messageFrom(() => teachableMachine(damaged))).toContain(
      'metadata.json is not JSON',
    );
    expect(await messageFrom(() => teachableMachine(made.files, { topK: 0 }))).toContain(
      'topK must be a whole number from 1',
    );
  });
});

describe('a pose project', () => {
  const posenet = join(model('posenet_mobilenet075_s16_quant2'), 'model-stride16.json');
  const needs = [wasm, posenet, photo('tfjs_pose.jpg')];

  itNeeds(needs, 'goes by the body, through PoseNet', async () => {
    const made = await poseProject(labels);
    const project = await teachableMachine(made.files, { posenet });
    expect(project.kind).toBe('pose');
    const image = readPixels(photo('tfjs_pose.jpg'));
    const results = await project.classify(image);
    expect(results.reduce((sum, { confidence }) => sum + confidence, 0)).toBeCloseTo(1, 5);
    const other = await project.classify(plain(64, 64, 200));
    expect(other[0]?.confidence).not.toBe(results[0]?.confidence);
    expect(await messageFrom(() => saliency(project, image))).toContain(
      'saliency: the model does not take one picture',
    );
    project.dispose();
  });

  it('is refused with another PoseNet than theirs', async () => {
    const made = await poseProject(labels);
    const metadata = JSON.parse(new TextDecoder().decode(made.files.get('metadata.json')));
    for (const [settings, message] of [
      [
        { outputStride: 8 },
        'names a PoseNet that is not known here.\n  address  metadata.json\n  outputStride  8',
      ],
      [{ inputResolution: 200 }, 'names a size that no PoseNet takes'],
    ] as const) {
      const posenet = { ...metadata.modelSettings.posenet, ...settings };
      const text = JSON.stringify({ ...metadata, modelSettings: { posenet } });
      const bytes = Uint8Array.from(new TextEncoder().encode(text));
      const files = new Map(made.files).set('metadata.json', bytes);
      expect(await messageFrom(() => teachableMachine(files))).toContain(message);
    }
  });
});
