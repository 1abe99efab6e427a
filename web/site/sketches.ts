// Sketches for p5 and ml5 as pages: what each draws, and beside it its code, to be changed and run.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { escapeHtml } from './html.js';
import type { MadePage, MadePages } from './pages.js';
import { demos, tree } from './places.js';
import { texts } from './texts.js';

/** A sketch that runs on its own, by the name of its file. */
interface Sketch {
  name: string;
  title: string;
  /** Its first comment. */
  caption: string;
  code: string;
}

const folder = join(tree, 'web/sketches');
const elsewhere = /mobilenet/i; // a model that does not come with the site

/** All sketches that need nothing but what the site has: the shortest first. */
async function readSketches(): Promise<Sketch[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.js'));
  const sketches = await Promise.all(
    files.map(async (file): Promise<Sketch> => {
      const [first = '', ...rest] = (await readFile(join(folder, file), 'utf8')).split('\n');
      const name = file.replace('.js', '');
      const title = name.charAt(0).toUpperCase() + name.slice(1);
      return { name, title, caption: first.replace('// ', ''), code: rest.join('\n').trim() };
    }),
  );
  const lines = ({ code }: Sketch) => code.split('\n').length;
  return sketches
    .filter(({ code }) => !elsewhere.test(code))
    .sort((a, b) => lines(a) - lines(b) || a.name.localeCompare(b.name));
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

/** What the gallery says of each. */
export async function renderSketchList(): Promise<string> {
  const items = (await readSketches()).map(
    ({ name, title, caption, code }) =>
      `<li><a class="entry" href="./sketches/${name}/"><h3>${title}</h3></a>` +
      `<p>${escapeHtml(caption)}</p><p class="count">${texts.lines(code.split('\n').length)}</p></li>`,
  );
  return items.join('\n');
}

async function renderSketch({ title, caption, code }: Sketch): Promise<string> {
  const editor = await readFile(join(demos, 'studio/editor.html'), 'utf8');
  const filled = editor.replace(/(<code data-code[^>]*>)/, (tag) => tag + escapeHtml(code));
  return (
    `<h1>${title}</h1><p class="caption">${escapeHtml(caption)}</p>` +
    `<div class="bench even"><section aria-label="${texts.stage}">` +
    `<iframe class="stage-frame stretched" title="${texts.stage}" data-stage></iframe></section>` +
    `${filled}</div><script type="module" src="/studio/sketchbook.ts"></script>`
  );
}
