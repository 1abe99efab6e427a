// Preprocessing and labels: where they are found, and what is refused.
import { describe, expect, it } from 'vitest';
import { Folder } from '../../web/src/folder.js';
import {
  findRecipe,
  type Preprocess,
  parseLabels,
  readPreprocess,
  readRecipe,
} from '../../web/src/recipe.js';
import { messageFrom, serve } from './fixtures.js';

describe('readPreprocess', () => {
  it('lets earlier parts win over later ones', () => {
    const known = { fit: 'stretch', sampling: 'alignCorners', mean: 127.5, std: 127.5 } as const;
    expect(readPreprocess('task', [{ flip: true, mean: [1, 2, 3] }, undefined, known])).toEqual({
      fit: 'stretch',
      sampling: 'alignCorners',
      mean: [1, 2, 3],
      std: 127.5,
      binarize: false,
      flip: true,
    });
  });

  it('does not guess mean and std', async () => {
    expect(await messageFrom(() => readPreprocess('imageClassifier', [{ fit: 'crop' }]))).toBe(
      'imageClassifier: nothing says how this model wants its pictures.\n' +
        '  needed  preprocess.mean\n' +
        '  looked in  the options, gesso.json and metadata.json beside the model, the known models\n' +
        '  Try: preprocess: { mean: 127.5, std: 127.5 } for numbers from -1 to 1, ' +
        '{ mean: 0, std: 255 } for 0 to 1',
    );
  });

  it.each([
    [{ mean: 0, std: 0 }, 'task: preprocess: std must be a number other than 0'],
    [{ mean: [1, 2], std: 1 }, 'task: preprocess: mean must be a number'],
    [{ mean: 0, std: [1, 0, 1] }, 'task: preprocess: std must be a number other than 0'],
    [{ mean: Number.NaN, std: 1 }, 'task: preprocess: mean must be'],
    [{ mean: 0, std: 1, fit: 'cover' }, 'task: preprocess: fit cannot be "cover"'],
    [{ mean: 0, std: 1, size: 3 }, 'task: preprocess: there is no option "size"'],
  ])('refuses %j', async (part, expected) => {
    const call = () => readPreprocess('task', [part as Partial<Preprocess>]);
    expect(await messageFrom(call)).toMatch(expected);
  });
});

describe('readRecipe', () => {
  it('reads a gesso.json', () => {
    const recipe = {
      labels: 'names.txt',
      preprocess: { mean: 0, std: 255 },
      activation: 'softmax',
    };
    expect(readRecipe('gesso.json', 'here', JSON.stringify(recipe))).toEqual(recipe);
    expect(readRecipe('gesso.json', 'here', '{}')).toEqual({});
  });

  it('reads what Teachable Machine exports', () => {
    const metadata = { packageName: '@teachablemachine/image', labels: ['a', 'b'], imageSize: 224 };
    expect(readRecipe('metadata.json', 'here', JSON.stringify(metadata))).toEqual({
      labels: ['a', 'b'],
      preprocess: { fit: 'crop', sampling: 'halfPixel', mean: 127, std: 127 },
    });
  });

  it.each([
    ['gesso.json', '{"label": []}', 'http://here: there is no option "label"'],
    ['gesso.json', '{"labels": [1]}', 'http://here: labels must be a list of names'],
    [
      'gesso.json',
      '{"activation": "sigmoid"}',
      'http://here: activation must be "none" or "softmax"',
    ],
    ['gesso.json', '[]', "gesso.json: this is not the JSON of a model's description"],
    ['metadata.json', '{', "metadata.json: this is not the JSON of a model's description"],
    ['metadata.json', '{}', 'metadata.json: it must hold the names of the classes'],
    [
      'metadata.json',
      '{"packageName": "@teachablemachine/pose", "labels": ["a"]}',
      'metadata.json: this Teachable Machine model is not one for images',
    ],
  ])('refuses %s %s', async (name, text, expected) => {
    expect(await messageFrom(() => readRecipe(name, 'http://here', text))).toMatch(expected);
  });
});

describe('findRecipe', () => {
  it('reads the first file beside the model that is there, and takes no page for it', async () => {
    const server = await serve({ 'gesso.json': '<html>', 'metadata.json': '{"labels": ["a"]}' });
    const folder = new Folder({ address: `${server}model.json` });
    expect(await findRecipe(folder)).toMatchObject({ labels: ['a'] });
  });

  it('is undefined where there is none', async () => {
    const given = { 'model.json': new Blob(['{}']) };
    expect(await findRecipe(new Folder({ address: 'model.json', given }))).toBeUndefined();
  });

  it('stops when told to', async () => {
    const server = await serve({ 'gesso.json': () => {} }); // and no answer
    const folder = new Folder({ address: `${server}model.json` });
    const signal = AbortSignal.timeout(50);
    await expect(findRecipe(folder, signal)).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

describe('parseLabels', () => {
  it.each([
    ['["a", "b"]', ['a', 'b']],
    ['a\nb\n', ['a', 'b']],
    ['a\r\nb', ['a', 'b']],
    ['tench, Tinca tinca\n\nshark\n', ['tench, Tinca tinca', '', 'shark']],
  ])('reads %j', (text, labels) => {
    expect(parseLabels('here', text)).toEqual(labels);
  });

  it.each(['[1]', '["a"'])('refuses %j', async (text) => {
    expect(await messageFrom(() => parseLabels('here', text))).toMatch(
      'labels: the file holds no list of names',
    );
  });
});
