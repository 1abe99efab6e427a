// p5 sketches: `preload` waits for models, and a failed start says why on the page.
import { fail, MLError } from './errors.js';
import { show } from './tensor.js';

/** What is used of the constructor that p5 1.x and 2.x give. */
export interface P5 {
  /** The sketch whose functions are global, where there is one. */
  instance?: unknown;
  Image: new (width: number, height: number) => P5Image;
  prototype: object;
}

/** What is used of a p5.Image. */
export interface P5Image {
  readonly width: number;
  readonly height: number;
  readonly canvas: HTMLCanvasElement;
  setModified(modified: boolean): void;
}

/** What is used of p5 1.x. */
interface P5WithPreload extends P5 {
  prototype: { registerMethod(name: string, method: (this: unknown) => void): void };
}

/** What is used of p5 2.x. */
interface P5WithAddons extends P5 {
  registerAddon(addon: (p5: unknown, fn: unknown, lifecycles: Lifecycles) => void): void;
}

interface Lifecycles {
  presetup?: (this: Sketch) => void;
}

/** What is used of a sketch, or of the page whose functions a global sketch consists of. */
interface Sketch {
  preload?: (...args: unknown[]) => unknown;
  setup?: (...args: unknown[]) => unknown;
  _isGlobal?: boolean;
  _userNode?: unknown;
  _loadingScreenId?: string;
  _loadingIndicator?: { remove(): void } | null;
  _incrementPreload?(): void;
  _decrementPreload?(): void;
}

const known = new WeakSet<object>();

/** The sketch whose `preload` is running: it is what factories are called from. */
let preloading: Sketch | undefined;
let found: P5 | undefined;

/**
 * Makes p5 known to the library, for sketches that import p5 instead of having it from a script tag.
 * Call it before the first sketch is made.
 *
 *     import p5 from 'p5';
 *     setP5(p5);
 */
export function setP5(p5: P5): void {
  const given: unknown = p5;
  if (typeof given !== 'function') {
    fail('setP5: this is not p5', { given: show(given) }, "import p5 from 'p5'; setP5(p5)");
  }
  found = p5;
  if (known.has(p5)) return;
  known.add(p5);
  if (hasAddons(p5)) {
    p5.registerAddon((_p5, _fn, lifecycles) => {
      lifecycles.presetup = function () {
        explainSetup(this);
      };
    });
  } else if (hasPreload(p5)) {
    p5.prototype.registerMethod('init', function () {
      const page: unknown = globalThis;
      explainPreload((this === page ? p5.instance : this) as Sketch, this as Sketch);
    });
  }
}

function hasAddons(p5: P5): p5 is P5WithAddons {
  return 'registerAddon' in p5;
}

function hasPreload(p5: P5): p5 is P5WithPreload {
  return 'registerMethod' in p5.prototype;
}

/** p5 as setP5() or a script tag gave it, where it is there by now. */
export function findP5(): P5 | undefined {
  const { p5 } = globalThis as { p5?: P5 };
  if (found === undefined && p5 !== undefined) setP5(p5);
  return found;
}

// p5 may come before this script or after it, but no sketch starts before the page has loaded.
if (typeof document !== 'undefined') {
  if (findP5() === undefined) addEventListener('load', findP5, { capture: true, once: true });
}

/**
 * Makes `setup` of the sketch whose `preload` is running wait; does nothing elsewhere. When the
 * loading fails, `setup` does not come, and the page says why in place of "Loading...".
 */
export function holdSetup(loading: Promise<unknown>): void {
  const sketch = preloading;
  if (!sketch) return;
  sketch._incrementPreload?.();
  loading.then(
    () => {
      // Not in the promise: what setup() throws must be an ordinary error.
      queueMicrotask(() => {
        if (!isGone(sketch)) sketch._decrementPreload?.();
      });
    },
    (error: unknown) => explain(sketch, error),
  );
}

/** Whether a global sketch has been removed, and p5's functions with it. */
function isGone(sketch: Sketch): boolean {
  return sketch._isGlobal === true && found?.instance !== sketch;
}

/** p5 1.x: knows whose `preload` runs, and says on the page what it throws. */
function explainPreload(sketch: Sketch, context: Sketch): void {
  const { preload } = context;
  if (typeof preload !== 'function') return;
  context.preload = (...args) => {
    preloading = sketch;
    try {
      return preload.apply(context, args);
    } catch (error) {
      explain(sketch, error);
      throw error;
    } finally {
      preloading = undefined;
      context.preload = preload;
    }
  };
}

/** p5 2.x: says on the page why `setup` failed, which would show nothing but a wheel for ever. */
function explainSetup(sketch: Sketch): void {
  const context: Sketch = sketch._isGlobal ? (globalThis as Sketch) : sketch;
  const { setup } = context;
  if (typeof setup !== 'function') return;
  context.setup = async (...args) => {
    try {
      return await setup.apply(context, args);
    } catch (error) {
      explain(sketch, error);
      throw error;
    } finally {
      context.setup = setup;
    }
  };
}

/** Shows an error of ours where the sketch would be. */
function explain(sketch: Sketch, error: unknown): void {
  if (!(error instanceof MLError)) return;
  const loading = document.getElementById(sketch._loadingScreenId ?? 'p5_loading');
  sketch._loadingIndicator?.remove();
  const message = document.createElement('pre');
  message.setAttribute('role', 'alert');
  message.textContent = error.message;
  Object.assign(message.style, {
    margin: '1rem',
    padding: '1rem',
    font: '1rem/1.5 ui-monospace, monospace',
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
    color: '#201c18',
    background: '#fbf3e4',
    borderLeft: '0.25rem solid #b3402a',
  });
  if (loading) {
    loading.style.position = 'static';
    loading.replaceChildren(message);
  } else {
    const { _userNode: node } = sketch;
    (node instanceof Element ? node : document.body).append(message);
  }
}
