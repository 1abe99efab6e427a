// A sketch for p5 and ml5 in a frame of its own; its code is beside it, to be changed and run anew.
import { find, showCode, Trouble } from './page.js';

const stage = find<HTMLIFrameElement>('[data-stage]');
const code = find('[data-code]');
const status = find('[data-sketch-status]');
const trouble = new Trouble(find('[data-sketch-trouble]'));
const original = code.textContent;

function run(text: string): void {
  trouble.clear();
  showCode(text);
  const script = text.replaceAll('</script', '<\\/script');
  stage.srcdoc = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>${stage.title}</title>
    <style>body { margin: 0; } canvas { display: block; max-width: 100%; height: auto !important; }</style>
    <script src="../../p5/p5.min.js"></script>
    <script src="../../gesso/gesso-ml5.js"></script>
  </head>
  <body><main></main><script>${script}</script></body>
</html>`;
}

stage.addEventListener('load', () => {
  // What went wrong before this was heard is in the console; what goes wrong later is told here, too.
  const tell = (error: unknown) => trouble.show(error);
  stage.contentWindow?.addEventListener('error', (event) => tell(event.error ?? event.message));
  stage.contentWindow?.addEventListener('unhandledrejection', (event) => tell(event.reason));
});
code.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  start(code.textContent);
});
find('[data-run]').addEventListener('click', () => start(code.textContent));
find('[data-restore]').addEventListener('click', () => start(original));
run(original);

function start(text: string): void {
  run(text);
  status.textContent = text === original ? 'The sketch runs as it was.' : 'Your sketch runs.';
}
