// The code in the documents: what runs in Node is run, all of it is checked against the types.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readRecipe } from '../../web/src/recipe.js';
import type { Registry } from '../../web/src/registry.js';
import { type Block, blocks, dense, documents, patternOf, root, scriptOf } from '../blocks.js';
import { cli, dist, goldens, itNeeds, model, models, photo, readJson } from './fixtures.js';

/** What the documents' programs find in their folder. */
const given = {
  'coffee.png': photo('coffee.png'),
  'photo.jpg': photo('tfjs_dog.jpg'),
  'person.jpg': photo('tfjs_pose.jpg'),
  'portrait.jpg': photo('tfjs_portrait.jpg'),
  'folder-of-a-model': model('mobilenet_v1_025_224_layers'),
  models,
  'iris.csv': resolve(models, '../data/tabular/iris.csv'),
  'shakespeare.txt': resolve(models, '../data/text/shakespeare.txt'),
  xor: model('xor_layers'),
  'xor-golden.json': join(goldens, 'xor_layers__model.json'),
};
const needs = [cli, ...Object.values(given)];

/** A new folder with the given files; below this package, so that its programs can import it. */
function desk(): string {
  mkdirSync(join(root, 'build'), { recursive: true });
  const folder = mkdtempSync(join(root, 'build/docs-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, path] of Object.entries(given)) symlinkSync(path, join(folder, name));
  return folder;
}

/** The models are found as a user has set it up before, unless the block sets it up itself. */
function environment({ text }: Block): NodeJS.ProcessEnv {
  const { GESSO_MODELS: _, ...rest } = process.env;
  return /setModelPath|GESSO_MODELS/.test(text) ? rest : { ...rest, GESSO_MODELS: models };
}

function expectPrinted({ prints }: Block, stdout: string): void {
  if (prints === undefined) return;
  expect(patternOf(prints).test(dense(stdout)), `it printed:\n${stdout}`).toBe(true);
}

const where = ({ where }: Block) => where;

describe('programs for Node', () => {
  const programs = blocks.filter(
    ({ language, note }) =>
      (language === 'js' || language === 'ts') && (note === '' || note === 'mistake'),
  );
  for (const block of programs) {
    itNeeds(needs, `${where(block)} runs and prints what it says`, () => {
      const cwd = desk();
      const target = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
      const { outputText } = ts.transpileModule(block.text, { compilerOptions: target });
      writeFileSync(join(cwd, 'sketch.mjs'), outputText);
      const env = environment(block);
      const { status, stdout, stderr } = spawnSync(process.execPath, ['sketch.mjs'], {
        cwd,
        env,
        encoding: 'utf8',
      });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expectPrinted(block, stdout);
    });
  }
});

describe('commands', () => {
  // With an empty PATH bash finds these two and nothing else.
  const bash = `
    set -eu; PATH=
    npx() { [ "$1" = gesso ] || exit 1; shift; "$NODE" "$CLI" "$@"; }
    npm() { [ "$1" = run ] && shift; [[ " $SCRIPTS " = *" $1 "* ]]; }
  `;
  const { scripts } = readJson<{ scripts: object }>(join(root, 'package.json'));
  const own = { NODE: process.execPath, CLI: cli, SCRIPTS: Object.keys(scripts).join(' ') };
  for (const block of blocks.filter(({ language }) => language === 'sh')) {
    itNeeds(needs, `${where(block)} runs and prints what it says`, () => {
      const { status, stdout, stderr } = spawnSync('bash', ['-c', bash + block.text], {
        cwd: desk(),
        env: { ...environment(block), ...own },
        encoding: 'utf8',
      });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expectPrinted(block, stdout);
    });
  }

  it.each(documents)('named in %s are those of package.json', (document) => {
    const named = readFileSync(join(root, document), 'utf8').matchAll(
      /`npm (?:run )?(?!run`)([\w-]+)/g,
    );
    for (const [, name] of named) expect(Object.keys(scripts)).toContain(name);
  });
});

describe('types', () => {
  /** What of p5 the documents use, and the global variable of gesso-ml5.js. */
  const p5 = `
    interface Picture { readonly elt: HTMLVideoElement; hide(): void }
    interface Paper {
      readonly canvas: HTMLCanvasElement;
      background(grey: number): void;
      stroke(grey: number): void;
      strokeWeight(width: number): void;
      line(x: number, y: number, x2: number, y2: number): void;
    }
    declare const ml5: typeof import('gesso/ml5').default;
    declare function createGraphics(width: number, height: number): Paper;
    declare function createCanvas(width: number, height: number): void;
    declare function createCapture(type: 'video'): Picture;
    declare const VIDEO: 'video';
    declare function describe(text: string): void;
    declare function image(
      p: Picture | Paper, x: number, y: number, width?: number, height?: number,
    ): void;
    declare function text(text: string, x: number, y: number): void;
    declare function textSize(size: number): void;
    declare function fill(colour: string): void;
    declare const width: number;
    declare const height: number;
    interface Window { setup(): void | Promise<void>; draw(): void }
  `;

  /** The mistakes that TypeScript finds in blocks, as `docs/guide.md:12 line 3: …`. */
  function mistakesIn(some: readonly Block[], more: ts.CompilerOptions): string[] {
    const folder = desk();
    writeFileSync(join(folder, 'p5.d.ts'), p5);
    const files = new Map(
      some.map((block, i) => {
        const file = join(folder, `${i}.${block.language === 'ts' ? 'ts' : 'js'}`);
        const script = block.language === 'html' ? (scriptOf(block.text) ?? '') : block.text;
        writeFileSync(file, script.replace("'./gesso/index.js'", "'gesso'"));
        return [file, block];
      }),
    );
    const { options } = ts.parseJsonConfigFileContent(
      readJson(join(root, 'tsconfig.json')),
      ts.sys,
      root,
      {
        allowJs: true,
        checkJs: true,
        types: ['node'],
        paths: { gesso: [join(dist, 'index.d.ts')], 'gesso/*': [join(dist, '*.d.ts')] },
        noUnusedLocals: false,
        ...more,
      },
    );
    const usesP5 = some.some(({ note }) => note === 'p5');
    const program = ts.createProgram(
      [...files.keys(), ...(usesP5 ? [join(folder, 'p5.d.ts')] : [])],
      options,
    );
    return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
      const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
      const block = files.get(file?.fileName ?? '');
      const text = ts.flattenDiagnosticMessageText(messageText, ' ');
      return `${block?.where ?? file?.fileName} line ${line}: ${text}`;
    });
  }

  // JavaScript as beginners write it: what querySelector gives is not asked whether it is null.
  const relaxed = { strict: false, exactOptionalPropertyTypes: false };
  const needsTypes = [join(dist, 'index.d.ts')];

  itNeeds(needsTypes, 'fit the programs in JavaScript', () => {
    const programs = blocks.filter(
      ({ language, note, text }) =>
        (language === 'js' && (note === '' || note === 'page')) ||
        (language === 'html' && scriptOf(text)),
    );
    expect(programs.length).toBeGreaterThan(10);
    expect(mistakesIn(programs, relaxed)).toEqual([]);
  });

  itNeeds(needsTypes, 'fit the p5 sketches', () => {
    const sketches = blocks.filter(({ note }) => note === 'p5');
    expect(mistakesIn(sketches, relaxed)).toEqual([]);
  });

  itNeeds(needsTypes, 'fit the programs in TypeScript', () => {
    const programs = blocks.filter(({ language }) => language === 'ts');
    expect(mistakesIn(programs, {})).toEqual([]);
  });

  itNeeds(needsTypes, 'show the mistakes that are made on purpose', () => {
    const wrong = blocks.filter(({ note }) => note === 'mistake');
    for (const block of wrong) expect(mistakesIn([block], relaxed)).toHaveLength(1);
  });

  itNeeds(needsTypes, 'would show a mistake', () => {
    const text =
      "import { imageClassifier } from './gesso/index.js';\nimageClassifier('digits', { topk: 3 });";
    const block = { where: 'here', language: 'js', note: '', text, prints: undefined };
    expect(mistakesIn([block], relaxed)).toEqual([
      expect.stringMatching(/^here line 2: .*'topk' does not exist/),
    ]);
  });
});

