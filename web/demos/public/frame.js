// The frame in which a text of the visitor runs: a document of its own, whose policy allows scripts that the
// page has made, which the page's own does not.

/** Runs a module here: the page gives an address that only its own origin can read. */
window.importSketch = (address) => import(address);

const { scripts, sketch } = window.frameElement?.dataset ?? {};

if (sketch !== undefined) {
  const tell = (trouble) => {
    const message = trouble?.name === 'MLError' ? trouble.message : String(trouble);
    window.parent.postMessage({ sketchTrouble: message }, window.location.origin);
  };
  window.addEventListener('error', ({ error, message }) => tell(error ?? message));
  window.addEventListener('unhandledrejection', ({ reason }) => tell(reason));

  const text = new Blob([sketch], { type: 'text/javascript' });
  const addresses = [...scripts.split(' '), URL.createObjectURL(text)];
  // Scripts that are there before the page has loaded hold its load event back, which p5 waits for.
  for (const address of addresses) {
    const script = document.createElement('script');
    script.src = address;
    script.async = false;
    // Models known by name are looked for beside the site first, but for those that the library brings along.
    const brought = /['"](digits|shakespeare)['"]/.test(sketch);
    const library = () => window.ml5 ?? (brought ? undefined : window.gesso);
    script.addEventListener('load', () => library()?.setModelPath('models/'));
    document.head.append(script);
  }
}
