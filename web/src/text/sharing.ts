// A voice to give away: one page that talks without a network, or one zip.
import type { ModelFiles } from '../layers/layersModel.js';
import { downloadBlob } from '../library.js';
import { escaped, filesForScript, forScript, libraryText } from '../selfContained.js';
import { zip } from '../zip.js';
import type { VoiceCard } from './types.js';

/** Several files as one download. */
export function downloadOne(name: string, files: ModelFiles): void {
  const [only] = files.size === 1 ? files.values() : [];
  const blob = only ? new Blob([only], { type: 'text/html' }) : zip(files);
  downloadBlob(`${name || 'voice'}.${only ? 'html' : 'zip'}`, blob);
}

/** One page with the library, the voice and its card inside. */
export async function pageOf(
  files: ModelFiles,
  card: VoiceCard | null,
): Promise<Uint8Array<ArrayBuffer>> {
  const library = await libraryText();
  const title = card?.title || 'A voice';
  const loss = card?.valLoss ?? card?.loss;
  const size = card?.characters;
  const facts: [string, string | undefined][] = [
    ['Made by', card?.author],
    ['Learned from', card?.source],
    ['Consent', card?.consent],
    ['On', card?.date],
    ['Size of the text', size ? `${size.toLocaleString('en')} characters` : undefined],
    ['Loss', loss ? `${loss.toFixed(2)} nats a character` : undefined],
  ];
  const rows = facts
    .filter(([, text]) => text)
    .map(([name, text]) => `<div><dt>${name}</dt><dd>${escaped(text ?? '')}</dd></div>`)
    .join('\n        ');
  const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${escaped(title)}</title>
    <link rel="icon" href="data:," />
    <style>
      :root { color-scheme: light dark; font: 1.125rem/1.6 Georgia, serif; }
      body { max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }
      textarea, button, input { font: inherit; }
      textarea { display: block; box-sizing: border-box; width: 100%; }
      form { display: grid; gap: 0.75rem; }
      form > div { display: flex; flex-wrap: wrap; gap: 0.75rem 1.5rem; align-items: center; }
      button { padding: 0.4rem 1.2rem; }
      output { display: block; min-height: 8rem; margin: 1.5rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
      dl { font-size: 0.9rem; }
      dl div { display: flex; gap: 0.75rem; }
      dt { flex: 0 0 8rem; font-weight: bold; }
      dd { margin: 0; }
    </style>
  </head>
  <body>
    <main>
      <h1>${escaped(title)}</h1>
      <form>
        <label>A beginning <textarea rows="2" name="seed"></textarea></label>
        <div>
          <label>Temperature <input type="range" name="temperature" min="0" max="1.5" step="0.1" value="0.5" /></label>
          <button>Write</button>
        </div>
      </form>
      <output aria-live="off"></output>
      <p>A network wrote this, character by character; nobody said it. Nothing leaves this page.</p>
      <dl>
        ${rows}
      </dl>
    </main>
    <script>${forScript(library)}</script>
    <script type="application/json" id="voice">${filesForScript(files)}</script>
    <script>
      const form = document.querySelector('form');
      const answer = document.querySelector('output');
      const files = JSON.parse(document.querySelector('#voice').textContent);
      const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      const model = new Map(Object.entries(files).map(([name, text]) => [name, bytesOf(text)]));
      const voice = gesso.charRNN(model);
      let writing = new AbortController();
      form.onsubmit = async (event) => {
        event.preventDefault();
        writing.abort();
        writing = new AbortController();
        const { signal } = writing;
        const seed = form.elements.seed.value;
        answer.textContent = seed;
        try {
          const temperature = form.elements.temperature.valueAsNumber;
          await voice.generate({ seed, temperature, length: 600, signal }, (written) => {
            if (!signal.aborted) answer.append(written);
          });
        } catch (error) {
          if (!signal.aborted) answer.textContent = error.message;
        }
      };
    </script>
  </body>
</html>
`;
  return new TextEncoder().encode(page);
}
