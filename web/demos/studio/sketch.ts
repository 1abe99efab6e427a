// The sketch beside the picture: shown, changed and run in place.
import * as gesso from 'gesso';
import { find, make, showCode, siteTop, Trouble } from './page.js';
import { texts } from './texts.js';

/** What a module exports, by name. */
type Module = Record<string, unknown>;

declare global {
  interface Window {
    /** In the frame of a sketch, what it may import: the modules that the page has loaded. */
    sketchModules?: Record<string, Module>;
    /** In the frame of a sketch: runs a module there. */
    importSketch?(address: string): Promise<unknown>;
  }
}

export class Sketch {
  private readonly code = find('[data-code]');
  private readonly status = find('[data-sketch-status]');
  private readonly trouble = new Trouble(find('[data-sketch-trouble]'));
  private readonly text: string;
  private changed = false;
  private models: { dispose(): void }[] = [];
  private frame: HTMLIFrameElement | undefined;

  /**
   * @param source the file of the sketch; its first comment is the caption of the page
   * @param modules what it imports besides gesso, by the name that it uses
   */
  constructor(
    source: string,
    private readonly modules: Record<string, Module>,
  ) {
    this.text = source.split('\n').slice(1).join('\n').trim();
    showCode(this.text);
    this.code.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      void this.run(this.code.textContent);
    });
    find('[data-run]').addEventListener('click', () => void this.run(this.code.textContent));
    find('[data-restore]').addEventListener('click', () => void this.run(this.text));
  }

  /** Where an error of the sketch belongs: beside it, once somebody has changed it. */
  troubleOr(usual: Trouble): Trouble {
    return this.changed ? this.trouble : usual;
  }

  /** Runs a text in place of the sketch; the models of the run before are freed. */
  private async run(text: string): Promise<void> {
    this.changed = text !== this.text;
    this.trouble.clear();
    this.status.textContent = '';
    showCode(text);
    const models: typeof this.models = [];
    const addresses: string[] = [];
    const frame = await openFrame();
    try {
      const place = frame.contentWindow;
      if (!place?.importSketch) throw new Error(texts.noFrame);
      place.sketchModules = { ...this.modules, gesso: library(models) };
      const links = Object.entries(place.sketchModules).map(
        ([name, module]) => [name, addressOf(bridge(name, module))] as const,
      );
      const sketch = addressOf(linked(text, new Map(links)));
      addresses.push(sketch, ...links.map(([, address]) => address));
      await place.importSketch(sketch);
    } catch (error) {
      frame.remove();
      for (const model of models) model.dispose();
      this.trouble.show(error instanceof gesso.MLError ? error : String(error));
      return;
    } finally {
      for (const address of addresses) URL.revokeObjectURL(address);
    }
    for (const model of this.models) model.dispose();
    this.models = models;
    this.frame?.remove();
    this.frame = frame;
    this.status.textContent = this.changed ? texts.sketchRuns : texts.sketchAsItWas;
  }
}

/** A document for a sketch, out of sight: the page itself runs nothing that the visitor has written. */
async function openFrame(): Promise<HTMLIFrameElement> {
  const frame = make('iframe');
  frame.hidden = true;
  frame.src = new URL('frame.html', siteTop()).href;
  const loaded = new Promise((done) => frame.addEventListener('load', done));
  document.body.append(frame);
  await loaded;
  return frame;
}

/** The library, with functions that note which models they have made. */
function library(models: { dispose(): void }[]): Module {
  const noting =
    <Given extends unknown[], Made extends { dispose(): void }>(make: (...given: Given) => Made) =>
    (...given: Given) => {
      const model = make(...given);
      models.push(model);
      return model;
    };
  const {
    bodyPose,
    bodySegmentation,
    charRNN,
    faceDetector,
    faceMesh,
    imageClassifier,
    knnClassifier,
    loadModel,
    neuralNetwork,
    sequential,
  } = gesso;
  return {
    ...gesso,
    bodyPose: noting(bodyPose),
    bodySegmentation: noting(bodySegmentation),
    charRNN: noting(charRNN),
    faceDetector: noting(faceDetector),
    faceMesh: noting(faceMesh),
    imageClassifier: noting(imageClassifier),
    knnClassifier: noting(knnClassifier),
    loadModel: noting(loadModel),
    neuralNetwork: noting(neuralNetwork),
    sequential: noting(sequential),
  };
}

/** A module that gives on what the page has loaded: a bundle has no address for its parts. */
function bridge(name: string, module: Module): string {
  const exports = Object.keys(module).map((key) => `export const ${key} = module.${key};\n`);
  return `const module = sketchModules[${JSON.stringify(name)}];\n${exports.join('')}`;
}

/** A sketch with the names of the modules that it imports replaced by their addresses. */
function linked(text: string, addresses: ReadonlyMap<string, string>): string {
  return text.replace(/\b(from|import)(\s*)(['"])(.*?)\3/g, (whole, word, space, quote, name) => {
    const address = addresses.get(name);
    return address === undefined ? whole : `${word}${space}${quote}${address}${quote}`;
  });
}

function addressOf(text: string): string {
  return URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
}
