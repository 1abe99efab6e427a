// What the site says stands in web/site/texts alone, and everything there is said somewhere.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { say } from '../../web/site/say.js';
import en from '../../web/site/texts/en.json' with { type: 'json' };

const root = resolve(import.meta.dirname, '../..');
const demos = join(root, 'web/demos');
const site = join(root, 'web/site');

const below = (folder: string, ending: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending) && !file.startsWith('public'))
    .map((file) => join(folder, file));

/** Words that somebody would read: two in a row, or one that begins with a capital. */
const prose = /\p{L}{2,}[,;:.!?]? \p{L}{2,}|^\s*\p{Lu}\p{Ll}{2,}[ .…]*$/u;

/** Calls whose texts nobody reads: selectors, class names, names of events and of options. */
const silent =
  /^(find|make|querySelector(All)?|matches|closest|matchMedia|getContext|setProperty|fetch|Event)$/;

/** Names of things, which are the same in every language. */
const names =
  /^(Safari|Edge|Opera|Enter|Escape|Backspace|Delete|AbortError|Arrow\w+|XNNPACK|Kernels|Error|Needed|Home|End|code printed|number share)$/;

/** The texts in a source file that look as if they were meant for people. */
function textsIn(file: string): string[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(file, 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    if (ts.isThrowStatement(node)) return; // said to whoever builds the site; visitors read texts, too
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const { expression } = node;
      const name = ts.isPropertyAccessExpression(expression)
        ? expression.name.text
        : expression.getText(source);
      if (silent.test(name)) {
        node.arguments?.slice(name === 'make' ? 2 : 1).forEach(visit);
        visit(expression);
        return;
      }
    }
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) check(node.text);
    if (ts.isTemplateExpression(node)) {
      check([node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('0'));
    }
    ts.forEachChild(node, visit);
  };
  const check = (text: string) => {
    const read = text.replace(/<[^>]*>/g, ' ').replace(/\[data-[^\]]*\]/g, ' ');
    const isCode = /[{}<>=]|\d(px|rem)|\.js\b|(blob|data|https?):/.test(read);
    if (prose.test(read) && !isCode && !names.test(read.trim())) found.push(text);
  };
  visit(source);
  return found;
}

describe('the texts of the site', () => {
  const scripts = [...below(demos, '.ts'), ...below(site, '.ts')];

  it.each(scripts.map((file) => file.slice(root.length + 1)))('no other stands in %s', (file) => {
    expect(textsIn(join(root, file))).toEqual([]);
  });

  const pages = [...below(demos, '.html'), join(site, 'frame.html')];

  it.each(pages.map((file) => file.slice(root.length + 1)))('no other stands in %s', (file) => {
    const html = readFileSync(join(root, file), 'utf8')
      .replace(/<(pre|svg|script)\b[\s\S]*?<\/\1>/g, '') // code and drawings
      .replace(/<(\w+)[^>]* translate="no"[^>]*>[^<]*<\/\1>/g, '')
      .replace(/<kbd>.*?<\/kbd>|\{\{[\w-]+\}\}|<!--[\s\S]*?-->/g, '');
    const shown = [...html.matchAll(/>([^<]+)</g)].map(([, text = '']) => text);
    const labels = [...html.matchAll(/ (?:aria-label|alt|title|content)="([^"]*)"/g)];
    const spoken = labels.map(([, text = '']) => text).filter((text) => !/=/.test(text));
    const words = [...shown, ...spoken].filter((text) => /\p{L}{2,}/u.test(text));
    expect(words.map((text) => text.trim())).toEqual([]);
  });

  it('finds one that stands elsewhere', () => {
    const here = 'One that stands here.';
    expect(textsIn(join(import.meta.dirname, 'texts.test.ts'))).toContain(here);
  });

  it('are all in use', () => {
    const html = pages.map((file) => readFileSync(file, 'utf8')).join('\n');
    const code = scripts.map((file) => readFileSync(file, 'utf8')).join('\n');
    const said = (key: string) =>
      html.includes(`{{${key}}}`) || new RegExp(`<!-- [^>]*\\b${key}\\b`).test(html);
    const unused = Object.entries(en.pages).flatMap(([page, words]) =>
      Object.keys(words)
        .filter((key) => !['title', 'description', 'document'].includes(key))
        .filter((key) => !said(key) && !new RegExp(`\\b${key}\\b`).test(code))
        .map((key) => `${page}.${key}`),
    );
    const silentScripts = Object.keys(en.scripts).filter((key) => !code.includes(`texts.${key}`));
    const silentSite = Object.keys(en.site).filter(
      (key) => !code.includes(`texts.site.${key}`) && !html.includes(`{{${key}}}`),
    );
    expect([...unused, ...silentScripts, ...silentSite]).toEqual([]);
  });
});

describe('say', () => {
  it('puts values in their places, numbers as the language writes them', () => {
    expect(say('en', '{name}: {count} points', { name: 'Blue', count: 1200 })).toBe(
      'Blue: 1,200 points',
    );
    expect(say('de', '{count} Punkte', { count: 1200 })).toBe('1.200 Punkte');
    expect(say('en', 'A {word} that nobody has')).toBe('A {word} that nobody has');
  });

  it('takes the form that a count needs, or the other one', () => {
    const points = { one: 'One point', other: '{count} points' };
    expect([0, 1, 2].map((count) => say('en', points, { count }))).toEqual([
      '0 points',
      'One point',
      '2 points',
    ]);
    const polish = { one: '{count} punkt', few: '{count} punkty', other: '{count} punktów' };
    expect([1, 3, 5].map((count) => say('pl', polish, { count }))).toEqual([
      '1 punkt',
      '3 punkty',
      '5 punktów',
    ]);
  });
});
