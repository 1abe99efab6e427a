// The demos, by what their own files say of them.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { escapeHtml } from './html.js';
import { demos } from './places.js';
import { texts } from './texts.js';

/** A demo: a folder with a page, a sketch and a cover. */
export interface Demo {
  /** Its folder. */
  name: string;
  /** The heading of its page. */
  title: string;
  /** The first comment of its sketch. */
  caption: string;
  /** The sketch without that comment. */
  sketch: string;
  /** The text of cover.svg. */
  cover: string;
}

/** All demos: the shortest sketch first. */
export async function readDemos(): Promise<Demo[]> {
  const entries = await readdir(demos, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const found = await Promise.all(folders.map(readDemo));
  return found
    .filter((demo) => demo !== undefined)
    .sort((a, b) => countLines(a) - countLines(b) || a.name.localeCompare(b.name));
}

/** A demo by its folder; undefined where there is no sketch. */
export async function readDemo(name: string): Promise<Demo | undefined> {
  const source = await readFile(join(demos, name, 'sketch.js'), 'utf8').catch(() => undefined);
  if (source === undefined) return undefined;
  const [first = '', ...rest] = source.split('\n');
  const page = await readFile(join(demos, name, 'index.html'), 'utf8');
  const cover = await readFile(join(demos, name, 'cover.svg'), 'utf8');
  return {
    name,
    title: /<h1>(.*?)<\/h1>/.exec(page)?.[1] ?? name,
    caption: first.replace(/^\/\/ ?/, ''),
    sketch: rest.join('\n').trim(),
    cover: cover.trim(),
  };
}

function countLines({ sketch }: Demo): number {
  return sketch.split('\n').length;
}

/** One card for each demo. */
export async function renderGallery(): Promise<string> {
  const cards = (await readDemos()).map(
    (demo) =>
      `<li><a class="card" href="./${demo.name}/"><div class="stretched">${demo.cover}</div>` +
      `<h2>${demo.title}</h2><p>${escapeHtml(demo.caption)}</p>` +
      `<p class="count">${texts.lines(countLines(demo))}</p></a></li>`,
  );
  return cards.join('\n');
}
