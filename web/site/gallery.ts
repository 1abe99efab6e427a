// The demos, by what their own files say of them.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { escapeHtml } from './html.js';
import { demos } from './places.js';
import { inEnglish, tell, texts } from './texts.js';

/** A demo: a folder with a page, a sketch and a cover. */
export interface Demo {
  /** Its folder. */
  name: string;
  /** What the texts call its page. */
  title: string;
  /** The first comment of its sketch, or what the texts have in its place. */
  caption: string;
  /** An attribute that says so where that is not the language of the site. */
  language: string;
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
  const cover = await readFile(join(demos, name, 'cover.svg'), 'utf8');
  return {
    name,
    title: titles[name]?.title ?? name,
    ...captionOf(name, first),
    sketch: rest.join('\n').trim(),
    cover: cover.trim(),
  };
}

const titles: Record<string, Record<string, string>> = texts.pages;
const captions: Record<string, string> = texts.captions;

/** What a sketch says of itself in its first comment: in English, unless the texts have a translation. */
export function captionOf(name: string, comment: string): { caption: string; language: string } {
  const translated = captions[name];
  return {
    caption: translated ?? comment.replace(/^\/\/ ?/, ''),
    language: translated === undefined ? inEnglish : '',
  };
}

/** The line under the heading of a demo. */
export function renderCaption({ caption, language }: Pick<Demo, 'caption' | 'language'>): string {
  return `<p class="caption"${language} data-caption>${escapeHtml(caption)}</p>`;
}

function countLines({ sketch }: Demo): number {
  return sketch.split('\n').length;
}

/** One card for each demo. */
export async function renderGallery(): Promise<string> {
  const cards = (await readDemos()).map(
    (demo) =>
      `<li><a class="card" href="./${demo.name}/"><div class="stretched">${demo.cover}</div>` +
      `<h3>${demo.title}</h3><p${demo.language}>${escapeHtml(demo.caption)}</p>` +
      `<p class="count">${tell(texts.site.lines, { count: countLines(demo) })}</p></a></li>`,
  );
  return cards.join('\n');
}