describe('other blocks', () => {
  const files = blocks.filter(({ language }) => language === 'json');
  it.each(files.map((block) => [where(block), block] as const))('%s is JSON', (_, block) => {
    expect(JSON.parse(block.text)).toBeTypeOf('object');
    if (block.note === 'gesso.json') readRecipe(block.note, block.where, block.text);
  });

  const quotes = blocks.filter(({ language }) => language === 'cpp');
  it.each(quotes.map((block) => [where(block), block] as const))(
    '%s quotes the core',
    (_, block) => {
      const folder = join(root, 'core/ops');
      const sources = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
      expect(sources.some((source) => source.includes(block.text.trim()))).toBe(true);
    },
  );

  it('have a language that is tested', () => {
    const known = [
      /^(js|ts|sh|html|json|cpp) $/,
      /^js (mistake|page|p5)$/,
      /^json gesso\.json$/,
      /^ $/,
    ];
    for (const block of blocks) {
      const fence = `${block.language} ${block.note}`;
      expect(
        known.some((pattern) => pattern.test(fence)),
        `${where(block)} ${fence}`,
      ).toBe(true);
    }
  });
});

describe('the guide', () => {
  const text = readFileSync(resolve(root, 'docs/guide.md'), 'utf8');
  const { models: known } = readJson<Registry>(resolve(root, 'models/registry.json'));

  it.each(Object.entries(known))('tells of the known model %s', (name, { folder, task, files }) => {
    const bytes = Object.values(files).reduce((sum, file) => sum + file.bytes, 0);
    const row = text.split('\n').find((line) => line.startsWith(`| \`${name}\` |`)) ?? '';
    const opener = task === 'pitchDetection' ? 'loadModel' : task;
    expect(row).toContain(` ${Math.round(bytes / 1e5) / 10} MB`);
    expect(row.endsWith(`| \`${folder}\` | \`${opener}\` |`)).toBe(true);
  });

  it('links to places that are there', () => {
    for (const document of documents) {
      const content = readFileSync(join(root, document), 'utf8');
      const anchors = [...content.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
        heading
          .toLowerCase()
          .replace(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
      );
      for (const [, link = ''] of content.matchAll(/\]\((?!https?:)([^)]*)\)/g)) {
        const [path = '', anchor] = link.split('#');
        if (path !== '') expect(existsSync(resolve(root, document, '..', path)), link).toBe(true);
        else expect(anchors).toContain(anchor);
      }
    }
  });
});
