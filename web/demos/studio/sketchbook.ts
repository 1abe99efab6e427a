// A sketch for p5 and ml5 in a frame of its own; its code is beside it, to be changed and run anew.
import { find, make, showCode, siteTop, Trouble } from './page.js';
import { texts } from './texts.js';

const wall = find('[data-wall]');
const code = find('[data-code]');
const status = find('[data-sketch-status]');
const trouble = new Trouble(find('[data-sketch-trouble]'));
const starter = find<HTMLButtonElement>('[data-start]');
const versions = [...document.querySelectorAll<HTMLElement>('[data-p5]')];
const original = code.textContent;
let version = '2';

/** Runs a text in a new frame: what the one before has begun ends with its own. */
function run(text: string): void {
  trouble.clear();
  showCode(text);
  const frame = make('iframe');
  frame.title = wall.dataset.title ?? '';
  frame.allow = 'camera';
  frame.dataset.sketch = text;
  const library = /\bgesso\./.test(text) ? 'gesso.js' : 'gesso-ml5.js';
  frame.dataset.scripts = `p5/${version}/p5.min.js gesso/${library}`;
  frame.dataset.stage = '';
  frame.src = new URL('frame.html', siteTop()).href;
  wall.replaceChildren(frame);
  starter.dataset.start = 'alone';
}

function start(text: string): void {
  run(text);
  status.textContent = text === original ? texts.sketchAsItWas : texts.sketchRuns;
}

window.addEventListener('message', ({ origin, source, data }) => {
  const frame = wall.querySelector('iframe');
  if (origin !== location.origin || source === null || source !== frame?.contentWindow) return;
  if (typeof data?.sketchTrouble === 'string') trouble.show(data.sketchTrouble);
});
code.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  start(code.textContent);
});
find('[data-run]').addEventListener('click', () => start(code.textContent));
find('[data-restore]').addEventListener('click', () => start(original));
starter.addEventListener('click', () => start(code.textContent));
for (const button of versions) {
  button.addEventListener('click', () => {
    version = button.dataset.p5 ?? version;
    for (const other of versions) other.ariaPressed = String(other === button);
    start(code.textContent);
  });
}

showCode(original);
// What asks for the camera or for a download begins when somebody says so.
if (starter.dataset.start === 'alone') run(original);
