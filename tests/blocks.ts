// The code blocks of the documents, and what each of them says that it prints.
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..');

/**
 * A code block. The words after its fence say how it is tested:
 *
 * - `js`, `ts`: runs in Node, in a folder of given files
 * - `js mistake`: runs in Node, and the types must know better
 * - `js page`, `html`: runs in a browser
 * - `js p5`: runs in a browser with both versions of p5
 * - `sh`: runs in bash, where `npx gesso` is the command of dist/
 * - `json gesso.json`: is a file of that name that the library takes
 */
export interface Block {
  /** `docs/guide.md:12` */
  where: string;
  language: string;
  note: string;
  text: string;
  /** The block without a language right after it, if there is one; `…` stands for anything. */
  prints: string | undefined;
}

export const documents = [
  'README.md',
  ...readdirSync(resolve(root, 'docs')).flatMap((name) =>
    name.endsWith('.md') ? [`docs/${name}`] : [],
  ),
];

/** All code blocks of a document in their order. */
export function blocksOf(document: string): Block[] {
  const blocks: Block[] = [];
  let open: Block | undefined;
  let before: Block | undefined; // with nothing but empty lines since
  for (const [i, line] of readFileSync(resolve(root, document), 'utf8').split('\n').entries()) {
    if (open) {
      if (line !== '```') open.text += `${line}\n`;
      else {
        if (open.language === '' && before) before.prints = open.text;
        else blocks.push(open);
        before = open.language === '' ? undefined : open;
        open = undefined;
      }
      continue;
    }
    const fence = /^```(\S*) ?(.*)$/.exec(line);
    if (fence) {
      const [, language = '', note = ''] = fence;
      open = { where: `${document}:${i + 1}`, language, note, text: '', prints: undefined };
    } else if (line !== '') before = undefined;
  }
  return blocks;
}

export const blocks = documents.flatMap(blocksOf);

/** The text of the module script of a page, or undefined if it has none. */
export function scriptOf(html: string): string | undefined {
  return /<script type="module">\n([\s\S]*?)<\/script>/.exec(html)?.[1];
}

/** A pattern for text that is printed, spaces and line ends aside; `…` stands for anything. */
export function patternOf(prints: string): RegExp {
  const parts = dense(prints)
    .split('…')
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('[\\s\\S]*?')}$`);
}

export function dense(text: string): string {
  return text.replace(/\s+/g, '');
}
