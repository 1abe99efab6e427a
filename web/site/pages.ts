// What every page is framed by, and the pages that are made rather than written.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { escapeHtml } from './html.js';
import { demos, tree } from './places.js';
import { texts } from './texts.js';

/** A page that no file holds. */
export interface MadePage {
  title: string;
  description: string;
  /** What stands in the page's main part. */
  content(): Promise<string> | string;
}

/** Pages by their folder below the root: `guide/classify`. */
export type MadePages = ReadonlyMap<string, MadePage>;

const sections: [folder: string, name: string][] = [
  ['', texts.demos],
  ['guide', texts.guide],
  ['reference', texts.reference],
  ['benchmark', texts.benchmark],
];

/** The whole document of a made page, before it is framed. */
export async function renderPage({ title, description, content }: MadePage): Promise<string> {
  return `<!doctype html>
<html lang="${texts.language}">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="description" content="${escapeHtml(description)}" />
    <title>${escapeHtml(title)} – ${texts.site}</title>
    <link rel="icon" href="/studio/icon.svg" />
    <link rel="stylesheet" href="/studio/style.css" />
    <link rel="stylesheet" href="/studio/reading.css" />
  </head>
  <body class="made">
    <!-- header -->
    <main class="page">${await content()}</main>
    <!-- footer -->
  </body>
</html>
`;
}

/** A page with the parts that several share: `<!-- editor -->` is studio/editor.html. */
async function withParts(html: string): Promise<string> {
  const parts = (await readdir(join(demos, 'studio'))).filter((name) => name.endsWith('.html'));
  let whole = html;
  for (const part of parts) {
    const text = await readFile(join(demos, 'studio', part), 'utf8');
    whole = whole.replace(`<!-- ${part.replace('.html', '')} -->`, () => text.trim());
  }
  return whole;
}

/**
 * Puts header and footer around a page, and the shared parts into it.
 *
 * @param folder where it is below the root: `` for the gallery, `guide/classify`
 */
export async function frame(html: string, folder: string): Promise<string> {
  const template = await readFile(join(tree, 'web/site/frame.html'), 'utf8');
  const top = folder === '' ? './' : '../'.repeat(folder.split('/').length);
  const links = sections.map(([section, name]) => {
    const [start] = folder === 'operators' ? ['reference'] : folder.split('/');
    const here = section !== '' && start === section ? ' aria-current="true"' : '';
    return `<li><a href="${top}${section}${section && '/'}"${here}>${name}</a></li>`;
  });
  const words: Record<string, string> = { ...textsOf(texts), top, links: links.join('\n') };
  const filled = template.replace(/\{\{(\w+)\}\}/g, (_, name) => words[name] ?? '');
  const [header = '', footer = ''] = filled.split('<!-- page -->');
  return (await withParts(html))
    .replace('<!-- header -->', () => header.trim())
    .replace('<!-- footer -->', () => footer.trim())
    .replace('<main class="page"', '<main class="page" id="main" tabindex="-1"');
}

function textsOf(all: object): Record<string, string> {
  return Object.fromEntries(Object.entries(all).filter(([, text]) => typeof text === 'string'));
}
