// What every page is framed by: a page itself holds only what is its own.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { escapeHtml } from './html.js';
import { demos, tree } from './places.js';
import { tell, texts } from './texts.js';

/** A page that no file holds. */
export interface MadePage {
  title: string;
  description: string;
  /** An attribute that says in which language the two are, if not in that of the site. */
  language?: string;
  /** What stands in the page's main part; scripts at its start go into the head. */
  content(): Promise<string> | string;
}

/** Pages by their folder below the root: `guide/classify`. */
export type MadePages = ReadonlyMap<string, MadePage>;

/** How a page appears around its content. */
interface Facts {
  title: string;
  description: string;
  /** As in MadePage. */
  language?: string;
  /** The title of the whole document; else the page's and the site's. */
  document?: string;
  /** The class of its body. */
  kind: string;
  /** More of the document's head. */
  head?: string;
}

const sections: [folder: string, name: string][] = [
  ['', texts.site.demos],
  ['guide', texts.site.guide],
  ['reference', texts.site.reference],
  ['benchmark', texts.site.benchmark],
];

/**
 * What a page of the built site may do: run the site's own scripts and WebAssembly, and nothing inline; ask
 * any address, because a visitor may name that of a model.
 */
const policy = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  'connect-src * blob: data:',
  "object-src 'none'",
  "base-uri 'self'",
].join('; ');

/** The way from a page to the top of the site. */
export function topOf(folder: string): string {
  return folder === '' ? './' : '../'.repeat(folder.split('/').length);
}

/**
 * The whole document of a page.
 *
 * @param html what is the page's own: scripts for its head, then its main part
 * @param folder where it is below the root: `` for the gallery, `guide/classify`
 * @param made what is known of it, if no file holds it
 * @param strict whether it says what it may do
 */
export function frame(
  html: string,
  folder: string,
  made: MadePage | undefined,
  strict: boolean,
): string {
  const [, scripts = '', content = ''] =
    /^\s*((?:<script [^>]*><\/script>\s*)*)([\s\S]*)$/.exec(html) ?? [];
  const facts = made ? factsOf(made) : written(folder);
  const { title, description, language: inLanguage = '', document, kind, head = '' } = facts;
  const words: Record<string, string> = {
    ...wordsOf(texts.site),
    named:
      `<meta name="description" content="${escapeHtml(description)}"${inLanguage} />
` + `<title${inLanguage}>${document ?? `${escapeHtml(title)} – ${texts.site.name}`}</title>`,
    kind,
    top: topOf(folder),
    links: linksFor(folder).join('\n'),
    policy: strict ? `<meta http-equiv="Content-Security-Policy" content="${policy}" />` : '',
    head: head + scripts.trim(),
    content: made ? content : fill(content, wordsFor(folder), folder),
  };
  const { language, direction } = texts;
  return fill(readFileSync(join(tree, 'web/site/frame.html'), 'utf8'), words, 'frame.html').replace(
    '<html lang="en" dir="ltr">',
    `<html lang="${language}" dir="${direction}">`,
  );
}

function factsOf({ title, description, language = '' }: MadePage): Facts {
  const head = '<link rel="stylesheet" href="/studio/reading.css" />\n';
  return { title, description, language, kind: 'made', head };
}

/** What the texts say of a page that is written as a file. */
function written(folder: string): Facts {
  const words = wordsFor(folder);
  const { title, description, document } = words;
  if (title === undefined || description === undefined) {
    throw new Error(
      `web/demos/${folder}: the texts do not say what this page is.\n` +
        `  wanted  pages.${folder || 'home'}.title and .description\n` +
        '  Try: add them to web/site/texts/en.json',
    );
  }
  return { title, description, ...(document && { document }), kind: folder || 'gallery' };
}

/** The words of a written page by name, and those that several pages share. */
function wordsFor(folder: string): Record<string, string | undefined> {
  const pages: Record<string, Record<string, string>> = texts.pages;
  return { ...pages.common, ...pages[folder || 'home'] };
}

function linksFor(folder: string): string[] {
  return sections.map(([section, name]) => {
    const [start] = folder === 'operators' ? ['reference'] : folder.split('/');
    const here = section !== '' && start === section ? ' aria-current="true"' : '';
    return `<li><a href="${topOf(folder)}${section}${section && '/'}"${here}>${name}</a></li>`;
  });
}

/**
 * Puts words and parts into a page.
 *
 * - `{{name}}` is a word of the page.
 * - `<!-- editor -->` is the part studio/editor.html.
 * - `<!-- key: 0 1 2 -->` is that part for each of these: there `{{it}}` is the name, `{{text}}` its word.
 */
export function fill(
  html: string,
  words: Record<string, string | undefined>,
  where: string,
): string {
  return html
    .replace(/<!-- ([\w-]+)(?:: ([^>]*?))? -->/g, (whole, name: string, list = '') => {
      const part = readPart(name);
      if (part === undefined) return whole;
      return (list || ' ')
        .split(list ? /\s+/ : undefined)
        .map((it: string) => fill(part, { ...words, it, text: words[it] }, `${name}.html`))
        .join('\n');
    })
    .replace(/\{\{([\w-]+)\}\}/g, (_, name: string) => {
      const word = words[name];
      if (word !== undefined)
        return name === 'text' || words.it === undefined ? word : tell(word, { it: words.it });
      throw new Error(
        `${where || 'index.html'}: there is no text for this place.\n  place  {{${name}}}\n` +
          '  Try: add it to web/site/texts/en.json, under the page or under common',
      );
    });
}

function readPart(name: string): string | undefined {
  try {
    return readFileSync(join(demos, 'studio', `${name}.html`), 'utf8').trim();
  } catch {
    return undefined; // another mark, such as that of the gallery
  }
}

function wordsOf(all: object): Record<string, string> {
  return Object.fromEntries(Object.entries(all).filter(([, text]) => typeof text === 'string'));
}
