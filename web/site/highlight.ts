// Code with its words coloured, once, when the site is built. The style sheet says which colours.
import { createCssVariablesTheme, createHighlighter } from 'shiki';
import { escapeHtml } from './html.js';

const languages = ['js', 'ts', 'html', 'sh', 'json', 'cpp'];

const highlighter = createHighlighter({
  themes: [createCssVariablesTheme({ name: 'gesso', variablePrefix: '--code-' })],
  langs: languages,
});

/** A block of code; without a language, what a program prints. */
export async function renderCode(text: string, language: string): Promise<string> {
  const known = languages.includes(language) ? language : 'text';
  const coloured = (await highlighter).codeToHtml(text.trimEnd(), { lang: known, theme: 'gesso' });
  const inner = /<code>([\s\S]*)<\/code>/.exec(coloured)?.[1] ?? escapeHtml(text);
  const kind = known === 'text' ? 'code printed' : 'code';
  // Focusable, so that the keyboard can scroll it.
  return `<figure class="${kind}"><pre tabindex="0"><code>${inner}</code></pre></figure>`;
}
