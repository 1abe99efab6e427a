// The Vite plugin of the site: the common frame, the gallery, the made pages, the library beside them,
// and a service worker that keeps all of it for when there is no network.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Plugin } from 'vite';
import { operatorPages, readGuides } from './documents.js';
import { readDemo, renderCaption, renderGallery } from './gallery.js';
import { escapeHtml } from './html.js';
import { frame, type MadePages } from './pages.js';
import { demos, library, p5Versions, sketches, tree } from './places.js';
import { referencePages } from './reference.js';
import { ownShelves, serveScripts, shelve } from './shelves.js';
import { renderSketchList, sketchFiles, sketchPages } from './sketches.js';
import { englishTexts, textsFile } from './texts.js';

const entry = join(library, 'index.js');
const onlyWhenAsked = /tfjs|races|threads/; // what few visitors load: kept when they do

/**
 * Frames the pages and makes those that no file holds. The built site carries the library as it ships,
 * file by file, under `gesso/`: its scripts, which all lie in `assets/`, import it from there.
 */
export function site(): Plugin {
  let building = false;
  let ours = true; // false where other pages are served in place of the demos
  let pages: MadePages = new Map();
  const fileOf = (folder: string) => join(demos, folder, 'index.html');
  const pageAt = (path: string) => pages.get(path.replace(/^\/|\/(index\.html)?$/g, ''));
  return {
    name: 'gesso-site',
    enforce: 'pre',
    async config(_, { command, isPreview }) {
      building = command === 'build' && !isPreview;
      pages = new Map([
        ...(await readGuides()),
        ...operatorPages(),
        ...referencePages(),
        ...(await sketchPages()),
      ]);
      const input = building ? [...pages.keys()].map(fileOf) : [];
      const alias =
        textsFile === englishTexts
          ? []
          : [{ find: /^.*\/texts\/en\.json$/, replacement: textsFile }];
      const output = { paths: { gesso: '../gesso/index.js' } };
      return { resolve: { alias }, build: { rolldownOptions: { input, output } } };
    },
    configResolved({ root }) {
      ours = relative(demos, root) === '';
    },
    resolveId(id) {
      if (!building) return undefined;
      if (id === entry) return { id: 'gesso', external: true };
      return pageAt(relative(demos, id).split(sep).join('/')) && id.startsWith(demos)
        ? id
        : undefined;
    },
    load(id) {
      if (!building || !id.startsWith(demos)) return undefined;
      return pageAt(relative(demos, id).split(sep).join('/'))?.content();
    },
    transformIndexHtml: {
      order: 'pre',
      async handler(html, { path }) {
        if (!ours) return html;
        const folder = path.replace(/^\/|\/?index\.html$|\/$/g, '');
        const gallery = folder === '' ? await renderGallery() : '';
        const list = folder === '' ? await renderSketchList() : '';
        const demo = await readDemo(folder);
        return frame(html, folder, pages.get(folder), building)
          .replace('<!-- gallery -->', () => gallery)
          .replace('<!-- sketches -->', () => list)
          .replace('<!-- caption -->', () => (demo ? renderCaption(demo) : ''))
          .replace(/(<code data-code[^>]*>)(?=<)/, (tag) => tag + escapeHtml(demo?.sketch ?? ''));
      },
    },
    configureServer(server) {
      // Vite gives these to its own answers only.
      const headers = Object.entries(server.config.server.headers ?? {});
      server.middlewares.use((_, response, next) => {
        for (const [name, value] of headers)
          if (value !== undefined) response.setHeader(name, value);
        next();
      });
      server.middlewares.use(async (request, response, next) => {
        const { pathname } = new URL(request.url ?? '', 'http://localhost');
        const page = pathname.endsWith('/') ? pageAt(pathname) : undefined;
        if (!page) return next();
        try {
          const html = await server.transformIndexHtml(pathname, await page.content());
          response.setHeader('content-type', 'text/html').end(html);
        } catch (error) {
          next(error);
        }
      });
      serveScripts(server.middlewares);
      shelve(server.middlewares);
    },
    configurePreviewServer: ({ middlewares }) => shelve(middlewares),
    generateBundle: {
      order: 'post',
      async handler(_, bundle) {
        const files = new Map<string, string | Uint8Array>();
        for (const [name, source] of Object.entries(await ownShelves())) files.set(name, source);
        for (const name of await libraryFiles()) {
          files.set(`gesso/${name}`, await readFile(join(library, name)));
        }
        for (const [version, folder] of Object.entries(p5Versions)) {
          files.set(`p5/${version}/p5.min.js`, await readFile(join(folder, 'p5.min.js')));
        }
        for (const name of await sketchFiles()) {
          files.set(`sketches/${name}`, await readFile(join(sketches, name)));
        }
        for (const [fileName, source] of files) this.emitFile({ type: 'asset', fileName, source });
        for (const file of Object.values(bundle)) {
          files.set(file.fileName, file.type === 'chunk' ? file.code : file.source);
        }
        const open = join(demos, 'public');
        for (const file of await readdir(open, { recursive: true, withFileTypes: true })) {
          const path = join(file.parentPath, file.name);
          const name = relative(open, path).split(sep).join('/');
          if (file.isFile()) files.set(name, await readFile(path));
        }
        const source = await serviceWorker(files);
        this.emitFile({ type: 'asset', fileName: 'worker.js', source });
      },
    },
  };
}

/** What pages may load of the library: its build has listed it. */
async function libraryFiles(): Promise<string[]> {
  const list = 'files.json';
  const names: string[] = JSON.parse(await readFile(join(library, list), 'utf8'));
  return [...names, list];
}

/** The service worker with the list of what it keeps; another list or content is another version. */
async function serviceWorker(files: ReadonlyMap<string, string | Uint8Array>): Promise<string> {
  const kept = [...files.keys()].filter((name) => !onlyWhenAsked.test(name)).sort();
  const hash = createHash('sha256');
  for (const name of kept) hash.update(name).update(files.get(name) ?? '');
  const addresses = kept.map((name) => name.replace(/(^|\/)index\.html$/, '$1') || './');
  const code = await readFile(join(tree, 'web/site/worker.js'), 'utf8');
  return `const version = '${hash.digest('hex').slice(0, 16)}';\nconst files = ${JSON.stringify(addresses)};\n${code}`;
}
