// The page in a folder that needs no network: what is there, how to use it, and whether it works.

/** A model on the page. */
export interface Shown {
  /** What a sketch calls it, if the library knows it. */
  name: string;
  /** What a sketch calls it otherwise. */
  path?: string;
  title?: string;
  task?: string;
  licence?: string;
  limits?: string;
}

const scripts =
  '<script src="./gesso/gesso-single.js"></script>\n<script src="./gesso/models.js"></script>';

/** How the script of the page begins, in either way. */
const classic = `${scripts}
    <script>
      const { imageClassifier, loadModel } = gesso;
`;
const modular = `<script type="module">
      import { imageClassifier, loadModel } from './gesso/index.js';

      document.querySelector('#served').hidden = true;
`;

const served = `      <p id="served">
        Open this page from a server on this machine, because browsers load no modules from a file
        that was double-clicked: in this folder start <code>python3 -m http.server</code>, then open
        <code>http://localhost:8000</code>.
      </p>

`;

/** @param doubleClick whether all is in scripts, which need no server */
export function pageOf(models: readonly Shown[], doubleClick = false): string {
  const rows = models.map(({ name, path, title = '', licence = '', limits = '' }) => {
    const cells = [title || name, licence, limits].map((text) => `<td>${escaped(text)}</td>`);
    return `        <tr><th scope="row"><code>${escaped(path ?? name)}</code></th>${cells.join('')}</tr>`;
  });
  const options = models.map(({ name, path, task = '' }) => {
    return `<option data-task="${escaped(task)}">${escaped(path ?? name)}</option>`;
  });
  const first = models.find(({ task }) => task === 'imageClassifier');
  const source = first ?? models[0];
  const example = sketchOf(source?.path ?? source?.name ?? '', first !== undefined, doubleClick);
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>gesso without a network</title>
    <link rel="icon" href="data:," />
    <style>
      :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
      body { max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
      table { border-collapse: collapse; }
      th, td { padding: 0.3rem 1rem 0.3rem 0; text-align: left; vertical-align: top; }
      pre { padding: 1rem; overflow: auto; border: 1px solid; }
      form { display: flex; flex-wrap: wrap; gap: 0.5rem 1.5rem; }
      output { display: block; min-height: 1.5em; margin-top: 1rem; white-space: pre-line; }
    </style>
  </head>
  <body>
    <main>
      <h1>gesso without a network</h1>
${doubleClick ? '' : served}      <h2>What is here</h2>
      <table>
        <tr><th scope="col">name</th><th scope="col">what</th><th scope="col">licence</th><th scope="col">what it gets wrong</th></tr>
${rows.join('\n')}
      </table>

      <h2>Try it</h2>
      <form>
        <label>Model <select>${options.join('')}</select></label>
        <label>Picture <input type="file" accept="image/*" /></label>
        <button>Load</button>
      </form>
      <output role="status"></output>

      <h2>Use it</h2>
      <p>
        Copy the folder <code>gesso</code> beside your page. The names above are found in it before
        anything is asked of a network; other names still need one.
      </p>
      <pre><code>${escaped(example)}</code></pre>
    </main>
    ${doubleClick ? classic : modular}
      const form = document.querySelector('form');
      const [model] = form.querySelectorAll('select');
      const [picture] = form.querySelectorAll('input');
      const answer = document.querySelector('output');

      async function tell() {
        answer.textContent = 'Loading …';
        try {
          const [file] = picture.files;
          const { task } = model.selectedOptions[0].dataset;
          const loaded = await (task === 'imageClassifier' ? imageClassifier : loadModel)(model.value);
          if (file && loaded.classify) {
            const results = await loaded.classify(file);
            answer.textContent = results
              .map(({ label, confidence }) => label + ': ' + Math.round(confidence * 100) + ' %')
              .join('\\n');
          } else {
            const { parameters } = await loaded.about();
            answer.textContent = 'It works: ' + parameters + ' weights are loaded.';
          }
          loaded.dispose();
        } catch (error) {
          answer.textContent = error.message;
        }
      }
      form.onsubmit = (event) => {
        event.preventDefault();
        tell();
      };
      picture.onchange = tell;
    </script>
  </body>
</html>
`;
}

function sketchOf(source: string, classifies: boolean, doubleClick: boolean): string {
  const name = JSON.stringify(source).replaceAll('"', "'");
  if (doubleClick) return classicSketchOf(name, classifies);
  const lines = classifies
    ? [
        "import { imageClassifier } from './gesso/index.js';",
        '',
        `const classifier = await imageClassifier(${name});`,
        "console.log(await classifier.classify(document.querySelector('img')));",
      ]
    : [
        "import { loadModel } from './gesso/index.js';",
        '',
        `const model = await loadModel(${name});`,
        'console.log(model.inputs, model.outputs);',
      ];
  return ['<script type="module">', ...lines.map((line) => line && `  ${line}`), '</script>'].join(
    '\n',
  );
}

/** The same for a page that no server has sent, which may have no modules. */
function classicSketchOf(name: string, classifies: boolean): string {
  const line = classifies
    ? `  gesso.imageClassifier(${name}).classify(document.querySelector('img')).then(console.log);`
    : `  gesso.loadModel(${name}).then((model) => console.log(model.inputs, model.outputs));`;
  return [scripts, '<script>', line, '</script>'].join('\n');
}

function escaped(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}
