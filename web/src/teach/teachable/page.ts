// One page with the library and a network inside, which names what a camera or a picture shows.
import type { ModelFiles, SaveTarget } from '../../layers/layersModel.js';
import { downloadBlob, readOptions, store } from '../../library.js';
import { escaped, filesForScript, forScript, libraryText } from '../../selfContained.js';
import { graftOf } from './export.js';
import { program, style } from './pageParts.js';
import type { ExportPageOptions } from './types.js';

const who = 'exportPage';

export async function exportPage(
  extractor: object,
  where: SaveTarget,
  given: ExportPageOptions,
): Promise<void> {
  const { title } = readOptions(who, given, { title: '' });
  const graft = await graftOf(who, extractor);
  const card = 'card' in extractor ? (extractor.card as Partial<Record<string, unknown>>) : {};
  const heading = title || String(card.title ?? '') || graft.labels.join(', ');
  const files: ModelFiles = new Map(graft.files);
  const { labels, preprocess } = graft;
  files.set('gesso.json', new TextEncoder().encode(JSON.stringify({ labels, preprocess })));
  const facts: [string, string][] = [
    ['Made by', String(card.author ?? '')],
    ['Consent', String(card.consent ?? '')],
    ['Notes', String(card.notes ?? '')],
    ['On', String(card.date ?? '')],
    ['Classes', labels.join(', ')],
  ];
  const text = pageOf(heading, facts, await libraryText(), files);
  const bytes = new TextEncoder().encode(text);
  const [, name] = /^downloads:\/\/(.+)$/.exec(typeof where === 'string' ? where : '') ?? [];
  if (name === undefined) await store(where, new Map([['index.html', bytes]]));
  else
    downloadBlob(`${name.replace(/\.html$/, '')}.html`, new Blob([bytes], { type: 'text/html' }));
}

function pageOf(
  title: string,
  facts: readonly [string, string][],
  library: string,
  files: ModelFiles,
): string {
  const rows = facts
    .filter(([, text]) => text !== '')
    .map(([name, text]) => `<div><dt>${name}</dt><dd>${escaped(text)}</dd></div>`)
    .join('\n        ');
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${escaped(title)}</title>
    <link rel="icon" href="data:," />
    <style>${style}</style>
  </head>
  <body>
    <main>
      <h1>${escaped(title)}</h1>
      <p>Point the camera at something, or drop a picture here. All of it is computed in this page:
        no picture leaves this machine.</p>
      <div class="stage" data-stage>
        <canvas width="448" height="448" role="img" aria-label="Nothing to see yet" data-seen></canvas>
      </div>
      <p class="buttons">
        <button type="button" aria-pressed="false" data-camera>Camera</button>
        <label class="choose">Choose a picture<input type="file" accept="image/*" data-file /></label>
      </p>
      <p role="alert" data-trouble></p>
      <p class="answer" role="status" data-answer>Loading …</p>
      <ol data-bars></ol>
      <dl>
        ${rows}
      </dl>
    </main>
    <script>${forScript(library)}</script>
    <script type="application/json" id="model">${filesForScript(files)}</script>
    <script>${program}</script>
  </body>
</html>
`;
}
