// Sketches for p5 and ml5 as pages: what each draws, and beside it its code, to be changed and run.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { captionOf, renderCaption } from './gallery.js';
import { escapeHtml } from './html.js';
import { fill, type MadePage, type MadePages } from './pages.js';
import { sketches as folder } from './places.js';
import { tell, texts } from './texts.js';

/** A sketch, by the name of its file. */
interface Sketch {
  name: string;
  title: string;
  /** Its first comment, or what the texts have in its place. */
  caption: string;
  language: string;
  code: string;
  /** What it must be allowed first, in words; undefined where it begins by itself. */
  asks: string | undefined;
}

const titles: Record<string, string> = texts.sketches;

/** Every sketch: the shortest first. */
async function readSketches(): Promise<Sketch[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.js'));
  const found = await Promise.all(files.map(readSketch));
  return found.sort((a, b) => countLines(a) - countLines(b) || a.name.localeCompare(b.name));
}

async function readSketch(file: string): Promise<Sketch> {
  const [first = '', ...rest] = (await readFile(join(folder, file), 'utf8')).split('\n');
  const name = file.replace('.js', '');
  const code = rest.join('\n').trim();
  const title = titles[name];
  if (title === undefined) {
    throw new Error(
      `web/sketches/${file}: the texts do not say what it is called.\n  wanted  sketches.${name}\n` +
        '  Try: add it to web/site/texts/en.json',
    );
  }
  const { camera, network } = texts.pages.sketch;
  const needsCamera = code.includes('createCapture') && !code.includes('createButton');
  const fetches = /mobilenet|bodyPose|bodySegmentation|faceMesh/i.test(code);
  const asks = needsCamera ? camera : fetches ? network : undefined;
  return { name, title, ...captionOf(`sketches/${name}`, first), code, asks };
}

function countLines({ code }: Sketch): number {
  return code.split('\n').length;
}

/** The page of each sketch. */
export async function sketchPages(): Promise<MadePages> {
  return new Map(
    (await readSketches()).map((sketch): [string, MadePage] => [
      `sketches/${sketch.name}`,
      { title: sketch.title, description: sketch.caption, content: () => renderSketch(sketch) },
    ]),
  );
}

/** The files that sketches load. */
export async function sketchFiles(): Promise<string[]> {
  return (await readdir(folder)).filter((file) => !file.endsWith('.js'));
}

/** One card for each. */
export async function renderSketchList(): Promise<string> {
  const cards = (await readSketches()).map(
    (sketch) =>
      `<li><a class="card" href="./sketches/${sketch.name}/"><div class="stretched">` +
      `<img src="/covers/${sketch.name}.webp" alt="" loading="lazy" /></div>` +
      `<h3>${sketch.title}</h3><p${sketch.language}>${escapeHtml(sketch.caption)}</p>` +
      `<p class="count">${tell(texts.site.lines, { count: countLines(sketch) })}</p></a></li>`,
  );
  return cards.join('\n');
}

function renderSketch(sketch: Sketch): string {
  const { name, title, code, asks } = sketch;
  const words = {
    ...texts.pages.common,
    ...texts.pages.sketch,
    asks: asks ?? '',
    begins: asks ? 'asked' : 'alone',
    name,
  };
  return fill(
    '<script type="module" src="/studio/sketchbook.ts"></script>' +
      `<h1>${title}</h1>${renderCaption(sketch)}<div class="bench even">` +
      '<section aria-label="{{stage}}"><!-- stage --></section><!-- editor --></div>',
    words,
    `sketches/${name}`,
  ).replace(/(<code data-code[^>]*>)(?=<)/, (tag) => tag + escapeHtml(code));
}
