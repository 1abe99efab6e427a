// Where the library looks for its own files and for models: two settings for the whole page.

export interface Settings {
  /** Folder of gesso-*.wasm, registry.json and labels/, with a slash; null: beside the library. */
  files: string | null;
  /** Folder in which models are looked for by name before the network; null: nowhere. */
  models: string | null;
  /** Whether results must be the same on every machine. */
  deterministic: boolean;
}

export const settings: Settings = { files: null, models: null, deterministic: false };

/**
 * Makes results the same to the last digit on every machine, losses of training among them. It runs
 * the build without relaxed SIMD, which is slower. Call it before the first model is loaded or made.
 *
 *     setDeterministic(true);
 */
export function setDeterministic(deterministic: boolean): void {
  settings.deterministic = deterministic;
}

/**
 * Names the folder that holds the library's own files (`gesso-relaxed.wasm`, `gesso-simd.wasm`,
 * `registry.json`, `labels/`), for pages whose bundler moves them away from the script.
 * Call it before the first model is loaded.
 *
 *     setWasmPath('/vendor/gesso/');
 *
 * @param folder an address, relative to the page, or in Node a path; `null` means beside the library
 */
export function setWasmPath(folder: string | URL | null): void {
  settings.files = withSlash(folder);
}

/**
 * Names a folder to look in first when a model is asked for by name: `imageClassifier('mobilenet')`
 * then reads `<folder>/mobilenet_v1_025_224_layers/model.json` and needs no network.
 * In Node the environment variable `GESSO_MODELS` does the same.
 *
 * @param folder an address, relative to the page, or in Node a path; `null` means none
 */
export function setModelPath(folder: string | URL | null): void {
  settings.models = withSlash(folder);
}

function withSlash(folder: string | URL | null): string | null {
  if (folder === null) return null;
  return `${folder}`.endsWith('/') ? `${folder}` : `${folder}/`;
}
