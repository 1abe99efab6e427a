// The guide and the operators: pages made from the Markdown in docs/, a page for each first-level heading.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { Lexer, Marked, type Token, type Tokens, type TokensList } from 'marked';
import { renderCode } from './highlight.js';
import { escapeHtml, slug } from './html.js';
import type { MadePage, MadePages } from './pages.js';
import { tree } from './places.js';
import { inEnglish, tell, texts } from './texts.js';

/** The documents of the guide, in the order in which they are read. */
const sources = [
  'docs/guide.md',
  'docs/voices.md',
  'docs/glossary.md',
  'docs/ethics.md',
  'models/digits/README.md',
  'models/shakespeare/README.md',
  'docs/internals.md',
];
const operators = 'docs/operators.md';

/** A part of a document: a first-level heading and what follows it. */
interface Part {
  source: string;
  title: string;
  /** The page that it becomes: `guide/classify`. */
  folder: string;
  tokens: Token[];
  headings: Tokens.Heading[];
}

/** The pages of the guide. */
export async function readGuides(): Promise<MadePages> {
  const parts: Part[] = [];
  for (const source of sources) {
    for (const tokens of splitByTitle(await readTokens(source))) {
      const [title] = tokens;
      if (title?.type !== 'heading') continue;
      const first = parts.length === 0;
      parts.push({
        source,
        title: source.startsWith('models/')
          ? tell(texts.site.modelCard, { name: title.text })
          : title.text,
        folder: first ? 'guide' : `guide/${slug(title.text)}`,
        tokens: tokens.slice(1),
        headings: tokens.filter((token) => isHeading(token)).filter(({ depth }) => depth === 2),
      });
    }
  }
  const [index, ...chapters] = parts;
  if (!index) throw new Error(`${sources[0]} has no title`);
  const pages = chapters.map((part, i): [string, MadePage] => [
    part.folder,
    {
      title: part.title,
      description: plain(captionOf(part)),
      language: inEnglish,
      content: () => renderPart(part, chapters, chapters[i - 1], chapters[i + 1]),
    },
  ]);
  const content = () => renderIndex(index, chapters);
  const page = { title: texts.site.guide, description: texts.site.guideCaption, content };
  return new Map([['guide', page], ...pages]);
}

/** The page of the operators. */
export function operatorPages(): MadePages {
  const content = async () => {
    const [, , , ...tokens] = await readTokens(operators); // without title and who wrote the file
    const part = { source: operators, title: '', folder: 'operators', tokens, headings: [] };
    const body = await renderTokens(part, []);
    return (
      `<h1>${texts.site.operators}</h1><p class="caption">${texts.site.operatorsCaption}</p>` +
      `${renderCoverage(tokens)}<div class="prose wide"${inEnglish}>${body}</div>`
    );
  };
  const page = { title: texts.site.operators, description: texts.site.operatorsCaption, content };
  return new Map([['operators', page]]);
}

async function readTokens(source: string): Promise<TokensList> {
  return new Lexer().lex(await readFile(join(tree, source), 'utf8'));
}

function splitByTitle(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [];
  for (const token of tokens) {
    if (isHeading(token) && token.depth === 1) parts.push([]);
    parts.at(-1)?.push(token);
  }
  return parts;
}

function isHeading(token: Token): token is Tokens.Heading {
  return token.type === 'heading';
}

function captionOf({ tokens }: Part): Token | undefined {
  const first = tokens.find(({ type }) => type !== 'space');
  return first?.type === 'paragraph' ? first : undefined;
}

function plain(token: Token | undefined): string {
  return (token && 'text' in token ? String(token.text) : '')
    .replaceAll('\n', ' ')
    .replace(/\[(.*?)\]\(.*?\)/g, '$1')
    .replaceAll('`', '');
}

function renderIndex(index: Part, chapters: readonly Part[]): string {
  const items = chapters.map(
    (part) =>
      `<li><a class="entry" href="../${part.folder}/"><h2>${escapeHtml(part.title)}</h2></a>` +
      `<p>${escapeHtml(firstSentence(plain(captionOf(part))))}</p></li>`,
  );
  return (
    `<h1>${texts.site.guide}</h1><p class="caption"${inEnglish}>${escapeHtml(plain(captionOf(index)))}</p>` +
    `<ol class="chapters"${inEnglish}>${items.join('')}</ol>`
  );
}

/** Up to the first end of a sentence. */
function firstSentence(text: string): string {
  return /^.*?[.:!?](?= |$)/.exec(text)?.[0].replace(/:$/, '.') ?? text;
}

async function renderPart(
  part: Part,
  chapters: readonly Part[],
  before: Part | undefined,
  after: Part | undefined,
): Promise<string> {
  const caption = captionOf(part);
  const rest = part.tokens.filter((token) => token !== caption);
  const lead = caption ? await renderTokens({ ...part, tokens: [caption] }, chapters) : '';
  const turn = [
    before &&
      `<a href="../../${before.folder}/"><span>${texts.site.before}</span><span class="name"${inEnglish}>${escapeHtml(before.title)}</span></a>`,
    after &&
      `<a class="next" href="../../${after.folder}/"><span>${texts.site.after}</span><span class="name"${inEnglish}>${escapeHtml(after.title)}</span></a>`,
  ];
  return (
    `<div class="reader"><article class="prose"><div${inEnglish}><h1>${escapeHtml(part.title)}</h1>` +
    `<div class="lead">${lead}</div>${await renderTokens({ ...part, tokens: rest }, chapters)}</div>` +
    `<nav class="turn" aria-label="${texts.site.after}">${turn.filter(Boolean).join('')}</nav></article>` +
    `${renderContents(part, chapters)}</div>`
  );
}

