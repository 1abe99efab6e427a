// The command as a user starts it, and every model against known outputs.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { cli, goldens, itNeeds, model, models, photo, readJson } from './fixtures.js';

const relaxed =
  Number(process.versions.node.split('.')[0]) < 22 ? ['--experimental-wasm-relaxed-simd'] : [];

/** Runs the command; the models are found in the folder of models. */
function gesso(args: string[], flags: string[] = []) {
  const env = { ...process.env, GESSO_MODELS: models };
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, cli, ...args], {
    encoding: 'utf8',
    env,
  });
  return { status, stdout, stderr };
}

describe('gesso classify', () => {
  const mobilenet = model('mobilenet_v1_025_224_layers');
  const needs = [cli, mobilenet, photo('coffee.png')];

  itNeeds(needs, 'prints JSON', () => {
    for (const name of [mobilenet, 'mobilenet', join(mobilenet, 'model.json')]) {
      const { status, stdout, stderr } = gesso([
        'classify',
        photo('coffee.png'),
        '--model',
        name,
        '--json',
      ]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const results = JSON.parse(stdout);
      expect(results).toHaveLength(5);
      expect(results[0]).toEqual({ label: 'espresso', index: 967, confidence: expect.any(Number) });
      expect(results[0].confidence).toBeGreaterThan(0.9);
      expect(results[0].confidence).toBeLessThan(0.95);
    }
  });

  itNeeds(needs, 'gives the same on the relaxed build', () => {
    const { stdout } = gesso(['classify', photo('coffee.png'), '--json', '--top=1'], relaxed);
    expect(JSON.parse(stdout)).toMatchObject([
      { label: 'espresso', confidence: expect.closeTo(0.925, 2) },
    ]);
  });

  itNeeds(needs, 'prints a table with bars', () => {
    const { stdout } = gesso(['classify', photo('coffee.png'), '-t', '2']);
    expect(stdout).toMatch(/^espresso {3}9\d\.\d % {2}█{18}[▏▎▍▌▋▊▉]?\ncup {9}1\.\d % {2}▎?\n$/u);
  });

  itNeeds(needs, 'takes labels from a file', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'gesso-')), 'names.txt');
    writeFileSync(file, Array.from({ length: 1000 }, (_, i) => `name ${i}\n`).join(''));
    const { stdout } = gesso(['classify', photo('coffee.png'), '--labels', file, '--json']);
    expect(JSON.parse(stdout)[0].label).toBe('name 967');
  });

  itNeeds(needs, 'reads JPEG and BMP', () => {
    expect(gesso(['classify', photo('tfjs_dog.jpg'), '--top', '1']).stdout).toMatch('Walker hound');
    expect(gesso(['classify', photo('squat.bmp'), '--top', '1']).status).toBe(0);
  });
});

describe('mistakes', () => {
  itNeeds([cli], 'get one message that teaches, and no stack', () => {
    const cases: [string[], string][] = [
      [
        ['clasify'],
        'gesso: there is no command "clasify".\n  known  classify, run, about, models, offline, --help, --version\n  Try: classify\n',
      ],
      [
        ['classify', 'a.png', '--modle', 'x'],
        'gesso classify: there is no flag "--modle".\n  known  --model, --top, --labels, --json, --help\n  Try: --model\n',
      ],
      [
        ['classify', 'a.png', '--model'],
        'gesso classify: --model takes a value.\n  given  none\n  Try: --model MODEL\n',
      ],
      [
        ['classify', 'a.png', '--json=1'],
        'gesso classify: --json takes no value.\n  given  1\n  Try: --json\n',
      ],
      [
        ['classify', 'a.png', '--top', 'all'],
        'gesso classify: --top takes a whole number from 1.\n  given  all\n  Try: --top 5\n',
      ],
      [
        ['classify'],
        'gesso: one photo is needed.\n  given  none\n  Try: gesso classify photo.jpg --model mobilenet\n',
      ],
      [['classify', 'a', 'b'], 'gesso: one photo is needed.\n  given  a b\n'],
      [
        ['classify', 'nowhere.png', '--model', 'digits'],
        'classify: the picture cannot be read.\n  given  nowhere.png\n  reason  404 no such file\n',
      ],
      [['classify', 'a.png', '--model', './nowhere'], 'model.json: the file is not there.\n'],
      [['run', 'x'], 'gesso run: --golden is needed.\n'],
      [
        ['run', 'x', '--golden', 'nowhere.json'],
        'gesso run: the golden file cannot be read.\n  file  nowhere.json\n',
      ],
    ];
    for (const [args, expected] of cases) {
      const { status, stdout, stderr } = gesso(args);
      expect(stderr.slice(0, expected.length)).toBe(expected);
      expect(stderr).not.toMatch(/\n {4}at /);
      expect([status, stdout]).toEqual([1, '']);
    }
  });

  itNeeds([cli], 'are met by help', () => {
    expect(gesso(['--help'])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('gesso classify PHOTO'),
    });
    expect(gesso([]).status).toBe(1);
    const { stdout } = gesso(['classify', '--help']);
    for (const flag of ['-m, --model MODEL', '-t, --top N', '-l, --labels FILE', '--json'])
      expect(stdout).toContain(flag);
  });
});

describe('gesso about', () => {
  itNeeds([cli], 'prints the card', () => {
    const { stdout } = gesso(['about', 'digits']);
    expect(stdout).toMatch(/^name {8}digits$/m);
    expect(stdout).toMatch(/^inputs {6}.*float32 \[\?, 28, 28, 1\]$/m);
    expect(stdout).toMatch(/^trainedOn {3}.*MNIST/m);
  });
});

describe('gesso run', () => {
  const known = existsSync(goldens)
    ? readdirSync(goldens).filter((name) => name !== 'tasks.json')
    : [];
  for (const name of known) {
    const { model: path } = readJson<{ model: string }>(join(goldens, name));
    for (const [build, flags] of [
      ['simd', []],
      ['relaxed', relaxed],
    ] as const) {
      if (build === 'simd' && relaxed.length === 0) continue; // newer Nodes run only the relaxed one
      itNeeds(
        [cli, model(path)],
        `${path} gives what TensorFlow.js gives, on the ${build} build`,
        () => {
          const { status, stdout, stderr } = gesso(
            ['run', model(path), '--golden', join(goldens, name)],
            [...flags],
          );
          expect({ status, stderr, stdout }).toMatchObject({ status: 0, stderr: '' });
          expect(stdout).toMatch(/worst error relative to the largest value: \d\.\de-\d+/);
        },
      );
    }
  }

  itNeeds([cli, model('xor_layers'), goldens], 'fails when the outputs differ', () => {
    const golden = readJson<{ outputs: { values: number[] }[] }>(
      join(goldens, 'xor_layers__model.json'),
    );
    golden.outputs[0]?.values.splice(0, 1, 0.5);
    const file = join(mkdtempSync(join(tmpdir(), 'gesso-')), 'golden.json');
    writeFileSync(file, JSON.stringify(golden));
    const { status, stdout } = gesso(['run', model('xor_layers/model.json'), '--golden', file]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^FAIL activation_2 \[1, 1\]: worst 3\.\de-1, l2 /);
  });
});