function renderContents(part: Part, chapters: readonly Part[]): string {
  const items = chapters.map((chapter) => {
    const here = chapter === part;
    const headings = here ? part.headings : [];
    const inner = headings.map(
      ({ text }) => `<li><a href="#${slug(text)}">${escapeHtml(text.replaceAll('`', ''))}</a></li>`,
    );
    const below = inner.length > 1 ? `<ul>${inner.join('')}</ul>` : '';
    const current = here ? ' aria-current="page"' : '';
    return `<li><a href="../../${chapter.folder}/"${current}>${escapeHtml(chapter.title)}</a>${below}</li>`;
  });
  return `<nav class="contents" aria-label="${texts.site.guides}"><ul${inEnglish}>${items.join('')}</ul></nav>`;
}

/** Markdown as HTML: code coloured, drawings in place, links from page to page. */
async function renderTokens(part: Part, chapters: readonly Part[]): Promise<string> {
  const code = new Map<Token, string>();
  const marked = new Marked();
  marked.use({
    renderer: {
      heading({ depth, tokens, text }) {
        const id = slug(text);
        const inner = this.parser.parseInline(tokens);
        return `<h${depth} id="${id}"><a class="anchor" href="#${id}">${inner}</a></h${depth}>\n`;
      },
      code: (token) => code.get(token) ?? '',
      table(token) {
        const row = (cells: Tokens.TableCell[], tag: string) => {
          const filled = cells.map((cell) => {
            const name = cell.text === '' ? 'td' : tag; // a heading must say something
            return `<${name}>${this.parser.parseInline(cell.tokens)}</${name}>`;
          });
          return `<tr>${filled.join('')}</tr>`;
        };
        const named = token.header.some(({ text }) => text !== '');
        const head = named ? `<thead>${row(token.header, 'th')}</thead>` : '';
        const body = token.rows.map((cells) => row(cells, 'td')).join('\n');
        return (
          `<div class="scroll" tabindex="0" role="group" aria-label="${texts.site.table}">` +
          `<table>${head}<tbody>${body}</tbody></table></div>\n`
        );
      },
      link({ href, tokens }) {
        const address = resolveLink(href, part, chapters);
        return `<a href="${escapeHtml(address)}">${this.parser.parseInline(tokens)}</a>`;
      },
      image: ({ href, text }) =>
        `<span class="drawing" data-drawing="${escapeHtml(href)}">${escapeHtml(text)}</span>`,
    },
  });
  for (const token of part.tokens) {
    if (token.type !== 'code') continue;
    code.set(token, await renderCode(token.text, (token.lang ?? '').split(' ')[0] ?? ''));
  }
  return hangDrawings(marked.parser(part.tokens), part);
}

/** Puts the drawings of a document into the page, where they take its colours. */
async function hangDrawings(html: string, { source }: Part): Promise<string> {
  const places = /<p><span class="drawing" data-drawing="(.*?)">(.*?)<\/span><\/p>/g;
  const drawings = new Map<string, string>();
  for (const [, file = ''] of html.matchAll(places)) {
    drawings.set(file, await readFile(join(tree, dirname(source), file), 'utf8'));
  }
  return html.replace(places, (_, file, text) => {
    const drawing = drawings.get(file) ?? '';
    return `<figure class="drawing">${drawing.replace('aria-hidden="true"', `role="img" aria-label="${text}"`)}</figure>`;
  });
}

/** Where a link of a document leads on the site. */
function resolveLink(href: string, part: Part, chapters: readonly Part[]): string {
  if (/^[a-z]+:/.test(href)) return href;
  const [file = '', anchor = ''] = href.split('#');
  const target = file === '' ? part.source : posix.join(posix.dirname(part.source), file);
  const top = '../'.repeat(part.folder.split('/').length);
  if (target === operators) return `${top}operators/`;
  const demo = /^web\/demos\/(.*)index\.html$/.exec(target)?.[1];
  if (demo !== undefined && existsSync(join(tree, target))) return `${top}${demo}`;
  const sketch = /^web\/sketches\/(\w+)\.js$/.exec(target)?.[1];
  if (sketch !== undefined && existsSync(join(tree, target))) return `${top}sketches/${sketch}/`;
  const inFile = chapters.filter(({ source }) => source === target);
  const holds = ({ tokens }: Part) =>
    tokens.some((token) => isHeading(token) && slug(token.text) === anchor);
  const page = anchor ? inFile.find(holds) : inFile[0];
  if (!page) {
    throw new Error(
      `${part.source}: a link leads to nothing on the site.\n  link  ${href}\n  Try: a heading of a document, or one of ${sources.join(', ')}`,
    );
  }
  return `${top}${page.folder}/${anchor && `#${anchor}`}`;
}

/** How many operators each kind of kernel runs: the summary of the table below it. */
function renderCoverage(tokens: readonly Token[]): string {
  const table = tokens.find((token): token is Tokens.Table => token.type === 'table');
  if (!table) return '';
  const column = table.header.findIndex(({ text }) => text === 'Kernels');
  const kernels = table.rows.map((row) => row[column]?.text ?? '');
  const kinds: [name: string, does: (text: string) => boolean][] = [
    [texts.site.kernels.xnnpack, (text) => text.includes('xnnpack')],
    [texts.site.kernels.simd, (text) => text.includes('simd')],
    [texts.site.kernels.reference, (text) => text === 'reference'],
  ];
  const bars = kinds.map(([name, does]) => {
    const count = kernels.filter(does).length;
    return (
      `<li><span class="label">${name}</span><span class="percent">${tell(texts.site.ofAll, { count, all: kernels.length })}</span>` +
      `<span class="track"><span class="paint" style="--share: ${count / kernels.length}"></span></span></li>`
    );
  });
  return `<ul class="bars coverage">${bars.join('')}</ul>`;
}
